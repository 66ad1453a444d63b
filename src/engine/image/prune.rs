//! `image prune`: removes images without a name, or (`-a`) without a container.

use anyhow::Context as _;

use crate::{
    base::{
        filter::Filters,
        time::{self, Time},
    },
    engine::{Engine, Error},
    store::{gc, image::change_index, tmp},
    sys::userns,
};

use super::rm::Removed;

/// The filters that `image prune` knows.
pub const PRUNE_FILTERS: &[&str] = &["dangling", "label", "label!", "until"];

/// What to remove.
#[derive(Debug, Default)]
pub struct PruneOptions {
    /// Images with names as well, if no container uses them.
    pub all: bool,
    pub filters: Filters,
}

/// What went.
#[derive(Debug, Default)]
pub struct Pruned {
    pub removed: Vec<Removed>,
    /// Bytes that are free now, as du(1) counts.
    pub reclaimed: u64,
}

impl Engine {
    /// Removes unused images and everything in the store that nothing reaches. Enters a user namespace: call it while
    /// single-threaded.
    pub fn prune_images(&self, options: &PruneOptions) -> anyhow::Result<Pruned> {
        userns::enter_best().context("enter a user namespace")?;
        let mut pruned = Pruned::default();
        if self.layout.index().exists() {
            pruned.removed = self.delist_unused(options)?;
        }
        tmp::sweep(&self.layout)?;
        pruned.reclaimed = gc::collect(&self.layout).context("sweep the store")?.bytes;
        Ok(pruned)
    }

    fn delist_unused(&self, options: &PruneOptions) -> anyhow::Result<Vec<Removed>> {
        let filters = &options.filters;
        let until = points_in_time(filters)?;
        let all = options.all || filters.boolean("dangling").map_err(Error::Invalid)? == Some(false);
        let mut change = change_index(&self.layout)?;
        let users = self.image_users()?;
        let mut removed = Vec::new();
        for listed in self.listed(&change.index).0 {
            let image = &listed.image;
            let is_used = users
                .iter()
                .any(|user| user.image.id == image.id || user.image.manifest == listed.descriptor.digest);
            let is_wanted = (all || listed.is_dangling())
                && filters.admits_labels(&listed.labels())
                && until.iter().all(|limit| image.config.created() < Some(*limit));
            if is_wanted && !is_used {
                change.index.remove(&listed.descriptor.digest);
                removed.extend(listed.names.iter().map(|name| Removed::Untagged(name.familiar())));
                // Two manifests may have one config: an image is deleted once.
                if !removed.contains(&Removed::Deleted(image.id)) {
                    removed.push(Removed::Deleted(image.id));
                }
            }
        }
        gc::write_shrunk(&mut change)?;
        Ok(removed)
    }
}

/// Reads every `until=…`.
pub(crate) fn points_in_time(filters: &Filters) -> anyhow::Result<Vec<Time>> {
    filters.values("until").map(point_in_time).collect()
}

fn point_in_time(text: &str) -> anyhow::Result<Time> {
    Ok(time::parse(text)
        .map_err(|_| Error::Invalid(format!("invalid filter 'until={text}': want a duration or a time")))?)
}
