//! `coracle inspect`, which finds things of every kind.

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::{
    Run, Verb, error,
    exit::Exit,
    output::{Format, document},
};
use crate::engine::{Engine, Error};

pub const VERB: Verb =
    Verb::new::<Inspect>("inspect", &[], "Show all that is known of containers, images and volumes");

#[derive(Debug, Args)]
pub struct Inspect {
    /// Print with a template, or as json
    #[arg(short, long, value_name = "FORMAT", value_parser = Format::parse)]
    format: Option<Format>,
    /// Measure containers' files as well
    #[arg(short, long)]
    size: bool,
    /// Look at things of this kind alone
    #[arg(long, value_name = "KIND", ignore_case = true)]
    r#type: Option<Kind>,
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

/// What can be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Container,
    Image,
    Volume,
}

impl Run for Inspect {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let mut documents = Vec::new();
        let exit = error::for_each(&self.names, |name| {
            documents.push(self.inspect(&engine, name)?);
            Ok(())
        })?;
        document::inspect(&documents, self.format.as_ref())?;
        Ok(exit)
    }
}

impl Inspect {
    fn inspect(&self, engine: &Engine, name: &str) -> anyhow::Result<Value> {
        if let Some(kind) = self.r#type {
            return self.inspect_kind(engine, kind, name);
        }
        for kind in [Kind::Container, Kind::Image, Kind::Volume] {
            match self.inspect_kind(engine, kind, name) {
                Err(error) if is_not_found(&error) => {}
                result => return result,
            }
        }
        Err(Error::NoSuch { kind: "object", name: name.to_owned() }.into())
    }

    fn inspect_kind(&self, engine: &Engine, kind: Kind, name: &str) -> anyhow::Result<Value> {
        match kind {
            Kind::Container => engine.inspect_container(&engine.find_container(name)?, self.size),
            Kind::Image => engine.inspect_image(name),
            Kind::Volume => Ok(engine.find_volume(name)?.inspect()),
        }
    }
}

/// It may be of another kind: what is no name of this one is none of its things.
fn is_not_found(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NoSuch { .. } | Error::Invalid(_)))
}
