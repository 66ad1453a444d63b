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
    feature::Feature,
    namespace,
    process::{End, wait},
    testing::{alone, in_child},
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
            "uname" => said += &format!("{}\n", rustix::system::uname().domainname().to_string_lossy()),
            "ready" => {
                std::io::Write::write_all(&mut std::io::stdout(), b"--payload--\nready\n").unwrap();
                std::io::Write::flush(&mut std::io::stdout()).unwrap();
            }
            "sleep" => std::thread::sleep(std::time::Duration::from_secs(rest.parse().unwrap())),
            "orphan" => {
                // A grandchild that outlives its parent: process 1 inherits it.
                use crate::sys::process::{Forked, exit_now, fork_anyway, wait};
                match fork_anyway().unwrap() {
                    Forked::Child => match fork_anyway().unwrap() {
                        Forked::Child => exit_now(0),
                        Forked::Parent { pid, .. } => {
                            let stat = || fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
                            while stat().is_ok_and(|stat| !stat.contains(") Z ")) {}
                            exit_now(pid.as_raw_nonzero().get() as u8)
                        }
                    },
                    Forked::Parent { pidfd, .. } => {
                        let orphan = wait(&pidfd).unwrap().code();
                        while Path::new(&format!("/proc/{orphan}")).exists() {
                            std::thread::yield_now();
                        }
                        said += "reaped\n";
                    }
                }
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
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/tty", "/sys/firmware", "/proc/none"],
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
        self.run_in(root, None)
    }

    fn run_in(&self, root: Root, userns: Option<OwnedFd>) -> anyhow::Result<(String, End)> {
        let (started, mut reader) = self.start_in(root, userns)?;
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

    fn start(&self) -> anyhow::Result<(Started, std::io::PipeReader)> {
        self.start_in(self.root(), None)
    }

    fn start_in(
        &self,
        root: Root,
        userns: Option<OwnedFd>,
    ) -> anyhow::Result<(Started, std::io::PipeReader)> {
        let spec: Spec = serde_json::from_value(self.spec.clone())?;
        let (reader, writer) = std::io::pipe()?;
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
            userns,
            user: self.user,
            groups: &self.groups,
            seccomp: Vec::new(),
            stdio,
            init: self.init,
        };
        Ok((start(launch)?, reader))
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

/// Gives the test a process of its own, and skips it by name where the host has no user namespaces.
fn can_run(test: &str) -> bool {
    if !alone() {
        return false;
    }
    let reason = namespace::why_no_user_namespace();
    if let Some(reason) = &reason {
        eprintln!("skipped: {test}: {reason}");
    }
    reason.is_none()
}

const OK: End = End::Exited(0);

/// The ids of a container's root. Where the map has one group, the kernel lets nobody change the caller's supplementary
/// ones, and shows those that the map does not have as the overflow id.
fn root_ids(map: &IdMap) -> String {
    let caller = rustix::process::getegid();
    let groups = match map.is_single() {
        true => rustix::process::getgroups().unwrap(),
        false => vec![caller],
    };
    let inside: Vec<u32> = groups.into_iter().map(|group| if group == caller { 0 } else { 65_534 }).collect();
    format!("0 0 {inside:?}")
}

#[test]
fn a_program_runs_in_its_own_root() {
    if !can_run("a_program_runs_in_its_own_root") {
        return;
    }
    let case = Case::new("ls /\ncat /proc/sys/kernel/hostname\nid\nenv HOME\npwd\nwrite /new\nfds\nexit 3");
    in_child(|| {
        case.expect(
            &format!(
                "dev etc payload proc sys tmp\nboat\n{}\n/root\n/\nwritten\n[0, 1, 2]\n",
                root_ids(&case.map)
            ),
            End::Exited(3),
        )
    });
    assert_eq!(fs::read_to_string(case.path("container/upper/new")).unwrap(), "written");
    assert!(!case.path("lower/new").exists() && !case.path("lower/dev").exists());
}

#[test]
fn the_user_is_the_containers_own() {
    if !can_run("the_user_is_the_containers_own") {
        return;
    }
    let mut case = Case::new("id\nenv HOME\nwrite /tmp/mine");
    if case.map.is_single() {
        in_child(|| {
            case.user = "user";
            case.expect_error(StartErrorKind::Setup, "user 7 is not in the identity map (one id)")
        });
        return eprintln!("skipped: the_user_is_the_containers_own: one id only");
    }
    for (user, groups, wanted) in [
        ("user", vec![], "7 8 [8, 9]\n/home/user\n"),
        ("7:0", vec![], "7 0 [0]\n/home/user\n"),
        ("12", vec!["further", "33"], "12 0 [0, 9, 33]\n/\n"),
    ] {
        (case.user, case.groups) = (user, groups.into_iter().map(str::to_owned).collect());
        in_child(|| case.expect(&format!("{wanted}/tmp/mine: permission denied\n"), OK));
    }
    (case.user, case.groups) = ("nobody-knows", vec![]);
    in_child(|| case.expect_error(StartErrorKind::Setup, "nobody-knows"));
}

#[test]
fn docker_says_why_a_program_cannot_run() {
    if !can_run("docker_says_why_a_program_cannot_run") {
        return;
    }
    let mut case = Case::new("");
    for (name, content, mode) in [
        ("noexec", "#!/bin/sh\n", 0o644),
        ("script", "exit 1\n", 0o755),
        ("lost", "#!/no/such/shell\n", 0o755),
    ] {
        fs::write(case.path("lower").join(name), content).unwrap();
        fs::set_permissions(case.path("lower").join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    for (command, kind, text) in [
        ("foo", StartErrorKind::NotFound, r#"exec: "foo": executable file not found in $PATH"#),
        ("", StartErrorKind::NotFound, r#"exec: "": executable file not found in $PATH"#),
        ("/foo", StartErrorKind::NotFound, r#"exec: "/foo": stat /foo: no such file or directory"#),
        ("/noexec", StartErrorKind::NotExecutable, r#"exec: "/noexec": permission denied"#),
        ("noexec", StartErrorKind::NotExecutable, r#"exec: "noexec": permission denied"#),
        ("/etc", StartErrorKind::NotExecutable, r#"exec: "/etc": is a directory"#),
        ("/script", StartErrorKind::NotExecutable, "exec /script: exec format error"),
        ("/lost", StartErrorKind::NotFound, "exec /lost: no such file or directory"),
    ] {
        case.spec["process"]["args"] = json!([command]);
        case.spec["process"]["env"] = json!(["PATH=/nowhere:/:/etc"]);
        for init in [false, true] {
            case.init = init;
            in_child(|| case.expect_error(kind, text));
        }
    }
}

#[test]
fn the_working_directory_is_made_and_stays_inside() {
    if !can_run("the_working_directory_is_made_and_stays_inside") {
        return;
    }
    let mut case = Case::new("pwd");
    std::os::unix::fs::symlink("/made/by/link", case.path("lower/link")).unwrap();
    std::os::unix::fs::symlink("../../../../..", case.path("lower/up")).unwrap();
    for (cwd, wanted) in [("/etc/new/dir", "/etc/new/dir"), ("/link", "/made/by/link"), ("/up/etc", "/etc")] {
        case.spec["process"]["cwd"] = json!(cwd);
        in_child(|| case.expect(&format!("{wanted}\n"), OK));
    }
    for cwd in ["/proc/self/fd/3", "/proc/self/fd/7", "/proc/1/root/etc", "/etc/passwd", "relative"] {
        case.spec["process"]["cwd"] = json!(cwd);
        in_child(|| case.expect_error(StartErrorKind::Setup, "working directory"));
    }
}

#[test]
fn a_linked_system_directory_is_refused() {
    if !can_run("a_linked_system_directory_is_refused") {
        return;
    }
    for name in ["proc", "dev", "sys"] {
        let case = Case::new("");
        let outside = case.path("outside");
        fs::create_dir(&outside).unwrap();
        let _ = fs::remove_dir(case.path("lower").join(name));
        std::os::unix::fs::symlink(&outside, case.path("lower").join(name)).unwrap();
        in_child(|| {
            case.expect_error(StartErrorKind::Setup, &format!("the image's /{name} is a symbolic link"))
        });
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    }
}

#[test]
fn masks_and_read_only_parts_hold() {
    if !can_run("masks_and_read_only_parts_hold") {
        return;
    }
    let mut case = Case::new(
        "cat /proc/keys\nls /proc/tty\nls /sys/firmware\nwrite /proc/sys/kernel/core_pattern\nwrite /sys/x\nwrite /new\nwrite /dev/shm/x",
    );
    case.spec["root"] = json!({ "path": "/", "readonly": true });
    let refused = "read-only filesystem or storage medium";
    in_child(|| {
        let (said, end) = case.run()?;
        let lines: Vec<_> = said.lines().filter(|line| !line.is_empty()).collect();
        anyhow::ensure!(end == OK);
        anyhow::ensure!(
            lines
                == [
                    &format!("/proc/sys/kernel/core_pattern: {refused}"),
                    &format!("/sys/x: {refused}"),
                    &format!("/new: {refused}"),
                    "written"
                ],
            "{lines:?}"
        );
        Ok(())
    });
}

#[test]
fn a_terminal_is_the_containers_own() {
    if !can_run("a_terminal_is_the_containers_own") {
        return;
    }
    for init in [false, true] {
        let mut case = Case::new("tty\nls /dev\nwrite /dev/tty\nls /dev/pts");
        (case.terminal, case.init) = (true, init);
        in_child(|| {
            let (said, end) = case.run()?;
            let devices =
                "console core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero";
            let wanted = format!("true\n{devices}\nwritten\n0 ptmx\n");
            // What was written to /dev/tty came before.
            anyhow::ensure!(said == wanted, "{said:?}");
            anyhow::ensure!(end == OK);
            Ok(())
        });
    }
}

#[test]
fn a_reaper_waits_for_orphans_and_ends_as_the_program() {
    if !can_run("a_reaper_waits_for_orphans_and_ends_as_the_program") {
        return;
    }
    let mut case = Case::new("orphan\ncat /proc/1/comm\ncat /proc/1/exe\nexit 5");
    case.init = true;
    in_child(|| case.expect("reaped\ncoracle-init\n/proc/1/exe: permission denied\n", End::Exited(5)));
    let mut case = Case::new("kill 15");
    case.init = true;
    in_child(|| {
        let (_, end) = case.run()?;
        anyhow::ensure!(end == End::Exited(143), "{end:?}");
        Ok(())
    });
}

#[test]
fn binds_are_made_in_the_root() {
    if !can_run("binds_are_made_in_the_root") {
        return;
    }
    let mut case =
        Case::new("ls /deep/in\nwrite /deep/in/new\nwrite /ro/new\ncat /ro/file\ncat /linked/file\nls /mem");
    fs::create_dir(case.path("source")).unwrap();
    fs::write(case.path("source/file"), "content\n").unwrap();
    let outside = case.path("outside");
    fs::create_dir(&outside).unwrap();
    std::os::unix::fs::symlink(&outside, case.path("lower/linked")).unwrap();
    let source = case.path("source");
    let mounts = case.spec["mounts"].as_array_mut().unwrap();
    for (target, options) in [
        ("/deep/in", json!(["rbind", "rprivate"])),
        ("/ro", json!(["rbind", "ro"])),
        ("/linked", json!(["rbind"])),
    ] {
        mounts.push(json!({ "destination": target, "type": "bind", "source": source, "options": options }));
    }
    mounts
        .push(json!({ "destination": "/mem", "type": "tmpfs", "source": "tmpfs", "options": ["size=64k"] }));
    in_child(|| {
        let refused = "read-only filesystem or storage medium";
        case.expect(&format!("file\nwritten\n/ro/new: {refused}\ncontent\ncontent\n\n"), OK)
    });
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0, "nothing is made on the host");
    case.spec["mounts"] =
        json!([{ "destination": "/x", "type": "bind", "source": "/no/such/source", "options": [] }]);
    in_child(|| case.expect_error(StartErrorKind::Setup, "bind source path does not exist: /no/such/source"));
}

#[test]
fn the_callers_umask_closes_nothing_to_the_containers_users() {
    if !can_run("the_callers_umask_closes_nothing_to_the_containers_users") {
        return;
    }
    let mut case = Case::new("write /tmp/x");
    let source = case.path("source");
    fs::create_dir(&source).unwrap();
    case.spec["mounts"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "destination": "/deep/in", "type": "bind", "source": source, "options": ["rbind"] }));
    in_child(|| {
        rustix::process::umask(0o077.into());
        case.expect("written\n", OK)
    });
    for made in ["container/upper", "container/upper/deep", "container/upper/deep/in"] {
        let mode = fs::metadata(case.path(made)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755, "{made}");
    }
}

#[test]
fn kernel_parameters_limits_and_umask_are_set() {
    if !can_run("kernel_parameters_limits_and_umask_are_set") {
        return;
    }
    let mut case =
        Case::new("cat /proc/sys/net/ipv4/ip_unprivileged_port_start\ncat /proc/sys/net/ipv4/ip_forward");
    case.spec["linux"]["sysctl"] = json!({
        "net.ipv4.ip_unprivileged_port_start": "7",
        "net.ipv4.ip_forward": "1",
        "net.ipv4.ping_group_range": "0 2147483647",
    });
    case.spec["process"]["rlimits"] = json!([{ "type": "RLIMIT_NOFILE", "soft": 100, "hard": 200 }]);
    in_child(|| case.expect("7\n1\n", OK));
    case.spec["linux"]["sysctl"] = json!({ "net.no.such": "1" });
    in_child(|| case.expect_error(StartErrorKind::Setup, "set the kernel parameter net.no.such"));
}

#[test]
fn a_second_program_joins_the_first() {
    if !can_run("a_second_program_joins_the_first") {
        return;
    }
    for (off, init) in [(false, false), (true, true)] {
        let mut case = Case::new("ready\nsleep 100");
        case.init = init;
        in_child(|| {
            if off {
                Feature::SetnsPidfd.switch_off();
                Feature::CloseRange.switch_off();
            }
            let (first, mut output) = case.start()?;
            let mut text = String::new();
            while !text.contains("ready") {
                let mut buffer = [0; 512];
                let length = output.read(&mut buffer)?;
                anyhow::ensure!(length > 0, "ended early: {text:?}");
                text += &String::from_utf8_lossy(&buffer[..length]);
            }
            let mut process: Value = case.spec["process"].clone();
            process["env"] = json!(["PAYLOAD=cat /proc/sys/kernel/hostname\nid\nfds\nexit 4"]);
            process["cwd"] = json!("/tmp");
            let process: oci_spec::runtime::Process = serde_json::from_value(process)?;
            let (mut reader, writer) = std::io::pipe()?;
            let null = || fs::OpenOptions::new().read(true).write(true).open("/dev/null").map(OwnedFd::from);
            let second = exec(Exec {
                target: first.pidfd.try_clone()?,
                process: &process,
                user: "",
                groups: &[],
                seccomp: Vec::new(),
                stdio: Stdio::Streams { stdin: null()?, stdout: writer.into(), stderr: null()? },
                detach: false,
            })?;
            let mut said = String::new();
            reader.read_to_string(&mut said)?;
            let want = format!("boat\n{}\n[0, 1, 2]\n", root_ids(&case.map));
            anyhow::ensure!(said.ends_with(&want), "{said:?}");
            anyhow::ensure!(wait(&second.pidfd)? == End::Exited(4));
            crate::sys::process::signal(&first.pidfd, libc::SIGKILL)?;
            anyhow::ensure!(wait(&first.pidfd)? == End::Signalled(9));
            Ok(())
        });
    }
}

#[test]
fn a_user_namespace_is_shared() {
    if !can_run("a_user_namespace_is_shared") {
        return;
    }
    let case = Case::new("ready\nsleep 100");
    let other = Case::new("id\nwrite /new");
    in_child(|| {
        let (first, _output) = case.start()?;
        let path = format!("/proc/{}/ns/user", first.pid.as_raw_nonzero());
        let userns = || fs::File::open(&path).map(OwnedFd::from);
        let (said, end) = other.run_in(other.root(), Some(userns()?))?;
        let want = format!("{}\nwritten\n", root_ids(&case.map));
        anyhow::ensure!((said.as_str(), end) == (want.as_str(), OK), "{said:?} {end:?}");
        crate::sys::process::signal(&first.pidfd, libc::SIGKILL)?;
        wait(&first.pidfd)?;
        Ok(())
    });
}

#[test]
fn a_hundred_trees_and_long_names_fit_with_every_way_to_mount() {
    if !can_run("a_hundred_trees_and_long_names_fit_with_every_way_to_mount") {
        return;
    }
    for off in
        [&[][..], &[Feature::LowerdirAppend], &[Feature::MountApi, Feature::MountSetattr, Feature::Openat2]]
    {
        let case = Case::new("ls /layers\ncat /top\nwrite /new");
        let mut lower = vec![case.path("lower")];
        for n in 0..100 {
            let long = format!("{n:03},:\\{}", "x".repeat(150));
            let tree = case.path(&long);
            fs::create_dir_all(tree.join("layers").join(format!("{n:03}"))).unwrap();
            fs::write(tree.join("top"), format!("{n}\n")).unwrap();
            lower.push(tree);
        }
        in_child(|| {
            off.iter().for_each(|feature| feature.switch_off());
            let (said, end) = case.run_root(Root::Overlay { lower, layer: case.layer() })?;
            let names: Vec<_> = (0..100).map(|n| format!("{n:03}")).collect();
            anyhow::ensure!(said == format!("{}\n99\nwritten\n", names.join(" ")), "{said:?} {end:?}");
            Ok(())
        });
    }
}

#[test]
fn a_directory_is_used_as_it_is() {
    if !can_run("a_directory_is_used_as_it_is") {
        return;
    }
    let case = Case::new("write /new\nls /");
    in_child(|| {
        let (said, end) = case.run_root(Root::Directory(case.path("lower")))?;
        anyhow::ensure!(
            said == "written\ndev etc new payload proc sys tmp\n" && end == OK,
            "{said:?} {end:?}"
        );
        Ok(())
    });
    assert!(case.path("lower/new").exists());
}

#[test]
fn the_hosts_root_is_seen_and_not_touched() {
    if !can_run("the_hosts_root_is_seen_and_not_touched") {
        return;
    }
    let case = Case::new(
        "cat /etc/hostname\nwrite /etc/coracle-test-file\nls /tmp\nwrite /usr/coracle-test-file\nls /run",
    );
    let hostname = fs::read_to_string("/etc/hostname")
        .unwrap_or_else(|_| "/etc/hostname: entity not found\n".to_owned());
    for _ in 0..2 {
        in_child(|| {
            let (said, end) = case.run_root(Root::Host { layer: case.layer() })?;
            anyhow::ensure!(
                said == format!("{hostname}written\n\nwritten\n\n") && end == OK,
                "{said:?} {end:?}"
            );
            Ok(())
        });
    }
    let store = std::env::current_dir().unwrap().join("target");
    // The writable layer in a directory that is shown itself, as in a user's home; /tmp, where this may stand, is not.
    if let Ok(dir) = fs::create_dir_all(&store).and_then(|()| tempfile::tempdir_in(&store))
        && !dir.path().starts_with("/tmp")
    {
        let layer = WritableLayer {
            upper: dir.path().join("container/upper"),
            work: dir.path().join("container/work"),
            volatile: true,
        };
        fs::create_dir(dir.path().join("container")).unwrap();
        let place = dir.path().join("seen");
        fs::write(&place, "below\n").unwrap();
        let mut case = Case::new(&format!("cat {0}\nwrite {0}\ncat {0}", place.display()));
        case.map = userns::best_map();
        in_child(|| {
            let (said, end) = case.run_root(Root::Host { layer })?;
            anyhow::ensure!(said.contains("below") && said.contains("written"), "{said:?} {end:?}");
            Ok(())
        });
        assert_eq!(fs::read_to_string(&place).unwrap(), "below\n");
    }
    assert!(!Path::new("/etc/coracle-test-file").exists());
    assert!(case.path("container/upper/etc/coracle-test-file").exists());
}

#[test]
fn a_copied_tree_stands_in_for_an_overlay() {
    if !can_run("a_copied_tree_stands_in_for_an_overlay") {
        return;
    }
    let case = Case::new("ls /dir\ncat /dir/kept\nls /opaque\nwrite /new\nls /again");
    for (path, text) in [
        ("lower/dir/kept", "below\n"),
        ("lower/dir/gone", ""),
        ("lower/opaque/old", ""),
        ("second/dir/added", ""),
    ] {
        fs::create_dir_all(case.path(path).parent().unwrap()).unwrap();
        fs::write(case.path(path), text).unwrap();
    }
    fs::create_dir_all(case.path("second/opaque")).unwrap();
    fs::write(case.path("second/opaque/new"), "").unwrap();
    let path = case.path("second/opaque");
    let opaque = crate::sys::xattr::set(crate::sys::xattr::Of::Link(&path), c"user.overlay.opaque", b"y");
    let whiteout = rustix::fs::mknodat(
        rustix::fs::CWD,
        case.path("second/dir/gone"),
        rustix::fs::FileType::CharacterDevice,
        rustix::fs::Mode::empty(),
        0,
    );
    if opaque.is_err() || whiteout.is_err() {
        return eprintln!("skipped: a_copied_tree_stands_in_for_an_overlay: {opaque:?} {whiteout:?}");
    }
    for off in [true, false] {
        in_child(|| {
            if off {
                Feature::Overlay.switch_off();
            }
            let lower = vec![case.path("lower"), case.path("second")];
            let (started, mut output) = case.start_in(Root::Overlay { lower, layer: case.layer() }, None)?;
            anyhow::ensure!(started.notes.len() == 1, "a copy stays one: {:?}", started.notes);
            let mut said = String::new();
            output.read_to_string(&mut said)?;
            anyhow::ensure!(
                said.ends_with("added kept\nbelow\nnew\nwritten\n/again: entity not found\n"),
                "{said:?}"
            );
            anyhow::ensure!(wait(&started.pidfd)? == OK);
            Ok(())
        });
    }
    assert!(!case.path("lower/new").exists() && case.path("lower/dir/gone").exists());
}

#[test]
fn an_empty_volume_is_filled_and_given() {
    if !can_run("an_empty_volume_is_filled_and_given") {
        return;
    }
    let mut case = Case::new("ls /data\nid\nwrite /data/mine");
    fs::create_dir_all(case.path("lower/data")).unwrap();
    fs::write(case.path("lower/data/from-image"), "").unwrap();
    let has_users = !case.map.is_single();
    for (content, wanted) in [(None, "from-image"), (Some("own"), "own")] {
        let volume = case.path(&format!("volume-{}", content.is_some()));
        fs::create_dir(&volume).unwrap();
        if let Some(name) = content {
            fs::write(volume.join(name), "").unwrap();
        }
        case.user = if has_users { "user" } else { "" };
        let id = if has_users { "7 8 [8, 9]".to_owned() } else { root_ids(&case.map) };
        let mounts = case.spec["mounts"].as_array_mut().unwrap();
        mounts.retain(|mount| mount["destination"] != "/data");
        mounts.push(json!({ "destination": "/data", "type": "bind", "source": volume, "options": ["rbind", "copy-up", "U"] }));
        in_child(|| case.expect(&format!("{wanted}\n{id}\nwritten\n"), OK));
    }
}
