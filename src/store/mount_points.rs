//! What is mounted upon in every container, as a tree that lies below all layers: an image that lacks one of these
//! directories or files shows an empty one. So no container has to make them in its writable layer, which takes longer
//! than to mount upon them, and what changed in a container is there alone. A part of the empty store; never written to.
//!
//! ```text
//! mountpoints/ dev/  proc/  sys/  etc/hosts  etc/hostname  etc/resolv.conf
//! ```

use std::{
    fs::{File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{directory, layout::Layout};

/// In the order in which they are made; who finds the last one finds all.
const DIRECTORIES: &[&str] = &["", "etc", "dev", "proc"];
const FILES: &[&str] = &["etc/hosts", "etc/hostname", "etc/resolv.conf"];
const LAST: &str = "sys";

/// Gives the tree's path, and makes it where it is missing or was left half-made. *Should* cost one call when it is there.
pub fn ensure(layout: &Layout) -> anyhow::Result<PathBuf> {
    let tree = layout.mount_points();
    if !tree.join(LAST).exists() {
        make(&tree).with_context(|| format!("make {}", tree.display()))?;
    }
    Ok(tree)
}

fn make(tree: &Path) -> io::Result<()> {
    for name in DIRECTORIES {
        make_directory(&tree.join(name))?;
    }
    for name in FILES {
        File::create(tree.join(name))?.set_permissions(Permissions::from_mode(0o644))?;
    }
    make_directory(&tree.join(LAST))
}

fn make_directory(path: &Path) -> io::Result<()> {
    match directory::make_new(path, 0o755) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_missing_is_made() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("run"));
        // A killed command left a part of it.
        fs::create_dir_all(layout.mount_points().join("etc")).unwrap();
        let tree = ensure(&layout).unwrap();
        for name in DIRECTORIES.iter().chain(FILES).chain([&LAST]) {
            let metadata = fs::metadata(tree.join(name)).unwrap();
            assert_eq!(metadata.is_file(), FILES.contains(name), "{name}");
        }
        fs::remove_file(tree.join("etc/hosts")).unwrap();
        ensure(&layout).unwrap();
        assert!(!tree.join("etc/hosts").exists(), "nothing is made where the last one is");
    }
}
