//! Copying trees by descriptor: contents (shared on disk where the file system can), owners, modes, times, extended
//! attributes, hard links. Links are copied, never followed. openat(2), copy_file_range(2), ioctl_ficlone(2).

use std::{
    collections::HashMap,
    ffi::{CStr, CString},
    fs::File,
    io::{self, Read as _, Seek as _},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Gid, Mode, OFlags, SeekFrom, Stat, Timespec, Timestamps, Uid},
    io::Errno,
};

use super::{
    error::{During, SyscallError},
    xattr::{self, Of},
};

/// What the caller decides about an entry before it is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    Copy,
    Skip,
}

/// Asked about every entry: the directory that it is in, the one that it is copied to, its name and what it is.
pub type Chooser<'a> =
    dyn FnMut(BorrowedFd<'_>, BorrowedFd<'_>, &CStr, &Stat) -> Result<Choice, SyscallError> + 'a;

/// A copy in progress: hard links within it stay hard links.
struct Copier<'a> {
    /// Where the first name of a file with several went: device and inode to directory and name.
    linked: HashMap<(u64, u64), (OwnedFd, CString)>,
    choose: &'a mut Chooser<'a>,
}

impl std::fmt::Debug for Copier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Copier").finish_non_exhaustive()
    }
}

/// Directories that are held open at once; a deeper tree is refused rather than left half.
const MAX_DEPTH: usize = 400;

/// Copies everything in `from` into the directory `to`, and the directory's own owner, mode, times and attributes.
pub fn copy_tree(from: impl AsFd, to: impl AsFd) -> Result<(), SyscallError> {
    copy_chosen(from, to, &mut |_, _, _, _| Ok(Choice::Copy))
}

/// As [`copy_tree`], with a say in every entry.
pub fn copy_chosen<'a>(
    from: impl AsFd,
    to: impl AsFd,
    choose: &'a mut Chooser<'a>,
) -> Result<(), SyscallError> {
    let mut copier = Copier { linked: HashMap::new(), choose };
    copier.directory(from.as_fd(), to.as_fd(), 0)
}

impl Copier<'_> {
    fn directory(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        depth: usize,
    ) -> Result<(), SyscallError> {
        if depth >= MAX_DEPTH {
            return Err(SyscallError::new("copy of a tree that is too deep", Errno::NAMETOOLONG));
        }
        for entry in Dir::read_from(from).during(|| "getdents64()")? {
            let entry = entry.during(|| "getdents64()")?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                self.entry(from, to, name, depth)?;
            }
        }
        let stat = rustix::fs::fstat(from).during(|| "fstat()")?;
        copy_attributes(from, to)?;
        set_metadata(to, &stat)
    }

    fn entry(
        &mut self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        name: &CStr,
        depth: usize,
    ) -> Result<(), SyscallError> {
        let call = |what: &str| format!("{what}({name:?})");
        let stat = rustix::fs::statat(from, name, AtFlags::SYMLINK_NOFOLLOW).during(|| call("statat"))?;
        if (self.choose)(from, to, name, &stat)? == Choice::Skip {
            return Ok(());
        }
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind == FileType::Directory {
            let source = open(from, name, OFlags::RDONLY | OFlags::DIRECTORY)?;
            match rustix::fs::mkdirat(to, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(SyscallError::new(call("mkdirat"), errno)),
            }
            let target = open(to, name, OFlags::RDONLY | OFlags::DIRECTORY)?;
            return self.directory(source.as_fd(), target.as_fd(), depth + 1);
        }
        if self.is_linked(to, name, &stat)? {
            return Ok(());
        }
        match kind {
            FileType::RegularFile => copy_file(from, to, name, &stat)?,
            FileType::Symlink => {
                let target = rustix::fs::readlinkat(from, name, Vec::new()).during(|| call("readlinkat"))?;
                rustix::fs::symlinkat(&target, to, name).during(|| call("symlinkat"))?;
                set_name_metadata(to, name, &stat)?;
            }
            // A device cannot be made in a user namespace, and a socket is nothing without its process.
            FileType::Fifo => {
                let mode = Mode::from_raw_mode(stat.st_mode & 0o7777);
                rustix::fs::mknodat(to, name, FileType::Fifo, mode, 0).during(|| call("mknodat"))?;
                set_name_metadata(to, name, &stat)?;
            }
            _ => return Ok(()),
        }
        if stat.st_nlink > 1 {
            let dir = to.try_clone_to_owned().during(|| "dup()")?;
            self.linked.insert((stat.st_dev, stat.st_ino), (dir, name.to_owned()));
        }
        Ok(())
    }

    /// Links a file whose other name has been copied already.
    fn is_linked(&self, to: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> Result<bool, SyscallError> {
        let Some((dir, first)) = self.linked.get(&(stat.st_dev, stat.st_ino)).filter(|_| stat.st_nlink > 1)
        else {
            return Ok(false);
        };
        rustix::fs::linkat(dir, first, to, name, AtFlags::empty()).during(|| format!("linkat({name:?})"))?;
        Ok(true)
    }
}

/// Opens an entry for reading, unless it is a link.
pub fn open_entry(dir: impl AsFd, name: &CStr) -> Result<OwnedFd, SyscallError> {
    open(dir.as_fd(), name, OFlags::RDONLY | OFlags::NONBLOCK)
}

fn open(dir: BorrowedFd<'_>, name: &CStr, flags: OFlags) -> Result<OwnedFd, SyscallError> {
    rustix::fs::openat(dir, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())
        .during(|| format!("openat({name:?})"))
}

fn copy_file(from: BorrowedFd<'_>, to: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> Result<(), SyscallError> {
    let source = open(from, name, OFlags::RDONLY | OFlags::NONBLOCK)?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let target = rustix::fs::openat(to, name, flags, Mode::RUSR | Mode::WUSR)
        .during(|| format!("openat({name:?}, O_CREAT)"))?;
    if rustix::fs::ioctl_ficlone(&target, &source).is_err() {
        copy_content(source.try_clone().during(|| "dup()")?, &target, stat.st_size.cast_unsigned())
            .during(|| format!("copy({name:?})"))?;
    }
    copy_attributes(source.as_fd(), target.as_fd())?;
    set_metadata(target.as_fd(), stat)?;
    // A change of owner takes this one away.
    copy_capability(source.as_fd(), target.as_fd())
}

/// Copies what there is of a file, and leaves holes where it has some: a sparse file may be larger than the disk.
/// lseek(2) SEEK_DATA.
fn copy_content(source: OwnedFd, target: &OwnedFd, size: u64) -> std::io::Result<()> {
    let (mut source, mut target) = (File::from(source), File::from(target.try_clone()?));
    let mut at = 0;
    while let Some(data) = find(&source, SeekFrom::Data(at))? {
        let end = find(&source, SeekFrom::Hole(data))?.unwrap_or(size);
        source.seek(io::SeekFrom::Start(data))?;
        target.seek(io::SeekFrom::Start(data))?;
        // std uses copy_file_range(2) or sendfile(2) where the kernel can.
        io::copy(&mut (&mut source).take(end - data), &mut target)?;
        at = end;
    }
    target.set_len(size)
}

/// Where the next data or the next hole begins; `None` behind the last.
fn find(file: &File, what: SeekFrom) -> io::Result<Option<u64>> {
    match rustix::fs::seek(file, what) {
        Ok(at) => Ok(Some(at)),
        Err(Errno::NXIO) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// All attributes but those of overlayfs, whose meaning ends with the overlay. One that the target's file system or the
/// user namespace refuses is left out, as tar does.
fn copy_attributes(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), SyscallError> {
    for name in xattr::list(Of::File(from))? {
        let bytes = name.as_bytes();
        if bytes.starts_with(b"user.overlay.")
            || bytes.starts_with(b"trusted.")
            || bytes == b"security.capability"
        {
            continue;
        }
        if let Some(value) = xattr::get(Of::File(from), &name)? {
            let _ = xattr::set(Of::File(to), &name, &value);
        }
    }
    Ok(())
}

fn copy_capability(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), SyscallError> {
    if let Some(value) = xattr::get(Of::File(from), c"security.capability")? {
        let _ = xattr::set(Of::File(to), c"security.capability", &value);
    }
    Ok(())
}

/// Owner, then mode (which a change of owner changes), then times. An owner that the map does not have stays ours.
fn set_metadata(file: BorrowedFd<'_>, stat: &Stat) -> Result<(), SyscallError> {
    let _ = rustix::fs::fchown(file, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)));
    rustix::fs::fchmod(file, Mode::from_raw_mode(stat.st_mode & 0o7777)).during(|| "fchmod()")?;
    rustix::fs::futimens(file, &times(stat)).during(|| "futimens()")
}

fn set_name_metadata(dir: BorrowedFd<'_>, name: &CStr, stat: &Stat) -> Result<(), SyscallError> {
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    let _ = rustix::fs::chownat(dir, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW);
    rustix::fs::utimensat(dir, name, &times(stat), AtFlags::SYMLINK_NOFOLLOW)
        .during(|| format!("utimensat({name:?})"))
}

fn times(stat: &Stat) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: stat.st_atime, tv_nsec: stat.st_atime_nsec as i64 },
        last_modification: Timespec { tv_sec: stat.st_mtime, tv_nsec: stat.st_mtime_nsec as i64 },
    }
}

/// Gives everything in a tree, and its top, to a user. Links themselves, not what they lead to; set-id bits stay.
pub fn chown_tree(top: impl AsFd, uid: u32, gid: u32) -> Result<(), SyscallError> {
    let top = top.as_fd();
    chown_inside(top, (uid, gid), 0)?;
    chown_one(top, c".", (uid, gid))
}

fn chown_inside(dir: BorrowedFd<'_>, ids: (u32, u32), depth: usize) -> Result<(), SyscallError> {
    if depth >= MAX_DEPTH {
        return Err(SyscallError::new("chown of a tree that is too deep", Errno::NAMETOOLONG));
    }
    for entry in Dir::read_from(dir).during(|| "getdents64()")? {
        let entry = entry.during(|| "getdents64()")?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        chown_one(dir, name, ids)?;
        if entry.file_type() == FileType::Directory {
            chown_inside(open(dir, name, OFlags::RDONLY | OFlags::DIRECTORY)?.as_fd(), ids, depth + 1)?;
        }
    }
    Ok(())
}

fn chown_one(dir: BorrowedFd<'_>, name: &CStr, (uid, gid): (u32, u32)) -> Result<(), SyscallError> {
    let stat =
        rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).during(|| format!("statat({name:?})"))?;
    if (stat.st_uid, stat.st_gid) == (uid, gid) {
        return Ok(());
    }
    let (uid, gid) = (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)));
    rustix::fs::chownat(dir, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
        .during(|| format!("chownat({name:?})"))?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if stat.st_mode & 0o6000 != 0 && kind == FileType::RegularFile {
        let file = open(dir, name, OFlags::RDONLY | OFlags::NONBLOCK)?;
        rustix::fs::fchmod(file, Mode::from_raw_mode(stat.st_mode & 0o7777))
            .during(|| format!("fchmod({name:?})"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{FileExt, MetadataExt, PermissionsExt, symlink},
    };

    use super::*;
    use crate::sys::fd::open_dir;

    #[test]
    fn holes_stay_holes() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir(&from).unwrap();
        fs::create_dir(&to).unwrap();
        // Larger than any disk that tests run on; data at the start, in the middle and nowhere.
        let huge = 1 << 40;
        for (name, places) in [("none", &[][..]), ("some", &[0, 1 << 39]), ("last", &[huge - 4])] {
            let file = File::create(from.join(name)).unwrap();
            file.set_len(huge).unwrap();
            places.iter().for_each(|at| file.write_all_at(b"data", *at).unwrap());
        }
        if find(&File::open(from.join("none")).unwrap(), SeekFrom::Data(0)).unwrap().is_some() {
            return eprintln!("skipped: holes_stay_holes: the file system does not tell them");
        }
        fs::write(from.join("full"), vec![1; 100_000]).unwrap();
        copy_tree(open_dir(&from).unwrap(), open_dir(&to).unwrap()).unwrap();
        for (name, places) in [("none", &[][..]), ("some", &[0, 1 << 39]), ("last", &[huge - 4])] {
            let copy = File::open(to.join(name)).unwrap();
            assert_eq!(copy.metadata().unwrap().len(), huge, "{name}");
            for at in places {
                let mut content = [0; 4];
                copy.read_exact_at(&mut content, *at).unwrap();
                assert_eq!(&content, b"data", "{name}");
            }
        }
        assert_eq!(fs::read(to.join("full")).unwrap(), vec![1; 100_000]);
    }

    #[test]
    fn a_copy_has_everything_and_follows_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("sub/empty")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("sub/file"), "content").unwrap();
        fs::set_permissions(from.join("sub/file"), fs::Permissions::from_mode(0o640)).unwrap();
        fs::hard_link(from.join("sub/file"), from.join("second")).unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        rustix::fs::mknodat(open_dir(&from).unwrap(), "fifo", FileType::Fifo, Mode::RWXU, 0).unwrap();
        let old = Timestamps {
            last_access: Timespec { tv_sec: 5, tv_nsec: 6 },
            last_modification: Timespec { tv_sec: 7, tv_nsec: 8 },
        };
        rustix::fs::futimens(open_dir(&from.join("sub")).unwrap(), &old).unwrap();
        copy_tree(open_dir(&from).unwrap(), open_dir(&to).unwrap()).unwrap();
        assert_eq!(fs::read_to_string(to.join("second")).unwrap(), "content");
        let meta = fs::metadata(to.join("sub/file")).unwrap();
        assert_eq!((meta.mode() & 0o777, meta.nlink()), (0o640, 2));
        assert_eq!(fs::read_link(to.join("link")).unwrap().to_str(), Some("/etc/passwd"));
        let sub = fs::metadata(to.join("sub")).unwrap();
        assert_eq!((sub.mtime(), sub.mtime_nsec()), (7, 8));
        assert!(to.join("fifo").exists() && to.join("sub/empty").is_dir());
    }
}
