//! The mounts of a container: what the user asked for and the image's volumes, and the volumes made for them.

use std::{collections::BTreeSet, path::Path};

use anyhow::{Context, ensure};

use crate::{
    base::time::Time,
    engine::{
        Engine, Error, random_id,
        volume::{FirstUse, VolumesLock},
    },
    image::config::RunConfig,
    store::{
        container::{ContainerConfig, MountConfig, MountSource, VERSION},
        volume::VolumeRecord,
    },
};

/// Adds an anonymous volume for each `VOLUME` of the image where the user mounts nothing himself.
pub(super) fn with_image_volumes(
    mut mounts: Vec<MountConfig>,
    image: &RunConfig,
) -> anyhow::Result<Vec<MountConfig>> {
    for mount in &mounts {
        let count = mounts.iter().filter(|other| normal(&other.target) == normal(&mount.target)).count();
        ensure!(count == 1, Error::Invalid(format!("duplicate mount point: {}", mount.target)));
    }
    for target in image.volumes.iter().flatten().map(|(target, _)| target) {
        ensure!(
            target.starts_with('/') && normal(target) != "/",
            Error::Invalid(format!(
                "the image wants a volume at {target:?}, which is no absolute path below /"
            ))
        );
        if !mounts.iter().any(|mount| normal(&mount.target) == normal(target)) {
            mounts.push(anonymous(target));
        }
    }
    Ok(mounts)
}

fn anonymous(target: &str) -> MountConfig {
    MountConfig {
        source: MountSource::Volume { name: String::new(), anonymous: true },
        target: target.to_owned(),
        readonly: false,
        writable_below: false,
        chown: false,
        no_copy: false,
        propagation: String::new(),
        options: Vec::new(),
    }
}

/// A path without what means nothing in it: doubled and trailing slashes, and dots.
fn normal(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
    format!("/{}", parts.collect::<Vec<_>>().join("/"))
}

impl Engine {
    /// Makes the volumes that a container names or wants, gives the nameless ones a name, and checks that what is to be
    /// bound is there. The lock, if there are volumes, is for the caller to hold until the container's record says
    /// that they are in use.
    pub(super) fn make_volumes(&self, config: &mut ContainerConfig) -> anyhow::Result<Option<VolumesLock>> {
        let wants_volumes =
            config.mounts.iter().any(|mount| matches!(mount.source, MountSource::Volume { .. }));
        let lock = if wants_volumes { Some(self.lock_volumes()?) } else { None };
        for mount in &mut config.mounts {
            match (&mut mount.source, &lock) {
                (MountSource::Volume { name, anonymous }, Some(lock)) => {
                    if name.is_empty() {
                        *anonymous = true;
                        *name = random_id()?.to_string();
                    }
                    self.ensure_volume(lock, record(name, *anonymous))?;
                }
                (MountSource::Bind { path, .. }, _) => check_source(path)?,
                _ => {}
            }
        }
        Ok(lock)
    }

    /// The volumes whose first use this start is: they are filled from the image's files.
    pub(super) fn unfilled_volumes(&self, config: &ContainerConfig) -> anyhow::Result<Vec<FirstUse>> {
        // In one order, so that no two starts wait for each other; and each once, though it be mounted twice.
        let names: BTreeSet<&str> = config
            .mounts
            .iter()
            .filter_map(|mount| match &mount.source {
                MountSource::Volume { name, .. } if !mount.no_copy => Some(name.as_str()),
                _ => None,
            })
            .collect();
        let mut unfilled = Vec::new();
        for name in names {
            unfilled.extend(self.claim_first_use(name)?);
        }
        Ok(unfilled)
    }
}

fn record(name: &str, anonymous: bool) -> VolumeRecord {
    VolumeRecord {
        version: VERSION,
        name: name.to_owned(),
        created: Time::now(),
        anonymous,
        labels: Default::default(),
        options: Default::default(),
        populated: false,
    }
}

fn check_source(path: &Path) -> anyhow::Result<()> {
    match path.try_exists().with_context(|| format!("look at {}", path.display()))? {
        true => Ok(()),
        false => Err(Error::NoMountSource { path: path.to_owned() }.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_of_the_users_goes_before_the_images_volume() {
        let image = RunConfig {
            volumes: Some(
                [("/data/".to_owned(), serde_json::json!({})), ("/logs".to_owned(), serde_json::json!({}))]
                    .into(),
            ),
            ..RunConfig::default()
        };
        let own = MountConfig { source: MountSource::Tmpfs, ..anonymous("//data/.") };
        let mounts = with_image_volumes(vec![own.clone()], &image).unwrap();
        assert_eq!(mounts, [own.clone(), anonymous("/logs")]);
        assert!(with_image_volumes(vec![own.clone(), own], &image).is_err());
    }

    #[test]
    fn an_images_volume_must_be_an_absolute_path() {
        for bad in ["data", "/", "", "//."] {
            let image = RunConfig {
                volumes: Some([(bad.to_owned(), serde_json::json!({}))].into()),
                ..RunConfig::default()
            };
            assert!(with_image_volumes(Vec::new(), &image).is_err(), "{bad:?}");
        }
    }
}
