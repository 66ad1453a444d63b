//! Locks: flock(2) on small files. The kernel frees one with the last descriptor of its holder, however that ended,
//! so there is nothing to heal; a forked monitor inherits its container's lock.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

/// A lock, held until it is dropped in every process that inherited it.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the lock and takes it for this process alone. The file is made where it is missing.
    pub fn exclusive(path: &Path) -> io::Result<Lock> {
        loop {
            let file = open(path)?;
            file.lock()?;
            if is_still_at(&file, path)? {
                return Ok(Lock { file });
            }
        }
    }

    /// Waits until nobody holds the lock exclusively, and takes it together with others who share it.
    pub fn shared(path: &Path) -> io::Result<Lock> {
        loop {
            let file = open(path)?;
            file.lock_shared()?;
            if is_still_at(&file, path)? {
                return Ok(Lock { file });
            }
        }
    }

    /// Takes the lock if nobody holds it.
    pub fn try_exclusive(path: &Path) -> io::Result<Option<Lock>> {
        loop {
            let file = open(path)?;
            match file.try_lock() {
                Ok(()) if is_still_at(&file, path)? => return Ok(Some(Lock { file })),
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    /// Says whether somebody holds the lock exclusively; a missing file is a free lock.
    pub fn is_held(path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits until nobody holds the lock exclusively; a missing file is a free lock.
    pub fn wait_free(path: &Path) -> io::Result<()> {
        match File::open(path) {
            Ok(file) => file.lock_shared(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Frees the lock at once, in every process that inherited it.
    pub fn release(&self) -> io::Result<()> {
        self.file.unlock()
    }

    /// The locked file.
    pub fn file(&self) -> &File {
        &self.file
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Says whether `path` still names the file that was locked: its holder may have removed it while we waited.
fn is_still_at(file: &File, path: &Path) -> io::Result<bool> {
    let locked = file.metadata()?;
    match std::fs::metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (locked.dev(), locked.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_a_removed_file_is_not_a_lock() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert!(!Lock::is_held(&path).unwrap());
        let held = Lock::exclusive(&path).unwrap();
        assert!(Lock::is_held(&path).unwrap());
        assert!(Lock::try_exclusive(&path).unwrap().is_none());
        std::fs::remove_file(&path).unwrap();
        let second = Lock::try_exclusive(&path).unwrap().unwrap();
        drop(held);
        assert!(Lock::is_held(&path).unwrap());
        drop(second);
        assert!(!Lock::is_held(&path).unwrap());
    }
}
