//! Processes of ours that a container can see, and must not get into.

use super::{leaks, wait_for};
use crate::world::{World, host::requires};

/// How many of our processes the spy must have met, so that its silence means something.
const ENOUGH: usize = 20;

/// A container that may trace, and looks for our processes all the time.
fn spied_on(options: &[&str]) -> World {
    let world = World::with_payload();
    let run = world.coracle(["run", "-d", "--name", "spy", "--cap-add", "SYS_PTRACE", "--ulimit", "core=0"]);
    run.args(options).args(["box", "payload", "spy"]).succeeds();
    wait_for(&world, "spy", "spying");
    world
}

/// Runs commands until the spy has met enough of our processes, and expects that it has got into none.
fn attack(world: &World, command: &[&str], name: &str) {
    let met = || {
        let log = world.coracle(["logs", "spy"]).succeeds().stdout;
        log.lines().filter(|line| *line == format!("met {name}")).count()
    };
    world.until("the spy has met enough of us", || {
        for _ in 0..10 {
            world.coracle(command).succeeds();
        }
        met() >= ENOUGH
    });
    assert_eq!(leaks(world, "spy"), [""; 0]);
}

/// CVE-2016-9962: the process that joins a container for `exec` still has descriptors of the host.
#[test]
fn cve_2016_9962_exec_cannot_be_traced_while_it_joins() {
    requires!(Userns);
    let world = spied_on(&[]);
    attack(&world, &["exec", "-e", "A=SECRET", "spy", "true"], "coracle-exec");
}

/// The same of a container that is being started in the spy's process namespace, and in its user namespace.
#[test]
fn cve_2016_9962_a_start_cannot_be_traced_by_a_neighbour() {
    requires!(Userns);
    let world = spied_on(&[]);
    let run = ["run", "--rm", "--pid=container:spy", "-e", "A=SECRET", "box", "true"];
    attack(&world, &run, "coracle-init");
}
