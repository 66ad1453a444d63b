//! The reading end of the log: from the end backwards for `--tail`, and along with the writer for `--follow`.
//!
//! Following loses nothing across rotations: an open file stays what it is when it gets another name, and its
//! successor is the next younger name in the row.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    ops::ControlFlow,
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::fs::{FileExt as _, MetadataExt as _},
    },
    path::Path,
    time::Duration,
};

use anyhow::Context as _;
use rustix::{
    event::{PollFd, PollFlags, poll},
    fs::inotify::{self, CreateFlags, WatchFlags},
    io::Errno,
};

use super::{Entry, aged};
use crate::{base::time::Time, monitor::timespec};

/// What is read at once.
const BLOCK: usize = 64 << 10;

/// Which part of a log is wanted, and how long to wait for more.
#[derive(Debug, Default)]
pub struct Query<'a> {
    /// How many of the last lines; None for all.
    pub tail: Option<u64>,
    pub since: Option<Time>,
    pub until: Option<Time>,
    /// Goes on until this descriptor is readable or hung up: the container has ended.
    pub follow_until: Option<BorrowedFd<'a>>,
    /// Gives up when this hangs up: nobody reads what we print.
    pub reader: Option<BorrowedFd<'a>>,
}

/// Who gets the entries, oldest first; both break when no more are wanted.
pub trait Receiver {
    fn take(&mut self, entry: Entry) -> ControlFlow<()>;

    /// There is nothing more for now: what was gathered should be shown.
    fn idle(&mut self) -> ControlFlow<()>;
}

/// Reads a container's log.
pub fn read(log: &Path, query: &Query<'_>, receiver: &mut dyn Receiver) -> anyhow::Result<()> {
    let mut watch = Watch::new()?;
    if query.follow_until.is_some() {
        watch.ensure(log);
    }
    let mut files = open_all(log).context("open the log")?;
    if let Some(lines) = query.tail {
        seek_tail(&mut files, lines).context("read the log")?;
    }
    let mut reading = Reading { log, files, query, receiver };
    let mut is_last = query.follow_until.is_none();
    loop {
        if reading.drain()?.is_break() || is_last {
            return Ok(());
        }
        match watch.wait(log, query)? {
            Woken::More => {}
            Woken::Ended => is_last = true,
            Woken::Unread => return Ok(()),
        }
    }
}

struct Reading<'a> {
    log: &'a Path,
    /// Oldest first; the last is kept when it is read.
    files: VecDeque<LogFile>,
    query: &'a Query<'a>,
    receiver: &'a mut dyn Receiver,
}

impl Reading<'_> {
    /// Passes on all that there is.
    fn drain(&mut self) -> anyhow::Result<ControlFlow<()>> {
        loop {
            // Asked before the file is read to its end: it does not grow once it has a successor.
            if self.files.len() <= 1
                && let Some(next) = successor(self.log, self.files.front()).context("open the log")?
            {
                self.files.push_back(next);
            }
            let Some(file) = self.files.front_mut() else { break };
            while let Some(entry) = file.next().context("read the log")? {
                match (self.query.since, self.query.until, entry.instant()) {
                    (Some(since), _, Some(time)) if time < since => continue,
                    (_, Some(until), Some(time)) if time > until => {
                        let _ = self.receiver.idle();
                        return Ok(ControlFlow::Break(()));
                    }
                    _ => {}
                }
                if self.receiver.take(entry).is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            if self.files.len() == 1 {
                break;
            }
            self.files.pop_front();
        }
        Ok(self.receiver.idle())
    }
}

/// A file of the log, read line by line.
#[derive(Debug)]
struct LogFile {
    file: File,
    identity: (u64, u64),
    /// What was read and not yet given; the beginning of a line at most, after the last line feed.
    buffer: Vec<u8>,
    given: usize,
}

impl LogFile {
    fn open(path: &Path) -> io::Result<Option<LogFile>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            result => result?,
        };
        let metadata = file.metadata()?;
        let identity = (metadata.dev(), metadata.ino());
        Ok(Some(LogFile { file, identity, buffer: Vec::new(), given: 0 }))
    }

    /// The next entry that is whole; what is not is left until it is, or skipped when a line follows.
    fn next(&mut self) -> io::Result<Option<Entry>> {
        loop {
            let rest = &self.buffer[self.given..];
            if let Some(length) = rest.iter().position(|&byte| byte == b'\n') {
                let entry = Entry::parse(&rest[..length]);
                self.given += length + 1;
                if entry.is_some() {
                    return Ok(entry);
                }
                continue;
            }
            self.buffer.drain(..self.given);
            self.given = 0;
            let held = self.buffer.len();
            self.buffer.resize(held + BLOCK, 0);
            let count = self.file.read(&mut self.buffer[held..]);
            self.buffer.truncate(held + *count.as_ref().unwrap_or(&0));
            if count? == 0 {
                return Ok(None);
            }
        }
    }

    /// Goes to where the last `lines` begin, and takes from `lines` what there are; false when more are wanted.
    fn seek_back(&mut self, lines: &mut u64, is_newest: bool) -> io::Result<bool> {
        let size = self.file.metadata()?.len();
        let mut start = size;
        let mut is_last = is_newest;
        let enough = lines_backwards(&self.file, size, |line, at| {
            if let Some(entry) = Entry::parse(line) {
                // A last line without an end counts as well.
                if entry.ends_line() || is_last {
                    if *lines == 0 {
                        return ControlFlow::Break(());
                    }
                    *lines -= 1;
                }
                is_last = false;
            }
            start = at;
            ControlFlow::Continue(())
        })?;
        self.file.seek(SeekFrom::Start(start))?;
        Ok(enough.is_break())
    }
}

/// Gives the lines of a file from its end on, without their line feeds, with their offsets.
fn lines_backwards(
    file: &File,
    size: u64,
    mut take: impl FnMut(&[u8], u64) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let mut offset = size;
    // The bytes from `offset` to the end of the line that is looked for.
    let mut held: Vec<u8> = Vec::new();
    loop {
        let without_end = held.len().saturating_sub(1);
        let feed = held[..without_end].iter().rposition(|&byte| byte == b'\n');
        if feed.is_none() && offset > 0 {
            let length = BLOCK.min(usize::try_from(offset).unwrap_or(BLOCK));
            let mut block = vec![0; length];
            offset -= length as u64;
            file.read_exact_at(&mut block, offset)?;
            block.append(&mut held);
            held = block;
            continue;
        }
        let start = feed.map_or(0, |feed| feed + 1);
        let line = &held[start..];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if !held.is_empty() && take(line, offset + start as u64).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        held.truncate(start);
        if start == 0 && offset == 0 {
            return Ok(ControlFlow::Continue(()));
        }
    }
}

/// Leaves the files that hold the last lines, each at the place to begin from.
fn seek_tail(files: &mut VecDeque<LogFile>, mut lines: u64) -> io::Result<()> {
    let newest = files.len().saturating_sub(1);
    for at in (0..files.len()).rev() {
        if files[at].seek_back(&mut lines, at == newest)? {
            files.drain(..at);
            break;
        }
    }
    Ok(())
}

/// All the files of a log, oldest first. A rotation in between would let one appear twice: then once more.
fn open_all(log: &Path) -> io::Result<VecDeque<LogFile>> {
    loop {
        let mut files = VecDeque::new();
        for age in 0.. {
            let Some(file) = LogFile::open(&aged(log, age))? else { break };
            files.push_front(file);
        }
        let newest = files.back().map(|file: &LogFile| file.identity);
        if newest == identity_of(log)? {
            return Ok(files);
        }
    }
}

/// The file that was begun after `current`, which is being read; the oldest, where none is.
fn successor(log: &Path, current: Option<&LogFile>) -> io::Result<Option<LogFile>> {
    loop {
        let row = row(log)?;
        let found = row
            .iter()
            .position(|identity| current.is_some_and(|current| *identity == Some(current.identity)));
        let (Some(age), Some(current)) = (found, current) else {
            // The file we read has fallen over the edge, or there was none: the oldest comes next.
            return match row.len() {
                0 => Ok(None),
                length => LogFile::open(&aged(log, length as u32 - 1)),
            };
        };
        let age = age as u32;
        if age == 0 {
            return Ok(None);
        }
        let next = LogFile::open(&aged(log, age - 1))?;
        // Rotation goes from old to young: while ours has its name, the younger one has, too.
        if identity_of(&aged(log, age))? == Some(current.identity) {
            return Ok(next);
        }
    }
}

/// Which files there are, youngest first. In the middle of a rotation one name may be missing.
fn row(log: &Path) -> io::Result<Vec<Option<(u64, u64)>>> {
    let mut row = Vec::new();
    while !row.ends_with(&[None, None]) {
        row.push(identity_of(&aged(log, row.len() as u32))?);
    }
    row.truncate(row.len() - 2);
    Ok(row)
}

fn identity_of(path: &Path) -> io::Result<Option<(u64, u64)>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some((metadata.dev(), metadata.ino()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Wakes up when the log changes.
#[derive(Debug)]
struct Watch {
    inotify: OwnedFd,
    sees_log: bool,
}

enum Woken {
    More,
    Ended,
    Unread,
}

impl Watch {
    fn new() -> anyhow::Result<Watch> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).context("watch the log")?;
        Ok(Watch { inotify, sees_log: false })
    }

    /// Watches the log's directory or, while it does not exist, the one in which it will be made.
    fn ensure(&mut self, log: &Path) {
        let events = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::MOVED_TO;
        let directory = log.parent().unwrap_or(log);
        if !self.sees_log {
            if let Some(above) = directory.parent() {
                let _ = inotify::add_watch(&self.inotify, above, events);
            }
            self.sees_log = inotify::add_watch(&self.inotify, directory, events).is_ok();
        }
    }

    fn wait(&mut self, log: &Path, query: &Query<'_>) -> anyhow::Result<Woken> {
        let saw_log = self.sees_log;
        self.ensure(log);
        if self.sees_log != saw_log {
            return Ok(Woken::More);
        }
        let mut fds = vec![PollFd::from_borrowed_fd(self.inotify.as_fd(), PollFlags::IN)];
        let ended = query.follow_until.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let reader = query.reader.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::empty()));
        fds.extend(ended.into_iter().chain(reader));
        let timeout = query.until.map(|until| timespec(time_left(until)));
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) => return Ok(Woken::Ended),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error).context("wait for the log to grow"),
        }
        let happened: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let mut events = [0u8; 4096];
        while rustix::io::read(&self.inotify, &mut events).is_ok_and(|count| count > 0) {}
        Ok(match happened[..] {
            [_, _, true] => Woken::Unread,
            [_, true, ..] => Woken::Ended,
            _ => Woken::More,
        })
    }
}

fn time_left(until: Time) -> Duration {
    let left = until.instant().duration_since(Time::now().instant());
    // One more, so that the entries of that very moment are there.
    Duration::try_from(left).unwrap_or_default() + Duration::from_millis(1)
}
