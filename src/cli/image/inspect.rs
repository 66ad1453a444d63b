//! `coracle image inspect` and `coracle image exists`.

use clap::Args;

use crate::{
    cli::{
        Run, error,
        exit::Exit,
        output::{Format, document},
    },
    engine::{Engine, Error},
};

#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// Print with a template, or as json
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
}

impl Run for Inspect {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let mut documents = Vec::new();
        let exit = error::for_each(&self.images, |name| {
            documents.push(engine.inspect_image(name)?);
            Ok(())
        })?;
        document::inspect(&documents, self.format.as_ref())?;
        Ok(exit)
    }
}

#[derive(Debug, Args)]
pub(super) struct Exists {
    #[arg(value_name = "IMAGE")]
    image: String,
}

impl Run for Exists {
    fn run(self) -> anyhow::Result<Exit> {
        match Engine::open()?.look_up_image(&self.image, None) {
            Ok(_) => Ok(Exit::Success),
            Err(error) if matches!(error.downcast_ref(), Some(Error::NoSuch { .. })) => Ok(Exit::Failure),
            Err(error) => Err(error),
        }
    }
}
