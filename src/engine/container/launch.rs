//! Starting a container's program and looking after it, the same for `run`, `start` and `restart`.
//!
//! ```text
//! prepare: spec, trees, filter ──► foreground: this process is the monitor
//!                             └──► background: fork ─► the monitor, in a session of its own
//!                                   the command ◄─ "started", or why not: then it ends, or is the monitor's client
//! ```
//!
//! Whoever is the monitor holds the container's lock from before the start until the records are written. The lock's
//! file gets the exit code, so that one who waits for the lock learns it even of a container that is gone by then.

use std::{
    borrow::Cow,
    fs,
    os::{
        fd::{AsFd, OwnedFd},
        unix::fs::FileExt,
    },
    time::Duration,
};

use anyhow::Context;
use oci_spec::runtime::Spec;

use crate::{
    base::{id::ContainerId, time::Time},
    engine::{Engine, Error, image::Image, volume::FirstUse},
    monitor::{self, Listener, OwnStreams, Session, Streams},
    runtime::{
        self, Launch, Root, StartError, StartErrorKind, Started, Stdio, WritableLayer, caps,
        seccomp::{self, Program},
    },
    store::{
        container::{ContainerConfig, ContainerState, MountSource, RootSource, Status, VERSION},
        lock::Lock,
        mount_points,
        record::{self, Durability},
    },
    sys::{
        fd,
        process::{self, Forked, ProcessIdentity},
        socket,
        tty::Size,
        userns::IdMap,
    },
};

use super::{
    Container,
    create::durability,
    etc, report, spec,
    userns::{UsernsNote, run_map},
};

/// A container about to be started: everything is read and checked, nothing has happened yet.
pub(super) struct Ready<'e> {
    engine: &'e Engine,
    container: Container,
    lock: Lock,
    image: Option<Image>,
    spec: Spec,
    map: IdMap,
    root: Root,
    filters: Vec<Program>,
    /// Volumes that this start fills.
    unfilled: Vec<FirstUse>,
    before: ContainerState,
    terminal_size: Size,
}

/// How a container's program ended.
#[derive(Debug)]
pub struct Ended {
    pub code: u8,
    /// Why that could not be written down, or what was to be removed then was not: no concern of the program's.
    pub unkept: Option<anyhow::Error>,
}

/// What is in the lock's file until the program has ended: as long as an exit code.
const NO_CODE: &[u8] = b"   ";

/// The size of a terminal that nobody has told us the size of.
pub(super) const TERMINAL_SIZE: Size = Size { rows: 24, columns: 80 };

impl Engine {
    /// Gets everything ready to start a container whose lock the caller holds. `image` saves looking it up again.
    pub(super) fn prepare(
        &self,
        container: Container,
        lock: Lock,
        image: Option<Image>,
    ) -> anyhow::Result<Ready<'_>> {
        let config = &container.config;
        let map = match config.map == self.map().tag() {
            true => self.map().clone(),
            false => self.single_map(&container)?,
        };
        let (root, image) = self.root_of(&container, &map, image)?;
        etc::write(config, &self.layout).context("write the container's files in /etc")?;
        let run_map = run_map(config, &map);
        let place = spec::Place { layout: &self.layout, map: &run_map, process: &|id| self.running_pid(id) };
        let unfilled = self.unfilled_volumes(config)?;
        let spec = spec::spec(&without_needless_copies(config, &unfilled), &place)?;
        let filters = filters(config)?;
        let before = container.last_state()?;
        let terminal_size = TERMINAL_SIZE;
        Ok(Ready {
            engine: self,
            container,
            lock,
            image,
            spec,
            map,
            root,
            filters,
            unfilled,
            before,
            terminal_size,
        })
    }

    /// The map of a container that was made where newuidmap refused: the one that needs no helper.
    fn single_map(&self, container: &Container) -> anyhow::Result<IdMap> {
        let single = IdMap::single(rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        if container.config.map == single.tag() {
            return Ok(single);
        }
        Err(Error::Invalid(format!(
            "container {} was made with other subordinate ids ({}) than the caller has now: its files belong to those",
            container.name(),
            container.config.map
        ))
        .into())
    }

    fn root_of(
        &self,
        container: &Container,
        map: &IdMap,
        image: Option<Image>,
    ) -> anyhow::Result<(Root, Option<Image>)> {
        let layer = || WritableLayer {
            upper: container.dir.upper(),
            work: container.dir.work(),
            volatile: container.config.lifecycle.auto_remove,
        };
        Ok(match (&container.config.root, &container.config.image) {
            (RootSource::Directory(path), _) => (Root::Directory(path.clone()), None),
            (RootSource::Host, _) => (Root::Host { layer: layer() }, image),
            (RootSource::Layers(_), None) => {
                let lower = vec![mount_points::ensure(&self.layout)?];
                (Root::Overlay { lower, layer: layer() }, None)
            }
            (RootSource::Layers(_), Some(used)) => {
                let image = match image {
                    Some(image) => image,
                    None => self.find_image(&used.manifest.to_string())?,
                };
                let mut lower = vec![mount_points::ensure(&self.layout)?];
                lower.extend(self.layer_trees(&image, map)?);
                (Root::Overlay { lower, layer: layer() }, Some(image))
            }
        })
    }

    /// The first process of a container that must run, for those who share its namespaces.
    pub(super) fn running_pid(&self, id: &ContainerId) -> anyhow::Result<i32> {
        let not_running = || Error::NotRunning { name: id.to_string() };
        let container = self.container(id)?.ok_or_else(not_running)?;
        let state = container.state()?;
        let process = state.process.filter(|_| state.status.is_running());
        Ok(process.ok_or_else(not_running)?.pid)
    }
}

/// A program that runs, with our ends of its pipes and the socket for clients.
struct Running {
    started: Started,
    streams: Option<Streams>,
    identity: ProcessIdentity,
    /// Others may share the user namespace that was made for it.
    note: Option<UsernsNote>,
    listener: Option<Listener>,
}

impl Ready<'_> {
    pub(super) fn container(&self) -> &Container {
        &self.container
    }

    /// The size that the program's terminal begins with.
    pub(super) fn set_terminal_size(&mut self, size: Option<Size>) {
        self.terminal_size = size.unwrap_or(TERMINAL_SIZE);
    }

    /// Runs the container with this process as its monitor, whose own streams are attached.
    pub(super) fn foreground(mut self, own: OwnStreams) -> anyhow::Result<Ended> {
        monitor::hold_signals()?;
        match self.start() {
            Ok(running) => {
                self.engine.tell(&running.started.notes);
                self.supervise(running, Some(own), None)
            }
            Err(error) => {
                let noted = self.note_failure(&error);
                let error = anyhow::Error::from(error);
                Err(match noted {
                    Ok(()) => error,
                    Err(second) => error.context(format!("{second:#}; before that")),
                })
            }
        }
    }

    /// Runs the container under a monitor of its own and returns once the program was exec'ed. With `attach`, gives
    /// the socket of a client that the monitor has from the start.
    pub(super) fn background(mut self, attach: bool) -> anyhow::Result<Option<OwnedFd>> {
        let (report, writer) = std::io::pipe().context("make a pipe")?;
        let (ours, theirs) = match attach {
            true => socket::pair().map(|(ours, theirs)| (Some(ours), Some(theirs)))?,
            false => (None, None),
        };
        match process::fork().context("fork the monitor")? {
            Forked::Parent { .. } => {
                let engine = self.engine;
                drop((writer, theirs, self));
                engine.tell(&report::read(report)?);
                Ok(ours)
            }
            Forked::Child => {
                drop((report, ours));
                let outcome = leave_session().map_err(setup_error).and_then(|()| self.start());
                let code = match outcome {
                    Ok(running) => {
                        report::write(writer, Ok(&running.started.notes));
                        self.supervise(running, None, theirs).is_err()
                    }
                    Err(error) => {
                        // Cleaned up before anybody is told: the next command finds everything settled.
                        let _ = self.note_failure(&error);
                        report::write(writer, Err(&error));
                        true
                    }
                };
                process::exit_now(u8::from(code))
            }
        }
    }

    /// Starts the program and writes down that it runs.
    fn start(&mut self) -> Result<Running, StartError> {
        // Over what an earlier run left there, which would be taken for this one's end; and so that there is room for the
        // exit code, should the program fill the disk.
        let _ = self.lock.file().write_all_at(NO_CODE, 0);
        let running = match self.launch() {
            Err(error) if error.kind == StartErrorKind::MapRefused && self.before.started.is_none() => {
                self.fall_back_to_single_map().map_err(setup_error)?;
                self.launch()?
            }
            result => result?,
        };
        match self.note_start(&running) {
            Ok(()) => Ok(running),
            Err(error) => {
                let _ = process::signal(&running.started.pidfd, libc::SIGKILL);
                let _ = process::wait(&running.started.pidfd);
                Err(setup_error(error))
            }
        }
    }

    fn launch(&mut self) -> Result<Running, StartError> {
        let config = &self.container.config;
        let (stdio, streams) = self.stdio().map_err(setup_error)?;
        let map = run_map(config, &self.map);
        let (userns, note) = self.engine.user_namespace(config, &map).map_err(setup_error)?;
        let started = runtime::start(Launch {
            spec: &self.spec,
            root: self.root.clone(),
            map: &map,
            userns,
            user: &config.process.user,
            groups: &config.process.groups,
            seccomp: std::mem::take(&mut self.filters),
            stdio,
            init: config.process.init,
        })?;
        let identity = ProcessIdentity::of(started.pid).map_err(|error| setup_error(error.into()))?;
        if let Some(note) = &note {
            note.write(&identity);
        }
        Ok(Running { started, streams, identity, note, listener: self.listen() })
    }

    /// Pipes or a terminal for the program, and our ends of the pipes.
    fn stdio(&self) -> anyhow::Result<(Stdio, Option<Streams>)> {
        let process = &self.container.config.process;
        if process.terminal {
            let Size { rows, columns } = self.terminal_size;
            return Ok((Stdio::Terminal { rows, columns }, None));
        }
        pipes(process.stdin)
    }

    fn listen(&self) -> Option<Listener> {
        let path = self.engine.layout.attach_socket(self.container.id());
        // Losing the socket loses `attach` and nothing else.
        Listener::bind(&path).ok()
    }

    fn note_start(&self, running: &Running) -> anyhow::Result<()> {
        let state = ContainerState {
            version: VERSION,
            status: Status::Running,
            process: Some(running.identity.clone()),
            started: Some(Time::now()),
            error: String::new(),
            exit_code: 0,
            finished: None,
            ..self.before.clone()
        };
        record::write(&self.container.dir.state(), &state, Durability::Relaxed)?;
        for volume in &self.unfilled {
            self.engine.mark_populated(volume)?;
        }
        if let Some(path) = &self.container.config.lifecycle.pidfile {
            record::replace(path, running.identity.pid.to_string().as_bytes(), Durability::Relaxed)
                .with_context(|| format!("write the pid file {}", path.display()))?;
        }
        Ok(())
    }

    /// Looks after the program until it has ended, and writes down how.
    fn supervise(
        self,
        running: Running,
        own: Option<OwnStreams>,
        client: Option<OwnedFd>,
    ) -> anyhow::Result<Ended> {
        let lifecycle = &self.container.config.lifecycle;
        let mut started = running.started;
        let (layer, is_foreground) = (started.layer.take(), own.is_some());
        let session = Session {
            started,
            streams: running.streams,
            log: Some(self.container.dir.log()),
            listener: running.listener,
            own,
            client,
            timeout: (lifecycle.timeout > 0).then(|| Duration::from_secs(lifecycle.timeout)),
        };
        let ended = monitor::run(session).context("look after the container")?;
        let code = ended.end.code();
        if let Some(note) = running.note {
            note.remove();
        }
        let mut kept = self.note_end(code);
        let announced = ended.announce();
        if !lifecycle.auto_remove {
            kept = kept.and(self.reach_the_disk(layer, is_foreground));
        }
        Ok(Ended { code: announced?, unkept: kept.err() })
    }

    /// Sees to it that the end and the writable layer are on the disk, which may take seconds, before the container's lock
    /// is free. Who waits for a command in the foreground does not wait for that: a process of its own does.
    fn reach_the_disk(&self, layer: Option<OwnedFd>, is_foreground: bool) -> anyhow::Result<()> {
        if is_foreground {
            let (reader, writer) = std::io::pipe().context("make a pipe")?;
            match process::fork().context("fork the process that syncs")? {
                Forked::Parent { .. } => {
                    // Open until this process is gone: the other must be the last to close the layer.
                    std::mem::forget(writer);
                    return Ok(());
                }
                Forked::Child => {
                    drop(writer);
                    let _ = leave_session();
                    let _ = process::set_name(c"coracle-sync");
                    let _ = std::io::copy(&mut &reader, &mut std::io::sink());
                    drop(layer);
                    let _ = record::sync(&self.container.dir.state());
                    process::exit_now(0);
                }
            }
        }
        drop(layer);
        record::sync(&self.container.dir.state())
    }

    fn note_end(&self, code: u8) -> anyhow::Result<()> {
        let _ = self.lock.file().write_all_at(format!("{code:<3}").as_bytes(), 0);
        if let Some(path) = &self.container.config.lifecycle.pidfile {
            let _ = fs::remove_file(path);
        }
        if self.container.config.lifecycle.auto_remove {
            return self.engine.delete_container(&self.container, true);
        }
        let path = self.container.dir.state();
        let state = match record::read(&path) {
            // Whoever spoilt it took the start from it; the end is known.
            Err(error) if record::is_damage(&error) => None,
            state => state?,
        };
        let state = ContainerState {
            status: Status::Exited,
            process: None,
            finished: Some(Time::now()),
            exit_code: i32::from(code),
            ..state.unwrap_or_else(ContainerState::created)
        };
        match record::write(&path, &state, Durability::Relaxed) {
            // The state of what runs is the longer one.
            Err(error) if record::is_full(&error) => record::overwrite(&path, &state).map_err(|_| error),
            written => written,
        }
    }

    /// Writes down that the program could not be started, or removes what was to be removed at its end anyway.
    fn note_failure(&self, error: &StartError) -> anyhow::Result<()> {
        let code = match error.kind {
            StartErrorKind::Setup | StartErrorKind::MapRefused => 125,
            StartErrorKind::NotExecutable => 126,
            StartErrorKind::NotFound => 127,
        };
        if self.container.config.lifecycle.auto_remove {
            return self.engine.delete_container(&self.container, true);
        }
        let state = ContainerState { exit_code: code, error: error.message.clone(), ..self.before.clone() };
        record::write(&self.container.dir.state(), &state, Durability::Relaxed)
    }

    /// newuidmap is there and refuses: the container has only the caller's own id, and the image's trees for that map.
    fn fall_back_to_single_map(&mut self) -> anyhow::Result<()> {
        self.map = IdMap::single(rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        self.container.config.map = self.map.tag();
        let config = &self.container.config;
        record::write(&self.container.dir.config(), config, durability(config))?;
        let (root, image) = self.engine.root_of(&self.container, &self.map, self.image.take())?;
        (self.root, self.image) = (root, image);
        self.filters = filters(config)?;
        Ok(())
    }
}

/// The config with no copy-up into volumes that have had theirs: what was deleted from one stays deleted.
fn without_needless_copies<'a>(
    config: &'a ContainerConfig,
    unfilled: &[FirstUse],
) -> Cow<'a, ContainerConfig> {
    let is_filled = |source: &MountSource| match source {
        MountSource::Volume { name, .. } => !unfilled.iter().any(|volume| volume.name == *name),
        MountSource::Bind { .. } | MountSource::Tmpfs => false,
    };
    if !config.mounts.iter().any(|mount| is_filled(&mount.source)) {
        return Cow::Borrowed(config);
    }
    let mut config = config.clone();
    for mount in config.mounts.iter_mut().filter(|mount| is_filled(&mount.source)) {
        mount.no_copy = true;
    }
    Cow::Owned(config)
}

fn filters(config: &ContainerConfig) -> anyhow::Result<Vec<Program>> {
    let security = &config.security;
    let caps = caps::choose(&security.cap_add, &security.cap_drop, security.privileged)?;
    seccomp::programs(&security.seccomp, caps, security.privileged)
}

/// Pipes for a program without a terminal. Without `stdin` it reads from /dev/null.
pub(super) fn pipes(stdin: bool) -> anyhow::Result<(Stdio, Option<Streams>)> {
    let pipe = || std::io::pipe().context("make a pipe");
    let (input, feed) = match stdin {
        true => pipe().map(|(reader, writer)| (OwnedFd::from(reader), Some(OwnedFd::from(writer))))?,
        false => (fs::File::open("/dev/null").context("open /dev/null")?.into(), None),
    };
    let (stdout, program_stdout) = pipe()?;
    let (stderr, program_stderr) = pipe()?;
    let stdio = Stdio::Streams { stdin: input, stdout: program_stdout.into(), stderr: program_stderr.into() };
    Ok((stdio, Some(Streams { stdin: feed, stdout: stdout.into(), stderr: stderr.into() })))
}

/// Makes this process, just forked, one that no terminal, directory or pipe of the caller's hangs on.
pub(super) fn leave_session() -> anyhow::Result<()> {
    process::set_sid()?;
    process::set_name(c"coracle-monitor")?;
    std::env::set_current_dir("/").context("change to /")?;
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null").context("open /dev/null")?;
    for number in 0..3 {
        fd::place(null.as_fd(), number)?;
    }
    Ok(fd::close_inherited()?)
}

pub(super) fn setup_error(error: anyhow::Error) -> StartError {
    StartError { kind: StartErrorKind::Setup, message: format!("{error:#}"), hint: None }
}
