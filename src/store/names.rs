//! Container names: `names/<name>` is a symbolic link whose text is the id of the container that has the name, so that
//! one symlink(2) claims it, one readlink(2) looks it up, and no name stands for two containers.
//!
//! A link is stale when its container neither exists (a readable `config.json`) nor is being made (its lock is held).
//! Stale links are replaced under the lock `locks/names`; a claim of a free name needs no lock.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::Context;

use crate::base::id::{ContainerId, check_name};

use super::{directory, layout::Layout, lock::Lock};

/// Claims `name` for the container `id`, whose lock the caller holds. Gives the id of the container that has it
/// already.
pub fn claim(layout: &Layout, name: &str, id: &ContainerId) -> anyhow::Result<Result<(), ContainerId>> {
    let link = layout.name(name);
    match try_claim(layout, &link, id) {
        Ok(()) => return Ok(Ok(())),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("claim the name {name}")),
    }
    let _lock = lock(layout)?;
    loop {
        if let Some(holder) = resolve(layout, name)?
            && is_alive(layout, &holder)?
        {
            return Ok(Err(holder));
        }
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("replace the stale name {name}"));
            }
            _ => {}
        }
        match try_claim(layout, &link, id) {
            Ok(()) => return Ok(Ok(())),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_context(|| format!("claim the name {name}")),
        }
    }
}

fn try_claim(layout: &Layout, link: &Path, id: &ContainerId) -> io::Result<()> {
    match symlink(id.as_str(), link) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            directory::make(&layout.names()).map_err(io::Error::other)?;
            symlink(id.as_str(), link)
        }
        result => result,
    }
}

/// Gives the id that a name's link holds. The container may be gone or unfinished.
pub fn resolve(layout: &Layout, name: &str) -> anyhow::Result<Option<ContainerId>> {
    if check_name(name).is_err() {
        return Ok(None);
    }
    match fs::read_link(layout.name(name)) {
        Ok(text) => Ok(text.to_str().and_then(|text| text.parse().ok())),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
            Ok(None)
        }
        Err(error) => Err(error).with_context(|| format!("look up the name {name}")),
    }
}

/// Gives a name up, if it is this container's.
pub fn release(layout: &Layout, name: &str, id: &ContainerId) -> anyhow::Result<()> {
    if resolve(layout, name)?.as_ref() != Some(id) {
        return Ok(());
    }
    match fs::remove_file(layout.name(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("release the name {name}"))
        }
        _ => Ok(()),
    }
}

/// Gives up whatever names a container has, for one whose record does not say which.
pub fn release_all(layout: &Layout, id: &ContainerId) -> anyhow::Result<()> {
    list(layout)?.iter().try_for_each(|name| release(layout, name, id))
}

fn list(layout: &Layout) -> anyhow::Result<Vec<String>> {
    let names = fs::read_dir(layout.names()).and_then(|entries| {
        entries.map(|entry| Ok(entry?.file_name().into_string().ok())).collect::<io::Result<Vec<_>>>()
    });
    match names {
        Ok(names) => Ok(names.into_iter().flatten().collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).with_context(|| format!("list {}", layout.names().display())),
    }
}

/// Removes the links of containers that are no more: what an interrupted command leaves.
pub fn sweep(layout: &Layout) -> anyhow::Result<()> {
    if stale(layout)?.is_empty() {
        return Ok(());
    }
    // Looked for again: somebody may have replaced one by his own meanwhile.
    let _lock = lock(layout)?;
    for link in stale(layout)? {
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("remove the stale name {}", link.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

fn lock(layout: &Layout) -> anyhow::Result<Lock> {
    let path = layout.names_lock();
    directory::make(path.parent().expect("the lock is in a directory"))?;
    Lock::exclusive(&path).with_context(|| format!("lock {}", path.display()))
}

fn stale(layout: &Layout) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for name in list(layout)? {
        match resolve(layout, &name)? {
            Some(id) if is_alive(layout, &id)? => {}
            _ => found.push(layout.name(&name)),
        }
    }
    Ok(found)
}

fn is_alive(layout: &Layout, id: &ContainerId) -> anyhow::Result<bool> {
    let dir = layout.container(id);
    let exists = dir.config().try_exists().with_context(|| format!("look for container {id}"))?;
    Ok(exists || Lock::is_held(&dir.lock()).with_context(|| format!("look at the lock of container {id}"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Layout) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("store"), dir.path().join("run"));
        (dir, layout)
    }

    fn container(layout: &Layout, byte: u8) -> ContainerId {
        let id = ContainerId::from_bytes([byte; 32]);
        directory::make(layout.container(&id).path()).unwrap();
        fs::write(layout.container(&id).config(), "{}").unwrap();
        id
    }

    #[test]
    fn a_name_has_one_container_until_it_is_released() {
        let (_dir, layout) = store();
        let (first, second) = (container(&layout, 1), container(&layout, 2));
        assert_eq!(claim(&layout, "web", &first).unwrap(), Ok(()));
        assert_eq!(claim(&layout, "web", &second).unwrap(), Err(first.clone()));
        release(&layout, "web", &second).unwrap();
        assert_eq!(resolve(&layout, "web").unwrap(), Some(first.clone()));
        release(&layout, "web", &first).unwrap();
        assert_eq!(claim(&layout, "web", &second).unwrap(), Ok(()));
    }

    #[test]
    fn the_name_of_a_vanished_container_is_free_and_one_in_the_making_is_not() {
        let (_dir, layout) = store();
        let (gone, new) = (container(&layout, 1), container(&layout, 2));
        claim(&layout, "web", &gone).unwrap().unwrap();
        fs::remove_file(layout.container(&gone).config()).unwrap();
        let making = Lock::exclusive(&layout.container(&gone).lock()).unwrap();
        assert_eq!(claim(&layout, "web", &new).unwrap(), Err(gone.clone()));
        assert!(stale(&layout).unwrap().is_empty());
        drop(making);
        assert_eq!(stale(&layout).unwrap(), [layout.name("web")]);
        assert_eq!(claim(&layout, "web", &new).unwrap(), Ok(()));
        claim(&layout, "db", &gone).unwrap().unwrap();
        sweep(&layout).unwrap();
        assert_eq!(resolve(&layout, "db").unwrap(), None);
        assert_eq!(resolve(&layout, "web").unwrap(), Some(new));
    }

    #[test]
    fn what_is_no_name_resolves_to_nothing() {
        let (_dir, layout) = store();
        for odd in ["", "..", "../containers", "none"] {
            assert_eq!(resolve(&layout, odd).unwrap(), None, "{odd:?}");
        }
    }
}
