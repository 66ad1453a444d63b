//! The system-call layer: safe functions with kernel names, errors that print like strace, and the only `unsafe`.
//!
//! Built on rustix (typed, raw system calls); libc only where rustix has nothing (clone3, mount_setattr, seccomp).

#![allow(unsafe_code)]

pub mod beneath;
pub mod capability;
pub mod clone;
pub mod copy;
pub mod error;
pub mod exec_stub;
pub mod explain;
pub mod fd;
pub mod feature;
pub mod helper;
pub mod memory;
pub mod mount;
pub mod namespace;
pub mod net;
pub mod process;
pub mod remove;
pub mod seccomp;
pub mod signal;
pub mod socket;
pub mod subid;
#[cfg(test)]
pub(crate) mod testing;
pub mod tty;
pub mod userns;
pub mod xattr;
