//! `start`: a container that is there and does not run.

use anyhow::Context;

use crate::{
    engine::{Engine, Error},
    store::lock::Lock,
};

use super::{
    Container,
    run::{Attachment, Outcome},
    status::Patience,
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

/// Takes the container's lock, unless it runs. Readers take the lock for microseconds, and a monitor lets go of it a
/// little after its container has ended.
fn take(container: &Container) -> anyhow::Result<Option<Lock>> {
    let path = container.dir.lock();
    let patience = Patience::start();
    while patience.lasts() {
        if let Some(lock) = Lock::try_exclusive(&path).with_context(|| format!("lock {}", path.display()))? {
            // The monitor was killed and its container lives on: two of it would share one writable layer.
            return Ok(if container.outlived_its_monitor()? { None } else { Some(lock) });
        }
        if container.running_process()?.is_some() {
            return Ok(None);
        }
        patience.pause();
    }
    Err(Error::Invalid(format!(
        "container {} is being started or removed by another command",
        container.name()
    ))
    .into())
}
