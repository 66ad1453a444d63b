//! `save`: what other tools load, and we do.

use crate::world::{
    World,
    image::{Image, Packing, digest},
    tree::{dir, fifo, file, tree},
};

fn image() -> Image {
    Image::new()
        .packed_layer(tree! { "a" => file("a").owner(33, 1_516_583_083), "f" => fifo() }, Packing::Gzip)
        .packed_layer(tree! { "d" => dir(), "d/.wh.gone" => file("") }, Packing::Zstd)
        .layer(tree! { "c" => file("c") })
}

#[test]
fn comes_back_the_same() {
    let world = World::new();
    world.load(&image(), "box:latest");
    world.coracle(["tag", "box", "example.org/team/box:2"]).succeeds();
    for format in ["docker-archive", "oci-archive"] {
        let other = World::new();
        let path = world.files().join(format);
        let save =
            ["save", "--format", format, "-o", path.to_str().unwrap(), "box", "example.org/team/box:2"];
        world.coracle(save).succeeds().prints("");
        other.coracle(["load", "-q", "-i", path.to_str().unwrap()]).succeeds();
        let ids = other.coracle(["images", "-q", "--no-trunc"]).succeeds().stdout;
        assert_eq!(ids.lines().collect::<Vec<_>>(), [image().id(), image().id()], "{format}");
        let names = other.coracle(["images", "--format", "{{.Repository}}:{{.Tag}}"]).succeeds().stdout;
        let mut names: Vec<_> = names.lines().collect();
        names.sort_unstable();
        assert_eq!(names, ["box:latest", "example.org/team/box:2"], "{format}");
    }
}

/// The same image gives the same bytes, whenever it is saved.
#[test]
fn is_reproducible() {
    let world = World::new();
    world.load(&image(), "box:latest");
    for format in ["docker-archive", "oci-archive"] {
        let save = |name: &str| {
            world.coracle(["save", "--format", format, "-o", name, "box"]).succeeds();
            std::fs::read(world.files().join(name)).unwrap()
        };
        assert!(save("first") == save("second"), "{format}");
    }
}

#[test]
fn an_image_that_lost_a_layer_is_not_saved_without_it() {
    let world = World::new();
    world.load(&image(), "box:latest");
    let layer = image().layers[2].0.tar();
    std::fs::remove_file(world.state().join("blobs/sha256").join(&digest(&layer)[7..])).unwrap();
    for format in ["docker-archive", "oci-archive"] {
        let output = world.coracle(["save", "--format", format, "-o", "out", "box"]).exits(1);
        assert!(output.stderr.contains(&digest(&layer)), "{output}");
        assert!(!world.files().join("out").exists());
    }
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    world.load(&image(), "box:latest");
    for arguments in [
        &["save"][..],
        &["save", "-o", "out", "missing"],
        &["save", "-o", "no/such/dir/out", "box"],
        &["save", "--format", "nonsense", "-o", "out", "box"],
    ] {
        let output = world.coracle(arguments).output();
        assert!([1, 125].contains(&output.code), "{output}");
        assert!(output.stdout.is_empty() && output.stderr.starts_with("coracle: "), "{output}");
    }
    assert_eq!(std::fs::read_dir(world.files()).unwrap().count(), 0);
}
