//! The entries of a tar archive, read from a stream: ustar, GNU, star and pax, with long names, extended headers and
//! sparse files. tar(5), pax(1).
//!
//! Parsers that disagree on where an entry ends can be shown different archives, so whatever the known ones read
//! differently is refused: two names for one entry, two extended headers in a row, a size for all entries to come.
//! An extended header's size goes before the header's own, and holds for the file alone, not for headers between.

use std::io::BufRead;

use anyhow::{Context, bail, ensure};

use super::{
    flow::fill,
    header::{BLOCK, Header, OldSparse, sparse_extension},
    pax::{Extensions, Mtime},
    sparse::{self, Map, MapText, pairs},
};

/// An extended header is held in memory.
const EXTENSION_LIMIT: u64 = 1 << 20;

/// The longest path that a system call takes, NUL included: a deeper tree could not be used.
const PATH_LIMIT: usize = 4096;

/// One file of an archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: EntryPath,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) mtime: Mtime,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What an entry is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File { size: u64 },
    Sparse(Map),
    Directory,
    Symlink(Vec<u8>),
    HardLink(EntryPath),
    Fifo,
    Device { is_block: bool, major: u32, minor: u32 },
}

/// A path beneath the root: names joined by `/`, no `.` or `..`, no `/` at either end; empty for the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryPath(Vec<u8>);

impl EntryPath {
    /// Takes an archive's name for a file. A leading `/` means the root of the tree, as for docker.
    pub(super) fn parse(name: &[u8]) -> anyhow::Result<Self> {
        ensure!(!name.is_empty(), "an entry has no name");
        let mut path = Vec::with_capacity(name.len());
        for part in name.split(|&byte| byte == b'/') {
            match part {
                b"" | b"." => continue,
                b".." => bail!("{}: a name must not lead upwards", printable(name)),
                _ => {}
            }
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(part);
        }
        ensure!(path.len() < PATH_LIMIT, "{}: the name is longer than {PATH_LIMIT} bytes", printable(name));
        Ok(EntryPath(path))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The directory and the name in it; `None` for the root.
    pub(super) fn split(&self) -> Option<(&[u8], &[u8])> {
        split(&self.0)
    }
}

/// [`EntryPath::split`] for a path that was checked already.
pub(super) fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => Some((&path[..slash], &path[slash + 1..])),
        None if path.is_empty() => None,
        None => Some((b"", path)),
    }
}

impl std::fmt::Display for EntryPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&printable(&self.0))
    }
}

/// A name for an error's text: in quotes and escaped, and cut where it is very long.
pub(super) fn printable(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    if text.chars().count() <= 200 {
        return format!("{text:?}");
    }
    format!("{:?}…", text.chars().take(200).collect::<String>())
}

/// Headers that tell of the next entry.
#[derive(Debug, Default)]
struct Announced {
    name: Option<Vec<u8>>,
    link_name: Option<Vec<u8>>,
    extensions: Option<Extensions>,
}

/// An archive that is being read. The content of an entry is read by [`Archive::chunk`] before the next is asked for.
#[derive(Debug)]
pub(super) struct Archive<R> {
    input: R,
    /// How far we are, for error texts.
    position: u64,
    /// Content of the current entry that was not read yet, and the zeros after it.
    left: u64,
    padding: u64,
    /// Extended headers for all entries to come.
    global: Extensions,
}

impl<R: BufRead> Archive<R> {
    pub(super) fn new(input: R) -> Self {
        Archive { input, position: 0, left: 0, padding: 0, global: Extensions::default() }
    }

    /// Goes to the next entry; `None` at the archive's end. Content that was not read is skipped.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Entry>> {
        self.skip_content()?;
        let position = self.position;
        self.next_entry().with_context(|| format!("read the archive at byte {position}"))
    }

    /// Reads on to the stream's end, past what follows the archive in it.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        loop {
            let length = self.input.fill_buf()?.len();
            if length == 0 {
                return Ok(());
            }
            self.input.consume(length);
        }
    }

    /// The next part of the current entry's content, empty at its end; [`Archive::consume`] goes past it.
    pub(super) fn chunk(&mut self) -> anyhow::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let available = self.input.fill_buf()?;
        ensure!(!available.is_empty(), "the archive is cut off within a file");
        Ok(&available[..available.len().min(left)])
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.input.consume(length);
        self.left -= length as u64;
        self.position += length as u64;
    }

    fn next_entry(&mut self) -> anyhow::Result<Option<Entry>> {
        let mut announced = Announced::default();
        loop {
            let Some(header) = self.header()? else {
                let is_complete = announced.name.is_none()
                    && announced.link_name.is_none()
                    && announced.extensions.is_none();
                ensure!(is_complete, "the archive ends where an entry was announced");
                return Ok(None);
            };
            match header.kind() {
                b'L' => announced.name = Some(self.long_name(&header, announced.name.is_some())?),
                b'K' => announced.link_name = Some(self.long_name(&header, announced.link_name.is_some())?),
                b'x' | b'X' => {
                    ensure!(announced.extensions.is_none(), "two extended headers for one entry");
                    announced.extensions = Some(Extensions::parse(&self.extension(&header)?)?);
                }
                b'g' => {
                    let global = Extensions::parse(&self.extension(&header)?)?;
                    ensure!(!global.frames(), "a name or a size for all entries to come");
                    self.global = global;
                }
                // The label of a volume.
                b'V' => {
                    self.open_content(header.size()?)?;
                    self.skip_content()?;
                }
                _ => return self.entry(&header, announced).map(Some),
            }
        }
    }

    fn long_name(&mut self, header: &Header, is_known: bool) -> anyhow::Result<Vec<u8>> {
        ensure!(!is_known, "two names for one entry");
        let mut name = self.extension(header)?;
        if let Some(end) = name.iter().position(|&byte| byte == 0) {
            name.truncate(end);
        }
        Ok(name)
    }

    fn entry(&mut self, header: &Header, announced: Announced) -> anyhow::Result<Entry> {
        let extensions = announced.extensions.unwrap_or_default();
        let name_of_sparse = extensions.sparse.name.clone();
        let pax_name = name_of_sparse.or(extensions.path.clone());
        let name = one_of(announced.name, pax_name)?.unwrap_or_else(|| header.name());
        let link_name =
            one_of(announced.link_name, extensions.link_path.clone())?.unwrap_or_else(|| header.link_name());

        let path = EntryPath::parse(&name)?;
        let kind = self.kind(header, &extensions, &name, link_name).with_context(|| printable(&name))?;
        let global = &self.global;
        let mtime = match extensions.mtime.or(global.mtime) {
            Some(mtime) => mtime,
            None => Mtime { seconds: header.mtime()?, nanoseconds: 0 },
        };
        let uid = extensions.uid.or(global.uid).map_or_else(|| header.uid(), |uid| Ok(i64::try_from(uid)?));
        let gid = extensions.gid.or(global.gid).map_or_else(|| header.gid(), |gid| Ok(i64::try_from(gid)?));
        let mut xattrs = global.xattrs.clone();
        xattrs.retain(|(name, _)| !extensions.xattrs.iter().any(|(own, _)| own == name));
        xattrs.extend(extensions.xattrs);
        Ok(Entry {
            path,
            kind,
            mode: header.mode()?,
            uid: identity(uid?).with_context(|| format!("{}: read the owner", printable(&name)))?,
            gid: identity(gid?).with_context(|| format!("{}: read the group", printable(&name)))?,
            mtime,
            xattrs,
        })
    }

    fn kind(
        &mut self,
        header: &Header,
        extensions: &Extensions,
        name: &[u8],
        link_name: Vec<u8>,
    ) -> anyhow::Result<Kind> {
        // All but files have no content, whatever their header says: so do GNU tar and Go read it.
        Ok(match header.kind() {
            b'0' | 0 | b'7' => {
                let size = extensions.size.map_or_else(|| header.size(), Ok)?;
                if name.ends_with(b"/") {
                    // The format before ustar had no other mark of a directory.
                    ensure!(size == 0, "a directory with content");
                    return Ok(Kind::Directory);
                }
                self.open_content(size)?;
                self.file(extensions, size)?
            }
            b'S' => {
                let size = extensions.size.map_or_else(|| header.size(), Ok)?;
                let map = self.old_sparse(header, size)?;
                self.open_content(size)?;
                Kind::Sparse(map)
            }
            b'1' => Kind::HardLink(EntryPath::parse(&link_name).context("a hard link's target")?),
            b'2' => {
                ensure!(!link_name.is_empty(), "a symbolic link to nothing");
                Kind::Symlink(link_name)
            }
            b'5' => Kind::Directory,
            b'D' => {
                self.open_content(extensions.size.map_or_else(|| header.size(), Ok)?)?;
                Kind::Directory
            }
            b'6' => Kind::Fifo,
            kind @ (b'3' | b'4') => {
                let (major, minor) = header.device()?;
                Kind::Device { is_block: kind == b'4', major, minor }
            }
            kind => bail!("an entry of type {:?}, which is none of a layer's", char::from(kind)),
        })
    }

    /// A file whose content is open: plain, or sparse as the extended header says.
    fn file(&mut self, extensions: &Extensions, stored: u64) -> anyhow::Result<Kind> {
        let sparse = &extensions.sparse;
        let parts = match (sparse.version, &sparse.map) {
            (Some((1, 0)), _) => self.sparse_map()?,
            (None | Some((0, 0 | 1)), Some(map)) => pairs(map),
            (None | Some((0, _)), None) => return Ok(Kind::File { size: stored }),
            (Some((major, minor)), _) => bail!("a sparse file of version {major}.{minor}"),
        };
        let size = sparse.size.context("a sparse file without its size")?;
        Ok(Kind::Sparse(Map::new(parts, size, self.left)?))
    }

    /// Reads the map of version 1.0, and the zeros up to the block's end.
    fn sparse_map(&mut self) -> anyhow::Result<Vec<(u64, u64)>> {
        let mut map = MapText::default();
        let mut read = 0;
        let mut is_whole = false;
        while !is_whole {
            let chunk = self.chunk()?;
            ensure!(!chunk.is_empty(), "the map of a sparse file is cut off");
            let mut taken = 0;
            while taken < chunk.len() && !is_whole {
                is_whole = map.take(chunk[taken])?;
                taken += 1;
            }
            self.consume(taken);
            read += taken;
        }
        let mut zeros = read.next_multiple_of(BLOCK) - read;
        while zeros > 0 {
            let length = self.chunk()?.len().min(zeros);
            ensure!(length > 0, "the map of a sparse file is cut off");
            self.consume(length);
            zeros -= length;
        }
        Ok(map.parts())
    }

    /// Reads the map of an old GNU sparse file: in the header, and in blocks between it and the content.
    fn old_sparse(&mut self, header: &Header, stored: u64) -> anyhow::Result<Map> {
        let OldSparse { segments: mut parts, mut goes_on, size } = header.old_sparse()?;
        while goes_on {
            let block = self.block()?.context("the map of a sparse file is cut off")?;
            let (more, extended) = sparse_extension(&block)?;
            parts.extend(more);
            ensure!(parts.len() <= sparse::LIMIT, "the map of a sparse file has too many parts");
            goes_on = extended;
        }
        Map::new(parts, size, stored)
    }

    /// Reads the content of a header that tells of the next entry.
    fn extension(&mut self, header: &Header) -> anyhow::Result<Vec<u8>> {
        let size = header.size()?;
        ensure!(
            size <= EXTENSION_LIMIT,
            "an extended header of {size} bytes; {EXTENSION_LIMIT} are the limit"
        );
        self.open_content(size)?;
        let mut content = Vec::new();
        while self.left > 0 {
            let chunk = self.chunk()?;
            content.extend_from_slice(chunk);
            let length = chunk.len();
            self.consume(length);
        }
        self.skip_content()?;
        Ok(content)
    }

    /// The next header; `None` at the archive's end: two blocks of zeros, or just no more.
    fn header(&mut self) -> anyhow::Result<Option<Header>> {
        let Some(block) = self.block()? else { return Ok(None) };
        if block != [0; BLOCK] {
            return Header::parse(block).map(Some);
        }
        match self.block()? {
            Some(block) if block != [0; BLOCK] => bail!("the archive goes on after a block of zeros"),
            _ => Ok(None),
        }
    }

    fn block(&mut self) -> anyhow::Result<Option<[u8; BLOCK]>> {
        let mut block = [0; BLOCK];
        let length = fill(&mut self.input, &mut block)?;
        self.position += length as u64;
        match length {
            0 => Ok(None),
            BLOCK => Ok(Some(block)),
            _ => bail!("the archive is cut off within a header"),
        }
    }

    fn open_content(&mut self, size: u64) -> anyhow::Result<()> {
        let padded = size.checked_next_multiple_of(BLOCK as u64).context("an entry is too large")?;
        (self.left, self.padding) = (size, padded - size);
        Ok(())
    }

    fn skip_content(&mut self) -> anyhow::Result<()> {
        self.left += std::mem::take(&mut self.padding);
        while self.left > 0 {
            let length = self.chunk()?.len();
            self.consume(length);
        }
        Ok(())
    }
}

/// What one of two sources says; GNU tar and Go believe different ones.
fn one_of(gnu: Option<Vec<u8>>, pax: Option<Vec<u8>>) -> anyhow::Result<Option<Vec<u8>>> {
    match (gnu, pax) {
        (Some(gnu), Some(pax)) if gnu != pax => {
            bail!("one entry is called {} and {}", printable(&gnu), printable(&pax))
        }
        (gnu, pax) => Ok(gnu.or(pax)),
    }
}

/// A user or group: 32 bits, of which all ones mean "nobody" to system calls.
fn identity(number: i64) -> anyhow::Result<u32> {
    match u32::try_from(number) {
        Ok(id) if id != u32::MAX => Ok(id),
        _ => bail!("{number} is no id"),
    }
}
