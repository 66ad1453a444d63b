//! `rmi`: takes a name away, and with the last one the image and all that nothing else needs.

use anyhow::Context as _;

use crate::{
    base::digest::Digest,
    engine::{Engine, container::Container},
    image::reference::Reference,
    store::{
        container::ImageUse,
        gc,
        image::{Descriptor, Index, change_index},
    },
    sys::userns,
};

use super::tag::refuse_host;

/// What went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// A name, as docker shows it.
    Untagged(String),
    /// An image, by its id.
    Deleted(Digest),
}

/// A container that uses an image.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) image: ImageUse,
    pub(crate) is_running: bool,
}

impl Engine {
    /// Removes images by name or id; tries all of them and gives what went, with the errors of the others. Enters a
    /// user namespace: call it while single-threaded.
    pub fn remove_images(
        &self,
        names: &[String],
        force: bool,
    ) -> anyhow::Result<(Vec<Removed>, Vec<anyhow::Error>)> {
        userns::enter_best().context("enter a user namespace")?;
        let (mut removed, mut errors) = (Vec::new(), Vec::new());
        for name in names {
            match self.remove_image(name, force) {
                Ok(gone) => removed.extend(gone),
                Err(error) => errors.push(error),
            }
        }
        match gc::collect(&self.layout).context("sweep the store") {
            // Likely for the same reason.
            Err(error) if errors.is_empty() => errors.push(error),
            _ => {}
        }
        Ok((removed, errors))
    }

    fn remove_image(&self, name: &str, force: bool) -> anyhow::Result<Vec<Removed>> {
        refuse_host(name)?;
        let mut change = change_index(&self.layout)?;
        let listed = self.look_up_listed(&change.index, name)?;
        let names = names_of(&change.index, &listed.digest);
        // One that is damaged has no id any more, and is removed all the same.
        let id = self.open_image(&listed, None).map_or(listed.digest, |image| image.id);
        let named = named_by(name, &names);
        if let Some(reference) = named
            && names.len() > 1
        {
            // Others are left: no container loses its image.
            change.index.untag(&reference.to_string());
            change.write()?;
            return Ok(vec![Removed::Untagged(reference.familiar())]);
        }
        if named.is_none() && names.len() > 1 && !force {
            anyhow::bail!(
                "conflict: unable to delete {} (must be forced) - image is referenced in multiple repositories",
                id.short()
            );
        }
        self.refuse_used(&id, &listed, named, force)?;
        change.index.remove(&listed.digest);
        gc::write_shrunk(&mut change)?;
        let untagged = names.iter().map(|name| Removed::Untagged(name.familiar()));
        Ok(untagged.chain([Removed::Deleted(id)]).collect())
    }

    /// docker's rule: a running container keeps its image whatever is asked, another one unless it is forced.
    fn refuse_used(
        &self,
        id: &Digest,
        listed: &Descriptor,
        named: Option<&Reference>,
        force: bool,
    ) -> anyhow::Result<()> {
        let users = self.image_users()?;
        let uses = |user: &&User| user.image.id == *id || user.image.manifest == listed.digest;
        let what = match named {
            Some(name) => format!("remove repository reference {:?}", name.familiar()),
            None => format!("delete {}", id.short()),
        };
        if let Some(user) = users.iter().filter(uses).find(|user| user.is_running) {
            anyhow::bail!(
                "conflict: unable to {what} (cannot be forced) - image is being used by running container {}",
                user.name
            );
        }
        match users.iter().find(uses) {
            Some(user) if !force => anyhow::bail!(
                "conflict: unable to {what} (must be forced) - container {} is using its referenced image {}",
                user.name,
                id.short()
            ),
            _ => Ok(()),
        }
    }

    /// The containers that were made of images.
    pub(crate) fn image_users(&self) -> anyhow::Result<Vec<User>> {
        let mut users = Vec::new();
        for container in self.containers()? {
            let is_running = container.is_running()?;
            let Container { config, .. } = container;
            users.extend(config.image.map(|image| User { name: config.name, image, is_running }));
        }
        Ok(users)
    }
}

/// The names that an image has.
fn names_of(index: &Index, manifest: &Digest) -> Vec<Reference> {
    let all = index.manifests.iter().filter(|d| d.digest == *manifest);
    all.filter_map(|d| d.name()?.parse().ok()).collect()
}

/// Which of an image's names was typed; none if it was found by its id.
fn named_by<'a>(typed: &str, names: &'a [Reference]) -> Option<&'a Reference> {
    let reference: Reference = typed.parse().ok()?;
    names.iter().find(|name| match reference.digest() {
        Some(_) => name.repository() == reference.repository(),
        None => **name == reference,
    })
}
