//! `stop`: the stop signal, then force.

use crate::world::{World, host::requires};

#[test]
fn asks_first() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "payload", "trap", "TERM"]).succeeds();
    world.until("it is ready", || world.coracle(["logs", "one"]).succeeds().stdout == "ready\n");
    world.coracle(["stop", "one"]).succeeds().prints("one\n");
    assert_eq!(world.line(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "one"]), "exited 0");
    world.coracle(["logs", "one"]).succeeds().prints("ready\ngot TERM\n");
    // What does not run is stopped already.
    world.coracle(["stop", "one"]).succeeds().prints("one\n");
}

#[test]
fn forces_when_time_is_up() {
    requires!(Userns);
    let world = World::with_payload();
    // As process 1 it does not get a SIGTERM that it has no handler for.
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    world.coracle(["stop", "-t", "0", "one"]).succeeds().prints("one\n");
    assert_eq!(world.line(["inspect", "-f", "{{.State.ExitCode}}", "one"]), "137");
}

#[test]
fn the_signal_of_the_container() {
    requires!(Userns);
    let world = World::with_payload();
    let run =
        ["run", "-d", "--name", "one", "--stop-signal", "USR1", "box", "payload", "trap", "TERM", "USR1"];
    world.coracle(run).succeeds();
    world.until("it is ready", || world.coracle(["logs", "one"]).succeeds().stdout == "ready\n");
    world.coracle(["stop", "one"]).succeeds();
    world.coracle(["logs", "one"]).succeeds().prints("ready\ngot USR1\n");
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    for arguments in
        [&["stop"][..], &["stop", "missing"], &["stop", "-t", "soon", "x"], &["stop", "-s", "NONSENSE", "x"]]
    {
        let output = world.coracle(arguments).output();
        assert!([1, 125].contains(&output.code), "{output}");
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
}
