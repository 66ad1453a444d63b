//! `exec`: one more program in a container that runs.

use std::os::fd::OwnedFd;

use anyhow::ensure;

use crate::{
    engine::{Engine, Error},
    monitor::{self, OwnStreams, Session},
    runtime::{self, Exec, StartError, Started, Stdio, caps, seccomp, spec::validate::check_process},
    sys::{
        process::{self, Forked},
        socket,
        tty::Size,
    },
};

use super::{
    Container, create, etc,
    launch::{TERMINAL_SIZE, leave_session, pipes, setup_error},
    report,
    run::Attachment,
    spec,
};

/// What to run, and how it differs from the container's own program.
#[derive(Debug)]
pub struct ExecOptions {
    pub command: Vec<String>,
    /// Variables to set, or (`None`) to take out of the container's.
    pub env: Vec<(String, Option<String>)>,
    /// The container's own when empty.
    pub cwd: String,
    pub user: String,
    pub terminal: bool,
    pub stdin: bool,
    pub privileged: bool,
}

/// What an exec came to.
#[derive(Debug)]
pub enum Executed {
    /// It runs, and nobody of us is attached.
    Detached,
    /// It has ended, with this exit code.
    Ended(u8),
    /// It runs; the socket leads to its monitor.
    Attached(OwnedFd),
}

/// A program about to be run in a container.
struct Ready<'a> {
    target: OwnedFd,
    process: oci_spec::runtime::Process,
    user: &'a str,
    groups: &'a [String],
    filters: Vec<seccomp::Program>,
    options: &'a ExecOptions,
}

impl Engine {
    /// Runs a program in a running container. `Error::NotRunning`.
    pub fn exec(
        &self,
        container: &Container,
        options: &ExecOptions,
        attachment: Attachment,
    ) -> anyhow::Result<Executed> {
        ensure!(!options.command.is_empty(), Error::Invalid("no command specified".to_owned()));
        let not_running = || Error::NotRunning { name: container.name().to_owned() };
        let target = container.running_process()?.ok_or_else(not_running)?;
        let own = &container.config.process;
        let security = &container.config.security;
        let privileged = options.privileged || security.privileged;
        let caps = match options.privileged {
            true => caps::CapSet::all(),
            false => caps::choose(&security.cap_add, &security.cap_drop, security.privileged)?,
        };
        let ready = Ready {
            target,
            process: self.exec_process(container, options, caps)?,
            user: if options.user.is_empty() { &own.user } else { &options.user },
            groups: &own.groups,
            filters: seccomp::programs(&security.seccomp, caps, privileged)?,
            options,
        };
        match attachment {
            // A terminal lasts as long as somebody holds its other end.
            Attachment::None if options.terminal => ready.attached(TERMINAL_SIZE).map(|_| Executed::Detached),
            Attachment::None => ready.detached(),
            Attachment::Streams { stdin, stdout, stderr } => {
                ready.foreground(OwnStreams { stdin, stdout, stderr, proxy_signals: true })
            }
            Attachment::Client { size } => ready.attached(size.unwrap_or(TERMINAL_SIZE)),
        }
    }

    /// The container's own process, as its spec says it, with what the options change.
    fn exec_process(
        &self,
        container: &Container,
        options: &ExecOptions,
        caps: caps::CapSet,
    ) -> anyhow::Result<oci_spec::runtime::Process> {
        let mut config = container.config.clone();
        config.process.entrypoint = Vec::new();
        config.process.command = options.command.clone();
        config.process.env = create::apply(config.process.env, options.env.clone());
        config.process.terminal = options.terminal;
        if !options.cwd.is_empty() {
            config.process.cwd = options.cwd.clone();
        }
        let mut process = spec::process(&config, &etc::hostname(&config, &self.layout)?)?;
        process.set_capabilities(Some(caps.to_oci()));
        check_process(&process)?;
        Ok(process)
    }
}

impl Ready<'_> {
    fn start(self, stdio: Stdio, detach: bool) -> Result<Started, StartError> {
        runtime::exec(Exec {
            target: self.target,
            process: &self.process,
            user: self.user,
            groups: self.groups,
            seccomp: self.filters,
            stdio,
            detach,
        })
    }

    /// The program's streams are passed on by this process.
    fn foreground(self, own: OwnStreams) -> anyhow::Result<Executed> {
        monitor::hold_signals()?;
        let (stdio, streams) = pipes(self.options.stdin)?;
        let started = self.start(stdio, false)?;
        let ended = monitor::run(Session {
            started,
            streams,
            log: None,
            listener: None,
            own: Some(own),
            client: None,
            timeout: None,
        })?;
        ended.announce().map(Executed::Ended)
    }

    /// The program lives on by itself, without streams.
    fn detached(self) -> anyhow::Result<Executed> {
        let null = || std::fs::OpenOptions::new().read(true).write(true).open("/dev/null").map(OwnedFd::from);
        let stdio = Stdio::Streams { stdin: null()?, stdout: null()?, stderr: null()? };
        self.start(stdio, true)?;
        Ok(Executed::Detached)
    }

    /// The program has a monitor of its own, which lets a terminal's user go and come out alive.
    fn attached(self, size: Size) -> anyhow::Result<Executed> {
        let (report, writer) = std::io::pipe()?;
        let (ours, theirs) = socket::pair()?;
        match process::fork()? {
            Forked::Parent { .. } => {
                drop((writer, theirs, self));
                report::read(report)?;
                Ok(Executed::Attached(ours))
            }
            Forked::Child => {
                drop((report, ours));
                let started = leave_session().map_err(setup_error).and_then(|()| {
                    let (stdio, streams) = match self.options.terminal {
                        true => (terminal(size), None),
                        false => pipes(self.options.stdin).map_err(setup_error)?,
                    };
                    Ok((self.start(stdio, false)?, streams))
                });
                let ended = match started {
                    Ok((started, streams)) => {
                        report::write(writer, Ok(&[]));
                        let client = Some(theirs);
                        let session = Session {
                            started,
                            streams,
                            log: None,
                            listener: None,
                            own: None,
                            client,
                            timeout: None,
                        };
                        monitor::run(session).and_then(monitor::Ended::announce).is_ok()
                    }
                    Err(error) => {
                        report::write(writer, Err(&error));
                        false
                    }
                };
                process::exit_now(u8::from(!ended))
            }
        }
    }
}

fn terminal(Size { rows, columns }: Size) -> Stdio {
    Stdio::Terminal { rows, columns }
}
