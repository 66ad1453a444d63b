//! A program in one container swaps directories and links as fast as it can, while another container is started over
//! and over with mounts there: each step of the set-up finds another file than the step before.

use std::fs;

use super::{Host, wait_for};
use crate::world::{
    Output, World,
    host::{self, requires},
    image::Image,
    tree::{dir, file, link, tree},
};

/// How many starts; `CORACLE_TEST_ROUNDS` says otherwise.
fn rounds(usual: u32) -> u32 {
    std::env::var("CORACLE_TEST_ROUNDS").map_or(usual, |text| text.parse().unwrap())
}

/// Starts a container that has `shared`, a directory of the test's own files, at /shared, and swaps there.
fn racer(world: &World, shared: &str, pairs: &[&str]) {
    let bind = format!("{}:/shared", world.files().join(shared).display());
    let run =
        world.coracle(["run", "-d", "--name", "racer", "-v", &bind, "box", "payload", "swap", "1000000000"]);
    run.args(pairs.iter().map(|name| format!("/shared/{name}"))).succeeds();
    wait_for(world, "racer", "swapping");
}

/// A start that lost or won the race: it works, or one error says why not.
#[track_caller]
fn worked(output: &Output) -> bool {
    assert!([0, 125, 126, 127].contains(&output.code), "{output}");
    assert!(
        output.code == 0 || output.stderr.starts_with("coracle: ") || output.stderr.contains("ENOENT"),
        "{output}"
    );
    output.code == 0
}

/// CVE-2021-30465: the mount point becomes a link between the check and the mount. CVE-2024-45310: the directories above it
/// are made on the host. GHSA-xjvp-4fhw-gc47.
#[test]
fn cve_2021_30465_a_mount_point_that_becomes_a_link() {
    requires!(Userns);
    let world = World::with_payload();
    let host = Host::new(&world);
    let up = format!("{}{}", "../".repeat(20), host.path());
    tree! {
        "shared/a" => dir(), "shared/b" => link(host.path()), "shared/c/sub" => dir(), "shared/d" => link(&up),
        "plain" => file("a file"), "other" => dir(),
    }
    .write(&world.files());
    racer(&world, "shared", &["a", "b", "c", "d"]);
    for _ in 0..rounds(100) {
        let run = world.coracle(["run", "--rm", "-v", "./shared:/shared", "-w", "/shared/c/sub/work/here"]);
        let mounts = [
            "-v",
            "vol:/shared/a/volume",
            "-v",
            "./other:/shared/a/deep/bind",
            "-v",
            "./plain:/shared/c/sub/file",
            "--tmpfs",
            "/shared/c/memory",
        ];
        let output = run.args(mounts).args(["box", "payload", "mounts"]).output();
        if worked(&output) {
            // A mount that went astray is not in the table: the root that it was made in is no more.
            for name in ["/volume ", "/deep/bind ", "/file ", "/memory "] {
                assert_eq!(output.stdout.matches(name).count(), 1, "{name}: {output}");
            }
        }
        host.is_untouched(&world);
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(world.files().to_str().unwrap()), "{mounts}");
}

/// CVE-2025-31133, CVE-2025-52565, CVE-2025-52881, CVE-2026-41579: all of the root is the attacker's to swap, by way of
/// another container that has the directory too.
#[test]
fn cve_2025_31133_a_root_whose_directories_are_swapped() {
    requires!(Userns);
    let world = World::with_payload();
    let host = Host::new(&world);
    let root = tree! {
        "root/bin" => dir(), "root/tmp" => dir(),
        "root/dev" => dir(), "root/dev.link" => link(host.path()),
        "root/proc" => dir(), "root/proc.dir" => dir(), "root/proc.dir/self" => link(host.path()),
        "root/sys" => dir(), "root/sys.link" => link("proc"),
        "root/etc" => dir(), "root/etc.link" => link(host.path()),
    };
    root.write(&world.files());
    world.copy_program(host::payload(), world.files().join("root/bin/payload"));
    // One at a time: where everything moves at once, no start gets far.
    for pair in [["proc", "proc.dir"], ["dev", "dev.link"], ["sys", "sys.link"], ["etc", "etc.link"]] {
        racer(&world, "root", &pair);
        for round in 0..rounds(40) {
            let terminal: &[&str] = if round % 2 == 0 { &["-t"] } else { &[] };
            let run = world.coracle(["run", "--rm", "--sysctl=net.ipv4.ip_unprivileged_port_start=77"]);
            let run = run.args(terminal).args(["-v", "vol:/etc/volume", "--rootfs", "./root"]);
            let output = run.args(["/bin/payload", "mounts"]).output();
            if output.code == 0 {
                protects_proc(&output);
            }
            host.is_untouched(&world);
        }
        world.coracle(["rm", "-f", "racer"]).succeeds();
    }
}

/// Wherever the program's proc file system is by now: what is hidden of it is hidden, and what is read-only is that. (Names
/// may change from line to line of the table.)
#[track_caller]
fn protects_proc(output: &Output) {
    let mounts: Vec<Vec<_>> = output.stdout.lines().map(|line| line.splitn(3, ' ').collect()).collect();
    let of =
        |name: &str| mounts.iter().find(|mount| mount[0].starts_with("/proc") && mount[0].ends_with(name));
    let is_there = |name: &str| fs::exists(format!("/proc{name}")).unwrap();
    for name in ["/sys", "/irq", "/bus"] {
        let is_read_only = of(name).is_some_and(|mount| mount[2].starts_with("ro,"));
        assert!(is_read_only || !is_there(name), "{name}: {output}");
    }
    for name in ["/kcore", "/keys", "/timer_list"] {
        assert!(of(name).is_some() || !is_there(name), "{name}: {output}");
    }
}

/// CVE-2025-31133, CVE-2025-52565: /dev itself is shared, and with it what is bound over masked files and the terminal.
#[test]
fn cve_2025_52565_devices_that_are_swapped() {
    requires!(Userns);
    let world = World::with_payload();
    let host = Host::new(&world);
    tree! {
        "dev/pts" => dir(), "dev/pts.link" => link("/proc/sys"), "dev/shm" => dir(), "dev/mqueue" => dir(),
        "dev/null" => file(""), "dev/null.link" => link("/proc/sys/kernel/core_pattern"),
        "dev/console" => file(""), "dev/console.link" => link("/proc/self/fd/0"),
        "dev/shm.link" => link(host.path()),
    }
    .write(&world.files());
    let script = "cat /proc/keys /proc/timer_list; mounts";
    for name in ["null", "pts", "console", "shm"] {
        racer(&world, "dev", &[name, &format!("{name}.link")]);
        for round in 0..rounds(40) {
            let terminal: &[&str] = if round % 2 == 0 { &["-t"] } else { &[] };
            let run = world.coracle(["run", "--rm", "-v", "./dev:/dev"]).args(terminal);
            let output = run.args(["box", "sh", "-c", script]).output();
            if output.code == 0 {
                // The hidden files are empty: the first line is a mount's.
                assert!(output.stdout.starts_with("/ "), "{output}");
                protects_proc(&output);
            }
            host.is_untouched(&world);
        }
        world.coracle(["rm", "-f", "racer"]).succeeds();
    }
}

/// CVE-2019-10152's class: what is copied into a volume at its first use follows a link that has just been put there.
#[test]
fn cve_2019_10152_a_volume_whose_directories_are_swapped_while_it_is_filled() {
    requires!(Userns);
    let world = World::new();
    let host = Host::new(&world);
    // Many directories, since each is in danger for a moment only.
    let layer = (0..200).fold(tree! { "data" => dir() }, |tree, n| {
        tree.and(format!("data/{n}"), dir()).and(format!("data/{n}/new"), file("x"))
    });
    world.load(&Image::payload().layer(layer), "box:latest");
    for _ in 0..rounds(8) {
        world.coracle(["volume", "create", "vol"]).succeeds();
        // The links wait beside the volume, which has to be empty.
        let volume = world.state().join("volumes/vol");
        let links = (0..200).fold(tree! {}, |tree, n| tree.and(format!("link{n}"), link(host.path())));
        links.write(&volume);
        let run =
            world.coracle(["run", "-d", "--name", "racer", "-v", &format!("{}:/shared", volume.display())]);
        let run = run.args(["box", "payload", "swap", "1000000000"]);
        run.args((0..200).flat_map(|n| [format!("/shared/link{n}"), format!("/shared/data/{n}")])).succeeds();
        wait_for(&world, "racer", "swapping");
        worked(&world.coracle(["run", "--rm", "-v", "vol:/data", "box", "true"]).output());
        world.coracle(["rm", "-f", "racer"]).succeeds();
        world.coracle(["volume", "rm", "vol"]).succeeds();
        host.is_untouched(&world);
    }
}

/// The same against `exec`, by the program of the container itself: its working directory and its files of users.
#[test]
fn cve_2024_21626_an_exec_whose_directory_is_swapped() {
    requires!(Userns);
    let world = World::with_payload();
    let layer = "mkdir /race; mkdir /race/a; symlink /proc/self/fd/3 /race/b; mkdir /race/c; symlink /proc/self/cwd /race/d; \
        mkfifo /etc/fifo; swap 1000000000 /race/a /race/b /race/c /race/d /etc/passwd /etc/fifo";
    world.coracle(["run", "-d", "--name", "racer", "box", "sh", "-c", layer]).succeeds();
    wait_for(&world, "racer", "swapping");
    for round in 0..rounds(100) {
        let path = if round % 2 == 0 { "/race/a" } else { "/race/c" };
        let output = world.coracle(["exec", "-u", "root", "-w", path, "racer", "payload", "cwd"]).output();
        assert!([0, 125, 126].contains(&output.code), "{output}");
        assert!(output.code != 0 || output.stdout.starts_with("/race/"), "{output}");
    }
}
