//! Images built offline, as other tools would have written them: docker-archive, OCI archive, OCI layout directory.
//! An [`Archive`] is its files by name, so that a test can damage one before it is packed.

use std::{fs, io::Write, path::Path, sync::LazyLock};

use coracle::base::digest::Digest;
use serde_json::{Value, json};

use super::{
    host,
    tree::{Tree, dir, file, link, program, tree},
};

/// How a layer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

impl Packing {
    fn pack(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Packing::Plain => bytes.to_owned(),
            Packing::Gzip => gzip(bytes),
            Packing::Zstd => zstd(bytes),
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Packing::Plain => "application/vnd.oci.image.layer.v1.tar",
            Packing::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Packing::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// `sha256:…` of some bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

/// An image to be: layers bottom first, and the `config` object of its config document.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) layers: Vec<(Tree, Packing)>,
    pub(crate) config: Value,
    pub(crate) architecture: String,
    pub(crate) os: String,
}

impl Image {
    /// No layers, an empty config, this host's platform.
    pub(crate) fn new() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Image {
            layers: Vec::new(),
            config: json!({}),
            architecture: architecture.to_owned(),
            os: "linux".into(),
        }
    }

    /// The image that most tests run: the payload as /bin/payload and under its commands' names, a passwd and a
    /// group file, PATH=/bin.
    pub(crate) fn payload() -> Self {
        Image::new().layer(payload_tree().clone()).config(json!({"Cmd": ["payload"], "Env": ["PATH=/bin"]}))
    }

    pub(crate) fn layer(self, tree: Tree) -> Self {
        self.packed_layer(tree, Packing::Plain)
    }

    pub(crate) fn packed_layer(mut self, tree: Tree, packing: Packing) -> Self {
        self.layers.push((tree, packing));
        self
    }

    /// Merges the keys of an object into the config.
    pub(crate) fn config(mut self, config: Value) -> Self {
        for (key, value) in config.as_object().expect("a config is an object") {
            self.config[key] = value.clone();
        }
        self
    }

    fn config_document(&self, tarballs: &[Vec<u8>]) -> Vec<u8> {
        let diff_ids: Vec<_> = tarballs.iter().map(|tarball| digest(tarball)).collect();
        let history: Vec<_> = (0..tarballs.len())
            .map(|n| json!({"created": "2020-01-02T03:04:05Z", "created_by": format!("step {n}")}))
            .collect();
        let document = json!({
            "created": "2020-01-02T03:04:05Z",
            "architecture": self.architecture,
            "os": self.os,
            "config": self.config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        });
        serde_json::to_vec(&document).unwrap()
    }

    /// The image's id: the digest of its config document.
    pub(crate) fn id(&self) -> String {
        let tarballs: Vec<_> = self.layers.iter().map(|(tree, _)| tree.tar()).collect();
        digest(&self.config_document(&tarballs))
    }

    /// What `docker save` writes, the tags as `repository:tag`.
    pub(crate) fn docker_archive(&self, tags: &[&str]) -> Archive {
        let tarballs: Vec<_> = self.layers.iter().map(|(tree, _)| tree.tar()).collect();
        let config = self.config_document(&tarballs);
        let config_name = format!("{}.json", &digest(&config)[7..]);
        let mut files = Vec::new();
        let mut names = Vec::new();
        for ((_, packing), tarball) in self.layers.iter().zip(&tarballs) {
            let name = format!("{}/layer.tar", &digest(tarball)[7..]);
            if !names.contains(&name) {
                files.push((name.clone(), packing.pack(tarball)));
            }
            names.push(name);
        }
        files.push((config_name.clone(), config));
        let manifest = json!([{"Config": config_name, "RepoTags": tags, "Layers": names}]);
        files.push(("manifest.json".into(), serde_json::to_vec(&manifest).unwrap()));
        Archive { files }
    }

    /// An OCI layout with the image under a name (`org.opencontainers.image.ref.name`), or under none.
    pub(crate) fn oci(&self, name: Option<&str>) -> Archive {
        let tarballs: Vec<_> = self.layers.iter().map(|(tree, _)| tree.tar()).collect();
        let config = self.config_document(&tarballs);
        let mut archive =
            Archive { files: vec![("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())] };
        let layers: Vec<_> = self
            .layers
            .iter()
            .zip(&tarballs)
            .map(|((_, packing), tarball)| archive.add_blob(packing.media_type(), packing.pack(tarball)))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": archive.add_blob("application/vnd.oci.image.config.v1+json", config),
            "layers": layers,
        });
        let mut descriptor = archive
            .add_blob("application/vnd.oci.image.manifest.v1+json", serde_json::to_vec(&manifest).unwrap());
        if let Some(name) = name {
            descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": name});
        }
        let index = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
        });
        archive.files.push(("index.json".into(), serde_json::to_vec(&index).unwrap()));
        archive
    }
}

/// The files of an archive or of a layout directory, in order.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

impl Archive {
    fn add_blob(&mut self, media_type: &str, content: Vec<u8>) -> Value {
        let digest = digest(&content);
        let descriptor = json!({"mediaType": media_type, "digest": digest, "size": content.len()});
        let name = format!("blobs/sha256/{}", &digest[7..]);
        if !self.files.iter().any(|(other, _)| *other == name) {
            self.files.push((name, content));
        }
        descriptor
    }

    /// Adds an image index that says nothing of platforms, and describes it.
    pub(crate) fn add_index(&mut self, manifests: &[Value]) -> Value {
        let media_type = "application/vnd.oci.image.index.v1+json";
        let mut manifests = manifests.to_owned();
        manifests.iter_mut().for_each(|entry| drop(entry.as_object_mut().unwrap().remove("platform")));
        let index = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
        self.add_blob(media_type, serde_json::to_vec(&index).unwrap())
    }

    /// The content of the file with this name, to be damaged.
    pub(crate) fn file(&mut self, name: &str) -> &mut Vec<u8> {
        let found = self.files.iter_mut().find(|(other, _)| other == name);
        &mut found.unwrap_or_else(|| panic!("the archive has no {name}")).1
    }

    /// Changes a JSON document in place. In an OCI layout nothing else is changed: the digests no longer fit.
    pub(crate) fn edit(&mut self, name: &str, change: impl FnOnce(&mut Value)) {
        let content = self.file(name);
        let mut document = serde_json::from_slice(content).unwrap();
        change(&mut document);
        *content = serde_json::to_vec(&document).unwrap();
    }

    pub(crate) fn tar(&self) -> Vec<u8> {
        let entries = self.files.iter().map(|(name, content)| (name.clone(), file(content)));
        Tree(entries.collect()).tar()
    }

    /// Writes the files beneath a directory.
    pub(crate) fn write(&self, root: &Path) {
        for (name, content) in &self.files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("joined to a root")).unwrap();
            fs::write(path, content).unwrap();
        }
    }
}

/// The payload's own commands that [`Image::payload`] has links for.
const COMMANDS: &[&str] = &["true", "false", "echo", "cat", "env", "id", "sleep", "sh"];

fn payload_tree() -> &'static Tree {
    static TREE: LazyLock<Tree> = LazyLock::new(|| {
        let tree = tree! {
            "bin" => dir(),
            "bin/payload" => program(fs::read(host::payload()).unwrap()),
            "etc" => dir(),
            "etc/passwd" => file("root:x:0:0:root:/root:/bin/sh\ncora:x:1000:1000::/home/cora:/bin/sh\n"),
            "etc/group" => file("root:x:0:\ncora:x:1000:\ncrew:x:2000:cora\n"),
            "root" => dir().mode(0o700),
            "home" => dir(),
            "home/cora" => dir().mode(0o700).owner(1000, 1000),
            "tmp" => dir().mode(0o1777),
        };
        COMMANDS.iter().fold(tree, |tree, name| tree.and(format!("bin/{name}"), link("payload")))
    });
    &TREE
}

#[test]
fn the_documents_name_their_blobs() {
    let image = Image::new().packed_layer(tree! { "a" => file("a") }, Packing::Gzip);
    let mut archive = image.oci(Some("box"));
    let index: Value = serde_json::from_slice(archive.file("index.json")).unwrap();
    let named = index["manifests"][0]["digest"].as_str().unwrap().replace(':', "/");
    let manifest: Value = serde_json::from_slice(archive.file(&format!("blobs/{named}"))).unwrap();
    assert_eq!(manifest["config"]["digest"], image.id());
    let mut docker = image.docker_archive(&["box:latest"]);
    let list: Value = serde_json::from_slice(docker.file("manifest.json")).unwrap();
    assert_eq!(list[0]["Config"], format!("{}.json", &image.id()[7..]));
}
