//! Choosing an image of a multi-platform index. image-spec image-index.md.

use std::collections::HashSet;

use anyhow::ensure;

use super::{config::ImageConfig, manifest::Document};
use crate::{
    base::digest::Digest,
    store::image::{Descriptor, Index, Platform},
};

/// How deep indexes may be nested in each other.
pub const MAX_NESTING: usize = 4;

/// Reads what a descriptor of an index leads to; gives `None` for what is not there.
pub type Read<'a> = dyn FnMut(&Descriptor) -> anyhow::Result<Option<Vec<u8>>> + 'a;

impl Index {
    /// The entry that serves `wanted` best; among equals the first, as the specification wants. It may be an index
    /// again. An entry that does not say what it is for is read, since what it leads to does.
    pub fn choose(&self, wanted: &Platform, read: &mut Read<'_>) -> anyhow::Result<Descriptor> {
        let mut search = Search { wanted, read, platforms: Vec::new(), seen: HashSet::new() };
        let best = search.best(self, 1)?;
        let Some((_, chosen)) = best else { return Err(search.nothing()) };
        Ok(chosen)
    }

    /// The entries that are images, not attestations about them.
    fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|d| {
            let attests = d.annotation("vnd.docker.reference.type").is_some();
            !attests && !d.platform.as_ref().is_some_and(Platform::is_unknown)
        })
    }
}

/// An entry and how well it serves: the less the better.
type Ranked = (usize, Descriptor);

struct Search<'a, 'r> {
    wanted: &'a Platform,
    read: &'a mut Read<'r>,
    /// What there are images for.
    platforms: Vec<Platform>,
    /// What was looked into: the same again serves no better, and a hostile index has it a million times.
    seen: HashSet<Digest>,
}

impl Search<'_, '_> {
    fn best(&mut self, index: &Index, depth: usize) -> anyhow::Result<Option<Ranked>> {
        ensure!(depth <= MAX_NESTING, "its indexes are nested more than {MAX_NESTING} deep");
        let mut best: Option<Ranked> = None;
        for entry in index.images() {
            let found = match &entry.platform {
                Some(platform) => self.rank(platform, entry),
                None => self.look_into(entry, depth)?,
            };
            let is_better = |found: &Ranked| best.as_ref().is_none_or(|best| found.0 < best.0);
            if let Some(found) = found.filter(is_better) {
                best = Some(found);
            }
        }
        Ok(best)
    }

    fn rank(&mut self, platform: &Platform, entry: &Descriptor) -> Option<Ranked> {
        self.platforms.push(platform.clone());
        Some((platform.rank(self.wanted)?, entry.clone()))
    }

    fn look_into(&mut self, entry: &Descriptor, depth: usize) -> anyhow::Result<Option<Ranked>> {
        if !Document::is_known(&entry.media_type) || !self.seen.insert(entry.digest) {
            return Ok(None);
        }
        let Some(content) = (self.read)(entry)? else { return Ok(None) };
        match Document::parse(&entry.media_type, &content)? {
            Document::Index(index) => self.best(&index, depth + 1),
            Document::Manifest(manifest) if manifest.check_is_image().is_err() => Ok(None),
            Document::Manifest(manifest) => {
                let Some(config) = (self.read)(&manifest.config)? else { return Ok(None) };
                let platform = ImageConfig::parse(&config)?.platform();
                Ok(self.rank(&platform, entry))
            }
        }
    }

    /// Why nothing was chosen.
    fn nothing(&self) -> anyhow::Error {
        let wanted = self.wanted;
        if self.platforms.is_empty() {
            return anyhow::anyhow!("there is no image in its index, for the platform {wanted} or another");
        }
        let names: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("it has no image for the platform {wanted}; it has {}", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        image::manifest::{CONFIG_TYPE, MANIFEST_TYPE, Manifest},
        store::image::INDEX_TYPE,
    };

    #[test]
    fn the_best_platform_wins_and_attestations_never() {
        let entry = |platform: &str| Descriptor {
            platform: Some(if platform == "unknown" {
                Platform {
                    os: "unknown".to_owned(),
                    architecture: "unknown".to_owned(),
                    ..Platform::default()
                }
            } else {
                platform.parse().unwrap()
            }),
            ..Descriptor::new(MANIFEST_TYPE, Digest::of(platform.as_bytes()), 1)
        };
        let index = Index {
            manifests: ["unknown", "linux/386", "linux/amd64", "linux/arm/v6", "linux/arm64"]
                .map(entry)
                .to_vec(),
            ..Index::default()
        };
        for (wanted, chosen) in [
            ("linux/amd64", Some("linux/amd64")),
            ("linux/386", Some("linux/386")),
            ("linux/arm/v7", Some("linux/arm/v6")),
            ("linux/riscv64", None),
            ("windows/amd64", None),
        ] {
            let got = index.choose(&wanted.parse().unwrap(), &mut |_| Ok(None));
            assert_eq!(got.ok().map(|d| d.digest), chosen.map(|c| Digest::of(c.as_bytes())), "{wanted}");
        }
        let error = index.choose(&"riscv64".parse().unwrap(), &mut |_| Ok(None)).unwrap_err().to_string();
        assert!(error.ends_with("it has linux/386, linux/amd64, linux/arm/v6, linux/arm64"), "{error}");
        let error = Index::default().choose(&Platform::host(), &mut |_| Ok(None)).unwrap_err().to_string();
        assert!(error.starts_with("there is no image in its index"), "{error}");
    }

    /// Documents by their descriptors.
    #[derive(Default)]
    struct Documents(Vec<(Digest, Vec<u8>)>);

    impl Documents {
        fn add(&mut self, media_type: &str, content: &impl serde::Serialize) -> Descriptor {
            let content = serde_json::to_vec(content).unwrap();
            let descriptor = Descriptor::new(media_type, Digest::of(&content), content.len() as u64);
            self.0.push((descriptor.digest, content));
            descriptor
        }

        /// An image that says what it is for in its config alone.
        fn image(&mut self, architecture: &str) -> Descriptor {
            let config = serde_json::json!({"os": "linux", "architecture": architecture});
            let config = self.add(CONFIG_TYPE, &config);
            self.add(MANIFEST_TYPE, &Manifest::new(config, Vec::new()))
        }

        fn index(&mut self, manifests: &[&Descriptor]) -> Descriptor {
            self.add(INDEX_TYPE, &of(manifests))
        }

        fn choose(&self, index: &Index, wanted: &str) -> anyhow::Result<Digest> {
            let mut read = |wanted: &Descriptor| {
                let found = self.0.iter().find(|(digest, _)| *digest == wanted.digest);
                Ok(found.map(|(_, content)| content.clone()))
            };
            Ok(index.choose(&wanted.parse()?, &mut read)?.digest)
        }
    }

    fn of(manifests: &[&Descriptor]) -> Index {
        Index { manifests: manifests.iter().copied().cloned().collect(), ..Index::default() }
    }

    #[test]
    fn what_an_entry_does_not_say_is_in_what_it_leads_to() {
        let mut documents = Documents::default();
        let (arm, amd) = (documents.image("arm64"), documents.image("amd64"));
        let artifact = documents.add("application/x", &"an artifact");
        let absent = Descriptor::new(MANIFEST_TYPE, Digest::of(b"absent"), 6);
        let flat = of(&[&artifact, &absent, &arm, &amd]);
        let (one, other) = (documents.index(&[&arm]), documents.index(&[&amd]));
        let inner = documents.index(&[&one, &other]);
        for index in [flat, of(&[&inner])] {
            assert_eq!(documents.choose(&index, "amd64").unwrap(), amd.digest);
            assert_eq!(documents.choose(&index, "arm64").unwrap(), arm.digest);
            let error = documents.choose(&index, "riscv64").unwrap_err().to_string();
            assert!(error.ends_with("it has linux/arm64, linux/amd64"), "{error}");
        }
        let many = (0..MAX_NESTING - 1).fold(arm, |inner, _| documents.index(&[&inner; 1000]));
        assert!(documents.choose(&of(&[&many]), "amd64").is_err(), "it ends");
        let deep = (0..MAX_NESTING).fold(amd, |inner, _| documents.index(&[&inner]));
        let error = documents.choose(&of(&[&deep]), "amd64").unwrap_err().to_string();
        assert!(error.contains("nested more than"), "{error}");
    }
}
