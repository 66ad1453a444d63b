//! `wait`: until a container has ended, and what with.

use std::{
    fs::File,
    io::{self, Read},
};

use anyhow::Context;

use crate::engine::Engine;

use super::{Container, status::KILLED};

impl Engine {
    /// Waits until the container does not run and gives its exit code. The monitor leaves the code in the lock's file,
    /// which is open here by then: a container that is removed at its end has one as well.
    pub fn wait(&self, container: &Container) -> anyhow::Result<i32> {
        let path = container.dir.lock();
        let mut lock = match File::open(&path) {
            Ok(lock) => lock,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(container.state()?.exit_code),
            Err(error) => return Err(error).with_context(|| format!("open {}", path.display())),
        };
        let state = container.state()?;
        if !state.status.is_running() {
            return Ok(state.exit_code);
        }
        lock.lock_shared().with_context(|| format!("wait for the lock {}", path.display()))?;
        if let Some(process) = state.process.as_ref().and_then(|process| process.open()) {
            // The monitor was killed; its container goes with it, soon.
            super::stop::wait_for_end(&process, None)?;
        }
        let mut code = String::new();
        lock.read_to_string(&mut code).with_context(|| format!("read {}", path.display()))?;
        Ok(code.trim().parse().unwrap_or(KILLED))
    }
}
