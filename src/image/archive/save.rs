//! Writes images of the store as an archive that other tools load: an OCI layout, and for `docker-archive` with
//! docker's `manifest.json` over the same blobs, as docker 25 and later write it. Every blob is copied byte for byte
//! and checked on the way. Two runs give the same bytes.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use serde_json::json;

use crate::{
    base::digest::Digest,
    image::reference::Reference,
    store::{
        blob::{self, Check, Expected},
        image::{Descriptor, Index, REF_NAME},
        layout::Layout,
    },
};

use super::{blob_path, oci_layout::CONTAINERD_NAME};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Format {
    /// docker's, which is an OCI layout as well.
    #[default]
    DockerArchive,
    OciArchive,
}

/// An image to write.
#[derive(Debug)]
pub struct Saved {
    pub names: Vec<Reference>,
    /// What the store lists: a manifest or an index.
    pub listed: Descriptor,
    pub config: Digest,
    /// The layers' blobs, bottom first.
    pub layers: Vec<Digest>,
    /// Everything that it leads to and that is here.
    pub blobs: Vec<Digest>,
}

/// Where files go: members of a tar archive, or files of a directory.
pub trait Sink {
    /// Makes one file.
    fn file(&mut self, path: &str, size: u64, content: &mut dyn Read) -> anyhow::Result<()>;
}

/// Writes images to a sink.
pub fn write(layout: &Layout, format: Format, images: &[Saved], sink: &mut dyn Sink) -> anyhow::Result<()> {
    let mut document = |path: &str, content: &[u8]| sink.file(path, content.len() as u64, &mut &content[..]);
    document("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#)?;
    document("index.json", &index(format, images))?;
    if format == Format::DockerArchive {
        document("manifest.json", &docker_manifest(images))?;
    }
    let mut blobs: Vec<&Digest> = images.iter().flat_map(|image| &image.blobs).collect();
    blobs.sort();
    blobs.dedup();
    for digest in blobs {
        copy_blob(layout, digest, sink).with_context(|| format!("write blob {digest}"))?;
    }
    Ok(())
}

fn copy_blob(layout: &Layout, digest: &Digest, sink: &mut dyn Sink) -> anyhow::Result<()> {
    let file = blob::open(layout, digest)?;
    let size = file.metadata().context("look at it")?.len();
    let check = Check::new(Expected { digest: Some(*digest), size: Some(size) });
    let mut checked = Checked { reader: file.take(size), check };
    sink.file(&blob_path(digest), size, &mut checked)?;
    checked.check.finish().context("the store's copy is damaged")?;
    Ok(())
}

/// Hashes what is read.
struct Checked<R> {
    reader: R,
    check: Check,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.check.update(&buffer[..length])?;
        Ok(length)
    }
}

fn index(format: Format, images: &[Saved]) -> Vec<u8> {
    let mut index = Index::default();
    for image in images {
        let names = image.names.iter().map(Some);
        // An image without a name is listed once.
        let unnamed = image.names.is_empty().then_some(None);
        index.manifests.extend(names.chain(unnamed).map(|name| describe(format, &image.listed, name)));
    }
    serde_json::to_vec(&index).expect("an index has string keys")
}

/// A descriptor with a name as others look for it: docker and containerd want the tag alone in `ref.name`.
fn describe(format: Format, listed: &Descriptor, name: Option<&Reference>) -> Descriptor {
    let mut descriptor = listed.named(None);
    let Some(name) = name else { return descriptor };
    let ref_name = match format {
        Format::DockerArchive => name.tag().map(str::to_owned),
        Format::OciArchive => Some(name.to_string()),
    };
    let annotations = descriptor.annotations.get_or_insert_default();
    annotations.insert(CONTAINERD_NAME.to_owned(), name.to_string());
    annotations.extend(ref_name.map(|tag| (REF_NAME.to_owned(), tag)));
    descriptor
}

fn docker_manifest(images: &[Saved]) -> Vec<u8> {
    let mut entries: BTreeMap<&Digest, serde_json::Value> = BTreeMap::new();
    for image in images {
        let tags: Vec<String> = image.names.iter().map(Reference::familiar).collect();
        let layers: Vec<String> = image.layers.iter().map(blob_path).collect();
        let entry = json!({ "Config": blob_path(&image.config), "RepoTags": tags, "Layers": layers });
        entries.insert(&image.listed.digest, entry);
    }
    let entries: Vec<_> = entries.into_values().collect();
    serde_json::to_vec(&entries).expect("a manifest has string keys")
}

/// A tar archive that is written in order. Its members have no times and belong to root.
pub struct TarSink<W: Write> {
    archive: tar::Builder<W>,
}

impl<W: Write> std::fmt::Debug for TarSink<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TarSink")
    }
}

impl<W: Write> TarSink<W> {
    /// Begins an archive, with the directories that some readers want before the files in them.
    pub fn new(writer: W) -> anyhow::Result<Self> {
        let mut archive = tar::Builder::new(writer);
        for directory in ["blobs/", "blobs/sha256/"] {
            let mut header = header(tar::EntryType::Directory, 0o755, 0);
            archive.append_data(&mut header, directory, io::empty()).context("write the archive")?;
        }
        Ok(TarSink { archive })
    }

    /// Ends the archive.
    pub fn finish(self) -> anyhow::Result<W> {
        let mut writer = self.archive.into_inner().context("write the archive")?;
        writer.flush().context("write the archive")?;
        Ok(writer)
    }
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}

impl<W: Write> Sink for TarSink<W> {
    fn file(&mut self, path: &str, size: u64, content: &mut dyn Read) -> anyhow::Result<()> {
        let mut header = header(tar::EntryType::Regular, 0o644, size);
        self.archive.append_data(&mut header, path, content).context("write the archive")
    }
}

/// A directory that was empty or not there.
#[derive(Debug)]
pub struct DirectorySink {
    path: PathBuf,
}

impl DirectorySink {
    /// Makes the directory.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let write = || format!("write {}", path.display());
        fs::create_dir_all(path).with_context(write)?;
        ensure!(
            fs::read_dir(path).with_context(write)?.next().is_none(),
            "{}: the directory is not empty",
            write()
        );
        fs::create_dir_all(path.join("blobs/sha256")).with_context(write)?;
        Ok(DirectorySink { path: path.to_owned() })
    }
}

impl Sink for DirectorySink {
    fn file(&mut self, path: &str, size: u64, content: &mut dyn Read) -> anyhow::Result<()> {
        let path = self.path.join(path);
        let write = || format!("write {}", path.display());
        let mut file = fs::File::create_new(&path).with_context(write)?;
        let copied = io::copy(content, &mut file).with_context(write)?;
        ensure!(copied == size, "{}: {copied} bytes instead of {size}", write());
        Ok(())
    }
}
