//! `restart`: `stop` and `start`.

use anyhow::ensure;

use crate::engine::{Engine, Error};

use super::{Container, run::Attachment, stop::StopOptions};

impl Engine {
    /// Stops the container if it runs, and starts it.
    pub fn restart(&self, container: Container, options: StopOptions) -> anyhow::Result<()> {
        // Its monitor removes it at its end, with all that is in it, before it could be started again.
        ensure!(
            !(container.config.lifecycle.auto_remove && container.state()?.status.is_running()),
            Error::Invalid(format!(
                "container {} cannot be restarted: it is removed when it stops (--rm)",
                container.name()
            ))
        );
        self.stop(&container, options)?;
        self.start(container, Attachment::None).map(drop)
    }
}
