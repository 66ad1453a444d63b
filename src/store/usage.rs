//! What files take on the disk, as du(1) counts: blocks of everything, directories too, each hard link once.

use std::{
    collections::HashSet,
    fs::{self, Metadata},
    os::unix::fs::MetadataExt as _,
    path::Path,
};

/// Counts trees, remembering which hard links it saw. What cannot be read counts as nothing, as in du(1): call it in
/// the user namespace of who unpacks.
#[derive(Debug, Default)]
pub struct Usage {
    seen: HashSet<(u64, u64)>,
}

impl Usage {
    /// The bytes that a file, or a directory with all below it, takes.
    pub fn add(&mut self, path: &Path) -> u64 {
        let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
        let mut bytes = self.count(&metadata);
        let mut pending = Vec::new();
        if metadata.is_dir() {
            pending.push(path.to_owned());
        }
        while let Some(directory) = pending.pop() {
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for entry in entries.flatten() {
                let Ok(metadata) = entry.metadata() else { continue };
                bytes += self.count(&metadata);
                if metadata.is_dir() {
                    pending.push(entry.path());
                }
            }
        }
        bytes
    }

    fn count(&mut self, metadata: &Metadata) -> u64 {
        let once = metadata.is_dir() || metadata.nlink() == 1;
        let counts = once || self.seen.insert((metadata.dev(), metadata.ino()));
        if counts { metadata.blocks() * 512 } else { 0 }
    }
}

/// The bytes that one tree takes.
pub fn of(path: &Path) -> u64 {
    Usage::default().add(path)
}

/// The bytes that one file or directory takes by itself.
pub fn of_one(path: &Path) -> u64 {
    fs::symlink_metadata(path).map_or(0, |metadata| metadata.blocks() * 512)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_blocks_and_each_hard_link_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("a"), vec![1; 100_000]).unwrap();
        let one = of(&path("a"));
        assert!(one >= 100_000, "{one}");
        fs::File::create(path("sparse")).unwrap().set_len(1 << 30).unwrap();
        let before = of(dir.path());
        fs::hard_link(path("a"), path("b")).unwrap();
        std::os::unix::fs::symlink("/", path("root")).unwrap();
        let after = of(dir.path());
        assert!(before < 1 << 20 && after - before < 50_000, "{before} {after}");
        assert_eq!(of(&path("missing")), 0);
    }
}
