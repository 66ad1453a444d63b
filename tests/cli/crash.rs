//! SIGKILL at some point of a command, then the next one: it works, and nothing that is listed is broken.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::world::{
    World,
    host::requires,
    image::{Image, Packing},
    tree::{Tree, dir, file, tree},
};

/// How many points of a command's duration are tried; they are spread evenly over it.
const POINTS: u32 = 12;

/// Runs a command to its end once to learn how long it takes, then kills it at points up to then, and checks each time.
fn kill_at_points(world: &World, arguments: &[&str], stdin: &[u8], mut check: impl FnMut(&World)) {
    let start = Instant::now();
    world.coracle(arguments).stdin(stdin).output();
    let whole = start.elapsed();
    check(world);
    for point in 0..POINTS {
        let running = world.coracle(arguments).stdin(stdin).spawn();
        // The one place where a test lets time pass: when the blow falls does not matter to what must hold after it.
        std::thread::sleep(whole * point / POINTS + Duration::from_micros(u64::from(point) * 37));
        running.signal(Signal::KILL);
        let output = running.output();
        assert!([0, 137].contains(&output.code), "{output}");
        check(world);
    }
}

fn large_tree() -> Tree {
    let names = (0..300).map(|n| (format!("data/{n}"), file(vec![b'x'; n * 50])));
    let mut tree = tree! { "data" => dir() };
    tree.0.extend(names);
    tree
}

#[test]
fn load() {
    requires!(Userns);
    let world = World::new();
    let image = Image::payload().packed_layer(large_tree(), Packing::Gzip);
    let archive = image.oci(Some("docker.io/library/box:latest")).tar();
    kill_at_points(&world, &["load", "-q"], &archive, |world| {
        let listed = world.coracle(["images", "-q", "--no-trunc"]).succeeds().stdout;
        if !listed.is_empty() {
            assert_eq!(listed.trim_end(), image.id());
            world.coracle(["run", "--rm", "box", "payload", "stat", "/data/299"]).succeeds();
            world.coracle(["rmi", "-f", "box"]).succeeds();
        }
        // Whatever was in the making is gone with the next sweep.
        world.coracle(["system", "prune", "-a", "-f"]).succeeds();
        assert_eq!(world.content(), [""; 0]);
    });
    world.coracle(["load", "-q"]).stdin(archive).succeeds();
    world.coracle(["run", "--rm", "box", "true"]).succeeds();
}

#[test]
fn run() {
    requires!(Userns);
    let world = World::with_payload();
    let before = world.snapshot("layers");
    kill_at_points(&world, &["run", "--name", "one", "box", "payload", "write", "/x", "y"], b"", |world| {
        // Listed or not, it can be looked at, started and removed, and the name is free afterwards.
        world.until("it has ended", || world.coracle(["ps", "-q"]).succeeds().stdout.is_empty());
        if !world.coracle(["ps", "-aq"]).succeeds().stdout.is_empty() {
            world.coracle(["inspect", "one"]).succeeds();
            world.coracle(["start", "-a", "one"]).succeeds();
            world.coracle(["rm", "one"]).succeeds();
        }
        world.coracle(["run", "--rm", "--name", "one", "box", "true"]).succeeds();
    });
    assert_eq!(world.snapshot("layers"), before);
    world.coracle(["system", "prune", "-a", "-f"]).succeeds();
    assert_eq!(world.content(), [""; 0]);
}

#[test]
fn remove() {
    requires!(Userns);
    let world = World::with_payload();
    let make = || world.coracle(["create", "--replace", "--name", "one", "box"]).succeeds();
    make();
    kill_at_points(&world, &["rm", "-f", "one"], b"", |world| {
        if world.coracle(["ps", "-aq"]).succeeds().stdout.is_empty() {
            world.coracle(["create", "--name", "one", "box"]).succeeds();
        } else {
            world.coracle(["inspect", "one"]).succeeds();
        }
    });
    world.coracle(["rm", "-f", "one"]).succeeds();
    world.coracle(["system", "prune", "-a", "-f"]).succeeds();
    assert_eq!(world.content(), [""; 0]);
}

/// The runtime directory is lost, as to a cleaner of /tmp or by a logout: nothing else is.
#[test]
fn a_lost_runtime_directory() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sh", "-c", "out hello; sleep 1000"]).succeeds();
    world.until("it has spoken", || world.coracle(["logs", "one"]).output().stdout == "hello\n");
    std::fs::remove_dir_all(world.runtime()).unwrap();
    assert_eq!(world.line(["ps", "--format", "{{.Names}} {{.State}}"]), "one running");
    world.coracle(["exec", "one", "true"]).succeeds();
    world.coracle(["logs", "one"]).succeeds().prints("hello\n");
    world.coracle(["stop", "-t", "0", "one"]).succeeds();
    world.coracle(["run", "--rm", "box", "true"]).succeeds();
}

/// The disk fills up while a program runs: its status is told and kept, and its output is shown.
#[test]
fn a_full_disk() {
    requires!(Userns, Program("unshare"), Program("mount"), Program("sh"));
    let world = World::new();
    world.file("box.tar", Image::payload().docker_archive(&["box:latest"]).tar());
    world.file(
        "script",
        r#"
        set -e
        mkdir $CORACLE_ROOT
        mount -t tmpfs -o size=48m none $CORACLE_ROOT
        $coracle load -q -i box.tar
        mkfifo input
        for option in --name=kept --rm; do
            $coracle run -i $option box sh -c 'cat; exit 3' < input & command=$!
            exec 3> input
            while [ -z "$($coracle ps -q)" ]; do :; done
            cat /dev/zero > $CORACLE_ROOT/fill 2> errors || :
            echo output >&3
            exec 3>&-
            status=0; wait $command || status=$?
            echo status $status
            $coracle inspect -f '{{.State.Status}} {{.State.ExitCode}}' kept
            $coracle wait kept
            rm $CORACLE_ROOT/fill
        done
        $coracle start kept
        $coracle kill kept || :
        $coracle wait kept
        "#,
    );
    let output = world
        .program("unshare")
        .args(["-rm", "/bin/sh", "script"])
        .env("coracle", env!("CARGO_BIN_EXE_coracle"))
        .succeeds();
    assert_eq!(
        world.normal(&output.stdout),
        "Loaded image: box:latest\n\
         output\nstatus 3\nexited 3\n3\n\
         output\nstatus 3\nexited 3\n3\n\
         kept\nkept\n137\n",
        "{output}"
    );
    output.complains("");
}

/// The end cannot be written down for another reason: that is told, and the exit code is known all the same.
#[test]
fn a_record_that_cannot_be_written() {
    requires!(Userns);
    let world = World::with_payload();
    let fifo = world.files().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
    let mount = format!("{}:/files", world.files().display());
    let running = world
        .coracle(["run", "--name", "one", "-v", &mount, "box", "sh", "-c", "cat /files/fifo; exit 3"])
        .spawn();
    let input = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let id = world.line(["ps", "-q", "--no-trunc"]);
    let state = world.state().join("containers").join(id).join("state.json");
    // The name that the record would have until it is whole.
    let taken = state.with_file_name(format!("state.json.{}.new", running.pid.as_raw_nonzero()));
    std::fs::create_dir(taken).unwrap();
    drop(input);
    let output = running.output();
    assert_eq!(output.code, 3, "{output}");
    assert_eq!(
        world.normal(&output.stderr),
        "coracle: write $STATE/containers/<id>/state.json: Is a directory\n"
    );
    world.coracle(["wait", "one"]).succeeds().prints("3\n");
    assert_eq!(world.line(["inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "one"]), "exited 3");
    world.coracle(["rm", "one"]).succeeds();
}
