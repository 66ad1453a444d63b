//! The world of one test: a home, a state directory and a runtime directory of its own, an empty environment, and the
//! program under test run in it, with its output captured and its time bounded. What a test leaves is removed, by the
//! program itself where it can.

#![allow(dead_code, reason = "a kit: each test uses some of it")]

pub(crate) mod host;
pub(crate) mod image;
pub(crate) mod tree;

use std::{
    ffi::{OsStr, OsString},
    fs,
    io::{Read, Write},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec},
    process::{Pid, PidfdFlags, Signal},
};
use tempfile::TempDir;

use image::Image;

/// How long one command may take before it is killed and the test fails: far more than any needs, since machines
/// that run tests are slow at times.
const LIMIT: Duration = Duration::from_secs(60);

/// A user's surroundings, gone with the value.
#[derive(Debug)]
pub(crate) struct World {
    dir: TempDir,
    env: Vec<(OsString, OsString)>,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("coracle-test-").tempdir().unwrap();
        for name in ["home", "run", "files"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        fs::set_permissions(dir.path().join("run"), fs::Permissions::from_mode(0o700)).unwrap();
        let mut world = World { dir, env: Vec::new() };
        for (name, path) in
            [("HOME", world.home()), ("CORACLE_ROOT", world.state()), ("XDG_RUNTIME_DIR", world.runtime())]
        {
            world.set(name, path);
        }
        world.set("PATH", host::PATH);
        world.set("TZ", "UTC");
        world
    }

    /// A world with the payload image in its store, as `box`.
    pub(crate) fn with_payload() -> Self {
        let world = World::new();
        world.load(&Image::payload(), "box:latest");
        world
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    /// A place for a test's own files.
    pub(crate) fn files(&self) -> PathBuf {
        self.dir.path().join("files")
    }

    /// Writes one of the test's own files and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.files().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Copies a program that is to be executed. By another process: a descriptor that could write to it would, for a
    /// moment, be in whatever other tests are just forking, and nothing that is open for writing can be executed.
    pub(crate) fn copy_program(&self, from: impl AsRef<OsStr>, to: impl AsRef<OsStr>) {
        self.program("/bin/cp").arg(from).arg(to).succeeds();
    }

    /// Sets a variable of the program's environment.
    pub(crate) fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.unset(name);
        self.env.push((name.into(), value.as_ref().to_owned()));
    }

    pub(crate) fn unset(&mut self, name: &str) {
        self.env.retain(|(other, _)| other != name);
    }

    /// The program under test, with these arguments, not yet run.
    pub(crate) fn coracle<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run<'_> {
        let mut run = self.program(env!("CARGO_BIN_EXE_coracle"));
        run.command.args(arguments);
        run
    }

    /// Another program, in the same surroundings.
    pub(crate) fn program(&self, path: impl AsRef<OsStr>) -> Run<'_> {
        #[expect(clippy::disallowed_methods, reason = "a test is not the program")]
        let mut command = Command::new(path);
        command.env_clear().envs(self.env.iter().cloned()).current_dir(self.files());
        Run { world: self, command, stdin: Vec::new() }
    }

    /// Loads an image under a name, from a `docker save` archive on the standard input.
    pub(crate) fn load(&self, image: &Image, tag: &str) {
        self.coracle(["load", "-q"]).stdin(image.docker_archive(&[tag]).tar()).succeeds();
    }

    /// Runs a command of which only success is expected, and gives the first line it prints.
    pub(crate) fn line<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        self.coracle(arguments).succeeds().stdout.lines().next().unwrap_or_default().to_owned()
    }

    /// Puts names for what differs from run to run: this world's directories, and identifiers.
    pub(crate) fn normal(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (path, name) in [
            (self.state(), "$STATE"),
            (self.runtime(), "$RUNTIME"),
            (self.home(), "$HOME"),
            (self.files(), "$FILES"),
        ] {
            text = text.replace(path.to_str().expect("a path of ours is UTF-8"), name);
        }
        mask_hex(&text)
    }

    /// Waits until a check holds; the machine's speed decides how long that takes, so a test never sleeps instead.
    pub(crate) fn until(&self, what: &str, mut check: impl FnMut() -> bool) {
        let start = Instant::now();
        while !check() {
            assert!(start.elapsed() < LIMIT, "gave up waiting until {what}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Every file beneath the state directory with all that could be changed about it: two equal lists say that
    /// nothing was.
    pub(crate) fn snapshot(&self, beneath: &str) -> Vec<String> {
        self.snapshot_of(&self.state().join(beneath))
    }

    /// The same of any directory.
    pub(crate) fn snapshot_of(&self, path: &Path) -> Vec<String> {
        let mut list = Vec::new();
        snapshot(path, &mut list);
        list.sort();
        list
    }

    /// The regular files beneath the state directory that an empty store does not have: those that say what it is, locks
    /// and mount points.
    pub(crate) fn content(&self) -> Vec<String> {
        if !self.state().exists() {
            return Vec::new();
        }
        let is_file = |line: &&String| line.split(' ').nth(1).is_some_and(|mode| mode.starts_with("100"));
        let fixed = ["oci-layout", "index.json", "locks/", "mountpoints/"]
            .map(|name| format!("{}/{name}", self.state().display()));
        let is_fixed = |line: &String| fixed.iter().any(|start| line.starts_with(start));
        self.snapshot("").iter().filter(is_file).filter(|line| !is_fixed(line)).cloned().collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if self.state().exists() {
            self.clear();
        }
    }
}

impl World {
    /// Ends and deletes everything by the program's own means; files of other ids could not be deleted otherwise.
    fn clear(&self) {
        let run = |arguments: &[&str]| self.coracle(arguments).output();
        let containers = run(&["ps", "-aq", "--no-trunc"]).stdout;
        let mut remove = vec!["rm", "-f", "-v"];
        remove.extend(containers.lines());
        if remove.len() > 3 {
            run(&remove);
        }
        run(&["system", "prune", "-a", "-f", "--volumes"]);
    }
}

/// Replaces runs of 64 and of 12 hexadecimal digits by `<id>` and `<short>`.
fn mask_hex(text: &str) -> String {
    let mut masked = String::new();
    let mut word = String::new();
    for c in text.chars().chain(['\0']) {
        if c.is_ascii_alphanumeric() || c == '_' {
            word.push(c);
            continue;
        }
        let hex = word.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        masked.push_str(match (hex, word.len()) {
            (true, 64) => "<id>",
            (true, 12) => "<short>",
            _ => &word,
        });
        word.clear();
        masked.push(c);
    }
    masked.pop();
    masked
}

fn snapshot(path: &Path, list: &mut Vec<String>) {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let content = if meta.is_symlink() {
        fs::read_link(path).unwrap().display().to_string()
    } else if meta.is_file() {
        fs::read(path).map_or_else(|error| error.kind().to_string(), |bytes| image::digest(&bytes))
    } else {
        String::new()
    };
    list.push(format!(
        "{} {:o} {}:{} {}.{} {content}",
        path.display(),
        meta.mode(),
        meta.uid(),
        meta.gid(),
        meta.mtime(),
        meta.mtime_nsec()
    ));
    if meta.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten() {
            snapshot(&entry.unwrap().path(), list);
        }
    }
}

/// A command about to be run.
#[derive(Debug)]
pub(crate) struct Run<'w> {
    world: &'w World,
    command: Command,
    stdin: Vec<u8>,
}

impl Run<'_> {
    pub(crate) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(crate) fn cwd(mut self, path: impl AsRef<Path>) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Runs it as another user and group, without any more; only root can.
    pub(crate) fn user(mut self, id: u32) -> Self {
        self.command.uid(id).gid(id).current_dir("/");
        self
    }

    /// What the command reads; without it, its standard input is empty.
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Runs it to its end, whatever that is.
    pub(crate) fn output(self) -> Output {
        self.spawn().output()
    }

    pub(crate) fn succeeds(self) -> Output {
        self.exits(0)
    }

    /// Runs it and expects this exit status, a signal counted as 128 and its number.
    pub(crate) fn exits(self, code: i32) -> Output {
        let output = self.output();
        assert_eq!(output.code, code, "{output}");
        output
    }

    /// Starts it and leaves it running.
    pub(crate) fn spawn(mut self) -> Running {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
        let line = self.world.normal(&words.join(" "));
        // A group of its own, so that all of it can be killed.
        self.command.process_group(0);
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let pid = Pid::from_child(&child);
        let mut stdin = child.stdin.take().expect("piped");
        let stdout = reader(child.stdout.take().expect("piped"));
        let stderr = reader(child.stderr.take().expect("piped"));
        let bytes = self.stdin;
        // The command may end before it has read everything.
        thread::spawn(move || drop(stdin.write_all(&bytes)));
        Running { line, child: Some(child), pid, stdout, stderr }
    }
}

fn reader(mut stream: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("read from a pipe");
        bytes
    })
}

/// A command that runs. Killed when dropped before its end.
#[derive(Debug)]
pub(crate) struct Running {
    line: String,
    child: Option<Child>,
    pub(crate) pid: Pid,
    stdout: thread::JoinHandle<Vec<u8>>,
    stderr: thread::JoinHandle<Vec<u8>>,
}

impl Running {
    /// Sends a signal to the command alone.
    pub(crate) fn signal(&self, signal: Signal) {
        // It may be gone: not waited for yet, so the number is still its own.
        let _ = rustix::process::kill_process(self.pid, signal);
    }

    /// Waits for its end, and for the end of its output: a command that leaves its standard output open in a process
    /// behind it would hang `$(…)` in a shell.
    pub(crate) fn output(self) -> Output {
        let Running { line, child, pid, stdout, stderr } = self;
        let mut child = child.expect("waited for once");
        let start = Instant::now();
        let finished = ended_within(&child, LIMIT);
        let closed = finished && {
            while !(stdout.is_finished() && stderr.is_finished()) && start.elapsed() < LIMIT {
                thread::sleep(Duration::from_millis(1));
            }
            stdout.is_finished() && stderr.is_finished()
        };
        if !closed {
            let _ = rustix::process::kill_process_group(pid, Signal::KILL);
        }
        let status = child.wait().unwrap();
        assert!(finished, "{line}: no end within {LIMIT:?}");
        assert!(closed, "{line}: it has ended, but something holds its output open");
        let text = |stream: thread::JoinHandle<Vec<u8>>| {
            let bytes = stream.join().expect("a reader does not panic");
            String::from_utf8_lossy(&bytes).into_owned()
        };
        Output { line, code: code(status), stdout: text(stdout), stderr: text(stderr) }
    }
}

fn ended_within(child: &Child, limit: Duration) -> bool {
    let pidfd = rustix::process::pidfd_open(Pid::from_child(child), PidfdFlags::empty()).unwrap();
    let limit = Timespec { tv_sec: limit.as_secs().cast_signed(), tv_nsec: 0 };
    rustix::event::poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&limit)).unwrap() == 1
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().expect("exited or was killed"))
}

/// What a command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    line: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Compares the whole standard output.
    #[track_caller]
    pub(crate) fn prints(&self, expected: &str) -> &Self {
        assert_eq!(self.stdout, expected, "{self}");
        self
    }

    /// Compares the whole of stderr.
    #[track_caller]
    pub(crate) fn complains(&self, expected: &str) -> &Self {
        assert_eq!(self.stderr, expected, "{self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "$ {}\nstatus {}", self.line, self.code)?;
        write!(f, "--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}
