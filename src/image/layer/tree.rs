//! Trees in their places, and whether they are to be trusted.
//!
//! A tree is not synced: that would take as long again as unpacking, and it can be made again from its blob, which is.
//! But a power loss may tear it, and nobody would see. So it carries the id of the boot in which it was made; one of
//! an earlier boot is made once more, and synced that time, since whoever waits for it waits anyway.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use anyhow::Context;
use rustix::{fs::XattrFlags, io::Errno};

use super::whiteout::OPAQUE;
use crate::{
    store::{directory, layout::Layout, lock::Lock, tmp::Tmp},
    sys::process::boot_id,
};

/// The boot in which a tree was made; missing on one that was synced.
const BOOT: &str = "user.coracle.boot";

/// Says whether the tree is there and whole. One system call where it was synced, else the boot's id is read as well.
pub fn is_whole(tree: &Path) -> anyhow::Result<bool> {
    let mut value = [0; 64];
    match rustix::fs::lgetxattr(tree, BOOT, value.as_mut_slice()) {
        Ok(length) => Ok(value[..length] == *boot_id()?.as_bytes()),
        Err(Errno::NOENT) => Ok(false),
        Err(Errno::NODATA) => Ok(true),
        // No attributes here; such a tree was synced.
        Err(Errno::OPNOTSUPP) => Ok(tree.is_dir()),
        Err(errno) => Err(errno).with_context(|| format!("look at {}", tree.display())),
    }
}

/// Says whether a layer hides all those below it: its root is opaque, of which overlayfs takes no notice.
pub fn hides_all_below(tree: &Path) -> bool {
    rustix::fs::lgetxattr(tree, OPAQUE, [0; 1].as_mut_slice()).is_ok()
}

/// Gives a tree its place. Who was first with the same layer wins, unless that tree is not whole.
pub(super) fn place(layout: &Layout, tmp: Tmp, root: &OwnedFd, path: &Path) -> anyhow::Result<()> {
    let parent = path.parent().context("a tree has a parent")?;
    directory::make(parent)?;
    let was_torn = path.exists() && !is_whole(path)?;
    let boot = boot_id()?;
    let is_marked = !was_torn
        && match rustix::fs::fsetxattr(root, BOOT, boot.as_bytes(), XattrFlags::empty()) {
            Ok(()) => true,
            Err(Errno::OPNOTSUPP) => false,
            Err(errno) => return Err(errno).context("mark the tree"),
        };
    if !is_marked {
        rustix::fs::syncfs(root.as_fd()).context("sync")?;
    }
    // Between a look at what is there and its replacement nobody else may put a good one there and use it.
    let lock = layout.layers_lock();
    directory::make(lock.parent().context("a lock has a parent")?)?;
    let _lock = Lock::exclusive(&lock).with_context(|| format!("lock {}", lock.display()))?;
    if is_whole(path)? {
        return Ok(());
    }
    match tmp.exchange(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => tmp.persist(path).context("rename"),
        result => result.context("exchange"),
    }
}
