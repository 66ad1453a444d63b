//! Finding an image by what the user typed: a name, `name@digest`, an id or its beginning, a manifest's digest, `host:`.
//! *Should* read three small files for a name (index, manifest, config), whatever else the store holds.

use anyhow::{Context as _, bail};

use crate::{
    base::{digest::Digest, id::is_id_prefix},
    engine::{Engine, Error},
    image::{
        config::ImageConfig,
        index::MAX_NESTING,
        manifest::{Document, MANIFEST_TYPE, Manifest},
        reference::Reference,
    },
    store::{
        blob::{DOCUMENT_LIMIT, has, read_verified},
        gc::Reachable,
        image::{Descriptor, Index, Platform, read_index},
    },
};

use super::{HOST, Image};

impl Engine {
    /// Finds an image for this host by name, id, id prefix or digest; `host:` is built in. `Error::NoSuch`,
    /// `Error::Ambiguous`.
    pub fn find_image(&self, name: &str) -> anyhow::Result<Image> {
        self.find_image_for(name, None)
    }

    /// Finds an image for a platform that the user asked for, or for this host. An image for another one is an error
    /// that names both.
    pub fn find_image_for(&self, name: &str, platform: Option<&Platform>) -> anyhow::Result<Image> {
        let image = self.look_up_image(name, platform)?;
        let wanted = platform.cloned().unwrap_or_else(Platform::host);
        if image.config.platform().rank(&wanted).is_none() {
            bail!("image {name} is for the platform {}, not for {wanted}", image.config.platform());
        }
        Ok(image)
    }

    /// Finds an image whatever platform it is for: to show, tag, save or remove it. Of a multi-platform image it is the
    /// one for `platform`, or for this host, or the first.
    pub fn look_up_image(&self, name: &str, platform: Option<&Platform>) -> anyhow::Result<Image> {
        if name == HOST {
            return Ok(Image::host());
        }
        let listed = match self.look_up_listed(&read_index(&self.layout)?, name) {
            Err(error) => self.kept_for_a_container(name)?.ok_or(error)?,
            Ok(listed) => listed,
        };
        self.open_image(&listed, platform).with_context(|| format!("open image {name}"))
    }

    /// The manifest with this digest of an image that was removed while a container still needs it.
    fn kept_for_a_container(&self, name: &str) -> anyhow::Result<Option<Descriptor>> {
        let Ok(digest) = name.parse::<Digest>() else { return Ok(None) };
        if !self.containers()?.iter().any(|c| c.config.image.as_ref().is_some_and(|i| i.manifest == digest)) {
            return Ok(None);
        }
        let content = read_verified(&self.layout, &digest, DOCUMENT_LIMIT)?;
        let manifest: Manifest = serde_json::from_slice(&content).context("parse the manifest")?;
        let media_type = manifest.media_type.as_deref().unwrap_or(MANIFEST_TYPE);
        Ok(Some(Descriptor::new(media_type, digest, content.len() as u64)))
    }

    /// Finds what the index lists under what the user typed.
    pub(super) fn look_up_listed(&self, index: &Index, name: &str) -> anyhow::Result<Descriptor> {
        let reference = name.parse::<Reference>();
        if let Ok(reference) = &reference
            && let Some(found) = by_name(index, reference)
        {
            return Ok(found);
        }
        let prefix = name.strip_prefix("sha256:").unwrap_or(name);
        if is_id_prefix(prefix) {
            return self.by_id(index, name, prefix);
        }
        match reference {
            Ok(_) => Err(Error::NoSuch { kind: "image", name: name.to_owned() }.into()),
            Err(error) => Err(Error::Invalid(error.to_string()).into()),
        }
    }

    /// Finds an image by the beginning of its id or of its manifest's digest. An image that cannot be read has no id,
    /// and is found by its digest alone.
    fn by_id(&self, index: &Index, name: &str, prefix: &str) -> anyhow::Result<Descriptor> {
        let mut matches: Vec<(Digest, &Descriptor)> = Vec::new();
        for descriptor in &index.manifests {
            let id = self.open_image(descriptor, None).map_or(descriptor.digest, |image| image.id);
            let fits = id.hex().starts_with(prefix) || descriptor.digest.hex().starts_with(prefix);
            if fits && !matches.iter().any(|(other, _)| *other == id) {
                matches.push((id, descriptor));
            }
        }
        match matches[..] {
            [] => Err(Error::NoSuch { kind: "image", name: name.to_owned() }.into()),
            [(_, descriptor)] => Ok(descriptor.clone()),
            _ => {
                let matches = matches.iter().map(|(id, _)| id.short()).collect();
                Err(Error::Ambiguous { kind: "image", name: name.to_owned(), matches }.into())
            }
        }
    }

    /// Reads the image that a descriptor of the index leads to.
    pub(crate) fn open_image(
        &self,
        listed: &Descriptor,
        platform: Option<&Platform>,
    ) -> anyhow::Result<Image> {
        let (digest, manifest) = self.open_manifest(listed, platform)?;
        let content = read_verified(&self.layout, &manifest.config.digest, DOCUMENT_LIMIT)?;
        let config = ImageConfig::parse(&content)?;
        Ok(Image {
            id: manifest.config.digest,
            manifest: digest,
            diff_ids: config.diff_ids(manifest.layers.len())?,
            blobs: manifest.layers.iter().map(|layer| layer.digest).collect(),
            size: manifest.layers.iter().map(|layer| layer.size).sum(),
            config,
            is_host: false,
            listed: listed.clone(),
        })
    }

    /// The blobs that a manifest or index leads to, itself among them, as far as they are here.
    pub(super) fn blobs_of(&self, document: &Digest) -> anyhow::Result<Vec<Digest>> {
        let reachable = Reachable::from_document(&self.layout, document)?;
        let mut blobs = Vec::new();
        for digest in reachable.blobs {
            if has(&self.layout, &digest)? {
                blobs.push(digest);
            }
        }
        Ok(blobs)
    }

    /// Describes the manifest of an image that was chosen from an index.
    pub(super) fn described(&self, image: &Image) -> anyhow::Result<Descriptor> {
        if image.listed.digest == image.manifest {
            return Ok(image.listed.clone());
        }
        let content = read_verified(&self.layout, &image.manifest, DOCUMENT_LIMIT)?;
        let manifest: Manifest = serde_json::from_slice(&content).context("parse the manifest")?;
        let media_type = manifest.media_type.as_deref().unwrap_or(MANIFEST_TYPE);
        Ok(Descriptor::new(media_type, image.manifest, content.len() as u64))
    }

    /// Follows indexes to the manifest for a platform, or for this host, or else the first that is here.
    fn open_manifest(
        &self,
        listed: &Descriptor,
        platform: Option<&Platform>,
    ) -> anyhow::Result<(Digest, Manifest)> {
        let mut at = listed.clone();
        for _ in 0..MAX_NESTING {
            let content = read_verified(&self.layout, &at.digest, DOCUMENT_LIMIT)?;
            at = match Document::parse(&at.media_type, &content)? {
                Document::Manifest(manifest) => {
                    manifest.check_is_image()?;
                    return Ok((at.digest, manifest));
                }
                Document::Index(index) => self.choose(&index, platform)?,
            };
        }
        bail!("its indexes are nested more than {MAX_NESTING} deep")
    }

    fn choose(&self, index: &Index, platform: Option<&Platform>) -> anyhow::Result<Descriptor> {
        let is_here = |digest: &Digest| self.layout.blob(digest).exists();
        let mut read = |entry: &Descriptor| match is_here(&entry.digest) {
            true => read_verified(&self.layout, &entry.digest, DOCUMENT_LIMIT).map(Some),
            false => Ok(None),
        };
        let wanted = platform.cloned().unwrap_or_else(Platform::host);
        index.choose(&wanted, &mut read).or_else(|error| {
            let first = index.manifests.iter().find(|entry| platform.is_none() && is_here(&entry.digest));
            first.cloned().ok_or(error)
        })
    }
}

/// Finds what has a name, or a digest and any name of the same repository.
fn by_name(index: &Index, wanted: &Reference) -> Option<Descriptor> {
    let Some(digest) = wanted.digest() else {
        return index.find(&wanted.to_string()).cloned();
    };
    let same_repository = |descriptor: &&Descriptor| {
        let name = descriptor.name().and_then(|name| name.parse::<Reference>().ok());
        name.is_some_and(|name| name.repository() == wanted.repository())
    };
    index.manifests.iter().filter(|d| d.digest == *digest).find(same_repository).cloned()
}
