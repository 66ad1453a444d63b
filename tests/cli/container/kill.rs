//! `kill`: a signal to a container's program.

use crate::world::{World, host::requires};

#[test]
fn signals_by_name_and_number() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "payload", "trap", "HUP", "USR1", "TERM"]).succeeds();
    let logs = || world.coracle(["logs", "one"]).succeeds().stdout;
    world.until("it is ready", || logs() == "ready\n");
    let mut expected = "ready\n".to_owned();
    for (signal, name) in [("HUP", "HUP"), ("SIGUSR1", "USR1"), ("usr1", "USR1"), ("1", "HUP")] {
        world.coracle(["kill", "-s", signal, "one"]).succeeds().prints("one\n");
        expected.push_str(&format!("got {name}\n"));
        world.until("it has got it", || logs() == expected);
    }
    world.coracle(["kill", "one"]).succeeds();
    world.coracle(["wait", "one"]).succeeds().prints("137\n");
}

#[test]
fn what_cannot_be_killed() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box"]).succeeds();
    for (arguments, part) in [
        (&["kill"][..], "requires at least 1 argument"),
        (&["kill", "missing"], "No such container: missing"),
        (&["kill", "one"], "coracle: container one is not running"),
        (&["kill", "-s", "NONSENSE", "one"], "NONSENSE"),
        (&["kill", "-s", "0", "one"], "0"),
        (&["kill", ""], ""),
    ] {
        let output = world.coracle(arguments).output();
        assert!([1, 125].contains(&output.code), "{output}");
        assert!(output.stdout.is_empty() && output.stderr.contains(part), "want {part:?}: {output}");
    }
}
