//! Images in files of other tools: `docker save` archives and OCI layouts, as tar files, streams or directories.
//!
//! ```text
//! where the bytes are                what they mean                     what becomes of them
//! directory.rs  an OCI layout   ─┐
//! tarfile.rs    a tar file       ├→ oci_layout.rs      ─┐
//! stream.rs     a tar stream     │  docker_archive.rs   ┴→ Found ─→ ingest.rs → blobs and trees in the store
//!                               ─┘
//! ```
//!
//! Everything read here is hostile until it is checked: documents are bounded, digests are compared, and names in an
//! archive are keys of a table, never paths on the host.

pub mod directory;
pub mod docker_archive;
pub mod ingest;
pub mod members;
pub mod oci_layout;
pub mod save;
pub mod stream;
pub mod tarfile;

use std::io::Read;

use crate::{base::digest::Digest, image::reference::Reference, store::image::Descriptor};

/// Where an archive's files come from. Paths are relative, with `/`, and have no `.` or `..` in them.
pub trait Source: Sync {
    /// Reads a small file; `None` where there is none.
    fn document(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>>;

    /// Opens a blob.
    fn open(&self, path: &str) -> anyhow::Result<Option<Blob<'_>>>;

    /// The name that the archive itself has: a tag without a repository belongs to it.
    fn name(&self) -> Option<&str>;
}

/// A file of an archive that is not read into memory.
pub enum Blob<'a> {
    /// To be read.
    Reader { reader: Box<dyn Read + Send + 'a>, size: u64 },
    /// Read already, while it streamed past: the store has it.
    Staged(&'a stream::Staged),
}

/// An image that an archive has.
#[derive(Debug, Clone)]
pub struct Found {
    pub names: Vec<Reference>,
    pub content: Content,
}

/// What an image is made of.
#[derive(Debug, Clone)]
pub enum Content {
    /// An OCI layout's manifest or index, kept byte for byte.
    Oci(Descriptor),
    /// A docker archive's: a config and the paths of its layers, bottom first.
    Docker { config: Vec<u8>, layers: Vec<String> },
}

impl std::fmt::Debug for Blob<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Blob::Reader { size, .. } => f.debug_struct("Reader").field("size", size).finish_non_exhaustive(),
            Blob::Staged(staged) => f.debug_tuple("Staged").field(staged).finish(),
        }
    }
}

/// The path of a blob in an OCI layout.
pub fn blob_path(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
