//! What the parent and the child say to each other, over a pair of sockets that close at exec.
//!
//! ```text
//! parent                                child
//!   clone3 ───────────────────────────►   (an intermediate one first, where namespaces are joined)
//!   │ ◄──────────────────── Pid(n) ────   from an intermediate: the number of the real one
//!   write uid_map, gid_map
//!   │ ──── MapWritten ───────────────►
//!   │ ◄──────────────────── Note ──────   what the user should know
//!   │ ◄──────────────────── Layer ─────   with the mounted writable layer
//!   │ ◄──────────────────── Terminal ──   with the master
//!   │ ◄──────────────────── Ready ─────   everything is set up; the exec of this file comes next
//!   │ ◄──────────────────── (closed) ──   by the exec
//!   │ ◄──────────────────── NotExeced ─   instead of that, by the exec stub (see sys::exec_stub)
//!   │ ◄──────────────────── NoStub ────   or by the child, when even the stub cannot be executed
//!   │ ◄──────────────────── Failed ────   at any time before `Ready`, and nothing after it
//! ```
//!
//! The stub, between its own exec and the program's, could be traced by what runs in the container already, and its end of
//! the channel be taken: what comes after `Ready` is no longer believed to be ours, and only an errno is understood.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use anyhow::Context;
use rustix::io::Errno;

use crate::{
    runtime::{StartError, StartErrorKind},
    sys::{error::SyscallError, exec_stub, fd},
};

/// One end.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What is said.
#[derive(Debug)]
pub(super) enum Message {
    Pid(i32),
    MapWritten,
    Note(String),
    Layer(OwnedFd),
    Terminal(OwnedFd),
    /// The file that is to be executed.
    Ready(String),
    NotExeced(Errno),
    NoStub(Errno),
    Failed(Failure),
}

/// Why the child gave up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: StartErrorKind,
    /// Of the system call that failed, where one did; 0 else.
    pub(super) errno: i32,
    pub(super) message: String,
}

/// As much of a message as fits: errors are cut there.
const MAX: usize = 16 << 10;

impl Channel {
    pub(super) fn pair() -> Result<(Channel, Channel), SyscallError> {
        let (ours, theirs) = fd::message_pair()?;
        Ok((Channel(ours), Channel(theirs)))
    }

    /// Says one thing. An error means that the other side is gone.
    pub(super) fn say(&self, message: &Message) -> Result<(), SyscallError> {
        match message {
            Message::Pid(pid) => fd::send(&self.0, &[b"P", &pid.to_le_bytes()[..]].concat(), None),
            Message::MapWritten => fd::send(&self.0, b"M", None),
            Message::Note(text) => fd::send(&self.0, &[b"N", text.as_bytes()].concat(), None),
            Message::Layer(mount) => fd::send(&self.0, b"L", Some(mount.as_fd())),
            Message::Terminal(master) => fd::send(&self.0, b"T", Some(master.as_fd())),
            Message::Ready(file) => fd::send(&self.0, &[b"R", file.as_bytes()].concat(), None),
            Message::NotExeced(errno) => fd::send(&self.0, &with_errno(exec_stub::FAILED, *errno), None),
            Message::NoStub(errno) => fd::send(&self.0, &with_errno(b'S', *errno), None),
            Message::Failed(failure) => fd::send(&self.0, &failure.encode(), None),
        }
    }

    /// Hears one thing; `None` when the other side is closed.
    pub(super) fn hear(&self) -> anyhow::Result<Option<Message>> {
        let mut buffer = vec![0; MAX];
        let (length, descriptor) = fd::receive(&self.0, &mut buffer)?;
        let Some((kind, rest)) = buffer[..length].split_first() else { return Ok(None) };
        let text = || String::from_utf8_lossy(rest).into_owned();
        let message = match (kind, descriptor) {
            (b'P', _) => Message::Pid(i32::from_le_bytes(rest.try_into().context("read a pid")?)),
            (b'M', _) => Message::MapWritten,
            (b'N', _) => Message::Note(text()),
            (b'L', Some(mount)) => Message::Layer(mount),
            (b'T', Some(master)) => Message::Terminal(master),
            (b'R', _) => Message::Ready(text()),
            (&exec_stub::FAILED, _) => Message::NotExeced(errno(rest)?),
            (b'S', _) => Message::NoStub(errno(rest)?),
            (b'E', _) => Message::Failed(Failure::decode(rest).context("read an error")?),
            _ => anyhow::bail!("unknown message {kind} in the handshake"),
        };
        Ok(Some(message))
    }
}

fn with_errno(kind: u8, errno: Errno) -> Vec<u8> {
    [&[kind], &errno.raw_os_error().to_ne_bytes()[..]].concat()
}

fn errno(bytes: &[u8]) -> anyhow::Result<Errno> {
    let number = i32::from_ne_bytes(bytes.try_into().context("read an errno")?);
    Ok(Errno::from_raw_os_error(if (1..4096).contains(&number) { number } else { libc::EIO }))
}

impl Failure {
    /// What an error means to the parent: the kind where the error says one, the errno of its innermost system call.
    pub(super) fn of(error: &anyhow::Error) -> Failure {
        let start = error.chain().find_map(|cause| cause.downcast_ref::<StartError>());
        let errno = |cause: &(dyn std::error::Error + 'static)| {
            let call = cause.downcast_ref::<SyscallError>().map(|error| error.errno.raw_os_error());
            call.or_else(|| cause.downcast_ref::<std::io::Error>()?.raw_os_error())
        };
        Failure {
            kind: start.map_or(StartErrorKind::Setup, |start| start.kind),
            errno: error.chain().find_map(errno).unwrap_or(0),
            message: format!("{error:#}"),
        }
    }

    fn encode(&self) -> Vec<u8> {
        let kind = match self.kind {
            StartErrorKind::Setup => b'S',
            StartErrorKind::MapRefused => b'M',
            StartErrorKind::NotExecutable => b'X',
            StartErrorKind::NotFound => b'N',
        };
        let mut bytes = vec![b'E', kind];
        bytes.extend(self.errno.to_le_bytes());
        bytes.extend(self.message.as_bytes());
        bytes.truncate(MAX);
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Failure> {
        let (kind, rest) = bytes.split_first()?;
        let (errno, message) = rest.split_first_chunk()?;
        let kind = match kind {
            b'M' => StartErrorKind::MapRefused,
            b'X' => StartErrorKind::NotExecutable,
            b'N' => StartErrorKind::NotFound,
            _ => StartErrorKind::Setup,
        };
        let message = String::from_utf8_lossy(message).into_owned();
        Some(Failure { kind, errno: i32::from_le_bytes(*errno), message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_arrives_with_its_kind_errno_and_chain() {
        let (ours, theirs) = Channel::pair().unwrap();
        let error =
            anyhow::Error::from(SyscallError::new("mount(\"proc\")", Errno::PERM)).context("mount /proc");
        theirs.say(&Message::Failed(Failure::of(&error))).unwrap();
        drop(theirs);
        let Some(Message::Failed(failure)) = ours.hear().unwrap() else { panic!("no failure") };
        assert_eq!(failure.kind, StartErrorKind::Setup);
        assert_eq!(failure.errno, libc::EPERM);
        assert_eq!(failure.message, "mount /proc: mount(\"proc\"): Operation not permitted");
        assert!(ours.hear().unwrap().is_none());
    }

    #[test]
    fn an_errno_is_an_errno_whatever_is_said() {
        let (ours, theirs) = Channel::pair().unwrap();
        for (said, heard) in [(Errno::NOEXEC, Errno::NOEXEC), (Errno::NOENT, Errno::NOENT)] {
            theirs.say(&Message::NotExeced(said)).unwrap();
            assert!(matches!(ours.hear().unwrap(), Some(Message::NotExeced(errno)) if errno == heard));
        }
        for number in [0, -1, 4096, i32::MIN] {
            fd::send(&theirs.0, &[&[exec_stub::FAILED], &number.to_ne_bytes()[..]].concat(), None).unwrap();
            assert!(matches!(ours.hear().unwrap(), Some(Message::NotExeced(Errno::IO))), "{number}");
        }
        fd::send(&theirs.0, b"Xlong and wrong", None).unwrap();
        assert!(ours.hear().is_err());
    }

    #[test]
    fn kinds_survive() {
        for kind in [
            StartErrorKind::Setup,
            StartErrorKind::MapRefused,
            StartErrorKind::NotExecutable,
            StartErrorKind::NotFound,
        ] {
            let failure = Failure { kind, errno: 0, message: "x".to_owned() };
            assert_eq!(Failure::decode(&failure.encode()[1..]), Some(failure));
        }
    }
}
