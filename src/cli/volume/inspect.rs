//! `coracle volume inspect`.

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
    #[arg(required = true, value_name = "VOLUME")]
    volumes: Vec<String>,
}

impl Run for Inspect {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let mut documents = Vec::new();
        let exit = error::for_each(&self.volumes, |name| {
            documents.push(engine.find_volume(name)?.inspect());
            Ok(())
        })?;
        document::inspect(&documents, self.format.as_ref())?;
        Ok(exit)
    }
}
