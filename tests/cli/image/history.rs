//! `history`: the steps that an image was made in, the last first.

use crate::world::{
    World,
    image::Image,
    tree::{file, tree},
};

#[test]
fn the_steps() {
    let world = World::new();
    let image = Image::new().layer(tree! { "a" => file("a") }).layer(tree! { "b" => file("bb") });
    world.load(&image, "box:latest");
    let output = world.coracle(["history", "--format", "{{.CreatedBy}} {{.CreatedAt}}", "box"]).succeeds();
    assert_eq!(output.stdout, "step 1 2020-01-02T03:04:05Z\nstep 0 2020-01-02T03:04:05Z\n", "{output}");
    let output = world.coracle(["history", "box"]).succeeds();
    let head: Vec<_> = output.stdout.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["IMAGE", "CREATED", "CREATED", "BY", "SIZE", "COMMENT"]);
    assert_eq!(output.stdout.lines().count(), 3);
    assert_eq!(
        world.coracle(["history", "-q", "--no-trunc", "box"]).succeeds().stdout.lines().next(),
        Some(&*image.id())
    );
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    for arguments in [&["history"][..], &["history", "missing"], &["history", "a", "b"]] {
        let output = world.coracle(arguments).exits(1);
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
}
