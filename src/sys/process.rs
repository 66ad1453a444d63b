//! Processes: who they are across reboots and reused numbers, their signals and ends, and what a process says of itself.
//! pidfd_open(2), prctl(2), proc_pid_stat(5).

use std::{
    ffi::CStr,
    fs,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::OnceLock,
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus},
    thread::{Gid, Uid},
};
use serde::{Deserialize, Serialize};

use super::error::{During, SyscallError};

/// A process that is never mistaken for a later one with the same number: proc_pid_stat(5) field 22 and the boot id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    pub pid: i32,
    /// Clock ticks after boot.
    pub start_time: u64,
    pub boot_id: String,
}

impl ProcessIdentity {
    /// Who the process with this number is now.
    pub fn of(pid: Pid) -> Result<Self, SyscallError> {
        Ok(ProcessIdentity {
            pid: pid.as_raw_nonzero().get(),
            start_time: start_time(pid)?,
            boot_id: boot_id()?,
        })
    }

    /// Opens the process if it still is the one. The start time is compared after the pidfd is open, so that a number
    /// reused in between is noticed and a signal reaches this process or none.
    pub fn open(&self) -> Option<OwnedFd> {
        if boot_id().ok()? != self.boot_id {
            return None;
        }
        let pid = Pid::from_raw(self.pid)?;
        let pidfd = rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok()?;
        (start_time(pid).ok()? == self.start_time && !has_ended(&pidfd)).then_some(pidfd)
    }
}

/// The kernel's name for this boot, which is read once.
pub fn boot_id() -> Result<String, SyscallError> {
    static BOOT_ID: OnceLock<String> = OnceLock::new();
    if let Some(id) = BOOT_ID.get() {
        return Ok(id.clone());
    }
    let path = "/proc/sys/kernel/random/boot_id";
    let text = fs::read_to_string(path).during(|| format!("read({path:?})"))?;
    Ok(BOOT_ID.get_or_init(|| text.trim_end().to_owned()).clone())
}

/// When a process was started, in clock ticks after boot.
pub fn start_time(pid: Pid) -> Result<u64, SyscallError> {
    let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let text = fs::read(&path).during(|| format!("read({path:?})"))?;
    start_time_in(&text).ok_or_else(|| SyscallError::new(format!("parse({path:?})"), Errno::INVAL))
}

/// Field 22. The second, the program's name, is in brackets and may hold spaces and brackets itself.
fn start_time_in(stat: &[u8]) -> Option<u64> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    rest.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exited(u8),
    Signalled(u8),
}

impl End {
    /// docker's exit code: the program's, or 128 and the signal.
    pub fn code(self) -> u8 {
        match self {
            End::Exited(code) => code,
            End::Signalled(signal) => 128u8.wrapping_add(signal),
        }
    }

    fn from_status(status: &WaitIdStatus) -> End {
        // Both numbers have fewer than eight bits in the kernel.
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => End::Exited(code as u8),
            (None, Some(signal)) => End::Signalled(signal as u8),
            (None, None) => unreachable!("WEXITED reports ends alone"),
        }
    }
}

/// Says whether a process has children (or may have: a kernel may be built without that file).
pub fn has_children(pid: Pid) -> bool {
    let pid = pid.as_raw_nonzero();
    fs::read(format!("/proc/{pid}/task/{pid}/children")).map_or(true, |children| !children.is_empty())
}

/// Opens a child of ours. Its number cannot be reused before we have waited for it.
pub fn open_child(pid: Pid) -> Result<OwnedFd, SyscallError> {
    rustix::process::pidfd_open(pid, PidfdFlags::empty()).during(|| format!("pidfd_open({pid})"))
}

/// Says whether the process is dead, reaped or not: a pidfd is readable from then on.
pub fn has_ended(pidfd: impl AsFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let pidfd = pidfd.as_fd();
    let mut fds = [PollFd::new(&pidfd, PollFlags::IN)];
    matches!(poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(1))
}

/// Sends a signal by number; real-time signals included.
pub fn signal(pidfd: impl AsFd, signal: i32) -> Result<(), SyscallError> {
    let fd = pidfd.as_fd().as_raw_fd();
    // SAFETY: the call reads no memory of ours: siginfo is null.
    let answer = unsafe {
        libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, std::ptr::null::<libc::siginfo_t>(), 0)
    };
    check(answer).map(drop).during(|| format!("pidfd_send_signal({signal})"))
}

/// Waits for a child's end and reaps it.
pub fn wait(pidfd: impl AsFd) -> Result<End, SyscallError> {
    loop {
        match rustix::process::waitid(WaitId::PidFd(pidfd.as_fd()), WaitIdOptions::EXITED) {
            Ok(Some(status)) => return Ok(End::from_status(&status)),
            Ok(None) | Err(Errno::INTR) => {}
            Err(errno) => return Err(SyscallError::new("waitid(P_PIDFD)", errno)),
        }
    }
}

/// Reaps a child that has ended; `None` while it runs.
pub fn try_wait(pidfd: impl AsFd) -> Result<Option<End>, SyscallError> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let status = rustix::process::waitid(WaitId::PidFd(pidfd.as_fd()), options);
    Ok(status.during(|| "waitid(P_PIDFD, WNOHANG)")?.as_ref().map(End::from_status))
}

/// Reaps any child that has ended, for process 1: its pid and how it ended; `None` where none has.
pub fn reap_any() -> Option<(Pid, End)> {
    let mut status = 0;
    // SAFETY: status is a live integer of ours.
    let pid = check(i64::from(unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) })).ok()?;
    let end = if libc::WIFSIGNALED(status) {
        End::Signalled(libc::WTERMSIG(status) as u8)
    } else {
        End::Exited(libc::WEXITSTATUS(status) as u8)
    };
    Some((Pid::from_raw(pid as i32)?, end))
}

/// The number of a pidfd's process in this process's namespace; `None` when it is dead and reaped.
pub fn number(pidfd: impl AsFd) -> Result<Option<Pid>, SyscallError> {
    let path = format!("/proc/self/fdinfo/{}", pidfd.as_fd().as_raw_fd());
    let text = fs::read_to_string(&path).during(|| format!("read({path:?})"))?;
    let number = text.lines().find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok());
    Ok(number.filter(|number| *number > 0).and_then(Pid::from_raw))
}

/// Which side of a fork this is.
#[derive(Debug)]
pub enum Forked {
    Child,
    Parent { pid: Pid, pidfd: OwnedFd },
}

/// Forks. *Must* be called while single-threaded: another thread's locks would stay taken in the child for ever.
pub fn fork() -> Result<Forked, SyscallError> {
    debug_assert!(is_single_threaded(), "fork() while there are threads");
    fork_anyway()
}

pub(crate) fn fork_anyway() -> Result<Forked, SyscallError> {
    // SAFETY: the C library's fork keeps its own locks consistent, and the caller is single-threaded, so that no lock
    // of ours is held by a thread that the child does not have.
    match check(i64::from(unsafe { libc::fork() })).during(|| "fork()")? {
        0 => Ok(Forked::Child),
        pid => {
            let pid = Pid::from_raw(pid as i32).expect("fork gives positive pids");
            Ok(Forked::Parent { pid, pidfd: open_child(pid)? })
        }
    }
}

/// Says whether this process has one thread.
pub fn is_single_threaded() -> bool {
    fs::read_dir("/proc/self/task").map_or(true, |tasks| tasks.count() == 1)
}

/// Ends the process without running anything at exit: a forked child's buffers and handlers are its parent's.
pub fn exit_now(code: u8) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(i32::from(code)) }
}

/// Whether other processes of the same user may trace this one, read its memory and open its /proc/PID/exe.
pub fn set_dumpable(dumpable: bool) -> Result<(), SyscallError> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    let how = if dumpable { DumpableBehavior::Dumpable } else { DumpableBehavior::NotDumpable };
    set_dumpable_behavior(how).during(|| format!("prctl(PR_SET_DUMPABLE, {dumpable})"))
}

/// Overwrites the command line that /proc/PID/cmdline shows, which anyone may read: for a forked process that a container
/// sees, as the words of the caller (paths of the host, values of `-e`) are not the container's business. Where proc(5)
/// cannot be read, they stay.
///
/// The words that `std::env` keeps are overwritten as well: nothing reads them after the command line is parsed.
pub fn hide_arguments() {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return };
    let Some((start, end)) = argument_range(&stat) else { return };
    let name = b"coracle-init";
    // SAFETY: the kernel says that this process's argument strings lie in start..end, on its stack, which is writable and
    // stays mapped; no reference into them is alive, as the process has parsed them and has one thread.
    let arguments = unsafe { std::slice::from_raw_parts_mut(start as *mut u8, end - start) };
    arguments.fill(0);
    for (byte, letter) in arguments.iter_mut().rev().skip(1).rev().zip(name) {
        *byte = *letter;
    }
}

/// Fields 48 and 49 of /proc/PID/stat: `arg_start` and `arg_end`, which are zero for who may not know them.
fn argument_range(stat: &str) -> Option<(usize, usize)> {
    // The second field, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split_ascii_whitespace().skip(48 - 3);
    let mut address = || fields.next()?.parse::<usize>().ok();
    let (start, end) = (address()?, address()?);
    (start != 0 && start < end).then_some((start, end))
}

/// The signal that this process gets when its parent's thread ends. A change of credentials clears it.
pub fn set_death_signal(signal: Option<Signal>) -> Result<(), SyscallError> {
    rustix::process::set_parent_process_death_signal(signal).during(|| "prctl(PR_SET_PDEATHSIG)")
}

/// No exec gives more privileges from now on.
pub fn set_no_new_privs() -> Result<(), SyscallError> {
    rustix::thread::set_no_new_privs(true).during(|| "prctl(PR_SET_NO_NEW_PRIVS)")
}

/// What ps shows: 15 bytes at most.
pub fn set_name(name: &CStr) -> Result<(), SyscallError> {
    rustix::thread::set_name(name).during(|| "prctl(PR_SET_NAME)")
}

/// Sets the real, effective and saved user id of this thread.
pub fn set_uid(uid: u32) -> Result<(), SyscallError> {
    let id = Uid::from_raw(uid);
    rustix::thread::set_thread_res_uid(id, id, id).during(|| format!("setresuid({uid})"))
}

/// Sets the real, effective and saved group id of this thread.
pub fn set_gid(gid: u32) -> Result<(), SyscallError> {
    let id = Gid::from_raw(gid);
    rustix::thread::set_thread_res_gid(id, id, id).during(|| format!("setresgid({gid})"))
}

/// Sets the supplementary groups of this thread.
pub fn set_groups(gids: &[u32]) -> Result<(), SyscallError> {
    let ids: Vec<Gid> = gids.iter().copied().map(Gid::from_raw).collect();
    rustix::thread::set_thread_groups(&ids).during(|| format!("setgroups({gids:?})"))
}

/// Starts a session: no terminal, its own process group.
pub fn set_sid() -> Result<(), SyscallError> {
    rustix::process::setsid().map(drop).during(|| "setsid()")
}

/// Gives every signal its default action and lets all of them in, as a program expects at its start. (A Rust program
/// ignores SIGPIPE, and an ignored signal stays ignored across exec.)
pub fn reset_signals() {
    // SAFETY: SIG_DFL runs no code of ours; signals that cannot be changed answer EINVAL, which does not matter. The
    // set is filled by sigemptyset before it is read.
    unsafe {
        for number in 1..=64 {
            libc::signal(number, libc::SIG_DFL);
        }
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
}

/// Leaves the caller's session keyring for an empty one, where the kernel has keyrings. keyctl(2).
pub fn join_new_keyring() {
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // SAFETY: a null name asks for an anonymous keyring.
    unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
}

/// The errno of a raw call that answered -1.
pub(super) fn check(answer: i64) -> Result<i64, Errno> {
    if answer >= 0 {
        return Ok(answer);
    }
    let error = std::io::Error::last_os_error();
    Err(Errno::from_io_error(&error).unwrap_or(Errno::IO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::{alone, fork_in_test};

    #[test]
    fn reads_the_start_time_after_any_name() {
        let stat = b"12 (a b) c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
        assert_eq!(start_time_in(stat), Some(4711));
        assert_eq!(start_time_in(b"12 (x) S 1"), None);
    }

    #[test]
    fn a_process_is_known_again_and_a_stranger_is_not() {
        let me = ProcessIdentity::of(rustix::process::getpid()).unwrap();
        assert!(me.open().is_some());
        for other in [
            ProcessIdentity { start_time: me.start_time + 1, ..me.clone() },
            ProcessIdentity { boot_id: "another".to_owned(), ..me.clone() },
            ProcessIdentity { pid: 0, ..me.clone() },
        ] {
            assert!(other.open().is_none(), "{other:?}");
        }
    }

    #[test]
    fn ends_are_told_apart() {
        if !alone() {
            return;
        }
        for (end, act) in [
            (End::Exited(7), (|| exit_now(7)) as fn() -> !),
            (End::Signalled(9), || {
                let me = open_child(rustix::process::getpid()).unwrap();
                signal(&me, libc::SIGKILL).unwrap();
                exit_now(0)
            }),
        ] {
            match fork_in_test().unwrap() {
                Forked::Child => act(),
                Forked::Parent { pidfd, .. } => assert_eq!(wait(&pidfd).unwrap(), end),
            }
        }
        assert_eq!(End::Signalled(15).code(), 143);
    }
}
