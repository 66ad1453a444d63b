//! `coracle volume rm`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output},
    engine::Engine,
};

#[derive(Debug, Args)]
pub(super) struct Rm {
    /// Forgive volumes that are not there
    #[arg(short, long)]
    force: bool,
    #[arg(required = true, value_name = "VOLUME")]
    volumes: Vec<String>,
}

impl Run for Rm {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        error::for_each(&self.volumes, |name| {
            engine.remove_volume(name, self.force)?;
            output::line(name)
        })
    }
}
