//! Trees joined by the kernel's overlayfs, mounted inside the user namespace (`userxattr`).
//! Linux Documentation/filesystems/overlayfs.rst.

use std::{
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::io::Errno;

use super::{super::WritableLayer, Driver, MountError};
use crate::sys::{
    error::SyscallError,
    fd,
    feature::Feature,
    mount::{self, Attributes},
    remove::remove_tree,
};

/// The kernel's overlayfs.
#[derive(Debug)]
pub(super) struct Overlay;

/// fsconfig(2) takes strings of 255 bytes.
const MAX_STRING: usize = 255;

impl Driver for Overlay {
    fn fits(&self, layer: &WritableLayer) -> bool {
        Feature::Overlay.is_usable() && !super::copy::is_copied(layer)
    }

    fn mount(&self, lower: &[PathBuf], layer: &WritableLayer) -> Result<OwnedFd, MountError> {
        let place = fd::open_path(&layer.upper)?;
        let paths: Vec<&Path> = lower.iter().map(PathBuf::as_path).collect();
        match mount_layer_on(&paths, layer, &place) {
            Ok(()) => Ok(mount::open_mounted(&layer.upper)?),
            Err(error) if is_refusal(error.errno) => Err(MountError::Refused(error)),
            Err(error) => Err(MountError::Failed(error.into())),
        }
    }

    fn note(&self) -> Option<&'static str> {
        None
    }
}

/// A volatile mount leaves a mark that keeps the layer from being mounted again, since a crash of the host may have torn
/// it. Our volatile layers are those that nobody keeps, and a restart finds what it left. Says whether there was one.
fn forget_volatile(layer: &WritableLayer) -> Result<bool, SyscallError> {
    let inner = layer.work.join("work");
    let is_marked = inner.join("incompat/volatile").exists();
    if is_marked {
        remove_tree(fd::open_path(&inner)?, b"incompat")?;
    }
    Ok(is_marked)
}

/// What a kernel, or the file system below, says that cannot do overlays here.
fn is_refusal(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::PERM | Errno::ACCESS | Errno::NODEV | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS
    )
}

/// Mounts trees (bottom first) and a writable layer on `place`.
pub(super) fn mount_layer_on(
    lower: &[&Path],
    layer: &WritableLayer,
    place: &OwnedFd,
) -> Result<(), SyscallError> {
    match mount_on(lower, layer, place) {
        Err(error) if error.errno == Errno::INVAL && forget_volatile(layer)? => mount_on(lower, layer, place),
        answer => answer,
    }
}

fn mount_on(lower: &[&Path], layer: &WritableLayer, place: &OwnedFd) -> Result<(), SyscallError> {
    if Feature::MountApi.is_usable() && Feature::LowerdirAppend.is_usable() {
        match mount_by_calls(lower, Some(layer), place) {
            // Before Linux 6.5 there is no `lowerdir+`.
            Err(Refusal::NoAppend) => Feature::LowerdirAppend.switch_off(),
            Err(Refusal::Call(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
    mount_by_data(lower, Some(layer), place)
}

/// Mounts trees without a writable layer, read-only.
pub(super) fn mount_read_only(lower: &[&Path], place: &OwnedFd) -> Result<(), SyscallError> {
    if Feature::MountApi.is_usable() && Feature::LowerdirAppend.is_usable() {
        match mount_by_calls(lower, None, place) {
            Err(Refusal::NoAppend) => Feature::LowerdirAppend.switch_off(),
            Err(Refusal::Call(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
    mount_by_data(lower, None, place)
}

enum Refusal {
    NoAppend,
    Call(SyscallError),
}

impl From<SyscallError> for Refusal {
    fn from(error: SyscallError) -> Self {
        Refusal::Call(error)
    }
}

/// One fsconfig call a tree: as many as the kernel takes (500), with names of any kind.
fn mount_by_calls(lower: &[&Path], layer: Option<&WritableLayer>, place: &OwnedFd) -> Result<(), Refusal> {
    let context = mount::open_filesystem("overlay")?;
    let mut held = Vec::new();
    let mut name = |path: &Path| -> Result<String, SyscallError> {
        // In the writable layer's a backslash is an escape.
        match path.to_str().filter(|text| text.len() <= MAX_STRING && !text.contains('\\')) {
            Some(text) => Ok(text.to_owned()),
            None => {
                let fd = fd::open_path(path)?;
                let name = mount::fd_path(&fd);
                held.push(fd);
                Ok(name)
            }
        }
    };
    for tree in lower.iter().rev() {
        let tree = name(tree)?;
        if let Err(error) = mount::configure(&context, "overlay", "lowerdir+", Some(&tree)) {
            return Err(if error.errno == Errno::INVAL { Refusal::NoAppend } else { Refusal::Call(error) });
        }
    }
    if let Some(layer) = layer {
        let (upper, work) = (name(&layer.upper)?, name(&layer.work)?);
        mount::configure(&context, "overlay", "upperdir", Some(&upper))?;
        mount::configure(&context, "overlay", "workdir", Some(&work))?;
        if layer.volatile {
            mount::configure(&context, "overlay", "volatile", None)?;
        }
    }
    mount::configure(&context, "overlay", "userxattr", None)?;
    mount::attach(mount::create(&context, "overlay", Attributes::empty())?, place)?;
    Ok(())
}

/// mount(2), whose data is limited to a page: the trees are named by their descriptors' numbers, and read from within
/// /proc/self/fd, so that hundreds of them fit, whatever their paths are.
fn mount_by_data(
    lower: &[&Path],
    layer: Option<&WritableLayer>,
    place: &OwnedFd,
) -> Result<(), SyscallError> {
    let trees: Vec<OwnedFd> = lower.iter().rev().map(|path| fd::open_path(path)).collect::<Result<_, _>>()?;
    let numbers: Vec<String> = trees.iter().map(|tree| tree.as_raw_fd().to_string()).collect();
    let mut data = format!("lowerdir={},userxattr", numbers.join(":"));
    let mut held = Vec::new();
    if let Some(layer) = layer {
        let (upper, work) = (fd::open_path(&layer.upper)?, fd::open_path(&layer.work)?);
        data += &format!(",upperdir={},workdir={}", upper.as_raw_fd(), work.as_raw_fd());
        if layer.volatile {
            data += ",volatile";
        }
        held.extend([upper, work]);
    }
    let before = fd::open_path(Path::new("."))?;
    let change = |to: &str| {
        rustix::process::chdir(to).map_err(|errno| SyscallError::new(format!("chdir({to:?})"), errno))
    };
    change("/proc/self/fd")?;
    let answer =
        mount::mount_with_data("overlay", &data, Attributes::empty(), &place.as_raw_fd().to_string());
    change(&mount::fd_path(&before))?;
    answer
}
