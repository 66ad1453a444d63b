//! OCI layouts: what `index.json` of a directory, an OCI archive or a `docker save` of docker 25 and later lists.
//! image-spec image-layout.md, annotations.md.

use anyhow::{Context as _, ensure};

use crate::{
    image::reference::Reference,
    store::image::{Index, REF_NAME},
};

use super::{Content, Found, Source};

/// containerd's and docker's annotation for the name in full, beside which `ref.name` is the tag alone.
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Says whether a source is an OCI layout.
pub fn is_layout(source: &dyn Source) -> anyhow::Result<bool> {
    Ok(source.document("oci-layout")?.is_some() && source.document("index.json")?.is_some())
}

/// Lists the images of an OCI layout.
pub fn images(source: &dyn Source) -> anyhow::Result<Vec<Found>> {
    let content = source.document("index.json")?.context("find index.json: it is not there")?;
    let index: Index = serde_json::from_slice(&content).context("parse index.json")?;
    ensure!(!index.manifests.is_empty(), "the layout's index.json lists no image");
    let mut images: Vec<Found> = Vec::new();
    for descriptor in index.manifests {
        let name = name(&descriptor, source.name())?;
        let same = images
            .iter_mut()
            .find(|found| matches!(&found.content, Content::Oci(other) if other.digest == descriptor.digest));
        match same {
            Some(found) => found.names.extend(name),
            None => {
                images.push(Found { names: name.into_iter().collect(), content: Content::Oci(descriptor) })
            }
        }
    }
    Ok(images)
}

/// The name that a descriptor of `index.json` gives its image. A bare word is a tag, as the specification has it, and
/// goes with the name of the layout itself.
fn name(
    descriptor: &crate::store::image::Descriptor,
    layout: Option<&str>,
) -> anyhow::Result<Option<Reference>> {
    if let Some(name) = descriptor.annotation(CONTAINERD_NAME) {
        return Ok(Some(name.parse()?));
    }
    match descriptor.annotation(REF_NAME) {
        None => Ok(None),
        Some(name) if name.contains(['/', ':']) => Ok(Some(name.parse()?)),
        Some(tag) => Ok(layout.and_then(|layout| name_after(layout, Some(tag)))),
    }
}

/// A name made of that of a file or directory, if it makes one.
pub fn name_after(file: &str, tag: Option<&str>) -> Option<Reference> {
    let repository = file.to_ascii_lowercase();
    let name = Reference::parse_repository(&repository).ok()?;
    match tag {
        Some(tag) => format!("{}:{tag}", name.repository()).parse().ok(),
        None => Some(name),
    }
}

/// Picks the image that the user named: by tag, by full name, or the only one.
pub fn pick(images: Vec<Found>, wanted: Option<&str>) -> anyhow::Result<Found> {
    let names = |images: &[Found]| {
        let names: Vec<String> = images.iter().flat_map(|i| &i.names).map(Reference::familiar).collect();
        if names.is_empty() { "none with a name".to_owned() } else { names.join(", ") }
    };
    let listed = names(&images);
    let Some(wanted) = wanted else {
        ensure!(images.len() == 1, "there are several images, so one must be named: {listed}");
        return images.into_iter().next().context("there is no image");
    };
    let full: Option<Reference> = wanted.parse().ok();
    let fits = |name: &Reference| name.tag() == Some(wanted) || Some(name) == full.as_ref();
    let mut fitting: Vec<Found> = images.into_iter().filter(|i| i.names.iter().any(fits)).collect();
    ensure!(fitting.len() < 2, "several images have the tag {wanted:?}, so one must be named: {listed}");
    let mut found =
        fitting.pop().with_context(|| format!("there is no image {wanted:?}; there is {listed}"))?;
    found.names.retain(fits);
    Ok(found)
}
