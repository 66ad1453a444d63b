//! `rmi`, `image rm`.

use crate::world::{
    World,
    host::requires,
    image::Image,
    tree::{file, tree},
};

fn image(content: &str) -> Image {
    Image::new().layer(tree! { "a" => file(content) })
}

#[test]
fn names_first_then_the_image() {
    let world = World::new();
    let one = image("one");
    world.load(&one, "box:latest");
    world.coracle(["tag", "box", "box:two"]).succeeds();
    world.coracle(["rmi", "box:two"]).succeeds().prints("Untagged: box:two\n");
    let output = world.coracle(["rmi", "box"]).succeeds();
    assert!(output.stdout.starts_with("Untagged: box:latest\n"), "{output}");
    assert!(output.stdout.contains(&format!("Deleted: {}\n", one.id())), "{output}");
    world.coracle(["images", "-aq"]).succeeds().prints("");
    assert_eq!(world.content(), [""; 0]);
}

#[test]
fn by_prefix_of_the_identifier() {
    let world = World::new();
    let (one, two) = (image("one"), image("two"));
    world.load(&one, "box:1");
    world.load(&two, "box:2");
    world.coracle(["rmi", &one.id()[7..27]]).succeeds();
    assert_eq!(world.line(["images", "-q", "--no-trunc"]), two.id());
    world.coracle(["rmi", &two.id()]).succeeds();
    world.coracle(["images", "-aq"]).succeeds().prints("");
}

#[test]
fn an_identifier_takes_no_name_by_chance() {
    let world = World::new();
    let one = image("one");
    world.load(&one, "box:1");
    world.coracle(["tag", "box:1", "box:2"]).succeeds();
    for id in [&one.id()[..19], &one.id(), &one.id()[7..19]] {
        let output = world.coracle(["rmi", id]).exits(1);
        assert!(output.stderr.contains("must be forced"), "{output}");
    }
    world.coracle(["rmi", "-f", &one.id()[..19]]).succeeds();
    world.coracle(["images", "-aq"]).succeeds().prints("");
}

#[test]
fn force_forgives_what_is_not_there_and_nothing_else() {
    let world = World::new();
    world.load(&image("one"), "box:1");
    let output = world.coracle(["rmi", "-f", "missing", "box:1"]).succeeds();
    assert!(output.stdout.starts_with("Untagged: box:1\n"), "{output}");
    assert!(output.stderr.contains("No such image: missing"), "{output}");
    world.coracle(["rmi", "-f", "UPPER"]).exits(1);
}

#[test]
fn shared_layers_stay() {
    requires!(Userns);
    let world = World::with_payload();
    world.load(&Image::payload().layer(tree! { "b" => file("b") }), "more:latest");
    world.coracle(["rmi", "more"]).succeeds();
    world.coracle(["run", "--rm", "box", "true"]).succeeds();
}

#[test]
fn not_while_in_use() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let output = world.coracle(["rmi", "box"]).exits(1);
    assert!(
        output.stdout.is_empty() && output.stderr.contains("being used by running container one"),
        "{output}"
    );
    let output = world.coracle(["rmi", "-f", "box"]).output();
    assert!(output.code == 1 || output.stdout.starts_with("Untagged: "), "{output}");
    world.coracle(["exec", "one", "true"]).succeeds();
}

#[test]
fn missing_ones() {
    let world = World::new();
    world.load(&image("one"), "box:latest");
    let output = world.coracle(["rmi", "missing", "box"]).exits(1);
    assert!(output.stdout.starts_with("Untagged: box:latest\n"), "{output}");
    assert!(output.stderr.contains("No such image: missing"), "{output}");
    let output = world.coracle(["rmi"]).exits(1);
    assert!(output.stderr.contains("requires at least 1 argument"), "{output}");
}
