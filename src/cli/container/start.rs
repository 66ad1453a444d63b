//! `coracle start`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, output, terminal::DetachKeys},
    engine::{
        Engine, Error,
        container::run::{Attachment, Outcome},
    },
    monitor::client::Connection,
};

use super::{
    front::{self, Attach},
    options::Attached,
};

#[derive(Debug, Args)]
pub(super) struct Start {
    /// Attach to the program's output, and pass signals on
    #[arg(short, long)]
    attach: bool,
    /// Attach to the program's input as well
    #[arg(short, long)]
    interactive: bool,
    /// Choose the keys (default ctrl-p,ctrl-q) that leave the container running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Pass signals on to the program
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set)]
    sig_proxy: bool,
    #[arg(required = true, value_name = "CONTAINER")]
    containers: Vec<String>,
}

impl Run for Start {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?.telling(error::note);
        if self.attach || self.interactive {
            return self.attached(&engine);
        }
        error::for_each(&self.containers, |name| {
            let container = engine.find_container(name)?;
            engine.start(container, Attachment::None)?;
            output::line(name)
        })
    }
}

impl Start {
    fn attached(self, engine: &Engine) -> anyhow::Result<Exit> {
        let [name] = self.containers.as_slice() else {
            return Err(
                Error::Invalid("you cannot start and attach multiple containers at once".to_owned()).into()
            );
        };
        let container = engine.find_container(name)?;
        let terminal = container.config.process.terminal;
        let streams = Attached {
            stdin: self.interactive && container.config.process.stdin,
            stdout: true,
            stderr: true,
        };
        let attachment = front::attachment(streams, terminal, self.sig_proxy)?;
        match engine.start(container, attachment)? {
            None => {
                Err(Error::Invalid(format!("container {name} runs already: see 'coracle attach'")).into())
            }
            Some(Outcome::Detached) => Ok(Exit::Success),
            Some(Outcome::Ended(ended)) => Ok(front::ended(ended)),
            Some(Outcome::Attached { client, container }) => {
                let attach = Attach {
                    stdin: streams.stdin,
                    terminal,
                    redraw: false,
                    detach_keys: self.detach_keys.unwrap_or_default(),
                    proxy_signals: self.sig_proxy,
                };
                front::attach(Connection::new(client), attach, || engine.wait(&container))
            }
        }
    }
}
