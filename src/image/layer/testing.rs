//! Archives for tests, built header by header, so that they can be wrong in any way; and trees, listed.

use std::{
    collections::BTreeMap,
    fs,
    os::{
        fd::{AsFd, OwnedFd},
        unix::{
            ffi::OsStrExt,
            fs::{FileTypeExt, MetadataExt},
        },
    },
    path::Path,
};

use super::apply::{Applied, apply};
use crate::sys::userns::IdMap;

/// An archive in the making.
#[derive(Default, Clone)]
pub(super) struct Tar(Vec<u8>);

/// A header's fields; [`Tar::push`] adds the checksum.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) kind: u8,
    pub(super) name: &'a [u8],
    pub(super) link: &'a [u8],
    pub(super) data: &'a [u8],
    /// Stated in the header; what `data` has where it is `None`.
    pub(super) size: Option<u64>,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime: u64,
    pub(super) device: (u32, u32),
    pub(super) magic: &'a [u8; 8],
}

impl Default for Entry<'_> {
    fn default() -> Self {
        Entry {
            kind: b'0',
            name: b"",
            link: b"",
            data: b"",
            size: None,
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime: 1_000_000_000,
            device: (0, 0),
            magic: b"ustar\x0000",
        }
    }
}

impl Tar {
    pub(super) fn new() -> Self {
        Tar::default()
    }

    pub(super) fn push(mut self, entry: Entry<'_>) -> Self {
        self.0.extend_from_slice(&header(&entry));
        self.0.extend_from_slice(entry.data);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(super) fn dir(self, name: &str) -> Self {
        self.push(Entry { kind: b'5', name: name.as_bytes(), mode: 0o755, ..Entry::default() })
    }

    pub(super) fn file(self, name: &str, data: &str) -> Self {
        self.push(Entry { name: name.as_bytes(), data: data.as_bytes(), ..Entry::default() })
    }

    pub(super) fn link(self, kind: u8, name: &str, target: &str) -> Self {
        self.push(Entry {
            kind,
            name: name.as_bytes(),
            link: target.as_bytes(),
            mode: 0o777,
            ..Entry::default()
        })
    }

    pub(super) fn symlink(self, name: &str, target: &str) -> Self {
        self.link(b'2', name, target)
    }

    pub(super) fn hard_link(self, name: &str, target: &str) -> Self {
        self.link(b'1', name, target)
    }

    pub(super) fn of_kind(self, kind: u8, name: &str) -> Self {
        self.push(Entry { kind, name: name.as_bytes(), ..Entry::default() })
    }

    /// An extended header before the next entry.
    pub(super) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        self.extended(b'x', &records_of(records))
    }

    pub(super) fn extended(self, kind: u8, data: &[u8]) -> Self {
        self.push(Entry { kind, name: b"extended", data, ..Entry::default() })
    }

    pub(super) fn raw(mut self, data: &[u8]) -> Self {
        self.0.extend_from_slice(data);
        self
    }

    /// The archive without an end.
    pub(super) fn open(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}

pub(super) fn records_of(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + length.to_string().len() != length {
            length = rest + length.to_string().len();
        }
        data.extend_from_slice(format!("{length} {key}=").as_bytes());
        data.extend_from_slice(value);
        data.push(b'\n');
    }
    data
}

pub(super) fn header(entry: &Entry<'_>) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, entry.name);
    put(100, format!("{:07o}", entry.mode).as_bytes());
    put(108, &octal(entry.uid));
    put(116, &octal(entry.gid));
    put(124, format!("{:011o}", entry.size.unwrap_or(entry.data.len() as u64)).as_bytes());
    put(136, format!("{:011o}", entry.mtime).as_bytes());
    put(156, &[entry.kind]);
    put(157, entry.link);
    put(257, entry.magic);
    put(329, format!("{:07o}", entry.device.0).as_bytes());
    put(337, format!("{:07o}", entry.device.1).as_bytes());
    seal(block)
}

/// Seven octal digits, or binary where they do not do.
fn octal(id: u32) -> [u8; 8] {
    let mut field = [0; 8];
    if id < 1 << 21 {
        field[..7].copy_from_slice(format!("{id:07o}").as_bytes());
    } else {
        field[0] = 0x80;
        field[4..].copy_from_slice(&id.to_be_bytes());
    }
    field
}

pub(super) fn seal(mut block: [u8; 512]) -> [u8; 512] {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// The map of whoever runs the test: everything for root, nobody else for others.
pub(super) fn own_map() -> IdMap {
    if is_root() {
        let all = vec![crate::sys::userns::Extent { inside: 0, outside: 0, count: u32::MAX }];
        IdMap { uids: all.clone(), gids: all }
    } else {
        IdMap::single(rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw())
    }
}

pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

pub(super) fn open(path: &Path) -> OwnedFd {
    fs::File::open(path).unwrap().into()
}

/// Applies an archive to a fresh directory `root` in `dir`.
pub(super) fn unpack(dir: &Path, archive: &[u8]) -> anyhow::Result<Applied> {
    unpack_for(dir, archive, &own_map())
}

pub(super) fn unpack_for(dir: &Path, archive: &[u8], map: &IdMap) -> anyhow::Result<Applied> {
    let root = dir.join("root");
    fs::create_dir(&root).unwrap();
    apply(archive, open(&root).as_fd(), map)
}

/// A tree as text: `path → kind, and what matters of it`. Times and owners are left out.
pub(super) fn list(root: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut todo = vec![root.to_owned()];
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let kind = metadata.file_type();
            let mode = metadata.mode() & 0o7777;
            let text = if kind.is_dir() {
                todo.push(path.clone());
                format!("dir {mode:o}")
            } else if kind.is_symlink() {
                format!("link {}", fs::read_link(&path).unwrap().display())
            } else if kind.is_fifo() {
                format!("fifo {mode:o}")
            } else if kind.is_char_device() || kind.is_block_device() {
                format!("device {}", metadata.rdev())
            } else {
                let content = fs::read(&path).unwrap_or_else(|error| error.to_string().into());
                format!("file {mode:o} {}", String::from_utf8_lossy(&content[..content.len().min(60)]))
            };
            let name = path.strip_prefix(root).unwrap().as_os_str().as_bytes();
            files.insert(String::from_utf8_lossy(name).into_owned(), text);
        }
    }
    files
}

/// The tree that an archive makes, or the error.
pub(super) fn tree_of(archive: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let dir = tempfile::tempdir().unwrap();
    match unpack(dir.path(), archive) {
        Ok(_) => Ok(list(&dir.path().join("root"))),
        Err(error) => Err(format!("{error:#}")),
    }
}
