//! The log of a container: what its program wrote, byte for byte, with the time and the stream.
//!
//! A file in docker's json-file format, one JSON object per line, so that log shippers read it:
//! `{"log":"hello\n","stream":"stdout","time":"2026-01-02T03:04:05.123456789Z"}`. A line longer than 16 KiB, or one
//! that stands unfinished for a while (a prompt), comes in pieces, of which only the last ends in a line feed.
//! `container.log` is the file written to; full, it becomes `container.log.1`.

mod entry;
mod reader;
mod writer;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

pub use entry::Entry;
pub use reader::{Query, Receiver, read};
pub(super) use writer::Writer;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes after which a new file is begun (`max-size`).
    pub size: u64,
    /// How many files there are at most, with the one written to (`max-file`).
    pub files: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { size: 16 << 20, files: 2 }
    }
}

/// The name of the file that is `age` rotations old.
fn aged(log: &Path, age: u32) -> PathBuf {
    if age == 0 {
        return log.to_owned();
    }
    let mut name: OsString = log.into();
    name.push(format!(".{age}"));
    name.into()
}

#[cfg(test)]
mod tests;
