//! An OCI layout in a directory: `pull oci:DIR`.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use crate::store::{blob::DOCUMENT_LIMIT, image::read_bounded};

use super::{Blob, Source};

/// A directory with `oci-layout`, `index.json` and `blobs/`.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    name: Option<String>,
}

impl Directory {
    /// Opens an OCI layout.
    pub fn open(path: &Path) -> anyhow::Result<Directory> {
        let metadata = fs::metadata(path).with_context(|| format!("open {}", path.display()))?;
        ensure!(metadata.is_dir(), "open {}: it is not a directory", path.display());
        let full = fs::canonicalize(path).with_context(|| format!("open {}", path.display()))?;
        let name = full.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        Ok(Directory { path: path.to_owned(), name })
    }
}

impl Source for Directory {
    fn document(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let full = self.path.join(path);
        match full.try_exists() {
            Ok(false) => Ok(None),
            Ok(true) => read_bounded(&full, DOCUMENT_LIMIT)
                .map(Some)
                .with_context(|| format!("read {}", full.display())),
            Err(error) => Err(error).with_context(|| format!("read {}", full.display())),
        }
    }

    fn open(&self, path: &str) -> anyhow::Result<Option<Blob<'_>>> {
        let full = self.path.join(path);
        // A FIFO in a blob's place does not block.
        let file = match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&full) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("open {}", full.display())),
        };
        let metadata = file.metadata().with_context(|| format!("stat {}", full.display()))?;
        ensure!(metadata.is_file(), "open {}: it is not a regular file", full.display());
        Ok(Some(Blob::Reader { reader: Box::new(file), size: metadata.len() }))
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
