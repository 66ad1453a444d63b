//! `coracle kill`.

use clap::Args;

use crate::{
    base::signal,
    cli::{Run, error, exit::Exit, opts, output},
    engine::{Engine, Error},
};

#[derive(Debug, Args)]
pub(super) struct Kill {
    /// Send this signal
    #[arg(short, long, value_name = "SIGNAL", default_value = "KILL", value_parser = opts::signal)]
    signal: String,
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Run for Kill {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let signal = signal::parse(&self.signal).map_err(anyhow::Error::msg)?;
        error::for_each(&self.containers, |name| {
            let container = engine.find_container(name)?;
            // What does not run says its name itself.
            engine.kill(&container, signal).map_err(|error| match error.downcast_ref() {
                Some(Error::NotRunning { .. }) => error,
                _ => error.context(format!("kill container {name}")),
            })?;
            output::line(name)
        })
    }
}
