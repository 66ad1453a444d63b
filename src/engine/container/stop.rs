//! `stop`: the stop signal, time to act on it, SIGKILL.

use std::{os::fd::AsFd, time::Duration};

use anyhow::Context;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
};

use crate::{
    base::signal,
    engine::Engine,
    store::{layout::ContainerDir, lock::Lock},
    sys::process,
};

use super::{
    Container,
    status::{Patience, running_process},
};

/// docker's, in seconds.
const DEFAULT_TIMEOUT: i64 = 10;

/// What `stop` and `restart` are told.
#[derive(Debug, Clone, Copy, Default)]
pub struct StopOptions {
    /// Instead of the container's own.
    pub signal: Option<i32>,
    /// Seconds to wait before SIGKILL, instead of the container's own; negative for as long as it takes.
    pub timeout: Option<i64>,
}

impl Engine {
    /// Stops a container and returns when its records say so. One that does not run is left alone.
    pub fn stop(&self, container: &Container, options: StopOptions) -> anyhow::Result<()> {
        let Some(process) = container.running_process()? else {
            // It may be about to end by itself.
            return if container.state()?.status.is_running() { settle(&container.dir) } else { Ok(()) };
        };
        let lifecycle = &container.config.lifecycle;
        let signal = match options.signal {
            Some(signal) => signal,
            None => stop_signal(&lifecycle.stop_signal)?,
        };
        process::signal(&process, signal).or_else(ended_already)?;
        let seconds = options.timeout.or(lifecycle.stop_timeout).unwrap_or(DEFAULT_TIMEOUT);
        let patience = u64::try_from(seconds).ok().map(Duration::from_secs);
        if !wait_for_end(&process, patience)? {
            process::signal(&process, libc::SIGKILL).or_else(ended_already)?;
            wait_for_end(&process, None)?;
        }
        settle(&container.dir)
    }
}

/// The signal that asks a container's program to end.
pub(super) fn stop_signal(name: &str) -> anyhow::Result<i32> {
    if name.is_empty() {
        return Ok(libc::SIGTERM);
    }
    signal::parse(name).map_err(anyhow::Error::msg).context("read the container's stop signal")
}

/// Waits until the monitor of a process that has ended has written that down and let go of the container. Another
/// command may have started it again by then: its lock is held as long as that runs.
pub(super) fn settle(dir: &ContainerDir) -> anyhow::Result<()> {
    let path = dir.lock();
    let patience = Patience::start();
    while Lock::is_held(&path).with_context(|| format!("look at the lock {}", path.display()))?
        && running_process(dir)?.is_none()
    {
        patience.pause();
    }
    Ok(())
}

/// Waits for a process's end; says whether it came in time. Without `patience` it is waited for.
pub(super) fn wait_for_end(process: impl AsFd, patience: Option<Duration>) -> anyhow::Result<bool> {
    let process = process.as_fd();
    let time = patience.map(|time| Timespec { tv_sec: time.as_secs() as i64, tv_nsec: 0 });
    loop {
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], time.as_ref()) {
            Ok(count) => return Ok(count > 0),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno).context("wait for the container's end"),
        }
    }
}

/// A process that has ended cannot be signalled, and need not be.
pub(super) fn ended_already(error: crate::sys::error::SyscallError) -> anyhow::Result<()> {
    if error.errno == Errno::SRCH { Ok(()) } else { Err(error.into()) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, engine, put, set_running};
    use super::*;

    #[test]
    fn one_that_runs_again_is_not_waited_for() {
        let (_dir, engine) = engine();
        let again = put(&engine, config(1, "again"));
        set_running(&again, true);
        let _lock = Lock::exclusive(&again.dir.lock()).unwrap();
        settle(&again.dir).unwrap();
        let gone = put(&engine, config(2, "gone"));
        settle(&gone.dir).unwrap();
    }
}
