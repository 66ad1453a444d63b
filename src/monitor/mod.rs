//! The process that lives as long as its container: moves its streams (logs, attached clients), passes signals on,
//! and learns its end. In a foreground `run` it is the command itself; for `-d` and `-t` it is forked off.
//! The caller keeps the records; this knows no store.
//!
//! ```text
//!                        ┌──────────── event_loop ───────────┐
//! program's stdout ──────► output ─┬─► logs                  │
//! program's stderr ──────►         ├─► own: our stdout/stderr│  a foreground `run`
//! (or its terminal)      │         └─► server: clients ──────┼─► `attach`, the front of `run -t`, `wait`
//! program's stdin  ◄─────┼─ input ◄─── own stdin, clients    │
//! pidfd, signals, timers │                                   │
//!                        └───────────────────────────────────┘
//! ```
//!
//! One thread, one poll(2), no buffer that grows without a bound: whoever cannot take more holds back the program,
//! save an attached client, which is let go after ten seconds without progress.

pub mod client;
mod event_loop;
mod input;
pub mod logs;
mod output;
pub(crate) mod own;
pub mod protocol;
mod server;

use std::{os::fd::OwnedFd, path::PathBuf, time::Duration};

use rustix::{event::Timespec, io::Errno, process::Signal};

pub use output::Stream;
pub use server::Listener;

pub use crate::sys::process::End;
use crate::{
    runtime::Started,
    sys::{error::describe, signal},
};

/// A container to look after.
#[derive(Debug)]
pub struct Session {
    pub started: Started,
    /// The container's ends of its pipes, where it has no terminal.
    pub streams: Option<Streams>,
    /// Where the JSON-lines log goes; made at the first output. None for `--log-driver none`.
    pub log: Option<PathBuf>,
    /// Where attach clients come in; None where no socket can be made.
    pub listener: Option<Listener>,
    /// The command's own standard streams are attached (foreground, no terminal).
    pub own: Option<OwnStreams>,
    /// A client that is there from the start: the front of `run -t`.
    pub client: Option<OwnedFd>,
    /// Kill the container after this long (`--timeout`).
    pub timeout: Option<Duration>,
}

/// Our ends of the program's pipes.
#[derive(Debug)]
pub struct Streams {
    /// None without `-i`.
    pub stdin: Option<OwnedFd>,
    pub stdout: OwnedFd,
    pub stderr: OwnedFd,
}

/// What of the command's own streams is attached (`-a`), and whether its signals go to the program.
#[derive(Debug, Clone, Copy)]
pub struct OwnStreams {
    pub stdin: bool,
    pub stdout: bool,
    pub stderr: bool,
    pub proxy_signals: bool,
}

/// A program that has ended, and who is still to be told.
#[derive(Debug)]
pub struct Ended {
    pub end: End,
    server: server::Server,
    /// What of its output could not be written, and why.
    unwritten: Option<(Stream, Errno)>,
}

impl Ended {
    /// Tells the attached and waiting clients the exit code. The caller has kept its records by now (and removed a
    /// container that is not to stay), so that whoever waited finds everything settled. Gives the exit code, too, unless
    /// the command's own output got lost: nobody should take it for complete.
    pub fn announce(self) -> anyhow::Result<u8> {
        let code = self.end.code();
        self.server.announce(code);
        match self.unwritten {
            // No SyscallError: what helps where the state directory's disk is full does not help here.
            Some((stream, errno)) => {
                anyhow::bail!("write the program's {}: {}", stream.name(), describe(errno))
            }
            None => Ok(code),
        }
    }
}

/// Keeps the signals that [`run`] passes on from ending this process, from now on: a caller does so before it starts
/// the program, so that none is lost in between. The program itself must start with an empty mask.
pub fn hold_signals() -> anyhow::Result<()> {
    signal::Mask::block(watched_signals())?;
    Ok(())
}

/// All that are worth passing on. Not those that stop a process (Ctrl-Z stops the command, as that of any other), nor
/// those by which the kernel reports an error.
pub(crate) fn watched_signals() -> impl Iterator<Item = Signal> {
    let named = [
        Signal::HUP,
        Signal::INT,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
        Signal::ALARM,
        Signal::TERM,
        Signal::CONT,
        Signal::WINCH,
        Signal::POWER,
    ];
    // systemd as process 1 is stopped by SIGRTMIN+3.
    named.into_iter().chain((34..=64).filter_map(signal::from_number))
}

/// Looks after a container until its program has ended and its output is passed on.
pub fn run(session: Session) -> anyhow::Result<Ended> {
    event_loop::Monitor::new(session)?.run()
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as _, tv_nsec: duration.subsec_nanos() as _ }
}

#[cfg(test)]
mod tests;
