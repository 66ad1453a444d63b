//! How much the files of a tree hold: docker's SIZE of a container is its writable layer's.

use std::{collections::HashSet, fs, os::unix::fs::MetadataExt, path::Path};

/// The bytes that a tree's files have, each hard link counted once. What cannot be read counts as nothing: it belongs
/// to another id of the map.
pub(crate) fn of_tree(path: &Path) -> u64 {
    let mut seen = HashSet::new();
    let mut pending = vec![path.to_owned()];
    let mut bytes = 0;
    while let Some(directory) = pending.pop() {
        let Ok(entries) = fs::read_dir(directory) else { continue };
        for entry in entries.flatten() {
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                pending.push(entry.path());
            } else if found.is_file() && (found.nlink() == 1 || seen.insert((found.dev(), found.ino()))) {
                bytes += found.len();
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_a_hard_link_once_and_follows_no_symlink() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name| dir.path().join(name);
        fs::create_dir(path("a")).unwrap();
        fs::write(path("a/file"), [0; 100]).unwrap();
        fs::hard_link(path("a/file"), path("link")).unwrap();
        std::os::unix::fs::symlink("/", path("root")).unwrap();
        assert_eq!(of_tree(dir.path()), 100);
        assert_eq!(of_tree(&path("none")), 0);
    }
}
