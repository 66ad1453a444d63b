//! Containers of one user share a user namespace: what one of them may do there must not reach the others.

use super::wait_for;
use crate::world::{World, host::requires};

/// A program that goes to a user namespace of its own making has every right over those who come there. The next
/// container does not: the note that leads to the shared namespace names that very process.
#[test]
fn a_container_that_leaves_its_user_namespace_takes_nobody_along() {
    requires!(Userns);
    let world = World::with_payload();
    let run = world.coracle(["run", "-d", "--name", "one", "--security-opt", "seccomp=unconfined"]);
    run.args(["box", "payload", "nest"]).succeeds();
    wait_for(&world, "one", "nested");
    let pid = world.line(["inspect", "-f", "{{.State.Pid}}", "one"]);
    let nested = std::fs::read_link(format!("/proc/{pid}/ns/user")).unwrap().display().to_string();
    for options in [&["--rm"][..], &["--rm", "-t"], &["--rm", "--init"]] {
        let run = world.coracle(["run"]).args(options).args(["box", "payload", "namespace", "user"]);
        let own = run.succeeds().stdout;
        assert_ne!(own.trim_end(), nested);
    }
    // Who asks for this very container's namespaces gets a clear answer.
    for kind in ["pid", "ipc", "uts", "network"] {
        let output =
            world.coracle(["run", "--rm", &format!("--{kind}=container:one"), "box", "true"]).exits(125);
        output.complains("coracle: container one has gone to a user namespace of its own making\n");
    }
    // It is still the container's own user who enters it.
    assert_eq!(world.line(["exec", "one", "payload", "namespace", "user"]), nested);
}

/// Two containers do not see each other's processes, files or sockets, though they share a user namespace and its rights.
#[test]
fn rights_over_the_shared_user_namespace_reach_no_other_container() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "-e", "A=SECRET", "box", "sleep", "1000"]).succeeds();
    let options = ["--privileged", "--cap-add=ALL", "--name=two"];
    world.coracle(["run", "-d"]).args(options).args(["box", "payload", "spy"]).succeeds();
    wait_for(&world, "two", "spying");
    let shared = |name| world.line(["exec", name, "payload", "namespace", "user"]);
    assert_eq!(shared("one"), shared("two"));
    let seen = world.coracle(["exec", "two", "payload", "ps"]).succeeds().stdout;
    assert_eq!(seen.lines().count(), 2, "{seen}");
    assert_eq!(super::leaks(&world, "two"), [""; 0]);
}
