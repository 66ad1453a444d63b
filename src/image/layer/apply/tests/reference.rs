//! The same archives, read by GNU tar where the host has it: both must see the same tree.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use super::super::super::testing::{Entry, Tar, list, unpack};

/// Extracts with the host's tar; `None` where it has none that is GNU's.
#[allow(clippy::disallowed_methods)] // the reference is a program of the host
fn extract(dir: &Path, archive: &[u8]) -> Option<BTreeMap<String, String>> {
    let version = Command::new("tar").arg("--version").output().ok()?;
    if !version.stdout.starts_with(b"tar (GNU tar)") {
        return None;
    }
    let root = dir.join("reference");
    fs::create_dir(&root).unwrap();
    fs::write(dir.join("archive"), archive).unwrap();
    let arguments = ["--extract", "--preserve-permissions", "--no-same-owner", "--file"];
    let result =
        Command::new("tar").args(arguments).arg(dir.join("archive")).arg("-C").arg(&root).output().unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    Some(list(&root))
}

/// An archive as the host's tar writes it, of a tree with what formats differ in.
#[allow(clippy::disallowed_methods)] // the reference is a program of the host
fn written_by_reference(dir: &Path, format: &[&str]) -> Vec<u8> {
    let source = dir.join("source");
    fs::create_dir_all(source.join("d".repeat(120)).join("e".repeat(120))).unwrap();
    fs::write(source.join("d".repeat(120)).join("e".repeat(120)).join("file"), "long").unwrap();
    fs::write(source.join("small"), "x").unwrap();
    fs::hard_link(source.join("small"), source.join("z-linked")).unwrap();
    std::os::unix::fs::symlink("t".repeat(140), source.join("link")).unwrap();
    let sparse = fs::File::create(source.join("sparse")).unwrap();
    for part in 0..12 {
        std::os::unix::fs::FileExt::write_all_at(&sparse, b"data", part * 200_000).unwrap();
    }
    sparse.set_len(3_000_000).unwrap();
    let mut tar = Command::new("tar");
    let result =
        tar.args(["--create", "--sparse"]).args(format).arg("-C").arg(&source).arg(".").output().unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    result.stdout
}

#[test]
fn gnu_tar_sees_the_same_tree() {
    let cases: &[(&str, Tar)] = &[
        (
            "kinds",
            Tar::new().dir("a").file("a/f", "x").symlink("l", "a/f").hard_link("h", "a/f").of_kind(b'6', "p"),
        ),
        ("names", Tar::new().extended(b'L', ("x".repeat(180) + "\0").as_bytes()).file("cut", "y")),
        ("pax", Tar::new().pax(&[("path", "p/".repeat(90).as_bytes()), ("mtime", b"5.25")]).dir("cut")),
        (
            "size",
            Tar::new().pax(&[("size", b"3")]).push(Entry {
                name: b"f",
                data: b"abc",
                size: Some(0),
                ..Entry::default()
            }),
        ),
        ("twice", Tar::new().file("a", "1").file("a", "2").dir("b").file("b/c", "x")),
        ("modes", Tar::new().push(Entry { name: b"s", mode: 0o4711, ..Entry::default() })),
        (
            "headers without content",
            Tar::new()
                .push(Entry { kind: b'2', name: b"l", link: b"t", size: Some(512), ..Entry::default() })
                .file("f", "x"),
        ),
        ("through a symlink within", Tar::new().dir("usr").symlink("lib", "usr").file("lib/f", "x")),
    ];
    for (case, tar) in cases {
        let dir = tempfile::tempdir().unwrap();
        let archive = tar.clone().end();
        let Some(reference) = extract(dir.path(), &archive) else {
            return eprintln!("skipped: gnu_tar_sees_the_same_tree: no GNU tar");
        };
        unpack(dir.path(), &archive).unwrap_or_else(|error| panic!("{case}: {error:#}"));
        assert_eq!(list(&dir.path().join("root")), reference, "{case}");
    }
}

#[test]
fn what_gnu_tar_writes_is_read_in_each_of_its_formats() {
    let sparse = |version| vec!["--format=posix", version];
    let formats = [
        vec!["--format=gnu"],
        vec!["--format=oldgnu"],
        sparse("--sparse-version=0.0"),
        sparse("--sparse-version=0.1"),
        sparse("--sparse-version=1.0"),
    ];
    for format in formats {
        let dir = tempfile::tempdir().unwrap();
        let probe = Tar::new().file("a", "").end();
        if extract(dir.path(), &probe).is_none() {
            return eprintln!("skipped: what_gnu_tar_writes_is_read_in_each_of_its_formats: no GNU tar");
        }
        let archive = written_by_reference(dir.path(), &format);
        unpack(dir.path(), &archive).unwrap_or_else(|error| panic!("{format:?}: {error:#}"));
        let (source, root) = (dir.path().join("source"), dir.path().join("root"));
        assert_eq!(list(&root), list(&source), "{format:?}");
        assert!(
            fs::read(root.join("sparse")).unwrap() == fs::read(source.join("sparse")).unwrap(),
            "{format:?}"
        );
    }
}
