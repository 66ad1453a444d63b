//! The last stretch, in the container: limits, working directory, credentials, capabilities, filters, and the exec.
//! A container's first program and a later one (`exec`) go the same way.

use std::{
    convert::Infallible,
    ffi::{CString, OsStr},
    os::{fd::OwnedFd, unix::ffi::OsStrExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use oci_spec::runtime::Process;
use rustix::{
    fs::{Access, AtFlags, CWD, FileType, Mode, OFlags},
    io::Errno,
};

use super::{handshake::Message, parent::ChildEnd, pid1};
use crate::{
    runtime::{
        StartError, StartErrorKind, caps, caps::CapSet, rlimits, seccomp, spec::defaults, user::Identity,
    },
    sys::{beneath, capability, error::describe, process, userns::IdMap},
};

/// What is run, as whom.
pub(super) struct Program<'a> {
    pub(super) process: &'a Process,
    pub(super) root: &'a OwnedFd,
    pub(super) identity: &'a Identity,
    pub(super) map: &'a IdMap,
    /// Groups were asked for by the user: one that cannot be given is an error.
    pub(super) explicit_groups: bool,
    pub(super) seccomp: &'a [seccomp::Program],
    /// A reaper of ours stays as process 1, and the program is its child.
    pub(super) init: bool,
    /// The program gets SIGKILL when the process that started it ends.
    pub(super) dies_with_parent: bool,
}

/// CAP_SYS_ADMIN's bit: a filter needs it, or no_new_privs.
const SYS_ADMIN: u64 = 1 << 21;

/// Becomes the program.
///
/// Should: say `Ready` just before the exec; leave descriptors 0, 1 and 2 alone.
/// Mustn't: do anything after the filters are in force that a strict one could forbid, but for what the exec needs.
pub(super) fn become_program(program: &Program<'_>, end: &ChildEnd) -> anyhow::Result<Infallible> {
    let environment = environment(program);
    let entered = enter_working_directory(program)?;
    let keep = CapSet::from_oci(program.process.capabilities().as_ref());
    caps::drop_bounding(keep)?;
    change_user(program)?;
    if !entered {
        enter_working_directory_as_user(program)?;
    }
    set_umask(program);
    let command = Command::find(program.process, &environment)?;
    rlimits::apply(program.process.rlimits().as_deref().unwrap_or_default())?;
    process::reset_signals();
    restrict(program, keep)?;
    if program.init {
        pid1::split()?;
    }
    // The parent may have ended before the signal for that was set: then nobody hears this, and nobody wants us.
    end.channel.say(&Message::Ready(command.file.to_string_lossy().into_owned()))?;
    let error = end.stub.exec(&end.channel, &command.file, &command.arguments, &command.environment);
    let _ = end.channel.say(&Message::NoStub(error.errno));
    process::exit_now(1)
}

/// The specification's, with HOME where it says nothing.
fn environment(program: &Program<'_>) -> Vec<String> {
    let mut environment = program.process.env().clone().unwrap_or_default();
    if !environment.iter().any(|entry| entry.starts_with("HOME=")) {
        environment.push(format!("HOME={}", program.identity.home));
    }
    environment
}

/// Goes to the working directory, resolved beneath the root without /proc's magic links, through which a descriptor of
/// the host could be reached (CVE-2024-21626). Says whether that was possible as root.
fn enter_working_directory(program: &Program<'_>) -> anyhow::Result<bool> {
    let path = program.process.cwd();
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    let context = || format!("change to the working directory {}", path.display());
    let dir = beneath::open(program.root, path, flags, Mode::empty()).with_context(context)?;
    match rustix::process::fchdir(&dir) {
        Err(Errno::ACCESS) => return Ok(false),
        answer => answer.map_err(std::io::Error::from).with_context(context)?,
    }
    check_inside().map(|()| true)
}

/// Some directories are closed to root and open to their user, on network file systems.
fn enter_working_directory_as_user(program: &Program<'_>) -> anyhow::Result<()> {
    ensure!(
        enter_working_directory(program)?,
        "change to the working directory: {}",
        describe(Errno::ACCESS)
    );
    Ok(())
}

fn check_inside() -> anyhow::Result<()> {
    let here = rustix::process::getcwd(Vec::new())
        .map_err(std::io::Error::from)
        .context("read the working directory")?;
    ensure!(here.to_bytes().starts_with(b"/"), "the working directory is outside the container");
    Ok(())
}

/// Groups, group, user: in this order, since each takes a right away that the one before needs.
fn change_user(program: &Program<'_>) -> anyhow::Result<()> {
    let Identity { uid, gid, ref groups, .. } = *program.identity;
    let map = program.map;
    ensure!(
        map.uid_outside(uid).is_some(),
        "user {uid} is not in the identity map ({}): it takes a range in /etc/subuid",
        count(map.uids.iter().map(|e| e.count))
    );
    ensure!(
        map.gid_outside(gid).is_some(),
        "group {gid} is not in the identity map ({}): it takes a range in /etc/subgid",
        count(map.gids.iter().map(|e| e.count))
    );
    set_groups(program, groups)?;
    process::set_gid(gid)?;
    rustix::thread::set_keep_capabilities(true).map_err(std::io::Error::from).context("keep capabilities")?;
    process::set_uid(uid)?;
    Ok(())
}

fn count(counts: impl Iterator<Item = u32>) -> String {
    match counts.map(u64::from).sum::<u64>() {
        1 => "one id".to_owned(),
        n => format!("{n} ids"),
    }
}

/// The groups that the map has. One that it lacks is an error where the user asked for groups; the image's own habits
/// (root in a dozen groups) are not. A user namespace made without privileges may not set groups at all.
fn set_groups(program: &Program<'_>, groups: &[u32]) -> anyhow::Result<()> {
    let (mapped, unmapped): (Vec<u32>, Vec<u32>) =
        groups.iter().partition(|gid| program.map.gid_outside(**gid).is_some());
    if let (true, Some(gid)) = (program.explicit_groups, unmapped.first()) {
        bail!("group {gid} is not in the identity map: it takes a range in /etc/subgid");
    }
    match process::set_groups(&mapped) {
        Err(error) if error.errno == Errno::PERM && !program.explicit_groups => Ok(()),
        answer => answer.context("set the supplementary groups (this identity map may not allow any)"),
    }
}

fn set_umask(program: &Program<'_>) {
    let mask = program.process.user().umask().unwrap_or(0o022);
    rustix::process::umask(Mode::from_raw_mode(mask & 0o777));
}

/// Takes the last rights away. A filter wants no_new_privs or CAP_SYS_ADMIN; with the latter it comes before the
/// capabilities are dropped, and must allow that; with the former after, and nothing but the exec follows.
fn restrict(program: &Program<'_>, keep: CapSet) -> anyhow::Result<()> {
    let uid = program.identity.uid;
    // A change of user took the effective set away, and the death signal with it.
    capability::set(keep.bits() | SYS_ADMIN)?;
    if program.dies_with_parent {
        process::set_death_signal(Some(rustix::process::Signal::KILL))?;
    }
    process::set_dumpable(false)?;
    let no_new_privileges = program.process.no_new_privileges().unwrap_or(false);
    if no_new_privileges {
        process::set_no_new_privs()?;
        caps::limit(keep, uid)?;
    }
    for filter in program.seccomp {
        crate::sys::seccomp::install(&filter.0).context("install the seccomp filter")?;
    }
    if !no_new_privileges {
        caps::limit(keep, uid)?;
    }
    Ok(())
}

/// A program file, its arguments and environment, ready for execve(2).
struct Command {
    file: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Command {
    /// Finds the file as docker does: a name with a slash is a path, another is looked up in PATH.
    fn find(process: &Process, environment: &[String]) -> anyhow::Result<Command> {
        let arguments = process.args().as_deref().unwrap_or_default();
        let name = arguments.first().context("no command is given")?;
        let file = if name.contains('/') {
            check_file(Path::new(name)).map_err(|errno| cannot(name, errno))?;
            PathBuf::from(name)
        } else {
            look_up(name, environment)?
        };
        let strings = |texts: &[String]| -> anyhow::Result<Vec<CString>> {
            let string = |text: &String| {
                CString::new(text.as_str()).context("an argument or variable holds a NUL byte")
            };
            texts.iter().map(string).collect()
        };
        Ok(Command {
            file: CString::new(file.as_os_str().as_bytes()).context("the program's path holds a NUL byte")?,
            arguments: strings(arguments)?,
            environment: strings(environment)?,
        })
    }
}

impl StartError {
    /// What execve(2) answered for a file that was found.
    pub(super) fn of_exec(file: &str, errno: Errno) -> StartError {
        let kind = match errno {
            Errno::NOENT => StartErrorKind::NotFound,
            _ => StartErrorKind::NotExecutable,
        };
        let hint = match errno {
            Errno::NOENT => Some(format!("{file} is there, but not the interpreter that it names")),
            Errno::NOEXEC => Some("the program is for another machine, or a script without `#!`".to_owned()),
            _ => None,
        };
        StartError { kind, message: format!("exec {file}: {}", text(errno)), hint }
    }
}

/// The errors' texts are Go's, as docker's users and their scripts know them.
fn text(errno: Errno) -> String {
    let text = describe(errno);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => text,
    }
}

fn cannot(name: &str, errno: Errno) -> StartError {
    let (kind, message) = match errno {
        Errno::NOENT | Errno::NOTDIR => {
            (StartErrorKind::NotFound, format!("exec: {name:?}: stat {name}: {}", text(errno)))
        }
        _ => (StartErrorKind::NotExecutable, format!("exec: {name:?}: {}", text(errno))),
    };
    StartError { kind, message, hint: None }
}

/// A regular file that this user may execute.
fn check_file(path: &Path) -> Result<(), Errno> {
    let stat = rustix::fs::stat(path)?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Err(Errno::ISDIR);
    }
    // For root this asks whether anybody may.
    rustix::fs::accessat(CWD, path, Access::EXEC_OK, AtFlags::EACCESS)
}

/// Goes through PATH. What is there and must not be executed is only told when nothing better comes.
fn look_up(name: &str, environment: &[String]) -> Result<PathBuf, StartError> {
    let path =
        environment.iter().rev().find_map(|entry| entry.strip_prefix("PATH=")).unwrap_or(defaults::PATH);
    let not_found = || StartError {
        kind: StartErrorKind::NotFound,
        message: format!("exec: {name:?}: executable file not found in $PATH"),
        hint: None,
    };
    if name.is_empty() {
        return Err(not_found());
    }
    let mut denied = None;
    for dir in path.split(':') {
        // An empty entry means the working directory, which Go, and so docker, does not take a program from.
        if !dir.starts_with('/') {
            continue;
        }
        let file = Path::new(OsStr::new(dir)).join(name);
        match check_file(&file) {
            Ok(()) => return Ok(file),
            Err(Errno::ACCESS) => denied = Some(cannot(name, Errno::ACCESS)),
            Err(_) => {}
        }
    }
    Err(denied.unwrap_or_else(not_found))
}
