//! `system df`: what the store takes on the disk, by kind, as du(1) counts. The rows add up to the whole directory.

use std::{collections::HashSet, path::Path};

use anyhow::Context as _;

use crate::{
    base::digest::Digest,
    engine::{Engine, container::Container, volume::volumes_of},
    store::{
        gc::{Reachable, list},
        image::{Descriptor, Index, read_index},
        usage::{self, Usage},
    },
    sys::userns,
};

/// One kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub kind: &'static str,
    pub total: usize,
    /// Those in use.
    pub active: usize,
    pub size: u64,
    /// What a prune of this kind would give back.
    pub reclaimable: u64,
}

impl Engine {
    /// Measures the store. Enters a user namespace, where every file can be read: call it while single-threaded.
    pub fn disk_usage(&self) -> anyhow::Result<Vec<Row>> {
        userns::enter_best().context("enter a user namespace")?;
        let whole = usage::of(self.layout.root());
        let mut rows = vec![self.image_usage()?, self.container_usage()?, self.volume_usage()?];
        let listed: u64 = rows.iter().map(|row| row.size).sum();
        // The index, locks, directories, and what interrupted commands left.
        let other = whole.saturating_sub(listed);
        let leavings = usage::of(&self.layout.tmp()).saturating_sub(usage::of_one(&self.layout.tmp()));
        rows.push(Row { kind: "Other", total: 0, active: 0, size: other, reclaimable: leavings.min(other) });
        Ok(rows)
    }

    /// Blobs and trees; those that nothing reaches are among the reclaimable.
    fn image_usage(&self) -> anyhow::Result<Row> {
        let index = read_index(&self.layout)?;
        let users = self.image_users()?;
        let is_used = |descriptor: &Descriptor| {
            let image = self.open_image(descriptor, None).ok();
            users.iter().any(|user| {
                user.image.manifest == descriptor.digest
                    || image.as_ref().is_some_and(|image| image.id == user.image.id)
            })
        };
        let used = Index {
            manifests: index.manifests.iter().filter(|d| is_used(d)).cloned().collect(),
            ..Index::default()
        };
        let count =
            |index: &Index| index.manifests.iter().map(|d| d.digest).collect::<HashSet<Digest>>().len();
        let needed = Reachable::find(&self.layout, &used)?;
        let (blobs, free_blobs) = split(&self.layout.blobs(), &needed.blobs)?;
        let (mut size, mut reclaimable) = (blobs + free_blobs, free_blobs);
        for of_map in list(&self.layout.layers())? {
            let (trees, free) = split(&of_map, &needed.diff_ids)?;
            size += trees + free;
            reclaimable += free;
        }
        Ok(Row { kind: "Images", total: count(&index), active: count(&used), size, reclaimable })
    }

    fn container_usage(&self) -> anyhow::Result<Row> {
        let containers = self.containers()?;
        let mut row = Row { kind: "Containers", total: containers.len(), active: 0, size: 0, reclaimable: 0 };
        row.size = below(&self.layout.containers());
        for container in &containers {
            if container.is_running()? {
                row.active += 1;
            } else {
                row.reclaimable += usage::of(container.dir.path());
            }
        }
        Ok(row)
    }

    fn volume_usage(&self) -> anyhow::Result<Row> {
        let containers = self.containers()?;
        let used: HashSet<&str> = containers.iter().flat_map(|c: &Container| volumes_of(c)).collect();
        let volumes = self.volumes()?;
        let mut row = Row { kind: "Local Volumes", total: volumes.len(), active: 0, size: 0, reclaimable: 0 };
        row.size = below(&self.layout.volumes());
        for volume in &volumes {
            let name = volume.record.name.as_str();
            if used.contains(name) {
                row.active += 1;
            } else {
                row.reclaimable += usage::of(self.layout.volume(name).path());
            }
        }
        Ok(row)
    }
}

/// What is in a directory, without the directory itself.
fn below(directory: &Path) -> u64 {
    usage::of(directory) - usage::of_one(directory)
}

/// What the entries of a directory take: those whose names are needed digests, and the others.
fn split(directory: &Path, needed: &HashSet<Digest>) -> anyhow::Result<(u64, u64)> {
    let (mut used, mut free) = (0, 0);
    let mut usage = Usage::default();
    for path in list(directory)? {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_needed = format!("sha256:{name}").parse().is_ok_and(|digest: Digest| needed.contains(&digest));
        *(if is_needed { &mut used } else { &mut free }) += usage.add(&path);
    }
    Ok((used, free))
}
