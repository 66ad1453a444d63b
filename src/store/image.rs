//! The store as an OCI image layout: `index.json`, `oci-layout`, and the blobs that they lead to.
//! image-spec image-layout.md, image-index.md, descriptor.md.
//!
//! The index has one descriptor for each name (annotation `org.opencontainers.image.ref.name`, the name in full), and
//! one without that annotation for an image that lost its last name. It is changed under `locks/index` alone, and what
//! it leads to is in place before it says so.

use std::{collections::BTreeMap, fs, io, io::Read as _, os::unix::fs::OpenOptionsExt as _, path::Path};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use crate::base::{advice::Advised, digest::Digest};

use super::{
    directory,
    layout::Layout,
    lock::Lock,
    record::{self, Durability},
};

/// The annotation that holds a manifest's name.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
pub const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const MAX_INDEX: u64 = 64 << 20;
const OCI_LAYOUT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";

/// What a blob is, where, and how large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    pub digest: Digest,
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    #[serde(default, skip_serializing_if = "is_empty_or_null")]
    pub annotations: Option<BTreeMap<String, String>>,
    /// `urls`, `data`, `artifactType` and what later versions add: kept as they are.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

fn is_empty_or_null(annotations: &Option<BTreeMap<String, String>>) -> bool {
    annotations.as_ref().is_none_or(BTreeMap::is_empty)
}

impl Descriptor {
    /// Describes a blob and nothing more.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Descriptor {
            media_type: media_type.to_owned(),
            digest,
            size,
            platform: None,
            annotations: None,
            other: BTreeMap::new(),
        }
    }

    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.as_ref()?.get(key).map(String::as_str)
    }

    /// The name that the store's index gives it.
    pub fn name(&self) -> Option<&str> {
        self.annotation(REF_NAME)
    }

    /// The same blob under another name, or under none.
    pub fn named(&self, name: Option<&str>) -> Descriptor {
        let mut descriptor = self.clone();
        let annotations = descriptor.annotations.get_or_insert_default();
        match name {
            Some(name) => annotations.insert(REF_NAME.to_owned(), name.to_owned()),
            None => annotations.remove(REF_NAME),
        };
        descriptor
    }
}

/// What a manifest of an index is for. How platforms compare is the image domain's business.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    pub os: String,
    pub architecture: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// `os.version`, `os.features`, `features`: kept as they are.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// An image index: the store's own, or a multi-platform image's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    pub manifests: Vec<Descriptor>,
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

impl Default for Index {
    fn default() -> Self {
        Index {
            schema_version: 2,
            media_type: Some(INDEX_TYPE.to_owned()),
            manifests: Vec::new(),
            other: BTreeMap::new(),
        }
    }
}

impl Index {
    /// The descriptor that has this full name.
    pub fn find(&self, name: &str) -> Option<&Descriptor> {
        self.manifests.iter().find(|descriptor| descriptor.name() == Some(name))
    }

    /// Gives a manifest a name, which leaves the one that had it. An image that loses its last name stays, unnamed.
    pub fn tag(&mut self, descriptor: &Descriptor, name: &str) {
        self.untag(name);
        self.manifests.retain(|d| d.digest != descriptor.digest || d.name().is_some());
        self.manifests.push(descriptor.named(Some(name)));
    }

    /// Takes a name away and gives the descriptor that had it. Its image stays, unnamed if that was the last name.
    pub fn untag(&mut self, name: &str) -> Option<Descriptor> {
        let at = self.manifests.iter().position(|d| d.name() == Some(name))?;
        let descriptor = self.manifests.remove(at);
        self.add(&descriptor);
        Some(descriptor)
    }

    /// Lists an image, unnamed, unless it is listed already.
    pub fn add(&mut self, descriptor: &Descriptor) {
        if !self.manifests.iter().any(|d| d.digest == descriptor.digest) {
            self.manifests.push(descriptor.named(None));
        }
    }

    /// Takes an image out with all its names, and gives the names.
    pub fn remove(&mut self, manifest: &Digest) -> Vec<String> {
        let (removed, kept) =
            std::mem::take(&mut self.manifests).into_iter().partition(|d| d.digest == *manifest);
        self.manifests = kept;
        removed.iter().filter_map(Descriptor::name).map(str::to_owned).collect()
    }
}

/// Reads the store's index; an empty one where there is none yet.
pub fn read_index(layout: &Layout) -> anyhow::Result<Index> {
    let path = layout.index();
    match fs::metadata(&path) {
        Ok(metadata) => {
            ensure!(metadata.len() <= MAX_INDEX, "read {}: it is larger than 64 MiB", path.display())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Index::default()),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    }
    let index = record::read(&path).map_err(|error| match record::is_damage(&error) {
        true => error.context(Advised {
            message: "read the list of images".to_owned(),
            hint: format!(
                "delete {}: that loses the images' names alone, which another load gives back; what no container \
                 needs goes with the next load or 'coracle system prune'",
                path.display()
            ),
        }),
        false => error,
    })?;
    Ok(index.unwrap_or_default())
}

/// The store's index, locked for a change.
#[derive(Debug)]
pub struct IndexChange<'a> {
    pub index: Index,
    before: Index,
    layout: &'a Layout,
    _lock: Lock,
}

/// Locks the index for a change; makes the store where there is none. Dropping it changes nothing.
pub fn change_index(layout: &Layout) -> anyhow::Result<IndexChange<'_>> {
    make_skeleton(layout)?;
    let lock = Lock::exclusive(&layout.index_lock())
        .with_context(|| format!("lock {}", layout.index_lock().display()))?;
    let index = read_index(layout)?;
    Ok(IndexChange { before: index.clone(), index, layout, _lock: lock })
}

impl IndexChange<'_> {
    pub fn layout(&self) -> &Layout {
        self.layout
    }

    /// Writes the index, if it changed, so that it survives power loss. The lock is held on until the drop.
    pub fn write(&mut self) -> anyhow::Result<()> {
        if self.index == self.before {
            return Ok(());
        }
        record::write(&self.layout.index(), &self.index, Durability::Synced)?;
        self.before = self.index.clone();
        Ok(())
    }
}

/// Makes the directories that image commands write to, and `oci-layout`. Idempotent and cheap when all is there.
pub fn make_skeleton(layout: &Layout) -> anyhow::Result<()> {
    if layout.oci_layout().exists() {
        return Ok(());
    }
    let locks = layout.index_lock();
    let locks = locks.parent().expect("the lock is in a directory of the store");
    for path in [layout.root(), &layout.blobs(), &layout.layers(), &layout.tmp(), locks] {
        directory::make(path)?;
    }
    record::replace(&layout.oci_layout(), OCI_LAYOUT, Durability::Synced)
        .with_context(|| format!("write {}", layout.oci_layout().display()))
}

/// Reads a regular file that must not be larger than `limit`. A FIFO in its place does not block.
pub fn read_bounded(path: &Path, limit: u64) -> anyhow::Result<Vec<u8>> {
    let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let metadata = file.metadata()?;
    ensure!(metadata.is_file(), "it is not a regular file");
    ensure!(
        metadata.len() <= limit,
        "it has {} bytes, more than the {limit} that are allowed",
        metadata.len()
    );
    let mut content = Vec::with_capacity(metadata.len() as usize);
    file.take(limit + 1).read_to_end(&mut content)?;
    ensure!(content.len() as u64 <= limit, "it has more than the {limit} bytes that are allowed");
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(dir: &tempfile::TempDir) -> Layout {
        Layout::new(dir.path().join("state"), dir.path().join("run"))
    }

    fn descriptor(content: &str) -> Descriptor {
        Descriptor::new(INDEX_TYPE, Digest::of(content.as_bytes()), content.len() as u64)
    }

    #[test]
    fn names_move_and_images_stay() {
        let (one, two) = (descriptor("one"), descriptor("two"));
        let mut index = Index::default();
        index.tag(&one, "a");
        index.tag(&one, "b");
        index.tag(&two, "a");
        assert_eq!(index.find("a").unwrap().digest, two.digest);
        assert_eq!(index.find("b").unwrap().digest, one.digest);
        index.untag("b").unwrap();
        let unnamed: Vec<_> = index.manifests.iter().filter(|d| d.name().is_none()).collect();
        assert_eq!(unnamed.len(), 1, "the image without a name is listed once");
        assert_eq!(unnamed[0].digest, one.digest);
        index.tag(&one, "c");
        assert_eq!(index.manifests.len(), 2, "a name takes the place of none");
        assert_eq!(index.remove(&two.digest), ["a"]);
        assert!(index.untag("a").is_none());
    }

    #[test]
    fn a_change_is_kept_and_foreign_fields_too() {
        let dir = tempfile::tempdir().unwrap();
        let layout = layout(&dir);
        assert_eq!(read_index(&layout).unwrap(), Index::default());
        let mut change = change_index(&layout).unwrap();
        let mut one = descriptor("one");
        one.other.insert("artifactType".to_owned(), "x/y".into());
        change.index.tag(&one, "a");
        change.write().unwrap();
        drop(change);
        drop(change_index(&layout).unwrap());
        let found = read_index(&layout).unwrap().find("a").unwrap().clone();
        assert_eq!(found.other["artifactType"], "x/y");
        assert_eq!(fs::read(layout.oci_layout()).unwrap(), OCI_LAYOUT);
    }

    #[test]
    fn a_bounded_read_refuses_what_is_too_large_or_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("document");
        let huge = fs::File::create(&path).unwrap();
        huge.set_len(10 << 30).unwrap();
        let error = read_bounded(&path, 100).unwrap_err().to_string();
        assert!(error.contains("more than the 100"), "{error}");
        huge.set_len(100).unwrap();
        assert_eq!(read_bounded(&path, 100).unwrap().len(), 100);
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(read_bounded(&path, 100).is_err());
    }
}
