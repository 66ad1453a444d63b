//! What each command means, one file per verb: no clap, no printing.
//!
//! An [`Engine`] is a user's store, opened. Its methods take typed options and give typed results.

pub mod container;
pub mod image;

use std::fmt;

use crate::store::layout::Layout;

/// One user's store, and what the commands do with it.
#[derive(Debug)]
pub struct Engine {
    pub layout: Layout,
}

impl Engine {
    /// Opens the caller's store; what is not there yet is made when something is written.
    pub fn open() -> anyhow::Result<Self> {
        unimplemented!()
    }
}

/// The errors that callers tell apart; everything else is `anyhow`. The texts are docker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// `kind` is `container`, `image`, `volume` …
    NoSuch { kind: &'static str, name: String },
    /// An id prefix that fits several.
    Ambiguous { kind: &'static str, name: String, matches: Vec<String> },
    /// A name that another container has.
    NameTaken { name: String, by: String },
    /// Something is used, by whom.
    InUse { kind: &'static str, name: String, by: Vec<String> },
    /// A container that must run does not.
    NotRunning { name: String },
    /// A container that must not run does.
    Running { name: String },
    /// What the user typed does not mean anything.
    Invalid(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSuch { kind, name } => write!(f, "No such {kind}: {name}"),
            Error::Ambiguous { kind, name, matches } => {
                write!(f, "{kind} {name} is ambiguous: {}", matches.join(", "))
            }
            Error::NameTaken { name, by } => {
                write!(f, "the container name {name:?} is already in use by container {by:?}")
            }
            Error::InUse { kind, name, by } => write!(f, "{kind} {name} is in use by {}", by.join(", ")),
            Error::NotRunning { name } => write!(f, "container {name} is not running"),
            Error::Running { name } => write!(f, "container {name} is running"),
            Error::Invalid(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}
