//! `coracle create`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output},
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
        // docker's: what the options say and cannot be is 125, as a flag that is not there.
        let options = match self.container.into_create_options() {
            Ok(options) => options,
            Err(error) => return error::ends_with(Exit::Engine, error),
        };
        let created = Engine::open()?.create(options)?;
        output::line(created.container.id())?;
        Ok(Exit::Success)
    }
}
