//! The program's standard input: a pipe or its terminal, and what waits to be written there. At most one chunk waits:
//! whoever feeds it is only read when it is empty.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, write};

/// The way to the program's standard input; closed when it has ended or the program takes no more.
#[derive(Debug)]
pub(super) struct Input {
    fd: Option<OwnedFd>,
    pending: Vec<u8>,
    written: usize,
    closing: bool,
}

impl Input {
    pub(super) fn new(fd: Option<OwnedFd>) -> Input {
        Input { fd, pending: Vec::new(), written: 0, closing: false }
    }

    /// Says whether more bytes may be given.
    pub(super) fn has_room(&self) -> bool {
        self.fd.is_some() && self.pending.is_empty() && !self.closing
    }

    pub(super) fn is_open(&self) -> bool {
        self.fd.is_some()
    }

    /// What is to be polled for room, if anything waits.
    pub(super) fn waiting(&self) -> Option<BorrowedFd<'_>> {
        let waits = !self.pending.is_empty();
        self.fd.as_ref().filter(|_| waits).map(AsFd::as_fd)
    }

    pub(super) fn put(&mut self, bytes: &[u8]) {
        if self.fd.is_some() && !self.closing {
            self.pending.extend_from_slice(bytes);
            self.flush();
        }
    }

    /// Closes it when all is written.
    pub(super) fn close(&mut self) {
        self.closing = true;
        self.flush();
    }

    pub(super) fn flush(&mut self) {
        let Some(fd) = &self.fd else { return };
        while self.written < self.pending.len() {
            match write(fd, &self.pending[self.written..]) {
                Ok(count) => self.written += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // EPIPE: the program has closed its standard input. It may; what was meant for it is void.
                Err(_) => {
                    self.closing = true;
                    break;
                }
            }
        }
        self.pending.clear();
        self.written = 0;
        if self.closing {
            self.fd = None;
        }
    }
}
