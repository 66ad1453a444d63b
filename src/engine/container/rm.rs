//! `rm`: a container with its writable layer, its log and its name.
//!
//! `config.json` goes first: from then on there is no such container, and the rest is what `prune` sweeps.

use std::{fs, io};

use anyhow::Context;

use crate::{
    base::{advice::Advised, id::ContainerId},
    engine::{Engine, Error, remove::remove_tree},
    store::{layout::ContainerDir, lock::Lock, names, record},
};

use super::{
    Container,
    find::no_such,
    kill::signal_process,
    status::{Patience, observe, outlived_its_monitor},
};

/// What `rm` is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct RemoveOptions {
    /// Kill it if it runs; forgive one that is not there.
    pub force: bool,
    /// Remove its anonymous volumes as well.
    pub volumes: bool,
}

impl Engine {
    /// Removes a container by what the user typed; `force` takes one whose records are damaged as well. Gives `None` for
    /// one that is not there, which `force` forgives.
    pub fn remove_container(
        &self,
        reference: &str,
        options: RemoveOptions,
    ) -> anyhow::Result<Option<ContainerId>> {
        let id = match self.find_container_id(reference) {
            Err(error) if options.force && is_no_such(&error) => return Ok(None),
            result => result?,
        };
        let removed = match self.container(&id) {
            Ok(Some(container)) => self.remove_whole(&container, options),
            Ok(None) if options.force => return Ok(None),
            Ok(None) => return Err(no_such(reference)),
            Err(error) if options.force && record::is_damage(&error) => self.remove_damaged(&id),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if !options.force && record::is_damage(&error) => Err(error.context(Advised {
                message: format!("remove container {reference}"),
                hint: format!("'coracle rm -f {reference}' removes a container that is damaged"),
            })),
            removed => removed.map(|()| Some(id)),
        }
    }

    fn remove_whole(&self, container: &Container, options: RemoveOptions) -> anyhow::Result<()> {
        match lock_stopped(&container.dir, container.name(), options.force)? {
            Some(_lock) => self.delete_container(container, options.volumes),
            // Its monitor removed it when we killed it.
            None => Ok(()),
        }
    }

    fn remove_damaged(&self, id: &ContainerId) -> anyhow::Result<()> {
        match lock_stopped(&self.layout.container(id), id.short(), true)? {
            Some(_lock) => self.delete_damaged(id),
            None => Ok(()),
        }
    }

    /// Removes a container whose lock the caller holds, and with `volumes` the anonymous volumes that were its own.
    pub(super) fn delete_container(&self, container: &Container, volumes: bool) -> anyhow::Result<()> {
        match fs::remove_file(container.dir.config()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove container {}", container.name()));
            }
            _ => {}
        }
        names::release(&self.layout, container.name(), container.id())?;
        // Only a monitor that was killed has left it.
        let _ = fs::remove_file(self.layout.attach_socket(container.id()));
        if volumes {
            self.remove_anonymous_volumes(container)?;
        }
        remove_tree(container.dir.path())
    }

    /// Removes a container whose config cannot be read and whose lock the caller holds. Which anonymous volumes were its
    /// own, nobody knows: they stay for `volume prune`.
    pub(super) fn delete_damaged(&self, id: &ContainerId) -> anyhow::Result<()> {
        let dir = self.layout.container(id);
        match fs::remove_file(dir.config()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove {}", dir.config().display()));
            }
            _ => {}
        }
        names::release_all(&self.layout, id)?;
        let _ = fs::remove_file(self.layout.attach_socket(id));
        remove_tree(dir.path())
    }
}

fn is_no_such(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(Error::NoSuch { .. }))
}

/// Takes the lock of a container that does not run, or that `force` ends. `None` for one that is gone by then.
fn lock_stopped(dir: &ContainerDir, name: &str, force: bool) -> anyhow::Result<Option<Lock>> {
    let path = dir.lock();
    let patience = Patience::start();
    while patience.lasts() {
        let state = match observe(dir) {
            Err(error) if force && record::is_damage(&error) => Err(error),
            state => Ok(state?),
        };
        if state.as_ref().is_ok_and(|state| state.status.is_running()) {
            if !force {
                return Err(Error::Running { name: name.to_owned() }.into());
            }
            signal_process(dir, libc::SIGKILL)?;
        }
        if !dir.config().exists() {
            return Ok(None);
        }
        match (Lock::try_exclusive(&path), state) {
            (Ok(Some(lock)), _) if !outlived_its_monitor(dir)? => return Ok(Some(lock)),
            // Nobody knows which process to end.
            (Ok(None), Err(damage)) => {
                return Err(damage.context(format!("container {name} is in use, and its state is damaged")));
            }
            (Ok(_), _) => patience.pause(),
            (Err(error), _) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            (Err(error), _) => return Err(error).with_context(|| format!("lock {}", path.display())),
        }
    }
    Err(Error::Invalid(format!("container {name} is used by another command")).into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, engine, put, set_exited, set_running};
    use super::*;

    #[test]
    fn removes_what_does_not_run_and_nothing_else() {
        let (_dir, engine) = engine();
        let plain = RemoveOptions::default();
        let exited = put(&engine, config(1, "exited"));
        set_exited(&exited, 3);
        let killed = put(&engine, config(2, "killed"));
        set_running(&killed, false);
        let running = put(&engine, config(3, "running"));
        set_running(&running, true);
        for name in ["exited", "killed"] {
            assert!(engine.remove_container(name, plain).unwrap().is_some(), "{name}");
            assert!(engine.find_container(name).is_err(), "{name}");
        }
        let error = engine.remove_container("running", plain).unwrap_err();
        assert!(matches!(error.downcast(), Ok(Error::Running { .. })));
        assert_eq!(fs::read_dir(engine.layout.containers()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(engine.layout.names()).unwrap().count(), 1);
    }

    #[test]
    fn force_forgives_what_is_not_there() {
        let (_dir, engine) = engine();
        let force = RemoveOptions { force: true, volumes: false };
        assert!(engine.remove_container("none", force).unwrap().is_none());
        assert!(engine.remove_container("none", RemoveOptions::default()).is_err());
    }
}
