//! Records that a power loss or a hand tore: they are told, block nobody, and can be removed.

use std::fs;

use rustix::process::{Pid, Signal};

use crate::world::{World, host::requires};

const TORN: &str = "{bad";

impl World {
    fn container(&self, name: &str) -> std::path::PathBuf {
        let id = fs::read_link(self.state().join("names").join(name)).unwrap();
        self.state().join("containers").join(id)
    }

    fn list(&self, of: &str) -> usize {
        fs::read_dir(self.state().join(of)).unwrap().count()
    }
}

fn damaged(record: &str) -> World {
    let world = World::with_payload();
    world.coracle(["run", "--name", "torn", "-v", "vol:/v", "box", "sh", "-c", "write /new x"]).succeeds();
    world.coracle(["create", "--name", "whole", "box", "true"]).succeeds();
    fs::write(world.container("torn").join(record), TORN).unwrap();
    world
}

#[test]
fn a_damaged_container_is_told_and_can_be_removed() {
    requires!(Userns);
    for record in ["config.json", "state.json"] {
        let world = damaged(record);
        let before = world.snapshot("containers");
        let listed = world.coracle(["ps", "-a", "--format", "{{.Names}}"]).succeeds();
        listed.prints("whole\n");
        let told = format!(
            "coracle: warning: container <short> cannot be read: \
             parse $STATE/containers/<id>/{record}: key must be a string at line 1 column 2\n"
        );
        assert_eq!(world.normal(&listed.stderr), told);
        let refused = world.coracle(["rm", "torn"]).exits(1);
        assert!(
            refused.stderr.contains(record) && refused.stderr.contains("hint: 'coracle rm -f "),
            "{refused}"
        );
        for reader in [&["info"][..], &["system", "df"], &["images"], &["volume", "ls"]] {
            world.coracle(reader).succeeds();
        }
        assert_eq!(world.snapshot("containers"), before, "a read deletes nothing");
        world.coracle(["rm", "-f", "torn"]).succeeds().prints("torn\n").complains("");
        assert_eq!((world.list("containers"), world.list("names")), (1, 1));
        world.coracle(["create", "--name", "torn", "box"]).succeeds();
    }
}

#[test]
fn a_prune_and_a_replacement_take_a_damaged_container() {
    requires!(Userns);
    for record in ["config.json", "state.json"] {
        for prune in [&["container", "prune", "-f"][..], &["system", "prune", "-f"]] {
            let world = damaged(record);
            let filtered = [prune, &["--filter", "label=none"]].concat();
            world.coracle(&filtered).succeeds();
            assert_eq!(world.list("containers"), 2, "nobody knows its labels");
            world.coracle(prune).succeeds();
            assert_eq!((world.list("containers"), world.list("names")), (0, 0), "{record} {prune:?}");
        }
        let world = damaged(record);
        world.coracle(["create", "--replace", "--name", "torn", "box"]).succeeds();
        assert_eq!((world.list("containers"), world.list("names")), (2, 2));
    }
}

#[test]
fn a_damaged_container_that_runs_is_not_pruned_and_ends_first() {
    requires!(Userns);
    let world = World::with_payload();
    let run = |name: &str| {
        world.coracle(["run", "-d", "--name", name, "box", "sleep", "1000"]).succeeds();
        world.container(name)
    };
    let (config, state) = (run("config"), run("state"));
    fs::write(config.join("config.json"), TORN).unwrap();
    let whole = fs::read(state.join("state.json")).unwrap();
    fs::write(state.join("state.json"), TORN).unwrap();
    world.coracle(["system", "prune", "-f"]).succeeds();
    assert_eq!(world.list("containers"), 2);
    world.coracle(["rm", "-f", "config"]).succeeds();
    let refused = world.coracle(["rm", "-f", "state"]).exits(1);
    assert!(refused.stderr.contains("state.json") && refused.stderr.contains("is in use"), "{refused}");
    fs::write(state.join("state.json"), whole).unwrap();
    world.coracle(["rm", "-f", "state"]).succeeds();
    assert_eq!((world.list("containers"), world.list("names")), (0, 0));
}

/// The monitor knows how its container ended, whatever became of the record meanwhile.
#[test]
fn the_end_is_written_over_a_damaged_state() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let pid = world.line(["inspect", "-f", "{{.State.Pid}}", "one"]).parse().unwrap();
    fs::write(world.container("one").join("state.json"), TORN).unwrap();
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    world.until("its end is written down", || {
        let listed = world.coracle(["ps", "-a", "--format", "{{.Status}}"]).output();
        listed.stdout.starts_with("Exited (137)")
    });
}

#[test]
fn a_record_of_a_later_version_is_kept() {
    requires!(Userns);
    let world = damaged("config.json");
    let config = world.container("torn").join("config.json");
    fs::write(config, r#"{"version":2,"new":true}"#).unwrap();
    let listed = world.coracle(["ps", "-a", "-q"]).succeeds();
    assert!(listed.stderr.contains("a later version of coracle wrote it (format 2)"), "{listed}");
    world.coracle(["rm", "-f", "torn"]).exits(1);
    world.coracle(["container", "prune", "-f"]).exits(1);
    assert_eq!(world.list("containers"), 1);
    fs::write(world.container("torn").join("config.json"), TORN).unwrap();
}

#[test]
fn a_damaged_volume_is_told_and_can_be_removed() {
    let world = World::new();
    let damage = || {
        world.coracle(["volume", "create", "torn"]).succeeds();
        fs::write(world.state().join("volumes/torn/volume.json"), TORN).unwrap();
    };
    world.coracle(["volume", "create", "whole"]).succeeds();
    damage();
    let listed = world.coracle(["volume", "ls", "-q"]).succeeds();
    listed.prints("whole\n");
    assert_eq!(
        world.normal(&listed.stderr),
        "coracle: warning: volume torn cannot be read: \
         parse $STATE/volumes/torn/volume.json: key must be a string at line 1 column 2\n"
    );
    let refused = world.coracle(["volume", "rm", "torn"]).exits(1);
    assert!(refused.stderr.contains("hint: 'coracle volume rm -f "), "{refused}");
    world.coracle(["volume", "prune", "-f"]).succeeds();
    assert_eq!(world.list("volumes"), 2, "nobody knows whether it is anonymous");
    world.coracle(["volume", "rm", "-f", "torn"]).succeeds().prints("torn\n");
    damage();
    world.coracle(["volume", "prune", "-a", "-f"]).succeeds();
    assert_eq!(world.list("volumes"), 0);
}

#[test]
fn a_damaged_index_says_what_to_do() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box", "true"]).succeeds();
    let index = world.state().join("index.json");
    fs::write(&index, TORN).unwrap();
    for command in [&["images"][..], &["image", "prune", "-f"], &["rmi", "box"]] {
        let output = world.coracle(command).output();
        assert_eq!(
            world.normal(&output.stderr).lines().last().unwrap_or_default(),
            "hint: delete $STATE/index.json: that loses the images' names alone, which another load gives back; \
             what no container needs goes with the next load or 'coracle system prune'",
            "{output}"
        );
        assert!(output.stderr.contains("index.json: key must be"), "{output}");
    }
    fs::remove_file(&index).unwrap();
    world.coracle(["start", "-a", "one"]).succeeds();
    world.coracle(["rm", "one"]).succeeds();
    world.coracle(["system", "prune", "-f"]).succeeds();
    assert_eq!(world.content(), [""; 0]);
}

/// An error of the kernel's says of what.
#[test]
fn a_store_that_cannot_be_written_or_listed() {
    requires!(Userns, Program("unshare"), Program("mount"), Program("sh"));
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box", "true"]).succeeds();
    let script = r#"
        mount --bind $CORACLE_ROOT $CORACLE_ROOT && mount -o remount,bind,ro $CORACLE_ROOT || exit
        $coracle system prune -f
        $coracle container prune -f
        $coracle rmi -f box
    "#;
    let output = world
        .program("unshare")
        .args(["-rm", "/bin/sh", "-c", script])
        .env("coracle", env!("CARGO_BIN_EXE_coracle"))
        .exits(1);
    let container = "coracle: lock $STATE/containers/<id>/lock: Read-only file system\n";
    let index = "coracle: lock $STATE/locks/index: Read-only file system\n";
    assert_eq!(world.normal(&output.stderr), format!("{container}{index}{container}{index}"));

    let world = World::new();
    fs::create_dir(world.state()).unwrap();
    fs::write(world.state().join("containers"), "").unwrap();
    let output = world.coracle(["ps"]).exits(1);
    assert_eq!(world.normal(&output.stderr), "coracle: list $STATE/containers: Not a directory\n");
    fs::remove_file(world.state().join("containers")).unwrap();
}
