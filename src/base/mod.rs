//! Plain value types that every layer shares: no I/O, no policy.

pub mod advice;
pub mod digest;
pub mod duration;
pub mod filter;
pub mod glob;
pub mod host_entry;
pub mod id;
pub mod port;
pub mod signal;
pub mod size;
pub mod sysctl;
pub mod time;
