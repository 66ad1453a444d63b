//! `logs`: what a container's program wrote, so far or on and on.

use std::{
    io::{PipeReader, pipe},
    os::fd::{AsFd as _, BorrowedFd},
    thread,
};

use anyhow::Context as _;

use crate::{
    base::time::Time,
    engine::Engine,
    monitor::logs::{self, Query, Receiver},
    store::lock::Lock,
};

use super::Container;

/// Which part of the log is wanted.
#[derive(Debug, Default)]
pub struct LogsOptions {
    /// Goes on until the container stops.
    pub follow: bool,
    /// How many of the last lines; None for all.
    pub tail: Option<u64>,
    pub since: Option<Time>,
    pub until: Option<Time>,
}

impl Engine {
    /// Gives the container's log to `receiver`. Following ends early when `reader` hangs up.
    pub fn logs(
        &self,
        container: &Container,
        options: &LogsOptions,
        reader: Option<BorrowedFd<'_>>,
        receiver: &mut dyn Receiver,
    ) -> anyhow::Result<()> {
        let ended = options.follow.then(|| watch_end(container)).transpose()?;
        let query = Query {
            tail: options.tail,
            since: options.since,
            until: options.until,
            follow_until: ended.as_ref().map(|ended| ended.as_fd()),
            reader,
        };
        logs::read(&container.dir.log(), &query, receiver)
            .with_context(|| format!("read the log of container {}", container.name()))
    }
}

/// Gives a pipe that hangs up when the container's monitor has ended. A lock cannot be polled, so a thread waits for
/// it; the attach socket, which could be, may have been lost.
fn watch_end(container: &Container) -> anyhow::Result<PipeReader> {
    let (ended, running) = pipe().context("make a pipe")?;
    let lock = container.dir.lock();
    thread::Builder::new()
        .stack_size(64 << 10)
        .spawn(move || {
            // An error is an end, too: better than to wait for ever.
            let _ = Lock::wait_free(&lock);
            drop(running);
        })
        .context("start a thread")?;
    Ok(ended)
}
