//! Terminals: window size, raw mode, the controlling terminal, a new pair in a given devpts. termios(3), ioctl_tty(2).

use std::{
    ffi::CStr,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use rustix::{
    fs::{Mode, OFlags},
    pty::OpenptFlags,
    termios::{OptionalActions, Termios, Winsize},
};

use super::{
    error::{During, SyscallError},
    process::check,
};

/// Rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub rows: u16,
    pub columns: u16,
}

/// Says whether a descriptor is a terminal.
pub fn is_terminal(fd: impl AsFd) -> bool {
    rustix::termios::isatty(fd)
}

/// The window's size.
pub fn size(fd: impl AsFd) -> Result<Size, SyscallError> {
    let size = rustix::termios::tcgetwinsize(fd).during(|| "ioctl(TIOCGWINSZ)")?;
    Ok(Size { rows: size.ws_row, columns: size.ws_col })
}

/// Sets the window's size; its foreground programs get SIGWINCH.
pub fn set_size(fd: impl AsFd, size: Size) -> Result<(), SyscallError> {
    let size = Winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    rustix::termios::tcsetwinsize(fd, size).during(|| "ioctl(TIOCSWINSZ)")
}

/// A terminal in raw mode; its former mode comes back when this is dropped.
#[derive(Debug)]
pub struct Raw {
    terminal: OwnedFd,
    before: Termios,
}

impl Raw {
    /// Puts the terminal into raw mode: every key is passed on as it is.
    pub fn enter(terminal: impl AsFd) -> Result<Raw, SyscallError> {
        let terminal = terminal.as_fd().try_clone_to_owned().during(|| "dup()")?;
        let before = rustix::termios::tcgetattr(&terminal).during(|| "tcgetattr()")?;
        let mut raw = before.clone();
        raw.make_raw();
        rustix::termios::tcsetattr(&terminal, OptionalActions::Drain, &raw).during(|| "tcsetattr()")?;
        Ok(Raw { terminal, before })
    }

    /// Gives the former mode back; again is harmless.
    pub fn restore(&self) {
        let _ = rustix::termios::tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.restore();
    }
}

/// A new pseudo-terminal: master and slave. `ptmx` is beneath `dir`, which is the devpts that it shall belong to; the
/// slave comes from the master itself (TIOCGPTPEER), so that no name is looked up which could have been replaced.
pub fn open_pair(dir: impl AsFd, ptmx: &CStr) -> Result<(OwnedFd, OwnedFd), SyscallError> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let master =
        rustix::fs::openat(dir, ptmx, flags, Mode::empty()).during(|| format!("openat({ptmx:?})"))?;
    rustix::pty::unlockpt(&master).during(|| "ioctl(TIOCSPTLCK)")?;
    let slave = rustix::pty::ioctl_tiocgptpeer(
        &master,
        OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC,
    )
    .during(|| "ioctl(TIOCGPTPEER)")?;
    Ok((master, slave))
}

/// Makes a terminal the controlling one of this session, which has none.
pub fn set_controlling(terminal: impl AsFd) -> Result<(), SyscallError> {
    // SAFETY: the argument is an integer.
    let answer = unsafe { libc::ioctl(terminal.as_fd().as_raw_fd(), libc::TIOCSCTTY, 0) };
    check(i64::from(answer)).map(drop).during(|| "ioctl(TIOCSCTTY)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fd::open_dir;

    #[test]
    fn a_pair_has_a_size_and_raw_mode_ends() {
        let dir = open_dir("/dev".as_ref()).unwrap();
        let (master, slave) = match open_pair(&dir, c"ptmx") {
            Ok(pair) => pair,
            Err(error) => return eprintln!("skipped: a_pair_has_a_size_and_raw_mode_ends: {error}"),
        };
        let wanted = Size { rows: 50, columns: 132 };
        set_size(&master, wanted).unwrap();
        assert_eq!(size(&slave).unwrap(), wanted);
        assert!(is_terminal(&slave));
        let before = format!("{:?}", rustix::termios::tcgetattr(&slave).unwrap());
        let raw = Raw::enter(&slave).unwrap();
        assert_ne!(format!("{:?}", rustix::termios::tcgetattr(&slave).unwrap()), before);
        drop(raw);
        assert_eq!(format!("{:?}", rustix::termios::tcgetattr(&slave).unwrap()), before);
    }
}
