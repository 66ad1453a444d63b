//! The system-call layer: safe functions with kernel names, errors that print like strace, and the only `unsafe`.
//!
//! Built on rustix (typed, raw system calls); libc only where rustix has nothing (clone3, mount_setattr, seccomp).

#![allow(unsafe_code)]

<<<<<<< HEAD
pub mod capability;
pub mod error;
pub mod remove;
pub mod signal;
pub mod socket;
=======
pub mod beneath;
pub mod clone;
pub mod error;
pub mod explain;
pub mod fd;
pub mod feature;
pub mod helper;
pub mod mount;
pub mod namespace;
pub mod process;
pub mod seccomp;
pub mod subid;
pub mod tree;
pub mod tty;
>>>>>>> 241a701 (sys: processes, user namespaces, paths beneath a root, descriptors, terminals)
pub mod userns;
pub mod xattr;
