//! What the container commands mean, one file per verb.
pub mod env;
pub mod etc;
pub mod spec;
