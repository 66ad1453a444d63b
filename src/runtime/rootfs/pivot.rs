//! The container's root becomes the root, and the host's goes. pivot_root(2).

use std::os::fd::OwnedFd;

use anyhow::Context;
use rustix::io::Errno;

use crate::sys::{
    error::{During, SyscallError},
    mount,
};

/// Makes a mounted tree the root of this mount namespace.
///
/// Should: leave nothing of the host's tree, nor a descriptor that could lead back (all of ours close at exec).
pub(in crate::runtime) fn pivot(root: &OwnedFd) -> anyhow::Result<()> {
    rustix::process::fchdir(root).during(|| "fchdir()")?;
    // With both the same, the old root is stacked on the new one: no directory for it is needed (pivot_root(2), NOTES).
    match rustix::process::pivot_root(".", ".") {
        Err(Errno::INVAL) => Err(SyscallError::new("pivot_root(\".\", \".\")", Errno::INVAL)).context(
            "the host's root cannot be exchanged (it is the initial memory file system, or a chroot, not a mount)",
        )?,
        answer => answer.during(|| "pivot_root(\".\", \".\")")?,
    }
    mount::detach(".")?;
    rustix::process::chdir("/").during(|| "chdir(\"/\")")?;
    Ok(())
}
