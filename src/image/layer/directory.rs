//! Directories of the tree that is being made, found by descriptor: each name is opened in the directory before it, and
//! those on the way to the last one stay open, as an archive goes through a tree in order. openat(2), openat2(2).
//!
//! A symlink that the same archive put in the way is resolved by the kernel with the tree as its root, as in the
//! container: it leads nowhere else.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::{Context, bail};
use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags},
    io::Errno,
};

use super::archive::printable;

/// So many directories stay open: of a deeper path the middle is walked again.
const OPEN_LIMIT: usize = 64;

const OPEN: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What to do about a directory that is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missing {
    /// Make it, and those above it: root's, mode 0755.
    Make,
    /// Say so.
    Tell,
}

/// A tree's root, and the way from it to the directory that was last asked for.
#[derive(Debug)]
pub(super) struct Directories<'a> {
    root: BorrowedFd<'a>,
    /// The path of the last directory, and its open ancestors with the length of their part of it.
    path: Vec<u8>,
    open: Vec<(usize, OwnedFd)>,
    umask: Mode,
}

impl<'a> Directories<'a> {
    pub(super) fn new(root: BorrowedFd<'a>, umask: Mode) -> Self {
        Directories { root, path: Vec::new(), open: Vec::new(), umask }
    }

    /// Opens a directory beneath the root (not for reading: `O_PATH`). `None` where it is missing, or something else
    /// is in its place, and [`Missing::Tell`] was asked for.
    pub(super) fn open(&mut self, path: &[u8], missing: Missing) -> anyhow::Result<Option<BorrowedFd<'_>>> {
        self.leave_for(path);
        while self.path.len() < path.len() {
            let begin = if self.path.is_empty() { 0 } else { self.path.len() + 1 };
            let end = path[begin..].iter().position(|&byte| byte == b'/').map_or(path.len(), |at| begin + at);
            let Some(fd) = self.step(&path[begin..end], &path[..end], missing)? else { return Ok(None) };
            self.path.clear();
            self.path.extend_from_slice(&path[..end]);
            if self.open.len() == OPEN_LIMIT {
                self.open.pop();
            }
            self.open.push((end, fd));
        }
        Ok(Some(self.current()))
    }

    /// Forgets all open directories: a name was removed, and one of them may have been found through it.
    pub(super) fn forget(&mut self) {
        self.path.clear();
        self.open.clear();
    }

    fn current(&self) -> BorrowedFd<'_> {
        self.open.last().map_or(self.root, |(_, fd)| fd.as_fd())
    }

    /// Goes back to the nearest open directory on the way to `path`.
    fn leave_for(&mut self, path: &[u8]) {
        let is_on_the_way = |length: usize, own: &[u8]| {
            path.starts_with(&own[..length]) && matches!(path.get(length), None | Some(b'/'))
        };
        while let Some(&(length, _)) = self.open.last() {
            if is_on_the_way(length, &self.path) {
                break;
            }
            self.open.pop();
        }
        self.path.truncate(self.open.last().map_or(0, |&(length, _)| length));
    }

    fn step(&self, name: &[u8], path: &[u8], missing: Missing) -> anyhow::Result<Option<OwnedFd>> {
        let current = self.current();
        let opened = match rustix::fs::openat(current, name, OPEN, Mode::empty()) {
            Err(Errno::NOENT) if missing == Missing::Make => make(current, name, self.umask)
                .and_then(|()| rustix::fs::openat(current, name, OPEN, Mode::empty())),
            Err(Errno::NOTDIR | Errno::LOOP) => return self.through_link(current, name, path, missing),
            opened => opened,
        };
        match opened {
            Ok(fd) => Ok(Some(fd)),
            Err(Errno::NOENT) if missing == Missing::Tell => Ok(None),
            Err(errno) => Err(errno).with_context(|| format!("open the directory {}", printable(path))),
        }
    }

    /// What is there is no directory: a symlink to one will do.
    fn through_link(
        &self,
        current: BorrowedFd<'_>,
        name: &[u8],
        path: &[u8],
        missing: Missing,
    ) -> anyhow::Result<Option<OwnedFd>> {
        let status = rustix::fs::statat(current, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let is_link = FileType::from_raw_mode(status.st_mode) == FileType::Symlink;
        let resolved = if is_link {
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
            rustix::fs::openat2(self.root, path, flags, Mode::empty(), resolve)
        } else {
            Err(Errno::NOTDIR)
        };
        match resolved {
            Ok(fd) => Ok(Some(fd)),
            Err(_) if missing == Missing::Tell => Ok(None),
            Err(_) if is_link => bail!("{} is a symbolic link to no directory of the layer", printable(path)),
            Err(_) => bail!("{} is not a directory", printable(path)),
        }
    }
}

fn make(parent: BorrowedFd<'_>, name: &[u8], umask: Mode) -> Result<(), Errno> {
    let mode = Mode::from_raw_mode(0o755);
    rustix::fs::mkdirat(parent, name, mode)?;
    if mode.intersects(umask) {
        let fd = open_to_read(parent, name)?;
        rustix::fs::fchmod(fd, mode)?;
    }
    Ok(())
}

/// Opens a directory so that its own attributes can be changed.
pub(super) fn open_to_read(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}
