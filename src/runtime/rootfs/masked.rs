//! Parts of the kernel's file systems that a program must not see or not change. runtime-spec config-linux.md "Masked
//! Paths", "Readonly Paths".

use std::{os::fd::OwnedFd, path::Path};

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

/// Hides paths: a directory behind an empty read-only one, anything else behind /dev/null, which is checked to be that
/// (CVE-2025-31133). What is not there needs no hiding.
pub(in crate::runtime) fn mask(root: &OwnedFd, paths: &[String]) -> anyhow::Result<()> {
    let mut masks = Masks { null: None, empty: None };
    for path in paths {
        let context = || format!("mask {path}");
        let Some(place) = open(root, path).with_context(context)? else { continue };
        let stat = rustix::fs::fstat(&place).map_err(std::io::Error::from).with_context(context)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            masks.hide_directory(root, path, &place).with_context(context)?;
        } else {
            masks.hide_file(&place).with_context(context)?;
        }
    }
    Ok(())
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

    fn hide_directory(&mut self, root: &OwnedFd, path: &str, place: &OwnedFd) -> anyhow::Result<()> {
        if let Some(empty) = &self.empty {
            return Ok(mount::bind(empty, place, Bind::default())?);
        }
        let parameters =
            [Parameter::new("size", "0"), Parameter::new("nr_inodes", "1"), Parameter::new("mode", "0555")];
        mount::mount_new("tmpfs", &parameters, Attributes::MOUNT_ATTR_RDONLY, place)?;
        self.empty = open(root, path)?;
        Ok(())
    }
}

/// Makes paths read-only, with all below them.
pub(in crate::runtime) fn make_read_only(root: &OwnedFd, paths: &[String]) -> anyhow::Result<()> {
    for path in paths {
        let context = || format!("make {path} read-only");
        if let Some(place) = open(root, path).with_context(context)? {
            mount::make_read_only(&place).with_context(context)?;
        }
    }
    Ok(())
}

/// Opens a path of the container without following links, which these paths have none of; `None` where there is nothing.
fn open(root: &OwnedFd, path: &str) -> anyhow::Result<Option<OwnedFd>> {
    let opened = match kernels(path) {
        Some((name, rest)) => {
            beneath::open_strict(open_mounted(root, name)?, rest, OFlags::PATH, Mode::empty())
        }
        None => beneath::open_strict(root, Path::new(path), OFlags::PATH, Mode::empty()),
    };
    match opened {
        Ok(place) => Ok(Some(place)),
        Err(error) if matches!(error.errno, Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => Ok(None),
        // The user's own choice (`mask=/etc/x`) may lead through links of the image, which stay in the root.
        Err(error) if error.errno == Errno::LOOP && kernels(path).is_none() => {
            Ok(Some(beneath::open(root, Path::new(path), OFlags::PATH, Mode::empty())?))
        }
        Err(error) => Err(error.into()),
    }
}

/// Opens /proc, /sys or /dev, and sees to it that it is what we have mounted there. Whoever else has the root's directory
/// (`--rootfs`) can put another in its place for this moment, in which nothing is that could be hidden.
fn open_mounted(root: &OwnedFd, name: &str) -> anyhow::Result<OwnedFd> {
    let place = beneath::open_strict(root, Path::new(name), OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?;
    ensure!(mount::is_root(&place)?, "/{name} is not what was mounted there");
    Ok(place)
}

/// The directory of the kernel's file system that a path is in, and the rest of the path.
fn kernels(path: &str) -> Option<(&'static str, &Path)> {
    let within = |name| Some((name, Path::new(path).strip_prefix("/").ok()?.strip_prefix(name).ok()?));
    ["proc", "sys", "dev"].into_iter().find_map(within)
}
