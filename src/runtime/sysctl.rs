//! Kernel parameters of the container's namespaces. proc_sys(5).
//!
//! They are written through the host's own /proc, held open before the root changes: whatever an image or a volume puts
//! at the container's /proc, the values go to the kernel (CVE-2025-52881). What /proc/sys shows depends on who opens.

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use oci_spec::runtime::Spec;
use rustix::{
    fs::{Mode, OFlags},
    io::Errno,
};

use crate::sys::{beneath, fd, userns::IdMap};

/// Opens the host's /proc/sys, if there is something to write.
pub(super) fn open(spec: &Spec) -> anyhow::Result<Option<OwnedFd>> {
    let is_wanted = parameters(spec).next().is_some();
    let dir = is_wanted.then(|| fd::open_path(Path::new("/proc/sys"))).transpose()?;
    if let Some(dir) = &dir {
        let kind = rustix::fs::fstatfs(dir).map_err(std::io::Error::from)?.f_type;
        ensure!(kind == rustix::fs::PROC_SUPER_MAGIC, "/proc is not a proc file system");
    }
    Ok(dir)
}

/// Writes them.
///
/// Should: come when the namespaces are the container's and the host name is set (`kernel.hostname` has its own option).
pub(super) fn write(spec: &Spec, dir: Option<OwnedFd>, map: &IdMap) -> anyhow::Result<()> {
    let Some(dir) = dir else { return Ok(()) };
    for (name, value) in parameters(spec) {
        let file = beneath::open_strict(&dir, &path(name), OFlags::WRONLY, Mode::empty())
            .with_context(|| format!("set the kernel parameter {name}"))?;
        let mut answer = fd::write_all(&file, value.as_bytes());
        if name == "net.ipv4.ping_group_range" && answer == Err(Errno::INVAL) {
            // docker's default names groups that a small map does not have.
            answer = fd::write_all(&file, narrowed(map).as_bytes());
        }
        answer
            .map_err(std::io::Error::from)
            .with_context(|| format!("set the kernel parameter {name} to {value:?}"))?;
    }
    Ok(())
}

fn parameters(spec: &Spec) -> impl Iterator<Item = (&String, &String)> {
    spec.linux().as_ref().and_then(|linux| linux.sysctl().as_ref()).into_iter().flatten()
}

/// `net.ipv4.conf.eth0/1.mtu` as sysctl(8) writes names: dots and slashes change places.
fn path(name: &str) -> PathBuf {
    let swap = |c| match c {
        '.' => '/',
        '/' => '.',
        c => c,
    };
    let first_slash = name.find('/').unwrap_or(usize::MAX);
    let first_dot = name.find('.').unwrap_or(usize::MAX);
    // A name whose first separator is a slash is a path already.
    if first_slash < first_dot {
        PathBuf::from(name)
    } else {
        name.chars().map(swap).collect::<String>().into()
    }
}

/// All groups of the map, from its lowest to its highest.
fn narrowed(map: &IdMap) -> String {
    let lowest = map.gids.iter().map(|e| e.inside).min().unwrap_or(0);
    let highest = map.gids.iter().map(|e| e.inside + (e.count - 1)).max().unwrap_or(0);
    format!("{lowest} {highest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_paths() {
        for (name, wanted) in [
            ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
            ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
            ("net.ipv4.conf.eth0/1.mtu", "net/ipv4/conf/eth0.1/mtu"),
        ] {
            assert_eq!(path(name), Path::new(wanted));
        }
    }
}
