//! Removes a tree whatever its shape: by descriptor, following no symlink, with a bounded number of descriptors and a
//! bounded stack however deep it is, and through directories that deny their owner. unlinkat(2), renameat(2).

use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};

use super::error::{During, SyscallError};

/// Directories below this level move up to the top of the tree, and are emptied there.
const DEPTH_LIMIT: usize = 48;

/// Removes `name` in the directory `parent`, a directory with all below it or anything else. What is not there
/// is removed already, at every level: two may remove the same tree at once. What comes in while we work goes as well;
/// what a racer swaps for a symlink is not followed.
pub fn remove_tree(parent: impl AsFd, name: &[u8]) -> Result<(), SyscallError> {
    let parent = parent.as_fd();
    match fs::unlinkat(parent, name, AtFlags::empty()) {
        // EPERM is what POSIX has for a directory; some file systems say so.
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(Errno::NOENT) => return Ok(()),
        result => return result.during(|| format!("unlinkat({:?})", printable(name))),
    }
    let Some(top) = open_directory(parent, name)? else { return Ok(()) };
    let mut tree = Tree { top: top.as_fd(), moved: 0 };
    loop {
        tree.empty(&top, 0)?;
        match fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
            // Deep directories have moved up into it.
            Err(Errno::NOTEMPTY | Errno::EXIST) => {}
            Err(Errno::NOENT) => return Ok(()),
            result => return result.during(|| format!("unlinkat({:?}, AT_REMOVEDIR)", printable(name))),
        }
    }
}

struct Tree<'a> {
    top: BorrowedFd<'a>,
    moved: u64,
}

impl Tree<'_> {
    /// Removes all that is in `directory`, apart from what moves up to the top of the tree.
    fn empty(&mut self, directory: &OwnedFd, depth: usize) -> Result<(), SyscallError> {
        let entries = match Dir::read_from(directory) {
            // Another has removed it since we opened it.
            Err(Errno::NOENT) => return Ok(()),
            entries => entries.during(|| "openat(\".\")")?,
        };
        for entry in entries {
            let entry = match entry {
                Err(Errno::NOENT) => return Ok(()),
                entry => entry.during(|| "getdents64()")?,
            };
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                self.remove(directory, name, entry.file_type(), depth)?;
            }
        }
        Ok(())
    }

    fn remove(
        &mut self,
        directory: &OwnedFd,
        name: &[u8],
        kind: FileType,
        depth: usize,
    ) -> Result<(), SyscallError> {
        let kind = match kind {
            FileType::Unknown => match kind_of(directory, name)? {
                Some(kind) => kind,
                None => return Ok(()),
            },
            known => known,
        };
        if kind != FileType::Directory {
            return unlink(directory, name, AtFlags::empty());
        }
        if depth < DEPTH_LIMIT {
            let Some(child) = open_directory(directory.as_fd(), name)? else { return Ok(()) };
            self.empty(&child, depth + 1)?;
            return unlink(directory, name, AtFlags::REMOVEDIR);
        }
        match fs::unlinkat(directory, name, AtFlags::REMOVEDIR) {
            Err(Errno::NOTEMPTY | Errno::EXIST | Errno::ACCESS) => self.move_up(directory, name),
            Err(Errno::NOENT) => Ok(()),
            result => result.during(|| format!("unlinkat({:?}, AT_REMOVEDIR)", printable(name))),
        }
    }

    fn move_up(&mut self, directory: &OwnedFd, name: &[u8]) -> Result<(), SyscallError> {
        // A directory's `..` changes with its parent: that takes write permission on the directory itself.
        drop(open_directory(directory.as_fd(), name)?);
        loop {
            self.moved += 1;
            let target = format!(".deep-{}", self.moved);
            match fs::renameat(directory, name, self.top, &target) {
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {}
                Err(Errno::NOENT) => return Ok(()),
                result => return result.during(|| format!("renameat({:?}, {target:?})", printable(name))),
            }
        }
    }
}

fn unlink(directory: &OwnedFd, name: &[u8], flags: AtFlags) -> Result<(), SyscallError> {
    match fs::unlinkat(directory, name, flags) {
        Err(Errno::NOENT) => Ok(()),
        result => result.during(|| format!("unlinkat({:?})", printable(name))),
    }
}

/// Opens a directory for reading, and grants its owner access to it first where that is what is missing. `None` for one
/// that is not there.
fn open_directory(parent: BorrowedFd<'_>, name: &[u8]) -> Result<Option<OwnedFd>, SyscallError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut result = fs::openat(parent, name, flags, Mode::empty());
    if result.as_ref().is_err_and(|&errno| errno == Errno::ACCESS) {
        let by_path = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let granted = fs::openat(parent, name, by_path, Mode::empty()).and_then(|found| {
            // fchmod(2) refuses an O_PATH descriptor, and fchmodat(2) would follow a symlink swapped in.
            fs::chmod(format!("/proc/self/fd/{}", found.as_raw_fd()), Mode::RWXU)
        });
        result = granted.and_then(|()| fs::openat(parent, name, flags, Mode::empty()));
    }
    let found = match result {
        Err(Errno::NOENT) => return Ok(None),
        result => result.during(|| format!("openat({:?}, O_DIRECTORY)", printable(name)))?,
    };
    // Readable, but not to be searched or written: the owner can change that.
    let status = fs::fstat(&found).during(|| "fstat()")?;
    if !Mode::from_raw_mode(status.st_mode).contains(Mode::RWXU) {
        // Whom it does not belong to may still have the capability to do without.
        let _ = fs::fchmod(&found, Mode::RWXU);
    }
    Ok(Some(found))
}

fn kind_of(directory: &OwnedFd, name: &[u8]) -> Result<Option<FileType>, SyscallError> {
    match fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(status) => Ok(Some(FileType::from_raw_mode(status.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno).during(|| format!("fstatat({:?})", printable(name))),
    }
}

fn printable(name: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(name)
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path};

    use super::*;

    fn open(path: &Path) -> OwnedFd {
        fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap()
    }

    #[test]
    fn removes_every_kind_of_file_and_follows_no_symlink() {
        let dir = tempfile::tempdir().unwrap();
        let (outside, tree) = (dir.path().join("outside"), dir.path().join("tree"));
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("kept"), "").unwrap();
        std::fs::create_dir_all(tree.join("a/b")).unwrap();
        std::fs::write(tree.join("a/file"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).unwrap();
        std::fs::create_dir_all(tree.join("closed/inner")).unwrap();
        std::fs::set_permissions(tree.join("closed/inner"), Permissions::from_mode(0o000)).unwrap();
        std::fs::set_permissions(tree.join("closed"), Permissions::from_mode(0o500)).unwrap();
        std::os::unix::fs::symlink(&outside, dir.path().join("link")).unwrap();

        let parent = open(dir.path());
        for name in ["tree", "link", "missing"] {
            remove_tree(&parent, name.as_bytes()).unwrap();
            assert!(!dir.path().join(name).exists(), "{name}");
        }
        assert!(outside.join("kept").exists());
    }

    #[test]
    fn several_may_remove_the_same_tree_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..20 {
            let tree = dir.path().join("tree");
            for n in 0..40 {
                std::fs::create_dir_all(tree.join(format!("{n}/a/b"))).unwrap();
            }
            // Deeper than where directories begin to move up.
            std::fs::create_dir_all(tree.join("d/".repeat(2 * DEPTH_LIMIT))).unwrap();
            std::thread::scope(|scope| {
                let removers: Vec<_> =
                    (0..4).map(|_| scope.spawn(|| remove_tree(open(dir.path()), b"tree"))).collect();
                for remover in removers {
                    remover.join().unwrap().unwrap_or_else(|error| panic!("round {round}: {error}"));
                }
            });
            assert!(!tree.exists());
        }
    }

    #[test]
    fn a_tree_far_deeper_than_a_path_can_be_goes_with_a_small_stack() {
        let dir = tempfile::tempdir().unwrap();
        let parent = open(dir.path());
        fs::mkdirat(&parent, "deep", Mode::RWXU).unwrap();
        let mut level = open(&dir.path().join("deep"));
        for _ in 0..6_000 {
            fs::mkdirat(&level, "d", Mode::RWXU).unwrap();
            level = fs::openat(&level, "d", OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        }
        std::thread::Builder::new()
            .stack_size(512 << 10)
            .spawn(move || remove_tree(&parent, b"deep").unwrap())
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
