//! `save`: writes images of the store as an archive or an OCI layout.

use std::{
    fs::{self, File},
    io::{BufWriter, IsTerminal as _, Write},
    os::fd::AsRawFd as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use rustix::{
    fs::{AtFlags, CWD, Mode, OFlags},
    io::Errno,
};

use crate::{
    engine::{Engine, Error},
    image::{
        archive::save::{self, DirectorySink, Saved, TarSink},
        reference::Reference,
    },
    store::image::{Platform, read_index},
};

use super::tag::refuse_host;

/// `save --format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SaveFormat {
    #[default]
    DockerArchive,
    OciArchive,
    OciDirectory,
}

/// What `save` is asked for.
#[derive(Debug, Default)]
pub struct SaveOptions {
    pub images: Vec<String>,
    pub format: SaveFormat,
    /// `None` for the standard output.
    pub output: Option<PathBuf>,
    pub platform: Option<Platform>,
}

impl Engine {
    /// Writes images to a file, a directory or the standard output. A file that could not be written whole is not
    /// left behind.
    pub fn save(&self, options: &SaveOptions) -> anyhow::Result<()> {
        let images = self.to_save(options)?;
        let format = match options.format {
            SaveFormat::DockerArchive => save::Format::DockerArchive,
            SaveFormat::OciArchive => save::Format::OciArchive,
            SaveFormat::OciDirectory => {
                let path = options.output.as_deref();
                let path =
                    path.ok_or_else(|| Error::Invalid("--format oci-dir needs --output DIR".to_owned()))?;
                return save::write(
                    &self.layout,
                    save::Format::OciArchive,
                    &images,
                    &mut DirectorySink::create(path)?,
                );
            }
        };
        let write = |writer: &mut dyn Write| {
            let mut sink = TarSink::new(BufWriter::with_capacity(1 << 18, writer))?;
            save::write(&self.layout, format, &images, &mut sink)?;
            sink.finish().map(drop)
        };
        match &options.output {
            Some(path) => write_file(path, write),
            None => {
                let mut output = std::io::stdout();
                ensure!(
                    !output.is_terminal(),
                    "cowardly refusing to save to a terminal. Use the -o flag or redirect"
                );
                write(&mut output)
            }
        }
    }

    /// Looks the images up; several names of one image make it one with several names.
    fn to_save(&self, options: &SaveOptions) -> anyhow::Result<Vec<Saved>> {
        let index = read_index(&self.layout)?;
        let mut images: Vec<Saved> = Vec::new();
        for typed in &options.images {
            refuse_host(typed)?;
            let listed = self.look_up_listed(&index, typed)?;
            let image = self.open_image(&listed, options.platform.as_ref());
            let image = image.with_context(|| format!("open image {typed}"))?;
            let name = typed.parse::<Reference>().ok().filter(|name| index.find(&name.to_string()).is_some());
            // Who asks for one platform gets its manifest alone.
            let saved = match options.platform {
                Some(_) => self.described(&image)?,
                None => image.listed.clone(),
            };
            // Of a multi-platform image some may never have been here; of the one that is to be run nothing may miss.
            let mut blobs = self.blobs_of(&saved.digest)?;
            blobs.extend(&image.blobs);
            match images.iter_mut().find(|known| known.listed.digest == saved.digest) {
                Some(known) => known.names.extend(name.filter(|name| !known.names.contains(name))),
                None => images.push(Saved {
                    names: name.into_iter().collect(),
                    blobs,
                    listed: saved,
                    config: image.id,
                    layers: image.blobs,
                }),
            }
        }
        Ok(images)
    }
}

/// Writes a file as a whole; what is no regular file (`/dev/null`, a FIFO) is written as it is.
fn write_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let context = || format!("write {}", path.display());
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        let mut file = File::options().write(true).open(path).with_context(context)?;
        return write(&mut file);
    }
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let written = write_part(path, &part, write);
    let written = written.and_then(|()| fs::rename(&part, path).with_context(context));
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}

/// Writes the file that is to take the place of `path`. It has no name until it is whole, so that an interrupted command
/// leaves nothing, unless the file system knows no such files. open(2) O_TMPFILE.
fn write_part(
    path: &Path,
    part: &Path,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let context = || format!("write {}", path.display());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(0o666);
    match rustix::fs::open(directory.unwrap_or(Path::new(".")), flags, mode) {
        Ok(unnamed) => {
            let mut file = File::from(unnamed);
            write(&mut file)?;
            let source = format!("/proc/self/fd/{}", file.as_raw_fd());
            let linked = rustix::fs::linkat(CWD, source, CWD, part, AtFlags::SYMLINK_FOLLOW);
            linked.map_err(std::io::Error::from).with_context(context)
        }
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
            write(&mut File::create_new(part).with_context(context)?)
        }
        Err(errno) => Err(std::io::Error::from(errno)).with_context(context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_no_name_until_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let flags = OFlags::TMPFILE | OFlags::WRONLY;
        if rustix::fs::open(dir.path(), flags, Mode::empty()).is_err() {
            return eprintln!("skipped: a_file_has_no_name_until_it_is_whole: no O_TMPFILE here");
        }
        let names = || fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>();
        let path = dir.path().join("out");
        for content in ["first", "second"] {
            let before = names();
            let written = write_file(&path, |writer| {
                writer.write_all(content.as_bytes())?;
                assert_eq!(names(), before);
                Ok(())
            });
            written.unwrap();
            assert_eq!((names(), fs::read_to_string(&path).unwrap()), (vec!["out".into()], content.into()));
        }
        write_file(&path, |_| anyhow::bail!("no")).unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
    }
}
