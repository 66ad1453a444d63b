//! `restart`: `stop` and `start`.

use crate::engine::Engine;

use super::{Container, run::Attachment, stop::StopOptions};

impl Engine {
    /// Stops the container if it runs, and starts it.
    pub fn restart(&self, container: Container, options: StopOptions) -> anyhow::Result<()> {
        self.stop(&container, options)?;
        self.start(container, Attachment::None).map(drop)
    }
}
