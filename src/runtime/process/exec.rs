//! A further program in a running container: joins its namespaces and goes the last stretch like the first program.
//! setns(2).
//!
//! Before it joins, the process is made undumpable, and its memory stays the caller's: what runs in the container, root or
//! not, can neither trace it nor take descriptors from it (CVE-2016-9962).

use std::{
    convert::Infallible,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use anyhow::{Context, ensure};
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
    process::Pid,
};

use super::{
    handshake::{Failure, Message},
    parent::{self, ChildEnd, Intermediate},
    program::{self, Program},
};
use crate::{
    runtime::{Exec, StartError, Started, Stdio, rlimits, tty, user},
    sys::{
        fd,
        feature::Feature,
        namespace, process,
        userns::{self, IdMap},
    },
};

/// The kinds of namespaces and what /proc/PID/ns calls them; the user namespace gives the right to join the others.
const KINDS: [(libc::c_int, &str); 7] = [
    (libc::CLONE_NEWUSER, "user"),
    (libc::CLONE_NEWNS, "mnt"),
    (libc::CLONE_NEWPID, "pid"),
    (libc::CLONE_NEWIPC, "ipc"),
    (libc::CLONE_NEWUTS, "uts"),
    (libc::CLONE_NEWNET, "net"),
    (libc::CLONE_NEWCGROUP, "cgroup"),
];

/// What is known of the container before it is joined: afterwards, its /proc is not to be believed.
struct Target {
    kinds: libc::c_int,
    /// Opened one by one, for kernels that cannot join by pidfd.
    files: Vec<(libc::c_int, OwnedFd)>,
    map: IdMap,
}

/// See [`crate::runtime::exec`].
///
/// Should: leave no child behind when it fails.
/// Mustn't: be called with threads running.
pub(in crate::runtime) fn exec(exec: &Exec<'_>) -> Result<Started, StartError> {
    let target = Target::look_at(&exec.target).map_err(StartError::setup)?;
    let intermediate = Intermediate {
        join: &|| target.join(&exec.target).map(|()| 0),
        run: &|end| run(exec, &target, &end),
    };
    let child = parent::fork_by_intermediate(&intermediate, |pid| {
        rlimits::raise(pid, exec.process.rlimits().as_deref().unwrap_or_default());
        Ok(None)
    })?;
    child.see_through()
}

impl Target {
    fn look_at(pidfd: &OwnedFd) -> anyhow::Result<Target> {
        let first = process::number(pidfd)?.context("the container is not running")?;
        let pid = reachable(first);
        let mut target = Target { kinds: 0, files: Vec::new(), map: userns::map_of(pid)? };
        for (kind, name) in KINDS {
            let path = |of: &str| format!("/proc/{of}/ns/{name}");
            let theirs = std::fs::metadata(path(&pid.to_string()));
            let theirs = theirs.with_context(|| format!("look at the container's {name} namespace"))?;
            let ours = std::fs::metadata(path("self"))?;
            use std::os::unix::fs::MetadataExt;
            // One that is the host's (`--network host`) needs no joining, and would be refused.
            if theirs.ino() != ours.ino() {
                target.kinds |= kind;
                if pid != first || !Feature::SetnsPidfd.is_usable() {
                    target.files.push((kind, fd::open_file(path(&pid.to_string()).as_ref())?));
                }
            }
        }
        ensure!(!process::has_ended(pidfd), "the container is not running");
        Ok(target)
    }

    fn join(&self, pidfd: &OwnedFd) -> anyhow::Result<()> {
        process::set_dumpable(false)?;
        process::hide_arguments();
        process::join_new_keyring();
        if self.files.is_empty() {
            match namespace::join(pidfd, self.kinds) {
                Err(error) if error.errno == Errno::SRCH => anyhow::bail!("the container is not running"),
                answer => return answer.context("join the container's namespaces"),
            }
        }
        for (kind, file) in &self.files {
            namespace::join(file, *kind).context("join the container's namespaces")?;
        }
        Ok(())
    }
}

/// The process of a container through whose /proc/PID/ns its namespaces are reached: its process 1, or, where that is our
/// reaper, which nobody but the host's root may look into, the program.
pub(in crate::runtime) fn reachable(first: Pid) -> Pid {
    let pid = first.as_raw_nonzero();
    if std::fs::metadata(format!("/proc/{pid}/ns/mnt")).is_ok() {
        return first;
    }
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let is_reachable =
        |child: &Pid| std::fs::metadata(format!("/proc/{}/ns/mnt", child.as_raw_nonzero())).is_ok();
    let numbers = children.split_ascii_whitespace().filter_map(|word| Pid::from_raw(word.parse().ok()?));
    numbers.into_iter().find(is_reachable).unwrap_or(first)
}

/// The program's process, in the container.
fn run(exec: &Exec<'_>, target: &Target, end: &ChildEnd) -> ! {
    let Err(error) = start_program(exec, target, end);
    let _ = end.channel.say(&Message::Failed(Failure::of(&error)));
    process::exit_now(1)
}

fn start_program(exec: &Exec<'_>, target: &Target, end: &ChildEnd) -> anyhow::Result<Infallible> {
    process::set_name(c"coracle-exec")?;
    userns::become_root(&target.map).context("become root of the user namespace")?;
    process::set_sid()?;
    let root = rustix::fs::open("/", OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .map_err(std::io::Error::from)
        .context("open the root")?;
    let identity = user::resolve(root.as_fd(), exec.user, exec.groups)?;
    match &exec.stdio {
        Stdio::Streams { stdin, stdout, stderr } => tty::place_streams([stdin, stdout, stderr], &identity)?,
        Stdio::Terminal { rows, columns } => {
            let (master, slave) = tty::open_pair(&root, *rows, *columns, &identity)?;
            end.channel.say(&Message::Terminal(master))?;
            tty::place_terminal(&slave)?;
        }
    }
    fd::close_on_exec_from(3).context("keep our descriptors from the program")?;
    debug_assert!(root.as_raw_fd() > 2);
    let program = Program {
        process: exec.process,
        root: &root,
        identity: &identity,
        map: &target.map,
        explicit_groups: !exec.groups.is_empty(),
        seccomp: &exec.seccomp,
        init: false,
        dies_with_parent: !exec.detach,
    };
    program::become_program(&program, end)
}
