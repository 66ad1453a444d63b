//! `tag` and `untag`: names are given and taken; an image that loses its last one stays, unnamed.

use anyhow::ensure;

use crate::{
    engine::{Engine, Error},
    image::reference::Reference,
    store::image::{change_index, read_index},
};

use super::HOST;

impl Engine {
    /// Gives an image a further name, which leaves the image that had it.
    pub fn tag(&self, source: &str, target: &str) -> anyhow::Result<()> {
        let target: Reference = target.parse().map_err(|error| Error::Invalid(format!("{error}")))?;
        ensure!(target.digest().is_none(), "refusing to create a tag with a digest reference");
        refuse_host(source)?;
        self.look_up_listed(&read_index(&self.layout)?, source)?;
        let mut change = change_index(&self.layout)?;
        let listed = self.look_up_listed(&change.index, source)?;
        change.index.tag(&listed, &target.to_string());
        change.write()
    }

    /// Takes names from an image, or all of them, and gives those that it took.
    pub fn untag(&self, source: &str, names: &[String]) -> anyhow::Result<Vec<Reference>> {
        refuse_host(source)?;
        self.look_up_listed(&read_index(&self.layout)?, source)?;
        let mut change = change_index(&self.layout)?;
        let listed = self.look_up_listed(&change.index, source)?;
        let mut taken = Vec::new();
        if names.is_empty() {
            let all = change.index.manifests.iter().filter(|d| d.digest == listed.digest);
            taken.extend(all.filter_map(|d| d.name()?.parse::<Reference>().ok()));
        }
        for name in names {
            let name: Reference = name.parse().map_err(|error| Error::Invalid(format!("{error}")))?;
            let is_its = change.index.find(&name.to_string()).is_some_and(|d| d.digest == listed.digest);
            ensure!(is_its, "image {source} does not have the name {}", name.familiar());
            taken.push(name);
        }
        for name in &taken {
            change.index.untag(&name.to_string());
        }
        change.write()?;
        Ok(taken)
    }
}

/// The built-in image is the same under every store: it has one name, and cannot be removed.
pub(super) fn refuse_host(name: &str) -> anyhow::Result<()> {
    if name == HOST {
        return Err(Error::Invalid(format!("{HOST} is built in: it has no other name and stays")).into());
    }
    Ok(())
}
