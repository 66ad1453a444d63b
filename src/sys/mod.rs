//! The system-call layer: safe functions with kernel names, errors that print like strace, and the only `unsafe`.
//!
//! Built on rustix (typed, raw system calls); libc only where rustix has nothing (clone3, seccomp).

#![allow(unsafe_code)]

pub mod capability;
pub mod error;
pub mod remove;
pub mod signal;
pub mod socket;
pub mod userns;
