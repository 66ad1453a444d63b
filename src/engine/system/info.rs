//! `info`: what there is in the store, and what the host offers.

use std::fs;

use serde_json::{Value, json};

use crate::{
    engine::Engine,
    store::{
        container::Status,
        image::{Platform, read_index},
    },
};

impl Engine {
    /// Describes the store and the host with docker's keys.
    pub fn info(&self) -> anyhow::Result<Value> {
        let (mut running, mut paused) = (0, 0);
        let containers = self.containers()?;
        for container in &containers {
            let is_paused = container.state().is_ok_and(|state| state.status == Status::Paused);
            paused += usize::from(is_paused);
            running += usize::from(!is_paused && container.is_running()?);
        }
        let mut images: Vec<_> = read_index(&self.layout)?.manifests.iter().map(|d| d.digest).collect();
        images.sort();
        images.dedup();
        let uname = rustix::system::uname();
        let platform = Platform::host();
        let map = self.map();
        let text = |text: &std::ffi::CStr| text.to_string_lossy().into_owned();
        Ok(json!({
            "Containers": containers.len(),
            "ContainersRunning": running,
            "ContainersPaused": paused,
            "ContainersStopped": containers.len() - running - paused,
            "Images": images.len(),
            "Driver": "overlay",
            "ServerVersion": env!("CARGO_PKG_VERSION"),
            "DockerRootDir": self.layout.root(),
            "RuntimeDir": self.layout.runtime(),
            "Name": text(uname.nodename()),
            "KernelVersion": text(uname.release()),
            "OperatingSystem": operating_system(),
            "OSType": platform.os,
            "Architecture": text(uname.machine()),
            "NCPU": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            "MemTotal": memory_total(),
            "CgroupVersion": cgroup_version(),
            // Nothing is limited by cgroups, as docker says where it cannot do it either.
            "CgroupDriver": "none",
            "MemoryLimit": false,
            "SwapLimit": false,
            "CpuCfsQuota": false,
            "CPUShares": false,
            "CPUSet": false,
            "PidsLimit": false,
            "DefaultRuntime": "coracle",
            "Swarm": { "LocalNodeState": "inactive" },
            "LoggingDriver": "json-file",
            "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"],
            "Rootless": true,
            "UIDMap": map.uids,
            "GIDMap": map.gids,
        }))
    }
}

/// os-release(5).
fn operating_system() -> String {
    let text = fs::read_to_string("/etc/os-release").or_else(|_| fs::read_to_string("/usr/lib/os-release"));
    pretty_name(&text.unwrap_or_default()).unwrap_or_else(|| "Linux".to_owned())
}

fn pretty_name(os_release: &str) -> Option<String> {
    let value = os_release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim().trim_matches(['"', '\'']).to_owned())
}

/// Bytes. proc_meminfo(5).
fn memory_total() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// cgroups(7): the unified hierarchy at the root says 2.
fn cgroup_version() -> &'static str {
    if fs::exists("/sys/fs/cgroup/cgroup.controllers").unwrap_or(false) { "2" } else { "1" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_system_s_name() {
        let text = "NAME=\"Some\"\nPRETTY_NAME=\"Some Linux 12\"\n";
        assert_eq!(pretty_name(text).as_deref(), Some("Some Linux 12"));
        assert_eq!(pretty_name("ID=x\n"), None);
    }
}
