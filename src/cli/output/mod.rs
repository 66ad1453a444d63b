//! What commands print: lines, tables, JSON, templates.

pub mod document;
pub mod format;
pub mod listing;
pub mod progress;
pub mod table;
pub mod template;

use std::{
    fmt,
    io::{self, Write},
};

use anyhow::{Context, bail};
use rustix::io::Errno;

use crate::sys::error::describe;

pub use format::Format;
pub use listing::{Field, Listing};

/// Nobody reads our output any more (`coracle ps | head -1`). The command ends without a word.
#[derive(Debug)]
pub struct ReaderGone;

impl fmt::Display for ReaderGone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader of the output has gone")
    }
}

impl std::error::Error for ReaderGone {}

/// Prints one line.
pub fn line(line: impl fmt::Display) -> anyhow::Result<()> {
    text(&format!("{line}\n"))
}

/// Prints a text that has its own line ends.
pub fn text(text: &str) -> anyhow::Result<()> {
    bytes(text.as_bytes())
}

/// Writes to standard output, and sees to it that nothing is kept back.
pub fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
        // In words, since the hint for a full disk is about the state directory.
        Err(error) => match Errno::from_io_error(&error) {
            Some(errno) => bail!("write to standard output: {}", describe(errno)),
            None => Err(error).context("write to standard output"),
        },
        Ok(()) => Ok(()),
    }
}
