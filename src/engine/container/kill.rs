//! `kill`: a signal to the container's process 1.

use crate::{
    engine::{Engine, Error},
    sys::process,
};

use super::{
    Container,
    stop::{ended_already, settle, wait_for_end},
};

impl Engine {
    /// Sends a signal. `Error::NotRunning`. SIGKILL cannot fail to end the container, so that end is waited for.
    pub fn kill(&self, container: &Container, signal: i32) -> anyhow::Result<()> {
        let process = container
            .running_process()?
            .ok_or_else(|| Error::NotRunning { name: container.name().to_owned() })?;
        process::signal(&process, signal).or_else(ended_already)?;
        if signal == libc::SIGKILL {
            wait_for_end(&process, None)?;
            settle(container)?;
        }
        Ok(())
    }
}
