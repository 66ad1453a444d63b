//! The process that lives as long as its container: moves its streams (logs, attached clients), passes signals on,
//! and learns its end. In a foreground `run` it is the command itself; for `-d` and `-t` it is forked off.
//! The caller keeps the records; this knows no store.

use std::{os::fd::OwnedFd, path::PathBuf, time::Duration};

use crate::runtime::Started;

/// A container to look after.
#[derive(Debug)]
pub struct Session {
    pub started: Started,
    /// The container's ends of its pipes, where it has no terminal.
    pub streams: Option<Streams>,
    /// Where the JSON-lines log goes; made at the first output. None for `--log-driver none`.
    pub log: Option<PathBuf>,
    /// The socket for attach clients; None where none can be made.
    pub socket: Option<PathBuf>,
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

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(u8),
    Signalled(u8),
}

impl End {
    /// docker's exit code: the program's, or 128 and the signal.
    pub fn code(self) -> u8 {
        match self {
            End::Exited(code) => code,
            End::Signalled(signal) => 128u8.wrapping_add(signal),
        }
    }
}

/// Looks after a container until its program has ended and its output is passed on.
pub fn run(_session: Session) -> anyhow::Result<End> {
    unimplemented!()
}
