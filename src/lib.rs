//! coracle: rootless containers from one static file.
//!
//! ```text
//! main → cli                                  argv in, text out: the only layer that knows a terminal
//!          └→ engine                          one file per verb: what the command means
//!               → monitor                     the process that outlives the command (logs, attach, exit)
//!               → image · runtime             domains; they do not import each other
//!                    → store                  what is on disk; every path named in one file
//!                         → sys · base        system calls (the only `unsafe`) · plain value types
//! ```
//!
//! Dependencies point down only; `tests/layering.rs` holds them to it. ARCHITECTURE.md is the guide.

pub mod base;
#[allow(rustdoc::broken_intra_doc_links, reason = "help texts have docker's brackets in them")]
pub mod cli;
pub mod engine;
pub mod image;
pub mod monitor;
pub mod runtime;
pub mod store;
pub mod sys;
