//! The container's root and what is mounted in it, in the container's own mount namespace: nothing here has to be undone,
//! since it all ends with the namespace.

mod copy;
pub(super) mod dev;
mod host;
pub(super) mod masked;
pub(super) mod mounts;
mod neighbour;
mod options;
mod overlay;
pub(super) mod pivot;
mod volume;

use std::{
    fs::DirBuilder,
    io,
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use rustix::fs::{FileType, Mode};

use super::{Root, WritableLayer};
use crate::sys::{beneath, error::SyscallError, fd, mount, userns::IdMap};

/// A root that is mounted, and what the user should know about it.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) root: OwnedFd,
    pub(super) notes: Vec<String>,
}

/// A way to show trees, the upper ones over the lower, with a writable layer on top. A FUSE file system of our own can be
/// one, too.
trait Driver {
    /// Says whether the writable layer is this driver's, or may become it.
    fn fits(&self, layer: &WritableLayer) -> bool;

    /// Mounts the trees (bottom first) over the layer's own place and gives the root of it.
    fn mount(&self, lower: &[PathBuf], layer: &WritableLayer) -> Result<OwnedFd, MountError>;

    /// What the user should know when this driver is taken.
    fn note(&self) -> Option<&'static str>;
}

/// Why a driver did not mount.
#[derive(Debug)]
enum MountError {
    /// This host cannot do it: the next driver may.
    Refused(SyscallError),
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for MountError {
    fn from(error: anyhow::Error) -> Self {
        MountError::Failed(error)
    }
}

impl From<SyscallError> for MountError {
    fn from(error: SyscallError) -> Self {
        MountError::Failed(error.into())
    }
}

/// Best first.
const DRIVERS: &[&dyn Driver] = &[&overlay::Overlay, &copy::Copied];

/// Makes and mounts the root. What is made in it is for all users of the container, whatever the caller's umask; the
/// program gets one of its own later.
pub(super) fn build(root: &Root, map: &IdMap) -> anyhow::Result<Built> {
    rustix::process::umask(Mode::from_raw_mode(0o022));
    match root {
        Root::Overlay { lower, layer } => {
            make_layer(layer)?;
            join_trees(lower, layer)
        }
        Root::Host { layer } => {
            make_layer(layer)?;
            let root = host::build(layer, map).context("mount the host's root, copy-on-write")?;
            Ok(Built { root, notes: Vec::new() })
        }
        Root::Directory(path) => {
            let root = over_itself(path).with_context(|| format!("use {} as the root", path.display()))?;
            Ok(Built { root, notes: Vec::new() })
        }
    }
}

fn join_trees(lower: &[PathBuf], layer: &WritableLayer) -> anyhow::Result<Built> {
    let mut refused = None;
    for driver in DRIVERS.iter().filter(|driver| driver.fits(layer)) {
        match driver.mount(lower, layer) {
            Ok(root) => {
                let notes = driver.note().map(str::to_owned).into_iter().collect();
                return Ok(Built { root, notes });
            }
            Err(MountError::Refused(error)) => refused = Some(error),
            Err(MountError::Failed(error)) => return Err(error.context("mount the image")),
        }
    }
    match refused {
        Some(error) => Err(error).context("mount the image"),
        None => bail!("no way to mount the image fits its writable layer {}", layer.upper.display()),
    }
}

/// The writable layer's directories. The upper one is the container's `/`: what a program makes must get through it.
fn make_layer(layer: &WritableLayer) -> anyhow::Result<()> {
    for (path, mode) in [(&layer.upper, 0o755), (&layer.work, 0o700)] {
        match DirBuilder::new().mode(mode).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("make {}", path.display()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Binds a directory, with what is mounted in it, over itself, as a root has to be a mount.
fn over_itself(path: &Path) -> anyhow::Result<OwnedFd> {
    let place = fd::open_dir(path)?;
    let stat = |file| rustix::fs::fstat(file).map_err(io::Error::from);
    let (own, wanted) = (stat(&fd::open_path(Path::new("/"))?)?, stat(&place)?);
    // What is mounted over a process's own root is not seen by it.
    ensure!(
        (own.st_dev, own.st_ino) != (wanted.st_dev, wanted.st_ino),
        "it is the host's own root, which the image host: shows, copy-on-write"
    );
    let private = mount::Propagation { kind: libc::MS_PRIVATE, recursive: true };
    mount::bind(
        &place,
        &place,
        mount::Bind { recursive: true, propagation: Some(private), ..mount::Bind::default() },
    )?;
    Ok(mount::open_mounted(path)?)
}

/// Refuses an image in which a directory that we mount on is a link: what we put there would land elsewhere
/// (CVE-2019-19921, GHSA-xjvp-4fhw-gc47).
pub(super) fn refuse_linked_system_directories(root: &OwnedFd) -> anyhow::Result<()> {
    for name in ["proc", "sys", "dev"] {
        match beneath::kind(root, Path::new(name))? {
            None => {
                beneath::make_dirs(root, Path::new(name), Mode::from_raw_mode(0o755))?;
            }
            kind => ensure!(
                kind == Some(FileType::Directory),
                "the image's /{name} is {}, where a directory must be",
                if kind == Some(FileType::Symlink) { "a symbolic link" } else { "no directory" }
            ),
        }
    }
    Ok(())
}
