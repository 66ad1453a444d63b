//! `load`: every form of archive, and archives that are damaged or lie.

use serde_json::json;

use crate::world::{
    World,
    host::requires,
    image::{Archive, Image, Packing, gzip, zstd},
    tree::{Tree, char_device, dir, fifo, file, hardlink, link, tree},
};

fn small() -> Image {
    Image::new().layer(tree! { "etc" => dir(), "etc/motd" => file("hello\n") })
}

#[test]
fn takes_every_form() {
    let image = small().packed_layer(tree! { "b" => file("b") }, Packing::Gzip);
    let docker = image.docker_archive(&["box:latest"]).tar();
    let oci = image.oci(Some("docker.io/library/box:latest")).tar();
    let cases = [
        ("docker", docker.clone()),
        ("docker, gzip", gzip(&docker)),
        ("docker, zstd", zstd(&docker)),
        ("oci", oci.clone()),
        ("oci, gzip", gzip(&oci)),
        ("oci, zstd", zstd(&oci)),
        (
            "zstd layer",
            small().packed_layer(tree! {}, Packing::Zstd).oci(Some("docker.io/library/box:latest")).tar(),
        ),
    ];
    for (name, archive) in cases {
        let world = World::new();
        let path = world.file("archive.tar", &archive);
        for run in [
            world.coracle(["load", "-i"]).arg(&path),
            world.coracle(["load", "--quiet"]).stdin(archive.clone()),
            world.coracle(["image", "load", "-q", "-i", "-"]).stdin(archive),
        ] {
            let output = run.succeeds();
            assert_eq!(output.stdout, "Loaded image: box:latest\n", "{name}: {output}");
        }
    }
}

#[test]
fn an_image_without_a_name_is_known_by_its_id() {
    let world = World::new();
    let image = small();
    let output = world.coracle(["load", "-q"]).stdin(image.docker_archive(&[]).tar()).succeeds();
    output.prints(&format!("Loaded image ID: {}\n", image.id()));
}

#[test]
fn several_names_and_several_images() {
    let world = World::new();
    let mut archive = small().docker_archive(&["box:1", "example.org/team/box:2"]);
    let second = Image::new().layer(tree! { "x" => file("x") }).docker_archive(&["other:latest"]);
    for (name, content) in second.files {
        if name == "manifest.json" {
            let more: serde_json::Value = serde_json::from_slice(&content).unwrap();
            archive.edit(&name, |list| list.as_array_mut().unwrap().push(more[0].clone()));
        } else {
            archive.files.push((name, content));
        }
    }
    world
        .coracle(["load", "-q"])
        .stdin(archive.tar())
        .succeeds()
        .prints("Loaded image: box:1\nLoaded image: example.org/team/box:2\nLoaded image: other:latest\n");
}

/// A layout whose index.json lists the same name for two platforms; `of_two` says how.
fn two_platforms(of_two: impl Fn(&mut Archive, [serde_json::Value; 2])) -> Archive {
    let native = small();
    let foreign =
        Image { architecture: "s390x".into(), ..Image::new().layer(tree! { "foreign" => file("") }) };
    let platform = |image: &Image| json!({"os": "linux", "architecture": image.architecture});
    let (mut archive, other) = (native.oci(Some("box:latest")), foreign.oci(Some("box:latest")));
    let entry = |archive: &Archive, image: &Image| {
        let mut archive = archive.clone();
        let index: serde_json::Value = serde_json::from_slice(archive.file("index.json")).unwrap();
        let mut entry = index["manifests"][0].clone();
        entry["platform"] = platform(image);
        entry
    };
    let entries = [entry(&other, &foreign), entry(&archive, &native)];
    archive.files.extend(other.files.into_iter().filter(|(name, _)| name.starts_with("blobs/")));
    of_two(&mut archive, entries);
    archive
}

#[test]
fn of_two_platforms_it_takes_its_own() {
    let flat = two_platforms(|archive, entries| {
        archive.edit("index.json", |index| index["manifests"] = json!(entries));
    });
    // Each behind an index of its own, which says nothing of platforms.
    let nested = two_platforms(|archive, entries| {
        let inner = entries.map(|entry| archive.add_index(&[entry]));
        let mut top = archive.add_index(&inner);
        top["annotations"] = json!({"org.opencontainers.image.ref.name": "box:latest"});
        archive.edit("index.json", |index| index["manifests"] = json!([top]));
    });
    for archive in [flat, nested] {
        let world = World::new();
        world.coracle(["load"]).stdin(archive.tar()).succeeds().prints("Loaded image: box:latest\n");
        assert_eq!(world.line(["images", "-aq", "--no-trunc"]), small().id());
        let foreign = ["load", "-q", "--platform", "s390x"];
        world.coracle(foreign).stdin(archive.tar()).succeeds();
        let template = "{{.Architecture}}";
        assert_eq!(world.line(["image", "inspect", "-f", template, "box"]), "s390x");
        let output = world.coracle(["load", "--platform", "riscv64"]).stdin(archive.tar()).exits(125);
        assert!(output.stderr.contains("linux/riscv64"), "{output}");
    }
}

#[test]
fn what_is_damaged_in_the_store_is_stored_again() {
    let world = World::new();
    let archive = small().oci(Some("box:latest"));
    let documents = archive.files.iter().skip(2).filter(|(name, _)| name.starts_with("blobs/"));
    for (name, _) in documents {
        for from_file in [true, false] {
            let path = world.file("archive.tar", archive.tar());
            world.coracle(["load", "-qi", path.to_str().unwrap()]).succeeds();
            std::fs::write(world.state().join(name), "damaged").unwrap();
            world.coracle(["image", "inspect", "box"]).exits(1);
            match from_file {
                true => world.coracle(["load", "-qi", path.to_str().unwrap()]).succeeds(),
                false => world.coracle(["load", "-q"]).stdin(archive.tar()).succeeds(),
            };
            world.coracle(["image", "inspect", "box"]).succeeds();
        }
    }
}

/// The tree of a layer is to be made again, and the store's blob of it is damaged: that is no fault of the archive's.
#[test]
fn a_damaged_layer_is_taken_from_the_archive_or_told() {
    requires!(Userns);
    let world = World::new();
    let large = Image::payload().layer(tree! { "large" => file(vec![b'x'; 5 << 20]) });
    for archive in [large.oci(Some("box:latest")), large.docker_archive(&["box:latest"])] {
        let path = world.file("archive.tar", archive.tar());
        let load = || world.coracle(["load", "-qi", path.to_str().unwrap()]);
        let blobs = world.state().join("blobs/sha256");
        load().succeeds();
        let is_layer = |path: &std::path::PathBuf| path.metadata().unwrap().len() > 5 << 20;
        let paths = || std::fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path());
        let blob = paths()
            .filter(is_layer)
            .find(|path| std::fs::read(path).unwrap().windows(5).any(|name| name == b"large"));
        let blob = blob.unwrap();
        let whole = std::fs::read(&blob).unwrap();
        let damage = || {
            std::fs::write(&blob, "damaged").unwrap();
            std::fs::OpenOptions::new().write(true).open(&blob).unwrap().set_len(whole.len() as u64).unwrap();
            // Out of the way, and to be swept: what is in it may have owners of whom the caller knows nothing.
            let entries =
                |dir: &std::path::Path| std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
            for tree in entries(&world.state().join("layers")).flat_map(|map| entries(&map)) {
                std::fs::rename(&tree, tree.with_extension("gone")).unwrap();
            }
        };
        damage();
        let told = |output: &crate::world::Output| {
            let digest = blob.file_name().unwrap().to_str().unwrap();
            let lines = format!(
                "the store's blob sha256:{digest} is damaged\n\
                 hint: remove the image ('coracle rmi -f') and load it again\n"
            );
            assert!(output.stderr.ends_with(&lines), "{output}");
        };
        told(&world.coracle(["run", "--rm", "box", "true"]).exits(125));
        // In a stream it is gone by when it turns out to be needed.
        if archive.files[0].0 == "oci-layout" {
            told(&world.coracle(["load", "-q"]).stdin(archive.tar()).exits(125));
        }
        load().succeeds();
        assert!(std::fs::read(&blob).unwrap() == whole);
        world.coracle(["run", "--rm", "box", "true"]).succeeds();
        world.coracle(["rmi", "-f", "box"]).succeeds();
    }
}

#[test]
fn a_missing_file_and_surplus_words() {
    let world = World::new();
    let output = world.coracle(["load", "-i", "missing.tar"]).output();
    output.complains("coracle: open missing.tar: No such file or directory\n");
    assert_ne!(output.code, 0);
    for arguments in [&["load", "surplus"][..], &["load", "-i"], &["load", "--platform", "a/b/c/d/e"]] {
        let output = world.coracle(arguments).output();
        assert!(output.code != 0 && output.stderr.starts_with("coracle: "), "{output}");
        assert_eq!(output.stdout, "", "{output}");
    }
    assert!(!world.state().exists());
}

/// What people give it that is for another command.
#[test]
fn what_another_command_takes_is_said_so() {
    let world = World::new();
    let layout = world.files().join("layout");
    small().oci(Some("v1")).write(&layout);
    let root = world.file("root.tar", tree! { "etc" => file("x") }.tar());
    let pull = format!("hint: it is an OCI layout: 'coracle pull oci:{}' takes", layout.display());
    for (path, hint) in [(root, "'coracle import' makes an image"), (layout, pull.as_str())] {
        let output = world.coracle(["load", "-i"]).arg(path).exits(125);
        assert!(output.stderr.contains(hint), "{output}");
    }
}

/// A name and bytes that are no archive, or a damaged one.
fn damaged() -> Vec<(&'static str, Vec<u8>)> {
    let oci = small().oci(Some("box:latest"));
    let docker = small().docker_archive(&["box:latest"]);
    let whole = docker.tar();
    let blob = |archive: &Archive, n: usize| archive.files[n].0.clone();
    let changed = |archive: &Archive, name: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut archive = archive.clone();
        change(archive.file(name));
        archive.tar()
    };
    let edited = |archive: &Archive, name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let mut archive = archive.clone();
        archive.edit(name, change);
        archive.tar()
    };
    let without = |archive: &Archive, name: &str| {
        let files = archive.files.iter().filter(|(other, _)| other != name).cloned().collect();
        Archive { files }.tar()
    };
    let layer = blob(&oci, 1);
    let flip = |content: &mut Vec<u8>| content[600] ^= 1;
    let index = "index.json";
    vec![
        ("nothing", Vec::new()),
        ("text", b"hello\n".repeat(1000)),
        ("an empty tar", vec![0; 10240]),
        ("a gzip of nothing", gzip(b"")),
        ("a cut gzip", {
            let all = gzip(&whole);
            all[..all.len() / 2].to_vec()
        }),
        ("a cut zstd", {
            let all = zstd(&whole);
            all[..all.len() / 2].to_vec()
        }),
        ("a cut docker archive", whole[..whole.len() / 2].to_vec()),
        ("a cut OCI archive", {
            let all = oci.tar();
            all[..all.len() / 2].to_vec()
        }),
        ("a changed OCI layer", changed(&oci, &layer, &flip)),
        ("a changed docker layer", changed(&docker, &blob(&docker, 0), &flip)),
        ("a changed OCI index", changed(&oci, index, &|content| content.truncate(20))),
        ("no OCI layer", without(&oci, &layer)),
        ("no docker layer", without(&docker, &blob(&docker, 0))),
        ("no docker config", without(&docker, &blob(&docker, 1))),
        (
            "a path for a digest",
            edited(&oci, index, &|index| {
                index["manifests"][0]["digest"] = json!("sha256:../../../../../../etc/passwd");
            }),
        ),
        (
            "a short digest",
            edited(&oci, index, &|index| index["manifests"][0]["digest"] = json!("sha256:abcd")),
        ),
        (
            "a digest of no algorithm",
            edited(&oci, index, &|index| {
                index["manifests"][0]["digest"] = json!("abcd");
            }),
        ),
        ("a wrong size", edited(&oci, index, &|index| index["manifests"][0]["size"] = json!(1))),
        (
            "an unknown media type",
            edited(&oci, index, &|index| {
                index["manifests"][0]["mediaType"] = json!("application/x-unknown");
            }),
        ),
        ("no manifests", edited(&oci, index, &|index| index["manifests"] = json!([]))),
        (
            "a config outside the archive",
            edited(&docker, "manifest.json", &|list| {
                list[0]["Config"] = json!("/etc/passwd");
            }),
        ),
        (
            "too many layers",
            edited(&docker, "manifest.json", &|list| {
                let again = list[0]["Layers"][0].clone();
                list[0]["Layers"].as_array_mut().unwrap().push(again);
            }),
        ),
        ("a name that is none", small().docker_archive(&["../../etc"]).tar()),
        ("a name with an escape", small().docker_archive(&["\u{1b}[31mred:latest"]).tar()),
        ("another platform", {
            let mut image = small();
            image.architecture = "s390x".into();
            image.docker_archive(&["box:latest"]).tar()
        }),
    ]
}

#[test]
fn damaged_archives_give_one_error_and_leave_nothing() {
    let world = World::new();
    for (name, archive) in damaged() {
        let output = world.coracle(["load", "-q"]).stdin(archive).output();
        assert_eq!(output.code, 125, "{name}: {output}");
        assert_eq!(output.stdout, "", "{name}: {output}");
        let lines: Vec<_> = output.stderr.lines().collect();
        assert!(lines[0].starts_with("coracle: load the standard input: "), "{name}: {output}");
        assert!(lines[1..].iter().all(|line| line.starts_with("hint: ")), "{name}: {output}");
        assert!(!output.stderr.contains('\u{1b}'), "{name}: {output}");
        assert_eq!(world.content(), [""; 0], "{name}");
        world.coracle(["images", "-q"]).succeeds().prints("");
    }
}

/// Layers that try to write outside of their tree: whatever becomes of the image, the host stays as it was.
fn hostile(canary: &str) -> Vec<(&'static str, Vec<Tree>)> {
    let up = "../".repeat(30);
    let beyond = format!("{up}{}", canary.trim_start_matches('/'));
    vec![
        ("an absolute name", vec![tree! { canary => file("gone") }]),
        ("dots", vec![tree! { beyond => file("gone") }]),
        ("dots inside", vec![tree! { format!("a/{beyond}") => file("gone") }]),
        (
            "an absolute link, then through it",
            vec![tree! {
                "out" => link(canary.rsplit_once('/').unwrap().0), "out/canary" => file("gone"),
            }],
        ),
        (
            "a relative link, then through it",
            vec![tree! {
                "out" => link(beyond.rsplit_once('/').unwrap().0), "out/canary" => file("gone"),
            }],
        ),
        ("a link to the file itself", vec![tree! { "canary" => link(canary), "canary" => file("gone") }]),
        (
            "a link in the layer below",
            vec![
                tree! { "out" => link(canary.rsplit_once('/').unwrap().0) },
                tree! { "out/canary" => file("gone") },
            ],
        ),
        ("a hard link outward", vec![tree! { "mine" => hardlink(canary), "mine" => file("gone") }]),
        ("a hard link with dots", vec![tree! { "mine" => hardlink(&beyond), "mine" => file("gone") }]),
        (
            "a hard link through a link",
            vec![tree! {
                "out" => link(canary.rsplit_once('/').unwrap().0), "mine" => hardlink("out/canary"), "mine" => file("gone"),
            }],
        ),
        (
            "a whiteout outward",
            vec![tree! { format!("{up}{}/.wh.canary", canary.rsplit_once('/').unwrap().0) => file("") }],
        ),
        (
            "a whiteout through a link",
            vec![tree! {
                "out" => link(canary.rsplit_once('/').unwrap().0), "out/.wh.canary" => file(""),
            }],
        ),
        (
            "an opaque whiteout through a link",
            vec![tree! {
                "out" => link(canary.rsplit_once('/').unwrap().0), "out/.wh..wh..opq" => file(""),
            }],
        ),
        (
            "a whiteout of the parent",
            vec![tree! { "a" => dir(), "a/.wh..." => file(""), "a/.wh.." => file("") }],
        ),
        ("the root as a file", vec![tree! { "." => file("gone"), "/" => link(canary) }]),
    ]
}

#[test]
fn hostile_layers_do_not_reach_the_host() {
    requires!(Userns);
    let world = World::new();
    let canary = world.file("canary", "untouched");
    let before = std::fs::metadata(&canary).unwrap().modified().unwrap();
    for (name, layers) in hostile(canary.to_str().unwrap()) {
        let image = layers.into_iter().fold(Image::payload(), Image::layer);
        let loaded =
            world.coracle(["load", "-q"]).stdin(image.docker_archive(&["box:latest"]).tar()).output();
        match loaded.code {
            0 => {
                world.coracle(["rmi", "-f", "box:latest"]).succeeds();
            }
            code => {
                assert_eq!(code, 125, "{name}: {loaded}");
                assert!(loaded.stderr.starts_with("coracle: "), "{name}: {loaded}");
            }
        }
        assert_eq!(std::fs::read_to_string(&canary).unwrap(), "untouched", "{name}");
        assert_eq!(std::fs::metadata(&canary).unwrap().modified().unwrap(), before, "{name}");
        assert_eq!(std::fs::read_dir(world.files()).unwrap().count(), 1, "{name}");
    }
}

#[test]
fn a_hundred_layers_load() {
    let world = World::new();
    let image = (0..100).fold(Image::payload(), |image, n| {
        let name = format!("layer-{n}");
        image.layer(tree! { name => file(n.to_string()) })
    });
    world.load(&image, "many:latest");
    assert_eq!(world.line(["images", "-q", "--no-trunc", "many"]), image.id());
}

#[test]
fn odd_entries_load() {
    requires!(Userns);
    let world = World::new();
    let long = format!("{}/{}", "d".repeat(200), "f".repeat(200));
    let layer = tree! {
        "run" => dir(),
        "run/fifo" => fifo(),
        "run/null" => char_device(1, 3),
        "run/owned" => file("x").owner(205_001, 1_516_583_083),
        "run/setuid" => file("x").mode(0o4755),
        "run/first" => file("same"),
        "run/second" => hardlink("run/first"),
        long => file("long"),
    };
    world.load(&Image::payload().layer(layer), "box:latest");
}

/// What others left in tmp/ and cannot be removed is no failure of a load, and one of a prune.
#[test]
fn leavings_that_cannot_be_swept() {
    requires!(Userns);
    let world = World::with_payload();
    let lock = world.state().join("tmp/1-1/lock");
    std::fs::create_dir_all(&lock).unwrap();
    let archive = Image::new().layer(tree! { "a" => file("a") }).docker_archive(&["other:latest"]).tar();
    world.coracle(["load", "-q"]).stdin(archive).succeeds().complains("");
    let output = world.coracle(["image", "prune", "-f"]).exits(1);
    assert_eq!(world.normal(&output.stderr), "coracle: sweep tmp: lock $STATE/tmp/1-1: Is a directory\n");
    std::fs::remove_dir(&lock).unwrap();
    world.coracle(["image", "prune", "-f"]).succeeds();
}
