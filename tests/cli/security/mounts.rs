//! What an image puts where we mount, copy or make something.

use serde_json::json;

use super::{Host, refused, run, with_layer};
use crate::world::{
    World,
    host::requires,
    image::Image,
    tree::{dir, fifo, file, hardlink, link, tree},
};

/// CVE-2019-16884, CVE-2019-19921, CVE-2023-27561, CVE-2023-28642: with /proc or /sys elsewhere, what protects a
/// program's /proc and what we write there go nowhere. CVE-2026-41579: with /dev elsewhere, devices land on the host.
#[test]
fn cve_2019_19921_a_system_directory_of_the_image_is_a_directory() {
    requires!(Userns);
    for name in ["proc", "sys", "dev"] {
        let world = World::new();
        let host = Host::new(&world);
        let up = format!("{}{}", "../".repeat(20), host.path());
        let cases = [
            tree! { name => link(host.path()) },
            tree! { name => link(&up) },
            tree! { "tmp/real" => dir(), name => link("/tmp/real") },
            tree! { name => link("/") },
            tree! { name => link(name) },
            tree! { name => file("") },
            tree! { name => fifo() },
        ];
        for layer in cases {
            world.load(&Image::payload().layer(layer), "box:latest");
            for options in [&[][..], &["-t"], &["-d"], &["--privileged"], &["--network=host"]] {
                refused(&world, &run(&world, options, &["true"]));
            }
        }
        host.is_untouched(&world);
    }
}

/// CVE-2026-41579 one level down: /dev is a fresh file system, so what the image has there does not count.
#[test]
fn cve_2026_41579_what_the_image_has_in_dev_is_covered() {
    requires!(Userns);
    let world = World::new();
    let host = Host::new(&world);
    let layer = ["pts", "shm", "mqueue", "null", "console", "tty", "fd", "core"]
        .iter()
        .fold(tree! { "dev" => dir() }, |tree, name| tree.and(format!("dev/{name}"), link(host.path())));
    world.load(&Image::payload().layer(layer), "box:latest");
    for options in [&[][..], &["-t"], &["--device=/dev/zero:/dev/other"], &["--privileged"]] {
        let output = run(&world, options, &["payload", "stat", "/dev/pts", "/dev/shm", "/dev/null"]);
        let kinds: Vec<_> = output.stdout.lines().filter_map(|line| line.split(' ').nth(1)).collect();
        assert_eq!((output.code, kinds), (0, vec!["dir", "dir", "char"]), "{output}");
    }
    host.is_untouched(&world);
}

/// CVE-2024-9341: what a container gets without being asked is mounted through links of the image.
#[test]
fn cve_2024_9341_our_own_files_stay_in_the_root() {
    requires!(Userns);
    for names in [&["etc/hosts", "etc/hostname", "etc/resolv.conf"][..], &["etc"]] {
        let world = World::new();
        let host = Host::new(&world);
        let up = format!("{}{}", "../".repeat(20), host.path());
        for target in
            [host.path().to_owned(), up, format!("{}/secret", host.path()), format!("{}/new", host.path())]
        {
            let layer = names.iter().fold(tree! {}, |tree, name| tree.and(name, link(&target)));
            world.load(&Image::payload().layer(layer), "box:latest");
            let output = world.coracle(["run", "--name", "one", "box", "payload", "mounts"]).output();
            assert!([0, 125].contains(&output.code), "{target}: {output}");
            world.coracle(["start", "-a", "one"]).output();
            world.coracle(["rm", "-f", "one"]).output();
            host.is_untouched(&world);
        }
    }
}

/// CVE-2019-16884, CVE-2025-52881: a volume, of the user's or of the image, over /proc or a part of it.
#[test]
fn cve_2019_16884_nothing_is_mounted_over_proc() {
    requires!(Userns);
    let world = World::with_payload();
    let places =
        ["/proc", "/proc/", "/proc/self", "/proc/self/attr", "/proc/sys", "/x/../proc/1", "/proc/./keys"];
    for place in places {
        for options in [
            &["-v", &format!("vol:{place}")][..],
            &["--tmpfs", place],
            &["--mount", &format!("type=tmpfs,target={place}")],
            &["--mount", &format!("type=bind,source=/tmp,target={place}")],
        ] {
            refused(&world, &run(&world, options, &["true"]));
        }
        let world = with_layer(tree! {}, json!({"Volumes": {place: {}}}));
        refused(&world, &run(&world, &[], &["true"]));
    }
}

/// CVE-2025-52881: what is written for `--sysctl` goes to the kernel, whatever the image has under that name.
#[test]
fn cve_2025_52881_a_kernel_parameter_goes_to_the_kernel() {
    requires!(Userns);
    let name = "proc/sys/net/ipv4/ip_unprivileged_port_start";
    let world = with_layer(
        tree! { "proc" => dir(), "proc/self" => link("/tmp"), name => file("of the image") },
        json!({}),
    );
    let options = ["--name=one", "--sysctl=net.ipv4.ip_unprivileged_port_start=77"];
    world.coracle(["run"]).args(options).args(["box", "cat", &format!("/{name}")]).succeeds().prints("77\n");
    let upper = world.snapshot("containers");
    assert!(!upper.iter().any(|line| line.contains("ip_unprivileged_port_start")), "{upper:?}");
}

/// CVE-2026-55686: a working directory behind a link of the image is made, and given away, on the host.
#[test]
fn cve_2026_55686_a_working_directory_is_made_in_the_root() {
    requires!(Userns);
    let world = World::new();
    let host = Host::new(&world);
    let up = format!("{}{}", "../".repeat(20), host.path());
    let layer = tree! { "out" => link(host.path()), "up" => link(&up), "a" => dir(), "a/b" => link(&up) };
    let image = Image::payload().layer(layer);
    for path in ["/out", "/out/new", "/up/new/deep", "/a/b/new", "/a/../up/sub/new"] {
        world.load(&image.clone().config(json!({"WorkingDir": path})), "box:latest");
        let output = run(&world, &[], &["payload", "cwd"]);
        assert!(
            output.code == 0 && output.stdout.starts_with(host.path()),
            "the same path in the root: {output}"
        );
        host.is_untouched(&world);
        world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
        let output = world.coracle(["exec", "-w", path, "one", "payload", "ls", "."]).succeeds();
        assert!(!output.stdout.contains("secret"), "{output}");
        world.coracle(["rm", "-f", "one"]).succeeds();
        host.is_untouched(&world);
    }
}

/// CVE-2020-1726, CVE-2022-23648: the first use of a volume copies what the image has there, through its links.
#[test]
fn cve_2022_23648_a_volume_is_filled_from_the_image_alone() {
    requires!(Userns);
    let world = World::new();
    let host = Host::new(&world);
    let up = format!("{}{}", "../".repeat(20), host.path());
    let layer = || tree! { "out" => link(host.path()), "up" => link(&up), "data" => dir(), "data/secret" => link(&format!("{}/secret", host.path())) };
    for place in ["/out", "/up", "/up/sub", "/data", "/x/../up", &up, "/data/../../../up"] {
        for overlay in ["", "overlay"] {
            let image = Image::payload().layer(layer()).config(json!({"Volumes": {place: {}}}));
            world.load(&image, "box:latest");
            let run = world.coracle(["run", "--rm", "-v", "named:/out", "box", "payload", "ls", "/"]);
            let output = run.env("CORACLE_WITHOUT", overlay).output();
            assert!([0, 125].contains(&output.code), "{place}: {output}");
            let volumes = world.snapshot("volumes").join("\n");
            let secret = crate::world::image::digest(super::HOST_SECRET.as_bytes());
            assert!(!volumes.contains(&secret), "{place}: {volumes}");
            host.is_untouched(&world);
            world.coracle(["volume", "prune", "-a", "-f"]).succeeds();
        }
    }
    // A volume that has files is the user's, and the image adds nothing and replaces nothing.
    let image = Image::payload()
        .layer(tree! { "data" => dir(), "data/mine" => file("of the image"), "data/more" => file("") });
    world.load(&image, "box:latest");
    run(&world, &["-v", "kept:/x"], &["payload", "write", "/x/mine", "of the user"]);
    let output = run(&world, &["-v", "kept:/data"], &["sh", "-c", "cat /data/mine; ls /data"]);
    assert_eq!(output.stdout, "of the user\nmine\n", "{output}");
}

/// A program that makes further names for files of its image, and writes through them, writes into its own layer.
#[test]
fn hard_links_do_not_reach_the_store() {
    requires!(Userns);
    let layer = tree! { "etc/one" => file("of the image"), "etc/two" => hardlink("etc/one") };
    let world = with_layer(layer, json!({}));
    let before = (world.snapshot("layers"), world.snapshot("blobs"));
    let script = "ln /etc/passwd /etc/third; append /etc/third x; ln /bin/payload /tmp/p; chmod 777 /tmp/p; append /etc/two x; \
        mv /etc/one /tmp/one; append /tmp/one x";
    for without in ["", "overlay"] {
        world.coracle(["run", "--rm", "box", "sh", "-c", script]).env("CORACLE_WITHOUT", without).succeeds();
        assert_eq!((world.snapshot("layers"), world.snapshot("blobs")), before, "without {without:?}");
    }
}

/// CVE-2023-25809: without a cgroup namespace of its own, a container can write into its caller's cgroups. (Only
/// `--privileged` may, as with docker.)
#[test]
fn cve_2023_25809_cgroups_are_read_only() {
    requires!(Userns);
    let world = World::with_payload();
    for options in [&[][..], &["--network=host"], &["--pid=host"], &["--cap-add=SYS_ADMIN"]] {
        let mounts = run(&world, options, &["payload", "mounts"]).stdout;
        for line in mounts.lines().filter(|line| line.contains(" cgroup")) {
            assert!(
                line.split(' ').nth(2).is_some_and(|flags| flags.starts_with("ro,")),
                "{options:?}: {line}"
            );
        }
        let output = run(&world, options, &["payload", "mkdir", "/sys/fs/cgroup/pwned"]);
        assert_ne!(output.code, 0, "{options:?}: {output}");
    }
}
