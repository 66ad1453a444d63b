//! What the container has of its own, and what it shares on request.

use super::{prints, refused, run};
use crate::world::{World, host::requires};

fn own(world: &World, options: &[&str], kind: &str) -> String {
    run(world, options, &["payload", "namespace", kind]).stdout.trim_end().to_owned()
}

fn hosts(kind: &str) -> String {
    std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().display().to_string()
}

#[test]
fn each_its_own_unless_asked() {
    requires!(Userns);
    let world = World::with_payload();
    for kind in ["pid", "ipc", "uts", "net", "mnt", "user"] {
        assert_ne!(own(&world, &[], kind), hosts(kind), "{kind}");
    }
    for (option, kind) in [("--ipc=host", "ipc"), ("--uts=host", "uts"), ("--network=host", "net")] {
        assert_eq!(own(&world, &[option], kind), hosts(kind), "{kind}");
    }
    assert_eq!(own(&world, &["--pid=host"], "pid"), hosts("pid"));
}

#[test]
fn another_containers() {
    requires!(Userns);
    let world = World::with_payload();
    let id = world.line(["run", "-d", "--name", "one", "box", "sleep", "1000"]);
    let inside = |kind| world.line(["exec", "one", "payload", "namespace", kind]);
    for (flag, kind) in [("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--network", "net")] {
        for name in ["one", &id[..12]] {
            assert_eq!(own(&world, &[&format!("{flag}=container:{name}")], kind), inside(kind), "{kind}");
        }
    }
    let output = run(&world, &["--pid=container:one"], &["payload", "ps"]);
    assert!(output.stdout.starts_with("1 S "), "{output}");
    for flag in ["--pid", "--ipc", "--uts", "--network"] {
        let output = run(&world, &[&format!("{flag}=container:missing")], &["true"]);
        assert!(output.code == 125 && output.stderr.contains("No such container: missing"), "{output}");
    }
}

#[test]
fn a_loopback_interface_and_no_other() {
    requires!(Userns);
    let world = World::with_payload();
    prints(
        &world,
        &[
            (&[], &["payload", "loopback"], "loopback works\n"),
            (&["--network", "none"], &["payload", "loopback"], "loopback works\n"),
            (&[], &["payload", "ls", "/sys/class/net"], "lo\n"),
        ],
    );
    assert_eq!(run(&world, &[], &["payload", "connect", "192.0.2.1:9"]).code, 1);
}

#[test]
fn user_namespaces() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let first = world.line(["exec", "one", "payload", "namespace", "user"]);
    assert_eq!(own(&world, &[], "user"), first, "containers with the same map share it");
    assert_ne!(own(&world, &["--userns=private"], "user"), first);
    world.coracle(["rm", "-f", "one"]).succeeds();
    assert_ne!(own(&world, &[], "user"), hosts("user"));
}

#[test]
fn kernel_parameters() {
    requires!(Userns);
    let world = World::with_payload();
    let options = ["--sysctl", "net.ipv4.ip_unprivileged_port_start=80"];
    prints(&world, &[(&options, &["cat", "/proc/sys/net/ipv4/ip_unprivileged_port_start"], "80\n")]);
    refused(
        &world,
        &[
            (&["--sysctl", "kernel.panic=1"], &["true"], "kernel.panic"),
            (&["--sysctl", "nonsense"], &["true"], "nonsense"),
        ],
    );
}
