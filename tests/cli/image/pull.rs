//! `pull` from layouts and archives on disk.

use crate::world::{
    World,
    image::{Image, Packing},
    tree::{file, tree},
};

fn image() -> Image {
    Image::new().packed_layer(tree! { "a" => file("a") }, Packing::Gzip)
}

#[test]
fn from_each_place() {
    let world = World::new();
    image().oci(Some("v1")).write(&world.files().join("layout"));
    world.file("oci.tar", image().oci(Some("docker.io/library/box:2")).tar());
    world.file("docker.tar", image().docker_archive(&["box:3"]).tar());
    for source in ["oci:layout:v1", "oci:layout", "oci-archive:oci.tar", "docker-archive:docker.tar"] {
        let other = World::new();
        let output = other.coracle(["pull", "-q", source]).cwd(world.files()).succeeds();
        assert!(!output.stdout.is_empty(), "{output}");
        assert_eq!(other.line(["images", "-aq", "--no-trunc"]), image().id(), "{source}");
    }
}

#[test]
fn what_is_not_there() {
    let world = World::new();
    image().oci(Some("v1")).write(&world.files().join("layout"));
    for (source, part) in [
        ("oci:missing", "missing"),
        ("oci:layout:v2", "v2"),
        ("oci-archive:missing.tar", "missing.tar"),
        ("docker-archive:", "FILE is missing"),
        ("oci:", "DIRECTORY is missing"),
        ("docker://x", "unknown transport"),
        ("nonsense:x:y:z", ""),
        ("", ""),
    ] {
        let output = world.coracle(["pull", source]).output();
        assert!(output.code != 0 && output.stdout.is_empty(), "{output}");
        assert!(output.stderr.starts_with("coracle: ") && output.stderr.contains(part), "{output}");
    }
    assert!(world.coracle(["pull"]).output().code != 0);
    world.coracle(["images", "-aq"]).succeeds().prints("");
}

/// The blobs of a layout stand in files of their digests' names: a link in their place leads nowhere else.
#[test]
fn a_layout_with_links() {
    let world = World::new();
    let layout = world.files().join("layout");
    image().oci(Some("v1")).write(&layout);
    for entry in std::fs::read_dir(layout.join("blobs/sha256")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    }
    let output = world.coracle(["pull", "-q", "oci:layout:v1"]).exits(125);
    assert!(!output.stderr.contains("root:"), "{output}");
    world.coracle(["images", "-aq"]).succeeds().prints("");
}
