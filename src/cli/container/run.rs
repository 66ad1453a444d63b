//! `coracle run`.

use clap::Args;

use crate::{
    base::id::ContainerId,
    cli::{Run as Command, error, exit::Exit, output, terminal::DetachKeys},
    engine::{
        Engine, Error,
        container::run::{Attachment, Outcome},
    },
    monitor::client::Connection,
};

use super::{
    front::{self, Attach},
    options::ContainerOptions,
};

#[derive(Debug, Args)]
pub(super) struct Run {
    /// Run in the background and print the container's id
    #[arg(short, long)]
    detach: bool,
    /// Choose the keys (default ctrl-p,ctrl-q) that leave the container running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Pass signals on to the program
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    sig_proxy: bool,
    #[command(flatten)]
    container: ContainerOptions,
}

impl Command for Run {
    fn run(self) -> anyhow::Result<Exit> {
        if self.detach && self.container.names_streams() {
            return Err(Error::Invalid("conflicting options: --attach and --detach".to_owned()).into());
        }
        let streams = self.container.attached();
        let terminal = self.container.terminal();
        let attachment = match self.detach {
            true => Attachment::None,
            false => front::attachment(streams, terminal, self.sig_proxy)?,
        };
        let mut id: Option<ContainerId> = None;
        let engine = Engine::open()?.telling(error::note);
        let options = self.container.into_create_options()?;
        let outcome = engine.run(options, attachment, |container| id = Some(container.id().clone()))?;
        let exit = match outcome {
            Outcome::Detached => Exit::Success,
            Outcome::Ended(ended) => front::ended(ended),
            Outcome::Attached { client, container } => {
                let attach = Attach {
                    stdin: streams.stdin,
                    terminal,
                    redraw: false,
                    detach_keys: self.detach_keys.unwrap_or_default(),
                    proxy_signals: self.sig_proxy,
                };
                front::attach(Connection::new(client), attach, || engine.wait(&container))?
            }
        };
        if !self.detach && streams.shows_output() {
            return Ok(exit);
        }
        // With `-a stdin` alone, docker says no more than with `-d`: where the output is to be found.
        output::line(id.expect("the container was made"))?;
        Ok(Exit::Success)
    }
}
