//! The attacks that other container tools fell to, one test each: by an image, by a program in a container, or by
//! another user of the machine. Each test names the CVE; what an attacker does is in `tests/payload/attack.rs`.

mod archives;
mod descriptors;
mod environment;
mod identity;
mod images;
mod mounts;
mod neighbours;
mod own_file;
mod races;
mod state;
mod terminals;
mod trace;

use std::path::PathBuf;

use serde_json::Value;

use crate::world::{
    Output, World,
    image::Image,
    tree::{Tree, dir, file, tree},
};

/// A world with an image as `box`: the payload, and a layer of the attacker's.
fn with_layer(layer: Tree, config: Value) -> World {
    let world = World::new();
    world.load(&Image::payload().layer(layer).config(config), "box:latest");
    world
}

/// `run --rm OPTION… box COMMAND…`.
fn run(world: &World, options: &[&str], command: &[&str]) -> Output {
    world.coracle(["run", "--rm"]).args(options).arg("box").args(command).output()
}

/// A command that was refused, with one error and perhaps hints, and that has left no container.
#[track_caller]
fn refused(world: &World, output: &Output) {
    assert_eq!((output.code, output.stdout.as_str()), (125, ""), "{output}");
    let mut lines = output.stderr.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("coracle: ")), "{output}");
    assert!(lines.all(|line| line.starts_with("hint: ")), "{output}");
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

/// A running container's log, once it has this line.
fn wait_for(world: &World, container: &str, line: &str) {
    world.until(&format!("{container} says {line:?}"), || {
        world.coracle(["logs", container]).output().stdout.lines().any(|said| said == line)
    });
}

/// What an attacker in a container says to have got.
fn leaks(world: &World, container: &str) -> Vec<String> {
    let log = world.coracle(["logs", container]).succeeds().stdout;
    log.lines().filter(|line| line.starts_with("LEAK")).map(str::to_owned).collect()
}

/// A directory of the host that no attack may read, change or add to.
struct Host {
    path: PathBuf,
    before: Vec<String>,
}

/// What the host's file holds that no container may see, let alone take for its own users or groups.
const HOST_SECRET: &str = "host-user:x:0:0:a secret of the host:/:/bin/sh\n";

impl Host {
    fn new(world: &World) -> Self {
        let path = world.files().join("host");
        tree! { "host" => dir(), "host/secret" => file(HOST_SECRET), "host/sub" => dir() }
            .write(&world.files());
        let before = world.snapshot_of(&path);
        Host { path, before }
    }

    fn path(&self) -> &str {
        self.path.to_str().expect("a path of ours is UTF-8")
    }

    /// Names, contents, owners, modes and times are what they were: also what was made and removed again shows.
    #[track_caller]
    fn is_untouched(&self, world: &World) {
        assert_eq!(world.snapshot_of(&self.path), self.before);
    }
}
