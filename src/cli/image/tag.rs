//! `coracle tag` and `coracle untag`.

use clap::Args;

use crate::{
    cli::{Run, exit::Exit},
    engine::Engine,
};

#[derive(Debug, Args)]
pub(super) struct Tag {
    #[arg(value_name = "IMAGE")]
    source: String,
    #[arg(value_name = "NAME[:TAG]")]
    target: String,
}

impl Run for Tag {
    fn run(self) -> anyhow::Result<Exit> {
        Engine::open()?.tag(&self.source, &self.target)?;
        Ok(Exit::Success)
    }
}

#[derive(Debug, Args)]
pub(super) struct Untag {
    #[arg(value_name = "IMAGE")]
    image: String,
    /// The names to take away (default all)
    #[arg(value_name = "NAME[:TAG]")]
    names: Vec<String>,
}

impl Run for Untag {
    fn run(self) -> anyhow::Result<Exit> {
        Engine::open()?.untag(&self.image, &self.names)?;
        Ok(Exit::Success)
    }
}
