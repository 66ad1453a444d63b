//! Starting a child in new namespaces. clone(2), clone3.

use rustix::{io::Errno, process::Pid};

use super::{
    error::{During, SyscallError},
    fd,
    feature::Feature,
    process::{self, Forked, check},
};

const CLONE_CLEAR_SIGHAND: u64 = 0x1_0000_0000;

/// How the child relates to this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kin {
    /// Our child.
    Child,
    /// Our parent's child, as we are: for an intermediate process that ends.
    Sibling,
}

/// Makes a child with its own copy of this process's memory, in the new namespaces that `namespaces` (CLONE_NEW*)
/// names. Its signal handlers are gone where the kernel can do that. *Must* be called while single-threaded.
///
/// A sibling's pidfd is open in this process, as a child's would be.
pub fn clone_process(namespaces: u64, kin: Kin) -> Result<Forked, SyscallError> {
    debug_assert!(process::is_single_threaded(), "clone3() while there are threads");
    if Feature::ClearSighand.is_usable() {
        match clone3(namespaces | CLONE_CLEAR_SIGHAND, kin) {
            // EINVAL may mean the namespaces: the call without the flag tells.
            Err(Errno::INVAL) => {}
            answer => return answer.during(|| describe(namespaces)),
        }
    }
    clone3(namespaces, kin).during(|| describe(namespaces))
}

fn clone3(flags: u64, kin: Kin) -> Result<Forked, Errno> {
    let mut pidfd: libc::c_int = -1;
    // SAFETY: clone_args is plain numbers, for which zero is a value.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags | libc::CLONE_PIDFD as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    match kin {
        Kin::Child => arguments.exit_signal = libc::SIGCHLD as u64,
        // clone(2): the exit signal is then that of this process.
        Kin::Sibling => arguments.flags |= libc::CLONE_PARENT as u64,
    }
    // SAFETY: no CLONE_VM and no stack: the child has its own copy of everything and returns here as from fork. The
    // caller is single-threaded, so that no lock of the C library is held by a thread that the child does not have.
    // The arguments live across the call.
    let answer =
        unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<libc::clone_args>()) };
    match check(answer)? {
        0 => Ok(Forked::Child),
        pid => {
            let pid = Pid::from_raw(pid as i32).expect("clone3 gives positive pids");
            // SAFETY: the kernel has just put a new descriptor there.
            Ok(Forked::Parent { pid, pidfd: unsafe { fd::own(i64::from(pidfd)) } })
        }
    }
}

fn describe(namespaces: u64) -> String {
    const NAMES: [(libc::c_int, &str); 7] = [
        (libc::CLONE_NEWUSER, "CLONE_NEWUSER"),
        (libc::CLONE_NEWNS, "CLONE_NEWNS"),
        (libc::CLONE_NEWPID, "CLONE_NEWPID"),
        (libc::CLONE_NEWIPC, "CLONE_NEWIPC"),
        (libc::CLONE_NEWUTS, "CLONE_NEWUTS"),
        (libc::CLONE_NEWNET, "CLONE_NEWNET"),
        (libc::CLONE_NEWCGROUP, "CLONE_NEWCGROUP"),
    ];
    let named: Vec<_> =
        NAMES.iter().filter(|(bit, _)| namespaces & *bit as u64 != 0).map(|(_, name)| *name).collect();
    format!("clone3({})", named.join("|"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{
        process::{End, exit_now, wait},
        testing::{alone, in_child},
    };

    #[test]
    fn a_child_ends_with_its_code_and_a_sibling_is_our_parents() {
        if !alone() {
            return;
        }
        in_child(|| {
            for off in [false, true] {
                if off {
                    Feature::ClearSighand.switch_off();
                }
                match clone_process(0, Kin::Child)? {
                    Forked::Child => match clone_process(0, Kin::Sibling) {
                        Ok(Forked::Child) => exit_now(9),
                        Ok(Forked::Parent { .. }) => exit_now(8),
                        Err(_) => exit_now(1),
                    },
                    Forked::Parent { pidfd, .. } => {
                        anyhow::ensure!(wait(&pidfd)? == End::Exited(8));
                        let sibling = loop {
                            match process::reap_any() {
                                Some((_, end)) => break end,
                                None => std::thread::yield_now(),
                            }
                        };
                        anyhow::ensure!(sibling == End::Exited(9), "{sibling:?}");
                    }
                }
            }
            Ok(())
        });
    }
}
