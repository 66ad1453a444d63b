//! `inspect`: docker's JSON shape, and templates over it.

use serde_json::Value;

use crate::world::{World, host::requires};

#[test]
fn the_shape() {
    requires!(Userns);
    let world = World::with_payload();
    let options =
        ["--name", "one", "-e", "A=b", "-w", "/tmp", "--label", "k=v", "--hostname", "h", "--tmpfs", "/t"];
    world.coracle(["create"]).args(options).args(["box", "echo", "x"]).succeeds();
    let output = world.coracle(["inspect", "one"]).succeeds();
    let list: Value = serde_json::from_str(&output.stdout).unwrap();
    let one = &list[0];
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(one["Name"], "/one");
    assert_eq!(one["Path"], "echo");
    assert_eq!(one["Args"], serde_json::json!(["x"]));
    assert_eq!(one["State"]["Status"], "created");
    assert_eq!(one["State"]["Running"], false);
    assert_eq!(one["Config"]["Hostname"], "h");
    assert_eq!(one["Config"]["WorkingDir"], "/tmp");
    assert_eq!(one["Config"]["Labels"]["k"], "v");
    assert_eq!(one["Config"]["Image"], "box");
    assert!(one["Config"]["Env"].as_array().unwrap().iter().any(|env| env == "A=b"));
    assert_eq!(one["Id"].as_str().unwrap().len(), 64);
    assert!(one["Image"].as_str().unwrap().starts_with("sha256:"));
}

/// Scripts for docker ask for these without looking whether they are there.
#[test]
fn what_no_container_has_is_said_so() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "-v", "named:/n", "-v", "/anonymous", "box"]).succeeds();
    for (template, expected) in [
        ("{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}", "none"),
        ("{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{json .HostConfig.PidsLimit}}", "0 0 null"),
        ("{{len .HostConfig.ReadonlyPaths}} {{index .HostConfig.MaskedPaths 0}}", "5 /proc/acpi"),
        ("{{.NetworkSettings.SandboxKey}}{{.NetworkSettings.IPAddress}}", ""),
        ("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{json .Links}}{{end}}", "null"),
        ("{{json .Config.Volumes}} {{json .HostConfig.Binds}}", "{\"/anonymous\":{}} [\"named:/n\"]"),
    ] {
        world.coracle(["inspect", "--format", template, "one"]).succeeds().prints(&format!("{expected}\n"));
    }
}

#[test]
fn modes_are_dockers() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "-v", "/etc:/host:ro", "box", "true"]).succeeds();
    let template =
        "{{range .Mounts}}{{.Mode}} {{.RW}}{{end}}|{{.HostConfig.PidMode}}|{{.HostConfig.UTSMode}}|";
    assert_eq!(world.line(["inspect", "-f", template, "one"]), "ro false|||");
    world
        .coracle([
            "create",
            "--name",
            "three",
            "-v",
            "/etc:/host:noexec,rslave,ro",
            "-v",
            "some:/some:U",
            "box",
        ])
        .succeeds();
    assert_eq!(
        world.line(["inspect", "-f", "{{json .HostConfig.Binds}}", "three"]),
        "[\"/etc:/host:ro,noexec,rslave\",\"some:/some:U\"]"
    );
    world.coracle(["create", "--name", "two", "--pid", "host", "box", "true"]).succeeds();
    assert_eq!(world.line(["inspect", "-f", "{{.HostConfig.PidMode}}", "two"]), "host");
}

#[test]
fn templates() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "-e", "A=b", "box", "echo", "x"]).succeeds();
    for (template, expected) in [
        ("{{.Name}}", "/one"),
        ("{{.State.Status}} {{.State.ExitCode}}", "created 0"),
        ("{{json .Args}}", "[\"x\"]"),
        ("{{join .Args \",\"}}", "x"),
        ("{{range .Args}}<{{.}}>{{end}}", "<x>"),
        ("{{if .State.Running}}yes{{else}}no{{end}}", "no"),
        ("{{index .Args 0}}", "x"),
        ("{{len .Args}}", "1"),
        ("{{upper .State.Status}}", "CREATED"),
        ("{{if eq .State.Status \"created\"}}new{{end}}", "new"),
    ] {
        world.coracle(["inspect", "--format", template, "one"]).succeeds().prints(&format!("{expected}\n"));
    }
    for template in ["{{.Missing}}", "{{", "{{nonsense .Name}}"] {
        let output = world.coracle(["inspect", "-f", template, "one"]).output();
        assert!(output.code != 0 && output.stderr.starts_with("coracle: "), "{output}");
    }
}

#[test]
fn several_and_missing() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box"]).succeeds();
    let output = world.coracle(["inspect", "--format", "{{.Name}}", "one", "missing", "one"]).exits(1);
    assert_eq!(output.stdout, "/one\n/one\n", "{output}");
    assert!(output.stderr.contains("missing"), "{output}");
    let output = world.coracle(["inspect", "missing"]).exits(1);
    assert_eq!(output.stdout, "[]\n", "{output}");
    let output = world.coracle(["inspect", "--type", "image", "one"]).exits(1);
    assert!(output.stderr.contains("one"), "{output}");
    // The same command knows images.
    let output = world.coracle(["inspect", "--format", "{{.Os}}", "box"]).succeeds();
    output.prints("linux\n");
    let output = world.coracle(["container", "inspect", "box"]).exits(1);
    assert!(output.stderr.contains("No such container: box"), "{output}");
}
