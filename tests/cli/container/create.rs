//! `create`: everything but the start.

use crate::world::{World, host::requires};

#[test]
fn a_container_that_has_not_started() {
    requires!(Userns);
    let world = World::with_payload();
    let output = world.coracle(["create", "--name", "one", "box", "echo", "now"]).succeeds();
    assert_eq!(world.normal(&output.stdout), "<id>\n");
    assert_eq!(
        world.line(["ps", "-a", "--format", "{{.Names}} {{.State}} {{.Status}}"]),
        "one created Created"
    );
    world.coracle(["ps", "-q"]).succeeds().prints("");
    world.coracle(["start", "-a", "one"]).succeeds().prints("now\n");
    world.coracle(["rm", "one"]).succeeds().prints("one\n");
}

#[test]
fn what_cannot_be_created() {
    let world = World::with_payload();
    for (arguments, part, exit) in [
        (&["create"][..], "requires at least 1 argument", 1),
        (&["create", "missing"], "missing", 1),
        (&["create", "-e", "=x", "box"], "environment variable", 125),
        (&["create", "-w", "relative", "box"], "absolute path", 125),
        (&["create", "--detach", "box"], "--detach", 125),
    ] {
        let output = world.coracle(arguments).exits(exit);
        assert!(output.stdout.is_empty() && output.stderr.contains(part), "{output}");
    }
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

#[test]
fn a_name_is_taken_once() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box"]).succeeds();
    let output = world.coracle(["create", "--name", "one", "box"]).exits(1);
    assert!(output.stderr.contains("already in use"), "{output}");
    world.coracle(["rm", "one"]).succeeds();
    world.coracle(["create", "--name", "one", "box"]).succeeds();
}

/// What coracle mounts upon is below the image's layers: a container's own layer has the program's changes alone.
#[test]
fn a_writable_layer_has_nothing_of_ours() {
    requires!(Userns, Overlay);
    let world = World::with_payload();
    let id = world.line(["create", "--name", "one", "box", "payload", "write", "/own", "x"]);
    world.coracle(["start", "-a", "one"]).succeeds();
    let upper = world.state().join("containers").join(id).join("upper");
    let names: Vec<_> = std::fs::read_dir(upper)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["own"]);
}
