//! Directory trees as literals (`tree!`), and the tarballs that they make: ustar with PAX records, pax(1), tar(5).
//! Names are written as they are, so that a hostile archive is as easy to make as an honest one.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

/// What an entry is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Dir,
    File(Vec<u8>),
    Symlink(String),
    /// A further name of an earlier entry.
    Hardlink(String),
    Fifo,
    Char(u32, u32),
    Block(u32, u32),
}

/// One entry of a tree, without its name.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    /// Seconds, nanoseconds.
    pub(crate) mtime: (u64, u32),
    pub(crate) xattrs: Vec<(String, Vec<u8>)>,
}

impl Entry {
    fn new(kind: Kind, mode: u32) -> Self {
        Entry { kind, mode, uid: 0, gid: 0, mtime: (1_600_000_000, 0), xattrs: Vec::new() }
    }

    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn owner(mut self, uid: u64, gid: u64) -> Self {
        (self.uid, self.gid) = (uid, gid);
        self
    }

    pub(crate) fn mtime(mut self, seconds: u64, nanoseconds: u32) -> Self {
        self.mtime = (seconds, nanoseconds);
        self
    }

    pub(crate) fn xattr(mut self, name: &str, value: &[u8]) -> Self {
        self.xattrs.push((name.to_owned(), value.to_owned()));
        self
    }
}

pub(crate) fn dir() -> Entry {
    Entry::new(Kind::Dir, 0o755)
}

pub(crate) fn file(content: impl AsRef<[u8]>) -> Entry {
    Entry::new(Kind::File(content.as_ref().to_owned()), 0o644)
}

pub(crate) fn program(content: impl AsRef<[u8]>) -> Entry {
    file(content).mode(0o755)
}

pub(crate) fn link(target: &str) -> Entry {
    Entry::new(Kind::Symlink(target.to_owned()), 0o777)
}

pub(crate) fn hardlink(target: &str) -> Entry {
    Entry::new(Kind::Hardlink(target.to_owned()), 0o644)
}

pub(crate) fn fifo() -> Entry {
    Entry::new(Kind::Fifo, 0o644)
}

pub(crate) fn char_device(major: u32, minor: u32) -> Entry {
    Entry::new(Kind::Char(major, minor), 0o666)
}

pub(crate) fn block_device(major: u32, minor: u32) -> Entry {
    Entry::new(Kind::Block(major, minor), 0o660)
}

/// An OCI whiteout: name the entry `dir/.wh.NAME`, or `dir/.wh..wh..opq` for the opaque one.
pub(crate) fn whiteout() -> Entry {
    file("").mode(0)
}

/// Entries in the order of their archive.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree(pub(crate) Vec<(String, Entry)>);

/// A tree as a literal: `tree! { "etc" => dir(), "etc/motd" => file("hello\n").owner(1, 1) }`.
macro_rules! tree {
    ($($name:expr => $entry:expr),* $(,)?) => {
        $crate::world::tree::Tree(vec![$(($name.to_string(), $entry)),*])
    };
}
pub(crate) use tree;

impl Tree {
    pub(crate) fn and(mut self, name: impl ToString, entry: Entry) -> Self {
        self.0.push((name.to_string(), entry));
        self
    }

    /// The tarball, ended by two empty blocks.
    pub(crate) fn tar(&self) -> Vec<u8> {
        let mut archive = Vec::new();
        for (name, entry) in &self.0 {
            append(&mut archive, name, entry);
        }
        archive.extend([0; 1024]);
        archive
    }

    /// Makes the directories, files and symbolic links beneath `root`, owned by the caller.
    pub(crate) fn write(&self, root: &Path) {
        for (name, entry) in &self.0 {
            let path = root.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).unwrap();
            }
            match &entry.kind {
                Kind::Dir => fs::create_dir_all(&path).unwrap(),
                Kind::File(content) => fs::write(&path, content).unwrap(),
                Kind::Symlink(target) => symlink(target, &path).unwrap(),
                Kind::Hardlink(target) => fs::hard_link(root.join(target), &path).unwrap(),
                kind => panic!("{kind:?} needs privileges on a host"),
            }
            if matches!(entry.kind, Kind::Dir | Kind::File(_)) {
                fs::set_permissions(&path, fs::Permissions::from_mode(entry.mode)).unwrap();
            }
        }
    }
}

fn append(archive: &mut Vec<u8>, name: &str, entry: &Entry) {
    let (type_flag, link, content, device): (u8, &str, &[u8], _) = match &entry.kind {
        Kind::Dir => (b'5', "", &[], None),
        Kind::File(content) => (b'0', "", content, None),
        Kind::Symlink(target) => (b'2', target, &[], None),
        Kind::Hardlink(target) => (b'1', target, &[], None),
        Kind::Fifo => (b'6', "", &[], None),
        Kind::Char(major, minor) => (b'3', "", &[], Some((*major, *minor))),
        Kind::Block(major, minor) => (b'4', "", &[], Some((*major, *minor))),
    };
    let records = pax_records(name, link, entry);
    if !records.is_empty() {
        member(
            archive,
            &header("pax", "", b'x', &Entry::new(Kind::Fifo, 0o644), records.len(), None),
            &records,
        );
    }
    member(archive, &header(name, link, type_flag, entry, content.len(), device), content);
}

fn member(archive: &mut Vec<u8>, header: &[u8; 512], content: &[u8]) {
    archive.extend(header);
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

/// What ustar's fields have no room for.
fn pax_records(name: &str, link: &str, entry: &Entry) -> Vec<u8> {
    let mut records = Vec::new();
    let mut add = |key: &str, value: &[u8]| records.extend(pax_record(key, value));
    if name.len() > 100 {
        add("path", name.as_bytes());
    }
    if link.len() > 100 {
        add("linkpath", link.as_bytes());
    }
    for (key, id) in [("uid", entry.uid), ("gid", entry.gid)] {
        if id > 0o7_777_777 {
            add(key, id.to_string().as_bytes());
        }
    }
    if entry.mtime.1 != 0 {
        add("mtime", format!("{}.{:09}", entry.mtime.0, entry.mtime.1).as_bytes());
    }
    for (key, value) in &entry.xattrs {
        add(&format!("SCHILY.xattr.{key}"), value);
    }
    records
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
fn pax_record(key: &str, value: &[u8]) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    let mut record = format!("{length} {key}=").into_bytes();
    record.extend(value);
    record.push(b'\n');
    record
}

fn header(
    name: &str,
    link: &str,
    type_flag: u8,
    entry: &Entry,
    size: usize,
    device: Option<(u32, u32)>,
) -> [u8; 512] {
    let mut header = [0; 512];
    let mut put = |at: usize, width: usize, text: &[u8]| {
        let count = text.len().min(width);
        header[at..at + count].copy_from_slice(&text[..count]);
    };
    let octal = |value: u64, width: usize| format!("{value:0>0$o}", width - 1).into_bytes();
    put(0, 100, name.as_bytes());
    put(100, 8, &octal(u64::from(entry.mode), 8));
    put(108, 8, &octal(entry.uid & 0o7_777_777, 8));
    put(116, 8, &octal(entry.gid & 0o7_777_777, 8));
    put(124, 12, &octal(size as u64, 12));
    put(136, 12, &octal(entry.mtime.0, 12));
    put(148, 8, b"        ");
    put(156, 1, &[type_flag]);
    put(157, 100, link.as_bytes());
    put(257, 8, b"ustar\x0000");
    if let Some((major, minor)) = device {
        put(329, 8, &octal(u64::from(major), 8));
        put(337, 8, &octal(u64::from(minor), 8));
    }
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

#[test]
fn another_reader_reads_the_tarballs() {
    let long = format!("{}/file", "d".repeat(150));
    let tree = tree! {
        "etc" => dir(),
        long => file("content").owner(1_516_583_083, 33).mtime(5, 25),
        "again" => hardlink("x").xattr("user.a", b"b\0c"),
        "dev" => char_device(1, 3),
    };
    let bytes = tree.tar();
    let mut archive = tar::Archive::new(&bytes[..]);
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().display().to_string());
        for record in entry.pax_extensions().unwrap().into_iter().flatten() {
            let record = record.unwrap();
            names.push(format!("{}={:?}", record.key().unwrap(), record.value_bytes()));
        }
    }
    let path = format!("path={:?}", long.as_bytes());
    let uid = format!("uid={:?}", b"1516583083");
    let mtime = format!("mtime={:?}", b"5.000000025");
    let xattr = format!("SCHILY.xattr.user.a={:?}", b"b\0c");
    assert_eq!(names, ["etc", &long, &path, &uid, &mtime, "again", &xattr, "dev"]);
}
