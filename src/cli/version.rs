//! `coracle version`: what this program is, and what it runs on.

use clap::Args;

use super::{Run, Verb, exit::Exit, output};

pub const VERB: Verb = Verb::new::<Version>("version", &[], "Show the version");

#[derive(Debug, Args)]
pub struct Version {}

impl Run for Version {
    fn run(self) -> anyhow::Result<Exit> {
        output::line(format_args!("Version:  {}", env!("CARGO_PKG_VERSION")))?;
        Ok(Exit::Success)
    }
}
