//! `coracle attach`.

use clap::Args;

use crate::{
    cli::{Run, exit::Exit, terminal::DetachKeys},
    engine::Engine,
};

use super::front;

#[derive(Debug, Args)]
pub(super) struct Attach {
    /// Choose the keys (default ctrl-p,ctrl-q) that leave the container running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Do not attach standard input
    #[arg(long)]
    no_stdin: bool,
    /// Pass signals on to the program, if it has no terminal
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    sig_proxy: bool,
    container: String,
}

impl Run for Attach {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let container = engine.find_container(&self.container)?;
        let connection = engine.attach(&container)?;
        let process = &container.config.process;
        let attach = front::Attach {
            stdin: !self.no_stdin && process.stdin,
            terminal: process.terminal,
            redraw: true,
            detach_keys: self.detach_keys.unwrap_or_default(),
            proxy_signals: self.sig_proxy && !process.terminal,
        };
        front::attach(connection, attach, || engine.wait(&container))
    }
}
