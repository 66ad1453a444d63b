//! `--init`: process 1 is a reaper of ours. It passes signals on to the program, waits for every orphan, and ends as the
//! program ends. signal(7), pid_namespaces(7).
//!
//! It is our executable in the container's process namespace, but shows no command line and is not dumpable, and its memory belongs to the caller's
//! user namespace: the container can neither trace it nor open /proc/1/exe, whatever capabilities it has
//! (CVE-2019-5736).

use std::os::fd::OwnedFd;

use anyhow::Context;
use rustix::{
    fs::{Mode, OFlags},
    process::Pid,
};

use crate::sys::{
    fd,
    process::{self, End, Forked},
    signal, tty,
};

/// Forks: returns in the program's process; the other one stays here as the reaper, and never returns.
///
/// Should: come last before the exec, so that the reaper has no more rights than the program.
/// Mustn't: leave a descriptor of ours or of the program's streams open in the reaper: whoever reads the program's output
/// waits for its end, and the parent for that of the handshake.
pub(super) fn split() -> anyhow::Result<()> {
    let every = signal::Mask::block((1..=64).filter_map(signal::from_number))?;
    match process::fork().context("fork the program from its reaper")? {
        Forked::Child => {
            lead_own_group();
            every.restore();
            Ok(())
        }
        Forked::Parent { pid, pidfd } => {
            drop(pidfd);
            let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).ok();
            let end = reap(pid, null);
            process::exit_now(end.code())
        }
    }
}

/// The program gets the terminal's signals itself, and not twice.
fn lead_own_group() {
    let Ok(()) = rustix::process::setpgid(None, None) else { return };
    let stdin = rustix::stdio::stdin();
    if tty::is_terminal(stdin) {
        // SIGTTOU, which a background group gets for that, is blocked.
        let _ = rustix::termios::tcsetpgrp(stdin, rustix::process::getpid());
    }
}

/// The reaper's life.
fn reap(program: Pid, null: Option<OwnedFd>) -> End {
    process::hide_arguments();
    if let Some(null) = null {
        for number in 0..3 {
            let _ = fd::place(std::os::fd::AsFd::as_fd(&null), number);
        }
    }
    fd::close_from(3);
    loop {
        let signal = signal::wait_for_any();
        if signal != libc::SIGCHLD {
            // It may have ended a moment ago; then SIGCHLD is next.
            if let Some(signal) = signal::from_number(signal) {
                let _ = rustix::process::kill_process(program, signal);
            }
            continue;
        }
        while let Some((pid, end)) = process::reap_any() {
            if pid == program {
                return end;
            }
        }
    }
}
