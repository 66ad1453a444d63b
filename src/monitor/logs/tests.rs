//! Writer and reader together, on files of the test.

use std::{
    fs,
    io::Write as _,
    ops::ControlFlow,
    os::fd::AsFd as _,
    path::PathBuf,
    sync::mpsc::{Sender, channel},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use super::*;
use crate::{base::time::Time, monitor::Stream};

struct Case {
    _dir: TempDir,
    log: PathBuf,
}

impl Case {
    fn new() -> Case {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log/container.log");
        Case { _dir: dir, log }
    }

    fn writer(&self, limits: Limits) -> Writer {
        Writer::new(self.log.clone(), limits)
    }

    fn read(&self, query: &Query<'_>) -> Vec<Entry> {
        let mut gather = Gather(Vec::new());
        read(&self.log, query, &mut gather).unwrap();
        gather.0
    }

    fn text(&self, query: &Query<'_>) -> String {
        text(&self.read(query))
    }
}

struct Gather(Vec<Entry>);

impl Receiver for Gather {
    fn take(&mut self, entry: Entry) -> ControlFlow<()> {
        self.0.push(entry);
        ControlFlow::Continue(())
    }

    fn idle(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

fn text(entries: &[Entry]) -> String {
    entries.iter().map(|entry| std::str::from_utf8(&entry.bytes).unwrap()).collect()
}

fn lines(range: std::ops::Range<u32>) -> String {
    range.map(|number| format!("line {number}\n")).collect()
}

const SMALL: Limits = Limits { size: 2000, files: 3 };

#[test]
fn both_streams_come_back_in_the_order_of_their_lines() {
    let case = Case::new();
    let mut writer = case.writer(Limits::default());
    for (stream, bytes) in [
        (Stream::Stdout, &b"a\nb"[..]),
        (Stream::Stderr, b"error\n"),
        (Stream::Stdout, b"c\n\n"),
        (Stream::Stderr, b"no end"),
    ] {
        writer.append(stream, bytes);
        writer.flush();
    }
    writer.finish();
    let entries: Vec<_> = case
        .read(&Query::default())
        .into_iter()
        .map(|entry| (entry.stream, String::from_utf8(entry.bytes).unwrap()))
        .collect();
    let expected = [
        (Stream::Stdout, "a\n"),
        (Stream::Stderr, "error\n"),
        (Stream::Stdout, "bc\n"),
        (Stream::Stdout, "\n"),
        (Stream::Stderr, "no end"),
    ];
    assert_eq!(entries, expected.map(|(stream, text)| (stream, text.to_owned())));
}

#[test]
fn an_unfinished_line_is_written_when_its_time_has_come() {
    let case = Case::new();
    let mut writer = case.writer(Limits::default());
    writer.append(Stream::Stdout, b"Password: ");
    writer.flush();
    assert_eq!(case.text(&Query::default()), "");
    let due = writer.due().unwrap();
    writer.keep_time(due - Duration::from_millis(1));
    assert_eq!(case.text(&Query::default()), "");
    writer.keep_time(due);
    assert_eq!((case.text(&Query::default()).as_str(), writer.due()), ("Password: ", None));
}

#[test]
fn a_long_line_comes_in_pieces() {
    let case = Case::new();
    let mut writer = case.writer(Limits::default());
    let mut line = vec![b'x'; 40_000];
    line.push(b'\n');
    for chunk in line.chunks(7001) {
        writer.append(Stream::Stdout, chunk);
    }
    writer.finish();
    let lengths: Vec<_> = case.read(&Query::default()).iter().map(|entry| entry.bytes.len()).collect();
    assert_eq!(lengths, [16384, 16384, 40_001 - 2 * 16384]);
}

#[test]
fn old_files_go_when_there_are_too_many() {
    let case = Case::new();
    let mut writer = case.writer(SMALL);
    for number in 0..200 {
        writer.append(Stream::Stdout, lines(number..number + 1).as_bytes());
        writer.flush();
    }
    let mut sizes = Vec::new();
    for age in 0..5 {
        sizes.extend(fs::metadata(aged(&case.log, age)).map(|metadata| metadata.len()));
    }
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|size| *size <= 2000), "{sizes:?}");
    let kept = case.text(&Query::default());
    assert!(lines(0..200).ends_with(&kept) && kept.len() > 400, "{kept}");
}

#[test]
fn the_last_lines_are_found_in_whichever_file_they_are() {
    let case = Case::new();
    let mut writer = case.writer(SMALL);
    for number in 0..60 {
        writer.append(Stream::Stdout, lines(number..number + 1).as_bytes());
        writer.flush();
    }
    assert!(aged(&case.log, 2).exists(), "there was no rotation");
    for tail in [0, 1, 2, 19, 20, 21, 45, 60, 1000] {
        let first = 60u32.saturating_sub(tail as u32);
        assert_eq!(
            case.text(&Query { tail: Some(tail), ..Query::default() }),
            lines(first..60),
            "--tail {tail}"
        );
    }
}

#[test]
fn a_tail_counts_lines_not_pieces() {
    let case = Case::new();
    let mut writer = case.writer(Limits::default());
    let long = format!("{}\n", "y".repeat(100_000));
    writer.append(Stream::Stdout, format!("first\n{long}last\nunfinished").as_bytes());
    writer.finish();
    for (tail, expected) in [
        (1, "unfinished".to_owned()),
        (2, "last\nunfinished".to_owned()),
        (3, format!("{long}last\nunfinished")),
    ] {
        assert!(case.text(&Query { tail: Some(tail), ..Query::default() }) == expected, "--tail {tail}");
    }
}

#[test]
fn times_choose_entries() {
    let case = Case::new();
    fs::create_dir(case.log.parent().unwrap()).unwrap();
    let mut file = Vec::new();
    for second in 1..=5 {
        let time = format!("2026-01-02T03:04:0{second}.000000000Z");
        entry::write(&mut file, Stream::Stdout, &time, format!("{second}\n").as_bytes());
    }
    fs::write(&case.log, file).unwrap();
    let time =
        |second| Some(Time::from(format!("2026-01-02T03:04:0{second}Z").parse::<jiff::Timestamp>().unwrap()));
    for (since, until, expected) in [
        (time(3), None, "345"),
        (None, time(3), "123"),
        (time(2), time(4), "234"),
        (time(6), None, ""),
        (None, time(0), ""),
    ] {
        assert_eq!(case.text(&Query { since, until, ..Query::default() }).replace('\n', ""), expected);
    }
    assert_eq!(case.text(&Query { tail: Some(2), since: time(2), ..Query::default() }), "4\n5\n");
}

#[test]
fn what_a_killed_monitor_left_is_passed_over() {
    let case = Case::new();
    let mut writer = case.writer(Limits::default());
    writer.append(Stream::Stdout, b"before\n");
    writer.finish();
    let torn = b"{\"log\":\"torn and lo";
    fs::OpenOptions::new().append(true).open(&case.log).unwrap().write_all(torn).unwrap();
    assert_eq!(case.text(&Query::default()), "before\n");
    assert_eq!(case.text(&Query { tail: Some(1), ..Query::default() }), "before\n");
    let mut writer = case.writer(Limits::default());
    writer.append(Stream::Stdout, b"after\n");
    writer.finish();
    assert_eq!(case.text(&Query::default()), "before\nafter\n");
}

#[test]
fn an_empty_log_has_nothing() {
    let case = Case::new();
    assert_eq!(case.text(&Query::default()), "");
    assert_eq!(case.text(&Query { tail: Some(3), ..Query::default() }), "");
}

struct Forward(Sender<Entry>);

impl Receiver for Forward {
    fn take(&mut self, entry: Entry) -> ControlFlow<()> {
        self.0.send(entry).map_or(ControlFlow::Break(()), ControlFlow::Continue)
    }

    fn idle(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// The reader begins before there is a log, and keeps up with rotations until the writer ends.
#[test]
fn following_loses_no_line() {
    let case = Case::new();
    let (ended, running) = std::io::pipe().unwrap();
    let (sender, receiver) = channel();
    let log = case.log.clone();
    let reader = thread::spawn(move || {
        let query = Query { follow_until: Some(ended.as_fd()), ..Query::default() };
        read(&log, &query, &mut Forward(sender)).unwrap();
    });
    let mut writer = case.writer(SMALL);
    let mut followed = Vec::new();
    for number in 0..500 {
        writer.append(Stream::Stdout, lines(number..number + 1).as_bytes());
        writer.flush();
        // The files kept hold more than this: a reader that is further behind would rightly lose some.
        if number % 20 == 19 {
            let missing = number as usize + 1 - followed.len();
            followed.extend((0..missing).map(|_| receiver.recv_timeout(Duration::from_secs(20)).unwrap()));
        }
    }
    writer.append(Stream::Stdout, b"last words");
    writer.finish();
    drop(running);
    followed.extend(receiver.iter());
    reader.join().unwrap();
    assert_eq!(text(&followed), lines(0..500) + "last words");
}

#[test]
fn following_ends_when_nobody_reads() {
    let case = Case::new();
    let (ended, _running) = std::io::pipe().unwrap();
    let (ours, theirs) = std::io::pipe().unwrap();
    drop(ours);
    let query = Query { follow_until: Some(ended.as_fd()), reader: Some(theirs.as_fd()), ..Query::default() };
    assert_eq!(case.read(&query), []);
}

#[test]
fn following_ends_at_its_time() {
    let case = Case::new();
    let (ended, _running) = std::io::pipe().unwrap();
    let query = Query { follow_until: Some(ended.as_fd()), until: Some(Time::now()), ..Query::default() };
    assert_eq!(case.read(&query), []);
}
