//! One pass over a layer, each stage on a thread of its own with a bounded number of blocks between them:
//!
//! ```text
//! feed      source → sha256, blob file      a file without a name: a killed process leaves nothing
//! inflate   gzip, zstd → sha256: diff id
//! apply     entries → tmp/…/content         a tree with a free lock is swept by the next command
//! ```
//!
//! Only when both digests are right are the blob linked and the tree renamed to their places. A tree is the cache of
//! its tarball, and does not depend on what is above or below it in an image: no image can spoil it for another.

use std::{
    io::{Read, Write},
    os::fd::{AsFd, OwnedFd},
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::ScopedJoinHandle,
};

use anyhow::{Context, bail, ensure};
use rustix::io::Errno;

use super::{
    apply::apply,
    compress::{Compression, Decoder},
    flow::{BlockReader, BlockWriter, ReaderGone, fill, stream},
    progress::Progress,
    tree,
};
use crate::{
    base::digest::Digest,
    store::{
        blob::{self, Blob, BlobWriter, Check, Expected},
        directory,
        layout::Layout,
        tmp::Tmp,
    },
    sys::userns::IdMap,
};

/// Where layers are put: a store, and the identity map of the user namespace that the caller has entered.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    pub layout: &'a Layout,
    pub map: &'a IdMap,
    pub progress: Progress,
}

/// What a layer turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    pub blob: Digest,
    pub size: u64,
    pub diff_id: Digest,
    pub compression: Compression,
}

/// Takes a layer from a stream into the store, blob and tree. What is expected of the blob and of its diff id is
/// checked; a mismatch leaves nothing. What is stored already is checked and not written again.
pub fn ingest(
    target: Target<'_>,
    source: impl Read + Send,
    expected: Expected,
    diff_id: Option<Digest>,
) -> anyhow::Result<Layer> {
    let fresh = match &diff_id {
        Some(diff_id) if tree::is_whole(&target.layout.layer(&target.map.tag(), diff_id))? => None,
        _ => Some(Fresh::create(target)?),
    };
    let source = target.progress.watch(source, expected.size);
    let writer = BlobWriter::create(target.layout, expected)?;
    let passed = pass(source, writer, fresh.as_ref(), target.map)?;
    let found = passed.diff_id(diff_id)?;
    let blob = passed.writer.commit()?;
    if let Some(fresh) = fresh {
        fresh.place(target, &found)?;
    }
    Ok(Layer { blob: blob.digest, size: blob.size, diff_id: found, compression: passed.compression })
}

/// Makes the tree of a layer again from its stored blob, which is checked on the way.
pub fn unpack_blob(target: Target<'_>, blob: &Digest, diff_id: &Digest) -> anyhow::Result<()> {
    let source = blob::open(target.layout, blob)?;
    let expected = Expected { digest: Some(*blob), size: None };
    match ingest(target, source, expected, Some(*diff_id)) {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = error.context(format!("unpack blob {blob}"));
            Err(blob::blame(error, target.layout, blob))
        }
    }
}

/// Runs jobs (one a layer) at the same time, as many as there are processors, and gives their results in order.
/// After one has failed no other is begun.
pub fn in_parallel<J, T>(jobs: Vec<J>) -> Vec<anyhow::Result<T>>
where
    J: FnOnce() -> anyhow::Result<T> + Send,
    T: Send,
{
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let slots: Vec<_> = jobs.into_iter().map(|job| Mutex::new((Some(job), None))).collect();
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        while let Some(slot) = slots.get(next.fetch_add(1, Ordering::Relaxed)) {
            let mut slot = slot.lock().expect("one worker has it");
            if let (Some(job), false) = (slot.0.take(), has_failed.load(Ordering::Relaxed)) {
                let result = job();
                has_failed.fetch_or(result.is_err(), Ordering::Relaxed);
                slot.1 = Some(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let results = slots.into_iter().map(|slot| slot.into_inner().expect("no worker panicked").1);
    results.map(|result| result.unwrap_or_else(|| bail!("another layer failed"))).collect()
}

/// What one pass gave.
struct Passed<'a> {
    writer: BlobWriter<'a>,
    compression: Compression,
    /// The digest of what was inflated; `None` where nothing was to inflate, so that it is the blob's.
    inflated: Option<Blob>,
}

impl Passed<'_> {
    fn diff_id(&self, expected: Option<Digest>) -> anyhow::Result<Digest> {
        let found = match &self.inflated {
            Some(blob) => blob.digest,
            None => self.writer.digest_so_far(),
        };
        if let Some(expected) = expected {
            ensure!(found == expected, "the layer has the diff id {found}, not {expected}");
        }
        Ok(found)
    }
}

/// Passes a source through all stages. The error is that of the stage which failed first.
fn pass<'a>(
    source: impl Read + Send,
    writer: BlobWriter<'a>,
    fresh: Option<&Fresh>,
    map: &IdMap,
) -> anyhow::Result<Passed<'a>> {
    let (compressed, to_inflate) = stream();
    let (inflated, to_apply) = stream();
    std::thread::scope(|scope| {
        let feeding = scope.spawn(move || feed(source, writer, compressed));
        let inflating = scope.spawn(move || inflate(to_inflate, inflated));
        let applied = consume(to_apply, fresh, map);
        let (fed, inflated) = (join(feeding), join(inflating));
        // Whoever loses its reader or its writer has nothing to tell: who went away does.
        let fed = own_error(fed)?;
        let inflated = own_error(inflated)?;
        applied?;
        let lost = "a stage ended before its reader did";
        let (compression, inflated) = inflated.context(lost)?;
        Ok(Passed { writer: fed.context(lost)?, compression, inflated })
    })
}

fn join<T>(thread: ScopedJoinHandle<'_, anyhow::Result<T>>) -> anyhow::Result<T> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn own_error<T>(result: anyhow::Result<T>) -> anyhow::Result<Option<T>> {
    match result {
        Err(error) if error.is::<ReaderGone>() => Ok(None),
        result => result.map(Some),
    }
}

fn feed<'a>(
    mut source: impl Read,
    mut writer: BlobWriter<'a>,
    blocks: BlockWriter,
) -> anyhow::Result<BlobWriter<'a>> {
    loop {
        let mut block = blocks.block();
        let length = fill(&mut source, &mut block).context("read the layer")?;
        if length == 0 {
            blocks.end()?;
            return Ok(writer);
        }
        writer.write_all(&block[..length]).context("store the layer")?;
        blocks.send(block, length)?;
    }
}

fn inflate(input: BlockReader, blocks: BlockWriter) -> anyhow::Result<(Compression, Option<Blob>)> {
    let mut decoder = Decoder::detect(input)?;
    let compression = decoder.compression();
    let mut check = (compression != Compression::None).then(|| Check::new(Expected::default()));
    loop {
        let mut block = blocks.block();
        let length = fill(&mut decoder, &mut block).context("inflate the layer")?;
        if length == 0 {
            blocks.end()?;
            return Ok((compression, check.map(Check::finish).transpose()?));
        }
        if let Some(check) = &mut check {
            check.update(&block[..length])?;
        }
        blocks.send(block, length)?;
    }
}

/// Applies the archive, or just takes it where the tree is there.
fn consume(mut archive: BlockReader, fresh: Option<&Fresh>, map: &IdMap) -> anyhow::Result<()> {
    match fresh {
        Some(fresh) => apply(archive, fresh.root.as_fd(), map).map(drop),
        None => {
            std::io::copy(&mut archive, &mut std::io::sink())?;
            Ok(())
        }
    }
}

/// A tree that is being made.
struct Fresh {
    tmp: Tmp,
    root: OwnedFd,
}

impl Fresh {
    fn create(target: Target<'_>) -> anyhow::Result<Self> {
        let tmp = Tmp::claim(target.layout)?;
        let path = tmp.content();
        let root = Self::make_root(&path).with_context(|| format!("make {}", path.display()))?;
        Ok(Fresh { tmp, root })
    }

    fn make_root(path: &std::path::Path) -> anyhow::Result<OwnedFd> {
        directory::make_new(path, 0o755)?;
        let root = crate::sys::fd::open_dir(path)?;
        // What the directories above pass on to those made in them is none of the image's: a group, an ACL.
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        rustix::fs::fchown(&root, Some(uid), Some(gid))?;
        match rustix::fs::fremovexattr(&root, "system.posix_acl_default") {
            Ok(()) | Err(Errno::NODATA | Errno::OPNOTSUPP) => Ok(root),
            Err(errno) => Err(errno).context("remove the default ACL"),
        }
    }

    fn place(self, target: Target<'_>, diff_id: &Digest) -> anyhow::Result<()> {
        let path = target.layout.layer(&target.map.tag(), diff_id);
        tree::place(target.layout, self.tmp, &self.root, &path)
            .with_context(|| format!("place the tree of layer {diff_id}"))
    }
}

#[cfg(test)]
mod tests;
