//! `load`: takes the images of an archive into the store and lists them under their names.

use std::{
    fs::File,
    io::{BufReader, Read, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    base::digest::Digest,
    engine::{Engine, Error},
    image::{
        archive::{
            Found, Source, docker_archive,
            ingest::{Ingest, Stored},
            oci_layout,
            stream::Stream,
            tarfile::TarFile,
        },
        layer::{
            compress::{Compression, Decoder},
            unpack::Target,
        },
        reference::Reference,
    },
    store::{
        gc::{self, Loading},
        image::{Descriptor, Index, Platform, change_index},
        tmp,
    },
    sys::userns,
};

/// What `load` is asked for.
#[derive(Debug, Default)]
pub struct LoadOptions {
    /// `None` for the standard input.
    pub input: Option<PathBuf>,
    pub platform: Option<Platform>,
}

/// An image that is in the store now.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub names: Vec<Reference>,
    pub id: Digest,
    pub manifest: Digest,
    /// It was listed under these names already.
    pub is_known: bool,
}

/// What an archive is, when it is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Any,
    Docker,
    Oci,
}

impl Engine {
    /// Loads every image of an archive, of whatever form and compression. Enters a user namespace: call it while
    /// single-threaded, and do nothing else with the process afterwards.
    pub fn load(&self, options: &LoadOptions) -> anyhow::Result<Vec<Loaded>> {
        let (file, name) = match &options.input {
            Some(path) => (open(path)?, Some(path.as_path())),
            None => (standard_input("load", "-i FILE")?, None),
        };
        let what = name.map_or_else(|| "the standard input".to_owned(), |path| path.display().to_string());
        self.take_in(options.platform.as_ref(), |ingest| {
            with_archive(file, name, ingest.target, |source| {
                let images = images(source, Form::Any, &ingest.wanted())?;
                images.into_iter().map(|found| Ok((ingest.image(source, &found)?, found.names))).collect()
            })
            .with_context(|| format!("load {what}"))
        })
    }

    /// Enters the user namespace, lets `work` put images into the store, lists them, and sweeps what was not listed.
    pub(super) fn take_in(
        &self,
        platform: Option<&Platform>,
        work: impl FnOnce(Ingest<'_>) -> anyhow::Result<Vec<(Stored, Vec<Reference>)>>,
    ) -> anyhow::Result<Vec<Loaded>> {
        let map = userns::enter_best().context("enter a user namespace")?;
        let loading = Loading::begin(&self.layout)?;
        // What killed loads left may be what the disk is full of. That others' leavings stay is no failure of ours: a prune
        // tries again, and says why it cannot.
        let _ = tmp::sweep(&self.layout);
        let target = Target { layout: &self.layout, map: &map, progress: self.progress };
        let loaded = work(Ingest { target, platform }).and_then(|images| self.list_images(images));
        drop(loading);
        // What a failed load stored, and what others left while we held the lock.
        let _ = gc::collect(&self.layout);
        loaded
    }

    /// Puts images into the index, under their names.
    fn list_images(&self, images: Vec<(Stored, Vec<Reference>)>) -> anyhow::Result<Vec<Loaded>> {
        let mut change = change_index(&self.layout)?;
        let mut loaded = Vec::new();
        for (stored, names) in images {
            let digest = stored.listed.digest;
            let full: Vec<String> = names.iter().map(ToString::to_string).collect();
            let has = |name: &String| change.index.find(name).is_some_and(|d| d.digest == digest);
            let is_listed = change.index.manifests.iter().any(|d| d.digest == digest);
            let is_known = is_listed && full.iter().all(has);
            if full.is_empty() && !is_listed && self.lists_id(&change.index, &stored.id) {
                loaded.push(Loaded { names, id: stored.id, manifest: digest, is_known: true });
                continue;
            }
            change.index.add(&stored.listed);
            full.iter().for_each(|name| change.index.tag(&stored.listed, name));
            self.drop_twins(&mut change.index, &stored);
            loaded.push(Loaded { names, id: stored.id, manifest: digest, is_known });
        }
        change.write().context("list the images")?;
        Ok(loaded)
    }

    /// The same image may come with another manifest (layers compressed or not): it is no further image.
    fn lists_id(&self, index: &Index, id: &Digest) -> bool {
        index.manifests.iter().any(|d| self.open_image(d, None).is_ok_and(|image| image.id == *id))
    }

    /// Forgets what lost its last name to the same image with another manifest: nobody misses it.
    fn drop_twins(&self, index: &mut Index, stored: &Stored) {
        let is_twin = |d: &Descriptor| {
            d.name().is_none()
                && d.digest != stored.listed.digest
                && self.open_image(d, None).is_ok_and(|image| image.id == stored.id)
        };
        index.manifests.retain(|d| !is_twin(d));
    }
}

/// Opens an archive's file.
pub(super) fn open(path: &Path) -> anyhow::Result<File> {
    let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
    ensure!(!file.metadata()?.is_dir(), Error::IsDirectory { path: path.to_owned() });
    Ok(file)
}

/// The standard input for this command, if it is no terminal. `file` is how a file is named instead.
pub(super) fn standard_input(command: &str, file: &str) -> anyhow::Result<File> {
    use std::io::IsTerminal as _;
    let input = std::io::stdin();
    ensure!(
        !input.is_terminal(),
        "requested {command} from stdin, but it is a terminal: give {file}, or redirect"
    );
    let input = rustix::io::fcntl_dupfd_cloexec(&input, 3).context("open the standard input")?;
    Ok(File::from(input))
}

/// Gives `work` the archive in a file: read at any place if the file can be and the archive is not compressed, else
/// streamed into the store first.
pub(super) fn with_archive<T>(
    mut file: File,
    path: Option<&Path>,
    target: Target<'_>,
    work: impl FnOnce(&dyn Source) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let is_regular = file.metadata().context("look at the archive")?.is_file();
    let mut start = Vec::new();
    file.by_ref().take(512).read_to_end(&mut start).context("read the archive")?;
    ensure!(!start.is_empty(), "the archive is empty");
    let compression = Compression::sniff(&start).context("read the archive")?;
    if is_regular
        && compression == Compression::None
        && file.stream_position().is_ok_and(|at| at == start.len() as u64)
    {
        file.seek(SeekFrom::Start(0)).context("read the archive")?;
        return work(&TarFile::open(file, path)?);
    }
    let name = path.and_then(|path| Some(path.file_name()?.to_str()?.split('.').next()?.to_owned()));
    let input = BufReader::with_capacity(1 << 18, std::io::Cursor::new(start).chain(file));
    let decoder = Decoder::new(compression, input)?;
    work(&Stream::read(BufReader::with_capacity(1 << 18, decoder), name, target)?)
}

/// Lists the images of an archive. An OCI layout is preferred where an archive is both (docker 25 and later): it has
/// the manifests as they were.
pub(super) fn images(source: &dyn Source, form: Form, wanted: &Platform) -> anyhow::Result<Vec<Found>> {
    if form != Form::Docker && oci_layout::is_layout(source)? {
        return oci_layout::images(source, wanted);
    }
    if form != Form::Oci && docker_archive::is_archive(source)? {
        return docker_archive::images(source);
    }
    match form {
        Form::Any => bail!(Error::NoImageArchive),
        Form::Docker => bail!("it is no docker archive: it has no manifest.json"),
        Form::Oci => bail!("it is no OCI layout: it has no oci-layout and index.json"),
    }
}
