//! Blobs: files named by the sha256 of their content, `blobs/sha256/<hex>`. One is written to a file without a name,
//! synced, and only then linked to its place: a name in there stands for whole, checked content, and a process that is
//! killed leaves nothing. open(2) O_TMPFILE, linkat(2), fsync(2); image-spec image-layout.md.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
};

use anyhow::{Context, bail, ensure};
use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags, linkat},
    io::Errno,
};
use sha2::{Digest as _, Sha256};

use super::{directory, layout::Layout, tmp::Tmp};
use crate::base::{advice::Advised, digest::Digest};

/// The largest document that is read into memory: a manifest, an index or a config. Real ones have some KiB.
pub const DOCUMENT_LIMIT: u64 = 4 << 20;

/// What is known of a blob before it is read; what is `None` is found out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Expected {
    pub digest: Option<Digest>,
    pub size: Option<u64>,
}

/// What a blob turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blob {
    pub digest: Digest,
    pub size: u64,
}

/// Takes a blob's content and hashes it on the way.
pub struct BlobWriter<'a> {
    layout: &'a Layout,
    /// Where the content goes; `None` while the blob is stored already, so that it is only checked.
    file: Option<Unlinked>,
    check: Check,
}

impl std::fmt::Debug for BlobWriter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlobWriter").field("check", &self.check).finish_non_exhaustive()
    }
}

impl<'a> BlobWriter<'a> {
    /// Begins a blob. One that is expected by digest and stored already is not written again.
    pub fn create(layout: &'a Layout, expected: Expected) -> anyhow::Result<Self> {
        let stored = match &expected.digest {
            Some(digest) => has(layout, digest)?,
            None => false,
        };
        let file = if stored { None } else { Some(Unlinked::create(layout)?) };
        Ok(BlobWriter { layout, file, check: Check::new(expected) })
    }

    /// The digest of what was written until now.
    pub fn digest_so_far(&self) -> Digest {
        Digest::from_bytes(self.check.hasher.clone().finalize().into())
    }

    /// Checks digest and size, and gives the content its place, durably.
    pub fn commit(self) -> anyhow::Result<Blob> {
        let blob = self.check.finish()?;
        if let Some(file) = self.file {
            file.link(self.layout, &blob.digest).with_context(|| format!("store blob {}", blob.digest))?;
        }
        Ok(blob)
    }
}

impl Write for BlobWriter<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        // Hashed as a whole: what is left over after a short write would be hashed twice.
        if let Some(file) = &mut self.file {
            file.file.write_all(data)?;
        }
        self.check.update(data)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hashes and counts content, and holds it against what is expected.
#[derive(Debug, Clone)]
pub struct Check {
    expected: Expected,
    hasher: Sha256,
    size: u64,
}

impl Check {
    pub fn new(expected: Expected) -> Self {
        Check { expected, hasher: Sha256::new(), size: 0 }
    }

    /// Takes the next piece; more than is expected is refused at once, so that nobody fills the disk with it.
    pub fn update(&mut self, data: &[u8]) -> io::Result<()> {
        self.size += data.len() as u64;
        if let Some(size) = self.expected.size.filter(|&size| self.size > size) {
            return Err(io::Error::other(format!("more than the {size} bytes that were announced")));
        }
        self.hasher.update(data);
        Ok(())
    }

    /// Says what the content was, if that is what was expected.
    pub fn finish(self) -> anyhow::Result<Blob> {
        let blob = Blob { digest: Digest::from_bytes(self.hasher.finalize().into()), size: self.size };
        if let Some(size) = self.expected.size {
            ensure!(blob.size == size, "{} bytes where {size} were announced", blob.size);
        }
        if let Some(digest) = self.expected.digest {
            ensure!(blob.digest == digest, "the content has the digest {}, not {digest}", blob.digest);
        }
        Ok(blob)
    }
}

/// Stores a small blob that is in memory.
pub fn write(layout: &Layout, content: &[u8]) -> anyhow::Result<Blob> {
    let digest = Digest::of(content);
    drop_damaged(layout, &digest)?;
    let expected = Expected { digest: Some(digest), size: None };
    let mut writer = BlobWriter::create(layout, expected)?;
    writer.write_all(content).context("write a blob")?;
    writer.commit()
}

/// Says whether a blob is stored.
pub fn has(layout: &Layout, digest: &Digest) -> anyhow::Result<bool> {
    let path = layout.blob(digest);
    match fs::symlink_metadata(&path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).with_context(|| format!("look at {}", path.display())),
    }
}

/// Removes a stored document that is not what its name says, for one who has it at hand and stores it again. What is
/// larger than a document is not looked at: it would take as long as to store it.
pub fn drop_damaged(layout: &Layout, digest: &Digest) -> anyhow::Result<()> {
    let path = layout.blob(digest);
    let is_document = fs::symlink_metadata(&path).is_ok_and(|found| found.len() <= DOCUMENT_LIMIT);
    if !is_document || read_verified(layout, digest, DOCUMENT_LIMIT).is_ok() {
        return Ok(());
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove the damaged blob {digest}"))
        }
        _ => Ok(()),
    }
}

/// Removes a stored blob, of whatever size, that is not what its name says. Says whether it did.
pub fn drop_if_damaged(layout: &Layout, digest: &Digest) -> anyhow::Result<bool> {
    if !is_damaged(layout, digest)? {
        return Ok(false);
    }
    fs::remove_file(layout.blob(digest)).with_context(|| format!("remove the damaged blob {digest}"))?;
    Ok(true)
}

/// Reads a stored blob and says whether it is not what its name says.
fn is_damaged(layout: &Layout, digest: &Digest) -> anyhow::Result<bool> {
    let (mut file, mut hasher) = (open(layout, digest)?, Sha256::new());
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer).with_context(|| format!("read blob {digest}"))? {
            0 => return Ok(Digest::from_bytes(hasher.finalize().into()) != *digest),
            length => hasher.update(&buffer[..length]),
        }
    }
}

/// Puts the blame for an error while a stored blob was read on the blob, if it is damaged.
pub fn blame(error: anyhow::Error, layout: &Layout, digest: &Digest) -> anyhow::Error {
    match is_damaged(layout, digest) {
        Ok(true) => Advised {
            message: format!("the store's blob {digest} is damaged"),
            hint: "remove the image ('coracle rmi -f') and load it again".to_owned(),
        }
        .into(),
        _ => error,
    }
}

/// Opens a stored blob. Its content is as it was when it was stored, unless the disk or somebody changed it: who
/// relies on it checks it while reading ([`Check`]).
pub fn open(layout: &Layout, digest: &Digest) -> anyhow::Result<File> {
    let path = layout.blob(digest);
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(&path);
    let file = opened.with_context(|| format!("open blob {digest}"))?;
    let is_file = file.metadata().with_context(|| format!("look at blob {digest}"))?.is_file();
    ensure!(is_file, "blob {digest} is not a file");
    Ok(file)
}

/// Reads a document of at most `limit` bytes, and checks that it is what its name says.
pub fn read_verified(layout: &Layout, digest: &Digest, limit: u64) -> anyhow::Result<Vec<u8>> {
    let file = open(layout, digest)?;
    let length = file.metadata().with_context(|| format!("read blob {digest}"))?.len();
    // One more than there is: the reader learns the end without asking for more memory.
    let mut content = Vec::with_capacity(length.min(limit) as usize + 1);
    file.take(limit + 1).read_to_end(&mut content).with_context(|| format!("read blob {digest}"))?;
    if content.len() as u64 > limit {
        bail!("blob {digest} is larger than {limit} bytes, too large for a document");
    }
    let found = Digest::of(&content);
    ensure!(found == *digest, "blob {digest} is damaged: its content has the digest {found}");
    Ok(content)
}

/// A file that nobody finds yet.
struct Unlinked {
    file: File,
    /// Where the file system knows no O_TMPFILE (NFS): a name in tmp/.
    named: Option<Tmp>,
}

impl Unlinked {
    fn create(layout: &Layout) -> anyhow::Result<Self> {
        directory::make(&layout.blobs())?;
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        match rustix::fs::open(layout.blobs(), flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => Ok(Unlinked { file: file.into(), named: None }),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::NOENT) => Self::create_named(layout),
            Err(errno) => Err(errno).with_context(|| format!("make a file in {}", layout.blobs().display())),
        }
    }

    fn create_named(layout: &Layout) -> anyhow::Result<Self> {
        let tmp = Tmp::claim(layout)?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(tmp.content())?;
        Ok(Unlinked { file, named: Some(tmp) })
    }

    /// Syncs the content and names it. Who was first with the same content wins; it is the same.
    fn link(self, layout: &Layout, digest: &Digest) -> anyhow::Result<()> {
        self.file.sync_all().context("sync")?;
        let path = layout.blob(digest);
        match self.named {
            Some(tmp) => tmp.persist(&path).context("rename")?,
            None => {
                let source = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                match linkat(CWD, source, CWD, &path, AtFlags::SYMLINK_FOLLOW) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno).context("link"),
                }
            }
        }
        File::open(layout.blobs()).and_then(|directory| directory.sync_all()).context("sync the directory")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Layout) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"), dir.path().join("run"));
        (dir, layout)
    }

    fn names(layout: &Layout) -> usize {
        fs::read_dir(layout.blobs()).unwrap().count() + fs::read_dir(layout.tmp()).map_or(0, Iterator::count)
    }

    #[test]
    fn a_blob_is_there_when_it_is_whole_and_not_before() {
        let (_dir, layout) = store();
        let digest = Digest::of(b"content");
        assert!(!has(&layout, &digest).unwrap());
        let mut writer = BlobWriter::create(&layout, Expected::default()).unwrap();
        writer.write_all(b"con").unwrap();
        writer.write_all(b"tent").unwrap();
        assert_eq!(names(&layout), 0);
        assert_eq!(writer.commit().unwrap(), Blob { digest, size: 7 });
        assert!(has(&layout, &digest).unwrap());
        assert_eq!(read_verified(&layout, &digest, 7).unwrap(), b"content");
        assert_eq!(write(&layout, b"content").unwrap().digest, digest);
        assert_eq!(names(&layout), 1);
    }

    #[test]
    fn what_is_not_as_announced_leaves_nothing() {
        let (_dir, layout) = store();
        let (right, wrong) = (Some(Digest::of(b"content")), Some(Digest::of(b"")));
        for (digest, size) in [(wrong, None), (right, Some(8)), (right, Some(6)), (None, Some(0))] {
            let mut writer = BlobWriter::create(&layout, Expected { digest, size }).unwrap();
            let result = writer.write_all(b"content").map_err(Into::into).and_then(|()| writer.commit());
            assert!(result.is_err(), "{digest:?} {size:?}");
            assert_eq!(names(&layout), 0);
        }
    }

    #[test]
    fn a_damaged_or_oversized_document_is_not_read() {
        let (_dir, layout) = store();
        let digest = write(&layout, b"content").unwrap().digest;
        assert!(read_verified(&layout, &digest, 6).unwrap_err().to_string().contains("larger"));
        fs::write(layout.blob(&digest), b"CONTENT").unwrap();
        assert!(read_verified(&layout, &digest, 100).unwrap_err().to_string().contains("damaged"));
        write(&layout, b"content").unwrap();
        assert_eq!(read_verified(&layout, &digest, 100).unwrap(), b"content", "stored again");
        fs::remove_file(layout.blob(&digest)).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", layout.blob(&digest)).unwrap();
        assert!(open(&layout, &digest).is_err() && !has(&layout, &digest).unwrap());
    }

    #[test]
    fn a_file_system_without_unnamed_files_stores_as_well() {
        let (_dir, layout) = store();
        directory::make(&layout.blobs()).unwrap();
        let mut file = Unlinked::create_named(&layout).unwrap();
        file.file.write_all(b"x").unwrap();
        file.link(&layout, &Digest::of(b"x")).unwrap();
        assert_eq!(read_verified(&layout, &Digest::of(b"x"), 1).unwrap(), b"x");
        assert_eq!(names(&layout), 1);
    }
}
