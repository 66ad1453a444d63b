//! Which namespaces a container gets new, joins, or shares with the host, from the specification's list.
//! runtime-spec config-linux.md "Namespaces"; namespaces(7).

use std::os::fd::{BorrowedFd, OwnedFd};

use anyhow::{Context, bail};
use oci_spec::runtime::{LinuxNamespaceType, Spec};

use crate::sys::{
    fd, namespace,
    userns::{self, IdMap},
};

/// What is to be done about each kind.
#[derive(Debug)]
pub(super) struct Plan {
    /// CLONE_NEW* of those that are made.
    new: u64,
    /// Those that are joined, by kind.
    joined: Vec<(u64, OwnedFd)>,
    /// The child writes its identity map itself. (Once it is inside, it does not know any more who it was.)
    pub(super) self_mapped: bool,
}

const USER: u64 = libc::CLONE_NEWUSER as u64;
const MOUNT: u64 = libc::CLONE_NEWNS as u64;

impl Plan {
    /// Reads the specification. The mount namespace is always new; so is the user namespace, unless one is given.
    /// Kinds that are not listed are the host's.
    pub(super) fn new(spec: &Spec, map: &IdMap, has_userns: bool) -> anyhow::Result<Plan> {
        let mut plan = Plan {
            new: if has_userns { MOUNT } else { MOUNT | USER },
            joined: Vec::new(),
            self_mapped: userns::writes_itself(map),
        };
        let listed =
            spec.linux().as_ref().and_then(|linux| linux.namespaces().as_deref()).unwrap_or_default();
        for namespace in listed {
            let kind = namespace.typ() as u64;
            match (namespace.typ(), namespace.path()) {
                (LinuxNamespaceType::User | LinuxNamespaceType::Mount, None) => {}
                (LinuxNamespaceType::Time, _) => bail!("time namespaces are not supported"),
                (_, None) => plan.new |= kind,
                (_, Some(path)) => {
                    let file =
                        fd::open_path(path).and_then(|path| fd::reopen(path, rustix::fs::OFlags::RDONLY));
                    let file = file.with_context(|| format!("join the namespace {}", path.display()))?;
                    plan.joined.push((kind, file));
                }
            }
        }
        // The user namespace first, which gives the right to join the others; then the process ids', for children.
        plan.joined.sort_by_key(|(kind, _)| *kind != USER);
        Ok(plan)
    }

    /// CLONE_NEW* of those that are made.
    pub(super) fn new_flags(&self) -> u64 {
        self.new
    }

    /// Says whether a namespace of this kind is made for the container.
    pub(super) fn makes(&self, kind: libc::c_int) -> bool {
        self.new & kind as u64 != 0
    }

    /// Says whether something is joined, so that an intermediate process is needed.
    pub(super) fn joins(&self) -> bool {
        !self.joined.is_empty()
    }

    /// Joins them, with the user namespace before all others.
    pub(super) fn join(&self, userns: Option<BorrowedFd<'_>>) -> anyhow::Result<()> {
        if let Some(userns) = userns {
            namespace::join(userns, libc::CLONE_NEWUSER).context("join the user namespace")?;
        }
        for (kind, file) in &self.joined {
            namespace::join(file, *kind as libc::c_int).context("join a namespace")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(json: serde_json::Value) -> anyhow::Result<Plan> {
        let spec = serde_json::json!({ "ociVersion": "1.2.0", "linux": { "namespaces": json } });
        Plan::new(&serde_json::from_value(spec).unwrap(), &IdMap::single(0, 0), false)
    }

    #[test]
    fn lists_what_is_new_and_what_is_joined() {
        let made = plan(serde_json::json!([{ "type": "pid" }, { "type": "uts" }])).unwrap();
        assert!(
            made.makes(libc::CLONE_NEWPID)
                && made.makes(libc::CLONE_NEWUSER)
                && made.makes(libc::CLONE_NEWNS)
        );
        assert!(!made.makes(libc::CLONE_NEWNET) && !made.joins());
        let joins = plan(serde_json::json!([{ "type": "network", "path": "/proc/self/ns/net" }])).unwrap();
        assert!(joins.joins() && !joins.makes(libc::CLONE_NEWNET));
        let wrong = plan(serde_json::json!([{ "type": "network", "path": "/proc/self/ns/none" }]));
        assert!(format!("{:#}", wrong.unwrap_err()).contains("/proc/self/ns/none"));
    }
}
