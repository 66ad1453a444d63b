//! The parent's side of a start: forks, writes the identity map, listens until the program is exec'ed.

use std::os::fd::{AsFd, OwnedFd};

use anyhow::{Context, bail};
use rustix::{io::Errno, process::Pid};

use super::{
    handshake::{Channel, Failure, Message},
    init,
};
use crate::{
    runtime::{Launch, StartError, StartErrorKind, Started, namespaces::Plan, rlimits},
    sys::{
        clone::{Kin, clone_process},
        error::SyscallError,
        explain::{Situation, hint},
        process::{self, Forked},
        userns::{self, MapError},
    },
};

/// See [`crate::runtime::start`].
///
/// Should: leave no child behind when it fails.
/// Mustn't: be called with threads running; move this process into any namespace.
pub(in crate::runtime) fn start(launch: &Launch<'_>) -> Result<Started, StartError> {
    let plan = Plan::new(launch.spec, launch.map, launch.userns.is_some()).map_err(StartError::setup)?;
    let (ours, theirs) = Channel::pair().map_err(StartError::setup)?;
    let child = if plan.joins() || launch.userns.is_some() {
        fork_by_intermediate(launch, &plan, ours, theirs)?
    } else {
        fork_directly(launch, &plan, ours, theirs)?
    };
    child.see_through()
}

/// A child whose program is not exec'ed yet. Dropped early, it is killed and reaped.
pub(super) struct Child {
    pid: Pid,
    pidfd: Option<OwnedFd>,
    channel: Channel,
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(pidfd) = &self.pidfd {
            let _ = process::signal(pidfd, libc::SIGKILL);
            let _ = process::wait(pidfd);
        }
    }
}

fn fork_directly(
    launch: &Launch<'_>,
    plan: &Plan,
    ours: Channel,
    theirs: Channel,
) -> Result<Child, StartError> {
    match clone_process(plan.new_flags(), Kin::Child) {
        Ok(Forked::Child) => {
            drop(ours);
            init::run(launch, plan, theirs)
        }
        Ok(Forked::Parent { pid, pidfd }) => {
            drop(theirs);
            let child = Child { pid, pidfd: Some(pidfd), channel: ours };
            rlimits::raise(pid, limits(launch));
            if !plan.self_mapped {
                child.write_map(launch)?;
            }
            Ok(child)
        }
        Err(error) => Err(StartError::of_clone(error)),
    }
}

/// Joining is for a process that has nothing else to do: it joins, clones the real child as its sibling (which is thus
/// ours, to wait for), and ends.
fn fork_by_intermediate(
    launch: &Launch<'_>,
    plan: &Plan,
    ours: Channel,
    theirs: Channel,
) -> Result<Child, StartError> {
    match process::fork().map_err(StartError::setup)? {
        Forked::Child => {
            drop(ours);
            join_and_clone(launch, plan, theirs)
        }
        Forked::Parent { pidfd, .. } => {
            drop(theirs);
            let first = ours.hear();
            process::wait(&pidfd).map_err(StartError::setup)?;
            match first.map_err(StartError::setup)? {
                Some(Message::Pid(number)) => {
                    let pid = Pid::from_raw(number).expect("clone3 gives positive pids");
                    let pidfd = process::open_child(pid).map_err(StartError::setup)?;
                    let child = Child { pid, pidfd: Some(pidfd), channel: ours };
                    rlimits::raise(pid, limits(launch));
                    if launch.userns.is_none() && !plan.self_mapped {
                        child.write_map(launch)?;
                    }
                    Ok(child)
                }
                Some(Message::Failed(failure)) => Err(StartError::of_failure(failure)),
                other => Err(StartError::unexpected(other.as_ref())),
            }
        }
    }
}

/// The intermediate child's whole life.
fn join_and_clone(launch: &Launch<'_>, plan: &Plan, channel: Channel) -> ! {
    let cloned = plan
        .join(launch.userns.as_ref().map(AsFd::as_fd))
        .and_then(|()| clone_process(plan.new_flags(), Kin::Sibling).context("make the container's process"));
    let said = match cloned {
        Ok(Forked::Child) => init::run(launch, plan, channel),
        Ok(Forked::Parent { pid, .. }) => Message::Pid(pid.as_raw_nonzero().get()),
        Err(error) => Message::Failed(Failure::of(&error)),
    };
    let _ = channel.say(&said);
    process::exit_now(0)
}

fn limits<'a>(launch: &'a Launch<'_>) -> &'a [oci_spec::runtime::PosixRlimit] {
    launch.spec.process().as_ref().and_then(|process| process.rlimits().as_deref()).unwrap_or_default()
}

impl Child {
    /// A child that was made elsewhere (`exec`).
    pub(super) fn new(pid: Pid, pidfd: OwnedFd, channel: Channel) -> Child {
        Child { pid, pidfd: Some(pidfd), channel }
    }

    fn write_map(&self, launch: &Launch<'_>) -> Result<(), StartError> {
        userns::write_maps(self.pid, launch.map).map_err(StartError::of_map)?;
        self.channel.say(&Message::MapWritten).map_err(|_| self.last_words())
    }

    /// The child is gone: why, if it said so.
    fn last_words(&self) -> StartError {
        match self.channel.hear() {
            Ok(Some(Message::Failed(failure))) => StartError::of_failure(failure),
            other => StartError::unexpected(other.ok().flatten().as_ref()),
        }
    }

    /// Listens until the exec, or until the child gives up.
    pub(super) fn see_through(mut self) -> Result<Started, StartError> {
        let mut terminal = None;
        let mut notes = Vec::new();
        let mut ready = false;
        loop {
            match self.channel.hear().map_err(StartError::setup)? {
                Some(Message::Note(note)) => notes.push(note),
                Some(Message::Terminal(master)) => terminal = Some(master),
                Some(Message::Ready) => ready = true,
                Some(Message::Failed(failure)) => return Err(StartError::of_failure(failure)),
                None if ready => break,
                other => return Err(StartError::unexpected(other.as_ref())),
            }
        }
        let pidfd = self.pidfd.take().expect("taken here alone");
        Ok(Started { pid: self.pid, pidfd, terminal, notes })
    }
}

impl StartError {
    fn new(kind: StartErrorKind, message: String, hint: Option<String>) -> Self {
        StartError { kind, message, hint }
    }

    pub(super) fn setup(error: impl Into<anyhow::Error>) -> Self {
        Self::of_failure(Failure::of(&error.into()))
    }

    pub(super) fn of_failure(failure: Failure) -> Self {
        let errno = (failure.errno != 0).then(|| Errno::from_raw_os_error(failure.errno));
        let hint =
            errno.filter(|_| failure.kind == StartErrorKind::Setup).and_then(|e| hint(e, Situation::SetUp));
        Self::new(failure.kind, failure.message, hint)
    }

    fn of_clone(error: SyscallError) -> Self {
        let hint = hint(error.errno, Situation::NewUserNamespace);
        Self::new(StartErrorKind::Setup, format!("make the container's namespaces: {error}"), hint)
    }

    fn of_map(error: MapError) -> Self {
        let message = format!("write the identity map: {error}");
        match error {
            MapError::Refused(_) => Self::new(StartErrorKind::MapRefused, message, None),
            MapError::Call(call) => {
                Self::new(StartErrorKind::Setup, message, hint(call.errno, Situation::WriteMap))
            }
        }
    }

    fn unexpected(message: Option<&Message>) -> Self {
        let told = || -> anyhow::Result<()> {
            match message {
                None => bail!("the container's process ended while it was being set up"),
                Some(message) => bail!("unexpected in the handshake: {message:?}"),
            }
        };
        Self::setup(told().expect_err("it always fails"))
    }
}
