//! Containers made of a tree in a temporary directory, whose program is this very test program: it is static, and its
//! test [`payload`] does what the environment tells it.

use std::{
    fs,
    io::Read,
    os::{fd::OwnedFd, unix::fs::PermissionsExt},
    path::Path,
};

use serde_json::{Value, json};

use super::*;
use crate::sys::{
    namespace,
    process::{End, testing::in_child, wait},
    userns,
};

/// What the test program does inside a container: `PAYLOAD` holds lines of a word and its argument.
#[test]
fn payload() {
    let Ok(script) = std::env::var("PAYLOAD") else { return };
    let mut said = String::from("\n--payload--\n");
    let mut code = 0;
    for line in script.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "cat" => match fs::read_to_string(rest) {
                Ok(text) => said += &text,
                Err(error) => said += &format!("{rest}: {}\n", error.kind()),
            },
            "ls" => match fs::read_dir(rest) {
                Ok(entries) => {
                    let mut names: Vec<_> =
                        entries.map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
                    names.sort();
                    said += &format!("{}\n", names.join(" "));
                }
                Err(error) => said += &format!("{rest}: {}\n", error.kind()),
            },
            "write" => match fs::write(rest, "written") {
                Ok(()) => said += "written\n",
                Err(error) => said += &format!("{rest}: {}\n", error.kind()),
            },
            "id" => {
                let groups: Vec<_> =
                    rustix::process::getgroups().unwrap().iter().map(|g| g.as_raw()).collect();
                let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
                said += &format!("{uid} {gid} {groups:?}\n");
            }
            "env" => said += &format!("{}\n", std::env::var(rest).unwrap_or_else(|_| "unset".to_owned())),
            "pwd" => said += &format!("{}\n", std::env::current_dir().unwrap().display()),
            "tty" => said += &format!("{}\n", rustix::termios::isatty(std::io::stdin())),
            "fds" => {
                let open = (0..1024).filter(|n| Path::new(&format!("/proc/self/fd/{n}")).exists());
                // One more is this process's own, for the directory that libtest or std may hold open: none is.
                said += &format!("{:?}\n", open.collect::<Vec<_>>());
            }
            "exit" => code = rest.parse().unwrap(),
            "kill" => {
                let me = crate::sys::process::open_child(rustix::process::getpid()).unwrap();
                crate::sys::process::signal(&me, rest.parse().unwrap()).unwrap();
            }
            word => panic!("unknown word {word}"),
        }
    }
    let mut out = std::io::stdout();
    std::io::Write::write_all(&mut out, said.as_bytes()).unwrap();
    std::io::Write::flush(&mut out).unwrap();
    crate::sys::process::exit_now(code);
}

/// A tree to run, with what a test changes about it.
struct Case {
    dir: tempfile::TempDir,
    spec: Value,
    user: &'static str,
    groups: Vec<String>,
    map: IdMap,
    init: bool,
    terminal: bool,
    volatile: bool,
}

impl Case {
    /// A minimal image with one tree, and docker's mounts.
    fn new(script: &str) -> Case {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for sub in ["lower/etc", "lower/proc", "lower/tmp", "container"] {
            fs::create_dir_all(dir.path().join(sub)).unwrap();
        }
        fs::write(
            dir.path().join("lower/etc/passwd"),
            "root:x:0:0::/root:/bin/sh\nuser:x:7:8::/home/user:\n",
        )
        .unwrap();
        fs::write(dir.path().join("lower/etc/group"), "root:x:0:\nfurther:x:9:user\n").unwrap();
        let exe = std::env::current_exe().unwrap();
        let spec = json!({
            "ociVersion": "1.2.0",
            "hostname": "boat",
            "process": {
                "user": { "uid": 0, "gid": 0 },
                "args": ["/payload", "runtime::tests::payload", "--exact", "--nocapture", "--test-threads=1"],
                "env": [format!("PAYLOAD={script}")],
                "cwd": "/",
                "capabilities": { "bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"], "permitted": ["CAP_CHOWN"] },
            },
            "mounts": [
                { "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
                { "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=64k"] },
                { "destination": "/dev/pts", "type": "devpts", "source": "devpts",
                  "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"] },
                { "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=64k"] },
                { "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"] },
                { "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"] },
                { "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["nosuid", "noexec", "nodev", "relatime", "ro"] },
                { "destination": "/payload", "type": "bind", "source": exe, "options": ["bind", "ro"] },
            ],
            "linux": {
                "namespaces": [{ "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "network" }, { "type": "cgroup" }],
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/scsi", "/sys/firmware", "/proc/none"],
                "readonlyPaths": ["/proc/sys", "/proc/bus"],
            },
        });
        Case {
            dir,
            spec,
            user: "",
            groups: Vec::new(),
            map: userns::best_map(),
            init: false,
            terminal: false,
            volatile: true,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn root(&self) -> Root {
        Root::Overlay { lower: vec![self.path("lower")], layer: self.layer() }
    }

    fn layer(&self) -> WritableLayer {
        WritableLayer {
            upper: self.path("container/upper"),
            work: self.path("container/work"),
            volatile: self.volatile,
        }
    }

    /// Starts it and gives its output and end. In a forked child only: it must be single-threaded.
    fn run_root(&self, root: Root) -> anyhow::Result<(String, End)> {
        let spec: Spec = serde_json::from_value(self.spec.clone())?;
        let (mut reader, writer) = std::io::pipe()?;
        let stdio = if self.terminal {
            drop(writer);
            Stdio::Terminal { rows: 40, columns: 100 }
        } else {
            let null = || fs::OpenOptions::new().read(true).write(true).open("/dev/null").map(OwnedFd::from);
            Stdio::Streams { stdin: null()?, stdout: writer.into(), stderr: null()? }
        };
        let launch = Launch {
            spec: &spec,
            root,
            map: &self.map,
            userns: None,
            user: self.user,
            groups: &self.groups,
            seccomp: Vec::new(),
            stdio,
            init: self.init,
        };
        let started = start(launch)?;
        let mut said = Vec::new();
        match started.terminal {
            None => reader.read_to_end(&mut said).map(drop)?,
            Some(master) => {
                let mut buffer = [0; 4096];
                // EIO is how a terminal tells that nobody has its other side.
                while let Ok(length @ 1..) = rustix::io::read(&master, &mut buffer) {
                    said.extend_from_slice(&buffer[..length]);
                }
            }
        }
        let text = String::from_utf8_lossy(&said).replace('\r', "");
        let text = text.split_once("--payload--\n").map_or(text.as_str(), |(_, text)| text).to_owned();
        Ok((text, wait(&started.pidfd)?))
    }

    fn run(&self) -> anyhow::Result<(String, End)> {
        self.run_root(self.root())
    }

    fn expect(&self, text: &str, end: End) -> anyhow::Result<()> {
        let (said, ended) = self.run()?;
        anyhow::ensure!(
            (said.as_str(), ended) == (text, end),
            "{said:?} {ended:?}, expected {text:?} {end:?}"
        );
        Ok(())
    }

    fn expect_error(&self, kind: StartErrorKind, text: &str) -> anyhow::Result<()> {
        let error = self.run().err().ok_or_else(|| anyhow::anyhow!("it started"))?;
        let start = error.downcast_ref::<StartError>().ok_or_else(|| anyhow::anyhow!("{error:#}"))?;
        anyhow::ensure!(
            start.kind == kind && start.message.contains(text),
            "{start:?}, expected {kind:?} {text:?}"
        );
        Ok(())
    }
}

/// Skips by name where the host has no user namespaces.
fn can_run(test: &str) -> bool {
    let reason = namespace::why_no_user_namespace();
    if let Some(reason) = &reason {
        eprintln!("skipped: {test}: {reason}");
    }
    reason.is_none()
}

const OK: End = End::Exited(0);

#[test]
fn a_program_runs_in_its_own_root() {
    if !can_run("a_program_runs_in_its_own_root") {
        return;
    }
    let case = Case::new("ls /\ncat /proc/sys/kernel/hostname\nid\nenv HOME\npwd\nwrite /new\nfds\nexit 3");
    in_child(|| {
        let groups = if case.map.is_single() { "[0]" } else { "[0]" };
        case.expect(
            &format!("dev etc payload proc sys tmp\nboat\n0 0 {groups}\n/root\n/\nwritten\n[0, 1, 2]\n"),
            End::Exited(3),
        )
    });
    assert_eq!(fs::read_to_string(case.path("container/upper/new")).unwrap(), "written");
    assert!(!case.path("lower/new").exists() && !case.path("lower/dev").exists());
}
