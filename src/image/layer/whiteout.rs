//! Whiteouts: how a layer says that a file of the layers below is gone, in an archive and in a tree. image-spec layer.md,
//! "Whiteouts"; the kernel's overlayfs.rst, "whiteouts and opaque directories".
//!
//! They speak of the layers below alone, wherever in the archive they stand: a file of the same name in the same layer
//! stays. So they are collected, and made when all else is there.

use std::collections::BTreeSet;

use anyhow::bail;

/// The attribute of a directory that hides all that is below it in other layers. In a user namespace overlayfs reads
/// it here, not under `trusted.`.
pub(super) const OPAQUE: &str = "user.overlay.opaque";

const PREFIX: &[u8] = b".wh.";
const META_PREFIX: &[u8] = b".wh..wh.";
const OPAQUE_NAME: &[u8] = b".wh..wh..opq";

/// What an entry's name makes of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// An entry like any other.
    Plain,
    /// The path that is gone.
    Gone(Vec<u8>),
    /// The directory whose lower content is gone.
    Opaque(Vec<u8>),
    /// Aufs' own files, which say nothing to us.
    Nothing,
}

/// Reads an entry's path.
pub(super) fn meaning(path: &[u8]) -> anyhow::Result<Meaning> {
    let (directory, name) = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&path[..0], path),
    };
    let mut parents = directory.split(|&byte| byte == b'/');
    if let Some(reserved) = parents.find(|parent| parent.starts_with(PREFIX)) {
        if reserved.starts_with(META_PREFIX) {
            return Ok(Meaning::Nothing);
        }
        bail!("an entry within a whiteout");
    }
    let Some(gone) = name.strip_prefix(PREFIX) else { return Ok(Meaning::Plain) };
    if name == OPAQUE_NAME {
        return Ok(Meaning::Opaque(directory.to_vec()));
    }
    match gone {
        b"" | b"." | b".." => bail!("a whiteout of no name"),
        _ if name.starts_with(META_PREFIX) => Ok(Meaning::Nothing),
        _ if directory.is_empty() => Ok(Meaning::Gone(gone.to_vec())),
        _ => Ok(Meaning::Gone([directory, b"/", gone].concat())),
    }
}

/// The whiteouts of a layer.
#[derive(Debug, Default)]
pub(super) struct Whiteouts {
    /// A parent sorts before what is in it.
    pub(super) gone: BTreeSet<Vec<u8>>,
    pub(super) opaque: BTreeSet<Vec<u8>>,
}

impl Whiteouts {
    /// Says whether the path is in an opaque directory: a whiteout there has nothing to hide, and overlayfs would show
    /// it.
    pub(super) fn is_moot(&self, path: &[u8]) -> bool {
        let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        slashes.chain([0]).any(|end| self.opaque.contains(&path[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_their_meaning() {
        let gone = |path: &str| Some(Meaning::Gone(path.into()));
        let cases = [
            ("a/b", Some(Meaning::Plain)),
            ("a/x.wh.b", Some(Meaning::Plain)),
            (".wh.a", gone("a")),
            ("a/.wh.b", gone("a/b")),
            ("a/.wh...b", gone("a/..b")),
            ("a/.wh..b", gone("a/.b")),
            (".wh..wh..opq", Some(Meaning::Opaque(vec![]))),
            ("a/b/.wh..wh..opq", Some(Meaning::Opaque(b"a/b".to_vec()))),
            (".wh..wh.plnk", Some(Meaning::Nothing)),
            (".wh..wh.plnk/12.34", Some(Meaning::Nothing)),
            (".wh..wh.aufs", Some(Meaning::Nothing)),
            ("a/.wh.", None),
            ("a/.wh..", None),
            ("a/.wh...", None),
            (".wh.a/b", None),
        ];
        for (path, expected) in cases {
            assert_eq!(meaning(path.as_bytes()).ok(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_below_an_opaque_directory_is_moot() {
        let mut whiteouts = Whiteouts::default();
        whiteouts.opaque.insert(b"a/b".to_vec());
        for (path, is_moot) in
            [("a/b/c", true), ("a/b/c/d", true), ("a/b", false), ("a/bc", false), ("a", false)]
        {
            assert_eq!(whiteouts.is_moot(path.as_bytes()), is_moot, "{path}");
        }
        whiteouts.opaque.insert(Vec::new());
        assert!(whiteouts.is_moot(b"x"));
    }
}
