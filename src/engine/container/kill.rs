//! `kill`: a signal to the container's process 1.

use crate::{
    engine::{Engine, Error},
    store::layout::ContainerDir,
    sys::process,
};

use super::{
    Container,
    status::running_process,
    stop::{ended_already, settle, wait_for_end},
};

impl Engine {
    /// Sends a signal. `Error::NotRunning`. SIGKILL cannot fail to end the container, so that end is waited for.
    pub fn kill(&self, container: &Container, signal: i32) -> anyhow::Result<()> {
        match signal_process(&container.dir, signal)? {
            true => Ok(()),
            false => Err(Error::NotRunning { name: container.name().to_owned() }.into()),
        }
    }
}

/// Sends a signal to a container's process 1; SIGKILL's effect is waited for. Gives `false` where nothing runs.
pub(super) fn signal_process(dir: &ContainerDir, signal: i32) -> anyhow::Result<bool> {
    let Some(process) = running_process(dir)? else { return Ok(false) };
    process::signal(&process, signal).or_else(ended_already)?;
    if signal == libc::SIGKILL {
        wait_for_end(&process, None)?;
        settle(dir)?;
    }
    Ok(true)
}
