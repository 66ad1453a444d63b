//! `host:`: the host's own root, copy-on-write.
//!
//! In a user namespace the kernel refuses an overlay whose lower directory has mounts below it: what they hide must stay
//! hidden. So the root is a directory of our own, with an overlay for each of the host's directories that has none, and
//! a plain directory, one level further down, for each that has. All share the one upper directory, which is the root:
//! what is written at `/etc` is in `upper/etc`.
//!
//! ```text
//! upper/            the root itself: links and files of the host's / stand here
//!   etc/            an overlay of /etc, on its own upper directory upper/etc
//!   mnt/            has a mount below it: plain, and …
//!     data/         … an overlay of that mount
//!   tmp/ run/       empty: what the host's programs left there means nothing here
//!   proc/ sys/ dev/ the specification's
//! ```
//!
//! A file beside such mounts is the host's, read-only, since an overlay joins directories alone. A directory that the
//! caller cannot read is an empty one.

use std::{
    collections::BTreeSet,
    fs,
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStringExt,
            fs::{MetadataExt, PermissionsExt},
        },
    },
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{
    fs::{Access, AtFlags, CWD, Mode, OFlags},
    io::Errno,
};

use super::{super::WritableLayer, overlay};
use crate::sys::{
    error::SyscallError,
    fd,
    mount::{self, Attributes, Bind},
    userns::IdMap,
};

/// The kernel's file systems, and what ends with the host's boot.
const NOT_SHOWN: &[(&str, u32)] =
    &[("/proc", 0o555), ("/sys", 0o555), ("/dev", 0o755), ("/run", 0o755), ("/tmp", 0o1777)];

/// Mounts it and gives the root.
pub(super) fn build(layer: &WritableLayer, map: &IdMap) -> anyhow::Result<OwnedFd> {
    let text = fs::read("/proc/self/mountinfo").context("read the host's mounts")?;
    let place = fd::open_path(&layer.upper)?;
    let host = Host {
        layer,
        map,
        mounts: mount_points(&text),
        store: fs::canonicalize(&layer.upper)?,
        unbound: PathBuf::from(mount::fd_path(&place)),
    };
    mount::bind(&place, &place, Bind::default())?;
    let root = mount::open_mounted(&layer.upper)?;
    host.children(Path::new("/"), &layer.upper)?;
    host.hide_store()?;
    Ok(root)
}

struct Host<'a> {
    layer: &'a WritableLayer,
    map: &'a IdMap,
    /// Where something is mounted.
    mounts: BTreeSet<PathBuf>,
    /// The writable layer, by the host's name for it.
    store: PathBuf,
    /// The upper directory in the mount that it was in before it was bound over itself: an overlay's upper and work
    /// directories must be in one mount.
    unbound: PathBuf,
}

impl Host<'_> {
    /// Shows the entries of a host directory in `to`, which is ours and plain.
    fn children(&self, from: &Path, to: &Path) -> anyhow::Result<()> {
        let entries = fs::read_dir(from).with_context(|| format!("read {}", from.display()))?;
        for entry in entries {
            let entry = entry?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            self.show(&source, &target).with_context(|| format!("show {}", source.display()))?;
        }
        Ok(())
    }

    fn show(&self, source: &Path, target: &Path) -> anyhow::Result<()> {
        if let Some((_, mode)) = NOT_SHOWN.iter().find(|(path, _)| source == Path::new(path)) {
            make_directory(target, *mode)?;
            return Ok(());
        }
        // One that is gone by now, or that nobody may even look at (another user's FUSE mount), is left out.
        let Ok(kind) = fs::symlink_metadata(source) else { return Ok(()) };
        if kind.is_symlink() {
            return link(source, target);
        }
        if kind.is_dir() { self.directory(source, target, &kind) } else { file(source, target) }
    }

    fn directory(&self, source: &Path, target: &Path, meta: &fs::Metadata) -> anyhow::Result<()> {
        let is_new = make_directory(target, meta.mode() & 0o7777)?;
        if is_new {
            self.keep_owner(target, meta);
        }
        let may_read = Access::READ_OK | Access::EXEC_OK;
        if rustix::fs::accessat(CWD, source, may_read, AtFlags::EACCESS).is_err() {
            return Ok(());
        }
        if self.has_mounts_below(source) {
            return self.children(source, target);
        }
        match self.overlay(source, target) {
            Ok(()) => Ok(()),
            // A file system that cannot be a lower layer (an automounter's, some FUSE ones) is shown as it is.
            Err(error)
                if matches!(error.errno, Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS | Errno::STALE) =>
            {
                bind_read_only(source, target)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// An overlay's root shows its upper directory's owner. One that the map does not have reads as the overflow id, and
    /// gives way to the caller.
    fn keep_owner(&self, path: &Path, meta: &fs::Metadata) {
        const OVERFLOW: u32 = 65534;
        let known =
            |id: u32, outside: Option<u32>| (id != OVERFLOW || outside == Some(OVERFLOW)).then_some(id);
        let uid = known(meta.uid(), self.map.uid_outside(meta.uid()));
        let gid = known(meta.gid(), self.map.gid_outside(meta.gid()));
        let _ = std::os::unix::fs::chown(path, uid, gid);
        // chown takes the set-id bits away.
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(meta.mode() & 0o7777));
    }

    fn has_mounts_below(&self, dir: &Path) -> bool {
        let mut below = self.mounts.range(dir.to_owned()..);
        below.next().is_some_and(|first| match first == dir {
            true => below.next().is_some_and(|next| next.starts_with(dir)),
            false => first.starts_with(dir),
        })
    }

    /// The directory in `upper` is mount point and upper layer in one.
    fn overlay(&self, source: &Path, target: &Path) -> Result<(), SyscallError> {
        let place = fd::open_path(target)?;
        let inside = target.strip_prefix(&self.layer.upper).unwrap_or(target);
        let layer = WritableLayer {
            upper: self.unbound.join(inside),
            work: self.work_for(inside)?,
            volatile: self.layer.volatile,
        };
        if self.store.starts_with(source) {
            let between = overlay_between(source, target)?;
            return overlay::mount_layer_on(&[Path::new(&mount::fd_path(&between))], &layer, &between);
        }
        overlay::mount_layer_on(&[source], &layer, &place)
    }

    /// Each overlay has a work directory of its own, named after its place.
    fn work_for(&self, inside: &Path) -> Result<PathBuf, SyscallError> {
        let name = inside.to_string_lossy().replace('%', "%25").replace('/', "%2f");
        let work = self.layer.work.join(name);
        make(&work, 0o700)?;
        Ok(work)
    }

    /// The container's own layer is not seen in the container.
    fn hide_store(&self) -> anyhow::Result<()> {
        let Some(dir) = self.store.parent() else { return Ok(()) };
        let Ok(inside) = dir.strip_prefix("/") else { return Ok(()) };
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        // It may lie where nothing of the host is shown.
        let shown = fd::open_path(&self.layer.upper)
            .and_then(|root| crate::sys::beneath::open_strict(root, inside, flags, Mode::empty()));
        let Ok(place) = shown else { return Ok(()) };
        let parameters = [mount::Parameter::new("size", "0"), mount::Parameter::new("mode", "0555")];
        Ok(mount::mount_new("tmpfs", &parameters, Attributes::MOUNT_ATTR_RDONLY, &place)?)
    }
}

/// The kernel refuses an upper directory that lies in its own lower one. With another overlay in between, the lower one is
/// not that directory any more. It takes two lower trees, of which an empty one must lie elsewhere.
fn overlay_between(source: &Path, target: &Path) -> Result<OwnedFd, SyscallError> {
    let parameters = [mount::Parameter::new("size", "0"), mount::Parameter::new("mode", "0755")];
    mount::mount_new("tmpfs", &parameters, Attributes::MOUNT_ATTR_RDONLY, fd::open_path(target)?)?;
    let empty = mount::open_mounted(target)?;
    overlay::mount_read_only(&[source, Path::new(&mount::fd_path(&empty))], &empty)?;
    mount::open_mounted(target)
}

fn link(source: &Path, target: &Path) -> anyhow::Result<()> {
    // A container that is started again may have made something else of it.
    match std::os::unix::fs::symlink(fs::read_link(source)?, target) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

/// A file beside mounts. Sockets and the like mean nothing here.
fn file(source: &Path, target: &Path) -> anyhow::Result<()> {
    let is_file = fs::symlink_metadata(source).is_ok_and(|meta| meta.is_file());
    let is_readable = rustix::fs::accessat(CWD, source, Access::READ_OK, AtFlags::EACCESS).is_ok();
    if !is_file || !is_readable {
        return Ok(());
    }
    match fs::OpenOptions::new().write(true).create_new(true).open(target) {
        // Something of the container's own from an earlier start, unless it is our empty mount point.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            if !fs::symlink_metadata(target).is_ok_and(|meta| meta.is_file() && meta.len() == 0) {
                return Ok(());
            }
        }
        answer => drop(answer?),
    }
    bind_read_only(source, target)
}

fn bind_read_only(source: &Path, target: &Path) -> anyhow::Result<()> {
    let how = Bind { recursive: true, set: Attributes::MOUNT_ATTR_RDONLY, ..Bind::default() };
    Ok(mount::bind(fd::open_path(source)?, fd::open_path(target)?, how)?)
}

/// Makes a directory and says whether it is new.
fn make_directory(path: &Path, mode: u32) -> anyhow::Result<bool> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error).with_context(|| format!("make {}", path.display())),
        Ok(()) => {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
            Ok(true)
        }
    }
}

fn make(path: &Path, mode: u32) -> Result<(), SyscallError> {
    match rustix::fs::mkdir(path, Mode::from_raw_mode(mode)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(SyscallError::new(format!("mkdir({path:?})"), errno)),
    }
}

/// The fifth field of each line, in which spaces and the like stand as octal numbers. proc_pid_mountinfo(5).
fn mount_points(mountinfo: &[u8]) -> BTreeSet<PathBuf> {
    let lines = mountinfo.split(|byte| *byte == b'\n');
    lines.filter_map(|line| line.split(|byte| *byte == b' ').nth(4)).map(unescape).collect()
}

fn unescape(field: &[u8]) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|d| std::str::from_utf8(d).ok()).filter(|_| *first == b'\\');
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_are_found_below_directories_and_not_beside_them() {
        let text = b"1 2 0:3 / / rw - ext4 x rw\n4 1 0:5 / /mnt/a\\040b rw - tmpfs t rw\n6 1 0:7 / /home rw - nfs n rw\n";
        let mounts = mount_points(text);
        let layer = WritableLayer { upper: PathBuf::new(), work: PathBuf::new(), volatile: false };
        let map = IdMap::single(0, 0);
        let host = Host { layer: &layer, map: &map, mounts, store: PathBuf::new(), unbound: PathBuf::new() };
        for (dir, wanted) in [
            ("/", true),
            ("/mnt", true),
            ("/mnt/a b", false),
            ("/home", false),
            ("/etc", false),
            ("/mn", false),
        ] {
            assert_eq!(host.has_mounts_below(Path::new(dir)), wanted, "{dir}");
        }
    }
}
