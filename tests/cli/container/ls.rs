//! `ps`, `container ls`: the table, its filters and its templates.

use crate::world::{World, host::requires};

fn three() -> World {
    let world = World::with_payload();
    world.coracle(["create", "--name", "new", "--label", "tier=web", "box", "echo", "x"]).succeeds();
    world.coracle(["run", "--name", "done", "box", "payload", "exit", "3"]).exits(3);
    world.coracle(["run", "-d", "--name", "up", "--label", "tier=db", "box", "sleep", "1000"]).succeeds();
    world
}

#[test]
fn the_table() {
    requires!(Userns);
    let world = three();
    let columns = |options: &[&str]| {
        let output = world.coracle(["ps"]).args(options).succeeds().stdout;
        let split = |line: &str| {
            let cells = line.split("   ").map(str::trim).filter(|cell| !cell.is_empty());
            world.normal(&cells.collect::<Vec<_>>().join("|"))
        };
        output.lines().map(split).collect::<Vec<_>>()
    };
    let seconds = |line: &str| {
        let words = line.split('|').map(|cell| match cell {
            cell if cell.starts_with("Up ") => "Up",
            cell if cell.ends_with(" ago") => {
                cell.split_once(" (").map_or("ago", |_| cell).split(')').next().unwrap_or(cell)
            }
            cell => cell,
        });
        words
            .map(|word| if word.starts_with("Exited (3") { "Exited (3" } else { word })
            .collect::<Vec<_>>()
            .join("|")
    };
    let head = "CONTAINER ID|IMAGE|COMMAND|CREATED|STATUS|PORTS|NAMES";
    let up = "<short>|box|\"sleep 1000\"|ago|Up|up";
    let new = "<short>|box|\"echo x\"|ago|Created|new";
    let done = "<short>|box|\"payload exit 3\"|ago|Exited (3|done";
    let lines = |options: &[&str]| columns(options).iter().map(|line| seconds(line)).collect::<Vec<_>>();
    assert_eq!(lines(&[]), [head, up]);
    assert_eq!(lines(&["-a"]), [head, up, done, new]);
    assert_eq!(lines(&["-l"]), [head, up]);
    assert_eq!(lines(&["-n", "2"]), [head, up, done]);
}

#[test]
fn arguments_with_spaces_are_quoted() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box", "sh", "-c", "exit 4"]).succeeds();
    assert_eq!(world.line(["ps", "-a", "--format", "{{.Command}}"]), "\"sh -c 'exit 4'\"");
}

#[test]
fn filters_and_templates() {
    requires!(Userns);
    let world = three();
    let names = |options: &[&str]| {
        let output = world.coracle(["ps", "-a", "--format", "{{.Names}}"]).args(options).succeeds();
        output.stdout.lines().collect::<Vec<_>>().join(" ")
    };
    let id = world.line(["ps", "-q"]);
    for (filter, expected) in [
        ("status=running", "up"),
        ("status=exited", "done"),
        ("status=created", "new"),
        ("name=o", "done"),
        ("name=^n", "new"),
        ("name=^/up$", "up"),
        ("health=none", "up done new"),
        ("health=unhealthy", ""),
        ("publish=80", ""),
        ("label=tier", "up new"),
        ("label=tier=db", "up"),
        ("exited=3", "done"),
        ("ancestor=box", "up done new"),
        ("before=up", "done new"),
        ("since=new", "up done"),
        (&format!("id={id}"), "up"),
    ] {
        assert_eq!(names(&["--filter", filter]), expected, "{filter}");
    }
    assert_eq!(names(&["-f", "status=exited", "-f", "status=created"]), "done new");
    assert_eq!(names(&["-f", "status=running", "-f", "label=tier=web"]), "");
    let output = world.coracle(["ps", "--format", "table {{.Names}}\t{{.Image}}"]).succeeds();
    output.prints("NAMES     IMAGE\nup        box\n");
    let output = world.coracle(["ps", "--format", "json"]).succeeds();
    let line: serde_json::Value = serde_json::from_str(output.stdout.trim()).unwrap();
    assert_eq!((&line["Names"], &line["State"]), (&"up".into(), &"running".into()));
    world.coracle(["ps", "-q", "--no-trunc"]).succeeds();
    for arguments in [
        &["ps", "surplus"][..],
        &["ps", "-f", "nonsense=1"],
        &["ps", "-f", "bare"],
        &["ps", "-f", "name=("],
        &["ps", "-f", "expose=tcp"],
        &["ps", "--format", "{{.Nope}}"],
    ] {
        let output = world.coracle(arguments).output();
        assert!(
            output.code != 0 && output.stdout.is_empty() && output.stderr.starts_with("coracle: "),
            "{output}"
        );
    }
}

#[test]
fn an_empty_store() {
    let world = World::new();
    world
        .coracle(["ps", "-a"])
        .succeeds()
        .prints("CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n");
    world.coracle(["ps", "-aq"]).succeeds().prints("");
    // Reading makes nothing.
    assert!(!world.state().exists());
}

/// A directory that a crash left, and a record that is torn, hide no other container.
#[test]
fn damage_beside_does_not_matter() {
    requires!(Userns);
    let world = three();
    let containers = world.state().join("containers");
    std::fs::create_dir(containers.join("0".repeat(64))).unwrap();
    std::fs::create_dir(containers.join("not-an-id")).unwrap();
    let torn = containers.join("1".repeat(64));
    std::fs::create_dir(&torn).unwrap();
    std::fs::write(torn.join("config.json"), "{\"version\":1,").unwrap();
    let output = world.coracle(["ps", "-a", "--format", "{{.Names}}"]).output();
    assert_eq!(output.stdout, "up\ndone\nnew\n", "{output}");
}
