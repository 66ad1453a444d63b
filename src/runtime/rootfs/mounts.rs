//! The specification's mounts, in its order: each beneath the root by descriptor, its mount point made where it is
//! missing, with the fallbacks that a user namespace needs. runtime-spec config.md "Mounts".

use std::{
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use anyhow::{Context, anyhow, bail, ensure};
use oci_spec::runtime::Mount;
use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
};

use super::{dev, neighbour, options::Options, volume};
use crate::{
    runtime::user::Identity,
    sys::{
        beneath,
        error::SyscallError,
        fd,
        mount::{self, Attributes, Bind},
        userns::IdMap,
    },
};

/// What a mount needs to know of the container.
pub(in crate::runtime) struct Mounts<'a> {
    pub(in crate::runtime) root: &'a OwnedFd,
    pub(in crate::runtime) map: &'a IdMap,
    pub(in crate::runtime) identity: &'a Identity,
}

/// What may be mounted in /proc: files that a monitoring tool simulates. Anything else there could make a write of ours or
/// of the program's land elsewhere than in the kernel (CVE-2019-16884, CVE-2019-19921).
const IN_PROC: &[&str] = &[
    "cpuinfo",
    "diskstats",
    "loadavg",
    "meminfo",
    "net/dev",
    "slabinfo",
    "stat",
    "swaps",
    "sys/crypto/fips_enabled",
    "sys/kernel/ns_last_pid",
    "uptime",
];

impl Mounts<'_> {
    /// Mounts all of them.
    pub(in crate::runtime) fn apply(&self, mounts: &[Mount]) -> anyhow::Result<()> {
        for mount in mounts {
            self.one(mount).with_context(|| format!("mount {}", mount.destination().display()))?;
        }
        Ok(())
    }

    fn one(&self, mount: &Mount) -> anyhow::Result<()> {
        let target = mount.destination().as_path();
        let mut options = Options::parse(mount.options().as_deref().unwrap_or_default());
        let kind = mount.typ().as_deref().unwrap_or("none");
        if kind == "bind" || options.bind.is_some() {
            let source = mount.source().as_deref().context("a bind mount needs a source")?;
            return self.bind(source, target, &options);
        }
        check_in_proc(target, kind == "proc")?;
        match kind {
            "proc" => self.proc(target, &options),
            "sysfs" => self.sysfs(target, &options),
            "cgroup" | "cgroup2" => self.cgroup(target, &options),
            "mqueue" => self.mqueue(target, &options),
            "devpts" => {
                options.parameters.retain(|p| p.key != "gid" || is_mapped(self.map, p.value.as_deref()));
                self.new_filesystem(kind, target, &options)
            }
            "tmpfs" if target == Path::new("/dev") => {
                self.new_filesystem(kind, target, &options)?;
                dev::fill(self.root)
            }
            "tmpfs" => self.tmpfs(target, &options),
            kind => self.new_filesystem(kind, target, &options),
        }
    }

    fn new_filesystem(&self, kind: &str, target: &Path, options: &Options) -> anyhow::Result<()> {
        let place = self.directory(target)?;
        Ok(mount::mount_new(kind, &options.parameters, options.set, &place)?)
    }

    /// A fresh proc file system needs one that is seen in full already, and a process namespace of the user namespace's
    /// own. With the host's processes, or inside a container that hides parts of /proc, the one that is there does.
    fn proc(&self, target: &Path, options: &Options) -> anyhow::Result<()> {
        let place = self.directory(target)?;
        match mount::mount_new("proc", &options.parameters, options.set, &place) {
            Err(error) if is_refused(&error) => Ok(bind_host("/proc", &place, Attributes::empty())?),
            answer => Ok(answer?),
        }
    }

    /// A fresh sysfs needs a network namespace of the user namespace's own.
    fn sysfs(&self, target: &Path, options: &Options) -> anyhow::Result<()> {
        let place = self.directory(target)?;
        match mount::mount_new("sysfs", &options.parameters, options.set, &place) {
            Err(error) if is_refused(&error) => {
                Ok(bind_host("/sys", &place, options.set | Attributes::MOUNT_ATTR_RDONLY)?)
            }
            answer => Ok(answer?),
        }
    }

    /// What the host does not let us show is left out: no program needs to see its cgroup.
    fn cgroup(&self, target: &Path, options: &Options) -> anyhow::Result<()> {
        // In a /sys that is the host's, the host's cgroups are there, read-only.
        let Ok(place) = self.directory(target) else { return Ok(()) };
        match mount::mount_new("cgroup2", &[], options.set, &place) {
            Err(error) if is_refused(&error) || matches!(error.errno, Errno::BUSY | Errno::NODEV) => Ok(()),
            answer => Ok(answer?),
        }
    }

    /// With the host's IPC namespace the message queues are the host's.
    fn mqueue(&self, target: &Path, options: &Options) -> anyhow::Result<()> {
        let place = self.directory(target)?;
        match mount::mount_new("mqueue", &options.parameters, options.set, &place) {
            Err(error) if error.errno == Errno::NODEV => Ok(()),
            Err(error) if is_refused(&error) && Path::new("/dev/mqueue").exists() => {
                Ok(bind_host("/dev/mqueue", &place, options.set)?)
            }
            Err(error) if is_refused(&error) => Ok(()),
            answer => Ok(answer?),
        }
    }

    /// A memory file system, with the image's files of that place in it where `copy-up` is asked for.
    fn tmpfs(&self, target: &Path, options: &Options) -> anyhow::Result<()> {
        if !options.copy_up && !options.chown {
            return self.new_filesystem("tmpfs", target, options);
        }
        let read_only = Attributes::MOUNT_ATTR_RDONLY;
        let image = options.copy_up.then(|| self.directory(target)).transpose()?;
        let image = image.as_ref().map(volume::open_tree).transpose()?;
        let writable = Options { set: options.set.difference(read_only), ..options.clone() };
        self.new_filesystem("tmpfs", target, &writable)?;
        let mounted = self.directory(target)?;
        if let Some(image) = image {
            volume::fill(&image, &mounted)?;
        }
        if options.chown {
            self.give(&mounted)?;
        }
        if options.set.contains(read_only) {
            mount::add_attributes(&mounted, read_only)?;
        }
        Ok(())
    }

    fn bind(&self, source: &Path, target: &Path, options: &Options) -> anyhow::Result<()> {
        let (set, set_top) = options.by_depth();
        let how =
            Bind { recursive: options.bind.unwrap_or(true), set, set_top, propagation: options.propagation };
        if let Some((pid, path)) = neighbour::parse(source) {
            let tree = neighbour::copy_mount(pid, &path)?;
            return Ok(mount::attach_with(&tree, &self.directory(target)?, how)?);
        }
        let file = match fd::open_path(source) {
            Err(error) if error.errno == Errno::NOENT => {
                bail!("bind source path does not exist: {}", source.display())
            }
            answer => answer?,
        };
        check_in_proc(target, is_procfs(&file))?;
        let stat = rustix::fs::fstat(&file).map_err(std::io::Error::from)?;
        let is_directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
        let place = if is_directory { self.covered(target)? } else { self.file(target)? };
        if is_directory && options.copy_up {
            volume::fill(&volume::open_tree(&place)?, &file).context("fill the volume from the image")?;
        }
        if options.chown {
            self.give(&file).context("give the source to the container's user")?;
        }
        let bound = mount::bind(&file, &place, how);
        // What a mount covers must not come to light in a user namespace. mount_namespaces(7)
        let is_locked = bound.as_ref().is_err_and(|error| error.errno == Errno::INVAL && !how.recursive);
        bound.with_context(|| match is_locked {
            true => format!(
                "leave out what is mounted below {}, which a user namespace may not",
                source.display()
            ),
            false => format!("bind {}", source.display()),
        })
    }

    /// Gives a source to the container's user.
    fn give(&self, source: &OwnedFd) -> anyhow::Result<()> {
        let Identity { uid, gid, .. } = *self.identity;
        let is_mapped = self.map.uid_outside(uid).is_some() && self.map.gid_outside(gid).is_some();
        ensure!(
            is_mapped,
            "{uid}:{gid} is not in the identity map: it takes a range in /etc/subuid and /etc/subgid"
        );
        volume::give(source, self.identity)
    }

    /// A mount point for a directory: an error for what is there and none.
    fn covered(&self, target: &Path) -> anyhow::Result<OwnedFd> {
        self.directory(target).map_err(|error| match error.downcast_ref::<SyscallError>() {
            Some(error) if error.errno == Errno::NOTDIR => {
                anyhow!("the source is a directory, and there is none at that place in the container")
            }
            _ => error,
        })
    }

    /// A mount point that is a directory. In the directories that are our own mounts, no link is followed at all.
    fn directory(&self, target: &Path) -> anyhow::Result<OwnedFd> {
        let mode = Mode::from_raw_mode(0o755);
        ensure!(target.is_absolute(), "the mount point is not an absolute path");
        if !is_system(target) {
            let place = beneath::make_dirs(self.root, target, mode)?;
            return check_not_proc(&place).map(|()| place);
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match beneath::open_strict(self.root, target, flags, Mode::empty()) {
            Err(error) if error.errno == Errno::NOENT => {}
            answer => return Ok(answer?),
        }
        let parent = target.parent().context("the root cannot be a mount point")?;
        let name = target.file_name().context("the mount point has no name")?;
        let above = self.directory(parent)?;
        match rustix::fs::mkdirat(&above, name, mode) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(SyscallError::new(format!("mkdir({target:?})"), errno).into()),
        }
        Ok(beneath::open_strict(&above, Path::new(name), flags, Mode::empty())?)
    }

    /// A mount point that is not a directory.
    fn file(&self, target: &Path) -> anyhow::Result<OwnedFd> {
        ensure!(target.is_absolute(), "the mount point is not an absolute path");
        let place = if is_system(target) {
            let parent = target.parent().context("the root cannot be a mount point")?;
            let name = target.file_name().context("the mount point has no name")?;
            beneath::make_file(self.directory(parent)?, Path::new(name), Mode::from_raw_mode(0o644))?
        } else {
            beneath::make_file(self.root, target, Mode::from_raw_mode(0o644))?
        };
        if !is_system(target) {
            check_not_proc(&place)?;
        }
        let stat = rustix::fs::fstat(&place).map_err(std::io::Error::from)?;
        ensure!(
            FileType::from_raw_mode(stat.st_mode) != FileType::Directory,
            "the source is a file, and there is a directory in the container"
        );
        Ok(place)
    }
}

fn is_system(target: &Path) -> bool {
    ["/proc", "/sys", "/dev"].iter().any(|dir| target.starts_with(dir))
}

/// A path as the kernel will read it, without `.` and `..`.
fn normal(target: &Path) -> PathBuf {
    use std::path::Component;
    let mut path = PathBuf::from("/");
    for component in target.components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::ParentDir => {
                path.pop();
            }
            _ => {}
        }
    }
    path
}

fn check_in_proc(target: &Path, is_proc: bool) -> anyhow::Result<()> {
    let normal = normal(target);
    let Ok(inside) = normal.strip_prefix("/proc") else { return Ok(()) };
    let is_known = IN_PROC.iter().any(|file| inside == Path::new(file));
    let is_all = inside.as_os_str().is_empty() && is_proc;
    ensure!(is_known || is_all, "only a proc file system may be mounted at /proc, and nothing inside it");
    Ok(())
}

/// Refuses a mount point elsewhere that a link of the image has led into /proc.
fn check_not_proc(place: &OwnedFd) -> anyhow::Result<()> {
    ensure!(!is_procfs(place), "a symbolic link of the image leads into /proc");
    Ok(())
}

fn is_procfs(file: &OwnedFd) -> bool {
    rustix::fs::fstatfs(file).is_ok_and(|fs| fs.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

fn is_refused(error: &SyscallError) -> bool {
    matches!(error.errno, Errno::PERM | Errno::ACCESS)
}

fn bind_host(path: &str, place: &OwnedFd, set: Attributes) -> Result<(), SyscallError> {
    let source = fd::open_path(Path::new(path))?;
    mount::bind(&source, place, Bind { recursive: true, set, ..Bind::default() })
}

fn is_mapped(map: &IdMap, gid: Option<&str>) -> bool {
    gid.and_then(|gid| gid.parse().ok()).is_some_and(|gid| map.gid_outside(gid).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_is_kept_as_it_is() {
        for (target, is_proc, allowed) in [
            ("/proc", true, true),
            ("/proc", false, false),
            ("/proc/uptime", false, true),
            ("/proc/self", false, false),
            ("/proc/../proc/sys", false, false),
            ("/x/../proc/./sys/kernel", false, false),
            ("/process", false, true),
            ("/data/proc", false, true),
        ] {
            assert_eq!(check_in_proc(Path::new(target), is_proc).is_ok(), allowed, "{target}");
        }
    }
}
