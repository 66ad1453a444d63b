//! Parts of the kernel's file systems that a program must not see or not change. runtime-spec config-linux.md "Masked
//! Paths", "Readonly Paths".

use std::{cell::OnceCell, os::fd::OwnedFd, path::Path};

use anyhow::{Context, ensure};
use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
};

use super::dev;
use crate::sys::{
    beneath,
    mount::{self, Attributes, Bind, Parameter},
};

/// The directories that we have mounted the kernel's file systems on.
const KERNELS: [&str; 3] = ["proc", "sys", "dev"];

/// Where hidden and read-only paths are looked for: a root, and what is mounted in it, each opened once.
pub(in crate::runtime) struct Places<'a> {
    root: &'a OwnedFd,
    mounted: [OnceCell<OwnedFd>; KERNELS.len()],
}

impl<'a> Places<'a> {
    pub(in crate::runtime) fn beneath(root: &'a OwnedFd) -> Self {
        Places { root, mounted: Default::default() }
    }

    /// Hides paths: a directory behind an empty read-only one, anything else behind /dev/null, which is checked to be that
    /// (CVE-2025-31133). What is not there needs no hiding.
    pub(in crate::runtime) fn mask(&self, paths: &[String]) -> anyhow::Result<()> {
        let mut masks = Masks { null: None, empty: None };
        for path in paths {
            let context = || format!("mask {path}");
            let Some(place) = self.open(path).with_context(context)? else { continue };
            let stat = rustix::fs::fstat(&place).map_err(std::io::Error::from).with_context(context)?;
            if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
                masks.hide_directory(self, path, &place).with_context(context)?;
            } else {
                masks.hide_file(&place).with_context(context)?;
            }
        }
        Ok(())
    }

    /// Makes paths read-only, with all below them.
    pub(in crate::runtime) fn make_read_only(&self, paths: &[String]) -> anyhow::Result<()> {
        for path in paths {
            let context = || format!("make {path} read-only");
            if let Some(place) = self.open(path).with_context(context)? {
                mount::make_read_only(&place).with_context(context)?;
            }
        }
        Ok(())
    }

    /// Opens a path of the container without following links, which these paths have none of; `None` where there is
    /// nothing.
    fn open(&self, path: &str) -> anyhow::Result<Option<OwnedFd>> {
        let kernels = kernels(path);
        let (from, rest) = match kernels {
            Some((at, rest)) => (self.mounted(at)?, rest),
            None => (self.root, Path::new(path)),
        };
        match beneath::open_strict(from, rest, OFlags::PATH, Mode::empty()) {
            Ok(place) => Ok(Some(place)),
            Err(error) if matches!(error.errno, Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(None),
            // The user's own choice (`mask=/etc/x`) may lead through links of the image, which stay in the root.
            Err(error) if error.errno == Errno::LOOP && kernels.is_none() => {
                Ok(Some(beneath::open(self.root, Path::new(path), OFlags::PATH, Mode::empty())?))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens one of the directories, and sees to it that it is what we have mounted there. Whoever else has the root's
    /// directory (`--rootfs`) can put another in its place for this moment, in which nothing is that could be hidden.
    fn mounted(&self, at: usize) -> anyhow::Result<&OwnedFd> {
        if let Some(place) = self.mounted[at].get() {
            return Ok(place);
        }
        let (name, flags) = (KERNELS[at], OFlags::PATH | OFlags::DIRECTORY);
        let place = beneath::open_strict(self.root, Path::new(name), flags, Mode::empty())?;
        ensure!(mount::is_root(&place)?, "/{name} is not what was mounted there");
        Ok(self.mounted[at].get_or_init(|| place))
    }
}

/// Which of the directories a path is in, and the rest of the path.
fn kernels(path: &str) -> Option<(usize, &Path)> {
    let path = Path::new(path).strip_prefix("/").ok()?;
    KERNELS.iter().enumerate().find_map(|(at, name)| Some((at, path.strip_prefix(name).ok()?)))
}

struct Masks {
    null: Option<OwnedFd>,
    /// The first directory's mask, which is bound over the others: one file system for all.
    empty: Option<OwnedFd>,
}

impl Masks {
    fn hide_file(&mut self, place: &OwnedFd) -> anyhow::Result<()> {
        let null = match &self.null {
            Some(null) => null,
            None => self.null.insert(dev::open_null()?),
        };
        Ok(mount::bind(null, place, Bind::default())?)
    }

    fn hide_directory(&mut self, places: &Places<'_>, path: &str, place: &OwnedFd) -> anyhow::Result<()> {
        if let Some(empty) = &self.empty {
            return Ok(mount::bind(empty, place, Bind::default())?);
        }
        let parameters =
            [Parameter::new("size", "0"), Parameter::new("nr_inodes", "1"), Parameter::new("mode", "0555")];
        mount::mount_new("tmpfs", &parameters, Attributes::MOUNT_ATTR_RDONLY, place)?;
        self.empty = places.open(path)?;
        Ok(())
    }
}
