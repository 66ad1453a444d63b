//! The test plays the container: its program is the host's shell, and the monitor's own streams are pipes of the test.

#![allow(
    clippy::disallowed_methods,
    clippy::zombie_processes,
    reason = "the shell stands for a container; the monitor reaps"
)]

use std::{
    fs::File,
    io::{PipeReader, PipeWriter, Read as _, Write as _},
    os::fd::AsFd as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use rustix::{
    fs::{OFlags, fcntl_getfl},
    process::{Pid, Signal, pidfd_send_signal},
    stdio::{dup2_stderr, dup2_stdin, dup2_stdout},
};

use super::{
    client::{Connection, Received},
    logs::{Entry, Query, Receiver},
    protocol::{Event, Hello, Request},
    *,
};
use crate::sys::{
    process::{self, Forked},
    socket,
    testing::{alone, fork_in_test},
    tty,
};

/// Starts a shell with pipes, as the runtime starts a container.
fn start(script: &str) -> (Started, Streams) {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = shell.spawn().unwrap();
    let pid = Pid::from_raw(child.id() as i32).unwrap();
    let started = Started {
        pid,
        pidfd: process::open_child(pid).unwrap(),
        terminal: None,
        notes: Vec::new(),
        layer: None,
    };
    let streams = Streams {
        stdin: child.stdin.map(OwnedFd::from),
        stdout: child.stdout.unwrap().into(),
        stderr: child.stderr.unwrap().into(),
    };
    (started, streams)
}

fn session(started: Started, streams: Option<Streams>) -> Session {
    Session { started, streams, log: None, listener: None, own: None, client: None, timeout: None }
}

/// A monitor in the foreground, a process of its own, and the test's ends of its streams.
struct Foreground {
    pidfd: OwnedFd,
    stdin: PipeWriter,
    stdout: PipeReader,
    stderr: PipeReader,
    /// The monitor's own end of its output, in the same open file description.
    shared: PipeWriter,
}

impl Foreground {
    fn new(script: &str, log: Option<&Path>) -> Foreground {
        let ((stdin, stdin_writer), (stdout, stdout_writer)) =
            (std::io::pipe().unwrap(), std::io::pipe().unwrap());
        let (stderr, stderr_writer) = std::io::pipe().unwrap();
        match fork_in_test().unwrap() {
            Forked::Child => {
                dup2_stdin(&stdin).unwrap();
                dup2_stdout(&stdout_writer).unwrap();
                dup2_stderr(&stderr_writer).unwrap();
                drop((stdin, stdin_writer, stdout, stdout_writer, stderr, stderr_writer));
                let (started, streams) = start(script);
                let own = OwnStreams { stdin: true, stdout: true, stderr: true, proxy_signals: true };
                let log = log.map(Path::to_owned);
                let ended = run(Session { log, own: Some(own), ..session(started, Some(streams)) });
                process::exit_now(ended.unwrap().announce().unwrap_or(125));
            }
            Forked::Parent { pidfd, .. } => {
                Foreground { pidfd, stdin: stdin_writer, stdout, stderr, shared: stdout_writer }
            }
        }
    }

    /// Gives it all its input, takes all its output and its exit code.
    fn finish(self, input: &[u8]) -> (Vec<u8>, String, u8) {
        let Foreground { pidfd, mut stdin, stdout, stderr, shared } = self;
        drop(shared);
        let input = input.to_owned();
        let writer = thread::spawn(move || stdin.write_all(&input));
        let errors = thread::spawn(move || std::io::read_to_string(stderr).unwrap());
        let output = read_all(stdout);
        let _ = writer.join().unwrap();
        (output, errors.join().unwrap(), process::wait(&pidfd).unwrap().code())
    }
}

fn read_all(reader: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    reader.take(64 << 20).read_to_end(&mut bytes).unwrap();
    bytes
}

/// All that a log holds of a stream, put together again.
fn logged(log: &Path, stream: Stream) -> Vec<u8> {
    #[derive(Default)]
    struct Gather(Vec<Entry>);
    impl Receiver for Gather {
        fn take(&mut self, entry: Entry) -> std::ops::ControlFlow<()> {
            self.0.push(entry);
            std::ops::ControlFlow::Continue(())
        }
        fn idle(&mut self) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }
    }
    let mut gather = Gather::default();
    logs::read(log, &Query::default(), &mut gather).unwrap();
    gather.0.into_iter().filter(|entry| entry.stream == stream).flat_map(|entry| entry.bytes).collect()
}

#[test]
fn streams_and_exit_code_pass_through() {
    if !alone() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log/container.log");
    let monitor = Foreground::new("cat; echo oops >&2; printf end; exit 42", Some(&log));
    assert_eq!(monitor.finish(b"in\n"), (b"in\nend".to_vec(), "oops\n".to_owned(), 42));
    assert_eq!(logged(&log, Stream::Stdout), b"in\nend");
    assert_eq!(logged(&log, Stream::Stderr), b"oops\n");
}

#[test]
fn no_log_is_made_without_output() {
    if !alone() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log/container.log");
    assert_eq!(Foreground::new("exit 0", Some(&log)).finish(b"").2, 0);
    assert!(!dir.path().join("log").exists());
}

#[test]
fn megabytes_of_any_bytes_pass_both_ways() {
    if !alone() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log/container.log");
    let mut bytes = vec![0; 2_000_003];
    File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    let (output, errors, code) = Foreground::new("cat", Some(&log)).finish(&bytes);
    assert!(output == bytes, "{} bytes of {}", output.len(), bytes.len());
    assert_eq!((errors.as_str(), code), ("", 0));
    assert!(logged(&log, Stream::Stdout) == bytes);
}

#[test]
fn a_program_whose_output_nobody_reads_gets_sigpipe() {
    if !alone() {
        return;
    }
    let Foreground { pidfd, stdin, mut stdout, stderr, shared } = Foreground::new("exec yes", None);
    drop(shared);
    stdout.read_exact(&mut [0; 2]).unwrap();
    drop(stdout);
    assert_eq!(process::wait(&pidfd).unwrap().code(), 141);
    drop((stdin, stderr));
}

#[test]
fn output_that_gets_lost_is_an_error() {
    if !alone() {
        return;
    }
    match fork_in_test().unwrap() {
        Forked::Child => {
            dup2_stdout(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap()).unwrap();
            let own = OwnStreams { stdin: false, stdout: true, stderr: false, proxy_signals: false };
            let (started, streams) = start("echo lost");
            let ended = run(Session { own: Some(own), ..session(started, Some(streams)) }).unwrap();
            let error = ended.announce().unwrap_err().to_string();
            process::exit_now(u8::from(error != "write the program's stdout: No space left on device"));
        }
        Forked::Parent { pidfd, .. } => assert_eq!(process::wait(&pidfd).unwrap(), End::Exited(0)),
    }
}

#[test]
fn signals_reach_the_program_while_its_output_waits() {
    if !alone() {
        return;
    }
    let script = "trap 'kill $!; exit 9' TERM; yes & echo ready >&2; wait";
    let mut monitor = Foreground::new(script, None);
    let mut ready = [0; 6];
    monitor.stderr.read_exact(&mut ready).unwrap();
    // Nobody reads the output before the signal is sent: the pipe is full by then, or soon.
    pidfd_send_signal(&monitor.pidfd, Signal::TERM).unwrap();
    let (output, _, code) = monitor.finish(b"");
    assert_eq!(code, 9);
    assert!(output.starts_with(b"y\n") || output.is_empty());
}

#[test]
fn our_own_streams_stay_blocking() {
    if !alone() {
        return;
    }
    let monitor = Foreground::new("cat", None);
    let shared = monitor.shared.try_clone().unwrap();
    let stdin = monitor.stdin.as_fd().try_clone_to_owned().unwrap();
    let worker = thread::spawn(move || monitor.finish(&vec![b'x'; 300_000]));
    // Its own end of the pipe must be closed before the output ends.
    assert!(!fcntl_getfl(&shared).unwrap().contains(OFlags::NONBLOCK));
    drop(shared);
    drop(stdin);
    assert_eq!(worker.join().unwrap().0.len(), 300_000);
}

#[test]
fn a_grandchild_that_lives_on_does_not_hold_us_up() {
    if !alone() {
        return;
    }
    let mut monitor = Foreground::new("sleep 5 & echo said; exit 4", None);
    monitor.stdin = std::io::pipe().unwrap().1;
    drop(monitor.shared);
    let (pidfd, mut stdout) = (monitor.pidfd, monitor.stdout);
    assert_eq!(process::wait(&pidfd).unwrap().code(), 4);
    let mut said = [0; 5];
    stdout.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"said\n");
}

/// A monitor in a thread, as the forked one of `run -d` is.
fn detached(session: Session) -> thread::JoinHandle<End> {
    thread::spawn(move || {
        let ended = run(session).unwrap();
        let end = ended.end;
        ended.announce().unwrap();
        end
    })
}

fn next_output(connection: &mut Connection, wanted: &str) {
    let mut text = String::new();
    while !text.contains(wanted) {
        match connection.receive() {
            Received::Event(Event::Output(_, bytes)) => text.push_str(std::str::from_utf8(bytes).unwrap()),
            Received::Nothing => thread::sleep(Duration::from_millis(2)),
            other => panic!("{other:?} after {text:?}, waiting for {wanted:?}"),
        }
    }
}

#[test]
fn clients_attach_talk_and_wait() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("run/socket");
    let (started, streams) = start("echo before; while read line; do echo got $line; done; exit 5");
    let listener = Some(Listener::bind(&path).unwrap());
    let (owner, theirs) = socket::pair().unwrap();
    let monitor = detached(Session { listener, client: Some(theirs), ..session(started, Some(streams)) });
    let mut owner = Connection::new(owner);
    next_output(&mut owner, "before\n");

    let mut waiter = Connection::open(&path, Hello { output: false }).unwrap();
    let mut second = Connection::open(&path, Hello { output: true }).unwrap();
    second.send(Request::Input(b"one\n")).unwrap();
    next_output(&mut second, "got one\n");
    next_output(&mut owner, "got one\n");
    // The end of an attached client's input is not that of the program; neither is its leaving.
    second.send(Request::InputEnd).unwrap();
    drop(second);
    owner.send(Request::Input(b"two\n")).unwrap();
    next_output(&mut owner, "got two\n");
    owner.send(Request::InputEnd).unwrap();

    assert_eq!(owner.wait_for_exit(), Some(5));
    assert_eq!(waiter.wait_for_exit(), Some(5));
    assert_eq!(monitor.join().unwrap(), End::Exited(5));
    assert!(!path.exists());
}

#[test]
fn a_clients_signal_reaches_the_program() {
    let (started, streams) = start("trap 'exit 6' USR1; echo ready; while :; do sleep 0.01; done");
    let (client, theirs) = socket::pair().unwrap();
    let monitor = detached(Session { client: Some(theirs), ..session(started, Some(streams)) });
    let mut client = Connection::new(client);
    next_output(&mut client, "ready\n");
    client.send(Request::Signal(Signal::USR1)).unwrap();
    assert_eq!(client.wait_for_exit(), Some(6));
    assert_eq!(monitor.join().unwrap(), End::Exited(6));
}

#[test]
fn a_container_is_killed_when_its_time_is_up() {
    let (started, streams) = start("exec sleep 60");
    let timeout = Some(Duration::from_millis(20));
    let monitor = detached(Session { timeout, ..session(started, Some(streams)) });
    assert_eq!(monitor.join().unwrap(), End::Signalled(9));
}

#[test]
fn a_terminal_has_the_size_and_the_input_of_its_client() {
    let dir = File::open("/dev").unwrap();
    let (master, slave) = match tty::open_pair(&dir, c"ptmx") {
        Ok(pair) => pair,
        Err(error) => {
            return eprintln!("skipped: a_terminal_has_the_size_and_the_input_of_its_client: {error}");
        }
    };
    let stream = || Stdio::from(slave.try_clone().unwrap());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "read line; stty size; exit 3"]).stdin(stream()).stdout(stream()).stderr(stream());
    let pid = Pid::from_raw(shell.spawn().unwrap().id() as i32).unwrap();
    drop((shell, slave));
    let started = Started {
        pid,
        pidfd: process::open_child(pid).unwrap(),
        terminal: Some(master),
        notes: Vec::new(),
        layer: None,
    };
    let (client, theirs) = socket::pair().unwrap();
    let monitor = detached(Session { client: Some(theirs), ..session(started, None) });
    let mut client = Connection::new(client);
    client.send(Request::Resize(tty::Size { rows: 41, columns: 97 })).unwrap();
    client.send(Request::Input(b"\n")).unwrap();
    next_output(&mut client, "41 97");
    assert_eq!(client.wait_for_exit(), Some(3));
    assert_eq!(monitor.join().unwrap(), End::Exited(3));
}
