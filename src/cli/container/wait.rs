//! `coracle wait`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output},
    engine::Engine,
};

#[derive(Debug, Args)]
pub(super) struct Wait {
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Run for Wait {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        error::for_each(&self.containers, |name| {
            let container = engine.find_container(name)?;
            output::line(engine.wait(&container)?)
        })
    }
}
