//! The integration tests: one binary, so that they are linked once. `tests/cli/` has a file for each verb, named as
//! its file in `src/cli/`.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod cli;
mod layering;
mod real;
mod world;
