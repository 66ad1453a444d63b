//! Descriptors of the host that a program could inherit, or reach by name.

use serde_json::json;

use super::{refused, run, with_layer};
use crate::world::{
    World,
    host::requires,
    tree::{link, tree},
};

/// CVE-2024-21626: a descriptor of the host's, still open at that moment, as the working directory.
#[test]
fn cve_2024_21626_no_descriptor_is_a_working_directory() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--rm", "--name", "one", "box", "sleep", "1000"]).succeeds();
    for number in 3..64 {
        let path = format!("/proc/self/fd/{number}");
        for init in [&["--init"][..], &[]] {
            let output = run(&world, &[init, &["-w", &path]].concat(), &["payload", "cwd"]);
            assert_eq!((output.code, output.stdout.as_str()), (125, ""), "{output}");
        }
        let output = world.coracle(["exec", "-w", &path, "one", "payload", "cwd"]).output();
        assert!(output.code >= 125 && output.stdout.is_empty(), "{output}");
    }
}

/// The same by the image, directly and by its links, with and without a terminal and a monitor.
#[test]
fn cve_2024_21626_no_image_names_a_descriptor() {
    requires!(Userns);
    let paths = [
        "/proc/self/fd/7",
        "/proc/self/fd/7/../../..",
        "/proc/1/fd/8",
        "/proc/self/cwd",
        "/proc/self/root",
        "/proc/thread-self/fd/3",
        "/proc/self/fd/../../self/fd/7",
        "/dev/fd/7",
        "/link",
        "/link/..",
        "/up",
    ];
    for path in paths {
        let layer = tree! { "link" => link("/proc/self/fd/7"), "up" => link("/proc/self/fd/7/../../..") };
        let world = with_layer(layer, json!({"WorkingDir": path}));
        for options in [&[][..], &["--init"], &["-t"], &["-d"]] {
            refused(&world, &run(&world, options, &["payload", "cwd"]));
        }
    }
}

/// Whatever the caller or we have open, the program has its three streams and no more.
#[test]
fn cve_2024_21626_the_program_has_three_descriptors() {
    requires!(Userns, Program("sh"));
    let world = World::with_payload();
    let coracle = env!("CARGO_BIN_EXE_coracle");
    // Opened by the caller's shell, without close-on-exec.
    let with_more = |words: &str| {
        let line = format!("exec 3</ 4</etc/passwd 8>&1 9</; exec {coracle} {words}");
        world.program("/bin/sh").args(["-c", &line]).succeeds().stdout
    };
    let check = |said: &str, what: &str| {
        let numbers: Vec<_> = said.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(numbers, ["0", "1", "2"], "{what}: {said}");
    };
    for options in ["", "--init", "-t", "--privileged --init", "--pid=host", "--userns=private"] {
        check(&with_more(&format!("run --rm {options} box payload fds")), options);
    }
    with_more("run -d --name one box sh -c 'fds; sleep 1000'");
    let mut said = String::new();
    world.until("it has told", || {
        said = world.coracle(["logs", "one"]).succeeds().stdout;
        said.lines().count() >= 3
    });
    check(&said, "-d");
    // The second container joins the first one's user namespace by another way.
    check(&with_more("run --rm --pid=container:one box payload fds"), "a neighbour");
    for options in ["", "-t", "--privileged"] {
        check(&with_more(&format!("exec {options} one payload fds")), "exec");
    }
}
