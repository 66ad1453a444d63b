//! Namespaces: leaving and joining them. namespaces(7), unshare(2), setns(2).

use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use rustix::{io::Errno, thread::UnshareFlags};

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

/// Says whether a user namespace was made in this process's own: not in one below it, where a container has the say.
/// ioctl_ns(2), NS_GET_PARENT.
pub fn is_child_of_ours(userns: impl AsFd) -> Result<bool, SyscallError> {
    const NS_GET_PARENT: libc::Ioctl = 0xb702;
    // SAFETY: the call takes no argument.
    let answer = unsafe { libc::ioctl(userns.as_fd().as_raw_fd(), NS_GET_PARENT) };
    let parent = match check(i64::from(answer)) {
        // SAFETY: the kernel has just given this descriptor to us.
        Ok(number) => unsafe { OwnedFd::from_raw_fd(number as i32) },
        // It is above us, or our own.
        Err(Errno::PERM) => return Ok(false),
        Err(errno) => return Err(SyscallError::new("ioctl(NS_GET_PARENT)", errno)),
    };
    let parent = rustix::fs::fstat(parent).during(|| "fstat()")?;
    let ours = rustix::fs::stat("/proc/self/ns/user").during(|| "stat(\"/proc/self/ns/user\")")?;
    Ok((parent.st_dev, parent.st_ino) == (ours.st_dev, ours.st_ino))
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
