//! The command line, verb by verb: whole output compared, arguments missing, empty and surplus.

use std::fs;

#[test]
fn every_file_here_is_listed() {
    let listed = include_str!("mod.rs");
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        assert!(
            module == "mod" || listed.contains(&format!("\nmod {module};")),
            "tests/cli/{name} is in no binary: add `mod {module};` to tests/cli/mod.rs"
        );
    }
}
