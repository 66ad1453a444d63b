//! Commands on volumes: few and short, in one file.

use serde_json::Value;

use crate::world::{World, host::requires};

#[test]
fn from_nothing_to_gone() {
    let world = World::new();
    world.coracle(["volume", "create", "--label", "k=v", "one"]).succeeds().prints("one\n");
    world.coracle(["volume", "create", "one"]).succeeds().prints("one\n");
    let output = world.coracle(["volume", "create"]).succeeds();
    assert_eq!(world.normal(&output.stdout), "<id>\n");
    world.coracle(["volume", "rm", output.stdout.trim()]).succeeds();
    world.coracle(["volume", "ls"]).succeeds().prints("DRIVER    VOLUME NAME\nlocal     one\n");
    let inspected = world.coracle(["volume", "inspect", "one"]).succeeds().stdout;
    let list: Value = serde_json::from_str(&inspected).unwrap();
    assert_eq!(
        (&list[0]["Name"], &list[0]["Driver"], &list[0]["Labels"]["k"]),
        (&"one".into(), &"local".into(), &"v".into())
    );
    assert_eq!(world.normal(list[0]["Mountpoint"].as_str().unwrap()), "$STATE/volumes/one/data");
    world.coracle(["volume", "rm", "one"]).succeeds().prints("one\n");
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("");
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    for (arguments, part) in [
        (&["volume", "create", "../x"][..], "../x"),
        (&["volume", "create", "a", "b"], ""),
        (&["volume", "rm"], "requires at least 1 argument"),
        (&["volume", "rm", "missing"], "missing"),
        (&["volume", "inspect", "missing"], "missing"),
        (&["volume", "ls", "surplus"], ""),
    ] {
        let output = world.coracle(arguments).output();
        assert!([1, 125].contains(&output.code), "{output}");
        assert!(output.stderr.starts_with("coracle: ") && output.stderr.contains(part), "{output}");
    }
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("");
}

#[test]
fn not_removed_while_in_use() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "-v", "vol:/data", "box"]).succeeds();
    let output = world.coracle(["volume", "rm", "vol"]).exits(1);
    assert!(output.stderr.contains("in use"), "{output}");
    world.coracle(["volume", "create", "idle"]).succeeds();
    world.coracle(["volume", "prune", "-a", "-f"]).succeeds();
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("vol\n");
    world.coracle(["rm", "one"]).succeeds();
    world.coracle(["volume", "prune", "-a", "-f"]).succeeds();
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("");
}

#[test]
fn prune_takes_what_nobody_named_and_ls_says_what_there_is() {
    let world = World::new();
    world.coracle(["volume", "create"]).succeeds();
    world.coracle(["volume", "create", "data-1"]).succeeds();
    world.coracle(["volume", "create", "more-data"]).succeeds();
    world.coracle(["volume", "prune", "-f"]).succeeds();
    for (filter, names) in
        [("name=data", "data-1\nmore-data\n"), ("name=^data", "data-1\n"), ("name=^data$", "")]
    {
        world.coracle(["volume", "ls", "-q", "--filter", filter]).succeeds().prints(names);
    }
    let format = "{{.Name}} {{.Size}} {{.Links}} {{.Status}}";
    let output = world.coracle(["volume", "ls", "--format", format, "--filter", "name=1$"]).succeeds();
    output.prints("data-1 N/A N/A N/A\n");
}

#[test]
fn what_is_reclaimed_is_what_the_disk_gets_back() {
    let world = World::new();
    world.coracle(["volume", "create", "one"]).succeeds();
    let data = world.state().join("volumes/one/data");
    std::fs::File::create(data.join("sparse")).unwrap().set_len(1 << 30).unwrap();
    let output = world.coracle(["volume", "prune", "-a", "-f"]).succeeds();
    let last = output.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("Total reclaimed space: ") && !last.contains("GB"), "{output}");
}
