//! What the image commands mean, one file per verb; and how the others find an image and its trees.

use std::path::PathBuf;

use crate::{base::digest::Digest, sys::userns::IdMap};

use super::Engine;

/// An image of the store, resolved for this host's platform.
#[derive(Debug, Clone)]
pub struct Image {
    /// docker's image id: the digest of the config.
    pub id: Digest,
    pub manifest: Digest,
    /// Bottom first.
    pub diff_ids: Vec<Digest>,
    /// The blobs of the same layers.
    pub blobs: Vec<Digest>,
    pub config: crate::image::config::ImageConfig,
    /// `host:`, which has no layers.
    pub is_host: bool,
}

impl Engine {
    /// Finds an image by name, id, id prefix or digest; `host:` is built in. `Error::NoSuch`, `Error::Ambiguous`.
    pub fn find_image(&self, _name: &str) -> anyhow::Result<Image> {
        unimplemented!()
    }

    /// Gives the image's layer trees for an identity map, bottom first, and unpacks those that are not there.
    /// *Should* cost one stat a layer when all are there. May fork: call it while single-threaded.
    pub fn layer_trees(&self, _image: &Image, _map: &IdMap) -> anyhow::Result<Vec<PathBuf>> {
        unimplemented!()
    }
}
