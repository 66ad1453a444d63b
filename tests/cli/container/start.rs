//! `start`, and `restart`: a container again, with its own files.

use crate::world::{World, host::requires};

#[test]
fn sees_its_own_files_again() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box", "sh", "-c", "append /count x; cat /count"]).succeeds();
    world.coracle(["start", "--attach", "one"]).succeeds().prints("x\n");
    world.coracle(["start", "-a", "one"]).succeeds().prints("x\nx\n");
    world.coracle(["start", "one"]).succeeds().prints("one\n");
    world.coracle(["wait", "one"]).succeeds().prints("0\n");
    world.coracle(["logs", "--tail", "3", "one"]).succeeds().prints("x\nx\nx\n");
}

#[test]
fn attached_with_input() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "-i", "--name", "one", "box", "sh", "-c", "cat; exit 5"]).succeeds();
    world.coracle(["start", "-a", "-i", "one"]).stdin("through\n").exits(5).prints("through\n");
}

#[test]
fn what_cannot_be_started() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "bad", "box", "missing"]).succeeds();
    let output = world.coracle(["start", "bad"]).output();
    assert!([1, 127].contains(&output.code) && output.stderr.contains("missing"), "{output}");
    assert_eq!(world.line(["inspect", "-f", "{{.State.Running}}", "bad"]), "false");
    for arguments in [&["start"][..], &["start", "missing"], &["start", "-a", "one", "two"]] {
        let output = world.coracle(arguments).exits(1);
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
}

#[test]
fn restarts() {
    requires!(Userns);
    let world = World::with_payload();
    world
        .coracle(["run", "-d", "--name", "one", "box", "sh", "-c", "append /count x; sleep 1000"])
        .succeeds();
    let pid = || world.line(["inspect", "-f", "{{.State.Pid}}", "one"]);
    let first = pid();
    world.coracle(["restart", "-t", "0", "one"]).succeeds().prints("one\n");
    assert_ne!(pid(), first);
    world.until("it has counted", || {
        world.coracle(["exec", "one", "cat", "/count"]).output().stdout == "x\nx\n"
    });
    // One that is removed at its end would lose its files.
    world.coracle(["run", "-d", "--rm", "--name", "two", "box", "sleep", "1000"]).succeeds();
    world
        .coracle(["restart", "-t", "0", "two"])
        .exits(1)
        .complains("coracle: container two cannot be restarted: it is removed when it stops (--rm)\n");
    world.coracle(["exec", "two", "true"]).succeeds();
    // One that runs already stays as it is.
    let second = pid();
    world.coracle(["start", "one"]).succeeds().prints("one\n");
    assert_eq!(pid(), second);
}
