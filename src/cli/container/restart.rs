//! `coracle restart`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output},
    engine::Engine,
};

use super::stop::StopFlags;

#[derive(Debug, Args)]
pub(super) struct Restart {
    #[command(flatten)]
    how: StopFlags,
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Run for Restart {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?.telling(error::note);
        error::for_each(&self.containers, |name| {
            engine.restart(engine.find_container(name)?, self.how.options())?;
            output::line(name)
        })
    }
}
