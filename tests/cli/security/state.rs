//! What another user of the machine, or a container with the host's network, can reach of ours.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::wait_for;
use crate::world::{
    World,
    host::{self, requires},
};

fn beneath(dir: &Path) -> Vec<PathBuf> {
    let mut found = vec![dir.to_owned()];
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(beneath(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn sockets(world: &World) -> Vec<PathBuf> {
    let is_socket =
        |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| meta.file_type().is_socket());
    [world.runtime(), world.state()].iter().flat_map(|dir| beneath(dir)).filter(is_socket).collect()
}

/// CVE-2021-41091, CVE-2021-41103, CVE-2024-25621: directories of containers and sockets that others can enter.
#[test]
fn cve_2021_41091_others_cannot_enter_whatever_the_umask() {
    requires!(Userns, Program("sh"));
    for with_runtime_dir in [true, false] {
        let mut world = World::new();
        if !with_runtime_dir {
            world.unset("XDG_RUNTIME_DIR");
        }
        let archive = world
            .file("box.tar", crate::world::image::Image::payload().docker_archive(&["box:latest"]).tar());
        let line = format!(
            "umask 0; c={}; $c load -q -i {} && $c run -d --name one -v vol:/v box sleep 1000 && $c create -v /x box",
            env!("CARGO_BIN_EXE_coracle"),
            archive.display()
        );
        world.program("/bin/sh").args(["-c", &line]).succeeds();
        let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&world.state()), 0o700);
        let sockets = sockets(&world);
        assert!(!sockets.is_empty());
        for socket in sockets {
            assert_eq!(mode(&socket), 0o600, "{}", socket.display());
            assert_eq!(mode(socket.parent().unwrap()), 0o700, "{}", socket.display());
        }
    }
}

/// A socket that was opened to everybody by mistake still lets nobody in but its user.
#[test]
fn another_user_is_not_let_in_to_a_container() {
    requires!(Userns);
    if !host::is_root() {
        // Nobody else can play another user.
        return;
    }
    let world = World::with_payload();
    world.coracle(["run", "-d", "-i", "--name", "one", "box", "sh", "-c", "out ready; cat"]).succeeds();
    wait_for(&world, "one", "ready");
    let socket = sockets(&world).remove(0);
    let payload = world.files().join("payload");
    world.copy_program(host::payload(), &payload);
    let stranger = || world.program(&payload).args(["hear"]).arg(&socket).user(65_534);
    let world_dir = world.files().parent().unwrap().to_owned();
    let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    open(&world_dir);
    let output = stranger().output();
    assert_eq!((output.code, output.stderr.as_str()), (1, "hear: EACCES\n"), "{output}");
    socket.ancestors().take_while(|path| *path != world_dir).for_each(open);
    let running = stranger().spawn();
    world.until("it has ended or is let in", || {
        world.coracle(["ps", "-q"]).succeeds();
        fs::read(format!("/proc/{}/stat", running.pid.as_raw_nonzero()))
            .map_or(true, |stat| stat.windows(3).any(|part| part == b") Z"))
    });
    world.coracle(["rm", "-f", "one"]).succeeds();
    running.output().prints("0 bytes\n");
}

/// `sudo coracle` with the user's own state directory would leave root's files there, which the user cannot remove.
#[test]
fn a_store_of_another_user_is_refused() {
    requires!(Userns, Program("unshare"));
    if !host::is_root() {
        // Nobody else can play another user.
        return;
    }
    let world = World::new();
    fs::create_dir(world.state()).unwrap();
    let give = |uid, mode| {
        std::os::unix::fs::chown(world.state(), Some(uid), Some(uid)).unwrap();
        fs::set_permissions(world.state(), fs::Permissions::from_mode(mode)).unwrap();
    };
    give(54_321, 0o700);
    for command in [&["run", "--rm", "host:", "true"][..], &["ps"], &["load", "-q"], &["volume", "ls"]] {
        let output = world.coracle(command).output();
        assert!([1, 125].contains(&output.code), "{output}");
        assert_eq!(
            world.normal(&output.stderr),
            "coracle: the state directory $STATE belongs to uid 54321, and this is root (0)\n\
             hint: run it as uid 54321, or set CORACLE_ROOT to a directory of your own\n"
        );
    }
    world.coracle(["version"]).succeeds();
    assert_eq!(fs::read_dir(world.state()).unwrap().count(), 0);
    // Root of a user namespace that does not map the owner: whether it can write there decides.
    let nested = || world.program("unshare").arg("-r").args([env!("CARGO_BIN_EXE_coracle"), "ps", "-q"]);
    let output = nested().exits(1);
    assert!(output.stderr.contains("(65534), and this is root (0)"), "{output}");
    give(54_321, 0o777);
    nested().succeeds();
    give(0, 0o700);
    nested().succeeds();
}

/// CVE-2020-15257: an abstract socket is reached from every container that has the host's network.
#[test]
fn cve_2020_15257_no_socket_of_ours_is_abstract() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "-i", "--name", "one", "--network=host", "box", "cat"]).succeeds();
    let _attached = world.coracle(["attach", "one"]).spawn();
    let pid: u32 = world.line(["inspect", "-f", "{{.State.Pid}}", "one"]).parse().unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let monitor: u32 = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().parse().unwrap();
    let inodes: Vec<_> = fs::read_dir(format!("/proc/{monitor}/fd"))
        .unwrap()
        .filter_map(|entry| fs::metadata(entry.unwrap().path()).ok())
        .filter(|meta| meta.file_type().is_socket())
        .map(|meta| meta.ino().to_string())
        .collect();
    assert!(!inodes.is_empty(), "the monitor has a socket");
    let abstract_ones: Vec<_> = fs::read_to_string("/proc/net/unix")
        .unwrap()
        .lines()
        .filter(|line| line.contains(" @"))
        .map(str::to_owned)
        .collect();
    let is_ours = |line: &&String| {
        line.contains("coracle")
            || line.split_whitespace().nth(6).is_some_and(|inode| inodes.iter().any(|own| own == inode))
    };
    assert_eq!(abstract_ones.iter().find(is_ours), None);
    world.coracle(["rm", "-f", "one"]).succeeds();
}
