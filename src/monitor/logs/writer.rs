//! The writing end of the log, in the monitor. It never holds the program back and never ends it: what a full disk
//! does not take is lost, and the next line begins on a line of its own.

use std::{
    fs::{DirBuilder, File, OpenOptions, rename},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use super::{Limits, aged, entry};
use crate::{base::time::Time, monitor::output::Stream};

/// The longest piece of a line in one entry, docker's.
const PIECE: usize = 16 << 10;

/// How long an unfinished line waits for its end. A prompt shows in `logs -f` after this.
const PATIENCE: Duration = Duration::from_millis(200);

/// Entries are written in one go up to about this many bytes.
const BATCH: usize = 64 << 10;

/// A container's log, being written.
#[derive(Debug)]
pub(crate) struct Writer {
    path: PathBuf,
    limits: Limits,
    file: Option<File>,
    size: u64,
    /// The file ends in an entry that is not whole.
    torn: bool,
    batch: Vec<u8>,
    unfinished: [Unfinished; 2],
    clock: Clock,
}

/// The beginning of a line.
#[derive(Debug, Default)]
struct Unfinished {
    bytes: Vec<u8>,
    time: String,
    due: Option<Instant>,
}

impl Writer {
    /// Names the file; it and its directory are made at the first output.
    pub(crate) fn new(path: PathBuf, limits: Limits) -> Writer {
        Writer {
            path,
            limits,
            file: None,
            size: 0,
            torn: false,
            batch: Vec::new(),
            unfinished: Default::default(),
            clock: Clock::default(),
        }
    }

    /// Takes what was read from a stream at one time.
    pub(crate) fn append(&mut self, stream: Stream, bytes: &[u8]) {
        self.clock.look();
        for line in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.append_line(stream, line);
            if self.batch.len() >= BATCH {
                self.flush();
            }
        }
    }

    fn append_line(&mut self, stream: Stream, mut line: &[u8]) {
        let unfinished = &mut self.unfinished[stream as usize];
        while !line.is_empty() {
            let (piece, rest) = line.split_at(line.len().min(PIECE - unfinished.bytes.len()));
            let is_whole = piece.last() == Some(&b'\n') || unfinished.bytes.len() + piece.len() == PIECE;
            line = rest;
            if unfinished.bytes.is_empty() && is_whole {
                entry::write(&mut self.batch, stream, self.clock.text(), piece);
                continue;
            }
            if unfinished.bytes.is_empty() {
                self.clock.text().clone_into(&mut unfinished.time);
                unfinished.due = Some(Instant::now() + PATIENCE);
            }
            unfinished.bytes.extend_from_slice(piece);
            if is_whole {
                unfinished.finish(stream, &mut self.batch);
            }
        }
    }

    /// When an unfinished line is to be written.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.unfinished.iter().filter_map(|unfinished| unfinished.due).min()
    }

    /// Writes unfinished lines that have waited long enough.
    pub(crate) fn keep_time(&mut self, now: Instant) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let unfinished = &mut self.unfinished[stream as usize];
            if unfinished.due.is_some_and(|due| due <= now) {
                unfinished.finish(stream, &mut self.batch);
            }
        }
        self.flush();
    }

    /// Writes everything, finished or not: no more will come.
    pub(crate) fn finish(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let unfinished = &mut self.unfinished[stream as usize];
            if unfinished.due.is_some() {
                unfinished.finish(stream, &mut self.batch);
            }
        }
        self.flush();
    }

    /// Hands what was gathered to the file.
    pub(crate) fn flush(&mut self) {
        if self.batch.is_empty() {
            return;
        }
        let mut batch = std::mem::take(&mut self.batch);
        // A full disk or quota, a directory that is being removed: the container is worth more than its log.
        let _ = self.write(&batch);
        batch.clear();
        self.batch = batch;
    }

    fn write(&mut self, batch: &[u8]) -> io::Result<()> {
        if self.file.is_none() {
            self.open()?;
        } else if self.size + batch.len() as u64 > self.limits.size && self.size > 0 {
            self.rotate()?;
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        if self.torn {
            file.write_all(b"\n")?;
            self.torn = false;
        }
        let mut done = 0;
        while done < batch.len() {
            match file.write(&batch[done..]) {
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.torn = done > 0;
                    self.size += done as u64;
                    return Err(error);
                }
            }
        }
        self.size += done as u64;
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).read(true).create(true).mode(0o600);
        let mut file = match options.open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(directory) = self.path.parent() {
                    DirBuilder::new().mode(0o700).create(directory)?;
                }
                options.open(&self.path)?
            }
            result => result?,
        };
        self.size = file.seek(SeekFrom::End(0))?;
        if self.size > 0 {
            // Of a run before this one, whose monitor may have been killed in the middle of a write.
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            self.torn = last != *b"\n";
        }
        self.file = Some(file);
        Ok(())
    }

    /// Moves every file on by one, the oldest over the edge, and begins a new one.
    fn rotate(&mut self) -> io::Result<()> {
        if self.limits.files <= 1 {
            std::fs::remove_file(&self.path)?;
        }
        for age in (1..self.limits.files).rev() {
            match rename(aged(&self.path, age - 1), aged(&self.path, age)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = None;
        self.torn = false;
        self.open()
    }
}

impl Unfinished {
    fn finish(&mut self, stream: Stream, batch: &mut Vec<u8>) {
        entry::write(batch, stream, &self.time, &self.bytes);
        self.bytes.clear();
        self.due = None;
    }
}

/// The time as text. Formatting a date costs more than formatting a line, and the date seldom changes.
#[derive(Debug, Default)]
struct Clock {
    seconds: Option<i64>,
    text: String,
}

impl Clock {
    /// The length of `2026-01-02T03:04:05.`.
    const DATE: usize = 20;

    fn look(&mut self) {
        let now = Time::now();
        if self.seconds == Some(now.seconds()) {
            self.text.truncate(Self::DATE);
            let nanoseconds = now.instant().as_nanosecond().rem_euclid(1_000_000_000);
            let _ = std::fmt::Write::write_fmt(&mut self.text, format_args!("{nanoseconds:09}Z"));
        } else {
            self.seconds = Some(now.seconds());
            self.text = now.to_string();
        }
    }

    fn text(&self) -> &str {
        &self.text
    }
}
