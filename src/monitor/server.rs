//! The attach server: whoever of this user connects to the container's socket gets its output from then on, and may
//! write to its input.

use std::{
    collections::VecDeque,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rustix::{
    io::Errno,
    net::{RecvFlags, SendFlags, recv, send},
};

use super::{
    Stream,
    protocol::{Event, Request},
};
use crate::sys::socket;

/// How much output waits for a client, before the program has to.
const QUEUE: usize = 1 << 20;

/// How long the program waits for a client that takes nothing, before it is let go.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than these are not let in.
const CLIENTS: usize = 100;

/// A container's listening socket. The file goes with it; losing the file earlier loses nothing but `attach`.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    path: PathBuf,
}

impl Listener {
    /// Makes the socket, and its directory. The caller does so before it says that the container runs, so that whoever
    /// hears it can attach.
    pub fn bind(path: &Path) -> anyhow::Result<Listener> {
        let listener = socket::listen_at(path).or_else(|error| {
            if error.errno != Errno::NOENT {
                return Err(anyhow::Error::from(error));
            }
            make_directory(path)?;
            Ok(socket::listen_at(path)?)
        });
        let fd = listener.context("make the socket for attach")?;
        Ok(Listener { fd, path: path.to_owned() })
    }
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let directory = path.parent().context("find the directory of the socket")?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    Ok(())
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The socket and those who came through it.
#[derive(Debug)]
pub(super) struct Server {
    listener: Option<Listener>,
    pub(super) clients: Vec<Client>,
    next: u32,
}

/// Somebody who is attached, or waits for the end.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: u32,
    fd: OwnedFd,
    wants_output: bool,
    /// There from the start: the end of its input is that of the program's, and it may take its time like the
    /// terminal that it stands for.
    pub(super) is_owner: bool,
    queue: VecDeque<Vec<u8>>,
    queued: usize,
    /// Since when the program waits for it.
    stalled: Option<Instant>,
}

impl Server {
    pub(super) fn new(listener: Option<Listener>, owner: Option<OwnedFd>) -> Server {
        let mut server = Server { listener, clients: Vec::new(), next: 0 };
        if let Some(fd) = owner {
            server.add(fd, true);
        }
        server
    }

    fn add(&mut self, fd: OwnedFd, is_owner: bool) {
        let (id, queue) = (self.next, VecDeque::new());
        self.next += 1;
        self.clients.push(Client {
            id,
            fd,
            wants_output: is_owner,
            is_owner,
            queue,
            queued: 0,
            stalled: None,
        });
    }

    /// What is polled for new clients.
    pub(super) fn listening(&self) -> Option<BorrowedFd<'_>> {
        let has_room = self.clients.len() < CLIENTS;
        self.listener.as_ref().filter(|_| has_room).map(|listener| listener.fd.as_fd())
    }

    /// Lets waiting clients in.
    pub(super) fn accept(&mut self) {
        let Some(listener) = &self.listener else { return };
        if let Ok(Some(fd)) = socket::accept_own(&listener.fd) {
            self.add(fd, false);
        }
    }

    pub(super) fn client(&mut self, id: u32) -> Option<&mut Client> {
        self.clients.iter_mut().find(|client| client.id == id)
    }

    pub(super) fn drop_client(&mut self, id: u32) {
        self.clients.retain(|client| client.id != id);
    }

    /// Gives output to whoever wants it.
    pub(super) fn output(&mut self, stream: Stream, bytes: &[u8]) {
        if self.clients.iter().any(|client| client.wants_output) {
            let mut message = Vec::with_capacity(bytes.len() + 1);
            Event::Output(stream, bytes).write(&mut message);
            self.clients.retain_mut(|client| !client.wants_output || client.send(&message).is_ok());
        }
    }

    /// Says whether somebody gets the program's output.
    pub(super) fn has_audience(&self) -> bool {
        self.clients.iter().any(|client| client.wants_output)
    }

    /// Says whether the program has to wait for a client.
    pub(super) fn holds_back(&self) -> bool {
        self.clients.iter().any(|client| client.queued >= QUEUE)
    }

    /// Says whether output waits for a client.
    pub(super) fn is_waiting(&self) -> bool {
        self.clients.iter().any(Client::is_waiting)
    }

    /// The program has ended: what waits for a client now holds us back, not the program.
    pub(super) fn finish(&mut self, now: Instant) {
        for client in self.clients.iter_mut().filter(|client| client.is_waiting()) {
            client.stalled.get_or_insert(now);
        }
    }

    /// When somebody's patience ends.
    pub(super) fn due(&self) -> Option<Instant> {
        let stalled =
            self.clients.iter().filter(|client| !client.is_owner).filter_map(|client| client.stalled);
        stalled.min().map(|since| since + PATIENCE)
    }

    /// Lets go of those who have held the program back for too long.
    pub(super) fn keep_time(&mut self, now: Instant) {
        self.clients.retain(|client| {
            client.is_owner || client.stalled.is_none_or(|since| now.duration_since(since) < PATIENCE)
        });
    }

    /// Tells everybody the exit code, also those who have come since.
    pub(super) fn announce(mut self, code: u8) {
        let mut count = self.clients.len();
        loop {
            self.accept();
            if self.clients.len() == count {
                break;
            }
            count = self.clients.len();
        }
        let mut message = Vec::new();
        Event::Exit(code).write(&mut message);
        for client in &mut self.clients {
            let _ = client.send(&message);
        }
    }
}

impl Client {
    pub(super) fn is_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Sends what it can and keeps the rest.
    fn send(&mut self, message: &[u8]) -> Result<(), Errno> {
        if !self.is_waiting() && self.try_send(message)? {
            return Ok(());
        }
        self.queued += message.len();
        self.queue.push_back(message.to_owned());
        if self.queued >= QUEUE {
            self.stalled.get_or_insert_with(Instant::now);
        }
        Ok(())
    }

    /// Goes on with what waits.
    pub(super) fn flush(&mut self) -> Result<(), Errno> {
        while let Some(message) = self.queue.front() {
            if !self.try_send(message)? {
                return Ok(());
            }
            self.queued -= message.len();
            self.queue.pop_front();
            // It has made progress: its time begins anew, if it is still needed.
            self.stalled = self.stalled.map(|_| Instant::now());
            if self.queued < QUEUE {
                self.stalled = None;
            }
        }
        Ok(())
    }

    fn try_send(&self, message: &[u8]) -> Result<bool, Errno> {
        loop {
            match send(&self.fd, message, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(true),
                Err(Errno::AGAIN | Errno::NOBUFS) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes a message; `Err` when it has gone.
    pub(super) fn receive<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Option<Request<'a>>, Errno> {
        let count = match recv(&self.fd, &mut *buffer, RecvFlags::empty()) {
            Ok((0, _)) => return Err(Errno::PIPE),
            Ok((count, _)) => count,
            // CONNRESET comes once, and before what the client said last: it left something of ours unread.
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNRESET) => return Ok(None),
            Err(error) => return Err(error),
        };
        let request = Request::parse(&buffer[..count]);
        if let Some(Request::Hello(hello)) = request {
            self.wants_output = hello.output;
        }
        Ok(request)
    }
}

impl AsFd for Client {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
