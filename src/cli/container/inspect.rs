//! `coracle container inspect`. `coracle inspect` is in `cli/inspect.rs`.

use clap::Args;

use crate::{
    cli::{
        Run, error,
        exit::Exit,
        output::{Format, document},
    },
    engine::Engine,
};

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Print with a template, or as json
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Measure the containers' files as well
    #[arg(short, long)]
    size: bool,
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Run for Inspect {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let mut documents = Vec::new();
        let exit = error::for_each(&self.containers, |name| {
            documents.push(engine.inspect_container(&engine.find_container(name)?, self.size)?);
            Ok(())
        })?;
        document::inspect(&documents, self.format.as_ref())?;
        Ok(exit)
    }
}
