//! `run`: the program, its status and its streams. What surrounds it is in the files beside.

mod identity;
mod mounts;
mod namespaces;
mod security;

use std::{fs, io::Write};

use rustix::process::Signal;
use serde_json::json;

use crate::world::{
    Output, World,
    host::{self, requires},
    image::Image,
    tree::{dir, file, link, program, tree},
};

/// `run --rm OPTION… box COMMAND…`, where a word that begins with a dash is an option.
fn run(world: &World, options: &[&str], command: &[&str]) -> Output {
    world.coracle(["run", "--rm"]).args(options).arg("box").args(command).output()
}

/// Each line: options, command, standard output; all succeed and print nothing else.
type Prints<'a> = (&'a [&'a str], &'a [&'a str], &'a str);

fn prints(world: &World, cases: &[Prints<'_>]) {
    for (options, command, expected) in cases {
        let output = run(world, options, command);
        assert_eq!(
            (output.code, output.stdout.as_str(), output.stderr.as_str()),
            (0, *expected, ""),
            "{output}"
        );
    }
}

/// Each line: options, command, and what the one line on stderr holds; all fail with 125 and leave no container.
type Refused<'a> = (&'a [&'a str], &'a [&'a str], &'a str);

fn refused(world: &World, cases: &[Refused<'_>]) {
    for (options, command, part) in cases {
        let output = run(world, options, command);
        assert_eq!((output.code, output.stdout.as_str()), (125, ""), "{output}");
        let mut lines = output.stderr.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("coracle: ") && first.contains(part), "want {part:?} in: {output}");
        assert!(lines.all(|line| line.starts_with("hint: ")), "{output}");
    }
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

#[test]
fn the_program_and_its_status() {
    requires!(Userns);
    let world = World::with_payload();
    let cases: &[(&[&str], i32, &str, &str)] = &[
        (&["echo", "a", "b c"], 0, "a b c\n", ""),
        (&["payload", "args", "", "-x", "--rm", "a\nb"], 0, "\"\"\n\"-x\"\n\"--rm\"\n\"a\\nb\"\n", ""),
        (&[], 0, "hello from the payload\n", ""),
        (&["sh", "-c", "out to stdout; err to stderr; exit 42"], 42, "to stdout\n", "to stderr\n"),
        (&["false"], 1, "", ""),
        (&["payload", "exit", "255"], 255, "", ""),
        (&["/bin/payload", "pid"], 0, "1\n", ""),
    ];
    for (command, code, stdout, stderr) in cases {
        let output = run(&world, &[], command);
        assert_eq!(
            (output.code, output.stdout.as_str(), output.stderr.as_str()),
            (*code, *stdout, *stderr),
            "{output}"
        );
    }
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

#[test]
fn a_program_that_cannot_be_executed() {
    requires!(Userns);
    let world = World::new();
    let layer = tree! {
        "bin/text" => program("no program\n"),
        "bin/script" => program("#!/bin/missing\n"),
        "bin/loop" => link("loop"),
    };
    world.load(&Image::payload().layer(layer), "box:latest");
    let cases = [
        ("missing", 127, "missing"),
        ("/bin/missing", 127, "/bin/missing"),
        ("/bin/script", 127, "/bin/script"),
        ("/etc/passwd", 126, "/etc/passwd"),
        ("/bin/text", 126, "/bin/text"),
        ("/etc", 126, "/etc"),
        ("/etc/passwd/x", 127, "/etc/passwd/x"),
        ("/bin/loop", 126, "/bin/loop"),
    ];
    for (program, code, part) in cases {
        let output = run(&world, &[], &[program]);
        assert_eq!((output.code, output.stdout.as_str()), (code, ""), "{output}");
        assert!(output.stderr.starts_with("coracle: ") && output.stderr.contains(part), "{output}");
    }
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

#[test]
fn entrypoint_and_command() {
    requires!(Userns);
    let world = World::new();
    let image = Image::payload().config(json!({"Entrypoint": ["payload", "args"], "Cmd": ["from", "image"]}));
    world.load(&image, "box:latest");
    prints(
        &world,
        &[
            (&[], &[], "\"from\"\n\"image\"\n"),
            (&[], &["mine"], "\"mine\"\n"),
            (&["--entrypoint", "echo"], &["mine"], "mine\n"),
            (&["--entrypoint", "echo"], &[], "\n"),
            (&["--entrypoint="], &["echo", "no entrypoint"], "no entrypoint\n"),
        ],
    );
    world.load(&Image::payload().config(json!({"Cmd": null})), "none:latest");
    let output = world.coracle(["run", "--rm", "none"]).exits(125);
    assert!(output.stderr.contains("no command specified"), "{output}");
}

#[test]
fn standard_input() {
    requires!(Userns);
    let world = World::with_payload();
    let cat = |option: &str, bytes: &[u8]| {
        world.coracle(["run", "--rm", option, "box", "cat"]).stdin(bytes).succeeds()
    };
    cat("-i", b"one\ntwo\n").prints("one\ntwo\n");
    let large = vec![b'x'; 3 << 20];
    assert_eq!(cat("-i", &large).stdout.len(), large.len());
    // Without -i the program reads nothing, whatever we are given.
    cat("--interactive=false", b"unread").prints("");
    // A program that ends without reading does not hang us.
    world.coracle(["run", "--rm", "-i", "box", "true"]).stdin(large).succeeds();
}

#[test]
fn input_alone_is_attached() {
    requires!(Userns);
    let world = World::with_payload();
    let run = world.coracle(["run", "-i", "-a", "stdin", "box", "sh", "-c", "cat; exit 3"]);
    let output = run.stdin("through\n").succeeds();
    assert_eq!(world.normal(&output.stdout), "<id>\n", "{output}");
    world.coracle(["logs", output.stdout.trim()]).succeeds().prints("through\n");
}

#[test]
fn much_output_is_passed_on_whole() {
    requires!(Userns);
    let world = World::with_payload();
    let output = run(&world, &[], &["payload", "spam", "200000"]);
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(output.stdout.lines().count(), 200_000);
    assert!(output.stdout.ends_with("line 200000\n"));
}

#[test]
fn a_reader_that_went_away_ends_it() {
    requires!(Userns, Program("sh"), Program("head"));
    let world = World::with_payload();
    let line = format!("{} run --rm box payload spam 10000000 | head -n 2", env!("CARGO_BIN_EXE_coracle"));
    world.program("/bin/sh").args(["-c", &line]).succeeds().prints("line 1\nline 2\n");
    world.until("the container is gone", || world.coracle(["ps", "-aq"]).succeeds().stdout.is_empty());
}

#[test]
fn output_that_gets_lost_is_an_error() {
    requires!(Userns);
    let world = World::with_payload();
    let script = format!("{} run --rm box echo x >/dev/full", env!("CARGO_BIN_EXE_coracle"));
    let output = world.program("/bin/sh").args(["-c", &script]).exits(125);
    output.complains("coracle: write the program's stdout: No space left on device\n");
}

#[test]
fn environment() {
    requires!(Userns);
    let world = World::new();
    let image = Image::payload().config(json!({"Env": ["PATH=/bin", "FROM=image", "EMPTY="]}));
    world.load(&image, "box:latest");
    let list = world.file("list", "# comment\nA=1\n\nB=two words\nGIVEN\nABSENT\n");
    let output = world
        .coracle([
            "run",
            "--rm",
            "-e",
            "FROM=me",
            "-e",
            "GIVEN",
            "-e",
            "ABSENT",
            "-e",
            "NEW=a=b",
            "--hostname",
            "h",
        ])
        .args(["--env-file", list.to_str().unwrap(), "box", "env"])
        .env("GIVEN", "by caller")
        .env("SECRET", "stays outside")
        .succeeds();
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        "A=1",
        "B=two words",
        "EMPTY=",
        "FROM=me",
        "GIVEN=by caller",
        "HOME=/root",
        "HOSTNAME=h",
        "NEW=a=b",
        "PATH=/bin",
    ];
    assert_eq!(lines, expected);
    refused(
        &world,
        &[
            (&["-e", "=x"], &["true"], "invalid environment variable"),
            (&["-e", "A\nB=x"], &["true"], "environment"),
            (&["--env-file", "missing"], &["true"], "missing: No such file or directory"),
        ],
    );
}

#[test]
fn working_directory() {
    requires!(Userns);
    let world = World::new();
    let layer = tree! {
        "real" => dir(),
        "alias" => link("real"),
        "away" => link("../../../../../../real"),
        "plain" => file("a file"),
        "loop" => link("loop"),
    };
    world.load(&Image::payload().layer(layer).config(json!({"WorkingDir": "/real"})), "box:latest");
    prints(
        &world,
        &[
            (&[], &["payload", "cwd"], "/real\n"),
            (&["-w", "/tmp"], &["payload", "cwd"], "/tmp\n"),
            (&["-w", "/made/here"], &["payload", "cwd"], "/made/here\n"),
            (&["-w", "/alias"], &["payload", "cwd"], "/real\n"),
            (&["-w", "/away"], &["payload", "cwd"], "/real\n"),
            (&["--workdir", "/alias/new"], &["payload", "cwd"], "/real/new\n"),
        ],
    );
    for (path, part) in [("relative", "relative"), ("/plain", "/plain"), ("/loop", "/loop")] {
        let output = run(&world, &["-w", path], &["true"]);
        assert!([125, 126].contains(&output.code) && output.stderr.contains(part), "{output}");
    }
}

#[test]
fn arguments_that_are_wrong() {
    let world = World::with_payload();
    let cases: &[(&[&str], &str)] = &[
        (&["run"], "requires at least 1 argument"),
        (&["run", "--rm"], "requires at least 1 argument"),
        (&["run", "--no-such-flag", "box"], "--no-such-flag"),
        (&["run", "--name"], "--name"),
        (&["run", "--name=-bad", "box"], "-bad"),
        (&["run", "--name", "a/b", "box"], "invalid"),
        (&["run", "-d", "--rm", "--pull", "sometimes", "box"], "sometimes"),
        (&["run", "missing:image"], "missing:image"),
        (&["run", "UPPER"], "UPPER"),
        (&["run", ""], ""),
        (&["run", "--network", "bridge", "box"], "bridge"),
        (&["run", "--memory", "1g", "box"], "memory"),
        (&["run", "-p", "80:80", "box"], "'p'"),
        (&["run", "--platform", "linux/s390x", "box"], "s390x"),
    ];
    for (arguments, part) in cases {
        let output = world.coracle(*arguments).exits(125);
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
        assert!(output.stderr.contains(part), "want {part:?}: {output}");
    }
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

#[test]
fn names_and_files_of_identifiers() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "--name", "one", "box", "true"]).succeeds().prints("");
    let output = world.coracle(["run", "--name", "one", "box", "true"]).exits(125);
    assert!(output.stderr.contains("already in use"), "{output}");
    world.coracle(["run", "--replace", "--name", "one", "--cidfile", "id", "box", "true"]).succeeds();
    let id = fs::read_to_string(world.files().join("id")).unwrap();
    assert_eq!(id, world.line(["ps", "-aq", "--no-trunc"]));
    let output = world.coracle(["run", "--cidfile", "id", "box", "true"]).exits(125);
    assert!(output.stderr.contains("id"), "{output}");
    assert_eq!(world.coracle(["ps", "-aq"]).succeeds().stdout.lines().count(), 1);
}

#[test]
fn detached() {
    requires!(Userns);
    let world = World::with_payload();
    let output =
        world.coracle(["run", "-d", "--name", "one", "--pidfile", "pid", "box", "sleep", "1000"]).succeeds();
    assert_eq!(world.normal(&output.stdout), "<id>\n", "{output}");
    let pid = fs::read_to_string(world.files().join("pid")).unwrap();
    assert_eq!(pid.trim(), world.line(["inspect", "--format", "{{.State.Pid}}", "one"]));
    assert_eq!(world.line(["ps", "--format", "{{.Names}} {{.State}}"]), "one running");
    world.coracle(["rm", "-f", "one"]).succeeds().prints("one\n");
    // A program that cannot be started is no container that was.
    let output = world.coracle(["run", "-d", "--rm", "box", "missing"]).exits(127);
    assert_eq!(output.stdout, "", "{output}");
    world.until("it is gone", || world.coracle(["ps", "-aq"]).succeeds().stdout.is_empty());
}

#[test]
fn signals_are_passed_on() {
    requires!(Userns);
    let world = World::with_payload();
    let running = world
        .coracle(["run", "--name", "one", "box", "payload", "trap", "HUP", "USR1", "INT", "TERM"])
        .spawn();
    world.until("it is ready", || world.coracle(["logs", "one"]).output().stdout == "ready\n");
    let mut expected = "ready\n".to_owned();
    for (signal, name) in [(Signal::HUP, "HUP"), (Signal::USR1, "USR1"), (Signal::INT, "INT")] {
        running.signal(signal);
        expected.push_str(&format!("got {name}\n"));
        world.until("it has got it", || world.coracle(["logs", "one"]).output().stdout == expected);
    }
    running.signal(Signal::TERM);
    let output = running.output();
    assert_eq!((output.code, output.stdout), (0, expected + "got TERM\n"));
}

/// Whatever becomes of the command that is its monitor, no container lives on without one.
#[test]
fn a_killed_command_takes_its_container_along() {
    requires!(Userns);
    let world = World::with_payload();
    let running = world.coracle(["run", "--name", "one", "box", "sleep", "1000"]).spawn();
    let state = || world.coracle(["ps", "-a", "--format", "{{.Names}} {{.State}}"]).succeeds().stdout;
    world.until("it runs", || state() == "one running\n");
    let pid: i32 = world.line(["inspect", "-f", "{{.State.Pid}}", "one"]).parse().unwrap();
    running.signal(Signal::KILL);
    assert_eq!(running.output().code, 137);
    world.until("its process is gone", || !std::path::Path::new(&format!("/proc/{pid}")).exists());
    assert_eq!(state(), "one exited\n");
    world.coracle(["rm", "one"]).succeeds();
}

#[test]
fn a_time_limit() {
    requires!(Userns);
    let world = World::with_payload();
    let output = run(&world, &["--timeout", "1"], &["sleep", "1000"]);
    assert_eq!(output.code, 137, "{output}");
}

/// The words hold paths of the host and what `-e` gave; exec's process is in sight while it gets ready.
#[test]
fn init_shows_no_command_line() {
    requires!(Userns);
    let world = World::with_payload();
    let output = run(&world, &["--init", "-e", "A=secret"], &["payload", "cat", "/proc/1/cmdline"]);
    assert_eq!(output.code, 0, "{output}");
    assert_eq!(output.stdout.trim_matches('\0'), "coracle-init");
}

#[test]
fn init_reaps_what_others_leave() {
    requires!(Userns);
    let world = World::with_payload();
    let output = run(&world, &["--init"], &["payload", "orphan"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(!output.stdout.lines().any(|line| line.split(' ').nth(1) == Some("Z")), "{output}");
    assert!(!output.stdout.contains("1 S payload"), "a reaper is process 1: {output}");
    assert_eq!(run(&world, &["--init"], &["payload", "exit", "7"]).code, 7);
    assert_eq!(run(&world, &["--init"], &["missing"]).code, 127);
    // Process 1 is immune to its own signals; under our reaper the program is not process 1.
    for (signal, code) in [("SEGV", 139), ("TERM", 143), ("KILL", 137)] {
        assert_eq!(run(&world, &["--init"], &["payload", "kill", signal]).code, code, "{signal}");
    }
    let running =
        world.coracle(["run", "--rm", "--init", "--name", "one", "box", "payload", "trap", "TERM"]).spawn();
    world.until("it is ready", || world.coracle(["logs", "one"]).output().stdout == "ready\n");
    running.signal(Signal::TERM);
    assert_eq!(running.output().stdout, "ready\ngot TERM\n");
}

/// A store that another user could read would give secrets away; and the process's own umask must not open it.
#[test]
fn the_store_is_private() {
    requires!(Userns, Program("sh"));
    let world = World::with_payload();
    let line = format!("umask 0; {} run box true", env!("CARGO_BIN_EXE_coracle"));
    world.program("/bin/sh").args(["-c", &line]).succeeds();
    for line in world.snapshot("") {
        let mode = u32::from_str_radix(line.split(' ').nth(1).unwrap(), 8).unwrap();
        let root = line.starts_with(&format!("{} ", world.state().display()));
        assert!(!root || mode & 0o7777 == 0o700, "{line}");
    }
}

#[test]
fn two_containers_of_one_image() {
    requires!(Userns);
    let world = World::with_payload();
    let before = world.snapshot("layers");
    for name in ["one", "two"] {
        let script = format!("write /own {name}; append /etc/passwd {name}; rm /bin/false; cat /own");
        world
            .coracle(["run", "--name", name, "box", "sh", "-c", &script])
            .succeeds()
            .prints(&format!("{name}\n"));
    }
    // A restarted one sees its own again, and only its own.
    for name in ["one", "two"] {
        world.coracle(["start", name]).succeeds();
        world.coracle(["wait", name]).succeeds();
    }
    let output = world.coracle(["run", "--rm", "box", "sh", "-c", "stat /bin/false; cat /own"]).exits(1);
    assert!(output.stderr.contains("ENOENT"), "{output}");
    assert_eq!(world.snapshot("layers"), before, "an image's trees were changed");
    world.coracle(["rm", "one", "two"]).succeeds();
    assert_eq!(world.snapshot("layers"), before);
}

#[test]
fn the_host_as_an_image() {
    requires!(Userns, Overlay, Program("sh"), Program("cat"));
    let world = World::new();
    let make = |path: &str| format!("echo new > {path} && cat {path}");
    let script = format!("{} && {}", make("/etc/coracle-test"), make("/usr/coracle-test"));
    world.coracle(["run", "--rm", "host:", "sh", "-c", &script]).succeeds().prints("new\nnew\n");
    // What belongs to the host's root is not an ordinary user's to change, not even a copy of it.
    if host::is_root() {
        let before = fs::read_to_string("/etc/passwd").unwrap();
        let script = format!("{} && rm /etc/passwd", make("/etc/passwd"));
        world.coracle(["run", "--rm", "host:", "sh", "-c", &script]).succeeds().prints("new\n");
        assert_eq!(fs::read_to_string("/etc/passwd").unwrap(), before);
    }
    for path in ["/etc/coracle-test", "/usr/coracle-test"] {
        assert!(!std::path::Path::new(path).exists(), "{path}");
    }
    world.coracle(["run", "--rm", "host:", "sh", "-c", "exit 3"]).exits(3);
}

#[test]
fn a_directory_as_the_root() {
    requires!(Userns);
    let world = World::new();
    let root = world.files().join("root");
    tree! { "bin" => dir(), "dev" => dir(), "proc" => dir(), "sys" => dir(), "etc" => dir(), "tmp" => dir() }
        .write(&root);
    world.copy_program(host::payload(), root.join("bin/payload"));
    let line =
        ["run", "--rm", "--rootfs", root.to_str().unwrap(), "/bin/payload", "write", "/tmp/new", "text"];
    world.coracle(line).succeeds();
    // Used as it is: there is no writable layer between.
    assert_eq!(fs::read_to_string(root.join("tmp/new")).unwrap(), "text\n");
    let output = world.coracle(["run", "--rm", "--rootfs", "/", "true"]).exits(125);
    assert!(output.stderr.contains("use / as the root: it is the host's own root"), "{output}");
    let output = world.coracle(["run", "--rm", "--rootfs", "missing", "true"]).exits(125);
    assert!(output.stderr.contains("missing"), "{output}");
}

/// docker's users write their own end of a pipe and expect the program's to end with it.
#[test]
fn a_pipe_that_stays_open_is_read_as_it_comes() {
    requires!(Userns);
    let world = World::with_payload();
    let mut fifo = None;
    let path = world.files().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
    let line = format!("exec {} run --rm --name one -i box cat < fifo", env!("CARGO_BIN_EXE_coracle"));
    let running = world.program("/bin/sh").args(["-c", &line]).spawn();
    let writer = fifo.insert(fs::OpenOptions::new().write(true).open(&path).unwrap());
    writer.write_all(b"first\n").unwrap();
    world.until("it came through", || world.coracle(["logs", "one"]).output().stdout == "first\n");
    writer.write_all(b"second\n").unwrap();
    drop(fifo);
    assert_eq!(running.output().stdout, "first\nsecond\n");
}

/// Nobody waits for the disk but who uses the container next: the layer and the record are whole when its lock is free.
#[test]
fn what_was_kept_can_be_used_at_once() {
    requires!(Userns);
    let world = World::with_payload();
    for round in 0..5 {
        let name = format!("kept{round}");
        world.coracle(["run", "--name", &name, "box", "payload", "write", "/own", "x"]).succeeds();
        assert_eq!(world.line(["inspect", "--format", "{{.State.Status}}", &name]), "exited");
        world.coracle(["start", "-a", &name]).succeeds();
        world.coracle(["rm", &name]).succeeds().prints(&format!("{name}\n"));
    }
}

/// A fallback that costs something is named, in one line, before the program says anything.
#[test]
fn a_copied_image_is_said_so() {
    requires!(Userns);
    let mut world = World::with_payload();
    world.set("CORACLE_WITHOUT", "overlay");
    let note = "coracle: overlayfs cannot be mounted here: the image is copied for each container\n";
    world.coracle(["run", "--rm", "box", "echo", "hi"]).succeeds().prints("hi\n").complains(note);
    world.coracle(["run", "-d", "--name", "one", "box", "true"]).succeeds().complains(note);
    world.coracle(["wait", "one"]).succeeds();
    world.coracle(["start", "one"]).succeeds().prints("one\n").complains(note);
}
