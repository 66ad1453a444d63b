//! A tar archive in a file that can be read anywhere: its members are found by their headers alone, and its layers are
//! then read in parallel, each at its offset. tar(5).

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt as _,
    path::Path,
};

use anyhow::{Context as _, bail, ensure};

use crate::store::blob::DOCUMENT_LIMIT;

use super::{Blob, Source, members::Members};

/// An uncompressed tar archive.
#[derive(Debug)]
pub struct TarFile {
    file: File,
    name: Option<String>,
    members: Members<Extent>,
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    offset: u64,
    size: u64,
}

impl TarFile {
    /// Reads the headers of an archive; `path` is where the file is, for its name, if any.
    pub fn open(file: File, path: Option<&Path>) -> anyhow::Result<TarFile> {
        let length = file.metadata().context("stat the archive")?.len();
        let mut members = Members::default();
        let mut archive = tar::Archive::new(&file);
        for entry in archive.entries_with_seek().context("read the archive")? {
            let entry = match entry {
                Ok(entry) => entry,
                // The parser's own words repeat what it could not read.
                Err(_) if members.is_empty() => bail!("it is not a tar archive"),
                Err(_) => bail!("read the archive: it is damaged or truncated"),
            };
            let extent = Extent { offset: entry.raw_file_position(), size: entry.size() };
            let ends_inside = extent.offset.checked_add(extent.size).is_some_and(|end| end <= length);
            ensure!(ends_inside, "read the archive: it is truncated");
            note(&mut members, &entry, extent)?;
        }
        let name = path.and_then(Path::file_stem).and_then(|stem| stem.to_str()).map(str::to_owned);
        Ok(TarFile { file, name, members })
    }

    fn range(&self, path: &str) -> anyhow::Result<Option<Range<'_>>> {
        let extent = self.members.find(path)?;
        Ok(extent.map(|e| Range { file: &self.file, offset: e.offset, remaining: e.size }))
    }
}

/// Notes an archive's entry in the table of members; what an image archive has no use for is passed over.
fn note<F, R: Read>(members: &mut Members<F>, entry: &tar::Entry<'_, R>, file: F) -> anyhow::Result<()> {
    let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
    let target = || String::from_utf8_lossy(&entry.link_name_bytes().unwrap_or_default()).into_owned();
    match entry.header().entry_type() {
        tar::EntryType::Regular | tar::EntryType::Continuous => members.add_file(&path, file),
        tar::EntryType::Symlink => members.add_symlink(&path, &target()),
        tar::EntryType::Link => members.add_hard_link(&path, &target()),
        _ => Ok(()),
    }
}

impl Source for TarFile {
    fn document(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(mut range) = self.range(path)? else { return Ok(None) };
        ensure!(
            range.remaining <= DOCUMENT_LIMIT,
            "read {path} of the archive: it has {} bytes, more than the {DOCUMENT_LIMIT} that are allowed",
            range.remaining
        );
        let mut content = Vec::with_capacity(range.remaining as usize);
        range.read_to_end(&mut content).with_context(|| format!("read {path} of the archive"))?;
        Ok(Some(content))
    }

    fn open(&self, path: &str) -> anyhow::Result<Option<Blob<'_>>> {
        let range = self.range(path)?;
        Ok(range.map(|range| Blob::Reader { size: range.remaining, reader: Box::new(range) }))
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// A part of a file, read without moving the file's own position.
#[derive(Debug)]
struct Range<'a> {
    file: &'a File,
    offset: u64,
    remaining: u64,
}

impl Read for Range<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = self.remaining.min(buffer.len() as u64) as usize;
        let read = self.file.read_at(&mut buffer[..wanted], self.offset)?;
        if read == 0 && wanted > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive is truncated"));
        }
        self.offset += read as u64;
        self.remaining -= read as u64;
        Ok(read)
    }
}
