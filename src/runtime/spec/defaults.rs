//! What docker gives every container: mounts, hidden and protected paths, the search path. runtime-spec config-linux.md
//! has the default file systems and devices; the devices are the runtime's own matter.

use std::path::{Path, PathBuf};

use oci_spec::runtime::Mount;

/// `PATH` where neither image nor user says otherwise.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The size of /dev/shm where none is asked for.
pub const SHM_SIZE: u64 = 64 << 20;

/// Paths that show nothing: they tell about the host, or by timing about its other users.
pub const MASKED: [&str; 12] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

/// Paths that cannot be written.
pub const READONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/// The throttle counters of each CPU, where the host has them: docker masks these too (they tell of its load).
pub fn throttle_counters() -> Vec<String> {
    let of = |cpu: usize| format!("/sys/devices/system/cpu/cpu{cpu}/thermal_throttle");
    (0..).map(of).take_while(|path| Path::new(path).exists()).collect()
}

/// What decides about the default mounts.
#[derive(Debug, Clone, Copy)]
pub struct Choices {
    /// /sys and its cgroups are writable.
    pub privileged: bool,
    pub host_network: bool,
    pub ipc: Ipc,
    pub shm_size: u64,
    /// Group 5 is mapped, so that terminals can belong to it.
    pub tty_group: bool,
}

/// Whose shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ipc {
    Private,
    Host,
    /// Those of the container that this process is in.
    Of(i32),
}

/// docker's mounts, in their order.
pub fn mounts(choices: Choices) -> Vec<Mount> {
    let (access, all) = if choices.privileged { ("rw", "rw") } else { ("ro", "rro") };
    let closed = ["nosuid", "noexec", "nodev"];
    let with = |more: &'static str| [&closed[..], &[more]].concat();
    let mut pts = vec!["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"];
    if choices.tty_group {
        pts.push("gid=5");
    }
    let mut mounts = vec![
        mount("/proc", "proc", "proc", &closed),
        mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount("/dev/pts", "devpts", "devpts", &pts),
        // A user namespace can mount sysfs only of a network that is its own.
        match choices.host_network {
            true => mount("/sys", "bind", "/sys", &[&["rbind"], &with(all)[..]].concat()),
            false => mount("/sys", "sysfs", "sysfs", &with(access)),
        },
        // Read-only even where the cgroup namespace is the host's (CVE-2023-25809).
        mount("/sys/fs/cgroup", "cgroup", "cgroup", &with(access)),
    ];
    // The queues are those of the IPC namespace, whosever it is.
    mounts.push(mount("/dev/mqueue", "mqueue", "mqueue", &closed));
    let shm = "/dev/shm";
    mounts.push(match choices.ipc {
        Ipc::Private => {
            let size = format!("size={}", choices.shm_size);
            mount(shm, "tmpfs", "shm", &[&closed[..], &["mode=1777", &size]].concat())
        }
        Ipc::Host => mount(shm, "bind", shm, &with("rbind")),
        Ipc::Of(pid) => mount(shm, "bind", format!("/proc/{pid}/root{shm}"), &with("bind")),
    });
    mounts
}

/// A mount in OCI's words.
pub fn mount(
    destination: impl Into<PathBuf>,
    kind: &str,
    source: impl Into<PathBuf>,
    options: &[impl AsRef<str>],
) -> Mount {
    let mut mount = Mount::default();
    mount
        .set_destination(destination.into())
        .set_typ(Some(kind.to_owned()))
        .set_source(Some(source.into()))
        .set_options(Some(options.iter().map(|option| option.as_ref().to_owned()).collect()));
    mount
}
