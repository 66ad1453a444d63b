//! The unpacked trees of an image's layers, which are a cache: made again from the blobs where they are missing.

use std::path::PathBuf;

use crate::{engine::Engine, sys::userns::IdMap};

use super::Image;

impl Engine {
    /// Gives the image's layer trees for an identity map, bottom first, and unpacks those that are not there.
    /// *Should* cost one stat a layer when all are there. May fork: call it while single-threaded.
    pub fn layer_trees(&self, image: &Image, map: &IdMap) -> anyhow::Result<Vec<PathBuf>> {
        let tag = map.tag();
        let trees: Vec<PathBuf> = image.diff_ids.iter().map(|id| self.layout.layer(&tag, id)).collect();
        let missing: Vec<usize> = (0..trees.len()).filter(|&n| !trees[n].exists()).collect();
        anyhow::ensure!(missing.is_empty(), "unpacking missing layers is not there yet");
        Ok(trees)
    }
}
