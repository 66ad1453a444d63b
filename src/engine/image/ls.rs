//! `image ls`: what the store's index lists, each image once with all its names.

use std::collections::BTreeMap;

use crate::{
    base::{filter::Filters, glob, time::Time},
    engine::{Engine, Error},
    image::reference::Reference,
    store::image::{Descriptor, Index, read_index},
};

use super::Image;

/// An image that the index lists.
#[derive(Debug)]
pub struct Listed {
    pub descriptor: Descriptor,
    pub names: Vec<Reference>,
    pub image: Image,
}

impl Listed {
    /// The labels of the image's config.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let config = self.image.config.config.as_ref();
        config.and_then(|config| config.labels.clone()).unwrap_or_default()
    }

    /// It has no name.
    pub fn is_dangling(&self) -> bool {
        self.names.is_empty()
    }
}

/// Which images are wanted.
#[derive(Debug, Default)]
pub struct ListOptions {
    /// A repository, a name or a pattern.
    pub name: Option<String>,
    pub filters: Filters,
}

/// The filters that `image ls` knows.
pub const LIST_FILTERS: &[&str] = &["before", "dangling", "label", "label!", "reference", "since", "until"];

impl Engine {
    /// Lists the images that can be read, newest first; and the errors of those that cannot.
    pub fn images(&self, options: &ListOptions) -> anyhow::Result<(Vec<Listed>, Vec<anyhow::Error>)> {
        let index = read_index(&self.layout)?;
        let (mut images, errors) = self.listed(&index);
        let filters = &options.filters;
        let dangling = filters.boolean("dangling").map_err(Error::Invalid)?;
        let until = super::prune::points_in_time(filters)?;
        let before = self.created_of(&index, filters.values("before"))?;
        let since = self.created_of(&index, filters.values("since"))?;
        images.retain(|listed| {
            let created = listed.image.config.created();
            dangling.is_none_or(|dangling| dangling == listed.is_dangling())
                && filters.admits_labels(&listed.labels())
                && before.iter().chain(&until).all(|limit| created < Some(*limit))
                && since.iter().all(|limit| created > Some(*limit))
        });
        for listed in &mut images {
            listed.names.retain(|name| {
                filters.admits("reference", |pattern| name_matches(pattern, name))
                    && options.name.as_deref().is_none_or(|pattern| name_matches(pattern, name))
            });
        }
        let by_name = options.name.is_some() || filters.contains("reference");
        images.retain(|listed| !(by_name && listed.names.is_empty()));
        images.sort_by_key(|listed| std::cmp::Reverse(listed.image.config.created()));
        Ok((images, errors))
    }

    /// Reads what an index lists.
    pub(super) fn listed(&self, index: &Index) -> (Vec<Listed>, Vec<anyhow::Error>) {
        let (mut images, mut errors): (Vec<Listed>, Vec<anyhow::Error>) = (Vec::new(), Vec::new());
        for descriptor in &index.manifests {
            let name = descriptor.name().and_then(|name| name.parse::<Reference>().ok());
            if let Some(known) = images.iter_mut().find(|l| l.descriptor.digest == descriptor.digest) {
                known.names.extend(name);
                continue;
            }
            match self.open_image(descriptor, None) {
                Ok(image) => {
                    let names = name.into_iter().collect();
                    images.push(Listed { descriptor: descriptor.clone(), names, image });
                }
                Err(error) => {
                    let name = name.map_or_else(|| descriptor.digest.to_string(), |name| name.familiar());
                    errors.push(error.context(format!("open image {name}")));
                }
            }
        }
        (images, errors)
    }

    fn created_of<'a>(
        &self,
        index: &Index,
        names: impl Iterator<Item = &'a str>,
    ) -> anyhow::Result<Vec<Time>> {
        let mut times = Vec::new();
        for name in names {
            let listed = self.look_up_listed(index, name)?;
            times.extend(self.open_image(&listed, None)?.config.created());
        }
        Ok(times)
    }
}

/// Says whether a pattern fits a name as docker shows it, with or without its tag.
fn name_matches(pattern: &str, name: &Reference) -> bool {
    let (whole, repository) = (name.familiar(), name.familiar_repository());
    let fits = |pattern: &str| glob::matches(pattern, &whole) || glob::matches(pattern, &repository);
    // Whoever types a name in full means the same.
    fits(pattern)
        || pattern.parse::<Reference>().is_ok_and(|full| {
            let typed_tag = pattern.rsplit('/').next().is_some_and(|last| last.contains(':'));
            if typed_tag { full == *name } else { full.repository() == name.repository() }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names_as_docker_shows_them() {
        let name: Reference = "docker.io/library/busybox:1.36".parse().unwrap();
        for (pattern, fits) in [
            ("busybox", true),
            ("busybox:1.36", true),
            ("busybox:1.*", true),
            ("b*", true),
            ("docker.io/library/busybox", true),
            ("docker.io/library/busybox:1.36", true),
            ("busybox:latest", false),
            ("*/*", false),
            ("busy", false),
        ] {
            assert_eq!(name_matches(pattern, &name), fits, "{pattern}");
        }
        let other: Reference = "host.example/a/b:c".parse().unwrap();
        assert!(name_matches("host.example/*/b", &other) && !name_matches("host.example/*", &other));
    }
}
