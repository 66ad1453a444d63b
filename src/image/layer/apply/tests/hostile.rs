//! Attacks by archive: each must be refused with an error that names it, or do no harm; the world outside the tree stays
//! as it was.

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    sync::atomic::{AtomicBool, Ordering},
};

use super::super::super::testing::{Entry, Tar, header, list, open, own_map, records_of, seal, unpack};
use super::super::apply;
use std::os::fd::AsFd;

/// Applies an archive beside a file that must not be touched, and gives the tree or the error.
fn attack(archive: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("outside")).unwrap();
    fs::write(dir.path().join("outside/file"), "untouched").unwrap();
    fs::write(dir.path().join("file"), "untouched").unwrap();
    let outside = |dir: &std::path::Path| {
        let mut files = list(dir);
        files.retain(|path, _| !path.starts_with("root"));
        files
    };
    let before = outside(dir.path());
    let result = unpack(dir.path(), archive);
    assert_eq!(outside(dir.path()), before);
    match result {
        Ok(_) => Ok(list(&dir.path().join("root"))),
        Err(error) => Err(format!("{error:#}")),
    }
}

#[test]
fn what_leads_out_of_the_tree_is_refused() {
    let cases: &[(&str, Tar, &str)] = &[
        ("dot-dot", Tar::new().file("../file", "x"), "../file"),
        ("dot-dot at the end", Tar::new().dir("a").dir("a/.."), "a/.."),
        ("dot-dot that would stay inside", Tar::new().file("a/../b", "x"), "upwards"),
        ("absolute and upwards", Tar::new().file("/../file", "x"), "upwards"),
        ("dot-dot in an extended name", Tar::new().pax(&[("path", b"../file")]).file("x", "x"), "../file"),
        ("dot-dot in a long name", Tar::new().extended(b'L', b"../file\0").file("x", "x"), "../file"),
        (
            "dot-dot in a sparse name",
            {
                Tar::new()
                    .pax(&[
                        ("GNU.sparse.map", b"0,1"),
                        ("GNU.sparse.size", b"1"),
                        ("GNU.sparse.name", b"../f"),
                    ])
                    .file("x", "x")
            },
            "../f",
        ),
        ("hard link upwards", Tar::new().hard_link("a", "../file"), "upwards"),
        (
            "hard link to a file of the working directory",
            Tar::new().hard_link("a", "Cargo.toml"),
            "does not hold",
        ),
        ("hard link to an absolute path", Tar::new().hard_link("a", "/etc/passwd"), "does not hold"),
        (
            "hard link through a symlink",
            Tar::new().symlink("up", "..").hard_link("a", "up/file"),
            "does not hold",
        ),
        ("hard link to nothing", Tar::new().hard_link("a", ""), "no name"),
        ("hard link to a directory", Tar::new().dir("d").hard_link("a", "d"), "hard link"),
        (
            "file through an absolute symlink",
            Tar::new().symlink("tmp", "/tmp").file("tmp/new", "x"),
            "symbolic link",
        ),
        (
            "file through a link to /proc",
            Tar::new().symlink("p", "/proc/self/root").file("p/tmp/x", "x"),
            "symbolic link",
        ),
        ("file below a file", Tar::new().file("a", "x").file("a/b", "y"), "not a directory"),
        ("whiteout of dot-dot", Tar::new().file("a/.wh...", ""), "whiteout"),
        ("whiteout of dot", Tar::new().file(".wh..", ""), "whiteout"),
        ("whiteout of nothing", Tar::new().file(".wh.", ""), "whiteout"),
        ("whiteout above", Tar::new().file("../.wh.file", ""), "upwards"),
        ("file in a whiteout", Tar::new().file(".wh.a/b", ""), "whiteout"),
        ("hard link to a whiteout", Tar::new().file("a", "").hard_link("b", ".wh.a"), "whiteout"),
        ("the root as a file", Tar::new().file("./", "x"), "directory with content"),
        ("the root as a symlink", Tar::new().symlink("./", "/etc"), "root"),
        ("the root as a FIFO", Tar::new().of_kind(b'6', "/"), "root"),
        ("no name", Tar::new().file("", "x"), "no name"),
        ("symlink to nothing", Tar::new().symlink("a", ""), "nothing"),
    ];
    for (case, tar, text) in cases {
        match attack(&tar.clone().end()) {
            Err(error) => assert!(error.contains(text), "{case}: {error}"),
            Ok(tree) => panic!("{case}: {tree:?}"),
        }
    }
}

#[test]
fn what_stays_in_the_tree_does_no_harm() {
    let whiteout_of_link = Tar::new().symlink("l", "..").file(".wh.l", "");
    let cases: &[(&str, Tar, &[(&str, &str)])] = &[
        (
            "directory over a symlink, then a file in it",
            { Tar::new().symlink("up", "..").dir("up").file("up/file", "x") },
            &[("up", "dir 755"), ("up/file", "file 644 x")],
        ),
        (
            "mode through a symlink",
            {
                Tar::new().symlink("l", "../file").push(Entry {
                    kind: b'5',
                    name: b"l",
                    mode: 0o777,
                    ..Entry::default()
                })
            },
            &[("l", "dir 777")],
        ),
        ("file over a symlink", Tar::new().symlink("l", "../file").file("l", "x"), &[("l", "file 644 x")]),
        (
            "file over a hard-linked symlink",
            { Tar::new().symlink("l", "../file").hard_link("m", "l").file("m", "x") },
            &[("l", "link ../file"), ("m", "file 644 x")],
        ),
        (
            "the tree's root has no parent",
            Tar::new().symlink("up", "..").file("up/outside/new", "x"),
            &[("outside", "dir 755"), ("outside/new", "file 644 x"), ("up", "link ..")],
        ),
        (
            "nor has it through a chain",
            Tar::new().dir("a").symlink("a/b", "../..").symlink("c", "a/b/..").file("c/outside/file", "x"),
            &[
                ("a", "dir 755"),
                ("a/b", "link ../.."),
                ("c", "link a/b/.."),
                ("outside", "dir 755"),
                ("outside/file", "file 644 x"),
            ],
        ),
        (
            "a symlink within the tree",
            { Tar::new().dir("usr").dir("usr/lib").symlink("lib", "usr/lib").file("lib/a", "x") },
            &[
                ("lib", "link usr/lib"),
                ("usr", "dir 755"),
                ("usr/lib", "dir 755"),
                ("usr/lib/a", "file 644 x"),
            ],
        ),
        (
            "an absolute symlink is absolute in the tree",
            { Tar::new().dir("outside").symlink("l", "/outside").file("l/file", "x") },
            &[("l", "link /outside"), ("outside", "dir 755"), ("outside/file", "file 644 x")],
        ),
        (
            "a symlink that is replaced after use",
            { Tar::new().dir("d").symlink("l", "d").file("l/a", "1").dir("l").file("l/a", "2") },
            &[("d", "dir 755"), ("d/a", "file 644 1"), ("l", "dir 755"), ("l/a", "file 644 2")],
        ),
        ("whiteout of a symlink of the same layer", whiteout_of_link, &[("l", "link ..")]),
        (
            "a FIFO is not opened for writing",
            Tar::new().of_kind(b'6', "f").file("f", "x"),
            &[("f", "file 644 x")],
        ),
        ("a name of dots and spaces", Tar::new().file("... ", "x"), &[("... ", "file 644 x")]),
    ];
    for (case, tar, expected) in cases {
        let tree = attack(&tar.clone().end()).unwrap_or_else(|error| panic!("{case}: {error}"));
        let found: Vec<_> = tree.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(found, *expected, "{case}");
    }
}

#[test]
#[allow(clippy::too_many_lines)] // one table
fn what_parsers_read_differently_is_refused() {
    let refused: &[(&str, Vec<u8>, &str)] = &[
        (
            "two long names",
            Tar::new().extended(b'L', b"a\0").extended(b'L', b"b\0").file("c", "").end(),
            "two names",
        ),
        (
            "long name and path",
            Tar::new().extended(b'L', b"a\0").pax(&[("path", b"b")]).file("c", "").end(),
            "is called",
        ),
        (
            "two extended headers",
            Tar::new().pax(&[("size", b"1")]).pax(&[("size", b"2")]).file("c", "").end(),
            "two extended",
        ),
        (
            "a size for all",
            Tar::new().extended(b'g', &records_of(&[("size", b"512")])).file("c", "").end(),
            "all entries",
        ),
        (
            "a name for all",
            Tar::new().extended(b'g', &records_of(&[("path", b"x")])).file("c", "").end(),
            "all entries",
        ),
        ("a size that is none", Tar::new().pax(&[("size", b"1x")]).file("c", "").end(), "size"),
        (
            "a record beyond its end",
            Tar::new().extended(b'x', b"99 size=1\n").file("c", "").end(),
            "malformed",
        ),
        ("nothing after an announcement", Tar::new().extended(b'L', b"a\0").end(), "announced"),
        (
            "a huge announcement",
            Tar::new().push(Entry { kind: b'L', name: b"a", size: Some(8 << 30), ..Entry::default() }).end(),
            "limit",
        ),
        (
            "a negative size",
            {
                let mut block = header(&Entry { name: b"a", ..Entry::default() });
                block[124..136].fill(0xff);
                Tar::new().raw(&seal(block)).end()
            },
            "size",
        ),
        (
            "a size beyond all disks",
            Tar::new().pax(&[("size", b"18446744073709551615")]).file("c", "").end(),
            "too large",
        ),
        ("a wrong checksum", Tar::new().raw(&[b'x'; 512]).end(), "checksum"),
        ("cut within a file", Tar::new().file("a", &"x".repeat(600)).open()[..700].to_vec(), "cut off"),
        ("cut within a header", Tar::new().file("a", "x").file("b", "y").open()[..1100].to_vec(), "cut off"),
        ("on after a block of zeros", Tar::new().file("a", "").raw(&[0; 512]).file("b", "").end(), "goes on"),
        ("a type of another world", Tar::new().of_kind(b'M', "a").end(), "'M'"),
        (
            "an owner below zero",
            {
                let mut block = header(&Entry { name: b"a", ..Entry::default() });
                block[108..116].fill(0xff);
                Tar::new().raw(&seal(block)).end()
            },
            "-1",
        ),
        (
            "an owner that means nobody",
            Tar::new().pax(&[("uid", b"4294967295")]).file("a", "").end(),
            "4294967295",
        ),
        (
            "an owner beyond 32 bits",
            Tar::new().pax(&[("gid", b"4294967296")]).file("a", "").end(),
            "4294967296",
        ),
        (
            "sparse parts that overlap",
            {
                Tar::new()
                    .pax(&[("GNU.sparse.map", b"0,1,0,1"), ("GNU.sparse.size", b"9")])
                    .file("a", "xy")
                    .end()
            },
            "overlap",
        ),
        (
            "a sparse map that is not stored",
            {
                Tar::new().pax(&[("GNU.sparse.map", b"0,9"), ("GNU.sparse.size", b"9")]).file("a", "xy").end()
            },
            "stored",
        ),
        (
            "an endless sparse map",
            {
                let sparse: &[(&str, &[u8])] =
                    &[("GNU.sparse.major", b"1"), ("GNU.sparse.minor", b"0"), ("GNU.sparse.realsize", b"9")];
                Tar::new().pax(sparse).file("a", "99999999\n0\n0\n").end()
            },
            "parts",
        ),
    ];
    for (case, archive, text) in refused {
        match attack(archive) {
            Err(error) => assert!(error.contains(text), "{case}: {error}"),
            Ok(tree) => panic!("{case}: {tree:?}"),
        }
    }
}

#[test]
fn an_archive_within_a_file_stays_there() {
    let inner = Tar::new().file("smuggled", "x").open();
    let with_size = |kind, size| Entry { kind, name: b"a", link: b"b", size: Some(size), ..Entry::default() };
    // Whoever misjudges the file's size sees "smuggled".
    let read: &[(&str, Vec<u8>, &[&str])] = &[
        (
            "the extended size counts",
            {
                let length = inner.len().to_string();
                Tar::new()
                    .pax(&[("size", length.as_bytes())])
                    .push(Entry { data: &inner, ..with_size(b'0', 0) })
                    .end()
            },
            &["a"],
        ),
        (
            "also with a long name between",
            {
                let length = inner.len().to_string();
                let tar = Tar::new().pax(&[("size", length.as_bytes())]).extended(b'L', b"long\0");
                tar.push(Entry { data: &inner, ..with_size(b'0', 0) }).end()
            },
            &["long"],
        ),
        (
            "a directory has no content",
            Tar::new().push(with_size(b'5', 1024)).raw(&inner).end(),
            &["a", "smuggled"],
        ),
        (
            "a symlink has no content",
            Tar::new().push(with_size(b'2', 1024)).raw(&inner).end(),
            &["a", "smuggled"],
        ),
        (
            "a FIFO has no content",
            Tar::new().push(with_size(b'6', 1024)).raw(&inner).end(),
            &["a", "smuggled"],
        ),
    ];
    for (case, archive, expected) in read {
        let tree = attack(archive).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(tree.keys().collect::<Vec<_>>(), *expected, "{case}");
    }
}

#[test]
fn a_path_that_no_call_could_take_is_refused() {
    for path in ["d/".repeat(100_000), "x".repeat(5000)] {
        let error = attack(&Tar::new().pax(&[("path", path.as_bytes())]).file("x", "").end()).unwrap_err();
        assert!(error.contains("longer than") && error.len() < 1000, "{error}");
    }
    let error =
        attack(&Tar::new().pax(&[("path", "x".repeat(300).as_bytes())]).file("x", "").end()).unwrap_err();
    assert!(error.contains("too long"), "{error}");
    let deep = "d/".repeat(2000) + "f";
    let tree = attack(&Tar::new().pax(&[("path", deep.as_bytes())]).file("x", "").end());
    // Listing by path may fail where making by descriptor does not: only the answer counts.
    assert!(tree.is_ok());
}

/// Gives an archive byte by byte, and swaps something between.
struct Slow<'a, F: FnMut()> {
    data: &'a [u8],
    swap: F,
}

impl<F: FnMut()> Read for Slow<'_, F> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (self.swap)();
        let length = self.data.len().min(buffer.len()).min(256);
        buffer[..length].copy_from_slice(&self.data[..length]);
        self.data = &self.data[length..];
        Ok(length)
    }
}

#[test]
fn a_racer_that_swaps_directories_for_symlinks_gets_nothing_out() {
    let dir = tempfile::tempdir().unwrap();
    let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
    let done = AtomicBool::new(false);
    let mut tar = Tar::new();
    for n in 0..40 {
        tar = tar.dir("d").file(&format!("d/{n}"), "x").file(&format!("d/e/{n}"), "x");
        tar = tar.file(&format!("other/{n}"), "x").push(Entry {
            kind: b'5',
            name: b"d/e",
            mode: 0o777,
            ..Entry::default()
        });
    }
    let archive = tar.end();
    fs::create_dir(&outside).unwrap();
    fs::create_dir(outside.join("e")).unwrap();
    fs::create_dir(&root).unwrap();
    std::thread::scope(|scope| {
        let racer = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = fs::rename(root.join("d"), root.join("aside"));
                let _ = std::os::unix::fs::symlink(&outside, root.join("d"));
                let _ = fs::remove_file(root.join("d"));
                let _ = fs::rename(root.join("aside"), root.join("d"));
            }
        });
        for _ in 0..5 {
            // It may fail under attack; what counts is where it wrote.
            let slow = Slow { data: &archive, swap: std::thread::yield_now };
            let _ = apply(std::io::BufReader::with_capacity(512, slow), open(&root).as_fd(), &own_map());
        }
        done.store(true, Ordering::Relaxed);
        racer.join().unwrap();
    });
    assert_eq!(list(&outside).into_iter().collect::<Vec<_>>(), [("e".to_owned(), "dir 755".to_owned())]);
}
