//! `coracle create`.

use clap::Args;

use crate::{
    cli::{Run, exit::Exit, output},
    engine::Engine,
};

use super::options::ContainerOptions;

#[derive(Debug, Args)]
pub(super) struct Create {
    #[command(flatten)]
    container: ContainerOptions,
}

impl Run for Create {
    fn run(self) -> anyhow::Result<Exit> {
        let options = self.container.into_create_options()?;
        let created = Engine::open()?.create(options)?;
        output::line(created.container.id())?;
        Ok(Exit::Success)
    }
}
