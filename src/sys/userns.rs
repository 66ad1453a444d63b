//! User namespaces and the identity maps that they carry: which ids of a container are which ids of the host.
//! user_namespaces(7), newuidmap(1), subuid(5).

use serde::{Deserialize, Serialize};

/// A run of ids: `count` of them from `inside` (in the container) are those from `outside` (on the host).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    pub inside: u32,
    pub outside: u32,
    pub count: u32,
}

/// A user namespace's uid_map and gid_map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdMap {
    pub uids: Vec<Extent>,
    pub gids: Vec<Extent>,
}

impl IdMap {
    /// Container 0 is the caller, and nothing else is mapped: what every user may do without an administrator.
    pub fn single(uid: u32, gid: u32) -> Self {
        let one = |outside| vec![Extent { inside: 0, outside, count: 1 }];
        IdMap { uids: one(uid), gids: one(gid) }
    }

    /// Says whether only one id is mapped, so that the owners of files can only be noted beside them.
    pub fn is_single(&self) -> bool {
        self.uids.iter().map(|e| u64::from(e.count)).sum::<u64>() == 1
    }

    /// The host's uid for a container's, where it is mapped.
    pub fn uid_outside(&self, inside: u32) -> Option<u32> {
        outside(&self.uids, inside)
    }

    /// The host's gid for a container's, where it is mapped.
    pub fn gid_outside(&self, inside: u32) -> Option<u32> {
        outside(&self.gids, inside)
    }

    /// A short file name for this map. Unpacked trees of one layer differ in their owners on disk from map to map,
    /// so the store keeps them apart by it.
    pub fn tag(&self) -> String {
        let side = |extents: &[Extent]| {
            let parts: Vec<_> =
                extents.iter().map(|e| format!("{}.{}.{}", e.inside, e.outside, e.count)).collect();
            parts.join("_")
        };
        let (uids, gids) = (side(&self.uids), side(&self.gids));
        if uids == gids { format!("u{uids}") } else { format!("u{uids}g{gids}") }
    }
}

fn outside(extents: &[Extent], inside: u32) -> Option<u32> {
    let extent = extents.iter().find(|e| inside >= e.inside && inside - e.inside < e.count)?;
    extent.outside.checked_add(inside - extent.inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_ids_up_in_either_extent() {
        let extents = vec![
            Extent { inside: 0, outside: 1000, count: 1 },
            Extent { inside: 1, outside: 100_000, count: 65_536 },
        ];
        let map = IdMap { uids: extents.clone(), gids: extents };
        assert_eq!(map.uid_outside(0), Some(1000));
        assert_eq!(map.uid_outside(33), Some(100_032));
        assert_eq!(map.gid_outside(65_537), None);
        assert_eq!(map.tag(), "u0.1000.1_1.100000.65536");
        assert!(IdMap::single(5, 6).is_single() && !map.is_single());
    }
}
