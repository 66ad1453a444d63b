//! `tag` and `untag`.

use crate::world::{
    World,
    image::Image,
    tree::{file, tree},
};

fn world() -> (World, Image) {
    let world = World::new();
    let image = Image::new().layer(tree! { "a" => file("a") });
    world.load(&image, "box:latest");
    (world, image)
}

fn names(world: &World) -> String {
    let output = world.coracle(["images", "-a", "--format", "{{.Repository}}:{{.Tag}}"]).succeeds();
    let mut lines: Vec<_> = output.stdout.lines().collect();
    lines.sort_unstable();
    lines.join(" ")
}

#[test]
fn further_names() {
    let (world, image) = world();
    for (source, target) in
        [("box", "two"), (&image.id()[7..20], "example.org:5000/a/b:c"), ("two:latest", "box:3")]
    {
        world.coracle(["tag", source, target]).succeeds().prints("");
    }
    assert_eq!(names(&world), "box:3 box:latest example.org:5000/a/b:c two:latest");
    world.coracle(["untag", "box", "box:3", "two"]).succeeds();
    assert_eq!(names(&world), "box:latest example.org:5000/a/b:c");
    // Without names, all are taken away: the image stays.
    world.coracle(["untag", "box"]).succeeds();
    assert_eq!(world.line(["images", "-aq", "--no-trunc"]), image.id());
}

#[test]
fn wrong_arguments() {
    let (world, _) = world();
    for arguments in [
        &["tag"][..],
        &["tag", "box"],
        &["tag", "missing", "x"],
        &["tag", "box", "UPPER"],
        &["tag", "box", ""],
        &["tag", "box", "a b"],
        &["tag", "box", "x", "y"],
        &["untag", "missing"],
    ] {
        let output = world.coracle(arguments).exits(1);
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
    assert_eq!(names(&world), "box:latest");
}
