//! `container prune`.

use crate::world::{World, host::requires};

#[test]
fn removes_what_does_not_run() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "new", "box"]).succeeds();
    world.coracle(["run", "--name", "done", "box", "true"]).succeeds();
    world.coracle(["run", "-d", "--name", "up", "box", "sleep", "1000"]).succeeds();
    let mut expected: Vec<_> =
        ["new", "done"].map(|name| world.line(["inspect", "-f", "{{.Id}}", name])).to_vec();
    let output = world.coracle(["container", "prune", "-f"]).succeeds();
    let mut lines = output.stdout.lines();
    assert_eq!(lines.next(), Some("Deleted Containers:"), "{output}");
    let mut deleted: Vec<_> = lines.by_ref().take(2).map(str::to_owned).collect();
    deleted.sort();
    expected.sort();
    assert_eq!(deleted, expected);
    assert_eq!(lines.next(), Some(""), "{output}");
    assert!(lines.next().is_some_and(|line| line.starts_with("Total reclaimed space: ")), "{output}");
    assert_eq!(world.line(["ps", "-a", "--format", "{{.Names}}"]), "up");
}

#[test]
fn asks_unless_told() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "new", "box"]).succeeds();
    let output = world.coracle(["container", "prune"]).stdin("n\n").output();
    assert!((output.stdout.clone() + &output.stderr).contains("[y/N]"), "{output}");
    assert_eq!(world.line(["ps", "-a", "--format", "{{.Names}}"]), "new");
    let output = world.coracle(["container", "prune"]).exits(1);
    assert!(output.stdout.ends_with("[y/N] \nnothing removed; give -f to answer yes\n"), "{output}");
    assert_eq!(world.line(["ps", "-a", "--format", "{{.Names}}"]), "new");
    world.coracle(["container", "prune"]).stdin("y\n").succeeds();
    world.coracle(["ps", "-aq"]).succeeds().prints("");
    world.coracle(["container", "prune", "-f", "surplus"]).exits(1);
}

/// The layer of a container that has just ended is still being synced, by nobody that the user waits for.
#[test]
fn what_has_just_ended_goes() {
    requires!(Userns);
    let world = World::with_payload();
    for _ in 0..10 {
        world.coracle(["run", "--name", "one", "box", "true"]).succeeds();
        world.coracle(["container", "prune", "-f"]).succeeds();
        world.coracle(["ps", "-aq"]).succeeds().prints("");
    }
}
