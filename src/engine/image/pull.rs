//! `pull`: takes an image out of an OCI layout or an archive. Registries come with a later release.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};

use crate::{
    engine::{Engine, Error},
    image::{
        archive::{Found, Source, directory::Directory, oci_layout},
        reference::Reference,
    },
    store::image::Platform,
};

use super::{
    HOST,
    load::{Form, Loaded, images, open, with_archive},
};

/// Where an image comes from, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Transport {
    OciDirectory,
    OciArchive,
    DockerArchive,
}

impl Transport {
    /// What its path is of.
    fn wants(&self) -> &'static str {
        match self {
            Transport::OciDirectory => "DIRECTORY",
            Transport::OciArchive | Transport::DockerArchive => "FILE",
        }
    }

    fn split(text: &str) -> Option<(Transport, &str)> {
        let (name, rest) = text.split_once(':')?;
        let transport = match name {
            "oci" => Transport::OciDirectory,
            "oci-archive" => Transport::OciArchive,
            "docker-archive" => Transport::DockerArchive,
            _ => return None,
        };
        Some((transport, rest))
    }
}

impl Engine {
    /// Takes one image in, under the name that its source gives it. Enters a user namespace: call it while
    /// single-threaded, and do nothing else with the process afterwards.
    pub fn pull(&self, name: &str, platform: Option<&Platform>) -> anyhow::Result<Loaded> {
        let Some((transport, rest)) = Transport::split(name) else {
            return Err(refuse_registry(name));
        };
        ensure!(!rest.is_empty(), Error::Invalid(format!("pull {name}: {} is missing", transport.wants())));
        let (path, wanted) = split_path(rest);
        let loaded = self
            .take_in(platform, |ingest| {
                let take = |source: &dyn Source, form| {
                    let mut found = oci_layout::pick(images(source, form, &ingest.wanted())?, wanted)?;
                    name_unnamed(&mut found, source, wanted);
                    Ok(vec![(ingest.image(source, &found)?, found.names)])
                };
                match transport {
                    Transport::OciDirectory => take(&Directory::open(&path)?, Form::Oci),
                    Transport::OciArchive => {
                        with_archive(open(&path)?, Some(&path), ingest.target, |source| {
                            take(source, Form::Oci)
                        })
                    }
                    Transport::DockerArchive => {
                        with_archive(open(&path)?, Some(&path), ingest.target, |source| {
                            take(source, Form::Docker)
                        })
                    }
                }
            })
            .with_context(|| format!("pull {name}"))?;
        Ok(loaded.into_iter().next().expect("one image went in"))
    }
}

/// An image that its source does not name goes by the name of the file or directory.
fn name_unnamed(found: &mut Found, source: &dyn Source, wanted: Option<&str>) {
    if found.names.is_empty()
        && let Some(file) = source.name()
    {
        found.names.extend(oci_layout::name_after(file, wanted));
    }
}

/// Splits `PATH[:TAG]` at the first colon before which there is something.
fn split_path(text: &str) -> (PathBuf, Option<&str>) {
    if Path::new(text).exists() {
        return (PathBuf::from(text), None);
    }
    let colons = text.match_indices(':').map(|(at, _)| at);
    let split = colons.into_iter().find(|&at| Path::new(&text[..at]).exists());
    match split {
        Some(at) => (PathBuf::from(&text[..at]), Some(&text[at + 1..])),
        None => (PathBuf::from(text), None),
    }
}

fn refuse_registry(name: &str) -> anyhow::Error {
    let check = || {
        ensure!(name != HOST, "{HOST} is built in: there is nothing to pull");
        if let Some((transport, _)) = name.split_once("://") {
            anyhow::bail!(
                "pull {name}: unknown transport {transport}: there are oci:, oci-archive: and docker-archive:"
            );
        }
        let reference: Reference = name.parse()?;
        anyhow::bail!(
            "pull {} from {}: registries come with a later release; for now there are oci:DIR[:TAG], \
             oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], and load",
            reference.familiar(),
            reference.registry()
        )
    };
    match check() {
        Ok(()) => Error::Invalid(name.to_owned()).into(),
        Err(error) => Error::Invalid(format!("{error:#}")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_as_far_as_there_is_something() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a:b.tar");
        std::fs::write(&file, "").unwrap();
        let path = file.to_str().unwrap();
        for (text, tag) in [
            (path.to_owned(), None),
            (format!("{path}:latest"), Some("latest")),
            (format!("{path}:host:5000/x:y"), Some("host:5000/x:y")),
        ] {
            assert_eq!(split_path(&text), (file.clone(), tag), "{text}");
        }
        assert_eq!(split_path("/missing:tag"), (PathBuf::from("/missing:tag"), None));
    }

    #[test]
    fn names_of_registries_are_refused_by_name() {
        let error = refuse_registry("busybox").to_string();
        assert!(
            error.contains("busybox:latest from docker.io: registries come with a later release"),
            "{error}"
        );
        assert!(
            refuse_registry("docker://x").to_string().contains("unknown transport docker: there are oci:,")
        );
        assert!(refuse_registry("Bad").to_string().contains("lower case"));
        assert!(refuse_registry("host:").to_string().contains("built in"));
    }
}
