//! Archives made to exhaust, to mislead or to reach beside. (What entries of a layer may do to its tree is in
//! `src/image/layer/apply/tests/hostile.rs` and `tests/cli/image/load.rs`.)

use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use super::HOST_SECRET;
use crate::world::{
    Output, World,
    host::requires,
    image::{Archive, Image, digest, zstd},
    tree::{dir, file, hardlink, tree},
};

/// Loads an archive with as much memory as a command of ours needs, and no more.
fn load(world: &World, archive: &[u8]) -> Output {
    let path = world.file("archive", archive);
    let line =
        format!("ulimit -v 240000; exec {} load -q -i {}", env!("CARGO_BIN_EXE_coracle"), path.display());
    world.program("/bin/sh").args(["-c", &line]).output()
}

/// One error, and nothing of it in the store.
#[track_caller]
fn refused(world: &World, what: &str, output: &Output) {
    assert_eq!((output.code, output.stdout.as_str()), (125, ""), "{what}: {output}");
    assert!(output.stderr.starts_with("coracle: load "), "{what}: {output}");
    assert_eq!(world.content(), [""; 0], "{what}");
}

/// CVE-2023-25153, CVE-2024-3056, CVE-2021-20291: a document of gigabytes is read into memory.
#[test]
fn cve_2023_25153_large_documents_take_no_memory() {
    requires!(Userns, Program("sh"));
    let world = World::new();
    let large = vec![b' '; 256 << 20];
    let image = Image::new().layer(tree! { "a" => file("a") });
    let docker = image.docker_archive(&["box:latest"]);
    let oci = image.oci(Some("box:latest"));
    let with_large = |archive: &Archive, name: &str| {
        let mut archive = archive.clone();
        archive.file(name).clone_from(&large);
        zstd(&archive.tar())
    };
    let config =
        docker.files.iter().find(|(name, _)| name.ends_with(".json") && name != "manifest.json").unwrap();
    for (what, archive) in [
        ("manifest.json", with_large(&docker, "manifest.json")),
        ("the config", with_large(&docker, &config.0)),
        ("index.json", with_large(&oci, "index.json")),
        ("oci-layout", with_large(&oci, "oci-layout")),
    ] {
        refused(&world, what, &load(&world, &archive));
    }
}

/// CVE-2024-3727, CVE-2021-41190: a digest that is a path; a document that is an index to one reader and an image to
/// another.
#[test]
fn cve_2021_41190_documents_are_read_in_one_way() {
    requires!(Userns, Program("sh"));
    let world = World::new();
    let image = Image::new().layer(tree! { "a" => file("a") });
    let index_type = "application/vnd.oci.image.index.v1+json";
    let mut archive = image.oci(Some("box:latest"));
    let index: Value = serde_json::from_slice(archive.file("index.json")).unwrap();
    let good = index["manifests"][0]["digest"].as_str().unwrap();
    let with = |key: &str, value: Value| {
        let mut index = index.clone();
        index["manifests"][0][key] = value;
        index
    };
    // Whole and with the right digest, but of two kinds at once.
    let mut both: Value =
        serde_json::from_slice(archive.file(&format!("blobs/sha256/{}", &good[7..]))).unwrap();
    both["manifests"] = json!([]);
    both["mediaType"] = Value::Null;
    let both = serde_json::to_vec(&both).unwrap();
    let two_kinds = digest(&both);
    let of_both = |media_type: &str| {
        let mut index = index.clone();
        index["manifests"] = json!([{"mediaType": media_type, "digest": two_kinds, "size": both.len()}]);
        index
    };
    let cases = [
        ("a path", with("digest", json!("sha256:../../../../etc/passwd"))),
        ("a path after a digest", with("digest", json!(format!("{good}/../../../index.json")))),
        ("upper case", with("digest", json!(format!("sha256:{}", good[7..].to_uppercase())))),
        ("too long", with("digest", json!(format!("{good}0")))),
        ("nothing", with("digest", json!(""))),
        ("another algorithm", with("digest", json!(format!("md5:{}", "a".repeat(32))))),
        ("said to be an index", with("mediaType", json!(index_type))),
        ("an index and an image", of_both(index_type)),
        ("an image and an index", of_both("application/vnd.oci.image.manifest.v1+json")),
        ("a negative size", with("size", json!(-1))),
    ];
    archive.files.push((format!("blobs/sha256/{}", &two_kinds[7..]), both));
    for (what, index) in cases {
        archive.edit("index.json", |document| *document = index);
        refused(&world, what, &load(&world, &archive.tar()));
    }
}

/// CVE-2026-50163: the target of a hard link is looked up where the command was started.
#[test]
fn cve_2026_50163_hard_links_do_not_reach_the_working_directory() {
    requires!(Userns);
    let world = World::new();
    let sentinel = world.file("sentinel", HOST_SECRET);
    for target in ["sentinel", "./sentinel", "/sentinel", "../sentinel", sentinel.to_str().unwrap()] {
        let layer = tree! { "etc" => dir(), "etc/linked" => hardlink(target) };
        let archive = Image::payload().layer(layer).docker_archive(&["box:latest"]).tar();
        let output = world.coracle(["load", "-q"]).stdin(archive).output();
        assert_eq!(output.code, 125, "{target}: {output}");
        assert_eq!(std::fs::metadata(&sentinel).unwrap().nlink(), 1, "{target}");
    }
}
