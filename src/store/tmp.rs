//! What is being made, on the file system it will belong to: `tmp/<name>/content` beside `tmp/<name>/lock`. The lock
//! is held by who makes it, so that whatever is there with a free lock is the leaving of a dead process, also when
//! that lived in another pid namespace or before a reboot. [`sweep`] removes those.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use anyhow::Context;
use rustix::fs::{CWD, RenameFlags};

use super::{directory, layout::Layout, lock::Lock};
use crate::sys::remove::remove_tree;

const CONTENT: &str = "content";
const LOCK: &str = "lock";

/// A name in tmp/ that is ours. Dropped, it is removed with all that is in it.
#[derive(Debug)]
pub struct Tmp {
    directory: PathBuf,
    _lock: Lock,
}

impl Tmp {
    /// Claims a name. Nothing is at [`Tmp::content`] yet: make a file or a directory there.
    pub fn claim(layout: &Layout) -> anyhow::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        directory::make(&layout.tmp())?;
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let directory = layout.tmp().join(format!("{}-{count}", std::process::id()));
            let claimed = directory::make_new(&directory, 0o700)
                .and_then(|()| Lock::try_exclusive(&directory.join(LOCK)));
            match claimed {
                Ok(Some(lock)) => return Ok(Tmp { directory, _lock: lock }),
                // A sweeper came between our two steps, …
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // … or a process with our number left something, or lives in another pid namespace.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("make {}", directory.display()));
                }
            }
        }
    }

    /// Where to make what becomes of this.
    pub fn content(&self) -> PathBuf {
        self.directory.join(CONTENT)
    }

    /// Gives the content its place. A directory that is there already, and not empty, is an error.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        fs::rename(self.content(), path)
    }

    /// Gives the content its place and takes what is there in exchange, to be removed.
    pub fn exchange(&self, path: &Path) -> io::Result<()> {
        rustix::fs::renameat_with(CWD, self.content(), CWD, path, RenameFlags::EXCHANGE)?;
        Ok(())
    }
}

impl Drop for Tmp {
    fn drop(&mut self) {
        // What cannot be removed now is swept by a later command.
        let _ = remove(&self.directory);
    }
}

/// Removes a name of tmp/ whose lock we hold: the lock goes last, so that until then nobody else takes what is there for
/// a leaving. A lock that is made anew by then is another's, and the directory with it.
fn remove(directory: &Path) -> anyhow::Result<()> {
    let remove = || format!("remove {}", directory.display());
    let opened = match File::open(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened.with_context(remove)?,
    };
    for entry in fs::read_dir(directory).with_context(remove)? {
        let name = entry.with_context(remove)?.file_name();
        if name != LOCK {
            remove_tree(&opened, name.as_encoded_bytes()).with_context(remove)?;
        }
    }
    match fs::remove_file(directory.join(LOCK)).and_then(|()| fs::remove_dir(directory)) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => {
            Err(error).with_context(remove)
        }
        _ => Ok(()),
    }
}

/// Removes what dead processes left in tmp/. Call it within the user namespace of who unpacks: half a tree has
/// foreign owners. All is tried; the first error is told.
pub fn sweep(layout: &Layout) -> anyhow::Result<()> {
    let entries = match fs::read_dir(layout.tmp()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("read {}", layout.tmp().display()))?,
    };
    let mut first = Ok(());
    for entry in entries {
        let swept = entry.map_err(Into::into).and_then(|entry| sweep_one(&entry.path()));
        first = first.and(swept);
    }
    first.context("sweep tmp")
}

fn sweep_one(path: &Path) -> anyhow::Result<()> {
    match Lock::try_exclusive(&path.join(LOCK)) {
        Ok(Some(_held)) => remove(path),
        Ok(None) => Ok(()),
        // Its owner has just removed it; or it is no directory, so nothing of ours could hold it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            fs::remove_file(path).with_context(|| format!("remove {}", path.display()))
        }
        Err(error) => Err(error).with_context(|| format!("lock {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sweeper_takes_what_nobody_holds() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"), dir.path().join("run"));
        sweep(&layout).unwrap();
        let live = Tmp::claim(&layout).unwrap();
        fs::create_dir_all(live.content().join("a/b")).unwrap();
        let dead = layout.tmp().join("1-1");
        fs::create_dir_all(dead.join("content/x")).unwrap();
        fs::write(dead.join("lock"), "").unwrap();
        fs::create_dir(layout.tmp().join("1-2")).unwrap();
        fs::write(layout.tmp().join("stray"), "").unwrap();

        sweep(&layout).unwrap();
        assert_eq!(fs::read_dir(layout.tmp()).unwrap().count(), 1);
        assert!(live.content().join("a/b").exists());
        drop(live);
        assert_eq!(fs::read_dir(layout.tmp()).unwrap().count(), 0);
    }

    #[test]
    fn several_may_sweep_and_claim_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"), dir.path().join("run"));
        for _ in 0..10 {
            for n in 0..30 {
                fs::create_dir_all(layout.tmp().join(format!("1-{n}/content/a/b/c"))).unwrap();
            }
            std::thread::scope(|scope| {
                let claimer = scope.spawn(|| {
                    for _ in 0..200 {
                        let claimed = Tmp::claim(&layout).unwrap();
                        fs::create_dir(claimed.content()).unwrap();
                    }
                });
                let sweepers: Vec<_> = (0..4).map(|_| scope.spawn(|| sweep(&layout))).collect();
                sweepers.into_iter().for_each(|sweeper| sweeper.join().unwrap().unwrap());
                claimer.join().unwrap();
            });
            assert_eq!(fs::read_dir(layout.tmp()).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_is_persisted_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"), dir.path().join("run"));
        let made = Tmp::claim(&layout).unwrap();
        fs::create_dir(made.content()).unwrap();
        made.persist(&dir.path().join("there")).unwrap();
        assert!(dir.path().join("there").is_dir());
        assert_eq!(fs::read_dir(layout.tmp()).unwrap().count(), 0);
    }
}
