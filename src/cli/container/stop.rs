//! `coracle stop`.

use clap::Args;

use crate::{
    base::signal,
    cli::{Run, error, exit::Exit, opts, output},
    engine::{Engine, container::stop::StopOptions},
};

#[derive(Debug, Args)]
pub(super) struct Stop {
    #[command(flatten)]
    how: StopFlags,
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

/// Options of `stop` and `restart`.
#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct StopFlags {
    /// Ask the program to end with this signal (default the container's --stop-signal)
    #[arg(short, long, value_name = "SIGNAL", value_parser = opts::signal)]
    signal: Option<String>,
    /// Kill the program this long after it was asked to end; negative for never (default the container's --stop-timeout, else 10)
    #[arg(short, long = "timeout", alias = "time", value_name = "SECONDS", allow_negative_numbers = true)]
    timeout: Option<i64>,
}

impl StopFlags {
    pub(super) fn options(&self) -> StopOptions {
        let signal = self.signal.as_deref().and_then(|name| signal::parse(name).ok());
        StopOptions { signal, timeout: self.timeout }
    }
}

impl Run for Stop {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        error::for_each(&self.containers, |name| {
            engine.stop(&engine.find_container(name)?, self.how.options())?;
            output::line(name)
        })
    }
}
