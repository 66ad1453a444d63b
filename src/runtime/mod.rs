//! The life of a container process, stage by stage. Knows bundles (an OCI runtime spec and a root), not names or images.

pub mod caps;
mod namespaces;
mod process;
mod rlimits;
mod rootfs;
pub mod seccomp;
pub mod spec;
mod sysctl;
mod tty;
pub mod user;

use std::{fmt, os::fd::OwnedFd, path::PathBuf};

use oci_spec::runtime::Spec;

use crate::sys::userns::IdMap;

/// Everything that a container process is made of.
#[derive(Debug)]
pub struct Launch<'a> {
    /// The OCI runtime spec: process, mounts, namespaces, masks, capabilities, limits. Beyond the specification, a
    /// mount's options may hold `copy-up` (fill an empty source from the image's files at the target, first) and
    /// `U` (give the source's files to the container's user).
    pub spec: &'a Spec,
    pub root: Root,
    /// The identity map; its user namespace is made, or joined where `userns` holds one.
    pub map: &'a IdMap,
    pub userns: Option<OwnedFd>,
    /// docker's `user[:group]`, names looked up in the container's own /etc/passwd and /etc/group; empty for root.
    /// Replaces the spec's `process.user`.
    pub user: &'a str,
    /// Supplementary groups besides those of the user: names or numbers.
    pub groups: &'a [String],
    /// BPF programs to install, in order, last thing before exec (struct sock_filter, 8 bytes each).
    pub seccomp: Vec<crate::runtime::seccomp::Program>,
    pub stdio: Stdio,
    /// A reaper of ours is process 1.
    pub init: bool,
}

/// Where `/` comes from.
#[derive(Debug, Clone)]
pub enum Root {
    /// Trees, bottom first, under a writable layer.
    Overlay { lower: Vec<PathBuf>, layer: WritableLayer },
    /// The host's own root under a writable layer.
    Host { layer: WritableLayer },
    /// A directory as it is.
    Directory(PathBuf),
}

impl Root {
    fn layer(&self) -> Option<&WritableLayer> {
        match self {
            Root::Overlay { layer, .. } | Root::Host { layer } => Some(layer),
            Root::Directory(_) => None,
        }
    }
}

/// Where a container's changes go: two directories on one file system, made where they are missing. What overlayfs
/// keeps in `work` has mode 0 in places: [`crate::sys::remove::remove_tree`] deals with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritableLayer {
    pub upper: PathBuf,
    pub work: PathBuf,
    /// Nothing is synced: neither when the program asks for it nor when the layer is unmounted, which otherwise waits for
    /// the whole file system. For containers that are removed at their end.
    pub volatile: bool,
}

/// The program's first three descriptors.
#[derive(Debug)]
pub enum Stdio {
    Streams {
        stdin: OwnedFd,
        stdout: OwnedFd,
        stderr: OwnedFd,
    },
    /// A pseudo-terminal of the container's own devpts; its master comes back in [`Started`].
    Terminal {
        rows: u16,
        columns: u16,
    },
}

/// A program that was exec'ed.
#[derive(Debug)]
pub struct Started {
    pub pid: rustix::process::Pid,
    pub pidfd: OwnedFd,
    /// The pseudo-terminal's master, for [`Stdio::Terminal`].
    pub terminal: Option<OwnedFd>,
    /// What the user should know, a line each: a fallback that costs something.
    pub notes: Vec<String>,
    /// Keeps a writable layer that is synced at its end mounted, until this is closed. Otherwise overlayfs syncs the
    /// whole file system while the last process ends, and that end is not seen before.
    pub layer: Option<OwnedFd>,
}

/// Why a program was not started. The stage and the chain come from the child, over the handshake.
#[derive(Debug)]
pub struct StartError {
    pub kind: StartErrorKind,
    pub message: String,
    /// The likely remedy, where one is known.
    pub hint: Option<String>,
}

/// Which exit status it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartErrorKind {
    /// 125: we failed.
    Setup,
    /// 125: newuidmap or newgidmap refused the map. [`IdMap::single`] may still do: the caller decides, since the image's
    /// trees are kept by map.
    MapRefused,
    /// 126: the program cannot be executed.
    NotExecutable,
    /// 127: there is no such program.
    NotFound,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StartError {}

/// Starts a container and returns when its program has been exec'ed. The caller is its parent and must be
/// single-threaded.
pub fn start(launch: Launch<'_>) -> Result<Started, StartError> {
    process::parent::start(&launch)
}

/// A further program in a running container.
#[derive(Debug)]
pub struct Exec<'a> {
    /// The container's process 1.
    pub target: OwnedFd,
    /// Argv, environment, working directory, capabilities, limits, no_new_privileges.
    pub process: &'a oci_spec::runtime::Process,
    pub user: &'a str,
    pub groups: &'a [String],
    pub seccomp: Vec<crate::runtime::seccomp::Program>,
    pub stdio: Stdio,
    /// The caller ends and the program lives on.
    pub detach: bool,
}

/// Runs a program in a container and returns when it has been exec'ed. The caller must be single-threaded.
pub fn exec(exec: Exec<'_>) -> Result<Started, StartError> {
    process::exec::exec(&exec)
}

#[cfg(test)]
mod tests;
