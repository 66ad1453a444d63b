//! `coracle rm`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output},
    engine::{Engine, Error, container::rm::RemoveOptions},
};

#[derive(Debug, Args)]
pub(super) struct Rm {
    /// Kill the container if it runs
    #[arg(short, long)]
    force: bool,
    /// Remove the container's anonymous volumes as well
    #[arg(short, long)]
    volumes: bool,
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Run for Rm {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let options = RemoveOptions { force: self.force, volumes: self.volumes };
        error::for_each(&self.containers, |name| match engine.remove_container(name, options)? {
            Some(_) => output::line(name),
            None => {
                // As docker: said, and no failure.
                error::print(Error::NoSuch { kind: "container", name: name.clone() }.into());
                Ok(())
            }
        })
    }
}
