//! What the image commands mean, one file per verb; and how the others find an image and its trees.

mod find;
pub mod history;
pub mod import;
pub mod inspect;
pub mod load;
pub mod ls;
pub mod prune;
pub mod pull;
pub mod rm;
pub mod save;
mod tag;
mod trees;

use crate::{
    base::digest::Digest,
    image::config::{ImageConfig, RootFs, RunConfig},
    store::image::{Descriptor, Platform},
};

/// The built-in image whose only layer is the host's own file system.
pub const HOST: &str = "host:";

/// An image of the store, resolved for one platform.
#[derive(Debug, Clone)]
pub struct Image {
    /// docker's image id: the digest of the config.
    pub id: Digest,
    pub manifest: Digest,
    /// Bottom first.
    pub diff_ids: Vec<Digest>,
    /// The blobs of the same layers.
    pub blobs: Vec<Digest>,
    pub config: ImageConfig,
    /// `host:`, which has no layers.
    pub is_host: bool,
    /// What the store's index lists: the manifest, or the multi-platform index that it was chosen from.
    pub listed: Descriptor,
    /// The layers' sizes as they are kept, in bytes.
    pub size: u64,
}

impl Image {
    /// The image `host:`.
    fn host() -> Image {
        let platform = Platform::host();
        let digest = Digest::of(HOST.as_bytes());
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let config = ImageConfig {
            architecture: platform.architecture,
            os: platform.os,
            config: Some(RunConfig {
                cmd: Some(vec!["/bin/sh".to_owned()]),
                env: Some(vec![path.to_owned()]),
                ..RunConfig::default()
            }),
            rootfs: RootFs { kind: "layers".to_owned(), diff_ids: Vec::new() },
            ..ImageConfig::default()
        };
        Image {
            id: digest,
            manifest: digest,
            diff_ids: Vec::new(),
            blobs: Vec::new(),
            config,
            is_host: true,
            listed: Descriptor::new(crate::image::manifest::MANIFEST_TYPE, digest, 0),
            size: 0,
        }
    }
}
