//! `start`: a container that is there and does not run.

use std::time::Duration;

use anyhow::Context;

use crate::{
    engine::{Engine, Error},
    store::lock::Lock,
};

use super::{
    Container,
    run::{Attachment, Outcome},
};

impl Engine {
    /// Starts a container. One that runs is left alone, as docker does: the outcome is `None`.
    pub fn start(&self, container: Container, attachment: Attachment) -> anyhow::Result<Option<Outcome>> {
        let Some(lock) = take(&container)? else { return Ok(None) };
        // Read again: what was read without the lock may have been renamed or removed since.
        let container = self
            .container(container.id())?
            .ok_or_else(|| Error::NoSuch { kind: "container", name: container.id().to_string() })?;
        self.prepare(container, lock, None)?.go(attachment).map(Some)
    }
}

/// Takes the container's lock, unless it runs. Readers take the lock for microseconds, and a monitor that has ended
/// lets go of it a little after it has written so.
fn take(container: &Container) -> anyhow::Result<Option<Lock>> {
    for attempt in 0..ATTEMPTS {
        let path = container.dir.lock();
        if let Some(lock) = Lock::try_exclusive(&path).with_context(|| format!("lock {}", path.display()))? {
            // The monitor was killed and its container lives on: two of it would share one writable layer.
            return Ok(if container.outlived_its_monitor()? { None } else { Some(lock) });
        }
        if attempt > 2 && container.state()?.status.is_running() {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Err(Error::Invalid(format!(
        "container {} is being started or removed by another command",
        container.name()
    ))
    .into())
}

const ATTEMPTS: u32 = 250;
