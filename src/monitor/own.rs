//! The command's own standard streams, in a foreground `run`.
//!
//! Their open file descriptions are shared with the shell and with whatever else writes to the terminal, so
//! O_NONBLOCK is never set on them. A pipe or terminal is opened again through /proc, which gives a description of our
//! own; where that is refused (a terminal of another user, after su), writes are kept small enough to fit when poll(2)
//! says that there is room.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    fs::{FileType, Mode, OFlags, fstat},
    io::{Errno, fcntl_dupfd_cloexec, read, write},
    net::{SendFlags, send},
    pipe::PIPE_BUF,
    termios::isatty,
};

/// How a descriptor is written without being held up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is ours alone and does not block.
    NonBlocking,
    Socket,
    /// Small pieces, each when poll says so.
    Small,
    /// It never blocks for long: a file.
    File,
}

/// Opens what `fd` refers to once more, non-blocking, where that is the same thing: pipes and terminals.
fn open_again(fd: BorrowedFd<'_>, access: OFlags) -> (Option<OwnedFd>, Way) {
    let Ok(stat) = fstat(fd) else { return (None, Way::Small) };
    let way = match FileType::from_raw_mode(stat.st_mode) {
        FileType::Fifo => Way::NonBlocking,
        FileType::CharacterDevice if isatty(fd) => Way::NonBlocking,
        FileType::Socket => return (None, Way::Socket),
        _ => return (None, Way::File),
    };
    let flags = access | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&fd));
    match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(own) => (Some(own), way),
        Err(_) => (None, Way::Small),
    }
}

/// Our standard output or error: what could not be written yet waits here, and the program waits for it.
#[derive(Debug)]
pub(crate) struct Sink {
    fd: OwnedFd,
    way: Way,
    pending: Vec<u8>,
    written: usize,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    All,
    /// The rest waits for [`Sink::flush`].
    Waiting,
    /// Nobody reads it any more.
    Broken,
}

impl Sink {
    pub(crate) fn open(fd: BorrowedFd<'_>) -> Result<Sink, Errno> {
        let (again, way) = open_again(fd, OFlags::WRONLY);
        let fd = match again {
            Some(fd) => fd,
            None => fcntl_dupfd_cloexec(fd, 3)?,
        };
        Ok(Sink { fd, way, pending: Vec::new(), written: 0 })
    }

    pub(crate) fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Writes what it can and keeps the rest.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> Result<Written, Errno> {
        let done = if self.is_waiting() { 0 } else { self.write(bytes)? };
        self.pending.extend_from_slice(&bytes[done..]);
        Ok(if self.is_waiting() { Written::Waiting } else { Written::All })
    }

    /// Goes on with what waits.
    pub(crate) fn flush(&mut self) -> Result<Written, Errno> {
        let pending = std::mem::take(&mut self.pending);
        self.written += self.write(&pending[self.written..])?;
        if self.written < pending.len() {
            self.pending = pending;
            return Ok(Written::Waiting);
        }
        self.written = 0;
        Ok(Written::All)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut done = 0;
        while done < bytes.len() {
            let rest = &bytes[done..];
            let result = match self.way {
                Way::NonBlocking | Way::File => write(&self.fd, rest),
                Way::Socket => send(&self.fd, rest, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
                Way::Small => write(&self.fd, &rest[..rest.len().min(PIPE_BUF)]),
            };
            match result {
                Ok(count) => done += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error),
            }
            if self.way == Way::Small {
                break;
            }
        }
        Ok(done)
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Our standard input.
#[derive(Debug)]
pub(crate) struct Feed {
    fd: OwnedFd,
    /// The description that we were given, to poll: a FIFO that is opened again after its last writer has left does not
    /// say that it is at its end.
    given: OwnedFd,
}

/// What our standard input held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fed {
    Bytes(usize),
    Nothing,
    End,
}

impl Feed {
    pub(crate) fn open(fd: BorrowedFd<'_>) -> Result<Feed, Errno> {
        let given = fcntl_dupfd_cloexec(fd, 3)?;
        let fd = match open_again(fd, OFlags::RDONLY).0 {
            Some(fd) => fd,
            None => fcntl_dupfd_cloexec(fd, 3)?,
        };
        Ok(Feed { fd, given })
    }

    /// Reads once; poll(2) has said that there is something.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Fed {
        match read(&self.fd, buffer) {
            Ok(0) => Fed::End,
            Ok(count) => Fed::Bytes(count),
            Err(Errno::AGAIN | Errno::INTR) => Fed::Nothing,
            // EIO: the terminal is gone, or we are in its background and nobody could stop us. EISDIR, ENXIO …: the
            // shell gave us something that cannot be read. To the program all of these are the end of its input.
            Err(_) => Fed::End,
        }
    }
}

impl AsFd for Feed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.given.as_fd()
    }
}
