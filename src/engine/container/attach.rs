//! `attach`: to the streams of a container that runs.

use anyhow::Context as _;

use crate::{
    engine::{Engine, Error},
    monitor::{client::Connection, protocol::Hello},
};

use super::Container;

impl Engine {
    /// Connects to the container's monitor: its output from now on, and its input. `Error::NotRunning`.
    pub fn attach(&self, container: &Container) -> anyhow::Result<Connection> {
        if !container.state()?.status.is_running() {
            return Err(Error::NotRunning { name: container.name().to_owned() }.into());
        }
        let path = self.layout.attach_socket(container.id());
        Connection::open(&path, Hello { output: true })
            .with_context(|| format!("attach to container {}", container.name()))
    }
}
