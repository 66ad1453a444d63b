//! The records of a container: `config.json` (how it was created) and `state.json` (what became of it).
//! Both leave out what has its default, so that a thousand of them are read in milliseconds.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{digest::Digest, id::ContainerId, time::Time};
pub use crate::sys::process::ProcessIdentity;

/// The format of records that this program writes.
pub const VERSION: u32 = 1;

/// How a container was created. Changed only by `rename` and `update`, and then replaced as a whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub struct ContainerConfig {
    pub version: u32,
    pub id: ContainerId,
    pub name: String,
    pub created: Time,
    pub root: RootSource,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageUse>,
    pub process: ProcessConfig,
    /// The identity map's tag: whose ids own the writable layer on disk. It cannot be run under another map.
    pub map: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub namespaces: Namespaces,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mounts: Vec<MountConfig>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub security: SecurityConfig,
    #[serde(default, skip_serializing_if = "is_default")]
    pub host: HostConfig,
    #[serde(default, skip_serializing_if = "is_default")]
    pub lifecycle: LifecycleConfig,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, serde_json::Value>,
}

/// Where a container's root file system comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RootSource {
    /// An image's layers, bottom first, by diff id.
    Layers(Vec<Digest>),
    /// The built-in image `host:`: the host's own root, copy-on-write.
    Host,
    /// A directory that the user named (`--rootfs`), used as it is, without a writable layer of ours.
    Directory(PathBuf),
}

/// The image that a container was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageUse {
    /// The name as the user gave it.
    pub name: String,
    /// The digest of the image's config, which is docker's image id.
    pub id: Digest,
    /// The digest of the manifest in the store.
    pub manifest: Digest,
}

/// The program and its surroundings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessConfig {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// `NAME=value`, each name once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<String>,
    /// Empty for `/`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cwd: String,
    /// docker's `user[:group]`, names or numbers; empty for root.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub terminal: bool,
    /// `-i`: the standard input stays open.
    #[serde(skip_serializing_if = "is_default")]
    pub stdin: bool,
    /// `--init`: a reaper of ours is process 1.
    #[serde(skip_serializing_if = "is_default")]
    pub init: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub umask: Option<u32>,
}

/// Which namespaces are not the container's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Namespaces {
    #[serde(skip_serializing_if = "is_default")]
    pub user: UserNamespace,
    #[serde(skip_serializing_if = "is_default")]
    pub pid: Namespace,
    #[serde(skip_serializing_if = "is_default")]
    pub ipc: Namespace,
    #[serde(skip_serializing_if = "is_default")]
    pub uts: Namespace,
    #[serde(skip_serializing_if = "is_default")]
    pub network: Network,
}

/// `--userns`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserNamespace {
    /// The caller's containers with the same map share one.
    #[default]
    Shared,
    /// One of its own, with the same map (`private`, `auto`).
    Private,
    /// The caller keeps his own uid and gid inside (`keep-id`).
    KeepId { uid: u32, gid: u32 },
}

/// `--pid`, `--ipc`, `--uts`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Namespace {
    #[default]
    Private,
    Host,
    Container(ContainerId),
}

/// `--network`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    #[default]
    None,
    Host,
    Container(ContainerId),
}

/// A mount that the user or the image asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountConfig {
    pub source: MountSource,
    /// Absolute path in the container.
    pub target: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub readonly: bool,
    /// `bind-recursive=writable`: only the mount itself is read-only, not what is mounted below it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub writable_below: bool,
    /// `:U`: the source's files are given to the container's user.
    #[serde(default, skip_serializing_if = "is_default")]
    pub chown: bool,
    /// `nocopy`: an empty volume is not filled from the image.
    #[serde(default, skip_serializing_if = "is_default")]
    pub no_copy: bool,
    /// `private`, `rprivate`, `slave`, `rslave`, `shared`, `rshared`; empty for `rprivate`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub propagation: String,
    /// Further options in mount(8)'s words: `noexec`, `nosuid`, `nodev`, and for tmpfs `size=…`, `mode=…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MountSource {
    /// A file or directory of the host, by absolute path.
    Bind {
        path: PathBuf,
        recursive: bool,
    },
    /// A volume by name.
    Volume {
        name: String,
        anonymous: bool,
    },
    Tmpfs,
}

/// What the program may do. The defaults are docker's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecurityConfig {
    #[serde(skip_serializing_if = "is_default")]
    pub privileged: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cap_add: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cap_drop: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub no_new_privileges: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub seccomp: SeccompChoice,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mask: Vec<String>,
    /// Paths to leave unmasked; `ALL` for all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unmask: Vec<String>,
    #[serde(skip_serializing_if = "is_default")]
    pub readonly_root: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<DeviceConfig>,
}

/// `--security-opt seccomp=…`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeccompChoice {
    #[default]
    Default,
    Unconfined,
    /// A profile in docker's format, as it was when the container was created.
    Profile(serde_json::Value),
}

/// `--device HOST[:CONTAINER[:rwm]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceConfig {
    pub source: PathBuf,
    pub target: String,
    pub permissions: String,
}

/// Names, limits and kernel parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostConfig {
    /// Empty for the first 12 digits of the id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domainname: String,
    /// `name:address`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_hosts: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_search: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_options: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ulimits: Vec<Ulimit>,
    /// Bytes; 64 MiB when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shm_size: Option<u64>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i32>,
}

/// `--ulimit name=soft:hard`; `None` is unlimited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    pub name: String,
    pub soft: Option<u64>,
    pub hard: Option<u64>,
}

/// How the container ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LifecycleConfig {
    /// `--rm`.
    #[serde(skip_serializing_if = "is_default")]
    pub auto_remove: bool,
    /// A signal's name or number; empty for SIGTERM.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub stop_signal: String,
    /// Seconds; 10 when absent, negative for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<i64>,
    /// Seconds that the container may run (`--timeout`); 0 for no limit.
    #[serde(skip_serializing_if = "is_default")]
    pub timeout: u64,
    /// Where the monitor writes the program's pid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pidfile: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidfile: Option<PathBuf>,
}

/// What became of a container. Written by whoever holds its lock.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContainerState {
    pub version: u32,
    pub status: Status,
    /// The program, while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessIdentity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished: Option<Time>,
    #[serde(default)]
    pub exit_code: i32,
    /// Why it could not be started, or what its monitor met with.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub error: String,
    #[serde(default, skip_serializing_if = "is_default")]
    pub oom_killed: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    pub restart_count: u32,
}

/// docker's container statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Created,
    Running,
    Paused,
    Exited,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
