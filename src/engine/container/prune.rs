//! `container prune`: the containers that do not run, and what interrupted commands left.

use std::{fs, os::unix::fs::FileTypeExt, time::Duration};

use anyhow::Context;
use rustix::io::Errno;

use crate::{
    base::{
        filter::Filters,
        id::ContainerId,
        time::{self, Time},
    },
    engine::{Engine, Error, remove::remove_tree},
    store::{layout::ContainerDir, lock::Lock, names, record, usage},
    sys::socket,
};

use super::{
    Container,
    status::{Patience, outlived_its_monitor},
};

/// A directory without config and lock is somebody's work in progress for this long.
const GRACE: Duration = Duration::from_secs(10);

/// What containers can be pruned by.
pub const FILTERS: &[&str] = &["label", "label!", "until"];

/// What a prune removed.
#[derive(Debug, Default)]
pub struct Pruned {
    pub ids: Vec<ContainerId>,
    pub bytes: u64,
}

impl Engine {
    /// Removes the containers that do not run and that the filters admit, with their anonymous volumes left alone, as
    /// docker does. Errors do not stop it; they are given with what was done.
    pub fn prune_containers(&self, filters: &Filters) -> anyhow::Result<(Pruned, Vec<anyhow::Error>)> {
        let until = filters.values("until").map(|text| time::parse(text).map_err(Error::Invalid));
        let until = until.collect::<Result<Vec<Time>, _>>()?;
        let (mut pruned, mut errors) = (Pruned::default(), Vec::new());
        for id in self.container_ids()? {
            let bytes = match self.container(&id) {
                Ok(None) => continue,
                Ok(Some(container)) => {
                    let config = &container.config;
                    let is_wanted = filters.admits_labels(&config.labels)
                        && !until.iter().any(|limit| config.created >= *limit);
                    if is_wanted { self.prune_one(&container) } else { continue }
                }
                Err(error) if record::is_damage(&error) => self.prune_damaged(&id, filters),
                Err(error) => Err(error),
            };
            match bytes {
                Ok(Some(bytes)) => {
                    pruned.bytes += bytes;
                    pruned.ids.push(id);
                }
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        pruned.bytes += self.sweep_containers(&mut errors)?;
        Ok((pruned, errors))
    }

    /// Removes one container, unless it runs or somebody is at it. Gives how many bytes that freed.
    fn prune_one(&self, container: &Container) -> anyhow::Result<Option<u64>> {
        let Some(_lock) = lock_stopped(container)? else { return Ok(None) };
        let bytes = usage::of(container.dir.path());
        self.delete_container(container, false)?;
        Ok(Some(bytes))
    }

    /// The same for one whose config is damaged: no filter says anything of it.
    fn prune_damaged(&self, id: &ContainerId, filters: &Filters) -> anyhow::Result<Option<u64>> {
        let dir = self.layout.container(id);
        if !filters.is_empty() {
            return Ok(None);
        }
        let Some(_lock) = try_lock(&dir)? else { return Ok(None) };
        if outlived_its_monitor(&dir)? {
            return Ok(None);
        }
        let bytes = usage::of(dir.path());
        self.delete_damaged(id)?;
        Ok(Some(bytes))
    }

    /// Removes directories that never became a container or are no longer one, and names that lead nowhere.
    pub fn sweep_containers(&self, errors: &mut Vec<anyhow::Error>) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for id in self.container_ids()? {
            let dir = self.layout.container(&id);
            if dir.config().exists() || (!dir.lock().exists() && is_recent(dir.path())) {
                continue;
            }
            match try_lock(&dir) {
                Ok(Some(_lock)) => {
                    bytes += usage::of(dir.path());
                    errors.extend(remove_tree(dir.path()).err());
                }
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        errors.extend(names::sweep(&self.layout).err());
        self.sweep_runtime();
        Ok(bytes)
    }

    /// Removes sockets that nobody listens on and notes that were never finished. The directory may be shared with other
    /// stores of the caller's, so what is alive decides, not what this store knows.
    fn sweep_runtime(&self) {
        let Ok(entries) = fs::read_dir(self.layout.runtime()) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            let is_socket = entry.file_type().is_ok_and(|kind| kind.is_socket());
            let is_dead = match is_socket {
                true => socket::connect_to(&path).is_err_and(|error| error.errno == Errno::CONNREFUSED),
                false => path.extension().is_some_and(|extension| extension == "new") && !is_recent(&path),
            };
            if is_dead {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Takes the lock of a container that does not run. One that has ended may still be locked, while its layer is synced.
fn lock_stopped(container: &Container) -> anyhow::Result<Option<Lock>> {
    let patience = Patience::start();
    while patience.lasts() {
        if let Some(lock) = try_lock(&container.dir)? {
            return Ok((!container.outlived_its_monitor()?).then_some(lock));
        }
        match container.state() {
            Ok(state) if !state.status.is_running() => patience.pause(),
            Ok(_) => return Ok(None),
            // Who holds the lock may well be running.
            Err(error) if record::is_damage(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

fn try_lock(dir: &ContainerDir) -> anyhow::Result<Option<Lock>> {
    let path = dir.lock();
    Lock::try_exclusive(&path).with_context(|| format!("lock {}", path.display()))
}

fn is_recent(path: &std::path::Path) -> bool {
    let Ok(changed) = fs::metadata(path).and_then(|found| found.modified()) else { return true };
    changed.elapsed().is_ok_and(|age| age < GRACE)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, engine, put, set_running};
    use super::*;
    use crate::store::directory;

    #[test]
    fn sweeps_containers_and_what_interrupted_commands_left() {
        let (_dir, engine) = engine();
        put(&engine, config(1, "created"));
        set_running(&put(&engine, config(2, "killed")), false);
        let running = put(&engine, config(3, "running"));
        set_running(&running, true);
        let interrupted = put(&engine, config(4, "interrupted"));
        fs::remove_file(interrupted.dir.config()).unwrap();
        fs::write(interrupted.dir.lock(), "").unwrap();
        let begun = engine.layout.container(&ContainerId::from_bytes([5; 32]));
        directory::make(begun.path()).unwrap();
        let (pruned, errors) = engine.prune_containers(&Filters::default()).unwrap();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(pruned.ids.len(), 2);
        let left: Vec<_> = engine.container_ids().unwrap();
        assert_eq!(left.len(), 2, "the running one, and the one that may be in the making: {left:?}");
        assert_eq!(fs::read_dir(engine.layout.names()).unwrap().count(), 1);
    }

    #[test]
    fn a_socket_is_removed_when_nobody_listens() {
        let (_dir, engine) = engine();
        let socket = |byte| engine.layout.attach_socket(&ContainerId::from_bytes([byte; 32]));
        directory::make(engine.layout.runtime()).unwrap();
        let _listening = socket::listen_at(&socket(1)).unwrap();
        drop(socket::listen_at(&socket(2)).unwrap());
        engine.prune_containers(&Filters::default()).unwrap();
        assert!(socket(1).exists() && !socket(2).exists());
    }

    #[test]
    fn filters_keep_the_others() {
        let (_dir, engine) = engine();
        let mut labelled = config(1, "labelled");
        labelled.labels.insert("role".to_owned(), "db".to_owned());
        put(&engine, labelled);
        put(&engine, config(2, "plain"));
        let filters =
            |text: &str| Filters::new(vec![crate::base::filter::parse(text).unwrap()], FILTERS).unwrap();
        assert!(engine.prune_containers(&filters("until=2001-01-01T00:00:00Z")).unwrap().0.ids.is_empty());
        let (pruned, _) = engine.prune_containers(&filters("label=role=db")).unwrap();
        assert_eq!(pruned.ids, [ContainerId::from_bytes([1; 32])]);
        assert!(engine.prune_containers(&filters("until=nonsense")).is_err());
    }
}
