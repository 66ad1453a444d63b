//! Mounts of another container, for one that shares its IPC namespace: /dev/shm is memory of both.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use anyhow::Context;
use rustix::{
    fs::{Mode, OFlags},
    process::{chroot, fchdir},
};

use crate::sys::{beneath, fd, mount, namespace};

/// The process and the path of a source `/proc/PID/root/…`, which open_tree(2) does not take: the mount is in another
/// mount namespace.
pub(super) fn parse(source: &Path) -> Option<(u32, PathBuf)> {
    let mut parts = source.strip_prefix("/proc").ok()?.components();
    let pid = parts.next()?.as_os_str().to_str()?.parse().ok()?;
    (parts.next()?.as_os_str() == "root").then(|| (pid, Path::new("/").join(parts.as_path())))
}

/// A detached copy of the mount at a path of another container. This process visits the other's mount namespace for it.
///
/// Should: come back whatever happens there.
/// Mustn't: follow a link there.
pub(super) fn copy_mount(pid: u32, path: &Path) -> anyhow::Result<OwnedFd> {
    let theirs = fd::open_file(Path::new(&format!("/proc/{pid}/ns/mnt")))?;
    let ours = fd::open_file(Path::new("/proc/self/ns/mnt"))?;
    let root = fd::open_path(Path::new("/"))?;
    namespace::join(&theirs, libc::CLONE_NEWNS).context("visit the other container's mounts")?;
    let tree = copy_here(path);
    namespace::join(&ours, libc::CLONE_NEWNS).context("come back from the other container's mounts")?;
    // setns(2) has moved the root to that of the namespace.
    fchdir(&root)
        .and_then(|()| chroot("."))
        .map_err(std::io::Error::from)
        .context("come back to the root")?;
    tree
}

fn copy_here(path: &Path) -> anyhow::Result<OwnedFd> {
    let root = fd::open_path(Path::new("/"))?;
    let place = beneath::open_strict(&root, path, OFlags::PATH, Mode::empty())?;
    Ok(mount::clone_tree(&place, false)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_roots_of_processes_are_neighbours() {
        assert_eq!(parse(Path::new("/proc/77/root/dev/shm")), Some((77, "/dev/shm".into())));
        for other in
            ["/proc/77/rooted/x", "/proc/self/root/x", "/proc/77", "/data/proc/77/root/x", "proc/77/root"]
        {
            assert_eq!(parse(Path::new(other)), None, "{other}");
        }
    }
}
