//! The command line, verb by verb, in the files and directories of `src/cli`: whole output compared, arguments missing,
//! empty and surplus, exit statuses.

mod container;
mod crash;
mod damage;
mod image;
mod security;
mod system;
mod terminal;
mod volume;

use std::{fs, path::Path};

#[test]
fn every_file_here_is_listed() {
    listed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli"));
}

/// A file that no `mod` line names is compiled into no binary, and its tests never run.
fn listed(dir: &Path) {
    let list = fs::read_to_string(dir.join("mod.rs")).unwrap();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let module = path.file_stem().and_then(|stem| stem.to_str()).unwrap();
        if path.is_dir() {
            listed(&path);
        }
        assert!(
            module == "mod" || list.lines().any(|line| line == format!("mod {module};")),
            "add `mod {module};` to {}/mod.rs",
            dir.display()
        );
    }
}
