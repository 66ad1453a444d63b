//! `system prune`: everything that is not in use, and whatever interrupted commands left anywhere in the store.

use crate::{
    base::{filter::Filters, id::ContainerId},
    engine::{
        Engine,
        image::prune::{PruneOptions, Pruned},
    },
};

/// What to remove besides stopped containers and images without a name.
#[derive(Debug, Default)]
pub struct SystemPruneOptions {
    /// All images that no container uses.
    pub all: bool,
    /// All volumes that no container uses.
    pub volumes: bool,
    /// `label`, `label!`, `until`.
    pub filters: Filters,
}

/// The filters that `system prune` knows.
pub const FILTERS: &[&str] = &["label", "label!", "until"];

/// What went.
#[derive(Debug, Default)]
pub struct SystemPruned {
    pub containers: Vec<ContainerId>,
    pub volumes: Vec<String>,
    pub images: Pruned,
    /// Bytes of all of them.
    pub reclaimed: u64,
}

impl Engine {
    /// Removes what is not in use. Errors do not stop it. Enters a user namespace at the end: call it while
    /// single-threaded, and do nothing else with the process afterwards.
    pub fn prune_system(
        &self,
        options: &SystemPruneOptions,
    ) -> anyhow::Result<(SystemPruned, Vec<anyhow::Error>)> {
        let mut pruned = SystemPruned::default();
        let (containers, mut errors) = self.prune_containers(&options.filters)?;
        pruned.containers = containers.ids;
        pruned.reclaimed += containers.bytes;
        if options.volumes {
            match self.prune_volumes(true, &options.filters) {
                Ok((names, bytes)) => {
                    pruned.volumes = names;
                    pruned.reclaimed += bytes;
                }
                Err(error) => errors.push(error),
            }
        }
        let images = PruneOptions { all: options.all, filters: options.filters.clone() };
        match self.prune_images(&images) {
            Ok(images) => {
                pruned.reclaimed += images.reclaimed;
                pruned.images = images;
            }
            Err(error) => errors.push(error),
        }
        Ok((pruned, errors))
    }
}
