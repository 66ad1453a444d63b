//! The files that the program sees: binds, volumes, tmpfs, devices.

use std::fs;

use serde_json::json;

use super::{prints, refused, run};
use crate::world::{
    World,
    host::requires,
    image::Image,
    tree::{dir, fifo, file, link, tree},
};

#[test]
fn binds() {
    requires!(Userns);
    let world = World::with_payload();
    tree! { "source/file" => file("from the host\n"), "single" => file("one file\n") }.write(&world.files());
    let source = world.files().join("source");
    let source = source.to_str().unwrap();
    let single = world.files().join("single");
    let of = |target: &str| format!("{source}:{target}");
    let file = format!("{}:/etc/motd:ro", single.display());
    let mount = format!("type=bind,source={source},target=/m,readonly");
    prints(
        &world,
        &[
            (&["-v", &of("/m")], &["cat", "/m/file"], "from the host\n"),
            (&["-v", &of("/new/deep:ro")], &["cat", "/new/deep/file"], "from the host\n"),
            (&["-v", &of("/m:z")], &["cat", "/m/file"], "from the host\n"),
            (&["-v", &file], &["cat", "/etc/motd"], "one file\n"),
            (&["--mount", &mount], &["cat", "/m/file"], "from the host\n"),
            (&["-v", "./source:/m"], &["cat", "/m/file"], "from the host\n"),
        ],
    );
    for options in [&["-v", &of("/m:ro")][..], &["--mount", &mount]] {
        let output = run(&world, options, &["payload", "write", "/m/new", "x"]);
        assert_eq!((output.code, output.stderr.as_str()), (1, "write: EROFS\n"), "{output}");
    }
    assert!(!world.files().join("source/new").exists());
    refused(
        &world,
        &[
            (&["-v", "/missing/source:/m"], &["true"], "/missing/source"),
            (&["--mount", "type=bind,source=/missing,target=/m"], &["true"], "/missing"),
            (&["-v", &of("relative")], &["true"], "relative"),
            (&["-v", &of("/m:nonsense")], &["true"], "nonsense"),
            (&["-v", "a:b:c:d"], &["true"], "a:b:c:d"),
            (&["-v", ""], &["true"], ""),
            (&["--mount", "type=bind,target=/m"], &["true"], "source"),
            (&["--mount", "type=odd,target=/m"], &["true"], "odd"),
            (&["--mount", "type=tmpfs,target=/m,colour=red"], &["true"], "colour"),
        ],
    );
}

#[test]
fn tmpfs_and_a_read_only_root() {
    requires!(Userns);
    let world = World::with_payload();
    let output = run(
        &world,
        &["--read-only", "--tmpfs", "/m:size=64k,noexec"],
        &["sh", "-c", "write /m/x y; mounts /m"],
    );
    assert!(output.stdout.starts_with("/m tmpfs rw,") && output.stdout.contains("noexec"), "{output}");
    for path in ["/x", "/etc/x", "/sys/x"] {
        let output = run(&world, &["--read-only"], &["payload", "write", path, "x"]);
        assert_eq!(output.stderr, "write: EROFS\n", "{path}: {output}");
    }
    prints(&world, &[(&["--read-only"], &["payload", "write", "/dev/shm/x", "x"], "")]);
}

#[test]
fn a_volume_is_filled_at_its_first_use() {
    requires!(Userns);
    let world = World::new();
    let layer = tree! { "data" => dir().mode(0o750), "data/seed" => file("from the image\n").mode(0o600) };
    world.load(&Image::payload().layer(layer), "box:latest");
    prints(
        &world,
        &[
            (&["-v", "vol:/data"], &["cat", "/data/seed"], "from the image\n"),
            (&["-v", "vol:/data"], &["payload", "write", "/data/seed", "changed"], ""),
            (&["-v", "vol:/data"], &["cat", "/data/seed"], "changed\n"),
            (&["-v", "vol:/elsewhere:ro"], &["cat", "/elsewhere/seed"], "changed\n"),
            (
                &["--mount", "type=volume,source=bare,target=/data,volume-nocopy"],
                &["payload", "ls", "/data"],
                "",
            ),
            (&[], &["cat", "/data/seed"], "from the image\n"),
        ],
    );
    assert_eq!(world.coracle(["volume", "ls", "-q"]).succeeds().stdout, "bare\nvol\n");
}

#[test]
fn a_volume_is_given_to_nobody_whom_the_map_does_not_know() {
    requires!(Userns, Single);
    let world = World::with_payload();
    let output = run(&world, &["-v", "vol:/home:U", "-u", "7:8"], &["true"]);
    assert_eq!(output.code, 125, "{output}");
    assert!(output.stderr.contains("7:8 is not in the identity map"), "{output}");
}

#[test]
fn anonymous_volumes_go_with_rm() {
    requires!(Userns);
    let world = World::new();
    world.load(&Image::payload().config(json!({"Volumes": {"/data": {}}})), "box:latest");
    prints(&world, &[(&["-v", "/more"], &["payload", "write", "/data/x", "x"], "")]);
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("");
    world.coracle(["run", "--name", "one", "box", "true"]).succeeds();
    assert_eq!(world.coracle(["volume", "ls", "-q"]).succeeds().stdout.lines().count(), 1);
    world.coracle(["rm", "-v", "one"]).succeeds();
    world.coracle(["volume", "ls", "-q"]).succeeds().prints("");
}

/// A minimal /dev, a private /proc, and no more of ours than the three files.
#[test]
fn what_every_container_has() {
    requires!(Userns);
    let world = World::with_payload();
    let devices =
        "core\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n";
    prints(
        &world,
        &[
            (&[], &["payload", "ls", "/dev"], devices),
            (&[], &["payload", "ps"], "1 R payload\n"),
            (&["--hostname", "boat", "--add-host", "db:10.1.2.3"], &["payload", "hostname"], "boat\n"),
            (
                &["--dns", "192.0.2.1", "--dns-search", "example.org"],
                &["cat", "/etc/resolv.conf"],
                "nameserver 192.0.2.1\nsearch example.org\n",
            ),
        ],
    );
    let hosts =
        run(&world, &["--hostname", "boat", "--add-host", "db:10.1.2.3"], &["cat", "/etc/hosts"]).stdout;
    let has = |address: &str, name: &str| {
        hosts.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().starts_with(&[address, name]))
    };
    assert!(has("127.0.0.1", "localhost") && has("::1", "localhost") && has("10.1.2.3", "db"), "{hosts}");
    for line in run(&world, &[], &["payload", "fds"]).stdout.lines().filter(|line| !line.contains("/proc/")) {
        let (number, target) = line.split_once(' ').unwrap();
        assert!(["0", "1", "2"].contains(&number), "a descriptor of ours is open: {line}");
        assert!(target.starts_with("pipe:") || target == "/dev/null", "{line}");
    }
    let mounts = run(&world, &[], &["payload", "mounts"]).stdout;
    let state = world.state();
    assert!(!mounts.contains(state.to_str().unwrap()), "{mounts}");
}

#[test]
fn sizes_of_shm_and_limits() {
    requires!(Userns);
    let world = World::with_payload();
    prints(
        &world,
        &[
            (&["--ulimit", "nofile=5"], &["payload", "limits", "max-open-files"], "max-open-files 5 5\n"),
            (
                &["--ulimit", "nofile=100:200"],
                &["payload", "limits", "max-open-files"],
                "max-open-files 100 200\n",
            ),
            (
                &["--ulimit", "core=0"],
                &["payload", "limits", "max-core-file-size"],
                "max-core-file-size 0 0\n",
            ),
            (&["--umask", "0077"], &["payload", "umask"], "0077\n"),
            (&[], &["payload", "umask"], "0022\n"),
            (&["--oom-score-adj", "500"], &["cat", "/proc/self/oom_score_adj"], "500\n"),
        ],
    );
    refused(
        &world,
        &[
            (&["--ulimit", "nofile=200:100"], &["true"], "nofile"),
            (&["--ulimit", "nonsense=1"], &["true"], "nonsense"),
            // More than fs.nr_open, for whoever asks.
            (&["--ulimit", "nofile=-1"], &["true"], "RLIMIT_NOFILE to unlimited:unlimited (the caller"),
            (&["--shm-size", "lots"], &["true"], "lots"),
            (&["--umask", "9"], &["true"], "9"),
        ],
    );
    let mounts = run(&world, &["--shm-size", "1m"], &["cat", "/proc/self/mountinfo"]).stdout;
    let shm = mounts.lines().find(|line| line.contains(" /dev/shm ")).unwrap_or_default();
    assert!(shm.contains("size=1024k"), "{shm}");
}

/// What must be mounted upon may be anything in a hostile image; nothing is followed out of the root.
#[test]
fn hostile_mount_points() {
    requires!(Userns);
    let world = World::new();
    let canary = world.files().join("canary");
    fs::create_dir(&canary).unwrap();
    let out = canary.to_str().unwrap();
    let up = format!("{}{out}", "../".repeat(20));
    let cases = [
        ("/dev a link", tree! { "dev" => link(out) }),
        ("/dev a relative link", tree! { "dev" => link(&up) }),
        ("/dev a FIFO", tree! { "dev" => fifo() }),
        ("/dev a file", tree! { "dev" => file("") }),
        ("/proc a link", tree! { "proc" => link(out) }),
        ("/proc a file", tree! { "proc" => file("") }),
        ("/sys a link", tree! { "sys" => link(&up) }),
        ("/etc/hosts a link", tree! { "etc/hosts" => link(&format!("{out}/hosts")) }),
        (
            "/etc/resolv.conf a relative link",
            tree! { "etc/resolv.conf" => link(&format!("{up}/resolv.conf")) },
        ),
        ("/dev/shm a link", tree! { "dev" => dir(), "dev/shm" => link(out) }),
        ("/dev/null a file", tree! { "dev" => dir(), "dev/null" => file("mine") }),
    ];
    for (what, layer) in cases {
        world.load(&Image::payload().layer(layer), "box:latest");
        let output = run(
            &world,
            &["-v", "vol:/dev/vol", "-w", "/"],
            &["sh", "-c", "write /dev/null x; write /proc/self/comm y"],
        );
        assert!([0, 125].contains(&output.code), "{what}: {output}");
        assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "{what}: {output}");
    }
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}

/// A volume's or a bind's target, and a working directory, led out of the root by the image's links.
#[test]
fn targets_stay_in_the_root() {
    requires!(Userns);
    let world = World::new();
    let canary = world.files().join("canary");
    fs::create_dir(&canary).unwrap();
    let out = canary.to_str().unwrap();
    world.load(
        &Image::payload().layer(tree! { "out" => link(out), "up" => link(&"../".repeat(20)) }),
        "box:latest",
    );
    for options in [
        &["-v", "vol:/out/deep"][..],
        &["--tmpfs", "/out/deep"],
        &["-w", "/out/deep"],
        &["-v", "/etc/passwd:/out/passwd"],
        &["-v", "vol:/../../../vol"],
        &["-w", "/up/new"],
    ] {
        let output = run(&world, options, &["true"]);
        assert!([0, 125].contains(&output.code), "{output}");
        assert_eq!(fs::read_dir(&canary).unwrap().count(), 0, "{output}");
    }
}

#[test]
fn a_device_of_the_host() {
    requires!(Userns);
    let world = World::with_payload();
    let output = run(&world, &["--device", "/dev/zero:/dev/nothing"], &["payload", "stat", "/dev/nothing"]);
    assert!(output.stdout.starts_with("/dev/nothing char ") && output.stdout.ends_with(" 1:5\n"), "{output}");
    refused(&world, &[(&["--device", "/dev/missing"], &["true"], "/dev/missing")]);
}
