//! `image prune`.

use crate::world::{
    World,
    host::requires,
    image::Image,
    tree::{file, tree},
};

#[test]
fn untagged_ones_or_all() {
    requires!(Userns);
    let world = World::with_payload();
    world.load(&Image::new().layer(tree! { "a" => file("a") }), "other:latest");
    let second = Image::payload().layer(tree! { "b" => file("b") });
    world.coracle(["create", "--name", "one", "box"]).succeeds();
    world.load(&second, "box:latest");
    // The name has moved on: the first has none left, but a container.
    let list = || world.coracle(["images", "-aq", "--no-trunc"]).succeeds().stdout.lines().count();
    assert_eq!(list(), 3);
    world.coracle(["image", "prune", "-f"]).succeeds();
    assert_eq!(list(), 3, "an image in use is kept");
    world.coracle(["rm", "one"]).succeeds();
    let output = world.coracle(["image", "prune", "-f"]).succeeds();
    assert!(output.stdout.contains("Total reclaimed space: "), "{output}");
    assert_eq!(list(), 2);
    world.coracle(["image", "prune", "-a", "-f"]).succeeds();
    assert_eq!(list(), 0);
    assert_eq!(world.content(), [""; 0]);
}
