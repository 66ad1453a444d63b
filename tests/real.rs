//! Real images, made out of Debian's packages by tools that are not ours (`.ci/images`), and other tools' reading of
//! what we save. Skipped unless $CORACLE_TEST_IMAGES names the directory.

use std::{fs, path::PathBuf};

use serde_json::Value;

use crate::world::{World, host, host::requires};

fn image(name: &str) -> PathBuf {
    host::real_images().expect("required").join(name)
}

/// The ways that the same Debian comes in: arguments that bring it into the store under a name.
fn ways() -> Vec<(Vec<String>, &'static str)> {
    let path = |name| image(name).display().to_string();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    vec![
        (words(&["load", "-q", "-i", &path("debian-docker.tar")]), "debian"),
        (words(&["load", "-q", "-i", &path("debian-archive.tar")]), "debian"),
        (words(&["pull", "-q", &format!("oci:{}:latest", path("debian-oci"))]), ""),
        (words(&["pull", "-q", &format!("oci-archive:{}", path("debian-archive.tar"))]), "debian"),
        (words(&["pull", "-q", &format!("docker-archive:{}", path("debian-docker.tar"))]), "debian"),
        (words(&["import", &path("debian.tar"), "debian"]), "debian"),
    ]
}

#[test]
fn debian_runs_from_each_form() {
    requires!(Userns, RealImages);
    for (arguments, name) in ways() {
        let world = World::new();
        let printed = world.line(&arguments);
        let name = if name.is_empty() { printed.as_str() } else { name };
        let run = |command: &[&str]| world.coracle(["run", "--rm", name]).args(command);
        assert!(run(&["cat", "/etc/os-release"]).succeeds().stdout.contains("ID=debian"), "{arguments:?}");
        run(&["perl", "-e", "print 6*7, qq{\\n}"]).succeeds().prints("42\n");
        run(&["id"]).succeeds().prints("uid=0(root) gid=0(root) groups=0(root)\n");
        run(&["sh", "-c", "seq 100 | sort -rn | head -n 1 | tr 0 x"]).succeeds().prints("1xx\n");
        run(&["sh", "-c", "exit 42"]).exits(42);
        assert!(run(&["apt-get", "--version"]).succeeds().stdout.starts_with("apt "), "{arguments:?}");
    }
}

/// The owners, modes and sizes that `stat` sees are those of the tarball: every one of its entries.
#[test]
fn debian_keeps_its_owners() {
    requires!(Userns, Range, RealImages);
    let world = World::new();
    world.coracle(["load", "-q", "-i"]).arg(image("debian-docker.tar")).succeeds();
    let mut expected = Vec::new();
    let tarball = fs::File::open(image("debian.tar")).unwrap();
    for entry in tar::Archive::new(std::io::BufReader::new(tarball)).entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        let path = entry.path().unwrap().display().to_string();
        let path = path.trim_start_matches("./").trim_end_matches('/').to_owned();
        // Ours: the mounts that every container has, and the names that are bound over.
        let ours = ["dev", "proc", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf"];
        if path.is_empty() || ours.iter().any(|ours| path == *ours || path.starts_with(&format!("{ours}/"))) {
            continue;
        }
        let mode = if header.entry_type().is_symlink() { 0o777 } else { header.mode().unwrap() };
        expected.push(format!("/{path} {}:{} {mode:o}", header.uid().unwrap(), header.gid().unwrap()));
    }
    let command =
        ["run", "--rm", "debian", "find", "/", "-xdev", "-mindepth", "1", "-printf", "%p %U:%G %m\\n"];
    let seen = world.coracle(command).succeeds().stdout;
    let seen: std::collections::HashSet<_> = seen.lines().collect();
    let missing: Vec<_> = expected.iter().filter(|line| !seen.contains(line.as_str())).collect();
    assert!(
        expected.len() > 5000 && missing.is_empty(),
        "{} of {}: {missing:#?}",
        missing.len(),
        expected.len()
    );
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// skopeo reads what we save, in both forms, and finds the same config and the same layers.
#[test]
fn skopeo_reads_what_we_save() {
    requires!(RealImages, Program("skopeo"));
    let world = World::new();
    world.coracle(["load", "-q", "-i"]).arg(image("busybox-archive.tar")).succeeds();
    world.coracle(["load", "-q", "-i"]).arg(image("debian-docker.tar")).succeeds();
    let config = |transport: String| {
        let output =
            world.program("/usr/bin/skopeo").args(["inspect", "--config", "--raw"]).arg(transport).succeeds();
        output.stdout
    };
    for (name, source) in
        [("busybox", "oci-archive:busybox-archive.tar"), ("debian", "docker-archive:debian-docker.tar")]
    {
        let (transport, file) = source.split_once(':').expect("transport:file");
        let before = config(format!("{transport}:{}", image(file).display()));
        for format in ["docker-archive", "oci-archive"] {
            let saved = world.files().join(format!("{name}-{format}.tar"));
            world.coracle(["save", "--format", format, "-o"]).arg(&saved).arg(name).succeeds();
            let after = config(format!("{format}:{}", saved.display()));
            assert_eq!(after, before, "{name} as {format}");
            let copy = format!("dir:{}", world.files().join(format!("copy-{name}-{format}")).display());
            world
                .program("/usr/bin/skopeo")
                .args([
                    "--insecure-policy",
                    "copy",
                    "--quiet",
                    &format!("{format}:{}", saved.display()),
                    &copy,
                ])
                .succeeds();
        }
    }
}

/// podman loads what we save, and we load what podman saves: the image's id stays.
#[test]
fn podman_and_we_read_each_other() {
    requires!(RealImages, Program("podman"));
    let world = World::new();
    let load = world.line(["load", "-q", "-i", image("busybox-docker.tar").to_str().unwrap()]);
    assert!(load.contains("busybox"), "{load}");
    let id = world.line(["images", "-q", "--no-trunc", "busybox"]);
    let id = id.trim_start_matches("sha256:");
    let saved = world.files().join("saved.tar");
    world.coracle(["save", "-o"]).arg(&saved).arg("busybox").succeeds();
    let podman = |arguments: &[&str]| {
        let (root, run) = (world.files().join("podman"), world.files().join("podman-run"));
        let (root, run) = (root.display().to_string(), run.display().to_string());
        let options =
            ["--root", &root, "--runroot", &run, "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"];
        world.program("/usr/bin/podman").args(options).args(arguments).succeeds().stdout
    };
    podman(&["load", "-q", "-i", saved.to_str().unwrap()]);
    let images = json(&podman(&["images", "--format", "json", "--no-trunc"]));
    assert_eq!(images[0]["Id"], id, "{images}");
    let theirs = world.files().join("theirs.tar");
    let name = images[0]["Names"][0].as_str().unwrap();
    podman(&["save", "-q", "-o", theirs.to_str().unwrap(), name]);
    podman(&["rmi", "-f", id]);
    let other = World::new();
    other.coracle(["load", "-q", "-i"]).arg(&theirs).succeeds();
    let again = other.line(["images", "-q", "--no-trunc", "busybox"]);
    assert_eq!(again.trim_start_matches("sha256:"), id);
}

/// The deletion of everything leaves the empty store, whatever was in it.
#[test]
fn prune_gives_back_every_byte_of_debian() {
    requires!(Userns, RealImages);
    let world = World::new();
    world.coracle(["load", "-q", "-i"]).arg(image("debian-docker.tar")).succeeds();
    world.coracle(["run", "--name", "one", "debian", "sh", "-c", "apt-get --version > /kept"]).succeeds();
    world.coracle(["system", "prune", "-a", "--volumes", "-f"]).succeeds();
    assert_eq!(world.content(), [""; 0]);
}
