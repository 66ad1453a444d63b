//! `image inspect`: docker's JSON of an image.

use serde_json::{Value, json};

use crate::{
    engine::Engine,
    image::reference::Reference,
    store::{
        blob::{DOCUMENT_LIMIT, read_verified},
        image::read_index,
    },
};

use super::Image;

impl Engine {
    /// Describes an image as `docker image inspect` does.
    pub fn inspect_image(&self, name: &str) -> anyhow::Result<Value> {
        let image = self.look_up_image(name, None)?;
        let names = match image.is_host {
            true => Vec::new(),
            false => self.names_of(&image)?,
        };
        let config = &image.config;
        let history = config.history.as_deref().unwrap_or_default();
        let comment = history.last().and_then(|step| step.comment.clone()).unwrap_or_default();
        let tags: Vec<String> = match image.is_host {
            true => vec![name.to_owned()],
            false => names.iter().map(Reference::familiar).collect(),
        };
        let mut said = match self.raw_config(&image)? {
            Some(said) => said,
            None => serde_json::to_value(config.config.clone().unwrap_or_default())?,
        };
        add_missing(&mut said);
        let mut value = json!({
            "Id": image.id,
            "RepoTags": tags,
            "RepoDigests": repository_digests(&names, &image),
            "Parent": "",
            "Comment": comment,
            "Created": config.created,
            "DockerVersion": "",
            "Author": config.author.clone().unwrap_or_default(),
            "Config": said,
            "Architecture": config.architecture,
            "Variant": config.variant.clone().unwrap_or_default(),
            "Os": config.os,
            "Size": image.size,
            "GraphDriver": { "Data": null, "Name": "overlay" },
            "RootFS": { "Type": "layers", "Layers": image.diff_ids },
            "Metadata": { "LastTagTime": "0001-01-01T00:00:00Z" },
        });
        if !image.is_host {
            value["Descriptor"] = serde_json::to_value(image.listed.named(None))?;
        }
        Ok(value)
    }

    fn names_of(&self, image: &Image) -> anyhow::Result<Vec<Reference>> {
        let index = read_index(&self.layout)?;
        let same = index.manifests.iter().filter(|d| d.digest == image.listed.digest);
        Ok(same.filter_map(|d| d.name()?.parse().ok()).collect())
    }

    /// The `config` object as the image has it, with fields that we do not know.
    fn raw_config(&self, image: &Image) -> anyhow::Result<Option<Value>> {
        if image.is_host {
            return Ok(None);
        }
        let content = read_verified(&self.layout, &image.id, DOCUMENT_LIMIT)?;
        let mut document: Value = serde_json::from_slice(&content)?;
        Ok(document.get_mut("config").map(Value::take).filter(|config| !config.is_null()))
    }
}

/// What docker's structure has and the image does not say: a template asks for it whatever the image.
fn add_missing(config: &mut Value) {
    let Some(config) = config.as_object_mut() else { return };
    for name in ["User", "WorkingDir", "StopSignal"] {
        config.entry(name).or_insert_with(|| json!(""));
    }
    for name in [
        "Cmd",
        "Entrypoint",
        "Env",
        "ExposedPorts",
        "Healthcheck",
        "Labels",
        "OnBuild",
        "Shell",
        "StopTimeout",
        "Volumes",
    ] {
        config.entry(name).or_insert(Value::Null);
    }
}

fn repository_digests(names: &[Reference], image: &Image) -> Vec<String> {
    let mut digests: Vec<String> =
        names.iter().map(|name| format!("{}@{}", name.familiar_repository(), image.listed.digest)).collect();
    digests.dedup();
    digests
}
