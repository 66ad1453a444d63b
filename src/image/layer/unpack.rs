//! One pass over a layer: its bytes are stored and hashed, inflated, hashed again and applied to a tree, each on a
//! thread of its own, with a bounded number of blocks between them. Nothing is stored unless both digests are right.
//!
//! The tree of a layer is a cache of its tarball. It does not depend on what is above or below it in an image, so that
//! no image can spoil it for another.

use std::io::Read;

use super::compress::Compression;
use crate::{
    base::digest::Digest,
    store::{blob::Expected, layout::Layout},
    sys::userns::IdMap,
};

/// Where layers are put: a store, and the identity map of the user namespace that the caller has entered.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub layout: &'a Layout,
    pub map: &'a IdMap,
}

/// What a layer turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub blob: Digest,
    pub size: u64,
    pub diff_id: Digest,
    pub compression: Compression,
}

/// Takes a layer from a stream into the store, blob and tree. What is expected of the blob and of its diff id is
/// checked; a mismatch leaves nothing.
pub fn ingest(
    _target: Target<'_>,
    _source: impl Read + Send,
    _expected: Expected,
    _diff_id: Option<Digest>,
) -> anyhow::Result<Layer> {
    unimplemented!()
}

/// Makes the tree of a layer again from its stored blob.
pub fn unpack_blob(_target: Target<'_>, _blob: &Digest, _diff_id: &Digest) -> anyhow::Result<()> {
    unimplemented!()
}

/// Runs jobs (one a layer) at the same time, as many as there are processors, and gives their results in order.
pub fn in_parallel<J, T>(jobs: Vec<J>) -> Vec<anyhow::Result<T>>
where
    J: FnOnce() -> anyhow::Result<T> + Send,
    T: Send,
{
    jobs.into_iter().map(|job| job()).collect()
}
