//! `coracle exec`.

use clap::Args;

use crate::{
    cli::{Run, error, exit::Exit, opts::env::EnvOptions, terminal::DetachKeys},
    engine::{
        Engine, Error,
        container::{
            exec::{ExecOptions, Executed},
            run::Attachment,
        },
    },
    monitor::client::Connection,
};

use super::{
    front::{self, Attach},
    options::Attached,
};

#[derive(Debug, Args)]
pub(super) struct Exec {
    /// Run in the background
    #[arg(short, long)]
    detach: bool,
    /// Choose the keys (default ctrl-p,ctrl-q) that leave the program running
    #[arg(long, value_name = "KEYS")]
    detach_keys: Option<DetachKeys>,
    /// Keep standard input open
    #[arg(short, long)]
    interactive: bool,
    /// Give the program a terminal
    #[arg(short, long)]
    tty: bool,
    #[command(flatten)]
    env: EnvOptions,
    /// Run in this directory of the container
    #[arg(short, long, value_name = "DIR")]
    workdir: Option<String>,
    /// Run as this user of the container
    #[arg(short, long, value_name = "USER[:GROUP]")]
    user: Option<String>,
    /// Give the program every capability that the container's user namespace has
    #[arg(long)]
    privileged: bool,
    #[arg(value_name = "CONTAINER COMMAND [ARG...]", required = true, num_args = 2.., trailing_var_arg = true)]
    words: Vec<String>,
}

impl Run for Exec {
    fn run(self) -> anyhow::Result<Exit> {
        let streams = Attached { stdin: self.interactive, stdout: true, stderr: true };
        let attachment = match self.detach {
            true => Attachment::None,
            false => front::attachment(streams, self.tty, true)?,
        };
        let engine = Engine::open()?;
        let mut words = self.words.into_iter();
        let container = engine.find_container(&words.next().expect("clap wants two words at least"))?;
        let options = ExecOptions {
            command: words.collect(),
            env: self.env.settings()?,
            cwd: self.workdir.unwrap_or_default(),
            user: self.user.unwrap_or_default(),
            terminal: self.tty,
            stdin: self.interactive,
            privileged: self.privileged,
        };
        let executed = match engine.exec(&container, &options, attachment) {
            Err(error) if matches!(error.downcast_ref(), Some(Error::NotRunning { .. })) => {
                return Err(error);
            }
            // 1 would be taken for the program's.
            Err(error) => return error::ends_with(Exit::Engine, error),
            Ok(executed) => executed,
        };
        match executed {
            Executed::Detached => Ok(Exit::Success),
            Executed::Ended(code) => Ok(Exit::Program(code)),
            Executed::Attached(client) => {
                let attach = Attach {
                    stdin: self.interactive,
                    terminal: self.tty,
                    redraw: false,
                    detach_keys: self.detach_keys.unwrap_or_default(),
                    proxy_signals: true,
                };
                front::attach(Connection::new(client), attach, || {
                    anyhow::bail!("the connection to the program is lost")
                })
            }
        }
    }
}
