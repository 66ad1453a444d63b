//! `images`, `image ls`: the table, its filters and its templates.

use crate::world::{
    World,
    image::Image,
    tree::{file, tree},
};

fn image(content: &str) -> Image {
    Image::new().layer(tree! { "a" => file(content) })
}

#[test]
fn the_table() {
    let world = World::new();
    world.coracle(["images"]).succeeds().prints("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n");
    assert!(!world.state().exists(), "reading makes nothing");
    world.load(&image("one"), "box:latest");
    world.load(&image("two"), "example.org/team/tool:1.2");
    let short = |image: &Image| image.id()["sha256:".len()..][..12].to_owned();
    let output = world.coracle(["images", "--format", "{{.Repository}} {{.Tag}} {{.ID}}"]).succeeds();
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    let expected = [
        format!("box latest {}", short(&image("one"))),
        format!("example.org/team/tool 1.2 {}", short(&image("two"))),
    ];
    assert_eq!(lines, expected);
    let output = world.coracle(["images"]).succeeds();
    assert_eq!(output.stdout.lines().count(), 3, "{output}");
    for (arguments, expected) in [
        (&["images", "-q", "box"][..], format!("{}\n", short(&image("one")))),
        (&["images", "-q", "--no-trunc", "box"], format!("{}\n", image("one").id())),
        (&["images", "-q", "missing"], String::new()),
        (
            &["images", "-q", "--filter", "reference=example.org/team/*"],
            format!("{}\n", short(&image("two"))),
        ),
        (&["images", "-q", "--filter", "dangling=true"], String::new()),
    ] {
        let output = world.coracle(arguments).succeeds();
        assert_eq!(output.stdout, expected, "{output}");
    }
    let output = world.coracle(["images", "--digests", "--format", "{{.Digest}}", "box"]).succeeds();
    assert_eq!(world.normal(&output.stdout), "sha256:<id>\n");
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    for arguments in
        [&["images", "a", "b"][..], &["images", "--filter", "nonsense=1"], &["images", "--no-such"]]
    {
        let output = world.coracle(arguments).output();
        assert!([1, 125].contains(&output.code), "{output}");
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
}
