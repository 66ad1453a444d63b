//! The shape of the source: imports point down, files stay small, names say something, and what is dangerous or prints
//! stands where it belongs. A rule that must be broken is broken by name, with the reason, in [`EXCEPTIONS`].

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The layers from the bottom; modules of one row do not import each other.
const LAYERS: &[&[&str]] =
    &[&["base"], &["sys"], &["store"], &["image", "runtime"], &["monitor"], &["engine"], &["cli"]];

const FORBIDDEN_NAMES: &[&str] = &["util", "utils", "helpers", "common", "manager", "internal", "misc"];

const MAX_LINES: usize = 800;

/// `(rule, file, reason)`.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

/// A file of src, by its path there, and its text without tests, comments and string literals.
struct Source {
    path: String,
    text: String,
    code: String,
}

impl Source {
    /// The top module that it belongs to; empty for `lib.rs` and `main.rs`.
    fn module(&self) -> &str {
        self.path.split_once('/').map_or("", |(module, _)| module)
    }

    /// How many `super` lead from it to the crate's root.
    fn depth(&self) -> usize {
        let names = self.path.trim_end_matches(".rs").split('/').count();
        if self.path.ends_with("/mod.rs") { names - 1 } else { names }
    }
}

fn rust_files(root: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    for file in rust_files(&root) {
        let path = file.strip_prefix(&root).unwrap().display().to_string();
        if is_test_file(&path) {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = bare(without_tests(&text));
        sources.push(Source { path, text, code });
    }
    assert!(sources.len() > 20, "src was not found");
    sources
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn without_tests(text: &str) -> &str {
    let end = ["\n#[cfg(test)]\nmod tests {", "\n#[cfg(test)]\nmod tests;"];
    let end = end.iter().filter_map(|mark| text.find(mark)).min();
    &text[..end.unwrap_or(text.len())]
}

/// Removes comments and what stands between quotes.
fn bare(text: &str) -> String {
    let mut code = String::new();
    for line in text.lines() {
        let line = line.replace("\\\"", "").replace("'\"'", "");
        let mut parts = line.split('"');
        let mut kept = parts.next().unwrap_or_default().to_owned();
        let mut open = false;
        for part in parts {
            open = !open;
            if !open {
                kept.push_str(part);
            }
        }
        let end = kept.find("//").unwrap_or(kept.len());
        code.push_str(&kept[..end]);
        code.push('\n');
    }
    code
}

/// The top modules that a piece of code names, by `crate::…` or by enough `super::…`.
fn imports(source: &Source) -> Vec<String> {
    let climb = "super::".repeat(source.depth());
    let mut found = Vec::new();
    for root in ["crate::", &climb] {
        for (at, _) in source.code.match_indices(root) {
            let rest = &source.code[at + root.len()..];
            match rest.strip_prefix('{') {
                Some(group) => found.extend(group_heads(group)),
                None => found.push(identifier(rest)),
            }
        }
    }
    found
}

fn identifier(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first names in a `{a::…, b::{…}, c}`, of which the opening brace is gone.
fn group_heads(group: &str) -> Vec<String> {
    let mut heads = vec![identifier(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(identifier(&group[at + 1..])),
            _ => {}
        }
    }
    heads
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

/// Fails with all breaches of a rule that no exception names.
fn report(rule: &str, breaches: Vec<(String, String)>) {
    let excused = |path: &str| EXCEPTIONS.iter().any(|(r, p, _)| *r == rule && *p == path);
    let lines: Vec<_> = breaches
        .into_iter()
        .filter(|(path, _)| !excused(path))
        .map(|(path, what)| format!("src/{path}: {what}"))
        .collect();
    assert!(lines.is_empty(), "{rule}:\n{}", lines.join("\n"));
}

#[test]
fn imports_point_down() {
    let mut breaches = Vec::new();
    for source in sources() {
        let Some(own) = rank(source.module()) else { continue };
        for module in imports(&source) {
            let Some(other) = rank(&module) else { continue };
            if other > own || (other == own && module != source.module()) {
                breaches.push((source.path.clone(), format!("imports {module}")));
            }
        }
    }
    report("imports point down", breaches);
}

#[test]
fn every_module_has_its_layer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(
            ["main.rs", "lib.rs"].contains(&name.as_str()) || rank(&name).is_some(),
            "src/{name} stands in no layer: add it to tests/layering.rs and ARCHITECTURE.md"
        );
    }
}

#[test]
fn files_are_small() {
    let long = |source: &Source| {
        let lines = without_tests(&source.text).lines().count();
        (lines > MAX_LINES).then(|| (source.path.clone(), format!("{lines} lines, {MAX_LINES} are allowed")))
    };
    report("files are small", sources().iter().filter_map(long).collect());
}

#[test]
fn names_say_something() {
    let vague = |source: &Source| {
        let mut names = source.path.trim_end_matches(".rs").split('/');
        let name = names.find(|name| FORBIDDEN_NAMES.contains(name))?;
        Some((source.path.clone(), format!("{name:?} says nothing")))
    };
    report("names say something", sources().iter().filter_map(vague).collect());
}

#[test]
fn unsafe_code_stands_in_sys() {
    let breach = |source: &Source| {
        let found = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "(unsafe_code"];
        let found = found.iter().find(|word| source.code.contains(*word))?;
        (source.module() != "sys").then(|| (source.path.clone(), format!("has `{found}`")))
    };
    report("unsafe code stands in sys", sources().iter().filter_map(breach).collect());
}

#[test]
fn only_the_command_line_prints() {
    let breach = |source: &Source| {
        let found = ["println!(", "print!("].iter().find(|word| source.code.contains(*word))?;
        (source.module() != "cli").then(|| (source.path.clone(), format!("has `{found}…)`")))
    };
    report("only the command line prints", sources().iter().filter_map(breach).collect());
}

#[test]
fn every_file_says_what_it_owns() {
    let silent = |source: &Source| {
        (!source.text.starts_with("//!"))
            .then(|| (source.path.clone(), "does not open with `//!`".to_owned()))
    };
    report("every file says what it owns", sources().iter().filter_map(silent).collect());
}

#[test]
fn exceptions_are_of_files_that_exist() {
    let sources = sources();
    for (rule, path, reason) in EXCEPTIONS {
        assert!(sources.iter().any(|source| source.path == *path), "{rule}: src/{path} is gone");
        assert!(!reason.is_empty());
    }
}

#[test]
fn the_reader_of_imports_reads_them() {
    let source = |path: &str, code: &str| Source { path: path.into(), text: String::new(), code: bare(code) };
    let cases = [
        (
            source("image/layer/apply.rs", "use crate::{base::{a, b}, store::c, sys};"),
            vec!["base", "store", "sys"],
        ),
        (source("image/mod.rs", "super::engine::x(crate::cli::y); // crate::monitor"), vec!["cli", "engine"]),
        (source("image/layer/mod.rs", "super::index::x(); let s = \"crate::cli\";"), vec![]),
        (source("cli/image/ls.rs", "use super::super::super::engine;"), vec!["engine"]),
    ];
    for (source, expected) in cases {
        assert_eq!(imports(&source), expected, "{}", source.path);
    }
}
