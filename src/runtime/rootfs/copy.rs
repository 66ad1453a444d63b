//! Trees joined by copying them, the upper ones over the lower: for hosts that cannot mount an overlay. It is slow and
//! takes room (no more than a name where the file system shares blocks), and says so.
//!
//! The copy is the container's `upper` directory. `work/copied` says that it is complete; a copy that was interrupted is
//! begun anew.

use std::{
    ffi::CStr,
    fs,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::fs::{AtFlags, FileType, Stat};

use super::{super::WritableLayer, Driver, MountError};
use crate::sys::{
    copy::{self, Choice},
    error::SyscallError,
    fd, mount,
    remove::remove_tree,
    xattr::{self, Of},
};

/// A copied tree.
#[derive(Debug)]
pub(super) struct Copied;

/// Says whether the layer holds a copy, so that an overlay must not be mounted with it, even where it could be by now.
pub(super) fn is_copied(layer: &WritableLayer) -> bool {
    mark(layer).exists() || begun(layer).exists()
}

fn mark(layer: &WritableLayer) -> PathBuf {
    layer.work.join("copied")
}

fn begun(layer: &WritableLayer) -> PathBuf {
    layer.work.join("copying")
}

impl Driver for Copied {
    fn fits(&self, layer: &WritableLayer) -> bool {
        // What an overlay has written is no whole tree.
        is_copied(layer) || !layer.work.join("work").exists()
    }

    fn mount(&self, lower: &[PathBuf], layer: &WritableLayer) -> Result<OwnedFd, MountError> {
        if !mark(layer).exists() {
            fs::write(begun(layer), "").context("mark the copy as begun")?;
            empty(&layer.upper)?;
            for tree in lower {
                lay_over(tree, &layer.upper).with_context(|| format!("copy {}", tree.display()))?;
            }
            fs::rename(begun(layer), mark(layer)).context("mark the copy as complete")?;
        }
        let place = fd::open_path(&layer.upper)?;
        mount::bind(&place, &place, mount::Bind::default())?;
        Ok(mount::open_mounted(&layer.upper)?)
    }

    fn note(&self) -> Option<&'static str> {
        Some("overlayfs cannot be mounted here: the image is copied for each container")
    }
}

fn empty(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let handle = fd::open_dir(dir)?;
    for entry in fs::read_dir(dir)? {
        remove_tree(&handle, entry?.file_name().as_bytes())?;
    }
    Ok(())
}

/// Copies one tree over those below it, as overlayfs would show them: a whiteout takes a name away, an opaque directory
/// what was in it.
fn lay_over(tree: &Path, upper: &Path) -> anyhow::Result<()> {
    let (from, to) = (fd::open_dir(tree)?, fd::open_dir(upper)?);
    Ok(copy::copy_chosen(&from, &to, &mut make_way)?)
}

fn make_way(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    name: &CStr,
    stat: &Stat,
) -> Result<Choice, SyscallError> {
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind == FileType::CharacterDevice && stat.st_rdev == 0 {
        remove_tree(to, name.to_bytes())?;
        return Ok(Choice::Skip);
    }
    let there = rustix::fs::statat(to, name, AtFlags::SYMLINK_NOFOLLOW);
    let stays = kind == FileType::Directory
        && there.is_ok_and(|below| FileType::from_raw_mode(below.st_mode) == FileType::Directory)
        && !is_opaque(from, name)?;
    if !stays && there.is_ok() {
        remove_tree(to, name.to_bytes())?;
    }
    Ok(Choice::Copy)
}

fn is_opaque(dir: BorrowedFd<'_>, name: &CStr) -> Result<bool, SyscallError> {
    let dir = copy::open_entry(dir, name)?;
    Ok(xattr::get(Of::File(dir.as_fd()), c"user.overlay.opaque")?.is_some_and(|value| value == b"y"))
}
