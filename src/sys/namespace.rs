//! Namespaces: leaving and joining them. namespaces(7), unshare(2), setns(2).

use std::os::fd::{AsFd, AsRawFd};

use rustix::thread::UnshareFlags;

use super::{
    error::{During, SyscallError},
    process::check,
};

/// Moves this thread into new namespaces.
pub fn unshare(flags: UnshareFlags) -> Result<(), SyscallError> {
    debug_assert!(!flags.contains(UnshareFlags::FILES));
    // SAFETY: the descriptor table stays shared, which is all that the call could make unsound.
    unsafe { rustix::thread::unshare_unsafe(flags) }.during(|| format!("unshare({flags:?})"))
}

/// Joins the namespace behind a /proc/PID/ns file, or those of a pidfd's process that `kinds` (CLONE_NEW*) names.
pub fn join(namespace: impl AsFd, kinds: libc::c_int) -> Result<(), SyscallError> {
    // SAFETY: plain integers; what a thread's namespaces are is not a matter of memory safety.
    let answer = unsafe { libc::setns(namespace.as_fd().as_raw_fd(), kinds) };
    check(i64::from(answer)).map(drop).during(|| format!("setns({kinds:#x})"))
}

/// Why a test cannot have user namespaces here, if it cannot.
#[cfg(test)]
pub(crate) fn why_no_user_namespace() -> Option<String> {
    use super::{
        process::{End, Forked, exit_now, wait},
        testing::fork_in_test,
    };
    let (mut reader, writer) = std::io::pipe().ok()?;
    match fork_in_test().ok()? {
        Forked::Child => {
            let answer = unshare(UnshareFlags::NEWUSER);
            if let Err(error) = &answer {
                let _ = std::io::Write::write_all(&mut &writer, error.to_string().as_bytes());
            }
            exit_now(u8::from(answer.is_err()))
        }
        Forked::Parent { pidfd, .. } => {
            drop(writer);
            let mut text = String::new();
            std::io::Read::read_to_string(&mut reader, &mut text).ok()?;
            (wait(&pidfd) != Ok(End::Exited(0))).then_some(text)
        }
    }
}
