use std::{
    fs::{self, File},
    os::{fd::AsFd, unix::fs::symlink},
    path::Path,
};

use rustix::fs::{CWD, FileType, Mode};
use tempfile::TempDir;

use super::*;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\n\
    daemon:x:1:1::/usr/sbin:/bin/false\n\
    broken:x:4294967296:5::/:\n\
    worse:x:-1:0::/:\n\
    \n\
    1000:x:7:7::/seven:\n\
    me:x:500:501:Me:/home/me:/bin/sh\n\
    odd:x:502:502::home\x07:/bin/sh";
const GROUP: &str = "root:x:0:\nwheel:x:10:root,me\ndaemon:x:1:\nme:x:501:\naudio:x:63:me\nbroken:x:0x0:\n";

fn root(passwd: Option<&str>, group: Option<&str>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("etc")).unwrap();
    for (name, content) in [("etc/passwd", passwd), ("etc/group", group)] {
        if let Some(content) = content {
            fs::write(dir.path().join(name), content).unwrap();
        }
    }
    dir
}

fn resolve_in(root: &Path, user: &str, further: &[&str]) -> anyhow::Result<Identity> {
    let further: Vec<_> = further.iter().map(|&name| name.to_owned()).collect();
    resolve(File::open(root).unwrap().as_fd(), user, &further)
}

#[test]
fn users_and_groups_resolve_as_docker() {
    let dir = root(Some(PASSWD), Some(GROUP));
    type Case<'a> = (&'a str, &'a [&'a str], u32, &'a [u32], &'a str);
    let cases: [Case<'_>; 14] = [
        ("", &[], 0, &[0, 10], "/root"),
        ("0", &[], 0, &[0, 10], "/root"),
        ("root", &[], 0, &[0, 10], "/root"),
        ("me", &[], 500, &[501, 10, 63], "/home/me"),
        ("500", &[], 500, &[501, 10, 63], "/home/me"),
        ("me:audio", &[], 500, &[63], "/home/me"),
        ("me:7", &[], 500, &[7], "/home/me"),
        ("me:0", &["audio", "99"], 500, &[0, 63, 99], "/home/me"),
        ("me", &["501", "wheel", "5"], 500, &[501, 10, 63, 5], "/home/me"),
        ("1000", &[], 7, &[7], "/seven"),
        ("1001", &[], 1001, &[0], "/"),
        ("1001:1002", &[], 1001, &[1002], "/"),
        (":5", &[], 0, &[5], "/root"),
        ("2147483647:2147483647", &[], 2_147_483_647, &[2_147_483_647], "/"),
    ];
    for (user, further, uid, groups, home) in cases {
        let identity = resolve_in(dir.path(), user, further).unwrap();
        let want = Identity { uid, gid: groups[0], groups: groups.to_vec(), home: home.to_owned() };
        assert_eq!(identity, want, "{user:?} {further:?}");
    }
}

#[test]
fn names_that_are_not_there_are_errors() {
    let dir = root(Some(PASSWD), Some(GROUP));
    for (user, further, want) in [
        ("nobody", &[][..], "unable to find user nobody: no matching entry in passwd file"),
        ("0x0", &[][..], "unable to find user 0x0: no matching entry in passwd file"),
        ("broken", &[][..], "unable to find user broken: no matching entry in passwd file"),
        ("worse", &[][..], "unable to find user worse: no matching entry in passwd file"),
        ("me:nogroup", &[][..], "unable to find group nogroup: no matching entry in group file"),
        ("me:broken", &[][..], "unable to find group broken: no matching entry in group file"),
        ("me", &["x"][..], "unable to find group x: no matching entry in group file"),
    ] {
        assert_eq!(format!("{:#}", resolve_in(dir.path(), user, further).unwrap_err()), want);
    }
}

#[test]
fn an_image_without_the_files_has_numbers_only() {
    let dir = root(None, None);
    let want = Identity { uid: 5, gid: 6, groups: vec![6], home: "/".to_owned() };
    assert_eq!(resolve_in(dir.path(), "5:6", &[]).unwrap(), want);
    assert!(resolve_in(dir.path(), "root", &[]).is_err());
    assert_eq!(resolve_in(dir.path(), "", &[]).unwrap().groups, [0]);
}

/// CVE-2024-40635, CVE-2026-46680, CVE-2026-30892.
#[test]
fn cve_2024_40635_ids_that_overflow_or_slip_are_refused() {
    let dir = root(Some(PASSWD), Some(GROUP));
    for user in [
        "4294967296",
        "4294967295",
        "2147483648",
        "99999999999999999999",
        "-1",
        "+1",
        "1000:",
        ":",
        "0:",
        "0::0",
        "0:0:0",
        " 0",
        "0 ",
        "0\n",
        "root ",
        "1 000",
        "0:-1",
        "0:4294967296",
        "0: 1",
        "0:+0",
        "\0",
        "٣ ",
    ] {
        let error = resolve_in(dir.path(), user, &[]).expect_err(user);
        assert!(!format!("{error:#}").contains('\n'), "{user:?}");
    }
    for group in ["-1", "", "4294967296", "a b", "1:2"] {
        assert!(resolve_in(dir.path(), "0", &[group]).is_err(), "{group:?}");
    }
}

/// CVE-2024-9676, CVE-2026-47262.
#[test]
fn cve_2024_9676_a_passwd_file_that_is_none_is_refused() {
    let fifo = |path: &Path| rustix::fs::mknodat(CWD, path, FileType::Fifo, Mode::from(0o666), 0).unwrap();
    let giant = |path: &Path| File::create(path).unwrap().set_len(10 << 30).unwrap();
    let directory = |path: &Path| fs::create_dir(path).unwrap();
    let itself = |path: &Path| symlink("passwd", path).unwrap();
    type Make<'a> = &'a dyn Fn(&Path);
    let cases: [(Make<'_>, &str); 4] = [
        (&fifo, "read the container's /etc/passwd: not a regular file"),
        (&giant, "read the container's /etc/passwd: larger than 10 MiB"),
        (&directory, "read the container's /etc/passwd: not a regular file"),
        (&itself, "open the container's /etc/passwd: "),
    ];
    for (make, want) in cases {
        let dir = root(None, Some(GROUP));
        make(&dir.path().join("etc/passwd"));
        let error = resolve_in(dir.path(), "0", &[]).unwrap_err();
        assert!(format!("{error:#}").starts_with(want), "{error:#}");
    }
}

#[test]
fn cve_2024_9676_links_stay_inside_the_root() {
    let outside = root(Some("evil:x:66:66::/evil:\n"), None);
    let host = outside.path().join("etc/passwd");
    for link in [host.to_str().unwrap(), &format!("../../../../../../../..{}", host.display())] {
        let dir = root(None, None);
        symlink(link, dir.path().join("etc/passwd")).unwrap();
        assert!(resolve_in(dir.path(), "evil", &[]).is_err(), "{link}");
    }
    // A link to a file of the image works as in the container.
    let dir = root(None, None);
    fs::write(dir.path().join("real"), PASSWD).unwrap();
    symlink("/real", dir.path().join("etc/passwd")).unwrap();
    assert_eq!(resolve_in(dir.path(), "me", &[]).unwrap().uid, 500);
}

#[test]
fn a_giant_line_is_no_obstacle() {
    let passwd = format!("long:x:1:1:{}\nme:x:500:501::/home/me:", "x".repeat(1 << 20));
    let dir = root(Some(&passwd), Some(&format!("many:x:3:{}me\n", "user,".repeat(1 << 16))));
    assert_eq!(resolve_in(dir.path(), "me", &[]).unwrap().groups, [501, 3]);
}
