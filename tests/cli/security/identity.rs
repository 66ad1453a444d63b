//! Who a program is, and what it may do: by the user's word, never by the image's files or a number that wraps around.

use serde_json::json;

use super::{HOST_SECRET, Host, refused, run, wait_for, with_layer};
use crate::world::{
    Output, World,
    host::requires,
    image::Image,
    tree::{dir, fifo, file, link, tree},
};

/// CVE-2024-40635, CVE-2026-46680, CVE-2026-30892: a number too large, or none at all, ends as root.
#[test]
fn cve_2024_40635_what_is_no_user_is_not_root() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--rm", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let other = World::new();
    let users = [
        "4294967296",
        "4294967295",
        "2147483648",
        "-1",
        "+0",
        "0x0",
        " 0",
        "0 ",
        "\t0",
        "1e1",
        "0.0",
        "\u{660}",
        "18446744073709551616",
        "1000:",
        "0:4294967296",
        "0:-1",
        "0:0x0",
        "0:0:0",
        "root:",
        "0: 0",
        "nobody-here",
        "root\0",
        "$(id -u)",
        "../../etc/passwd",
    ];
    for user in users.iter().filter(|user| !user.contains('\0')) {
        let output = run(&other, &["-u", user], &["id"]);
        assert!(output.code == 125 && output.stdout.is_empty(), "{user:?}: {output}");
        let output = run(&world, &[&format!("--user={user}")], &["id"]);
        assert!(output.code == 125 && output.stdout.is_empty(), "{user:?}: {output}");
        let output = world.coracle(["exec", &format!("--user={user}"), "one", "id"]).output();
        assert!(output.code >= 125 && output.stdout.is_empty(), "{user:?}: {output}");
        let output = run(&world, &[&format!("--group-add={user}")], &["id"]);
        assert!(user.starts_with("root") || output.code == 125, "{user:?}: {output}");
    }
    for user in users {
        let image = Image::payload().config(json!({"User": user}));
        other.load(&image, "box:latest");
        refused(&other, &run(&other, &[], &["id"]));
    }
}

/// A limit on memory, and no time to wait: a command that reads what it should not fails by it.
fn bounded(world: &World, words: &str) -> Output {
    let line = format!("ulimit -v 400000; exec {} {words}", env!("CARGO_BIN_EXE_coracle"));
    world.program("/bin/sh").args(["-c", &line]).output()
}

/// CVE-2024-9676, CVE-2026-47262: the image's /etc/passwd or /etc/group is read, whatever it is.
#[test]
fn cve_2024_9676_odd_files_in_the_image() {
    requires!(Userns, Program("sh"));
    for name in ["etc/passwd", "etc/group"] {
        let world = World::new();
        let host = Host::new(&world);
        let secret = format!("{}/secret", host.path());
        let up = format!("{}{secret}", "../".repeat(20));
        let cases = [
            tree! { name => fifo() },
            tree! { name => dir() },
            tree! { name => link(&secret) },
            tree! { name => link(&up) },
            tree! { name => link("/proc/self/fd/0") },
            tree! { name => link("/dev/zero") },
            tree! { name => link(name) },
        ];
        for layer in cases {
            world.load(&Image::payload().layer(layer), "box:latest");
            for user in ["", "-u nobody-here", "-u host-user", "-u 0:host-user"] {
                let output = bounded(&world, &format!("run --rm {user} box true"));
                assert!(output.code == 125 || user.is_empty() && output.code == 0, "{name}: {output}");
                assert!(!output.stderr.contains(HOST_SECRET.trim_end()), "{output}");
            }
        }
        host.is_untouched(&world);
    }
}

/// The same by a program in the container, before the next start and under a running `exec`.
#[test]
fn cve_2024_9676_odd_files_in_the_container() {
    requires!(Userns, Program("sh"));
    for name in ["/etc/passwd", "/etc/group"] {
        let world = World::with_payload();
        for make in [
            format!("truncate 10737418240 {name}"),
            format!("rm {name}; mkfifo {name}"),
            format!("rm {name}; symlink /dev/zero {name}"),
        ] {
            let script = format!("{make}; out made; sleep 1000");
            world.coracle(["run", "-d", "--name", "one", "box", "sh", "-c", &script]).succeeds();
            wait_for(&world, "one", "made");
            for user in ["0:0", "root", "nobody-here"] {
                let output = bounded(&world, &format!("exec -u {user} one true"));
                assert!(output.code >= 125, "{make}, {user}: {output}");
                assert!(output.stderr.contains(name), "{make}, {user}: {output}");
            }
            world.coracle(["stop", "-t", "0", "one"]).succeeds();
            // What /dev/zero is becomes clear only when there is a /dev.
            let output = bounded(&world, "start one");
            let is_clear = output.code != 0 && output.stderr.contains(name);
            assert!(is_clear || make.contains("/dev/zero"), "{make}: {output}");
            world.coracle(["rm", "-f", "one"]).succeeds();
        }
    }
}

/// CVE-2022-27649, -27650, -27651, -29162, -24769: capabilities that the program's children inherit.
#[test]
fn cve_2022_24769_no_capability_is_inheritable() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "--cap-add=ALL", "box", "sleep", "1000"]).succeeds();
    let command = ["payload", "status", "CapInh", "CapAmb"];
    let none = "CapInh: 0000000000000000\nCapAmb: 0000000000000000\n";
    for options in [
        &[][..],
        &["--privileged"],
        &["--cap-add=ALL"],
        &["--init"],
        &["--privileged", "--init"],
        &["--security-opt=no-new-privileges"],
        &["--pid=container:one"],
    ] {
        assert_eq!(run(&world, options, &command).stdout, none, "{options:?}");
    }
    for options in [&[][..], &["--privileged"], &["-u", "0:0"]] {
        let output = world.coracle(["exec"]).args(options).arg("one").args(command).succeeds();
        assert_eq!(output.stdout, none, "{options:?}");
    }
}

/// CVE-2022-2989, CVE-2022-2990, CVE-2022-2995, CVE-2022-36109: a group that a file refuses, and that the program was not
/// given or has got rid of.
#[test]
fn cve_2022_2990_groups_are_those_of_the_image_and_the_flags() {
    requires!(Userns, Range);
    let layer = tree! { "crew-not" => file("for others\n").owner(0, 2000).mode(0o604), "own-not" => file("for others\n").owner(0, 1000).mode(0o604) };
    let world = with_layer(layer, json!({}));
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let cases: &[(&[&str], &str, &[&str])] = &[
        (&["-u", "cora"], "uid=1000 gid=1000 groups=1000,2000\n", &["/crew-not", "/own-not"]),
        (&["-u", "1000"], "uid=1000 gid=1000 groups=1000,2000\n", &["/crew-not", "/own-not"]),
        (&["-u", "1000:1000"], "uid=1000 gid=1000 groups=1000\n", &["/own-not"]),
        (&["-u", "1234:2000"], "uid=1234 gid=2000 groups=2000\n", &["/crew-not"]),
        (&["-u", "1234"], "uid=1234 gid=0 groups=0\n", &[]),
    ];
    for (user, id, closed) in cases {
        for exec in [false, true] {
            let of = |command: &[&str]| match exec {
                true => world.coracle(["exec"]).args(*user).arg("one").args(command).output(),
                false => run(&world, user, command),
            };
            assert_eq!(of(&["id"]).stdout, *id, "{user:?}");
            for path in ["/crew-not", "/own-not"] {
                let output = of(&["cat", path]);
                assert_eq!(output.code != 0, closed.contains(&path), "{user:?}: {output}");
            }
        }
    }
}
