//! The program's output: its two pipes, or its terminal.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::{
    io::{Errno, ioctl_fionread, read},
    pipe::fcntl_getpipe_size,
};

/// Which of its streams a program wrote to. A terminal's output counts as standard output, as docker has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    /// Its name in the log.
    pub(super) fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// The reading end of a program's stream.
#[derive(Debug)]
pub(super) struct Source {
    fd: OwnedFd,
    pub(super) stream: Stream,
    /// How many bytes are still taken, once the program has ended (others may hold the pipe open for ever) or nobody
    /// wants its output any more.
    left: Option<usize>,
    is_unwanted: bool,
}

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    Bytes(usize),
    Nothing,
    /// No more will come.
    End,
    /// More was written than there was when it was forsaken.
    Unwanted(usize),
}

impl Source {
    pub(super) fn new(fd: OwnedFd, stream: Stream) -> Source {
        Source { fd, stream, left: None, is_unwanted: false }
    }

    /// The program has ended: takes what the pipe holds by now and no more. As a rule its end is that of all its
    /// children, and of the stream; with the host's process ids some may live on.
    pub(super) fn finish(&mut self) {
        self.left = Some(self.held());
        self.is_unwanted = false;
    }

    /// Nobody wants it any more. What the pipe holds was written before anybody could know; the program's next write
    /// after that is the one that should fail.
    pub(super) fn forsake(&mut self) {
        if !self.is_unwanted {
            self.is_unwanted = true;
            self.left = Some(self.held());
        }
    }

    fn held(&self) -> usize {
        match fcntl_getpipe_size(&self.fd) {
            Ok(_) => ioctl_fionread(&self.fd).map_or(0, |held| held as usize),
            // A terminal does not count what is still on its way from the slave, but it holds some pages at most.
            Err(_) => 1 << 20,
        }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Got {
        match read(&self.fd, buffer) {
            Ok(0) => Got::End,
            Ok(count) => {
                let is_more = self.left.is_some_and(|left| count > left);
                self.left = self.left.map(|left| left.saturating_sub(count));
                if is_more && self.is_unwanted { Got::Unwanted(count) } else { Got::Bytes(count) }
            }
            Err(Errno::INTR) => Got::Nothing,
            Err(Errno::AGAIN) if self.left.is_none() || self.is_unwanted => Got::Nothing,
            // EIO: every descriptor of the terminal is closed.
            Err(_) => Got::End,
        }
    }

    /// Says whether an ended program's output has all been taken.
    pub(super) fn is_drained(&self) -> bool {
        self.left == Some(0) && !self.is_unwanted
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
