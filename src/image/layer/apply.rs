//! Applies an archive to a fresh directory: each entry by descriptor beneath it, the last of several with one name
//! wins, and what is wrong with an entry is one error that names it. image-spec layer.md.
//!
//! *Should:* spend no more than four system calls on an ordinary file; leave a tree that overlayfs mounts as it is.
//! *Mustn't:* follow a symlink out of the tree, make a device, or give a set-uid program to another owner.
//!
//! What would be in the way of later entries comes when all are there: whiteouts, then the times of directories and
//! the modes that shut us out, the deepest first.

use std::{
    collections::BTreeMap,
    io::BufRead,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use anyhow::{Context, bail, ensure};
use rustix::{
    fs::{AtFlags, FileType, Gid, Mode, OFlags, SeekFrom, Timespec, Timestamps, Uid},
    io::Errno,
};

use super::{
    archive::{Archive, Entry, EntryPath, Kind, printable, split},
    directory::{Directories, Missing, open_to_read},
    owner::{Device, NOTE, OnDisk, Said},
    pax::Mtime,
    sparse::Map,
    whiteout::{Meaning, OPAQUE, Whiteouts, meaning},
    xattr::Attribute,
};
use crate::sys::{remove::remove_tree, userns::IdMap};

/// What was applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    pub entries: u64,
    /// The content of all files.
    pub bytes: u64,
}

/// Applies the archive to the directory `root`, which is empty, open for reading, and the caller's; with owners as
/// `map` has them. The caller is in a user namespace with that map, or is root, or maps nobody but itself.
/// The stream is read to its end, past the end of the archive in it.
pub fn apply(input: impl BufRead, root: BorrowedFd<'_>, map: &IdMap) -> anyhow::Result<Applied> {
    let mut archive = Archive::new(input);
    let umask = umask();
    let mut tree = Tree {
        directories: Directories::new(root, umask),
        map,
        umask,
        later: BTreeMap::new(),
        whiteouts: Whiteouts::default(),
        bytes: 0,
    };
    let mut entries = 0;
    while let Some(entry) = archive.next()? {
        tree.take(&mut archive, &entry).with_context(|| format!("unpack {}", entry.path))?;
        entries += 1;
    }
    archive.finish().context("read the archive")?;
    tree.make_whiteouts()?;
    tree.finish_directories()?;
    Ok(Applied { entries, bytes: tree.bytes })
}

/// A tree in the making.
struct Tree<'a> {
    directories: Directories<'a>,
    map: &'a IdMap,
    umask: Mode,
    later: BTreeMap<Vec<u8>, Later>,
    whiteouts: Whiteouts,
    bytes: u64,
}

/// What a directory gets when nothing more is put into it.
struct Later {
    mtime: Mtime,
    mode: Option<Mode>,
}

impl Tree<'_> {
    fn take(&mut self, archive: &mut Archive<impl BufRead>, entry: &Entry) -> anyhow::Result<()> {
        match meaning(entry.path.as_bytes())? {
            Meaning::Plain => self.make(archive, entry),
            Meaning::Gone(path) => {
                self.whiteouts.gone.insert(path);
                Ok(())
            }
            Meaning::Opaque(path) => {
                self.whiteouts.opaque.insert(path);
                Ok(())
            }
            Meaning::Nothing => Ok(()),
        }
    }

    fn make(&mut self, archive: &mut Archive<impl BufRead>, entry: &Entry) -> anyhow::Result<()> {
        let device = match entry.kind {
            Kind::Device { is_block: false, major: 0, minor: 0 } => {
                // What overlayfs itself has for a whiteout: a layer made of a bare upper directory.
                self.whiteouts.gone.insert(entry.path.as_bytes().to_vec());
                return Ok(());
            }
            Kind::Device { is_block, major, minor } => Some(Device { is_block, major, minor }),
            _ => None,
        };
        let is_directory = entry.kind == Kind::Directory;
        let said = Said { uid: entry.uid, gid: entry.gid, mode: entry.mode, is_directory, device };
        let on_disk = OnDisk::of(said, self.map);
        match &entry.kind {
            Kind::Directory => self.directory(entry, &on_disk),
            Kind::File { size } => self.file(entry, &on_disk, |file| copy(archive, file, *size)),
            Kind::Sparse(map) => self.file(entry, &on_disk, |file| copy_sparse(archive, file, map)),
            Kind::Device { .. } => self.file(entry, &on_disk, |_| Ok(0)),
            Kind::Symlink(target) => self.symlink(entry, &on_disk, target),
            Kind::Fifo => self.fifo(entry, &on_disk),
            Kind::HardLink(target) => self.hard_link(&entry.path, target),
        }
    }

    fn directory(&mut self, entry: &Entry, on_disk: &OnDisk) -> anyhow::Result<()> {
        let mode = Mode::from_raw_mode(on_disk.mode);
        // Whatever it is in the end: until then we work in it, and what we make in it has our group.
        let first = mode.intersection(Mode::RWXU | Mode::RWXG | Mode::RWXO | Mode::SVTX) | Mode::RWXU;
        let is_new = match entry.path.split() {
            None => false,
            Some((parent, name)) => self.make_directory(&entry.path, parent, name, first)?,
        };
        let attributes = attributes(entry, on_disk);
        if !is_new || !on_disk.is_roots() || !attributes.is_empty() {
            let directory = self.open_made(entry)?;
            rustix::fs::fchown(&directory, uid(on_disk), gid(on_disk)).context("set the owner")?;
            if !is_new {
                let _ = rustix::fs::fremovexattr(&directory, NOTE);
            }
            attributes.iter().try_for_each(|attribute| attribute.set(&directory))?;
        }
        let is_final = is_new && first == mode && !first.intersects(self.umask);
        let later = Later { mtime: entry.mtime, mode: (!is_final).then_some(mode) };
        self.later.insert(entry.path.as_bytes().to_vec(), later);
        Ok(())
    }

    /// Makes a directory unless it is there, and says whether it did.
    fn make_directory(
        &mut self,
        path: &EntryPath,
        parent: &[u8],
        name: &[u8],
        mode: Mode,
    ) -> anyhow::Result<bool> {
        let parent = self.directories.open(parent, Missing::Make)?.expect("made where it is missing");
        match rustix::fs::mkdirat(parent, name, mode) {
            Err(Errno::EXIST) => {}
            result => return result.map(|()| true).context("make the directory"),
        }
        let status =
            rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).context("look at what is there")?;
        if FileType::from_raw_mode(status.st_mode) == FileType::Directory {
            return Ok(false);
        }
        self.create(path, |parent, name| rustix::fs::mkdirat(parent, name, mode))
            .context("make the directory")?;
        Ok(true)
    }

    fn open_made(&mut self, entry: &Entry) -> anyhow::Result<OwnedFd> {
        let (parent, name) = entry.path.split().unwrap_or((b"", b"."));
        let parent = self.directories.open(parent, Missing::Tell)?.context("its directory is gone")?;
        open_to_read(parent, name).context("open the directory")
    }

    fn file(
        &mut self,
        entry: &Entry,
        on_disk: &OnDisk,
        fill: impl FnOnce(BorrowedFd<'_>) -> anyhow::Result<u64>,
    ) -> anyhow::Result<()> {
        let mode = Mode::from_raw_mode(on_disk.mode);
        let attributes = attributes(entry, on_disk);
        // Attributes need write permission, and set-uid bits do not survive writing.
        let ordinary = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        let first = if attributes.is_empty() { mode.intersection(ordinary) } else { Mode::RUSR | Mode::WUSR };
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = self
            .create(&entry.path, |parent, name| rustix::fs::openat(parent, name, flags, first))
            .context("make the file")?;
        self.bytes += fill(file.as_fd())?;
        if !on_disk.is_roots() {
            rustix::fs::fchown(&file, uid(on_disk), gid(on_disk)).context("set the owner")?;
        }
        attributes.iter().try_for_each(|attribute| attribute.set(&file))?;
        if first.difference(self.umask) != mode {
            rustix::fs::fchmod(&file, mode).context("set the mode")?;
        }
        rustix::fs::futimens(&file, &timestamps(entry.mtime)).context("set the time")
    }

    fn symlink(&mut self, entry: &Entry, on_disk: &OnDisk, target: &[u8]) -> anyhow::Result<()> {
        self.create(&entry.path, |parent, name| rustix::fs::symlinkat(target, parent, name))
            .context("make the symbolic link")?;
        self.set_by_name(entry, on_disk)
    }

    fn fifo(&mut self, entry: &Entry, on_disk: &OnDisk) -> anyhow::Result<()> {
        let mode = Mode::from_raw_mode(on_disk.mode);
        self.create(&entry.path, |parent, name| {
            rustix::fs::mknodat(parent, name, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
            // Readers of a FIFO do not wait when they ask so; chmod by name would follow a symlink swapped in.
            let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            rustix::fs::fchmod(rustix::fs::openat(parent, name, flags, Mode::empty())?, mode)
        })
        .context("make the FIFO")?;
        self.set_by_name(entry, on_disk)
    }

    /// Sets owner and time of what cannot be opened.
    fn set_by_name(&mut self, entry: &Entry, on_disk: &OnDisk) -> anyhow::Result<()> {
        let (parent, name) = entry.path.split().context("the root is a directory")?;
        let parent = self.directories.open(parent, Missing::Tell)?.context("its directory is gone")?;
        if !on_disk.is_roots() {
            let (uid, gid) = (uid(on_disk), gid(on_disk));
            rustix::fs::chownat(parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)
                .context("set the owner")?;
        }
        rustix::fs::utimensat(parent, name, &timestamps(entry.mtime), AtFlags::SYMLINK_NOFOLLOW)
            .context("set the time")
    }

    fn hard_link(&mut self, path: &EntryPath, target: &EntryPath) -> anyhow::Result<()> {
        let missing = || format!("a hard link to {target}, which the layer does not hold before it");
        ensure!(meaning(target.as_bytes())? == Meaning::Plain, "a hard link to a whiteout");
        let (parent, name) = target.split().context("a hard link to the root")?;
        let parent = self.directories.open(parent, Missing::Tell)?.with_context(missing)?;
        if path == target {
            rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).with_context(missing)?;
            return Ok(());
        }
        // The directory of the link may push this one out.
        let parent = parent.try_clone_to_owned().context("duplicate a descriptor")?;
        // Without AT_SYMLINK_FOLLOW: a link to a symlink is one.
        let made = self.create(path, |directory, own| {
            rustix::fs::linkat(&parent, name, directory, own, AtFlags::empty())
        });
        match made {
            Err(error) if error.downcast_ref() == Some(&Errno::NOENT) => Err(error.context(missing())),
            made => made.with_context(|| format!("make a hard link to {target}")),
        }
    }

    /// Makes something by name; what has the name goes first.
    fn create<T>(
        &mut self,
        path: &EntryPath,
        create: impl Fn(BorrowedFd<'_>, &[u8]) -> Result<T, Errno>,
    ) -> anyhow::Result<T> {
        let (directory, name) = path.split().context("the root is a directory")?;
        let parent = self.directories.open(directory, Missing::Make)?.expect("made where it is missing");
        match create(parent, name) {
            Err(Errno::EXIST) => {}
            result => return Ok(result?),
        }
        remove_tree(parent, name)?;
        self.directories.forget();
        self.forget_below(path.as_bytes());
        let parent = self.directories.open(directory, Missing::Make)?.expect("made where it is missing");
        Ok(create(parent, name)?)
    }

    /// Drops what was to be done to a directory that is gone, and to those in it.
    fn forget_below(&mut self, path: &[u8]) {
        self.later.remove(path);
        let below = [path, b"/"].concat();
        let gone = self.later.range(below.clone()..).map(|(path, _)| path);
        for path in gone.take_while(|path| path.starts_with(&below)).cloned().collect::<Vec<_>>() {
            self.later.remove(&path);
        }
    }

    fn make_whiteouts(&mut self) -> anyhow::Result<()> {
        let mut whiteouts = std::mem::take(&mut self.whiteouts);
        for path in std::mem::take(&mut whiteouts.gone) {
            if whiteouts.is_moot(&path) {
                continue;
            }
            let is_directory = self
                .make_whiteout(&path)
                .with_context(|| format!("unpack the whiteout of {}", printable(&path)))?;
            if is_directory {
                // The layer removes a directory and makes another: nothing of the old one may show through.
                whiteouts.opaque.insert(path);
            }
        }
        for path in &whiteouts.opaque {
            let shown = || format!("make {} opaque", printable(path));
            self.make_opaque(path).with_context(shown)?;
        }
        Ok(())
    }

    /// Makes a whiteout unless this layer has a file of the name, and says whether that is a directory.
    fn make_whiteout(&mut self, path: &[u8]) -> anyhow::Result<bool> {
        let (parent, name) = split(path).context("a whiteout of the root")?;
        let parent = self.directories.open(parent, Missing::Make)?.expect("made where it is missing");
        match rustix::fs::mknodat(parent, name, FileType::CharacterDevice, Mode::empty(), 0) {
            Ok(()) => Ok(false),
            Err(Errno::EXIST) => {
                let status = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
                Ok(FileType::from_raw_mode(status.st_mode) == FileType::Directory)
            }
            Err(errno) => bail!("mknodat(.., S_IFCHR, 0): {}", crate::sys::error::describe(errno)),
        }
    }

    fn make_opaque(&mut self, path: &[u8]) -> anyhow::Result<()> {
        let parent = self.directories.open(path, Missing::Make)?.expect("made where it is missing");
        let directory = open_to_read(parent, b".")?;
        rustix::fs::fsetxattr(directory, OPAQUE, b"y", rustix::fs::XattrFlags::empty())?;
        Ok(())
    }

    /// Gives directories what had to wait, those within others first.
    fn finish_directories(&mut self) -> anyhow::Result<()> {
        for (path, later) in std::mem::take(&mut self.later).into_iter().rev() {
            let shown = || format!("finish the directory {}", printable(&path));
            self.finish_directory(&path, &later).with_context(shown)?;
        }
        Ok(())
    }

    fn finish_directory(&mut self, path: &[u8], later: &Later) -> anyhow::Result<()> {
        let (parent, name) = split(path).unwrap_or((b"", b"."));
        // Its way may have been through a symlink that is gone.
        let Some(parent) = self.directories.open(parent, Missing::Tell)? else { return Ok(()) };
        if let Some(mode) = later.mode {
            rustix::fs::fchmod(open_to_read(parent, name)?, mode)?;
        }
        rustix::fs::utimensat(parent, name, &timestamps(later.mtime), AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(())
    }
}

/// What a file's attributes are to be: those of the archive that we keep, and our note.
fn attributes<'a>(entry: &'a Entry, on_disk: &'a OnDisk) -> Vec<Attribute<'a>> {
    let kept = entry.xattrs.iter().filter_map(|(name, value)| Attribute::kept(name, value));
    kept.chain(on_disk.note.as_deref().map(|note| Attribute::own(NOTE, note))).collect()
}

fn copy(archive: &mut Archive<impl BufRead>, file: BorrowedFd<'_>, length: u64) -> anyhow::Result<u64> {
    let mut left = length;
    while left > 0 {
        let chunk = archive.chunk()?;
        ensure!(!chunk.is_empty(), "the archive is cut off within a file");
        let part = &chunk[..chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
        let written = rustix::io::retry_on_intr(|| rustix::io::write(file, part)).context("write")?;
        archive.consume(written);
        left -= written as u64;
    }
    Ok(length)
}

fn copy_sparse(archive: &mut Archive<impl BufRead>, file: BorrowedFd<'_>, map: &Map) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for &(offset, length) in &map.parts {
        rustix::fs::seek(file, SeekFrom::Start(offset)).context("seek")?;
        bytes += copy(archive, file, length)?;
    }
    rustix::fs::ftruncate(file, map.size).context("set the size")?;
    Ok(bytes)
}

fn timestamps(mtime: Mtime) -> Timestamps {
    let time = Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanoseconds.into() };
    Timestamps { last_access: time, last_modification: time }
}

/// Root of the tree is whoever makes it: 0 in a user namespace.
fn uid(on_disk: &OnDisk) -> Option<Uid> {
    Some(if on_disk.uid == 0 { rustix::process::geteuid() } else { Uid::from_raw(on_disk.uid) })
}

fn gid(on_disk: &OnDisk) -> Option<Gid> {
    Some(if on_disk.gid == 0 { rustix::process::getegid() } else { Gid::from_raw(on_disk.gid) })
}

/// What the kernel takes from the modes that we ask for. Only read: to change it would change it for all threads.
/// Where it is not told, every mode is set once more.
fn umask() -> Mode {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    let umask = umask.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
    Mode::from_raw_mode(umask.unwrap_or(0o777))
}

#[cfg(test)]
mod tests;
