//! What `copy-up` and `U` do to a mount's source: docker fills an empty volume from the image, with owners and modes.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::Context;
use rustix::fs::{Dir, FileType, OFlags};

use crate::{
    runtime::user::Identity,
    sys::{copy, error::SyscallError, fd},
};

/// Opens the image's directory at a mount point, before it is covered.
pub(super) fn open_tree(place: &OwnedFd) -> Result<OwnedFd, SyscallError> {
    fd::reopen(place, OFlags::RDONLY | OFlags::DIRECTORY)
}

/// Copies the image's files into a volume that has none yet. One that has any is the user's, and stays as it is.
pub(super) fn fill(image: &OwnedFd, volume: &OwnedFd) -> anyhow::Result<()> {
    let volume = fd::reopen(volume, OFlags::RDONLY | OFlags::DIRECTORY)?;
    if !is_empty(&volume)? {
        return Ok(());
    }
    Ok(copy::copy_tree(image, &volume)?)
}

fn is_empty(dir: &OwnedFd) -> anyhow::Result<bool> {
    for entry in Dir::read_from(dir).map_err(std::io::Error::from)? {
        let entry = entry.map_err(std::io::Error::from)?;
        if entry.file_name() != c"." && entry.file_name() != c".." {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Gives a source to the container's user.
pub(super) fn give(source: &OwnedFd, identity: &Identity) -> anyhow::Result<()> {
    let stat = rustix::fs::fstat(source).map_err(std::io::Error::from)?;
    let context = || format!("give it to {}:{}", identity.uid, identity.gid);
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        let dir = fd::reopen(source, OFlags::RDONLY | OFlags::DIRECTORY)?;
        return copy::chown_tree(dir.as_fd(), identity.uid, identity.gid).with_context(context);
    }
    let (uid, gid) = (rustix::fs::Uid::from_raw(identity.uid), rustix::fs::Gid::from_raw(identity.gid));
    rustix::fs::chownat(source, "", Some(uid), Some(gid), rustix::fs::AtFlags::EMPTY_PATH)
        .map_err(std::io::Error::from)
        .with_context(context)
}
