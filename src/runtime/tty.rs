//! The program's first three descriptors: streams that were handed to us, or a terminal of the container's own devpts.
//! pts(4), ioctl_tty(2).

use std::{
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, ensure};
use rustix::fs::{FileType, Mode, OFlags};

use super::user::Identity;
use crate::sys::{
    beneath, fd,
    mount::{self, Bind},
    tty::{self, Size},
};

/// The file system type of a devpts. statfs(2).
const DEVPTS_MAGIC: i64 = 0x1cd1;

/// Makes a terminal in the devpts of a container whose root is not the root yet, and binds its slave to /dev/console.
/// Gives master and slave.
///
/// Should: come after /dev/pts is mounted.
/// Mustn't: look the slave up by name: it comes from the master, so that it cannot be another (CVE-2025-52565).
pub(super) fn open(
    root: &OwnedFd,
    rows: u16,
    columns: u16,
    identity: &Identity,
) -> anyhow::Result<(OwnedFd, OwnedFd)> {
    let (master, slave) = open_pair(root.as_fd(), rows, columns, identity)?;
    let console =
        beneath::open_strict(root, Path::new("dev"), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())
            .and_then(|dev| beneath::make_file(dev, Path::new("console"), Mode::from_raw_mode(0o620)))
            .context("make /dev/console")?;
    mount::bind(&slave, &console, Bind::default()).context("bind the terminal to /dev/console")?;
    Ok((master, slave))
}

/// Makes a terminal in the devpts at `dev/pts` beneath a root, and gives it to the user: master and slave.
pub(super) fn open_pair(
    root: impl AsFd,
    rows: u16,
    columns: u16,
    identity: &Identity,
) -> anyhow::Result<(OwnedFd, OwnedFd)> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let pts =
        beneath::open_strict(root, Path::new("dev/pts"), flags, Mode::empty()).context("open /dev/pts")?;
    let kind = rustix::fs::fstatfs(&pts).map_err(std::io::Error::from).context("open /dev/pts")?.f_type;
    ensure!(kind == DEVPTS_MAGIC, "/dev/pts is not a devpts: a terminal needs one");
    let (master, slave) = tty::open_pair(&pts, c"ptmx").context("open a terminal")?;
    if rows > 0 && columns > 0 {
        tty::set_size(&master, Size { rows, columns })?;
    }
    give_to_user(&slave, identity);
    Ok((master, slave))
}

/// Makes the terminal the controlling one and the three streams.
pub(super) fn place_terminal(slave: &OwnedFd) -> anyhow::Result<()> {
    tty::set_controlling(slave).context("take the controlling terminal")?;
    for number in 0..3 {
        fd::place(slave.as_fd(), number)?;
    }
    Ok(())
}

/// Makes these the standard streams, whatever numbers they have now.
pub(super) fn place_streams(streams: [&OwnedFd; 3], identity: &Identity) -> anyhow::Result<()> {
    let mut copies = Vec::new();
    for stream in streams {
        if is_pipe(stream) {
            give_to_user(stream, identity);
        }
        // A stream that has one of the three numbers must not be covered before its turn.
        let is_low = stream.as_raw_fd() < 3;
        copies.push(
            is_low
                .then(|| rustix::io::fcntl_dupfd_cloexec(stream, 3))
                .transpose()
                .map_err(std::io::Error::from)?,
        );
    }
    for (number, (stream, copy)) in (0..).zip(streams.into_iter().zip(&copies)) {
        fd::place(copy.as_ref().unwrap_or(stream).as_fd(), number)?;
    }
    Ok(())
}

/// A program that is not root opens /dev/stdout or /dev/tty, too. Where the map has no such user, the program will not
/// get far, and says so itself.
fn give_to_user(stream: &OwnedFd, identity: &Identity) {
    if identity.uid != 0 {
        let _ = rustix::fs::fchown(stream, Some(rustix::fs::Uid::from_raw(identity.uid)), None);
    }
}

/// Pipes are the monitor's; anything else may be a file of the caller's.
fn is_pipe(stream: &OwnedFd) -> bool {
    rustix::fs::fstat(stream).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}
