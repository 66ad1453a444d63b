//! Volumes: directories that outlive containers. One exists when its `volume.json` can be read. They are made and
//! removed under one lock, which a container's making holds too while it needs them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::{
    base::{
        advice::Advised,
        filter::{Filters, Names},
        id::{ContainerId, check_name},
        time::Time,
    },
    store::{
        container::{MountSource, VERSION},
        directory,
        lock::Lock,
        record::{self, Durability},
        usage,
        volume::VolumeRecord,
    },
};

use super::{Engine, Error, container::Container, remove::remove_tree};

/// What `volume create` is told.
#[derive(Debug, Default)]
pub struct VolumeOptions {
    /// Random when absent.
    pub name: Option<String>,
    pub labels: BTreeMap<String, String>,
    /// The local driver's `type`, `device` and `o`.
    pub options: BTreeMap<String, String>,
}

/// A volume of the store.
#[derive(Debug, Clone)]
pub struct Volume {
    pub record: VolumeRecord,
    /// Where its files are.
    pub mountpoint: PathBuf,
}

/// What volumes can be listed by.
pub const LIST_FILTERS: &[&str] = &["dangling", "driver", "label", "label!", "name"];

/// What volumes can be pruned by.
pub const PRUNE_FILTERS: &[&str] = &["all", "label", "label!"];

impl Volume {
    /// The volume in the shape of docker's API.
    pub fn inspect(&self) -> Value {
        let record = &self.record;
        let options = if record.options.is_empty() { Value::Null } else { json!(record.options) };
        json!({
            "CreatedAt": record.created,
            "Driver": "local",
            "Labels": record.labels,
            "Mountpoint": self.mountpoint,
            "Name": record.name,
            "Options": options,
            "Scope": "local",
        })
    }
}

/// The right to fill a volume from an image at its first use; who starts another container with it waits meanwhile.
#[derive(Debug)]
pub(crate) struct FirstUse {
    pub(crate) name: String,
    lock: Lock,
}

/// The right to make and remove volumes, for a moment.
#[derive(Debug)]
pub(crate) struct VolumesLock(#[expect(dead_code, reason = "held, not read")] Lock);

impl Engine {
    /// Makes a volume and gives its name; one that exists is left as it is, as docker does.
    pub fn create_volume(&self, options: VolumeOptions) -> anyhow::Result<String> {
        // One that nobody cared to name is pruned as those of containers are.
        let (name, anonymous) = match options.name {
            Some(name) => (name, false),
            None => (super::random_id()?.to_string(), true),
        };
        let lock = self.lock_volumes()?;
        let record = VolumeRecord {
            version: VERSION,
            name: name.clone(),
            created: Time::now(),
            anonymous,
            labels: options.labels,
            options: options.options,
            populated: false,
        };
        self.ensure_volume(&lock, record)?;
        Ok(name)
    }

    /// Waits for the lock that guards volumes.
    pub(crate) fn lock_volumes(&self) -> anyhow::Result<VolumesLock> {
        let path = self.layout.volumes_lock();
        directory::make(path.parent().expect("the lock is in a directory"))?;
        Ok(VolumesLock(Lock::exclusive(&path).with_context(|| format!("lock {}", path.display()))?))
    }

    /// Makes a volume unless it is there.
    pub(crate) fn ensure_volume(&self, _lock: &VolumesLock, record: VolumeRecord) -> anyhow::Result<()> {
        check_name(&record.name).map_err(|error| Error::Invalid(error.to_string()))?;
        let dir = self.layout.volume(&record.name);
        if dir.record().exists() {
            return Ok(());
        }
        let bound = bound_device(&record.options)?;
        // What an interrupted command left of one with the same name.
        remove_tree(dir.path())?;
        directory::make(dir.path())?;
        let data = dir.data();
        match bound {
            Some(device) => std::os::unix::fs::symlink(device, &data),
            None => directory::make_new(&data, 0o755),
        }
        .with_context(|| format!("make {}", data.display()))?;
        let durability = if record.anonymous { Durability::Relaxed } else { Durability::Synced };
        record::write(&dir.record(), &record, durability)
    }

    /// Finds a volume by name. `Error::NoSuch`.
    pub fn find_volume(&self, name: &str) -> anyhow::Result<Volume> {
        let found = if check_name(name).is_ok() { self.volume(name)? } else { None };
        Ok(found.ok_or_else(|| Error::NoSuch { kind: "volume", name: name.to_owned() })?)
    }

    fn volume(&self, name: &str) -> anyhow::Result<Option<Volume>> {
        let dir = self.layout.volume(name);
        let record: Option<VolumeRecord> = record::read(&dir.record())?;
        Ok(record.map(|record| {
            let bound = record.options.get("device").map(PathBuf::from);
            Volume { mountpoint: bound.unwrap_or_else(|| dir.data()), record }
        }))
    }

    /// All volumes, by name.
    pub fn volumes(&self) -> anyhow::Result<Vec<Volume>> {
        let names = self.volume_directories()?;
        Ok(names.iter().filter_map(|name| self.volume(name).ok().flatten()).collect())
    }

    /// The volumes that the filters admit, by name; with the errors of those that cannot be read.
    pub fn list_volumes(&self, filters: &Filters) -> anyhow::Result<(Vec<Volume>, Vec<anyhow::Error>)> {
        let dangling = filters.boolean("dangling").map_err(Error::Invalid)?;
        let users = if dangling.is_some() { self.volume_users()? } else { BTreeMap::new() };
        let names = Names::of(filters).map_err(Error::Invalid)?;
        let (mut volumes, mut errors) = (Vec::new(), Vec::new());
        for name in self.volume_directories()? {
            match self.volume(&name) {
                Ok(volume) => volumes.extend(volume),
                Err(error) => errors.push(error.context(format!("volume {name} cannot be read"))),
            }
        }
        volumes.retain(|volume| {
            let record = &volume.record;
            names.admit(&record.name)
                && filters.admits("driver", |wanted| wanted == "local")
                && filters.admits_labels(&record.labels)
                && dangling.is_none_or(|dangling| dangling != users.contains_key(&record.name))
        });
        Ok((volumes, errors))
    }

    /// The names of all volumes' directories, unfinished ones too.
    fn volume_directories(&self) -> anyhow::Result<BTreeSet<String>> {
        let list = || format!("list {}", self.layout.volumes().display());
        let entries = match fs::read_dir(self.layout.volumes()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(error).with_context(list),
        };
        let mut names = BTreeSet::new();
        for entry in entries {
            names.extend(entry.with_context(list)?.file_name().into_string());
        }
        Ok(names)
    }

    /// Which containers use which volumes.
    pub fn volume_users(&self) -> anyhow::Result<BTreeMap<String, Vec<ContainerId>>> {
        let mut users: BTreeMap<String, Vec<ContainerId>> = BTreeMap::new();
        for container in self.containers()? {
            for name in volumes_of(&container) {
                users.entry(name.to_owned()).or_default().push(container.id().clone());
            }
        }
        Ok(users)
    }

    /// Removes a volume that no container uses. `force` forgives one that is not there, and takes one that is damaged.
    pub fn remove_volume(&self, name: &str, force: bool) -> anyhow::Result<()> {
        let _lock = self.lock_volumes()?;
        match self.find_volume(name) {
            Err(error) if force && matches!(error.downcast_ref(), Some(Error::NoSuch { .. })) => {
                return Ok(());
            }
            Err(error) if record::is_damage(&error) && !force => {
                return Err(error.context(Advised {
                    message: format!("remove volume {name}"),
                    hint: format!("'coracle volume rm -f {name}' removes a volume that is damaged"),
                }));
            }
            Err(error) if !record::is_damage(&error) => return Err(error),
            _ => {}
        }
        if let Some(users) = self.volume_users()?.get(name) {
            let by = users.iter().map(|id| id.to_string()).collect();
            return Err(Error::InUse { kind: "volume", name: name.to_owned(), by }.into());
        }
        self.delete_volume(name)
    }

    /// Removes the anonymous volumes of a container that is going, apart from those that others use as well.
    pub(crate) fn remove_anonymous_volumes(&self, container: &Container) -> anyhow::Result<()> {
        let anonymous: Vec<&str> = container
            .config
            .mounts
            .iter()
            .filter_map(|mount| match &mount.source {
                MountSource::Volume { name, anonymous: true } => Some(name.as_str()),
                _ => None,
            })
            .collect();
        if anonymous.is_empty() {
            return Ok(());
        }
        let _lock = self.lock_volumes()?;
        let users = self.volume_users()?;
        for name in anonymous {
            let others = users.get(name).is_some_and(|ids| ids.iter().any(|id| id != container.id()));
            if !others {
                self.delete_volume(name)?;
            }
        }
        Ok(())
    }

    /// Removes the volumes that no container uses and the filters admit: the anonymous ones, or with `all` every one.
    /// Gives their names and how many bytes that freed.
    pub fn prune_volumes(&self, all: bool, filters: &Filters) -> anyhow::Result<(Vec<String>, u64)> {
        let _lock = self.lock_volumes()?;
        let users = self.volume_users()?;
        let (mut removed, mut freed) = (Vec::new(), 0);
        for name in self.volume_directories()? {
            // What is left of an interrupted command is no volume, and one that is damaged has no labels.
            let (is_volume, is_wanted) = match self.volume(&name) {
                Ok(None) => (false, true),
                Ok(Some(Volume { record, .. })) => {
                    (true, (all || record.anonymous) && filters.admits_labels(&record.labels))
                }
                Err(error) if record::is_damage(&error) => {
                    (true, all && !filters.contains("label") && !filters.contains("label!"))
                }
                Err(error) => return Err(error),
            };
            if !is_wanted || (is_volume && users.contains_key(&name)) {
                continue;
            }
            freed += usage::of(self.layout.volume(&name).path());
            self.delete_volume(&name)?;
            if is_volume {
                removed.push(name);
            }
        }
        Ok((removed, freed))
    }

    /// The record goes first: what an interruption leaves is no volume, and is swept by the next prune.
    fn delete_volume(&self, name: &str) -> anyhow::Result<()> {
        let dir = self.layout.volume(name);
        match fs::remove_file(dir.record()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove the volume {name}"));
            }
            _ => {}
        }
        remove_tree(dir.path())
    }

    /// Claims a volume's first use, if it is still to come.
    pub(crate) fn claim_first_use(&self, name: &str) -> anyhow::Result<Option<FirstUse>> {
        if self.find_volume(name)?.record.populated {
            return Ok(None);
        }
        let path = self.layout.volume(name).lock();
        let lock = Lock::exclusive(&path).with_context(|| format!("lock {}", path.display()))?;
        // Whoever had it may have filled the volume.
        let is_first = !self.find_volume(name)?.record.populated;
        Ok(is_first.then(|| FirstUse { name: name.to_owned(), lock }))
    }

    /// Notes that a volume has been filled from an image: that happens at its first use only. A monitor has more than
    /// one process, and all of them hold the lock.
    pub(crate) fn mark_populated(&self, first: &FirstUse) -> anyhow::Result<()> {
        let path = self.layout.volume(&first.name).record();
        if let Some(record) = record::read::<VolumeRecord>(&path)? {
            record::write(&path, &VolumeRecord { populated: true, ..record }, Durability::Relaxed)?;
        }
        first.lock.release().with_context(|| format!("unlock the volume {}", first.name))
    }
}

/// The volumes that a container uses, by name.
pub(crate) fn volumes_of(container: &Container) -> impl Iterator<Item = &str> {
    container.config.mounts.iter().filter_map(|mount| match &mount.source {
        MountSource::Volume { name, .. } => Some(name.as_str()),
        _ => None,
    })
}

/// The directory that the local driver's options bind (`type=none,o=bind,device=DIR`), the only ones that a user who is
/// not root can have; None without options.
fn bound_device(options: &BTreeMap<String, String>) -> anyhow::Result<Option<&Path>> {
    if options.is_empty() {
        return Ok(None);
    }
    let get = |key| options.get(key).map(String::as_str);
    if let Some(unknown) = options.keys().find(|key| !["type", "device", "o"].contains(&key.as_str())) {
        return Err(Error::Invalid(format!("invalid option {unknown:?} of the driver local")).into());
    }
    let flags: Vec<&str> = get("o").unwrap_or_default().split(',').collect();
    let binds = flags.iter().all(|flag| matches!(*flag, "bind" | "rbind"));
    ensure!(
        matches!(get("type"), None | Some("none" | "bind" | "")) && binds,
        Error::Invalid(
            "a volume cannot have this file system: only --opt type=none --opt o=bind --opt device=DIR needs no \
             privileges (for a tmpfs see --tmpfs)"
                .to_owned()
        )
    );
    let device = Path::new(get("device").unwrap_or_default());
    ensure!(device.is_absolute(), Error::Invalid("the option device wants an absolute path".to_owned()));
    ensure!(device.is_dir(), Error::Invalid(format!("no such directory: {}", device.display())));
    Ok(Some(device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layout::Layout;

    fn engine() -> (tempfile::TempDir, Engine) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("store"), dir.path().join("run"));
        (dir, Engine::of(layout))
    }

    fn named(name: &str) -> VolumeOptions {
        VolumeOptions { name: Some(name.to_owned()), ..VolumeOptions::default() }
    }

    #[test]
    fn a_volume_is_made_once_and_removed_as_a_whole() {
        let (_dir, engine) = engine();
        assert_eq!(engine.create_volume(named("data")).unwrap(), "data");
        let volume = engine.find_volume("data").unwrap();
        fs::write(volume.mountpoint.join("file"), "x").unwrap();
        engine.create_volume(named("data")).unwrap();
        assert!(volume.mountpoint.join("file").exists(), "a second create leaves it alone");
        engine.remove_volume("data", false).unwrap();
        assert!(!engine.layout.volume("data").path().exists());
        assert!(matches!(engine.find_volume("data").unwrap_err().downcast(), Ok(Error::NoSuch { .. })));
        assert!(engine.remove_volume("data", false).is_err());
        engine.remove_volume("data", true).unwrap();
    }

    #[test]
    fn an_interrupted_make_leaves_nothing_that_a_later_volume_shows() {
        let (_dir, engine) = engine();
        let left = engine.layout.volume("data");
        directory::make(&left.data()).unwrap();
        fs::write(left.data().join("old"), "x").unwrap();
        assert!(engine.volumes().unwrap().is_empty());
        engine.create_volume(named("data")).unwrap();
        assert!(!left.data().join("old").exists());
    }

    #[test]
    fn a_second_use_waits_for_the_first() {
        let (_dir, engine) = engine();
        engine.create_volume(named("data")).unwrap();
        let first = engine.claim_first_use("data").unwrap().unwrap();
        std::thread::scope(|scope| {
            let layout = engine.layout.clone();
            let second = scope.spawn(|| Engine::of(layout).claim_first_use("data").unwrap());
            engine.mark_populated(&first).unwrap();
            assert!(second.join().unwrap().is_none());
        });
        assert!(engine.claim_first_use("data").unwrap().is_none());
    }

    #[test]
    fn names_and_options_are_checked() {
        let (dir, engine) = engine();
        for bad in ["", "..", "a/b"] {
            assert!(engine.create_volume(named(bad)).is_err(), "{bad:?}");
            assert!(engine.find_volume(bad).is_err(), "{bad:?}");
        }
        let options = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect::<BTreeMap<_, _>>()
        };
        let path = dir.path().to_str().unwrap();
        let bind = options(&[("type", "none"), ("o", "bind"), ("device", path)]);
        assert_eq!(bound_device(&bind).unwrap(), Some(dir.path()));
        for bad in [
            options(&[("type", "tmpfs"), ("device", "tmpfs")]),
            options(&[("type", "none"), ("o", "bind"), ("device", "relative")]),
            options(&[("size", "1g")]),
            options(&[("type", "none"), ("o", "bind"), ("device", "/no/such")]),
        ] {
            assert!(bound_device(&bad).is_err(), "{bad:?}");
        }
    }
}
