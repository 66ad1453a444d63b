//! `rm`: a container with its writable layer, its log and its name.
//!
//! `config.json` goes first: from then on there is no such container, and the rest is what `prune` sweeps.

use std::{fs, io};

use anyhow::Context;

use crate::{
    engine::{Engine, Error, remove::remove_tree},
    store::{lock::Lock, names},
};

use super::{Container, status::Patience};

/// What `rm` is told.
#[derive(Debug, Clone, Copy, Default)]
pub struct RemoveOptions {
    /// Kill it if it runs; forgive one that is not there.
    pub force: bool,
    /// Remove its anonymous volumes as well.
    pub volumes: bool,
}

impl Engine {
    /// Removes a container by what the user typed. Gives `None` for one that `force` forgives.
    pub fn remove_container(
        &self,
        reference: &str,
        options: RemoveOptions,
    ) -> anyhow::Result<Option<Container>> {
        let container = match self.find_container(reference) {
            Err(error) if options.force && matches!(error.downcast_ref(), Some(Error::NoSuch { .. })) => {
                return Ok(None);
            }
            result => result?,
        };
        let Some(_lock) = self.lock_stopped(&container, options.force)? else {
            // Its monitor removed it when we killed it.
            return Ok(Some(container));
        };
        self.delete_container(&container, options.volumes)?;
        Ok(Some(container))
    }

    /// Takes the lock of a container that does not run, or that `force` ends. `None` for one that is gone by then.
    fn lock_stopped(&self, container: &Container, force: bool) -> anyhow::Result<Option<Lock>> {
        let path = container.dir.lock();
        let patience = Patience::start();
        while patience.lasts() {
            if container.state()?.status.is_running() {
                if !force {
                    return Err(Error::Running { name: container.name().to_owned() }.into());
                }
                match self.kill(container, libc::SIGKILL) {
                    Err(error) if matches!(error.downcast_ref(), Some(Error::NotRunning { .. })) => {}
                    result => result?,
                }
            }
            if !container.dir.config().exists() {
                return Ok(None);
            }
            match Lock::try_exclusive(&path) {
                Ok(Some(lock)) if !container.outlived_its_monitor()? => return Ok(Some(lock)),
                Ok(_) => patience.pause(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error).with_context(|| format!("lock {}", path.display())),
            }
        }
        Err(Error::Invalid(format!("container {} is used by another command", container.name())).into())
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
