//! `run`: `create` and `start` in one, with the image and the lock kept in between.

use std::os::fd::OwnedFd;

use crate::{engine::Engine, monitor::OwnStreams, sys::tty::Size};

pub use super::launch::Ended;
use super::{Container, create::CreateOptions};

/// What of the container the caller wants to hear and say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attachment {
    /// Nothing (`-d`).
    None,
    /// The caller's own streams, with this process as the monitor.
    Streams { stdin: bool, stdout: bool, stderr: bool },
    /// A client socket, for a terminal or a caller whose signals are not the program's. The program's terminal has the
    /// caller's size from the start: most programs ask but once.
    Client { size: Option<Size> },
}

/// What a start came to.
#[derive(Debug)]
pub enum Outcome {
    /// It runs, and nobody of us is attached.
    Detached,
    /// It has ended.
    Ended(Ended),
    /// It runs; the socket leads to its monitor.
    Attached { client: OwnedFd, container: Box<Container> },
}

impl Engine {
    /// Makes a container and starts it. `created` hears of it before the program runs. A container that is to be removed
    /// at its end is removed when it cannot be started, too.
    pub fn run(
        &self,
        options: CreateOptions,
        attachment: Attachment,
        created: impl FnOnce(&Container),
    ) -> anyhow::Result<Outcome> {
        let made = self.create(options)?;
        created(&made.container);
        let container = made.container.clone();
        match self.prepare(made.container, made.lock, made.image) {
            Ok(ready) => ready.go(attachment),
            Err(error) if container.config.lifecycle.auto_remove => {
                Err(match self.delete_container(&container, true) {
                    Ok(()) => error,
                    Err(second) => error.context(format!("{second:#}; before that")),
                })
            }
            Err(error) => Err(error),
        }
    }
}

impl super::launch::Ready<'_> {
    /// Starts the container as the caller wants to be attached to it.
    pub(super) fn go(mut self, attachment: Attachment) -> anyhow::Result<Outcome> {
        let container = self.container().clone();
        match attachment {
            Attachment::None => self.background(false).map(|_| Outcome::Detached),
            Attachment::Streams { stdin, stdout, stderr } => {
                let own = OwnStreams { stdin, stdout, stderr, proxy_signals: true };
                self.foreground(own).map(Outcome::Ended)
            }
            Attachment::Client { size } => {
                self.set_terminal_size(size);
                let client = self.background(true)?.expect("a client was asked for");
                Ok(Outcome::Attached { client, container: Box::new(container) })
            }
        }
    }
}
