//! Where an image is put together before it counts: a directory in `tmp/` that is locked while its owner lives.
//!
//! Blobs are written to `blobs/<hex>`, layers unpacked to `trees/<diff-id hex>`. A blob that the store has already is
//! hard-linked in, so that nobody's removal takes it away meanwhile. [`Staging::commit`] moves everything in its place
//! under the index lock and lists the image last: what a SIGKILL or a power loss leaves is swept by the next owner.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::base::digest::Digest;

use super::{
    directory,
    image::{IndexChange, make_skeleton},
    layout::Layout,
};

/// A directory in `tmp/`, removed when it is dropped.
#[derive(Debug)]
pub struct Staging {
    path: PathBuf,
    /// Holds the flock that says that the owner lives.
    _lock: File,
}

impl Staging {
    /// Makes a directory in `tmp/` (and the store, where there is none yet).
    pub fn create(layout: &Layout) -> anyhow::Result<Staging> {
        make_skeleton(layout)?;
        for attempt in 0..u32::MAX {
            let path = layout.tmp().join(format!("{}-{attempt}", std::process::id()));
            match try_create(&path) {
                Ok(Some(lock)) => return Ok(Staging { path, _lock: lock }),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("make directory {}", path.display()));
                }
            }
        }
        unreachable!("four thousand million names are not taken")
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn blobs(&self) -> PathBuf {
        self.path.join("blobs")
    }

    pub fn blob(&self, digest: &Digest) -> PathBuf {
        self.blobs().join(digest.hex())
    }

    pub fn trees(&self) -> PathBuf {
        self.path.join("trees")
    }

    pub fn tree(&self, diff_id: &Digest) -> PathBuf {
        self.trees().join(diff_id.hex())
    }

    /// Links a blob of the store in, if the store has it, and gives its size.
    pub fn adopt(&self, layout: &Layout, digest: &Digest) -> anyhow::Result<Option<u64>> {
        let staged = self.blob(digest);
        match fs::hard_link(layout.blob(digest), &staged) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("keep blob {digest}")),
        }
        Ok(Some(fs::metadata(&staged).with_context(|| format!("stat blob {digest}"))?.len()))
    }

    /// Writes a small blob.
    pub fn add_document(&self, content: &[u8]) -> anyhow::Result<Digest> {
        let digest = Digest::of(content);
        let path = self.blob(&digest);
        let write = || -> io::Result<()> {
            let mut file = File::create(&path)?;
            io::Write::write_all(&mut file, content)?;
            file.sync_all()
        };
        write().with_context(|| format!("write blob {digest}"))?;
        Ok(digest)
    }

    /// Moves blobs and trees to their places, for an index that will list them. What is there already stays.
    pub fn commit(&self, change: &IndexChange<'_>, map_tag: &str) -> anyhow::Result<()> {
        let layout = change.layout();
        for entry in entries(&self.blobs())? {
            move_unless_there(&entry, &layout.blobs())?;
        }
        File::open(layout.blobs()).and_then(|blobs| blobs.sync_all()).context("sync the blobs")?;
        let trees = entries(&self.trees())?;
        if !trees.is_empty() {
            let place = layout.layers().join(map_tag);
            directory::make(&place)?;
            for entry in trees {
                move_unless_there(&entry, &place)?;
            }
        }
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // A tree whose files are not ours to remove is swept by a prune, which enters the user namespace first.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Makes and locks a directory; `None` if a sweeper was quicker than our lock.
fn try_create(path: &Path) -> io::Result<Option<File>> {
    directory::make_new(path, 0o700)?;
    let lock = File::open(path)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let is_there =
        fs::metadata(path).is_ok_and(|named| lock.metadata().is_ok_and(|own| own.ino() == named.ino()));
    if !is_there {
        return Ok(None);
    }
    for name in ["blobs", "trees"] {
        directory::make_new(&path.join(name), 0o700)?;
    }
    Ok(Some(lock))
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let list = || fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    list().with_context(|| format!("list {}", directory.display()))
}

fn move_unless_there(from: &Path, directory: &Path) -> anyhow::Result<()> {
    let to = directory.join(from.file_name().expect("a listed file has a name"));
    let moved = match rustix::fs::renameat_with(
        rustix::fs::CWD,
        from,
        rustix::fs::CWD,
        &to,
        rustix::fs::RenameFlags::NOREPLACE,
    ) {
        Err(rustix::io::Errno::EXIST) => Ok(()),
        // File systems without RENAME_NOREPLACE (NFS): we hold the lock under which names appear here.
        Err(rustix::io::Errno::INVAL) if to.exists() => Ok(()),
        Err(rustix::io::Errno::INVAL) => fs::rename(from, &to),
        other => other.map_err(io::Error::from),
    };
    moved.with_context(|| format!("move {} to {}", from.display(), to.display()))
}

/// The leavings in `tmp/` of owners that are dead.
pub fn dead(layout: &Layout) -> anyhow::Result<Vec<(PathBuf, Option<File>)>> {
    let mut dead = Vec::new();
    let list = match fs::read_dir(layout.tmp()) {
        Ok(list) => list,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(dead),
        Err(error) => return Err(error).with_context(|| format!("list {}", layout.tmp().display())),
    };
    for entry in list {
        let path = entry.with_context(|| format!("list {}", layout.tmp().display()))?.path();
        match File::open(&path) {
            // The lock goes with the path: it keeps the name from a new owner until the removal is done.
            Ok(lock) => {
                if lock.try_lock().is_ok() {
                    dead.push((path, Some(lock)));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => dead.push((path, None)),
        }
    }
    Ok(dead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::image::change_index;

    #[test]
    fn what_is_committed_is_there_and_the_rest_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"), dir.path().join("run"));
        let staging = Staging::create(&layout).unwrap();
        let digest = staging.add_document(b"{}").unwrap();
        fs::create_dir(staging.tree(&digest)).unwrap();
        let change = change_index(&layout).unwrap();
        staging.commit(&change, "u0").unwrap();
        assert!(layout.blob(&digest).exists() && layout.layer("u0", &digest).exists());

        let second = Staging::create(&layout).unwrap();
        assert_ne!(second.path(), staging.path());
        assert_eq!(second.adopt(&layout, &digest).unwrap(), Some(2));
        assert_eq!(second.adopt(&layout, &Digest::of(b"x")).unwrap(), None);
        fs::remove_file(layout.blob(&digest)).unwrap();
        second.commit(&change, "u0").unwrap();
        assert!(layout.blob(&digest).exists(), "a blob that was removed meanwhile comes back");

        assert!(dead(&layout).unwrap().is_empty(), "both owners live");
        drop((staging, second));
        assert_eq!(fs::read_dir(layout.tmp()).unwrap().count(), 0);
        fs::create_dir(layout.tmp().join("1-0")).unwrap();
        fs::write(layout.tmp().join("stray"), b"").unwrap();
        assert_eq!(dead(&layout).unwrap().len(), 2);
    }
}
