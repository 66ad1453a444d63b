//! Puts the images of an archive into the store: documents and layers as blobs, byte for byte, and the layers of the
//! chosen platform unpacked, several at a time. Nothing is listed yet: the caller holds the store's `Loading`.

use std::{
    collections::{HashMap, HashSet},
    io,
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    base::digest::Digest,
    image::{
        config::ImageConfig,
        index::MAX_NESTING,
        layer::{
            compress::Compression,
            tree,
            unpack::{self, Layer, Target},
        },
        manifest::{CONFIG_TYPE, Document, MANIFEST_TYPE, Manifest, layer_type},
    },
    store::{
        blob::{self, BlobWriter, DOCUMENT_LIMIT, Expected},
        image::{Descriptor, Platform},
    },
};

use super::{Blob, Content, Found, Source, blob_path, stream::Unpacked};

/// Where images go, and which platform is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Ingest<'a> {
    pub target: Target<'a>,
    /// `None` for this host's, of which a multi-platform image keeps the others as well.
    pub platform: Option<&'a Platform>,
}

/// An image whose parts are in the store.
#[derive(Debug, Clone)]
pub struct Stored {
    /// What the index is to list.
    pub listed: Descriptor,
    /// docker's image id.
    pub id: Digest,
}

/// A layer to be.
struct Job<'a> {
    path: String,
    /// What the manifest says of the blob.
    blob: Option<&'a Descriptor>,
    diff_id: Digest,
}

impl Job<'_> {
    /// The blob that the store may have of it: of an archive that does not say which, an uncompressed one.
    fn stored_as(&self) -> Digest {
        self.blob.map_or(self.diff_id, |blob| blob.digest)
    }
}

impl Ingest<'_> {
    /// Puts an image in the store.
    pub fn image(&self, source: &dyn Source, found: &Found) -> anyhow::Result<Stored> {
        match &found.content {
            Content::Oci(descriptor) => self.oci(source, descriptor),
            Content::Docker { config, layers } => self.docker(source, config, layers),
        }
    }

    /// The platform whose image is to be run.
    pub fn wanted(&self) -> Platform {
        self.platform.cloned().unwrap_or_else(Platform::host)
    }

    /// An image of `docker save`: the manifest is made for the config and layers as they are.
    fn docker(&self, source: &dyn Source, config: &[u8], paths: &[String]) -> anyhow::Result<Stored> {
        let parsed = ImageConfig::parse(config)?;
        self.check_platform(&parsed)?;
        let diff_ids = parsed.diff_ids(paths.len())?;
        let jobs =
            paths.iter().zip(diff_ids).map(|(path, diff_id)| Job { path: path.clone(), blob: None, diff_id });
        let layers = self.layers(source, jobs.collect())?;
        let layers = layers
            .iter()
            .map(|layer| Descriptor::new(&layer_type(layer.compression), layer.blob, layer.size));
        let config = blob::write(self.target.layout, config)?;
        let manifest =
            Manifest::new(Descriptor::new(CONFIG_TYPE, config.digest, config.size), layers.collect());
        let content = serde_json::to_vec(&manifest).expect("a manifest has string keys");
        let manifest = blob::write(self.target.layout, &content)?;
        Ok(Stored {
            listed: Descriptor::new(MANIFEST_TYPE, manifest.digest, manifest.size),
            id: config.digest,
        })
    }

    /// An image of an OCI layout: a manifest, or indexes that lead to one.
    fn oci(&self, source: &dyn Source, top: &Descriptor) -> anyhow::Result<Stored> {
        let mut at = top.clone();
        for _ in 0..MAX_NESTING {
            let content = self.document(source, &at)?;
            match Document::parse(&at.media_type, &content)? {
                Document::Manifest(manifest) => {
                    let id = self.manifest(source, &manifest)?;
                    // Who names a platform wants that image alone; else the index is kept whole.
                    let listed = if self.platform.is_some() { at } else { top.clone() };
                    return Ok(Stored { listed: listed.named(None), id });
                }
                Document::Index(index) => {
                    let mut read = |entry: &Descriptor| self.document_if_here(source, entry);
                    let chosen = index.choose(&self.wanted(), &mut read)?;
                    if self.platform.is_none() {
                        let others = index.manifests.iter().filter(|d| d.digest != chosen.digest);
                        let mut seen = HashSet::new();
                        others.into_iter().try_for_each(|other| self.copy(source, other, 1, &mut seen))?;
                    }
                    at = chosen;
                }
            }
        }
        bail!("its indexes are nested more than {MAX_NESTING} deep")
    }

    fn manifest(&self, source: &dyn Source, manifest: &Manifest) -> anyhow::Result<Digest> {
        manifest.check_is_image()?;
        let config = ImageConfig::parse(&self.document(source, &manifest.config)?)?;
        self.check_platform(&config)?;
        let diff_ids = config.diff_ids(manifest.layers.len())?;
        let jobs = manifest.layers.iter().zip(diff_ids).map(|(layer, diff_id)| Job {
            path: blob_path(&layer.digest),
            blob: Some(layer),
            diff_id,
        });
        self.layers(source, jobs.collect())?;
        Ok(manifest.config.digest)
    }

    fn check_platform(&self, config: &ImageConfig) -> anyhow::Result<()> {
        let (is, wanted) = (config.platform(), self.wanted());
        ensure!(is.rank(&wanted).is_some(), "the image is for the platform {is}, not for {wanted}");
        Ok(())
    }

    /// Reads a document as `document` does; gives `None` where there is none.
    fn document_if_here(
        &self,
        source: &dyn Source,
        descriptor: &Descriptor,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let is_here = source.open(&blob_path(&descriptor.digest))?.is_some()
            || blob::has(self.target.layout, &descriptor.digest)?;
        if is_here { self.document(source, descriptor).map(Some) } else { Ok(None) }
    }

    /// Reads a manifest, index or config, checks it against its descriptor and stores it.
    fn document(&self, source: &dyn Source, descriptor: &Descriptor) -> anyhow::Result<Vec<u8>> {
        let digest = &descriptor.digest;
        ensure!(
            descriptor.size <= DOCUMENT_LIMIT,
            "blob {digest} has {} bytes, more than the {DOCUMENT_LIMIT} that a document may have",
            descriptor.size
        );
        let content = source.document(&blob_path(digest)).with_context(|| format!("read blob {digest}"))?;
        let Some(content) = content else {
            ensure!(blob::has(self.target.layout, digest)?, "blob {digest} is missing");
            return blob::read_verified(self.target.layout, digest, DOCUMENT_LIMIT);
        };
        let mut check = blob::Check::new(expected(descriptor));
        check
            .update(&content)
            .map_err(anyhow::Error::from)
            .and_then(|()| check.finish())
            .with_context(|| format!("read blob {digest}"))?;
        blob::write(self.target.layout, &content)?;
        Ok(content)
    }

    /// Keeps an image of another platform, or an attestation: every blob of it that is there, not unpacked.
    fn copy(
        &self,
        source: &dyn Source,
        descriptor: &Descriptor,
        depth: usize,
        seen: &mut HashSet<Digest>,
    ) -> anyhow::Result<()> {
        // Indexes that have one another many times have few documents.
        if !seen.insert(descriptor.digest) {
            return Ok(());
        }
        let is_here = source.open(&blob_path(&descriptor.digest))?.is_some();
        if !is_here || depth > MAX_NESTING {
            return Ok(());
        }
        let content = self.document(source, descriptor)?;
        match Document::parse(&descriptor.media_type, &content) {
            Ok(Document::Index(index)) => {
                index.manifests.iter().try_for_each(|child| self.copy(source, child, depth + 1, seen))
            }
            Ok(Document::Manifest(manifest)) => {
                let mut blobs = manifest.layers.iter().chain([&manifest.config]);
                blobs.try_for_each(|blob| self.copy_blob(source, blob))
            }
            // Whatever it is, it is kept; nothing of ours reads it.
            Err(_) => Ok(()),
        }
    }

    fn copy_blob(&self, source: &dyn Source, descriptor: &Descriptor) -> anyhow::Result<()> {
        let Some(Blob::Reader { mut reader, .. }) = source.open(&blob_path(&descriptor.digest))? else {
            return Ok(());
        };
        let mut writer = BlobWriter::create(self.target.layout, expected(descriptor))?;
        let copied = io::copy(&mut reader, &mut writer).map_err(anyhow::Error::from);
        copied.and_then(|_| writer.commit()).with_context(|| format!("read blob {}", descriptor.digest))?;
        Ok(())
    }

    /// Takes the layers in, each once, several at a time, and gives them in order.
    fn layers(&self, source: &dyn Source, jobs: Vec<Job<'_>>) -> anyhow::Result<Vec<Layer>> {
        let mut unique: Vec<&Job<'_>> = Vec::new();
        let mut place = HashMap::new();
        for job in &jobs {
            place.entry(job.diff_id).or_insert_with(|| {
                unique.push(job);
                unique.len() - 1
            });
        }
        let work = unique.into_iter().map(|job| move || self.layer(source, job)).collect();
        let layers = unpack::in_parallel(work).into_iter().collect::<anyhow::Result<Vec<Layer>>>()?;
        Ok(jobs.iter().map(|job| layers[place[&job.diff_id]]).collect())
    }

    fn layer(&self, source: &dyn Source, job: &Job<'_>) -> anyhow::Result<Layer> {
        let layer = match self.stored_layer(job).transpose() {
            Some(Err(error)) => match self.makes_way(source, job)? {
                true => self.new_layer(source, job),
                false => Err(error),
            },
            Some(stored) => stored,
            None => self.new_layer(source, job),
        };
        layer.with_context(|| format!("load layer {}", job.diff_id))
    }

    /// Removes the stored blob of a layer that could not be unpacked, if it is damaged and the archive at hand has it.
    fn makes_way(&self, source: &dyn Source, job: &Job<'_>) -> anyhow::Result<bool> {
        let is_at_hand = matches!(source.open(&job.path)?, Some(Blob::Reader { .. }));
        Ok(is_at_hand && blob::drop_if_damaged(self.target.layout, &job.stored_as())?)
    }

    /// A layer whose blob the store has.
    fn stored_layer(&self, job: &Job<'_>) -> anyhow::Result<Option<Layer>> {
        let Target { layout, map, .. } = self.target;
        let digest = job.stored_as();
        if !blob::has(layout, &digest)? {
            return Ok(None);
        }
        if !tree::is_whole(&layout.layer(&map.tag(), &job.diff_id))? {
            unpack::unpack_blob(self.target, &digest, &job.diff_id)?;
        }
        let size = layout.blob(&digest).metadata().context("look at the blob")?.len();
        // Only asked for where the blob was found by its diff id.
        Ok(Some(Layer { blob: digest, size, diff_id: job.diff_id, compression: Compression::None }))
    }

    fn new_layer(&self, source: &dyn Source, job: &Job<'_>) -> anyhow::Result<Layer> {
        match source.open(&job.path)?.with_context(|| format!("{:?} is missing", job.path))? {
            Blob::Reader { reader, size } => {
                let expected = job.blob.map_or(Expected { digest: None, size: Some(size) }, expected);
                unpack::ingest(self.target, reader, expected, Some(job.diff_id))
            }
            Blob::Staged(staged) => match &staged.unpacked {
                Unpacked::Layer(layer) => {
                    ensure!(
                        layer.diff_id == job.diff_id,
                        "the content has the diff id {}, not {}",
                        layer.diff_id,
                        job.diff_id
                    );
                    Ok(*layer)
                }
                Unpacked::Failed(reason) => bail!("{reason}"),
                Unpacked::Not => bail!("{:?} is not a tarball", job.path),
            },
        }
    }
}

fn expected(descriptor: &Descriptor) -> Expected {
    Expected { digest: Some(descriptor.digest), size: Some(descriptor.size) }
}
