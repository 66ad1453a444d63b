//! Whole directory trees: removing them, by descriptor, whatever a hostile image or a container left in them.
//! unlinkat(2).

use std::{
    ffi::{CStr, CString},
    os::fd::{AsFd, OwnedFd},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags},
    io::Errno,
};

use super::error::{During, SyscallError};

/// Directories that are held open at once. A deeper tree is moved up piece by piece, so that neither descriptors nor
/// the stack run out on one of 100,000 levels.
const MAX_DEPTH: usize = 64;

/// Removes `name` from `dir`, with everything in it; nothing there is no error. Links are removed, not followed. The
/// directories' modes do not matter where they are ours (overlayfs leaves a `work` of mode 0).
pub fn remove(dir: impl AsFd, name: &CStr) -> Result<(), SyscallError> {
    let dir = dir.as_fd();
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => return Ok(()),
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(errno) => return Err(SyscallError::new(format!("unlinkat({name:?})"), errno)),
    }
    let mut levels = vec![Level::open(dir, name)?];
    while let Some(level) = levels.last_mut() {
        match level.next()? {
            Some(child) if levels.len() < MAX_DEPTH => {
                let open = Level::open(&levels.last().expect("just seen").fd, &child)?;
                levels.push(open);
            }
            Some(child) => move_up(&mut levels, &child)?,
            None => {
                let done = levels.pop().expect("just seen");
                let parent = levels.last().map_or(dir, |level| level.fd.as_fd());
                match rustix::fs::unlinkat(parent, &done.name, AtFlags::REMOVEDIR) {
                    Ok(()) | Err(Errno::NOENT) => {}
                    // Something was moved up into it, after its listing was read.
                    Err(Errno::NOTEMPTY) => levels.push(Level::open(parent, &done.name)?),
                    Err(errno) => return Err(SyscallError::new(format!("rmdir({:?})", done.name), errno)),
                }
            }
        }
    }
    Ok(())
}

/// Moves a directory that lies too deep to the top of the tree, where it is found again.
fn move_up(levels: &mut [Level], child: &CStr) -> Result<(), SyscallError> {
    let [top, .., deepest] = levels else { unreachable!("MAX_DEPTH levels") };
    top.moved += 1;
    let name = CString::new(format!(".removed-{}", top.moved)).expect("no NUL");
    // An image may hold that name: it is another directory to remove, and any free one will do.
    match rustix::fs::renameat(&deepest.fd, child, &top.fd, &name) {
        Ok(()) => Ok(()),
        Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOTDIR) => {
            deepest.put_back(child);
            Ok(())
        }
        Err(errno) => Err(SyscallError::new(format!("renameat({child:?})"), errno)),
    }
}

/// A directory that is being emptied.
struct Level {
    fd: OwnedFd,
    name: CString,
    entries: Dir,
    waiting: Option<CString>,
    moved: u64,
}

impl Level {
    fn open(parent: impl AsFd, name: &CStr) -> Result<Level, SyscallError> {
        let parent = parent.as_fd();
        let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(parent, name, flags, Mode::empty());
        let call = || format!("openat({name:?})");
        let fd = match open() {
            Err(Errno::ACCESS) => {
                let _ = rustix::fs::chmodat(parent, name, Mode::RWXU, AtFlags::empty());
                open().during(call)?
            }
            answer => answer.during(call)?,
        };
        let entries = Dir::read_from(&fd).during(|| format!("getdents64({name:?})"))?;
        Ok(Level { fd, name: name.to_owned(), entries, waiting: None, moved: 0 })
    }

    fn put_back(&mut self, child: &CStr) {
        self.waiting = Some(child.to_owned());
    }

    /// Removes entries until one is a directory, and gives its name.
    fn next(&mut self) -> Result<Option<CString>, SyscallError> {
        if let Some(child) = self.waiting.take() {
            return Ok(Some(child));
        }
        while let Some(entry) = self.entries.read() {
            let entry = entry.during(|| format!("getdents64({:?})", self.name))?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            if entry.file_type() == FileType::Directory {
                return Ok(Some(name.to_owned()));
            }
            match self.unlink(name) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(Errno::ISDIR) => return Ok(Some(name.to_owned())),
                Err(errno) => return Err(SyscallError::new(format!("unlinkat({name:?})"), errno)),
            }
        }
        Ok(None)
    }

    fn unlink(&self, name: &CStr) -> Result<(), Errno> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Err(Errno::ACCESS) => {
                rustix::fs::fchmod(&self.fd, Mode::RWXU)?;
                rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())
            }
            answer => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::sys::fd::open_dir;

    #[test]
    fn removes_what_is_locked_linked_and_deep() {
        let dir = tempfile::tempdir().unwrap();
        let handle = open_dir(dir.path()).unwrap();
        let tree = dir.path().join("tree");
        fs::create_dir_all(tree.join("locked/in")).unwrap();
        fs::write(dir.path().join("kept"), "").unwrap();
        std::os::unix::fs::symlink("../kept", tree.join("link")).unwrap();
        fs::set_permissions(tree.join("locked"), fs::Permissions::from_mode(0)).unwrap();
        let mut deepest = open_dir(&tree).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&deepest, c"d", Mode::RWXU).unwrap();
            deepest = rustix::fs::openat(&deepest, c"d", OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        remove(&handle, c"tree").unwrap();
        remove(&handle, c"tree").unwrap();
        let left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["kept"]);
    }
}
