//! Image manifests: OCI's and docker's schema 2, and which media type is what. image-spec manifest.md, media-types.md.
//! Documents are read strictly: one that could be taken for an index and a manifest at once is refused
//! (CVE-2021-41190).

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::{
    image::layer::compress::Compression,
    store::image::{Descriptor, Index},
};

pub const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
pub const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";
const LAYER_TYPE: &str = "application/vnd.oci.image.layer.v1.tar";

/// A manifest: a config and the layers, bottom first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    pub config: Descriptor,
    pub layers: Vec<Descriptor>,
}

impl Manifest {
    /// Describes an image whose config and layers are known.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Manifest { schema_version: 2, media_type: Some(MANIFEST_TYPE.to_owned()), config, layers }
    }

    /// Checks that it is an image that can be run, not some artifact that is kept like one.
    pub fn check_is_image(&self) -> anyhow::Result<()> {
        let config = self.config.media_type.as_str();
        ensure!(
            matches!(config, CONFIG_TYPE | "application/vnd.docker.container.image.v1+json"),
            "the manifest is not a container image's: its config has the unknown media type {config:?}"
        );
        for layer in &self.layers {
            ensure!(
                is_layer(&layer.media_type),
                "layer {} has the unknown media type {:?}",
                layer.digest,
                layer.media_type
            );
        }
        Ok(())
    }
}

/// What a descriptor of an index leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    Index(Index),
    Manifest(Manifest),
}

impl Document {
    /// Says whether a document of this media type is one of these.
    pub fn is_known(media_type: &str) -> bool {
        Kind::of(media_type).is_ok()
    }

    /// Reads the document that a descriptor says has this media type.
    pub fn parse(media_type: &str, content: &[u8]) -> anyhow::Result<Document> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shape {
            schema_version: u32,
            media_type: Option<String>,
            config: Option<serde::de::IgnoredAny>,
            layers: Option<serde::de::IgnoredAny>,
            manifests: Option<serde::de::IgnoredAny>,
            #[serde(rename = "fsLayers")]
            fs_layers: Option<serde::de::IgnoredAny>,
        }
        let kind = Kind::of(media_type)?;
        let shape: Shape = serde_json::from_slice(content).context("parse the manifest")?;
        ensure!(shape.schema_version == 2, "the manifest has schema version {}, not 2", shape.schema_version);
        if let Some(own) = &shape.media_type {
            ensure!(
                own == media_type,
                "the manifest says that it is {own:?}, but was announced as {media_type:?}"
            );
        }
        let has_image = shape.config.is_some() || shape.layers.is_some() || shape.fs_layers.is_some();
        ensure!(
            !(has_image && shape.manifests.is_some()),
            "the manifest could be read as an image and as an index"
        );
        match kind {
            Kind::Index => {
                Ok(Document::Index(serde_json::from_slice(content).context("parse the image index")?))
            }
            Kind::Manifest => {
                Ok(Document::Manifest(serde_json::from_slice(content).context("parse the manifest")?))
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Index,
    Manifest,
}

impl Kind {
    fn of(media_type: &str) -> anyhow::Result<Kind> {
        match media_type {
            crate::store::image::INDEX_TYPE | "application/vnd.docker.distribution.manifest.list.v2+json" => {
                Ok(Kind::Index)
            }
            MANIFEST_TYPE | "application/vnd.docker.distribution.manifest.v2+json" => Ok(Kind::Manifest),
            other => bail!("the manifest has the unknown media type {other:?}"),
        }
    }
}

/// Says whether a layer of this media type is a tarball that can be unpacked. How it is compressed its first bytes say.
fn is_layer(media_type: &str) -> bool {
    let known_compression = |suffix: &str| matches!(suffix, "" | "+gzip" | "+zstd" | ".gzip" | ".zstd");
    let oci = |prefix| media_type.strip_prefix(prefix).is_some_and(known_compression);
    oci(LAYER_TYPE)
        || oci("application/vnd.oci.image.layer.nondistributable.v1.tar")
        || oci("application/vnd.docker.image.rootfs.diff.tar")
        || oci("application/vnd.docker.image.rootfs.foreign.diff.tar")
}

/// The media type of a layer whose compression is known by its first bytes.
pub fn layer_type(compression: Compression) -> String {
    format!(
        "{LAYER_TYPE}{}",
        match compression {
            Compression::None => "",
            Compression::Gzip => "+gzip",
            Compression::Zstd => "+zstd",
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::image::INDEX_TYPE;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn manifest(config_type: &str, layer_type: &str) -> String {
        format!(
            "{{\"schemaVersion\":2,\"config\":{{\"mediaType\":\"{config_type}\",\"digest\":\"{DIGEST}\",\"size\":0}},\
             \"layers\":[{{\"mediaType\":\"{layer_type}\",\"digest\":\"{DIGEST}\",\"size\":0}}]}}"
        )
    }

    #[test]
    fn tells_images_from_artifacts() {
        for (config, layer, good) in [
            (CONFIG_TYPE, "application/vnd.oci.image.layer.v1.tar+gzip", true),
            (CONFIG_TYPE, "application/vnd.oci.image.layer.v1.tar", true),
            (
                "application/vnd.docker.container.image.v1+json",
                "application/vnd.docker.image.rootfs.diff.tar.gzip",
                true,
            ),
            (CONFIG_TYPE, "application/vnd.oci.image.layer.v1.tar+lzma", false),
            (CONFIG_TYPE, "application/vnd.in-toto+json", false),
            ("application/vnd.example.chart.v1+json", "application/vnd.oci.image.layer.v1.tar", false),
        ] {
            let Document::Manifest(read) =
                Document::parse(MANIFEST_TYPE, manifest(config, layer).as_bytes()).unwrap()
            else {
                panic!("not a manifest")
            };
            assert_eq!(read.check_is_image().is_ok(), good, "{config} {layer}");
        }
    }

    #[test]
    fn refuses_what_can_be_read_two_ways() {
        for (media_type, content) in [
            (INDEX_TYPE, r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#.to_owned()),
            (INDEX_TYPE, format!(r#"{{"schemaVersion":2,"mediaType":"{MANIFEST_TYPE}","manifests":[]}}"#)),
            (INDEX_TYPE, r#"{"schemaVersion":1,"manifests":[]}"#.to_owned()),
            ("application/json", r#"{"schemaVersion":2,"manifests":[]}"#.to_owned()),
            (MANIFEST_TYPE, manifest(CONFIG_TYPE, LAYER_TYPE).replace(DIGEST, "sha256:../../../etc/passwd")),
            (MANIFEST_TYPE, "[]".to_owned()),
            (MANIFEST_TYPE, String::new()),
        ] {
            assert!(Document::parse(media_type, content.as_bytes()).is_err(), "{media_type} {content}");
        }
        assert!(Document::parse(INDEX_TYPE, br#"{"schemaVersion":2,"manifests":[]}"#).is_ok());
    }
}
