//! `docker save` archives: `manifest.json` lists each image's config, tags and layer files. docker's, skopeo's and
//! podman's writers differ in how they name the files and which of them are links; the list is what counts.

use anyhow::{Context as _, ensure};
use serde::Deserialize;

use crate::image::reference::Reference;

use super::{Content, Found, Source};

const MANIFEST: &str = "manifest.json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Option<Vec<String>>,
}

/// Says whether a source is a docker archive.
pub fn is_archive(source: &dyn Source) -> anyhow::Result<bool> {
    Ok(source.document(MANIFEST)?.is_some())
}

/// Lists the images of a docker archive.
pub fn images(source: &dyn Source) -> anyhow::Result<Vec<Found>> {
    let content = source.document(MANIFEST)?.context("find manifest.json: it is not there")?;
    let entries: Vec<Entry> = serde_json::from_slice(&content).context("parse manifest.json")?;
    ensure!(!entries.is_empty(), "the archive's manifest.json lists no image");
    entries.into_iter().map(|entry| found(source, entry)).collect()
}

fn found(source: &dyn Source, entry: Entry) -> anyhow::Result<Found> {
    let config = source.document(&entry.config)?;
    let config =
        config.with_context(|| format!("find the config {:?}: it is not in the archive", entry.config))?;
    let names = entry.repo_tags.iter().flatten().map(|name| name.parse());
    Ok(Found {
        names: names.collect::<Result<Vec<Reference>, _>>()?,
        content: Content::Docker { config, layers: entry.layers.unwrap_or_default() },
    })
}
