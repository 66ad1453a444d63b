//! Plain value types that every layer shares: no I/O, no policy.

pub mod digest;
pub mod id;
pub mod time;
