//! Whose a file is: what the disk can hold of it under an identity map, and a note of the rest.
//!
//! An owner beyond the map becomes the tree's root (the caller), a device an empty file that nobody may open, since
//! a user namespace lets no one make devices; what they really are stands in the attribute [`NOTE`], from which
//! copies, commits and saved images get it back. Symbolic links and FIFOs cannot carry it: theirs is lost.

use crate::sys::userns::IdMap;

/// `uid:gid:mode`, the mode in octal, and for a device `:c` or `:b` and `:major:minor`. mknod(2), xattr(7).
pub(super) const NOTE: &str = "user.coracle.owner";

const SET_UID: u32 = 0o4000;
const SET_GID: u32 = 0o2000;

/// A device's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) is_block: bool,
    pub(super) major: u32,
    pub(super) minor: u32,
}

/// What an archive says of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
    pub(super) is_directory: bool,
    pub(super) device: Option<Device>,
}

/// What goes to the disk.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OnDisk {
    /// Ids within the map.
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mode: u32,
    pub(super) note: Option<String>,
}

impl OnDisk {
    pub(super) fn of(said: Said, map: &IdMap) -> Self {
        let (has_uid, has_gid) = (map.uid_outside(said.uid).is_some(), map.gid_outside(said.gid).is_some());
        let mut mode = said.mode;
        if said.device.is_some() {
            mode = 0;
        } else if !said.is_directory {
            // A program that was to run as somebody we do not have must not run as root instead.
            if !has_uid {
                mode &= !SET_UID;
            }
            if !has_gid {
                mode &= !SET_GID;
            }
        }
        let is_told = has_uid && has_gid && said.device.is_none();
        OnDisk {
            uid: if has_uid { said.uid } else { 0 },
            gid: if has_gid { said.gid } else { 0 },
            mode,
            note: (!is_told).then(|| note(said)),
        }
    }

    /// Says whether a file that the tree's root made has the right owner as it is.
    pub(super) fn is_roots(&self) -> bool {
        self.uid == 0 && self.gid == 0
    }
}

fn note(said: Said) -> String {
    let Said { uid, gid, mode, device, .. } = said;
    let mut note = format!("{uid}:{gid}:{mode:o}");
    if let Some(Device { is_block, major, minor }) = device {
        note.push_str(&format!(":{}:{major}:{minor}", if is_block { 'b' } else { 'c' }));
    }
    note
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::userns::Extent;

    #[test]
    fn what_the_map_does_not_hold_is_noted() {
        let ids = vec![
            Extent { inside: 0, outside: 1000, count: 1 },
            Extent { inside: 1, outside: 100_000, count: 65_536 },
        ];
        let range = IdMap { uids: ids.clone(), gids: ids };
        let single = IdMap::single(1000, 1000);
        let device = Some(Device { is_block: false, major: 1, minor: 3 });
        let cases = [
            (&range, (0, 0, 0o755), None, (0, 0, 0o755), None),
            (&range, (33, 4, 0o6755), None, (33, 4, 0o6755), None),
            (&range, (205_001, 33, 0o6755), None, (0, 33, 0o2755), Some("205001:33:6755")),
            (&range, (0, 0, 0o666), device, (0, 0, 0), Some("0:0:666:c:1:3")),
            (&single, (0, 0, 0o4755), None, (0, 0, 0o4755), None),
            (&single, (0, 42, 0o2755), None, (0, 0, 0o755), Some("0:42:2755")),
        ];
        for (map, (uid, gid, mode), device, on_disk, note) in cases {
            let found = OnDisk::of(Said { uid, gid, mode, is_directory: false, device }, map);
            assert_eq!((found.uid, found.gid, found.mode), on_disk);
            assert_eq!(found.note.as_deref(), note);
        }
        let directory = Said { uid: 8, gid: 8, mode: 0o2775, is_directory: true, device: None };
        assert_eq!(OnDisk::of(directory, &single).mode, 0o2775);
    }
}
