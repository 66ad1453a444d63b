//! `rm`: a container and its writable layer.

use crate::world::{World, host::requires};

#[test]
fn takes_the_writable_layer_and_leaves_the_image() {
    requires!(Userns);
    let world = World::with_payload();
    let before = world.snapshot("layers");
    world
        .coracle(["run", "--name", "one", "box", "sh", "-c", "write /new x; mkdir /d; chmod 0000 /d"])
        .succeeds();
    world.coracle(["rm", "one"]).succeeds().prints("one\n");
    assert_eq!(std::fs::read_dir(world.state().join("containers")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(world.state().join("names")).unwrap().count(), 0);
    assert_eq!(world.snapshot("layers"), before);
    world.coracle(["run", "--rm", "box", "true"]).succeeds();
}

#[test]
fn a_running_one_only_by_force() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let output = world.coracle(["rm", "one"]).exits(1);
    assert!(output.stdout.is_empty() && output.stderr.contains("running"), "{output}");
    world.coracle(["rm", "--force", "one"]).succeeds().prints("one\n");
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

#[test]
fn several_and_missing() {
    requires!(Userns);
    let world = World::with_payload();
    for name in ["one", "two"] {
        world.coracle(["create", "--name", name, "box"]).succeeds();
    }
    let output = world.coracle(["rm", "one", "missing", "two"]).exits(1);
    output.prints("one\ntwo\n").complains("coracle: No such container: missing\n");
    let output = world.coracle(["rm"]).exits(1);
    assert!(output.stderr.contains("requires at least 1 argument"), "{output}");
    // Not there is what -f wants.
    let output = world.coracle(["rm", "-f", "missing"]).succeeds();
    output.prints("").complains("coracle: No such container: missing\n");
}

#[test]
fn by_prefix_of_its_identifier() {
    requires!(Userns);
    let world = World::with_payload();
    let ids: Vec<_> = (0..17).map(|_| world.line(["create", "box"])).collect();
    // Among seventeen, two begin with the same digit.
    let first = |id: &String| id[..1].to_owned();
    let twice = ids
        .iter()
        .map(first)
        .find(|digit| ids.iter().filter(|id| id.starts_with(digit)).count() > 1)
        .unwrap();
    let output = world.coracle(["rm", &twice]).exits(1);
    assert!(output.stderr.contains("ambiguous"), "{output}");
    world.coracle(["rm", &ids[0][..20]]).succeeds();
    assert_eq!(world.coracle(["ps", "-aq"]).succeeds().stdout.lines().count(), 16);
}
