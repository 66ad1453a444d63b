//! The unpacked trees of an image's layers, which are a cache: made again from the blobs where they are missing.

use std::path::PathBuf;

use crate::{
    base::digest::Digest,
    engine::{Engine, mapped::in_user_namespace},
    image::layer::{
        tree,
        unpack::{self, Target},
    },
    store::gc::Loading,
    sys::userns::IdMap,
};

use super::Image;

impl Engine {
    /// Gives the image's layer trees for an identity map, bottom first, and unpacks those that are not there.
    /// *Should* cost two cheap calls a layer when all are there. May fork: call it while single-threaded.
    pub fn layer_trees(&self, image: &Image, map: &IdMap) -> anyhow::Result<Vec<PathBuf>> {
        let tag = map.tag();
        let mut trees: Vec<PathBuf> = image.diff_ids.iter().map(|id| self.layout.layer(&tag, id)).collect();
        let mut missing: Vec<(Digest, Digest)> = Vec::new();
        for (path, layer) in trees.iter().zip(image.blobs.iter().copied().zip(image.diff_ids.iter().copied()))
        {
            if !tree::is_whole(path)? {
                missing.push(layer);
            }
        }
        if !missing.is_empty() {
            missing.sort();
            missing.dedup_by_key(|(_, diff_id)| *diff_id);
            in_user_namespace(Some(map), |map| self.unpack(&missing, map))?;
        }
        let lowest = trees.iter().rposition(|path| tree::hides_all_below(path)).unwrap_or(0);
        Ok(trees.split_off(lowest))
    }

    fn unpack(&self, layers: &[(Digest, Digest)], map: &IdMap) -> anyhow::Result<()> {
        let _loading = Loading::begin(&self.layout)?;
        let target = Target { layout: &self.layout, map, progress: self.progress };
        let jobs =
            layers.iter().map(|(blob, diff_id)| move || unpack::unpack_blob(target, blob, diff_id)).collect();
        unpack::in_parallel(jobs).into_iter().collect()
    }
}
