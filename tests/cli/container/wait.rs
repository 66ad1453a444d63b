//! `wait`: until a container ends, and how it ended.

use crate::world::{World, host::requires};

#[test]
fn the_status() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sh", "-c", "sleep 0.3; exit 9"]).succeeds();
    world.coracle(["wait", "one"]).succeeds().prints("9\n");
    world.coracle(["wait", "one", "one"]).succeeds().prints("9\n9\n");
}

#[test]
fn one_that_removes_itself() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--rm", "--name", "one", "box", "sh", "-c", "sleep 0.5; exit 4"]).succeeds();
    world.coracle(["wait", "one"]).succeeds().prints("4\n");
    world.until("it is gone", || world.coracle(["ps", "-aq"]).succeeds().stdout.is_empty());
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    for arguments in [&["wait"][..], &["wait", "missing"]] {
        let output = world.coracle(arguments).exits(1);
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
}
