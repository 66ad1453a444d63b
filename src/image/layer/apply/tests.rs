//! What layers hold, and what hostile ones try.

#![allow(clippy::print_stderr, clippy::type_complexity)] // skipped tests say so; tables are what they are

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use super::super::testing::{
    Entry, Tar, header, is_root, list, open, records_of, seal, tree_of, unpack, unpack_for,
};
use crate::sys::userns::IdMap;

/// Checks the tree that an archive makes: `path: what list() says`, one a line.
fn assert_tree(case: &str, archive: &[u8], expected: &[(&str, &str)]) {
    let tree = tree_of(archive).unwrap_or_else(|error| panic!("{case}: {error}"));
    let found: Vec<_> = tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(found, expected, "{case}");
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let mut value = vec![0; 1024];
    let length = rustix::fs::lgetxattr(path, name, value.as_mut_slice()).ok()?;
    value.truncate(length);
    Some(value)
}

#[test]
fn every_kind_of_file() {
    let archive = Tar::new()
        .dir("./")
        .dir("./etc/")
        .file("./etc/passwd", "root")
        .symlink("./etc/link", "../anywhere")
        .hard_link("./etc/hard", "./etc/passwd")
        .hard_link("linked-link", "etc/link")
        .of_kind(b'6', "fifo")
        .file("/abs/./file", "missing parents are made")
        .push(Entry { name: b"suid", data: b"x", mode: 0o6755, ..Entry::default() })
        .push(Entry { kind: b'5', name: b"sticky", mode: 0o1777, ..Entry::default() })
        .push(Entry { kind: b'5', name: b"group", mode: 0o2775, ..Entry::default() })
        .file("group/file", "")
        .push(Entry { kind: b'5', name: b"closed", mode: 0o500, ..Entry::default() })
        .file("closed/inside", "y")
        .push(Entry { kind: 0, name: b"old/", mode: 0o755, ..Entry::default() })
        .end();
    assert_tree(
        "kinds",
        &archive,
        &[
            ("abs", "dir 755"),
            ("abs/file", "file 644 missing parents are made"),
            ("closed", "dir 500"),
            ("closed/inside", "file 644 y"),
            ("etc", "dir 755"),
            ("etc/hard", "file 644 root"),
            ("etc/link", "link ../anywhere"),
            ("etc/passwd", "file 644 root"),
            ("fifo", "fifo 644"),
            ("group", "dir 2775"),
            ("group/file", "file 644 "),
            ("linked-link", "link ../anywhere"),
            ("old", "dir 755"),
            ("sticky", "dir 1777"),
            ("suid", "file 6755 x"),
        ],
    );
}

#[test]
fn the_last_of_several_entries_wins() {
    let cases: &[(&str, Tar, &[(&str, &str)])] = &[
        ("file twice", Tar::new().file("a", "1").file("a", "2"), &[("a", "file 644 2")]),
        ("directory, then file", Tar::new().dir("a").file("a/b", "").file("a", "x"), &[("a", "file 644 x")]),
        (
            "file, then directory",
            Tar::new().file("a", "x").dir("a").file("a/b", "y"),
            &[("a", "dir 755"), ("a/b", "file 644 y")],
        ),
        (
            "directory, file and directory again",
            Tar::new().dir("a").file("a/old", "").file("a", "x").dir("a").file("a/new", "y"),
            &[("a", "dir 755"), ("a/new", "file 644 y")],
        ),
        (
            "a directory keeps what is in it and takes the later mode",
            Tar::new().file("a/b", "x").push(Entry {
                kind: b'5',
                name: b"a",
                mode: 0o711,
                ..Entry::default()
            }),
            &[("a", "dir 711"), ("a/b", "file 644 x")],
        ),
        (
            "a link keeps the content of a file that is replaced",
            Tar::new().file("a", "old").hard_link("b", "a").file("a", "new"),
            &[("a", "file 644 new"), ("b", "file 644 old")],
        ),
        ("link to itself", Tar::new().file("a", "x").hard_link("./a", "a"), &[("a", "file 644 x")]),
        (
            "directory over symlink",
            Tar::new().symlink("a", "/tmp").dir("a").file("a/b", "x"),
            &[("a", "dir 755"), ("a/b", "file 644 x")],
        ),
        ("file over symlink", Tar::new().symlink("a", "/etc/passwd").file("a", "x"), &[("a", "file 644 x")]),
    ];
    for (case, tar, expected) in cases {
        assert_tree(case, &tar.clone().end(), expected);
    }
}

#[test]
fn whiteouts_speak_of_the_layers_below() {
    let opaque = |dir: &std::path::Path| attribute(dir, "user.overlay.opaque").is_some();
    let cases: &[(&str, Tar, &[(&str, &str)], &[&str])] = &[
        (
            "a whiteout",
            Tar::new().dir("a").file("a/.wh.b", ""),
            &[("a", "dir 755"), ("a/b", "device 0")],
            &[],
        ),
        (
            "in a directory that is not named",
            Tar::new().file("a/.wh.b", ""),
            &[("a", "dir 755"), ("a/b", "device 0")],
            &[],
        ),
        ("a bare 0:0 device", Tar::new().of_kind(b'3', "a"), &[("a", "device 0")], &[]),
        ("file after its whiteout", Tar::new().file(".wh.a", "").file("a", "x"), &[("a", "file 644 x")], &[]),
        (
            "file before its whiteout",
            Tar::new().file("a", "x").file(".wh.a", ""),
            &[("a", "file 644 x")],
            &[],
        ),
        ("directory after its whiteout", Tar::new().file(".wh.a", "").dir("a"), &[("a", "dir 755")], &["a"]),
        ("directory before its whiteout", Tar::new().dir("a").file(".wh.a", ""), &[("a", "dir 755")], &["a"]),
        (
            "whiteouts in a replaced directory",
            Tar::new().file("a/.wh.b", "").file(".wh.a", "").dir("a"),
            &[("a", "dir 755")],
            &["a"],
        ),
        ("an opaque directory", Tar::new().dir("a").file("a/.wh..wh..opq", ""), &[("a", "dir 755")], &["a"]),
        (
            "whiteouts before, after and below an opaque mark",
            Tar::new()
                .file("a/.wh.x", "")
                .file("a/b/.wh.y", "")
                .file("a/.wh..wh..opq", "")
                .file("a/.wh.z", ""),
            &[("a", "dir 755")],
            &["a"],
        ),
        (
            "marks of aufs",
            Tar::new()
                .file(".wh..wh.aufs", "")
                .dir(".wh..wh.plnk")
                .file(".wh..wh.plnk/1.2", "")
                .file("a", ""),
            &[("a", "file 644 ")],
            &[],
        ),
    ];
    for (case, tar, expected, opaque_directories) in cases {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        match unpack(dir.path(), &tar.clone().end()) {
            Err(error) if format!("{error:#}").contains("mknodat") => {
                return eprintln!("skipped: whiteouts_speak_of_the_layers_below: {error:#}");
            }
            result => drop(result.unwrap_or_else(|error| panic!("{case}: {error:#}"))),
        }
        let mut tree = list(&root);
        tree.retain(|path, _| *path != "a/b" || expected.iter().any(|(path, _)| *path == "a/b"));
        let found: Vec<_> = tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(found, *expected, "{case}");
        for (path, _) in found {
            let is_opaque = opaque(&root.join(path));
            assert_eq!(is_opaque, opaque_directories.contains(&path), "{case}: {path}");
        }
    }
}

#[test]
fn names_and_numbers_of_the_extended_headers() {
    let long = "d/".repeat(80) + "file";
    let link = "t".repeat(150);
    let archive = Tar::new()
        .extended(b'L', format!("{long}\0").as_bytes())
        .file("cut", "gnu")
        .extended(b'K', format!("{link}\0").as_bytes())
        .symlink("gnu-link", "cut")
        .pax(&[("path", b"pax\nname"), ("size", b"3"), ("mtime", b"1234567890.123456789")])
        .push(Entry { name: b"cut", data: b"pax", size: Some(0), ..Entry::default() })
        .pax(&[("linkpath", link.as_bytes())])
        .symlink("pax-link", "cut")
        .extended(b'g', &records_of(&[("mtime", b"77"), ("comment", b"all")]))
        .file("global", "")
        .end();
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &archive).unwrap();
    let root = dir.path().join("root");
    assert_eq!(fs::read(root.join(&long)).unwrap(), b"gnu");
    assert_eq!(fs::read_link(root.join("gnu-link")).unwrap().to_str(), Some(link.as_str()));
    assert_eq!(fs::read_link(root.join("pax-link")).unwrap().to_str(), Some(link.as_str()));
    assert_eq!(fs::read(root.join("pax\nname")).unwrap(), b"pax");
    let metadata = fs::metadata(root.join("pax\nname")).unwrap();
    assert_eq!((metadata.mtime(), metadata.mtime_nsec()), (1_234_567_890, 123_456_789));
    assert_eq!(fs::metadata(root.join("global")).unwrap().mtime(), 77);
}

#[test]
fn directories_keep_their_times_whatever_is_put_into_them_later() {
    let archive = Tar::new()
        .push(Entry { kind: b'5', name: b"./", mode: 0o751, mtime: 11, ..Entry::default() })
        .push(Entry { kind: b'5', name: b"a", mode: 0o755, mtime: 22, ..Entry::default() })
        .dir("b")
        .push(Entry { name: b"a/file", mtime: 33, ..Entry::default() })
        .file("a/.wh.gone", "")
        .push(Entry { kind: b'2', name: b"a/link", link: b"x", mtime: 44, ..Entry::default() })
        .end();
    let dir = tempfile::tempdir().unwrap();
    if let Err(error) = unpack(dir.path(), &archive) {
        return eprintln!("skipped: directories_keep_their_times_whatever_is_put_into_them_later: {error:#}");
    }
    let root = dir.path().join("root");
    for (path, mtime) in [("", 11), ("a", 22), ("b", 1_000_000_000), ("a/file", 33), ("a/link", 44)] {
        assert_eq!(fs::symlink_metadata(root.join(path)).unwrap().mtime(), mtime, "{path:?}");
    }
    assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o7777, 0o751);
}

#[test]
fn sparse_files_of_all_four_kinds() {
    let mut old =
        header(&Entry { kind: b'S', name: b"old", size: Some(6), magic: b"ustar  \0", ..Entry::default() });
    for (at, number) in [(386, 0), (398, 3), (410, 40_000), (422, 3)] {
        old[at..at + 11].copy_from_slice(format!("{number:011o}").as_bytes());
    }
    old[483..494].copy_from_slice(format!("{:011o}", 50_000).as_bytes());
    let mut extended =
        header(&Entry { kind: b'S', name: b"ext", size: Some(6), magic: b"ustar  \0", ..Entry::default() });
    extended[386..482].copy_from_slice(&[0; 96]);
    extended[482] = 1;
    extended[483..494].copy_from_slice(format!("{:011o}", 50_000).as_bytes());
    let mut extension = [0; 512];
    for (at, number) in [(0, 0), (12, 3), (24, 40_000), (36, 3)] {
        extension[at..at + 11].copy_from_slice(format!("{number:011o}").as_bytes());
    }
    let map = b"2\n0\n3\n40000\n3\n";
    let mut data = map.to_vec();
    data.resize(512, 0);
    data.extend_from_slice(b"onetwo");
    let archive = Tar::new()
        .raw(&seal(old))
        .raw(b"onetwo")
        .raw(&[0; 506])
        .raw(&seal(extended))
        .raw(&extension)
        .raw(b"onetwo")
        .raw(&[0; 506])
        .pax(&[
            ("GNU.sparse.size", b"50000"),
            ("GNU.sparse.numblocks", b"2"),
            ("GNU.sparse.offset", b"0"),
            ("GNU.sparse.numbytes", b"3"),
            ("GNU.sparse.offset", b"40000"),
            ("GNU.sparse.numbytes", b"3"),
        ])
        .file("v00", "onetwo")
        .pax(&[
            ("GNU.sparse.size", b"50000"),
            ("GNU.sparse.map", b"0,3,40000,3"),
            ("GNU.sparse.name", b"v01"),
        ])
        .file("GNUSparseFile.1/v01", "onetwo")
        .pax(&[
            ("GNU.sparse.major", b"1"),
            ("GNU.sparse.minor", b"0"),
            ("GNU.sparse.name", b"v10"),
            ("GNU.sparse.realsize", b"50000"),
        ])
        .push(Entry { name: b"GNUSparseFile.1/v10", data: &data, ..Entry::default() })
        .file("after", "x")
        .end();
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &archive).unwrap();
    for name in ["old", "ext", "v00", "v01", "v10"] {
        let content = fs::read(dir.path().join("root").join(name)).unwrap();
        assert_eq!(content.len(), 50_000, "{name}");
        assert_eq!((&content[..4], &content[39_999..40_004]), (&b"one\0"[..], &b"\0two\0"[..]), "{name}");
    }
    assert!(dir.path().join("root/after").exists());
}

#[test]
fn a_sparse_file_of_ten_gigabytes_costs_nothing() {
    let archive = Tar::new()
        .pax(&[
            ("GNU.sparse.size", b"10737418240"),
            ("GNU.sparse.map", b"0,1"),
            ("GNU.sparse.name", b"etc/passwd"),
        ])
        .file("x", "r")
        .end();
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &archive).unwrap();
    let metadata = fs::metadata(dir.path().join("root/etc/passwd")).unwrap();
    assert_eq!(metadata.len(), 10 << 30);
    assert!(metadata.blocks() < 100);
}

#[test]
fn what_the_disk_cannot_hold_is_noted() {
    let archive = Tar::new()
        .push(Entry { name: b"far", mode: 0o4755, uid: 1_516_583_083, gid: 205_001, ..Entry::default() })
        .push(Entry { kind: b'5', name: b"dir", mode: 0o750, uid: 42, gid: 0, ..Entry::default() })
        .push(Entry { kind: b'3', name: b"null", mode: 0o666, device: (1, 3), ..Entry::default() })
        .push(Entry { kind: b'4', name: b"disk", mode: 0o660, gid: 6, device: (8, 0), ..Entry::default() })
        .push(Entry { kind: b'2', name: b"link", link: b"x", uid: 33, ..Entry::default() })
        .file("plain", "")
        .end();
    let dir = tempfile::tempdir().unwrap();
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    unpack_for(dir.path(), &archive, &IdMap::single(uid, gid)).unwrap();
    let root = dir.path().join("root");
    if attribute(&root.join("far"), "user.coracle.owner").is_none() {
        return eprintln!(
            "skipped: what_the_disk_cannot_hold_is_noted: no user attributes on this file system"
        );
    }
    for (path, mode, note) in [
        ("far", 0o755, Some("1516583083:205001:4755")),
        ("dir", 0o750, Some("42:0:750")),
        ("null", 0, Some("0:0:666:c:1:3")),
        ("disk", 0, Some("0:6:660:b:8:0")),
        ("plain", 0o644, None),
    ] {
        let metadata = fs::symlink_metadata(root.join(path)).unwrap();
        assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o7777), (uid, gid, mode), "{path}");
        assert!(metadata.is_file() || metadata.is_dir(), "{path}");
        // To read it takes the permission to read, or the capability to do without.
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(0o700)).unwrap();
        let found = attribute(&root.join(path), "user.coracle.owner");
        assert_eq!(found.as_deref(), note.map(str::as_bytes), "{path}");
    }
}

#[test]
fn owners_that_the_map_has_are_set() {
    if !is_root() {
        return eprintln!("skipped: owners_that_the_map_has_are_set: needs root, or a range of ids");
    }
    let archive = Tar::new()
        .push(Entry { name: b"file", mode: 0o4750, uid: 33, gid: 4, data: b"x", ..Entry::default() })
        .push(Entry { kind: b'5', name: b"dir", mode: 0o2775, uid: 0, gid: 8, ..Entry::default() })
        .file("dir/in-a-set-gid-directory", "")
        .push(Entry { kind: b'2', name: b"link", link: b"x", uid: 1, gid: 2, ..Entry::default() })
        .push(Entry { kind: b'6', name: b"fifo", uid: 3, gid: 4, ..Entry::default() })
        .push(Entry { name: b"far", uid: 205_001, gid: 1_516_583_083, ..Entry::default() })
        .end();
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &archive).unwrap();
    for (path, owner, mode) in [
        ("file", (33, 4), 0o4750),
        ("dir", (0, 8), 0o2775),
        ("dir/in-a-set-gid-directory", (0, 0), 0o644),
        ("link", (1, 2), 0o777),
        ("fifo", (3, 4), 0o644),
        ("far", (205_001, 1_516_583_083), 0o644),
    ] {
        let metadata = fs::symlink_metadata(dir.path().join("root").join(path)).unwrap();
        assert_eq!(((metadata.uid(), metadata.gid()), metadata.mode() & 0o7777), (owner, mode), "{path}");
    }
}

#[test]
fn a_user_namespace_sets_the_owners_of_its_range_and_notes_the_others() {
    use crate::sys::{
        testing::{alone, in_child},
        userns,
    };
    if !alone() {
        return;
    }
    let map = userns::best_map();
    if map.is_single() {
        return eprintln!(
            "skipped: a_user_namespace_sets_the_owners_of_its_range_and_notes_the_others: no range of ids"
        );
    }
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let archive = Tar::new()
        .push(Entry { name: b"owned", mode: 0o4750, uid: 33, gid: 4, data: b"x", ..Entry::default() })
        .push(Entry { kind: b'3', name: b"null", mode: 0o666, device: (1, 3), ..Entry::default() })
        .push(Entry { kind: b'5', name: b"closed", mode: 0, uid: 33, ..Entry::default() })
        .file("closed/.wh.gone", "")
        .pax(&[("SCHILY.xattr.security.capability", &capability)])
        .push(Entry { name: b"ping", mode: 0o755, uid: 7, ..Entry::default() })
        .end();
    in_child(|| {
        let dir = tempfile::tempdir()?;
        if let Err(error) = userns::enter(&map) {
            eprintln!("skipped: a_user_namespace_sets_the_owners_of_its_range_and_notes_the_others: {error}");
            return Ok(());
        }
        unpack_for(dir.path(), &archive, &map)?;
        let root = dir.path().join("root");
        for (path, owner, mode) in
            [("owned", (33, 4), 0o4750), ("null", (0, 0), 0), ("closed", (33, 0), 0), ("ping", (7, 0), 0o755)]
        {
            let metadata = fs::symlink_metadata(root.join(path))?;
            assert_eq!(((metadata.uid(), metadata.gid()), metadata.mode() & 0o7777), (owner, mode), "{path}");
        }
        assert_eq!(attribute(&root.join("null"), "user.coracle.owner").unwrap(), b"0:0:666:c:1:3");
        // The kernel gives it back as it was set, for it has noted our root beside it.
        assert_eq!(attribute(&root.join("ping"), "security.capability").unwrap(), capability);
        crate::sys::remove::remove_tree(open(dir.path()), b"root")?;
        Ok(())
    });
}

#[test]
fn attributes_and_capabilities() {
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let archive = Tar::new()
        .pax(&[
            ("SCHILY.xattr.user.kept", b"a\nb\0c"),
            ("SCHILY.xattr.user.overlay.opaque", b"y"),
            ("SCHILY.xattr.user.coracle.owner", b"0:0:4755"),
            ("SCHILY.xattr.trusted.overlay.opaque", b"y"),
            ("SCHILY.xattr.security.selinux", b"label"),
            ("SCHILY.xattr.security.capability", &capability),
        ])
        .push(Entry { name: b"file", data: b"x", mode: 0o555, ..Entry::default() })
        .end();
    let dir = tempfile::tempdir().unwrap();
    unpack(dir.path(), &archive).unwrap();
    let path = dir.path().join("root/file");
    let mut names = vec![0; 4096];
    let length = rustix::fs::flistxattr(open(&path), names.as_mut_slice()).unwrap();
    let names: Vec<_> = names[..length].split(|b| *b == 0).filter(|name| !name.is_empty()).collect();
    if !names.contains(&&b"user.kept"[..]) {
        return eprintln!("skipped: attributes_and_capabilities: no user attributes on this file system");
    }
    assert_eq!(attribute(&path, "user.kept").unwrap(), b"a\nb\0c");
    let stored = if is_root() { "security.capability" } else { "user.coracle.capability" };
    assert_eq!(attribute(&path, stored).unwrap(), capability);
    assert_eq!(names.iter().filter(|name| !name.starts_with(b"security.selinux")).count(), 2, "{names:?}");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o555);
}

#[test]
fn many_levels_and_many_siblings() {
    let deep = vec!["d"; 150].join("/");
    let mut tar = Tar::new();
    for n in 0..100 {
        let path = format!("{deep}/{n}");
        tar = tar.pax(&[("path", path.as_bytes())]).file("x", "y");
        let above = format!("{}/up-{n}", vec!["d"; n + 1].join("/"));
        tar = tar.pax(&[("path", above.as_bytes())]).file("x", "y");
    }
    let tree = tree_of(&tar.end()).unwrap();
    assert_eq!(tree.len(), 150 + 200);
}

#[test]
fn an_archive_may_end_in_several_ways() {
    let tar = || Tar::new().file("a", "x");
    for (case, archive) in [
        ("two blocks of zeros", tar().end()),
        ("none", tar().open()),
        ("one", tar().raw(&[0; 512]).open()),
        ("padding and anything after the end", tar().raw(&[0; 1024]).raw(b"anything").open()),
        ("another archive after the end", tar().raw(&[0; 1024]).file("b", "").end()),
    ] {
        assert_tree(case, &archive, &[("a", "file 644 x")]);
    }
    assert_tree("nothing at all", b"", &[]);
}

mod hostile;
mod reference;
