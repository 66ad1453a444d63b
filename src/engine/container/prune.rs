//! `container prune`: the containers that do not run, and what interrupted commands left.

use std::{fs, time::Duration};

use anyhow::Context;

use crate::{
    base::{
        filter::Filters,
        id::ContainerId,
        time::{self, Time},
    },
    engine::{Engine, Error, remove::remove_tree, size},
    store::{lock::Lock, names},
};

use super::Container;

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
        for container in self.containers()? {
            let config = &container.config;
            if !filters.admits_labels(&config.labels) || until.iter().any(|limit| config.created >= *limit) {
                continue;
            }
            match self.prune_one(&container) {
                Ok(Some(bytes)) => {
                    pruned.bytes += bytes;
                    pruned.ids.push(container.id().clone());
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
        let Some(_lock) = Lock::try_exclusive(&container.dir.lock())? else { return Ok(None) };
        if container.state()?.status.is_running() {
            return Ok(None);
        }
        let bytes = size::of_tree(container.dir.path());
        self.delete_container(container, false)?;
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
            match Lock::try_exclusive(&dir.lock()) {
                Ok(Some(_lock)) => {
                    bytes += size::of_tree(dir.path());
                    errors.extend(remove_tree(dir.path()).err());
                }
                Ok(None) => {}
                Err(error) => errors.push(error.into()),
            }
        }
        for link in names::stale(&self.layout)? {
            fs::remove_file(&link).with_context(|| format!("remove the stale name {}", link.display()))?;
        }
        Ok(bytes)
    }
}

fn is_recent(path: &std::path::Path) -> bool {
    let Ok(changed) = fs::metadata(path).and_then(|found| found.modified()) else { return true };
    changed.elapsed().is_ok_and(|age| age < GRACE)
}
