//! Environment variables: what an image's entries mean, and one list over another. A name that the caller did not type
//! never pulls in a variable of his (CVE-2026-57231).

use anyhow::ensure;

/// Checks one `NAME=value` or `NAME`.
fn check_env(entry: &str) -> anyhow::Result<()> {
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

    #[test]
    fn names_are_text_and_not_empty() {
        for good in ["A=b", "A=", "A", "A=b=c d\nnext line of the value", "a.b-c/d=1"] {
            assert!(check_env(good).is_ok(), "{good:?}");
        }
        for bad in ["", "=", "=x", "A\nB=c", "A\0=b", "A=b\0c", "A B=c", "\u{7f}=1"] {
            assert!(check_env(bad).is_err(), "{bad:?}");
        }
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
