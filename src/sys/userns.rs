//! User namespaces and the identity maps that they carry: which ids of a container are which ids of the host.
//! user_namespaces(7), newuidmap(1), subuid(5).
//!
//! Who writes a map: root (or whoever has the capabilities) any; an ordinary user the one id that is his, and more only
//! through newuidmap and newgidmap, which check /etc/subuid and /etc/subgid.

use std::{
    fmt::{self, Display},
    fs,
    io::{Read, Write},
    os::fd::AsFd,
    path::PathBuf,
    sync::OnceLock,
};

use rustix::{
    io::Errno,
    process::{Pid, getegid, geteuid, getpid},
    thread::UnshareFlags,
};
use serde::{Deserialize, Serialize};

use super::{
    error::{During, SyscallError},
    helper::{self, Helper},
    namespace, process,
    subid::{self, Side},
};

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

    /// The container's uid for a host's, where it is mapped.
    pub fn uid_inside(&self, outside: u32) -> Option<u32> {
        inside(&self.uids, outside)
    }

    /// The container's gid for a host's, where it is mapped.
    pub fn gid_inside(&self, outside: u32) -> Option<u32> {
        inside(&self.gids, outside)
    }

    /// The same ids, with the caller's own where he has them on the host (`--userns=keep-id`): container root's and
    /// `uid`'s change places, so that trees unpacked under the plain map serve this one as they are; what they give to
    /// root shows as the caller's. With a single id, the caller's number is the one that is mapped.
    pub fn keep_id(&self, uid: u32, gid: u32) -> Self {
        IdMap { uids: swap_with_root(&self.uids, uid), gids: swap_with_root(&self.gids, gid) }
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

fn inside(extents: &[Extent], outside: u32) -> Option<u32> {
    let extent = extents.iter().find(|e| outside >= e.outside && outside - e.outside < e.count)?;
    extent.inside.checked_add(outside - extent.outside)
}

/// Lets 0 and `id` change places. An `id` beyond the map takes 0's place, and the map's last id becomes 0.
fn swap_with_root(extents: &[Extent], id: u32) -> Vec<Extent> {
    let Some(root) = outside(extents, 0).filter(|_| id != 0) else { return extents.to_vec() };
    let last = extents.iter().map(|e| e.inside + (e.count - 1)).max().expect("0 is mapped");
    let (successor, dropped) = match outside(extents, id) {
        Some(at_id) => (Some(at_id), id),
        None => (outside(extents, last).filter(|_| last != 0), last),
    };
    let one = |inside, outside| Extent { inside, outside, count: 1 };
    let mut swapped: Vec<Extent> = successor.map(|outside| one(0, outside)).into_iter().collect();
    swapped.extend(extents.iter().flat_map(|e| without(*e, 0)).flat_map(|e| without(e, dropped)));
    swapped.push(one(id, root));
    swapped.sort_by_key(|e| e.inside);
    swapped
}

/// What is left of an extent when one id inside is taken out.
fn without(extent: Extent, id: u32) -> Vec<Extent> {
    let Some(before) = id.checked_sub(extent.inside).filter(|offset| *offset < extent.count) else {
        return vec![extent];
    };
    let skip = before + 1;
    let left = Extent { count: before, ..extent };
    let right = Extent {
        inside: extent.inside.wrapping_add(skip),
        outside: extent.outside.wrapping_add(skip),
        count: extent.count - skip,
    };
    [left, right].into_iter().filter(|e| e.count > 0).collect()
}

/// Why a map could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MapError {
    /// newuidmap or newgidmap refused, in its own words: the single map may still do.
    Refused(String),
    Call(SyscallError),
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MapError::Refused(said) => f.write_str(said),
            MapError::Call(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for MapError {}

impl From<SyscallError> for MapError {
    fn from(error: SyscallError) -> Self {
        MapError::Call(error)
    }
}

/// The largest map that the caller can have. Root: all ids that he has himself. Others: their own id as root and the
/// ranges of /etc/subuid and /etc/subgid as 1 to n, where newuidmap and newgidmap are there and look as if they could
/// do it; else the single map. Nothing is started for that: a helper that refuses all the same is
/// [`MapError::Refused`] when the map is written.
pub fn best_map() -> IdMap {
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    let single = IdMap::single(uid, gid);
    if uid == 0 {
        return own_map().unwrap_or(single);
    }
    if map_helpers().is_none() {
        return single;
    }
    let [uids, gids] = subid::ranges(uid);
    match uids.is_empty() || gids.is_empty() {
        true => single,
        false => IdMap { uids: stack(uid, &uids), gids: stack(gid, &gids) },
    }
}

/// The caller's id as 0 and the ranges after it.
fn stack(own: u32, ranges: &[subid::Range]) -> Vec<Extent> {
    let mut extents = vec![Extent { inside: 0, outside: own, count: 1 }];
    let mut next = 1u32;
    for range in ranges {
        let count = range.count.min(u32::MAX - next);
        extents.push(Extent { inside: next, outside: range.first, count });
        next += count;
    }
    extents.retain(|e| e.count > 0);
    extents
}

/// Every id that this process has, each as itself.
fn own_map() -> Option<IdMap> {
    let mut map = map_of(getpid()).ok()?;
    map.uids.iter_mut().chain(&mut map.gids).for_each(|extent| extent.outside = extent.inside);
    (!map.uids.is_empty() && !map.gids.is_empty()).then_some(map)
}

/// The map of a process's user namespace, as it reads from ours.
pub fn map_of(pid: Pid) -> Result<IdMap, SyscallError> {
    let side = |file: &str| {
        let path = format!("/proc/{}/{file}", pid.as_raw_nonzero());
        let text = fs::read_to_string(&path).during(|| format!("read({path:?})"))?;
        Ok(parse(&text))
    };
    Ok(IdMap { uids: side("uid_map")?, gids: side("gid_map")? })
}

fn parse(text: &str) -> Vec<Extent> {
    let extent = |line: &str| {
        let mut numbers = line.split_ascii_whitespace().map(|word| word.parse().ok());
        Some(Extent { inside: numbers.next()??, outside: numbers.next()??, count: numbers.next()?? })
    };
    text.lines().filter_map(extent).collect()
}

/// newuidmap and newgidmap, where they look as if they could do their work: they need privileges from their file,
/// which no_new_privs or a nosuid mount takes away, and which a copy does not have. Looked for once a process.
fn map_helpers() -> Option<&'static [PathBuf; 2]> {
    static FOUND: OnceLock<Option<[PathBuf; 2]>> = OnceLock::new();
    let find = || {
        if rustix::thread::no_new_privs().unwrap_or(false) {
            return None;
        }
        let uid_helper = helper::find_privileged("newuidmap")?;
        let beside = uid_helper.with_file_name("newgidmap");
        let gid_helper =
            if helper::is_privileged(&beside) { beside } else { helper::find_privileged("newgidmap")? };
        Some([uid_helper, gid_helper])
    };
    FOUND.get_or_init(find).as_ref()
}

/// Says whether a process may write this map for itself, from inside its new user namespace: one id, its own.
pub fn writes_itself(map: &IdMap) -> bool {
    is_own(&map.uids, geteuid().as_raw()) && is_own(&map.gids, getegid().as_raw())
}

fn is_own(extents: &[Extent], id: u32) -> bool {
    matches!(extents, [Extent { outside, count: 1, .. }] if *outside == id)
}

/// Writes the map of a user namespace whose only process is `pid`, a child of ours. *Mustn't* be called from inside it,
/// unless [`writes_itself`].
pub fn write_maps(pid: Pid, map: &IdMap) -> Result<(), MapError> {
    if geteuid().is_root() {
        write_side(pid, "uid_map", &map.uids)?;
        return Ok(write_side(pid, "gid_map", &map.gids)?);
    }
    // The helpers work side by side: each costs an exec and most of it is waiting.
    let uids = start_helper(pid, 0, &map.uids, geteuid().as_raw());
    let gids = start_helper(pid, 1, &map.gids, getegid().as_raw());
    let finished = [finish_side(pid, uids?, Side::Uid, map), finish_side(pid, gids?, Side::Gid, map)];
    finished.into_iter().collect()
}

/// Starts newuidmap (0) or newgidmap (1), unless the side is the caller's own id alone.
fn start_helper(pid: Pid, which: usize, extents: &[Extent], own: u32) -> Result<Option<Helper>, MapError> {
    if is_own(extents, own) {
        return Ok(None);
    }
    let missing = || MapError::Refused("newuidmap and newgidmap are not there".to_owned());
    let program = &map_helpers().ok_or_else(missing)?[which];
    let numbers = extents.iter().flat_map(|e| [e.inside, e.outside, e.count]);
    let arguments = std::iter::once(pid.as_raw_nonzero().get() as u32).chain(numbers).map(|n| n.to_string());
    let started = Helper::start(program, arguments);
    started.map(Some).map_err(|error| MapError::Refused(format!("{}: {error}", program.display())))
}

fn finish_side(pid: Pid, helper: Option<Helper>, side: Side, map: &IdMap) -> Result<(), MapError> {
    match (helper, side) {
        (Some(helper), _) => helper.finish().map(drop).map_err(MapError::Refused),
        (None, Side::Uid) => Ok(write_side(pid, "uid_map", &map.uids)?),
        (None, Side::Gid) => {
            // user_namespaces(7): an ordinary user's gid_map wants this first, lest groups that deny be dropped.
            write_file(pid, "setgroups", "deny")?;
            Ok(write_side(pid, "gid_map", &map.gids)?)
        }
    }
}

fn write_side(process: impl Display, file: &str, extents: &[Extent]) -> Result<(), SyscallError> {
    let lines: String = extents.iter().map(|e| format!("{} {} {}\n", e.inside, e.outside, e.count)).collect();
    write_file(process, file, &lines)
}

/// `process` is a number or `self`, which is right in any process namespace.
fn write_file(process: impl Display, file: &str, text: &str) -> Result<(), SyscallError> {
    let path = format!("/proc/{process}/{file}");
    // One write: the kernel takes the map as a whole.
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .during(|| format!("write({path:?}, {:?})", text.trim_end()))
}

/// Moves this process into a new user namespace with this map and makes it root there, where the map has a root: for
/// commands that unpack or delete trees with many owners. *Must* be single-threaded; afterwards it may use threads.
pub fn enter(map: &IdMap) -> Result<(), MapError> {
    if writes_itself(map) {
        namespace::unshare(UnshareFlags::NEWUSER)?;
        write_maps_of_self(map)?;
    } else {
        enter_with_writer(map)?;
    }
    Ok(become_root(map)?)
}

/// Enters a user namespace with the best map that works and says which it is.
pub fn enter_best() -> Result<IdMap, MapError> {
    let best = best_map();
    let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
    match enter(&best) {
        Ok(()) => Ok(best),
        Err(MapError::Refused(_)) => {
            // The namespace is there, without a map, or with that of the users alone.
            let mut map = IdMap::single(uid, gid);
            if geteuid().is_root() {
                map.uids = best.uids;
            } else {
                write_side("self", "uid_map", &map.uids)?;
            }
            write_file("self", "setgroups", "deny")?;
            write_side("self", "gid_map", &map.gids)?;
            become_root(&map)?;
            Ok(map)
        }
        Err(error) => Err(error),
    }
}

/// Writes a map that [`writes_itself`], from inside. The caller's ids have become the overflow id by now, so the file
/// says what they were.
pub fn write_maps_of_self(map: &IdMap) -> Result<(), SyscallError> {
    write_side("self", "uid_map", &map.uids)?;
    write_file("self", "setgroups", "deny")?;
    write_side("self", "gid_map", &map.gids)
}

/// A small child that stays outside writes the maps, since nobody inside may.
fn enter_with_writer(map: &IdMap) -> Result<(), MapError> {
    let this = getpid();
    let (gate, open_gate) = std::io::pipe().during(|| "pipe()")?;
    let (answer, writer) = std::io::pipe().during(|| "pipe()")?;
    match process::fork()? {
        process::Forked::Child => {
            drop((open_gate, answer));
            let text = match (&gate).read(&mut [0]) {
                Ok(1) => write_maps(this, map).err(),
                _ => None,
            };
            if let Some(error) = &text {
                let kind: &[u8] = if matches!(error, MapError::Refused(_)) { b"r" } else { b"c" };
                let _ = (&writer).write_all(&[kind, error.to_string().as_bytes()].concat());
            }
            process::exit_now(u8::from(text.is_some()))
        }
        process::Forked::Parent { pidfd, .. } => {
            drop((gate, writer));
            let unshared = namespace::unshare(UnshareFlags::NEWUSER);
            if unshared.is_ok() {
                (&open_gate).write_all(b"!").during(|| "write()")?;
            }
            drop(open_gate);
            let mut text = String::new();
            (&answer).read_to_string(&mut text).during(|| "read()")?;
            process::wait(&pidfd)?;
            unshared?;
            match text.split_at_checked(1) {
                None => Ok(()),
                Some(("r", said)) => Err(MapError::Refused(said.to_owned())),
                Some((_, call)) => Err(MapError::Call(SyscallError::new(call, Errno::PERM))),
            }
        }
    }
}

/// Takes the namespace's root as this thread's ids, where the map has it and they are not that already.
pub fn become_root(map: &IdMap) -> Result<(), SyscallError> {
    if map.gid_outside(0).is_some() && !getegid().is_root() {
        process::set_gid(0)?;
    }
    if map.uid_outside(0).is_some() && !geteuid().is_root() {
        process::set_uid(0)?;
    }
    Ok(())
}

/// Joins a user namespace.
pub fn join(namespace: impl AsFd) -> Result<(), SyscallError> {
    namespace::join(namespace, libc::CLONE_NEWUSER)
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
        assert_eq!(map.uid_inside(1000), Some(0));
        assert_eq!(map.gid_inside(100_032), Some(33));
        assert_eq!(map.gid_inside(99_999), None);
    }

    #[test]
    fn keep_id_swaps_the_caller_and_root() {
        let extents = |list: &[(u32, u32, u32)]| -> Vec<Extent> {
            list.iter().map(|&(inside, outside, count)| Extent { inside, outside, count }).collect()
        };
        let plain = extents(&[(0, 1000, 1), (1, 100_000, 65_536)]);
        for (id, wanted) in [
            (0, plain.clone()),
            (1, extents(&[(0, 100_000, 1), (1, 1000, 1), (2, 100_001, 65_535)])),
            (1000, extents(&[(0, 100_999, 1), (1, 100_000, 999), (1000, 1000, 1), (1001, 101_000, 64_536)])),
            (65_536, extents(&[(0, 165_535, 1), (1, 100_000, 65_535), (65_536, 1000, 1)])),
            // Beyond the range: the last id of it is given up for root.
            (70_000, extents(&[(0, 165_535, 1), (1, 100_000, 65_535), (70_000, 1000, 1)])),
        ] {
            assert_eq!(swap_with_root(&plain, id), wanted, "{id}");
        }
        assert_eq!(IdMap::single(5, 6).keep_id(5, 6).uids, extents(&[(5, 5, 1)]));
    }

    #[test]
    fn enters_the_best_map_and_the_single_one() {
        use crate::sys::testing::{alone, in_child};
        if !alone() {
            return;
        }
        if let Some(reason) = namespace::why_no_user_namespace() {
            return eprintln!("skipped: enters_the_best_map_and_the_single_one: {reason}");
        }
        in_child(|| {
            let map = enter_best()?;
            let text = fs::read_to_string("/proc/self/uid_map")?;
            anyhow::ensure!(text.lines().count() == map.uids.len(), "{map:?}: {text}");
            anyhow::ensure!(geteuid().is_root() && getegid().is_root());
            Ok(())
        });
        in_child(|| {
            let map = IdMap::single(geteuid().as_raw(), getegid().as_raw());
            enter(&map)?;
            anyhow::ensure!(fs::read_to_string("/proc/self/gid_map")?.split_ascii_whitespace().eq([
                "0",
                &map.gids[0].outside.to_string(),
                "1"
            ]));
            Ok(())
        });
    }
}
