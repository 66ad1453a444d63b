//! Environment variables as docker reads them: `-e NAME=value`, `-e NAME` (the caller's value), `--env-file`, and what
//! an image says. A name that the caller did not type never pulls in a variable of his (CVE-2026-57231).

use anyhow::ensure;

/// Checks one `NAME=value` or `NAME`.
pub fn check_env(entry: &str) -> anyhow::Result<()> {
    let name = entry.split_once('=').map_or(entry, |(name, _)| name);
    ensure!(!name.is_empty(), "invalid environment variable {entry:?}: the name is empty");
    ensure!(!name.contains(char::is_control), "invalid environment variable name {name:?}");
    ensure!(
        !name.contains(char::is_whitespace),
        "invalid environment variable name {name:?}: it has white space"
    );
    ensure!(!entry.contains('\0'), "invalid environment variable {name}: the value has a NUL byte");
    Ok(())
}

/// Reads what the user typed after `-e`: `NAME` alone takes the caller's value, and is dropped where he has none.
pub fn from_flag(entry: &str, caller: impl FnOnce(&str) -> Option<String>) -> anyhow::Result<Option<String>> {
    check_env(entry)?;
    if entry.contains('=') {
        return Ok(Some(entry.to_owned()));
    }
    let set = caller(entry).map(|value| format!("{entry}={value}"));
    set.as_deref().map_or(Ok(()), check_env)?;
    Ok(set)
}

/// Reads an `--env-file`'s text: a line is as `-e`'s argument; blank lines and those that begin with `#` are none.
pub fn from_file(text: &str, caller: impl Fn(&str) -> Option<String>) -> anyhow::Result<Vec<String>> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry =
            from_flag(line, &caller).map_err(|error| error.context(format!("line {}", number + 1)))?;
        entries.extend(entry);
    }
    Ok(entries)
}

/// An image's entries that are variables: those without `=`, and those that no program could be given, are nothing.
pub fn from_image(entries: &[String]) -> Vec<String> {
    entries.iter().filter(|entry| entry.contains('=') && check_env(entry).is_ok()).cloned().collect()
}

/// Puts `later` over `earlier`: each name once, in the order of its first appearance.
pub fn merge(earlier: Vec<String>, later: impl IntoIterator<Item = String>) -> Vec<String> {
    let name = |entry: &str| entry.find('=').unwrap_or(entry.len());
    let mut merged: Vec<String> = Vec::new();
    for entry in earlier.into_iter().chain(later) {
        match merged.iter_mut().find(|known| known[..name(known)] == entry[..name(&entry)]) {
            Some(known) => *known = entry,
            None => merged.push(entry),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|&entry| entry.to_owned()).collect()
    }

    /// A caller with two variables.
    fn caller(name: &str) -> Option<String> {
        match name {
            "HOME" => Some("/home/me".to_owned()),
            "AWS_SECRET" => Some("canary".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn a_flag_is_a_variable_or_takes_the_callers() {
        for (flag, want) in [
            ("A=b", Some("A=b")),
            ("A=", Some("A=")),
            ("A=b=c d\nnext line of the value", Some("A=b=c d\nnext line of the value")),
            ("HOME", Some("HOME=/home/me")),
            ("NOT_SET", None),
        ] {
            assert_eq!(from_flag(flag, caller).unwrap().as_deref(), want, "{flag:?}");
        }
        for bad in ["", "=", "=x", "A\nB=c", "A\0=b", "A=b\0c", "A B=c", "\u{7f}=1"] {
            assert!(from_flag(bad, caller).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_has_comments_and_names_the_line_of_an_error() {
        let text = "# comment\n\n  A=b # part of the value\nHOME\nNONE\nB=\n";
        assert_eq!(from_file(text, caller).unwrap(), ["A=b # part of the value", "HOME=/home/me", "B="]);
        let error = from_file("A=b\n=c\n", caller).unwrap_err();
        assert!(format!("{error:#}").starts_with("line 2: "), "{error:#}");
    }

    #[test]
    fn cve_2026_57231_an_image_cannot_ask_for_the_callers_variables() {
        let image = strings(&["AWS_SECRET", "*", "HOME", "", "=x", "PATH=/bin", "A\nB=c", "A=\0", "EMPTY="]);
        assert_eq!(from_image(&image), ["PATH=/bin", "EMPTY="]);
    }

    #[test]
    fn later_entries_replace_earlier_ones_in_place() {
        let merged = merge(strings(&["A=1", "B=2", "AB=3", "A=4"]), strings(&["B=5", "C=6"]));
        assert_eq!(merged, ["A=4", "B=5", "AB=3", "C=6"]);
    }
}
