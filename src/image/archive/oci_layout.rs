//! OCI layouts: what `index.json` of a directory, an OCI archive or a `docker save` of docker 25 and later lists.
//! image-spec image-layout.md, annotations.md.

use std::collections::HashMap;

use anyhow::{Context as _, ensure};

use crate::{
    image::reference::Reference,
    store::image::{Descriptor, Index, Platform, REF_NAME},
};

use super::{Content, Found, Source};

/// containerd's and docker's annotation for the name in full, beside which `ref.name` is the tag alone.
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Says whether a source is an OCI layout.
pub fn is_layout(source: &dyn Source) -> anyhow::Result<bool> {
    Ok(source.document("oci-layout")?.is_some() && source.document("index.json")?.is_some())
}

/// Lists the images of an OCI layout. Of several that have the same name, or none, and are for different platforms, those
/// are left out that serve `wanted` less well than another.
pub fn images(source: &dyn Source, wanted: &Platform) -> anyhow::Result<Vec<Found>> {
    let content = source.document("index.json")?.context("find index.json: it is not there")?;
    let index: Index = serde_json::from_slice(&content).context("parse index.json")?;
    ensure!(!index.manifests.is_empty(), "the layout's index.json lists no image");
    let mut images: Vec<Found> = Vec::new();
    for descriptor in best_of(index.manifests, wanted) {
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

fn best_of(mut entries: Vec<Descriptor>, wanted: &Platform) -> Vec<Descriptor> {
    let name = |entry: &Descriptor| {
        let name = entry.annotation(CONTAINERD_NAME).or(entry.annotation(REF_NAME));
        name.map(str::to_owned)
    };
    let rank = |entry: &Descriptor| {
        let platform = entry.platform.as_ref()?;
        Some(platform.rank(wanted).map_or((1, 0), |rank| (0, rank)))
    };
    let mut best = HashMap::new();
    for (name, rank) in entries.iter().filter_map(|entry| Some((name(entry), rank(entry)?))) {
        let least = best.entry(name).or_insert(rank);
        *least = rank.min(*least);
    }
    entries.retain(|entry| rank(entry).is_none_or(|rank| best.get(&name(entry)) == Some(&rank)));
    entries
}

/// The name that a descriptor of `index.json` gives its image. A bare word is a tag, as the specification has it, and
/// goes with the name of the layout itself.
fn name(descriptor: &Descriptor, layout: Option<&str>) -> anyhow::Result<Option<Reference>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::digest::Digest, image::archive::Blob, image::manifest::MANIFEST_TYPE};

    /// A layout's index.json and its own name.
    struct Layout(String, Option<&'static str>);

    impl Source for Layout {
        fn document(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
            Ok((path == "index.json").then(|| self.0.clone().into_bytes()))
        }

        fn open(&self, _path: &str) -> anyhow::Result<Option<Blob<'_>>> {
            Ok(None)
        }

        fn name(&self) -> Option<&str> {
            self.1
        }
    }

    fn layout(annotations: &[&[(&str, &str)]], name: Option<&'static str>) -> Layout {
        let mut index = Index::default();
        for (n, pairs) in annotations.iter().enumerate() {
            let mut descriptor = Descriptor::new(MANIFEST_TYPE, Digest::of(&[n as u8]), 1);
            let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            descriptor.annotations = Some(pairs.collect());
            index.manifests.push(descriptor);
        }
        Layout(serde_json::to_string(&index).unwrap(), name)
    }

    fn names(layout: &Layout) -> Vec<Vec<String>> {
        let images = images(layout, &Platform::host()).unwrap();
        images.iter().map(|found| found.names.iter().map(Reference::familiar).collect()).collect()
    }

    #[test]
    fn names_come_from_annotations_and_tags_go_with_the_layout() {
        for (annotations, file, want) in [
            (&[(REF_NAME, "a/b:c")][..], None, Some("a/b:c")),
            (&[(REF_NAME, "busybox:1")], Some("file"), Some("busybox:1")),
            (&[(REF_NAME, "latest")], Some("Debian-OCI"), Some("debian-oci:latest")),
            (&[(REF_NAME, "latest")], None, None),
            (&[(REF_NAME, "1.0"), (CONTAINERD_NAME, "docker.io/library/x:1.0")], Some("file"), Some("x:1.0")),
            (&[], Some("file"), None),
            (&[(REF_NAME, "latest")], Some("not a name"), None),
        ] {
            let got = names(&layout(&[annotations], file));
            let want: Vec<String> = want.into_iter().map(str::to_owned).collect();
            assert_eq!(got, [want], "{annotations:?} {file:?}");
        }
    }

    #[test]
    fn of_one_name_the_best_platform_is_taken() {
        let entry = |name: &str, platform: &str| {
            let digest = Digest::of(format!("{name} {platform}").as_bytes());
            let entry = Descriptor::new(MANIFEST_TYPE, digest, 1).named(Some(name).filter(|n| !n.is_empty()));
            Descriptor { platform: platform.parse().ok(), ..entry }
        };
        let all = [
            ("a:1", "arm64"),
            ("a:1", "386"),
            ("a:1", "amd64"),
            ("b:1", "arm64"),
            ("", "arm64"),
            ("c:1", ""),
        ];
        let entries = || all.iter().map(|(name, platform)| entry(name, platform)).collect::<Vec<_>>();
        for (wanted, want) in [("amd64", &[2, 3, 4, 5][..]), ("386", &[1, 3, 4, 5]), ("arm64", &[0, 3, 4, 5])]
        {
            let want: Vec<Descriptor> = want.iter().map(|n| entries()[*n].clone()).collect();
            assert_eq!(best_of(entries(), &wanted.parse().unwrap()), want, "{wanted}");
        }
    }

    #[test]
    fn one_image_is_picked_by_tag_by_name_or_for_being_alone() {
        let images = |layout: &Layout| super::images(layout, &Platform::host());
        let two = || images(&layout(&[&[(REF_NAME, "a:1")], &[(REF_NAME, "b:2")]], None)).unwrap();
        assert_eq!(pick(two(), Some("2")).unwrap().names[0].familiar(), "b:2");
        assert_eq!(pick(two(), Some("docker.io/library/a:1")).unwrap().names[0].familiar(), "a:1");
        let error = pick(two(), None).unwrap_err().to_string();
        assert!(error.contains("a:1, b:2"), "{error}");
        let error = pick(two(), Some("c")).unwrap_err().to_string();
        assert!(error.contains("no image \"c\"; there is a:1, b:2"), "{error}");
        assert!(pick(images(&layout(&[&[]], None)).unwrap(), None).is_ok());
        assert!(images(&layout(&[], None)).is_err());
    }
}
