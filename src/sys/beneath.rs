//! Paths beneath a root: nothing that an image, an archive or a running container puts there leads out of it.
//! openat2(2), path_resolution(7).
//!
//! Two readings of a path. *In the root*: as a program with this root would read it; `/` and symbolic links mean the
//! root's. *Strict*: no symbolic link at all. Neither follows the magic links of /proc. Where there is no openat2 (before
//! Linux 5.6, or a sandbox that refuses it) a walk does the same, one component at a time from a held descriptor, so that
//! a component swapped meanwhile leads to another file of the root or to an error, never outside.

use std::{
    collections::VecDeque,
    ffi::{OsStr, OsString},
    os::{
        fd::{AsFd, OwnedFd},
        unix::ffi::{OsStrExt, OsStringExt},
    },
    path::{Component, Path},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, ResolveFlags},
    io::Errno,
};

use super::{
    error::{During, SyscallError},
    feature::Feature,
};

/// As many symbolic links as the kernel follows in one path.
const MAX_LINKS: u32 = 40;

/// Opens a path as a program with this root would.
pub fn open(root: impl AsFd, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, SyscallError> {
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    resolve_with(root, path, flags, mode, resolve).during(|| describe("open", path, flags))
}

/// Opens a path in which no component is a symbolic link and no `..` leaves the root.
pub fn open_strict(root: impl AsFd, path: &Path, flags: OFlags, mode: Mode) -> Result<OwnedFd, SyscallError> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    resolve_with(root, path, flags, mode, resolve).during(|| describe("open", path, flags))
}

/// Opens a directory, in the root, and makes what is missing of it. Links are followed in the root; the target of one
/// that dangles is made.
pub fn make_dirs(root: impl AsFd, path: &Path, mode: Mode) -> Result<OwnedFd, SyscallError> {
    let root = root.as_fd();
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    match resolve_with(root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS)
    {
        Err(Errno::NOENT) => {}
        answer => return answer.during(|| describe("open", path, flags)),
    }
    let walk = || {
        let mut walk = Walk::new(root, path, false)?;
        walk.make = Some(mode);
        walk.open_last(flags, Mode::empty())
    };
    walk().during(|| describe("mkdir", path, flags))
}

/// Opens a file's name (O_PATH), in the root, and makes an empty file and the directories above it where they are
/// missing: for something to be mounted on it.
pub fn make_file(root: impl AsFd, path: &Path, mode: Mode) -> Result<OwnedFd, SyscallError> {
    let root = root.as_fd();
    let found = resolve_with(
        root,
        path,
        OFlags::PATH,
        Mode::empty(),
        ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS,
    );
    match found {
        Err(Errno::NOENT) => {}
        answer => return answer.during(|| describe("open", path, OFlags::PATH)),
    }
    let walk = || {
        let mut walk = Walk::new(root, path, false)?;
        walk.make = Some(Mode::from_raw_mode(0o755));
        let made = walk.open_last(OFlags::CREATE | OFlags::WRONLY | OFlags::NONBLOCK, mode);
        made.map(drop)
    };
    walk().during(|| describe("create", path, OFlags::CREATE))?;
    open(root, path, OFlags::PATH, Mode::empty())
}

/// Says whether a path is there, in the root; a symbolic link at its end is followed.
pub fn exists(root: impl AsFd, path: &Path) -> bool {
    open(root, path, OFlags::PATH, Mode::empty()).is_ok()
}

fn describe(what: &str, path: &Path, flags: OFlags) -> String {
    let directory = if flags.contains(OFlags::DIRECTORY) { ", O_DIRECTORY" } else { "" };
    format!("{what} in root({path:?}{directory})")
}

fn resolve_with(
    root: impl AsFd,
    path: &Path,
    flags: OFlags,
    mode: Mode,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let root = root.as_fd();
    // BENEATH refuses absolute paths; here they are the root's.
    let relative = path.strip_prefix("/").unwrap_or(path);
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    let strict = resolve.contains(ResolveFlags::NO_SYMLINKS);
    if Feature::Openat2.is_usable() {
        // A rename anywhere makes `..` give EAGAIN: again, and then the walk, which has no such trouble.
        for _ in 0..8 {
            match rustix::fs::openat2(root, relative, flags | OFlags::CLOEXEC, mode, resolve) {
                Err(Errno::AGAIN | Errno::INTR) => {}
                Err(Errno::NOSYS) => {
                    Feature::Openat2.switch_off();
                    break;
                }
                // A sandbox's filter may say so instead of ENOSYS; the walk finds the true answer.
                Err(Errno::PERM) => break,
                answer => return answer,
            }
        }
    }
    Walk::new(root, relative, strict)?.open_last(flags, mode)
}

/// A path being resolved, component by component.
struct Walk {
    /// The directories from the root to here.
    here: Vec<OwnedFd>,
    left: VecDeque<OsString>,
    strict: bool,
    links: u32,
    /// Directories that are missing are made with this mode.
    make: Option<Mode>,
}

impl Walk {
    fn new(root: impl AsFd, path: &Path, strict: bool) -> Result<Walk, Errno> {
        let root = rustix::io::fcntl_dupfd_cloexec(root, 3)?;
        let mut walk = Walk { here: vec![root], left: VecDeque::new(), strict, links: 0, make: None };
        walk.push_front(path);
        Ok(walk)
    }

    fn top(&self) -> &OwnedFd {
        self.here.last().expect("the root is never popped")
    }

    /// Puts a path before what is left to do.
    fn push_front(&mut self, path: &Path) {
        for component in path.components().rev() {
            match component {
                Component::Normal(name) => self.left.push_front(name.to_owned()),
                Component::ParentDir => self.left.push_front(OsString::from("..")),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }

    /// Resolves everything and opens what the path names.
    fn open_last(mut self, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        while let Some(name) = self.left.pop_front() {
            if name == ".." {
                self.up()?;
            } else if self.left.is_empty() {
                if let Some(opened) = self.last(&name, flags, mode)? {
                    return Ok(opened);
                }
            } else {
                self.down(&name)?;
            }
        }
        let flags = flags.difference(OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW);
        rustix::fs::openat(self.top(), ".", flags | OFlags::CLOEXEC, mode)
    }

    fn up(&mut self) -> Result<(), Errno> {
        match (self.here.len(), self.strict) {
            (1, true) => Err(Errno::XDEV),
            // The root's parent is the root.
            (1, false) => Ok(()),
            _ => {
                self.here.pop();
                Ok(())
            }
        }
    }

    /// Goes into a directory, or to where a link leads.
    fn down(&mut self, name: &OsStr) -> Result<(), Errno> {
        let next = match self.open_name(name) {
            Err(Errno::NOENT) => {
                let mode = self.make.ok_or(Errno::NOENT)?;
                match rustix::fs::mkdirat(self.top(), name, mode) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno),
                }
                self.open_name(name)?
            }
            answer => answer?,
        };
        match FileType::from_raw_mode(rustix::fs::fstat(&next)?.st_mode) {
            FileType::Directory => self.here.push(next),
            FileType::Symlink => self.follow(&next)?,
            _ => return Err(Errno::NOTDIR),
        }
        Ok(())
    }

    /// Opens the last component, unless it is a link, which puts its target before us.
    fn last(&mut self, name: &OsStr, flags: OFlags, mode: Mode) -> Result<Option<OwnedFd>, Errno> {
        if let Ok(handle) = self.open_name(name) {
            let kind = FileType::from_raw_mode(rustix::fs::fstat(&handle)?.st_mode);
            let wants_link = flags.contains(OFlags::NOFOLLOW);
            if kind == FileType::Symlink && !wants_link {
                self.follow(&handle)?;
                // A link to the root itself leaves nothing to open by name.
                return Ok(None);
            }
        } else if self.make.is_some() && flags.contains(OFlags::DIRECTORY) {
            self.down(name)?;
            return Ok(None);
        }
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(self.top(), name, flags, mode).map(Some)
    }

    fn open_name(&self, name: &OsStr) -> Result<OwnedFd, Errno> {
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(self.top(), name, flags, Mode::empty())
    }

    fn follow(&mut self, link: &OwnedFd) -> Result<(), Errno> {
        self.links += 1;
        if self.strict || self.links > MAX_LINKS {
            return Err(Errno::LOOP);
        }
        let text = rustix::fs::readlinkat(link, "", Vec::new())?;
        let target = OsString::from_vec(text.into_bytes());
        if target.as_bytes().starts_with(b"/") {
            self.here.truncate(1);
        }
        self.push_front(Path::new(&target));
        Ok(())
    }
}

/// Says what a path in the root is, without following a link at its end; `None` where there is nothing.
pub fn kind(root: impl AsFd, path: &Path) -> Result<Option<FileType>, SyscallError> {
    let Some(name) = path.file_name() else { return Ok(Some(FileType::Directory)) };
    let parent = path.parent().unwrap_or(Path::new(""));
    let dir = match open(root, parent, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()) {
        Ok(dir) => dir,
        Err(error) if error.errno == Errno::NOENT => return Ok(None),
        Err(error) => return Err(error),
    };
    match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(SyscallError::new(format!("statat({path:?})"), errno)),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink, path::PathBuf};

    use super::*;
    use crate::sys::{
        fd::open_dir,
        testing::{alone, in_child},
    };

    /// A root with links that try to leave it, and a file outside that none of them may reach.
    fn hostile_root() -> (tempfile::TempDir, PathBuf) {
        let outer = tempfile::tempdir().unwrap();
        let root = outer.path().join("root");
        fs::create_dir_all(root.join("dir/sub")).unwrap();
        fs::write(root.join("dir/file"), "inside").unwrap();
        fs::write(outer.path().join("canary"), "outside").unwrap();
        symlink("../../../canary", root.join("dir/up")).unwrap();
        symlink(outer.path().join("canary"), root.join("absolute")).unwrap();
        symlink("/dir", root.join("link")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("/made/by/link", root.join("dangling")).unwrap();
        (outer, root)
    }

    /// Runs with openat2 and without.
    fn both_ways(body: impl Fn() -> anyhow::Result<()>) {
        in_child(&body);
        in_child(|| {
            Feature::Openat2.switch_off();
            body()
        });
    }

    #[test]
    fn links_mean_the_roots() {
        if !alone() {
            return;
        }
        let (_outer, root) = hostile_root();
        both_ways(|| {
            let dir = open_dir(&root)?;
            for (path, wanted) in [
                ("dir/file", Ok(())),
                ("/dir/../../dir/./file", Ok(())),
                ("link/file", Ok(())),
                ("dir/up", Err(Errno::NOENT)),
                ("absolute", Err(Errno::NOENT)),
                ("loop", Err(Errno::LOOP)),
                ("dir/file/x", Err(Errno::NOTDIR)),
                ("../../canary", Err(Errno::NOENT)),
                ("/", Ok(())),
            ] {
                let opened = open(&dir, Path::new(path), OFlags::RDONLY, Mode::empty());
                let answer = opened.map(drop).map_err(|error| error.errno);
                anyhow::ensure!(answer == wanted, "{path}: {answer:?}");
            }
            Ok(())
        });
    }

    #[test]
    fn strict_follows_no_link() {
        if !alone() {
            return;
        }
        let (_outer, root) = hostile_root();
        both_ways(|| {
            let dir = open_dir(&root)?;
            for (path, wanted) in [
                ("dir/file", Ok(())),
                ("dir/../dir/file", Ok(())),
                ("link/file", Err(Errno::LOOP)),
                ("link", Err(Errno::LOOP)),
                ("../root/dir/file", Err(Errno::XDEV)),
            ] {
                let opened = open_strict(&dir, Path::new(path), OFlags::RDONLY, Mode::empty());
                let answer = opened.map(drop).map_err(|error| error.errno);
                anyhow::ensure!(answer == wanted, "{path}: {answer:?}");
            }
            Ok(())
        });
    }

    #[test]
    fn what_is_missing_is_made_in_the_root() {
        if !alone() {
            return;
        }
        let (outer, root) = hostile_root();
        let mode = Mode::from_raw_mode(0o755);
        both_ways(|| {
            let dir = open_dir(&root)?;
            make_dirs(&dir, Path::new("/a/b/c"), mode)?;
            make_dirs(&dir, Path::new("dangling"), mode)?;
            make_dirs(&dir, Path::new("dir/../../new"), mode)?;
            make_file(&dir, Path::new("link/deep/file"), mode)?;
            make_file(&dir, Path::new("absolute"), mode)?;
            anyhow::ensure!(make_dirs(&dir, Path::new("dir/file"), mode).is_err());
            Ok(())
        });
        for made in ["a/b/c", "made/by/link", "new", "dir/deep/file"] {
            assert!(root.join(made).exists(), "{made}");
        }
        assert!(!root.join("dir/file").is_dir());
        assert_eq!(fs::read_to_string(outer.path().join("canary")).unwrap(), "outside");
        assert_eq!(fs::read_dir(outer.path()).unwrap().count(), 2);
    }
}
