//! `image inspect`: docker's JSON shape of an image.

use serde_json::{Value, json};

use crate::world::{
    World,
    image::{Image, digest},
    tree::{file, tree},
};

#[test]
fn the_shape() {
    let world = World::new();
    let layer = tree! { "a" => file("a") };
    let image = Image::new().layer(layer.clone()).config(json!({
        "Env": ["A=b"], "Cmd": ["x"], "Labels": {"k": "v"}, "User": "1", "WorkingDir": "/w", "Volumes": {"/v": {}},
    }));
    world.load(&image, "box:latest");
    let output = world.coracle(["image", "inspect", "box"]).succeeds();
    let list: Value = serde_json::from_str(&output.stdout).unwrap();
    let one = &list[0];
    assert_eq!(one["Id"], image.id());
    assert_eq!(one["RepoTags"], json!(["box:latest"]));
    assert_eq!(one["Architecture"], image.architecture);
    assert_eq!(one["Os"], "linux");
    assert_eq!(one["Created"], "2020-01-02T03:04:05Z");
    assert_eq!(one["RootFS"], json!({"Type": "layers", "Layers": [digest(&layer.tar())]}));
    for (key, value) in
        [("Env", json!(["A=b"])), ("Cmd", json!(["x"])), ("Labels", json!({"k": "v"})), ("User", json!("1"))]
    {
        assert_eq!(one["Config"][key], value, "{key}");
    }
}

#[test]
fn what_the_image_does_not_say_is_empty() {
    let world = World::new();
    world.load(&Image::new().layer(tree! { "a" => file("a") }), "box:latest");
    for (template, want) in [
        ("{{.Config.Entrypoint}} {{json .Config.Cmd}} {{len .Config.Env}}", "[] null 0"),
        ("[{{.Config.User}}{{.Config.WorkingDir}}{{.Variant}}]", "[]"),
        ("{{.Config.Labels}} {{.Config.Volumes}} {{.Config.ExposedPorts}}", "map[] map[] map[]"),
        ("{{if .Config.Healthcheck}}some{{else}}none{{end}}", "none"),
    ] {
        let output = world.coracle(["image", "inspect", "-f", template, "box"]).succeeds();
        assert_eq!(output.stdout.trim_end(), want, "{template}");
    }
}

#[test]
fn missing_ones() {
    let world = World::new();
    world.load(&Image::new().layer(tree! { "a" => file("a") }), "box:latest");
    let output = world.coracle(["image", "inspect", "--format", "{{.Os}}", "missing", "box"]).exits(1);
    assert_eq!(output.stdout, "linux\n", "{output}");
    assert!(output.stderr.contains("No such image: missing"), "{output}");
    world.coracle(["image", "inspect"]).exits(1);
}
