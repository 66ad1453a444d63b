//! A tar archive that can be read only once (standard input, or a compressed file): every member is put in the staging
//! directory while it is read, and unpacked meanwhile when it looks like a layer. What it is for is known at the end,
//! as `manifest.json` may come last.

use std::io::{self, BufRead, Read, Write as _};

use anyhow::{Context as _, bail, ensure};

use crate::{
    base::digest::Digest,
    image::layer::{
        compress::Compression,
        member::{Member, MemberReader},
        unpack::{self, Layer, Target},
    },
    store::blob::{self, BlobWriter, DOCUMENT_LIMIT, Expected},
};

use super::{Blob, Source, members::Members};

/// The members of an archive that was streamed.
#[derive(Debug)]
pub struct Stream<'a> {
    target: Target<'a>,
    members: Members<Staged>,
    name: Option<String>,
}

/// A file of the archive that the store has now.
#[derive(Debug)]
pub struct Staged {
    pub blob: Digest,
    pub unpacked: Unpacked,
}

/// What was made of a file besides keeping it.
#[derive(Debug)]
pub enum Unpacked {
    /// It does not look like a layer, or the store has had it before.
    Not,
    Layer(Layer),
    /// It looks like a layer and cannot be taken as one: an error for the image that wants it.
    Failed(String),
}

impl<'a> Stream<'a> {
    /// Reads an archive to its end; `name` is the name it has itself, if any.
    pub fn read(
        input: impl BufRead + Send,
        name: Option<String>,
        target: Target<'a>,
    ) -> anyhow::Result<Stream<'a>> {
        let mut stream = Stream { target, members: Members::default(), name };
        let members = &mut stream.members;
        let mut archive = MemberReader::new(input);
        while let Some((path, member)) = archive.next_member()? {
            match member {
                Member::File { size } => {
                    let staged = take(&mut archive, size, &path, target);
                    members
                        .add_file(&path, staged.with_context(|| format!("read {path:?} of the archive"))?)?;
                }
                Member::Symlink(to) => members.add_symlink(&path, &to)?,
                Member::HardLink(to) => members.add_hard_link(&path, &to)?,
                Member::Other => {}
            }
        }
        archive.finish().context("read the archive")?;
        Ok(stream)
    }
}

/// Takes one file into the store.
fn take(
    content: &mut (impl Read + Send),
    size: u64,
    path: &str,
    target: Target<'_>,
) -> anyhow::Result<Staged> {
    let named = path.rsplit_once("blobs/sha256/").map(|(_, hex)| format!("sha256:{hex}"));
    let expected = Expected { digest: named.and_then(|digest| digest.parse().ok()), size: Some(size) };
    if let Some(digest) = expected.digest {
        blob::drop_damaged(target.layout, &digest)?;
        if blob::has(target.layout, &digest)? {
            return Ok(Staged { blob: digest, unpacked: Unpacked::Not });
        }
    }
    let mut start = [0; 512];
    let length = fill(content, &mut start)?;
    let start = &start[..length];
    if looks_like_layer(start) {
        let mut reader = Counted { reader: start.chain(&mut *content), count: 0 };
        let result = unpack::ingest(target, &mut reader, expected, None);
        // What the failed layer left; an archive that broke off is an error of its own.
        io::copy(&mut reader, &mut io::sink())?;
        ensure!(reader.count == size, "the archive is truncated");
        return Ok(match result {
            Ok(layer) => Staged { blob: layer.blob, unpacked: Unpacked::Layer(layer) },
            Err(error) => Staged { blob: Digest::of(b""), unpacked: Unpacked::Failed(format!("{error:#}")) },
        });
    }
    if expected.digest.is_none() && size > DOCUMENT_LIMIT {
        bail!("it has {size} bytes, more than the {DOCUMENT_LIMIT} that are allowed");
    }
    let mut writer = BlobWriter::create(target.layout, expected)?;
    writer.write_all(start)?;
    io::copy(content, &mut writer)?;
    Ok(Staged { blob: writer.commit()?.digest, unpacked: Unpacked::Not })
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}

/// Fills a buffer as far as the reader goes.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..])? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// Says whether a file begins like a tarball, plain or compressed.
fn looks_like_layer(start: &[u8]) -> bool {
    match Compression::sniff(start) {
        Ok(Compression::None) => start.get(257..262) == Some(b"ustar"),
        _ => true,
    }
}

impl Source for Stream<'_> {
    fn document(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(staged) = self.members.find(path)? else { return Ok(None) };
        let content = blob::read_verified(self.target.layout, &staged.blob, DOCUMENT_LIMIT);
        content.map(Some).with_context(|| format!("read {path} of the archive"))
    }

    fn open(&self, path: &str) -> anyhow::Result<Option<Blob<'_>>> {
        Ok(self.members.find(path)?.map(Blob::Staged))
    }

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}
