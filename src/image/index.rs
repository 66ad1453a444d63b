//! Choosing an image of a multi-platform index. image-spec image-index.md.

use crate::store::image::{Descriptor, Index, Platform};

impl Index {
    /// The entry that serves `wanted` best; among equals the first, as the specification wants.
    pub fn choose(&self, wanted: &Platform) -> Option<&Descriptor> {
        let rank = |descriptor: &Descriptor| match &descriptor.platform {
            Some(platform) => platform.rank(wanted),
            None => Some(usize::MAX),
        };
        self.images().filter_map(|d| Some((rank(d)?, d))).min_by_key(|(rank, _)| *rank).map(|(_, d)| d)
    }

    /// The platforms that it has an image for, as text for an error.
    pub fn platforms(&self) -> String {
        let names: Vec<String> =
            self.images().filter_map(|d| d.platform.as_ref()).map(ToString::to_string).collect();
        names.join(", ")
    }

    /// The entries that are images, not attestations about them.
    fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests.iter().filter(|d| {
            let attests = d.annotation("vnd.docker.reference.type").is_some();
            !attests && !d.platform.as_ref().is_some_and(Platform::is_unknown)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::digest::Digest, image::manifest::MANIFEST_TYPE};

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
            let got = index.choose(&wanted.parse().unwrap()).map(|d| d.digest);
            assert_eq!(got, chosen.map(|c| Digest::of(c.as_bytes())), "{wanted}");
        }
        assert_eq!(index.platforms(), "linux/386, linux/amd64, linux/arm/v6, linux/arm64");
    }
}
