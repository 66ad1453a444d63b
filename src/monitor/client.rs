//! A client's end of an attach socket.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use super::protocol::{CHUNK, Event, Hello, Request};
use crate::sys::socket;

/// A connection to a container's monitor.
#[derive(Debug)]
pub struct Connection {
    fd: OwnedFd,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
}

/// What a connection gave.
#[derive(Debug, PartialEq, Eq)]
pub enum Received<'a> {
    Event(Event<'a>),
    Nothing,
    /// The monitor is gone, or has let go of us.
    Closed,
}

impl Connection {
    /// Connects to the socket at `path`, for what `hello` says.
    pub fn open(path: &Path, hello: Hello) -> anyhow::Result<Connection> {
        let mut connection = Connection::new(socket::connect_to(path)?);
        connection.send(Request::Hello(hello))?;
        Ok(connection)
    }

    /// Takes the other end of [`super::Session::client`].
    pub fn new(fd: OwnedFd) -> Connection {
        Connection { fd, incoming: Vec::new(), outgoing: Vec::new() }
    }

    /// Sends a message, waiting until the monitor has room for it. A program that does not read its input holds us
    /// back here; [`Connection::has_room`] asks first.
    pub fn send(&mut self, request: Request<'_>) -> Result<(), Errno> {
        request.write(&mut self.outgoing);
        loop {
            match send(&self.fd, &self.outgoing, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => {
                    poll(&mut [PollFd::new(&self.fd, PollFlags::OUT)], None)?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Says whether a message can be sent at once.
    pub fn has_room(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::OUT)];
        let none = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&none)).is_ok_and(|count| count > 0)
    }

    /// Takes a message that has come.
    pub fn receive(&mut self) -> Received<'_> {
        self.incoming.resize(CHUNK + 1, 0);
        match recv(&self.fd, &mut self.incoming[..], RecvFlags::empty()) {
            Ok((0, _)) => Received::Closed,
            Ok((count, _)) => {
                Event::parse(&self.incoming[..count]).map_or(Received::Nothing, Received::Event)
            }
            // CONNRESET comes once, and before what the monitor said last: it ended with something of ours unread.
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNRESET) => Received::Nothing,
            Err(_) => Received::Closed,
        }
    }

    /// Waits for the program's end; None where the monitor has ended without a word.
    pub fn wait_for_exit(&mut self) -> Option<u8> {
        loop {
            match self.receive() {
                Received::Event(Event::Exit(code)) => return Some(code),
                Received::Event(Event::Output(..)) => {}
                Received::Nothing => {
                    let _ = poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], None);
                }
                Received::Closed => return None,
            }
        }
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
