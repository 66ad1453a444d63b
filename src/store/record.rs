//! Records: versioned JSON files that are replaced as a whole, so that a reader sees the old one or the new one and a
//! power loss leaves either. rename(2), fsync(2).

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::container::VERSION;

/// What must be on the disk when a write returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// The record survives power loss: synced, renamed, directory synced. For what the user was told is kept.
    Synced,
    /// Readers are safe, power loss may take the record back or leave it torn. For what ends with this boot anyway
    /// (`run --rm`, the state of a running container): two syncs would cost more than the whole start.
    Relaxed,
}

/// Reads a record; `None` where there is no such file.
pub fn read<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let text = match read_file(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    match serde_json::from_slice(&text) {
        Ok(record) => Ok(Some(record)),
        Err(error) => match serde_json::from_slice::<Versioned>(&text) {
            Ok(Versioned { version }) if version > VERSION => {
                bail!("read {}: a later version of coracle wrote it (format {version})", path.display())
            }
            _ => Err(error).with_context(|| format!("parse {}", path.display())),
        },
    }
}

/// What every record says of itself.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Says whether a record could be read and is none: torn by a power loss, or spoilt by a hand. One that cannot be read
/// just now, or that a later version wrote, is not damaged.
pub fn is_damage(error: &anyhow::Error) -> bool {
    error.downcast_ref::<serde_json::Error>().is_some()
}

/// Reads a regular file, which has ended where a read does not fill the buffer: `ps` reads a thousand, and asking each for
/// its size and its end would double the calls.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let mut text = vec![0; 4096];
    let mut length = 0;
    loop {
        match file.read(&mut text[length..]) {
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if length < text.len() {
            text.truncate(length);
            return Ok(text);
        }
        text.resize(2 * length, 0);
    }
}

/// Replaces a record, or makes it.
pub fn write<T: Serialize>(path: &Path, record: &T, durability: Durability) -> anyhow::Result<()> {
    let text = serde_json::to_vec(record).expect("a record of ours has string keys");
    replace(path, &text, durability).with_context(|| format!("write {}", path.display()))
}

/// Writes a record over the one that is there and is no shorter: for a disk that has no room for a second one. A crash
/// meanwhile leaves it damaged.
pub fn overwrite<T: Serialize>(path: &Path, record: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec(record).expect("a record of ours has string keys");
    let mut write = || -> io::Result<()> {
        let file = OpenOptions::new().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
        if text.len() > length {
            return Err(io::ErrorKind::StorageFull.into());
        }
        text.resize(length, b' ');
        file.write_all_at(&text, 0)
    };
    write().with_context(|| format!("write over {}", path.display()))
}

/// Says whether a write failed because there is no room on the disk.
pub fn is_full(error: &anyhow::Error) -> bool {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
}

/// Makes a record that was written [`Durability::Relaxed`] survive power loss.
pub fn sync(path: &Path) -> anyhow::Result<()> {
    let parent = path.parent().expect("a record is in a directory");
    [path, parent]
        .into_iter()
        .try_for_each(|path| File::open(path)?.sync_all())
        .with_context(|| format!("sync {}", path.display()))
}

/// Replaces a file's content as a whole.
pub fn replace(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let temporary = temporary_name(path);
    let written =
        write_temporary(&temporary, content, durability).and_then(|()| fs::rename(&temporary, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    match (durability, path.parent()) {
        (Durability::Synced, Some(parent)) => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// A name beside `path` that no other process writes at the same time.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    PathBuf::from(name)
}

fn write_temporary(path: &Path, content: &[u8], durability: Durability) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    if durability == Durability::Synced { file.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_replaced_and_no_other_file_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        assert_eq!(read::<Vec<u32>>(&path).unwrap(), None);
        for durability in [Durability::Synced, Durability::Relaxed] {
            write(&path, &[durability as u32], durability).unwrap();
            assert_eq!(read::<Vec<u32>>(&path).unwrap(), Some(vec![durability as u32]));
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_record_of_any_length_is_read_to_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        for length in [0, 1, 4093, 4094, 4095, 8190, 100_000] {
            let record = "x".repeat(length);
            write(&path, &record, Durability::Relaxed).unwrap();
            assert_eq!(read::<String>(&path).unwrap(), Some(record), "{length}");
        }
    }

    #[test]
    fn a_record_is_written_over_a_longer_one_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        write(&path, &"long", Durability::Relaxed).unwrap();
        overwrite(&path, &"a").unwrap();
        assert_eq!(read::<String>(&path).unwrap().unwrap(), "a");
        overwrite(&path, &"gone").unwrap();
        assert!(is_full(&overwrite(&path, &"longer").unwrap_err()));
        assert_eq!(read::<String>(&path).unwrap().unwrap(), "gone");
    }

    #[test]
    fn a_torn_record_is_an_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record.json");
        fs::write(&path, b"[1").unwrap();
        let error = read::<Vec<u32>>(&path).unwrap_err();
        assert!(format!("{error:#}").contains("record.json"), "{error:#}");
        assert!(is_damage(&error.context("list")));
        for (text, damaged) in [(r#"{"version":1}"#, true), (r#"{"version":2}"#, false), ("", true)] {
            fs::write(&path, text).unwrap();
            assert_eq!(is_damage(&read::<Vec<u32>>(&path).unwrap_err()), damaged, "{text}");
        }
    }
}
