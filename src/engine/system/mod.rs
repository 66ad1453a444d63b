//! What the system commands mean: disk usage, sweeping everything unused, what the host offers.

pub mod df;
pub mod info;
pub mod prune;
