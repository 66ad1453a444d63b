//! `exec`: a further program in a running container.

use crate::world::{World, host::requires};

fn with_one(options: &[&str]) -> World {
    let world = World::with_payload();
    let run = world.coracle(["run", "-d", "--name", "one"]).args(options);
    run.args(["box", "sleep", "1000"]).succeeds();
    world
}

#[test]
fn the_program_and_its_status() {
    requires!(Userns);
    let world = with_one(&["-e", "FROM=run", "-w", "/tmp"]);
    let cases: &[(&[&str], i32, &str)] = &[
        (&["one", "echo", "a", "b c"], 0, "a b c\n"),
        (&["one", "payload", "exit", "42"], 42, ""),
        (&["one", "payload", "kill", "TERM"], 143, ""),
        (&["one", "payload", "cwd"], 0, "/tmp\n"),
        (&["-w", "/root", "one", "payload", "cwd"], 0, "/root\n"),
        (&["one", "payload", "status", "CapEff", "Seccomp"], 0, "CapEff: 00000000a80425fb\nSeccomp: 2\n"),
        (&["--privileged", "one", "payload", "status", "Seccomp"], 0, "Seccomp: 0\n"),
        (&["one", "payload", "hostname"], 0, ""),
        (&["one", "missing"], 127, ""),
        (&["one", "/etc/passwd"], 126, ""),
    ];
    for (arguments, code, stdout) in cases {
        let output = world.coracle(["exec"]).args(*arguments).exits(*code);
        assert!(output.stdout == *stdout || arguments.contains(&"hostname"), "{output}");
        assert_eq!(output.stderr.is_empty(), ![126, 127].contains(code), "{output}");
    }
    let output = world.coracle(["exec", "one", "payload", "ps"]).succeeds();
    assert!(output.stdout.starts_with("1 S "), "{output}");
}

#[test]
fn environment_input_and_user() {
    requires!(Userns);
    let world = with_one(&["-e", "FROM=run"]);
    let list = world.file("list", "LISTED=1\n");
    let output = world
        .coracle(["exec", "-e", "ADDED=2", "--env-file", list.to_str().unwrap(), "one", "env"])
        .succeeds();
    for line in ["FROM=run", "ADDED=2", "LISTED=1", "PATH=/bin", "HOME=/root"] {
        assert!(output.stdout.lines().any(|other| other == line), "{line}: {output}");
    }
    world.coracle(["exec", "-i", "one", "cat"]).stdin("through\n").succeeds().prints("through\n");
    world.coracle(["exec", "one", "cat"]).stdin("unread\n").succeeds().prints("");
}

#[test]
fn another_user() {
    requires!(Userns, Range);
    let world = with_one(&[]);
    world
        .coracle(["exec", "-u", "cora", "one", "id"])
        .succeeds()
        .prints("uid=1000 gid=1000 groups=1000,2000\n");
    // What goes wrong in a container that runs is not the program's 1.
    let output = world.coracle(["exec", "-u", "nobody-here", "one", "id"]).output();
    assert!([125, 126].contains(&output.code) && output.stderr.contains("nobody-here"), "{output}");
}

#[test]
fn detached() {
    requires!(Userns);
    let world = with_one(&[]);
    for (options, file) in [("-d", "/done"), ("-dt", "/done-on-a-terminal")] {
        let program = format!("sleep 0.1; write {file} x");
        world.coracle(["exec", options, "one", "sh", "-c", &program]).succeeds().prints("");
        let written = || world.coracle(["exec", "one", "cat", file]).output().stdout == "x\n";
        world.until("it has written", written);
        world.coracle(["exec", options, "one", "missing"]).exits(127);
    }
}

#[test]
fn where_nothing_runs() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box"]).succeeds();
    let id = world.line(["ps", "-aq", "--no-trunc"]);
    for (arguments, part) in [
        (&["exec", "one", "true"][..], "container one is not running"),
        (&["exec", "missing", "true"], "No such container: missing"),
        (&["exec", "one"], "requires at least"),
        (&["exec"], "requires at least"),
        (&["exec", &id[..3], "true"], "is not running"),
    ] {
        let output = world.coracle(arguments).exits(1);
        assert!(output.stdout.is_empty() && output.stderr.contains(part), "want {part:?}: {output}");
    }
    world
        .coracle(["exec", "-it", "one", "true"])
        .exits(1)
        .complains("coracle: the input device is not a TTY\n");
    world.coracle(["exec", "--nope", "one", "true"]).exits(125);
}

/// The end of the container's program is the end of every other in it.
#[test]
fn ends_with_its_container() {
    requires!(Userns);
    let world = with_one(&[]);
    let running = world.coracle(["exec", "one", "sh", "-c", "out ready; sleep 1000"]).spawn();
    let count = || world.coracle(["exec", "one", "payload", "ps"]).succeeds().stdout.lines().count();
    world.until("it runs", || count() == 3);
    world.coracle(["kill", "one"]).succeeds();
    assert_eq!(running.output().code, 137);
}
