//! `import`: makes an image of one layer out of a tarball of a root file system.

use std::{io::BufReader, path::PathBuf};

use anyhow::{Context as _, ensure};

use crate::{
    base::{digest::Digest, time::Time},
    engine::{Engine, Error},
    image::{
        archive::ingest::{Ingest, Stored},
        change,
        config::{History, ImageConfig, RootFs, RunConfig},
        layer::unpack,
        manifest::{CONFIG_TYPE, MANIFEST_TYPE, Manifest, layer_type},
        reference::Reference,
    },
    store::{
        blob::{self, Expected},
        image::{Descriptor, Platform},
    },
};

use super::load::{Loaded, open, standard_input};

/// What `import` is asked for.
#[derive(Debug, Default)]
pub struct ImportOptions {
    /// `None` for the standard input.
    pub input: Option<PathBuf>,
    pub name: Option<String>,
    /// Dockerfile instructions.
    pub changes: Vec<String>,
    pub message: Option<String>,
    pub platform: Option<Platform>,
}

impl Engine {
    /// Makes an image of a tarball, plain or compressed. Enters a user namespace: call it while single-threaded, and
    /// do nothing else with the process afterwards.
    pub fn import(&self, options: &ImportOptions) -> anyhow::Result<Loaded> {
        let invalid = |error: &dyn std::fmt::Display| Error::Invalid(error.to_string());
        let name = options.name.as_deref().map(str::parse::<Reference>).transpose();
        let name = name.map_err(|error| invalid(&error))?;
        if name.as_ref().is_some_and(|name| name.digest().is_some()) {
            return Err(Error::Invalid("cannot import digest reference".to_owned()).into());
        }
        let mut config = RunConfig::default();
        for text in &options.changes {
            change::apply(&mut config, text).map_err(|error| invalid(&format_args!("{error:#}")))?;
        }
        let (file, what) = match &options.input {
            Some(path) => (open(path)?, path.display().to_string()),
            None => (standard_input("import", "FILE")?, "-".to_owned()),
        };
        let message = options.message.clone().unwrap_or_else(|| format!("Imported from {what}"));
        let loaded = self.take_in(None, |ingest| {
            let source = BufReader::with_capacity(1 << 18, file);
            let layer = unpack::ingest(ingest.target, source, Expected::default(), None);
            let layer = layer.with_context(|| format!("import {what}"))?;
            // What a pipe gives whose other end failed; a tarball of nothing has two blocks.
            ensure!(layer.diff_id != Digest::of(b""), "import {what}: it is empty");
            let image = image_config(config, message, options.platform.clone(), &layer);
            let stored = store(ingest, &image, &layer)?;
            Ok(vec![(stored, name.into_iter().collect())])
        })?;
        Ok(loaded.into_iter().next().expect("one image went in"))
    }
}

fn image_config(
    config: RunConfig,
    message: String,
    platform: Option<Platform>,
    layer: &unpack::Layer,
) -> ImageConfig {
    let created = Time::now().to_string();
    let platform = platform.unwrap_or_else(Platform::host);
    let history = History { created: Some(created.clone()), comment: Some(message), ..History::default() };
    ImageConfig {
        created: Some(created),
        author: None,
        architecture: platform.architecture,
        variant: platform.variant,
        os: platform.os,
        config: Some(config),
        rootfs: RootFs { kind: "layers".to_owned(), diff_ids: vec![layer.diff_id.to_string()] },
        history: Some(vec![history]),
    }
}

/// Writes an image's config and manifest.
fn store(ingest: Ingest<'_>, image: &ImageConfig, layer: &unpack::Layer) -> anyhow::Result<Stored> {
    let layout = ingest.target.layout;
    let content = serde_json::to_vec(image).expect("a config has string keys");
    let config = blob::write(layout, &content)?;
    let manifest = Manifest::new(
        Descriptor::new(CONFIG_TYPE, config.digest, config.size),
        vec![Descriptor::new(&layer_type(layer.compression), layer.blob, layer.size)],
    );
    let content = serde_json::to_vec(&manifest).expect("a manifest has string keys");
    let manifest = blob::write(layout, &content)?;
    Ok(Stored { listed: Descriptor::new(MANIFEST_TYPE, manifest.digest, manifest.size), id: config.digest })
}
