//! Installing a system-call filter. seccomp(2).

use rustix::io::Errno;

use super::{
    error::{During, SyscallError},
    process::check,
};

/// Confines this thread, and what it starts, to a BPF program: `struct sock_filter`, 8 bytes each. Needs
/// no_new_privs or CAP_SYS_ADMIN in the thread's user namespace. As with runc, a filter does not by itself switch the
/// processor's speculation off, where the kernel (since Linux 4.17) leaves the choice.
pub fn install(program: &[u64]) -> Result<(), SyscallError> {
    let call = || format!("seccomp(SECCOMP_SET_MODE_FILTER, {} instructions)", program.len());
    let length = u16::try_from(program.len()).map_err(|_| SyscallError::new(call(), Errno::INVAL))?;
    let filter = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut().cast() };
    let install = |flags: libc::c_ulong| {
        // SAFETY: filter points to `len` instructions that live across the call; a u64 has the size and at least the
        // alignment of a sock_filter. The kernel reads and checks them.
        check(unsafe {
            libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter)
        })
    };
    match install(libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW) {
        Err(Errno::INVAL) => install(0),
        answer => answer,
    }
    .map(drop)
    .during(call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{
        process,
        testing::{alone, in_child},
    };

    #[test]
    fn a_filter_answers_for_the_kernel() {
        if !alone() {
            return;
        }
        in_child(|| {
            process::set_no_new_privs()?;
            // ld [nr]; jeq getppid ? 0 : 1; ret ERRNO(EDOM); ret ALLOW, as little-endian sock_filter.
            let instruction = |code: u64, jt: u64, jf: u64, k: u64| code | jt << 16 | jf << 24 | k << 32;
            install(&[
                instruction(0x20, 0, 0, 0),
                instruction(0x15, 0, 1, libc::SYS_getppid as u64),
                instruction(0x06, 0, 0, 0x0005_0000 | libc::EDOM as u64),
                instruction(0x06, 0, 0, 0x7fff_0000),
            ])?;
            // SAFETY: getppid has no arguments.
            let answer = check(unsafe { libc::syscall(libc::SYS_getppid) });
            anyhow::ensure!(answer == Err(Errno::DOM), "{answer:?}");
            Ok(())
        });
    }
}
