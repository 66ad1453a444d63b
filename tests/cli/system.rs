//! `system`, `info`, `version`: the store as a whole.

use crate::world::{World, host::requires};

#[test]
fn prune_leaves_the_empty_store() {
    requires!(Userns);
    let world = World::with_payload();
    let script = "write /new x; mkdir /closed; chmod 0000 /closed";
    world.coracle(["run", "--name", "one", "-v", "vol:/data", "box", "sh", "-c", script]).succeeds();
    world.coracle(["create", "--name", "two", "-v", "/anonymous", "box"]).succeeds();
    let output = world.coracle(["system", "prune", "-a", "--volumes", "-f"]).succeeds();
    assert!(output.stdout.contains("Total reclaimed space: "), "{output}");
    assert_eq!(world.content(), [""; 0]);
    for directory in ["containers", "names", "volumes", "tmp"] {
        let path = world.state().join(directory);
        assert_eq!(std::fs::read_dir(path).map_or(0, Iterator::count), 0, "{directory}");
    }
    for command in [&["ps", "-aq"][..], &["images", "-aq"], &["volume", "ls", "-q"]] {
        world.coracle(command).succeeds().prints("");
    }
}

#[test]
fn prune_keeps_what_runs() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "up", "-v", "vol:/data", "box", "sleep", "1000"]).succeeds();
    world.coracle(["system", "prune", "-a", "--volumes", "-f"]).succeeds();
    world.coracle(["exec", "up", "true"]).succeeds();
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("vol\n");
    assert_eq!(world.coracle(["images", "-aq"]).succeeds().stdout.lines().count(), 1);
}

#[test]
fn what_there_is() {
    let world = World::new();
    for command in [&["info"][..], &["version"], &["system", "df"], &["--version"]] {
        let output = world.coracle(command).succeeds();
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{output}");
    }
    world
        .coracle(["version", "--format", "{{.Client.Version}}"])
        .succeeds()
        .prints(concat!(env!("CARGO_PKG_VERSION"), "\n"));
    let template = "{{.CgroupDriver}} {{.MemoryLimit}} {{.Swarm.LocalNodeState}}";
    world.coracle(["info", "-f", template]).succeeds().prints("none false inactive\n");
    assert!(!world.state().exists(), "reading makes nothing");
}

#[test]
fn unknown_commands() {
    let world = World::new();
    for arguments in [&["nonsense"][..], &["container", "nonsense"], &["--nonsense"], &["image"], &[]] {
        let output = world.coracle(arguments).output();
        assert!(output.code != 0 || output.stdout.contains("Usage"), "{output}");
        assert!(!output.stderr.contains("panicked"), "{output}");
    }
}
