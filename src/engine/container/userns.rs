//! The user namespace that a container runs in: another container's, one that all with the same identity map share, or one
//! of its own. user_namespaces(7).
//!
//! The shared one is found by a note in the runtime directory that names a process in it. The note goes with the container
//! that it was made for; then the next one makes another, and those that are left in the old one stay there.

use std::{
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};

use crate::{
    base::id::ContainerId,
    engine::{Engine, Error},
    store::{
        container::{ContainerConfig, Namespace, Network, UserNamespace},
        directory,
        record::{self, Durability},
    },
    sys::{namespace, process::ProcessIdentity, userns::IdMap},
};

/// Where others will find the user namespace that a container is about to get.
pub(super) struct UsernsNote(PathBuf);

impl UsernsNote {
    /// Without the note the next container has a user namespace of its own: nothing else is lost.
    pub(super) fn write(&self, process: &ProcessIdentity) {
        let write = || record::write(&self.0, process, Durability::Relaxed);
        if write().is_err() && self.0.parent().is_some_and(|parent| directory::make(parent).is_ok()) {
            let _ = write();
        }
    }

    pub(super) fn remove(self) {
        let _ = fs::remove_file(self.0);
    }
}

impl Engine {
    /// The user namespace to join, or where to note the one that is made; neither for `--userns=private`.
    pub(super) fn user_namespace(
        &self,
        config: &ContainerConfig,
        map: &IdMap,
    ) -> anyhow::Result<(Option<OwnedFd>, Option<UsernsNote>)> {
        if let Some(id) = shares_with(config) {
            return Ok((Some(self.namespace_of(config, id)?), None));
        }
        if config.namespaces.user == UserNamespace::Private {
            return Ok((None, None));
        }
        let note = self.layout.shared_userns(&map.tag());
        Ok(match open(&note) {
            Some(namespace) => (Some(namespace), None),
            None => (None, Some(UsernsNote(note))),
        })
    }

    /// The user namespace of the container that this one shares others with: the kernel lets it into them from there only.
    fn namespace_of(&self, config: &ContainerConfig, id: &ContainerId) -> anyhow::Result<OwnedFd> {
        let other = self.container(id)?.ok_or_else(|| Error::NotRunning { name: id.to_string() })?;
        let kept = |user: &UserNamespace| match user {
            UserNamespace::KeepId { uid, gid } => Some((*uid, *gid)),
            UserNamespace::Shared | UserNamespace::Private => None,
        };
        let same = kept(&other.config.namespaces.user) == kept(&config.namespaces.user);
        ensure!(
            other.config.map == config.map && same,
            Error::Invalid(format!(
                "container {} has another identity map: give the same --userns",
                other.name()
            ))
        );
        let pid = self.running_pid(id)?;
        let context = || format!("join the user namespace of {}", other.name());
        let namespace = fs::File::open(format!("/proc/{pid}/ns/user")).with_context(context)?;
        let made_by_us = namespace::is_child_of_ours(&namespace).with_context(context)?;
        ensure!(made_by_us, "container {} has gone to a user namespace of its own making", other.name());
        Ok(namespace.into())
    }
}

/// The map that a container runs with, where its files on disk have the plain one.
pub(super) fn run_map(config: &ContainerConfig, plain: &IdMap) -> IdMap {
    match config.namespaces.user {
        UserNamespace::KeepId { uid, gid } => plain.keep_id(uid, gid),
        UserNamespace::Shared | UserNamespace::Private => plain.clone(),
    }
}

/// A container whose namespaces this one shares.
fn shares_with(config: &ContainerConfig) -> Option<&ContainerId> {
    let namespaces = &config.namespaces;
    fn shared(namespace: &Namespace) -> Option<&ContainerId> {
        match namespace {
            Namespace::Container(id) => Some(id),
            Namespace::Private | Namespace::Host => None,
        }
    }
    let network = match &namespaces.network {
        Network::Container(id) => Some(id),
        Network::None | Network::Host => None,
    };
    shared(&namespaces.pid).or(shared(&namespaces.ipc)).or(shared(&namespaces.uts)).or(network)
}

/// Opens the user namespace that a note tells of, if its process is still there. A note that leads nowhere is removed:
/// ext4 flushes a file that is renamed over another, and the start would wait for it.
fn open(note: &Path) -> Option<OwnedFd> {
    let process: ProcessIdentity = record::read(note).ok()??;
    let namespace =
        process.open().and_then(|_alive| fs::File::open(format!("/proc/{}/ns/user", process.pid)).ok());
    // Looked at again: the number may have been given to another process just before. And the program may have gone to
    // a namespace of its own making, where it would have every right over those who follow.
    let namespace = namespace
        .filter(|namespace| process.open().is_some() && namespace::is_child_of_ours(namespace) == Ok(true));
    if namespace.is_none() {
        let _ = fs::remove_file(note);
    }
    namespace.map(OwnedFd::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_that_leads_to_no_containers_namespace_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run/userns");
        assert!(open(&path).is_none());
        let me = ProcessIdentity::of(rustix::process::getpid()).unwrap();
        let gone = ProcessIdentity { start_time: me.start_time + 1, ..me.clone() };
        // This process's namespace is none that was made for containers.
        for process in [gone, me] {
            UsernsNote(path.clone()).write(&process);
            assert!(open(&path).is_none() && !path.exists(), "{process:?}");
        }
    }
}
