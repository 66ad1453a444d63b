//! `coracle logs`.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use anyhow::Context as _;
use clap::Args;

use crate::{
    base::time::{self, Time},
    cli::{Run, exit::Exit, output::ReaderGone},
    engine::{Engine, container::logs::LogsOptions},
    monitor::{
        Stream,
        logs::{Entry, Receiver},
    },
};

/// What is gathered before it is written.
const BLOCK: usize = 64 << 10;

#[derive(Debug, Args)]
pub(super) struct Logs {
    /// Go on until the container stops
    #[arg(short, long)]
    follow: bool,
    /// Show when each line was written
    #[arg(short, long)]
    timestamps: bool,
    /// Show this many of the last lines only
    #[arg(short = 'n', long, value_name = "LINES", default_value = "all", value_parser = tail, allow_negative_numbers = true)]
    tail: Tail,
    /// Show what was written since a time (2026-01-02T15:04:05Z, 1767366245) or a while ago (10m)
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Time>,
    /// Show what was written before a time (2026-01-02T15:04:05Z, 1767366245) or a while ago (10m)
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Time>,
    /// A container, running or not; of what it writes, the last 16 to 32 MiB are kept
    container: String,
}

/// `--tail`: a number, or `all`. A type of its own, since clap takes an `Option` for an option that may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tail(Option<u64>);

fn tail(text: &str) -> Result<Tail, String> {
    if text == "all" {
        return Ok(Tail(None));
    }
    let lines: i64 = text.parse().map_err(|_| "want a number or \"all\"".to_owned())?;
    // docker's: a negative number is all.
    Ok(Tail(lines.try_into().ok()))
}

impl Run for Logs {
    fn run(self) -> anyhow::Result<Exit> {
        let engine = Engine::open()?;
        let container = engine.find_container(&self.container)?;
        let options =
            LogsOptions { follow: self.follow, tail: self.tail.0, since: self.since, until: self.until };
        let mut printer = Printer::new(self.timestamps);
        engine.logs(&container, &options, Some(rustix::stdio::stdout()), &mut printer)?;
        printer.finish()?;
        Ok(Exit::Success)
    }
}

/// Prints entries, each on the stream that it came from. Both may be the same terminal, so what was gathered for one
/// is written before anything for the other.
struct Printer {
    timestamps: bool,
    stream: Stream,
    gathered: Vec<u8>,
    in_line: [bool; 2],
    error: Option<io::Error>,
}

impl Printer {
    fn new(timestamps: bool) -> Printer {
        Printer { timestamps, stream: Stream::Stdout, gathered: Vec::new(), in_line: [false; 2], error: None }
    }

    fn flush(&mut self) -> ControlFlow<()> {
        let result = match self.stream {
            Stream::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(&self.gathered).and_then(|()| stdout.flush())
            }
            Stream::Stderr => io::stderr().lock().write_all(&self.gathered),
        };
        self.gathered.clear();
        match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn finish(self) -> anyhow::Result<()> {
        match self.error {
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(ReaderGone.into()),
            Some(error) => Err(error).context("write the log"),
            None => Ok(()),
        }
    }
}

impl Receiver for Printer {
    fn take(&mut self, entry: Entry) -> ControlFlow<()> {
        if entry.stream != self.stream || self.gathered.len() >= BLOCK {
            self.flush()?;
            self.stream = entry.stream;
        }
        let in_line = &mut self.in_line[entry.stream as usize];
        if self.timestamps && !*in_line {
            self.gathered.extend_from_slice(entry.time.as_bytes());
            self.gathered.push(b' ');
        }
        *in_line = entry.bytes.last().is_some_and(|&byte| byte != b'\n');
        self.gathered.extend_from_slice(&entry.bytes);
        ControlFlow::Continue(())
    }

    fn idle(&mut self) -> ControlFlow<()> {
        if self.gathered.is_empty() { ControlFlow::Continue(()) } else { self.flush() }
    }
}
