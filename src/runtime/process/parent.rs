//! The parent's side of a start: forks, writes the identity map, listens until the program is exec'ed.

use std::{
    collections::VecDeque,
    convert::Infallible,
    os::fd::{AsFd, OwnedFd},
};

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
        exec_stub::ExecStub,
        explain::{Situation, hint},
        process::{self, End, Forked},
        userns::{self, MapError},
    },
};

/// See [`crate::runtime::start`].
///
/// Should: leave no child behind when it fails.
/// Mustn't: be called with threads running; move this process into any namespace.
pub(in crate::runtime) fn start(launch: &Launch<'_>) -> Result<Started, StartError> {
    let plan = Plan::new(launch.spec, launch.map, launch.userns.is_some()).map_err(StartError::setup)?;
    let child = if plan.joins() || launch.userns.is_some() {
        fork_and_join(launch, &plan)?
    } else {
        fork_directly(launch, &plan)?
    };
    child.see_through()
}

fn fork_and_join(launch: &Launch<'_>, plan: &Plan) -> Result<Child, StartError> {
    let userns = launch.userns.as_ref().map(AsFd::as_fd);
    let intermediate = Intermediate {
        join: &|| {
            if userns.is_some() {
                init::close_to_neighbours(launch)?;
            }
            plan.join(userns).map(|()| plan.new_flags())
        },
        run: &|end| init::run(launch, plan, end),
    };
    fork_by_intermediate(&intermediate, |pid| {
        rlimits::raise(pid, limits(launch));
        if launch.userns.is_some() || plan.self_mapped {
            return Ok(None);
        }
        userns::write_maps(pid, launch.map).map_err(StartError::of_map)?;
        Ok(Some(Message::MapWritten))
    })
}

/// A child whose program is not exec'ed yet. Dropped early, it is killed and reaped.
pub(super) struct Child {
    pid: Pid,
    pidfd: Option<OwnedFd>,
    channel: Channel,
    /// What was heard before its turn.
    early: VecDeque<Message>,
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(pidfd) = &self.pidfd {
            let _ = process::signal(pidfd, libc::SIGKILL);
            let _ = process::wait(pidfd);
        }
    }
}

fn fork_directly(launch: &Launch<'_>, plan: &Plan) -> Result<Child, StartError> {
    let (ours, theirs) = ends()?;
    match clone_process(plan.new_flags(), Kin::Child) {
        Ok(Forked::Child) => {
            drop(ours);
            init::run(launch, plan, theirs)
        }
        Ok(Forked::Parent { pid, pidfd }) => {
            drop(theirs);
            let mut child = Child { pid, pidfd: Some(pidfd), channel: ours, early: VecDeque::new() };
            rlimits::raise(pid, limits(launch));
            if !plan.self_mapped {
                userns::write_maps(pid, launch.map).map_err(StartError::of_map)?;
                child.tell(&Message::MapWritten)?;
            }
            Ok(child)
        }
        Err(error) => Err(StartError::of_clone(error)),
    }
}

/// What the child has of the parent: its end of the handshake, and the stub that it leaves by.
#[derive(Debug)]
pub(super) struct ChildEnd {
    pub(super) channel: Channel,
    pub(super) stub: ExecStub,
}

/// Both ends of a handshake. The stub is made here, since the child's root is the container's.
fn ends() -> Result<(Channel, ChildEnd), StartError> {
    let (ours, channel) = Channel::pair().map_err(StartError::setup)?;
    let stub = ExecStub::new(&channel).map_err(StartError::of_stub)?;
    Ok((ours, ChildEnd { channel, stub }))
}

/// What a process does that has nothing else to do than to join namespaces and to clone the real child.
pub(super) struct Intermediate<'a> {
    /// Joins, and says which namespaces (CLONE_NEW*) the child gets new.
    pub(super) join: &'a dyn Fn() -> anyhow::Result<u64>,
    /// The child's whole life.
    pub(super) run: &'a dyn Fn(ChildEnd) -> Infallible,
}

/// Makes a child in namespaces that are joined. `made` is told its number before anything else is heard of it.
pub(super) fn fork_by_intermediate(
    intermediate: &Intermediate<'_>,
    made: impl FnOnce(Pid) -> Result<Option<Message>, StartError>,
) -> Result<Child, StartError> {
    let (ours, theirs) = ends()?;
    match process::fork().map_err(StartError::setup)? {
        Forked::Child => {
            drop(ours);
            intermediate.live(theirs)
        }
        Forked::Parent { pidfd, .. } => {
            drop(theirs);
            let is_cloned = process::wait(&pidfd).map_err(StartError::setup)? == End::Exited(0);
            let mut child = hear_of_child(ours, is_cloned)?;
            if let Some(message) = made(child.pid)? {
                child.tell(&message)?;
            }
            Ok(child)
        }
    }
}

/// The intermediate has ended, and its last word was the child's number, or why there is none. The child may have spoken
/// before that already.
fn hear_of_child(channel: Channel, is_cloned: bool) -> Result<Child, StartError> {
    let mut early = VecDeque::new();
    loop {
        match channel.hear().map_err(StartError::setup)? {
            Some(Message::Pid(number)) => {
                let pid = Pid::from_raw(number).expect("clone3 gives positive pids");
                let pidfd = process::open_child(pid).map_err(StartError::setup)?;
                return Ok(Child { pid, pidfd: Some(pidfd), channel, early });
            }
            Some(Message::Failed(failure)) if !is_cloned => return Err(StartError::of_failure(failure)),
            Some(message) if is_cloned => early.push_back(message),
            other => return Err(StartError::unexpected(other.as_ref())),
        }
    }
}

impl Intermediate<'_> {
    /// The real child is a sibling of this process: it is the parent's, to wait for.
    fn live(&self, end: ChildEnd) -> ! {
        let clone = |new| clone_process(new, Kin::Sibling).context("make the container's process");
        let (said, code) = match (self.join)().and_then(clone) {
            Ok(Forked::Child) => match (self.run)(end) {},
            Ok(Forked::Parent { pid, .. }) => (Message::Pid(pid.as_raw_nonzero().get()), 0),
            Err(error) => (Message::Failed(Failure::of(&error)), 1),
        };
        let _ = end.channel.say(&said);
        process::exit_now(code)
    }
}

fn limits<'a>(launch: &'a Launch<'_>) -> &'a [oci_spec::runtime::PosixRlimit] {
    launch.spec.process().as_ref().and_then(|process| process.rlimits().as_deref()).unwrap_or_default()
}

impl Child {
    fn hear(&mut self) -> anyhow::Result<Option<Message>> {
        match self.early.pop_front() {
            Some(message) => Ok(Some(message)),
            None => self.channel.hear(),
        }
    }

    /// Tells the child something. If it is gone, it has said why, perhaps.
    fn tell(&mut self, message: &Message) -> Result<(), StartError> {
        self.channel.say(message).map_err(|_| match self.hear() {
            Ok(Some(Message::Failed(failure))) => StartError::of_failure(failure),
            other => StartError::unexpected(other.ok().flatten().as_ref()),
        })
    }

    /// Listens until the exec, or until the child gives up.
    pub(super) fn see_through(mut self) -> Result<Started, StartError> {
        let (mut terminal, mut layer) = (None, None);
        let mut notes = Vec::new();
        let file = loop {
            match self.hear().map_err(StartError::setup)? {
                Some(Message::Note(note)) => notes.push(note),
                Some(Message::Terminal(master)) => terminal = Some(master),
                Some(Message::Layer(mount)) => layer = Some(mount),
                Some(Message::Failed(failure)) => return Err(StartError::of_failure(failure)),
                Some(Message::Ready(file)) => break file,
                other => return Err(StartError::unexpected(other.as_ref())),
            }
        };
        match self.hear().map_err(StartError::setup)? {
            None => {}
            Some(Message::NotExeced(errno)) => return Err(StartError::of_exec(&file, errno)),
            Some(Message::NoStub(errno)) => {
                return Err(StartError::of_stub(SyscallError::new("execveat(the exec stub)", errno)));
            }
            other => return Err(StartError::unexpected(other.as_ref())),
        }
        let pidfd = self.pidfd.take().expect("taken here alone");
        Ok(Started { pid: self.pid, pidfd, terminal, notes, layer })
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

    fn of_stub(error: SyscallError) -> Self {
        let hint = hint(error.errno, Situation::ExecMemory);
        Self::new(StartErrorKind::Setup, format!("keep our executable out of the container: {error}"), hint)
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
