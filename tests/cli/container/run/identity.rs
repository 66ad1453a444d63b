//! Who the program is: users, groups, identity maps.

use std::os::unix::fs::MetadataExt;

use serde_json::json;

use super::{prints, refused, run};
use crate::world::{
    World,
    host::{self, requires},
    image::Image,
    tree::{dir, fifo, file, link, tree},
};

#[test]
fn users_and_groups() {
    requires!(Userns, Range);
    let world = World::with_payload();
    prints(
        &world,
        &[
            (&[], &["id"], "uid=0 gid=0 groups=0\n"),
            (&["-u", "cora"], &["id"], "uid=1000 gid=1000 groups=1000,2000\n"),
            (&["-u", "1000"], &["id"], "uid=1000 gid=1000 groups=1000,2000\n"),
            (&["-u", "cora:crew"], &["id"], "uid=1000 gid=2000 groups=2000\n"),
            (&["-u", "1234"], &["id"], "uid=1234 gid=0 groups=0\n"),
            (&["-u", "1234:5678"], &["id"], "uid=1234 gid=5678 groups=5678\n"),
            (&["-u", ":2000"], &["id"], "uid=0 gid=2000 groups=2000\n"),
            (&["--group-add", "crew", "--group-add", "77"], &["id"], "uid=0 gid=0 groups=0,77,2000\n"),
        ],
    );
}

#[test]
fn users_that_are_none() {
    requires!(Userns);
    let world = World::with_payload();
    refused(
        &world,
        &[
            (&["-u", "nobody-here"], &["true"], "nobody-here"),
            (&["-u", "0:no-group"], &["true"], "no-group"),
            (&["-u", "4294967296"], &["true"], "4294967296"),
            (&["-u", "4294967295"], &["true"], "4294967295"),
            (&["-u=-1"], &["true"], "-1"),
            (&["-u", "a:b:c"], &["true"], "a:b:c"),
            (&["--group-add", "no-group"], &["true"], "no-group"),
        ],
    );
}

#[test]
fn one_id_is_enough_for_an_image_of_many_owners() {
    requires!(Userns, Single);
    let world = World::new();
    let layer = tree! {
        "srv" => dir().owner(33, 33),
        "srv/mail" => file("mail").owner(8, 1_516_583_083).mode(0o4640),
    };
    world.load(&Image::payload().layer(layer), "box:latest");
    prints(&world, &[(&[], &["cat", "/srv/mail"], "mail")]);
    assert_eq!(run(&world, &[], &["id"]).stdout, ids_of_root());
    refused(&world, &[(&["-u", "33"], &["true"], "33")]);
}

#[test]
fn owners_are_those_of_the_image() {
    requires!(Userns, Range);
    let world = World::new();
    let layer = tree! {
        "srv" => dir().owner(33, 34).mode(0o2750),
        "srv/a" => file("mail").owner(8, 12).mode(0o4640).mtime(1_234_567_890, 123_456_789),
        "srv/l" => link("a").owner(1, 2),
        "srv/p" => fifo().owner(3, 4).mode(0o600),
    };
    world.load(&Image::payload().layer(layer), "box:latest");
    let expected = "/srv dir 2750 33:34 1600000000.000000000\n\
        /srv/a file 4640 8:12 4 1234567890.123456789\n\
        /srv/l link 0777 1:2 1 1600000000.000000000\n\
        /srv/p fifo 0600 3:4 0 1600000000.000000000\n";
    prints(&world, &[(&[], &["payload", "stat", "/srv", "/srv/a", "/srv/l", "/srv/p"], expected)]);
}

/// `-v` of the caller's directory: what container root makes there is the caller's.
#[test]
fn files_made_by_container_root_are_the_callers() {
    requires!(Userns);
    let world = World::with_payload();
    let bind = format!("{}:/w", world.files().display());
    prints(&world, &[(&["-v", &bind], &["payload", "write", "/w/made", "x"], "")]);
    let made = std::fs::metadata(world.files().join("made")).unwrap();
    let own = std::fs::metadata(world.files()).unwrap();
    assert_eq!((made.uid(), made.gid()), (own.uid(), own.gid()));
}

#[test]
fn the_caller_keeps_his_id() {
    requires!(Userns, Unprivileged);
    let world = World::with_payload();
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let bind = format!("{}:/w", world.files().display());
    let output = run(&world, &["--userns", "keep-id", "-v", &bind], &["sh", "-c", "id; write /w/kept x"]);
    assert!(output.stdout.starts_with(&format!("uid={uid} gid={gid} ")), "{output}");
    let kept = std::fs::metadata(world.files().join("kept")).unwrap();
    assert_eq!((kept.uid(), kept.gid()), (uid, gid));
}

/// What `id` says to a container's root. Where the map has one group, the kernel lets nobody change the caller's
/// supplementary ones, and shows those that the map does not have as the overflow id.
fn ids_of_root() -> String {
    let caller = rustix::process::getegid();
    let groups = match host::has_range() {
        true => vec![caller],
        false => rustix::process::getgroups().unwrap(),
    };
    let inside = groups.iter().map(|group| if *group == caller { "0" } else { "65534" });
    format!("uid=0 gid=0 groups={}\n", inside.collect::<Vec<_>>().join(","))
}

/// Names are looked up in the container's own files; a hostile image may have anything in their place.
#[test]
fn odd_passwd_files() {
    requires!(Userns);
    let cases = [
        ("a link out", tree! { "etc/passwd" => link("../../../../../../../etc/passwd") }),
        ("an absolute link", tree! { "etc/passwd" => link("/proc/self/root/etc/passwd") }),
        ("a FIFO", tree! { "etc/passwd" => fifo() }),
        ("a directory", tree! { "etc/passwd" => dir() }),
        ("a loop", tree! { "etc/passwd" => link("passwd") }),
        ("no colons", tree! { "etc/passwd" => file("root\n\n:::\nx:y:z\n") }),
        ("/etc itself a link", tree! { "etc" => link("/tmp") }),
    ];
    for (what, layer) in cases {
        let world = World::new();
        world.load(&Image::payload().layer(layer), "box:latest");
        let output = run(&world, &[], &["id"]);
        assert!(output.code == 0 && output.stdout == ids_of_root() || output.code == 125, "{what}: {output}");
        let output = run(&world, &["-u", "no-one"], &["id"]);
        assert_eq!(output.code, 125, "{what}: {output}");
    }
}

#[test]
fn the_users_of_images_are_data() {
    requires!(Userns);
    for user in ["4294967296", "root\nx", "../../x", "a:b:c", "-5"] {
        let world = World::new();
        world.load(&Image::payload().config(json!({"User": user})), "box:latest");
        refused(&world, &[(&[], &["true"], "")]);
    }
}
