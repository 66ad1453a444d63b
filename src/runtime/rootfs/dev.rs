//! /dev: six devices and the links that programs expect. A user namespace cannot make device nodes, so the host's are
//! bound, each checked to be the device that it is called. runtime-spec config-linux.md "Default Devices".

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use oci_spec::runtime::{LinuxDevice, LinuxDeviceType};
use rustix::{
    fs::{FileType, Mode, OFlags, makedev},
    io::Errno,
};

use crate::sys::{
    beneath, fd,
    mount::{self, Bind},
};

/// Name, major and minor number. Linux Documentation/admin-guide/devices.txt.
const DEVICES: &[(&str, u32, u32)] =
    &[("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0)];

const LINKS: &[(&str, &str)] = &[
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("core", "/proc/kcore"),
];

/// Fills a /dev that is a fresh memory file system.
pub(super) fn fill(root: &OwnedFd) -> anyhow::Result<()> {
    let dev = open_dev(root)?;
    for (name, major, minor) in DEVICES {
        let source = open_device(&Path::new("/dev").join(name), FileType::CharacterDevice, *major, *minor)?;
        bind_device(&dev, Path::new(name), &source)?;
    }
    for (name, target) in LINKS {
        rustix::fs::symlinkat(*target, &dev, *name)
            .map_err(std::io::Error::from)
            .with_context(|| format!("make /dev/{name}"))?;
    }
    Ok(())
}

/// Adds the devices that the user asked for: the host's, with the host's permissions.
pub(in crate::runtime) fn add(root: &OwnedFd, devices: &[LinuxDevice]) -> anyhow::Result<()> {
    for device in devices {
        add_one(root, device).with_context(|| format!("add the device {}", device.path().display()))?;
    }
    Ok(())
}

fn add_one(root: &OwnedFd, device: &LinuxDevice) -> anyhow::Result<()> {
    let kind = match device.typ() {
        LinuxDeviceType::C | LinuxDeviceType::U => FileType::CharacterDevice,
        LinuxDeviceType::B => FileType::BlockDevice,
        kind => bail!("devices of type {kind:?} cannot be added"),
    };
    let (major, minor) = (u32::try_from(device.major())?, u32::try_from(device.minor())?);
    let source = find_device(device.path(), kind, major, minor)?;
    let path = device.path();
    let Ok(inside) = path.strip_prefix("/dev") else {
        let place = beneath::make_file(root, path, Mode::from_raw_mode(0o666))?;
        return Ok(mount::bind(&source, &place, Bind::default())?);
    };
    if DEVICES.iter().any(|(name, ..)| inside == Path::new(name)) {
        return Ok(());
    }
    bind_device(&open_dev(root)?, inside, &source)
}

/// The host's node: of the same name, or where udev keeps all by number.
fn find_device(path: &Path, kind: FileType, major: u32, minor: u32) -> anyhow::Result<OwnedFd> {
    let class = if kind == FileType::BlockDevice { "block" } else { "char" };
    let by_number = PathBuf::from(format!("/dev/{class}/{major}:{minor}"));
    open_device(path, kind, major, minor)
        .or_else(|error| open_device(&by_number, kind, major, minor).map_err(|_| error))
}

fn open_dev(root: &OwnedFd) -> anyhow::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY;
    Ok(beneath::open_strict(root, Path::new("dev"), flags, Mode::empty())?)
}

/// Opens a node of the host's and sees to it that it is the device.
pub(super) fn open_device(path: &Path, kind: FileType, major: u32, minor: u32) -> anyhow::Result<OwnedFd> {
    let node = fd::open_path(path)?;
    let stat = rustix::fs::fstat(&node).map_err(std::io::Error::from)?;
    let is_it = FileType::from_raw_mode(stat.st_mode) == kind && stat.st_rdev == makedev(major, minor);
    ensure!(is_it, "{} is not the device {major}:{minor}", path.display());
    Ok(node)
}

/// Opens /dev/null, for masks.
pub(super) fn open_null() -> anyhow::Result<OwnedFd> {
    open_device(Path::new("/dev/null"), FileType::CharacterDevice, 1, 3)
}

fn bind_device(dev: &OwnedFd, name: &Path, source: &OwnedFd) -> anyhow::Result<()> {
    let mode = Mode::from_raw_mode(0o666);
    let in_dev = name.components().count() == 1;
    let place = if in_dev {
        let flags = OFlags::CREATE | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match rustix::fs::openat(dev, name, flags, mode) {
            Err(Errno::LOOP) => bail!("/dev/{} is a symbolic link", name.display()),
            answer => answer
                .map_err(std::io::Error::from)
                .with_context(|| format!("make /dev/{}", name.display()))?,
        }
    } else {
        beneath::make_file(dev, name, mode)?
    };
    mount::bind(source, &place, Bind::default()).with_context(|| format!("bind /dev/{}", name.display()))
}
