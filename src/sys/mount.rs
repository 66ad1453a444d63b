//! Mounts: new file systems, binds, attributes, all on descriptors, so that no path is resolved twice.
//! mount(2), fsopen(2), open_tree(2), move_mount(2), mount_setattr(2).
//!
//! Where the kernel lacks the calls of Linux 5.2 and 5.12, mount(2) does the same on /proc/self/fd/N, which leads to what
//! the descriptor holds. That needs the host's /proc, which is there until pivot_root.

use std::{
    ffi::CString,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{AtFlags, Mode, OFlags, StatxAttributes, StatxFlags},
    io::Errno,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MountFlags, MountPropagationFlags, MoveMountFlags,
        OpenTreeFlags, UnmountFlags,
    },
};

use super::{
    error::{During, SyscallError},
    feature::Feature,
    process::check,
};

/// MOUNT_ATTR_*, as fsmount(2) and mount_setattr(2) take them.
pub type Attributes = MountAttrFlags;

/// A file system's own parameter: a word, or a name and a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub key: String,
    pub value: Option<String>,
}

impl Parameter {
    pub fn new(key: &str, value: impl Into<String>) -> Self {
        Parameter { key: key.to_owned(), value: Some(value.into()) }
    }

    pub fn word(key: &str) -> Self {
        Parameter { key: key.to_owned(), value: None }
    }
}

/// How mounts are passed between copies of this tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Propagation {
    /// MS_PRIVATE, MS_SLAVE, MS_SHARED or MS_UNBINDABLE.
    pub kind: u64,
    /// The tree below as well.
    pub recursive: bool,
}

/// What a bind mount differs in from its source.
#[derive(Debug, Clone, Copy)]
pub struct Bind {
    /// With the mounts below the source.
    pub recursive: bool,
    /// Of all of them.
    pub set: Attributes,
    /// Of the source's own mount alone, beside those.
    pub set_top: Attributes,
    pub propagation: Option<Propagation>,
}

impl Default for Bind {
    fn default() -> Self {
        let none = Attributes::empty();
        Bind { recursive: false, set: none, set_top: none, propagation: None }
    }
}

/// Makes a file system and mounts it on `target`.
pub fn mount_new(
    kind: &str,
    parameters: &[Parameter],
    attributes: Attributes,
    target: impl AsFd,
) -> Result<(), SyscallError> {
    let target = target.as_fd();
    if Feature::MountApi.is_usable() {
        match detached(kind, parameters, attributes) {
            Err(error) if error.errno == Errno::NOSYS => Feature::MountApi.switch_off(),
            answer => return attach(answer?, target),
        }
    }
    mount_by_path(kind, parameters, attributes, target)
}

/// Makes a file system that is mounted nowhere yet. The new mount calls are needed.
pub fn detached(
    kind: &str,
    parameters: &[Parameter],
    attributes: Attributes,
) -> Result<OwnedFd, SyscallError> {
    let context = open_filesystem(kind)?;
    for parameter in parameters {
        configure(&context, kind, &parameter.key, parameter.value.as_deref())?;
    }
    create(&context, kind, attributes)
}

/// fsopen(2).
pub fn open_filesystem(kind: &str) -> Result<OwnedFd, SyscallError> {
    rustix::mount::fsopen(kind, FsOpenFlags::FSOPEN_CLOEXEC).during(|| format!("fsopen({kind:?})"))
}

/// fsconfig(2) with a string, or with a word alone.
pub fn configure(context: &OwnedFd, kind: &str, key: &str, value: Option<&str>) -> Result<(), SyscallError> {
    let answer = match value {
        Some(value) => rustix::mount::fsconfig_set_string(context, key, value),
        None => rustix::mount::fsconfig_set_flag(context, key),
    };
    answer.map_err(|errno| explained(context, format!("fsconfig({kind:?}, {key:?}, {value:?})"), errno))
}

/// fsconfig(2) FSCONFIG_CMD_CREATE and fsmount(2).
pub fn create(context: &OwnedFd, kind: &str, attributes: Attributes) -> Result<OwnedFd, SyscallError> {
    rustix::mount::fsconfig_create(context)
        .map_err(|errno| explained(context, format!("fsconfig({kind:?}, CMD_CREATE)"), errno))?;
    rustix::mount::fsmount(context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
        .during(|| format!("fsmount({kind:?})"))
}

/// What the file system itself has to say about it stands in the context's log.
fn explained(context: &OwnedFd, call: String, errno: Errno) -> SyscallError {
    let mut log = [0; 512];
    match rustix::io::read(context, &mut log) {
        Ok(length) if length > 2 => {
            let text = String::from_utf8_lossy(&log[2..length]);
            SyscallError::new(format!("{call} ({})", text.trim()), errno)
        }
        _ => SyscallError::new(call, errno),
    }
}

/// Mounts a detached tree on `target`.
pub fn attach(tree: impl AsFd, target: impl AsFd) -> Result<(), SyscallError> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH | MoveMountFlags::MOVE_MOUNT_T_EMPTY_PATH;
    rustix::mount::move_mount(tree, "", target, "", flags).during(|| "move_mount()")
}

/// Mounts `source` once more, on `target`. Attributes are in force before it can be seen.
pub fn bind(source: impl AsFd, target: impl AsFd, how: Bind) -> Result<(), SyscallError> {
    let (source, target) = (source.as_fd(), target.as_fd());
    if Feature::MountApi.is_usable() {
        match clone_tree(source, how.recursive) {
            Err(error) if error.errno == Errno::NOSYS => Feature::MountApi.switch_off(),
            Err(error) => return Err(error),
            Ok(tree) => return attach_with(&tree, target, how),
        }
    }
    bind_by_path(source, target, how)
}

/// Mounts a detached tree on `target`, its attributes set before.
pub fn attach_with(tree: &OwnedFd, target: impl AsFd, how: Bind) -> Result<(), SyscallError> {
    let attributes = [(how.set, how.recursive), (how.set_top, false)];
    for (set, recursive) in attributes.into_iter().filter(|(set, _)| !set.is_empty()) {
        match set_attributes(tree, set, recursive) {
            Err(error) if error.errno == Errno::NOSYS => {
                attach(tree, target)?;
                return change_attached(tree, how);
            }
            answer => answer?,
        }
    }
    if let Some(propagation) = how.propagation {
        set_propagation(tree, propagation)?;
    }
    attach(tree, target)
}

/// What a bind mount differs in, set after it is mounted, and on its top alone: kernels before mount_setattr(2).
fn change_attached(mount: &OwnedFd, how: Bind) -> Result<(), SyscallError> {
    let set = how.set | how.set_top;
    if !set.is_empty() {
        remount(mount, set)?;
    }
    match how.propagation {
        Some(propagation) => set_propagation(mount, propagation),
        None => Ok(()),
    }
}

/// Says whether a directory is where a mount begins, and not one of the file system around it. Before Linux 5.8 the kernel
/// does not tell, and the answer is yes. statx(2), STATX_ATTR_MOUNT_ROOT.
pub fn is_root(place: impl AsFd) -> Result<bool, SyscallError> {
    let stat = rustix::fs::statx(place, "", AtFlags::EMPTY_PATH, StatxFlags::empty()).during(|| "statx()")?;
    let known = stat.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT);
    Ok(!known || stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// open_tree(2): a detached copy of the mount that `source` is in, from `source` downwards.
pub fn clone_tree(source: impl AsFd, recursive: bool) -> Result<OwnedFd, SyscallError> {
    let mut flags =
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC | OpenTreeFlags::AT_EMPTY_PATH;
    flags.set(OpenTreeFlags::AT_RECURSIVE, recursive);
    rustix::mount::open_tree(source, "", flags).during(|| "open_tree(OPEN_TREE_CLONE)")
}

/// struct mount_attr.
#[repr(C)]
#[derive(Default)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns: u64,
}

/// mount_setattr(2): adds attributes to a mount, with those below it if `recursive`. ENOSYS before Linux 5.12.
pub fn set_attributes(mount: impl AsFd, set: Attributes, recursive: bool) -> Result<(), SyscallError> {
    let mut change = MountAttr { set: u64::from(set.bits()), ..MountAttr::default() };
    if set.intersects(Attributes::MOUNT_ATTR_NOATIME | Attributes::MOUNT_ATTR_STRICTATIME) {
        change.clear = u64::from(Attributes::MOUNT_ATTR__ATIME.bits());
    }
    change_mount(mount, &change, recursive).during(|| format!("mount_setattr({set:?})"))
}

/// Changes how mounts are passed on.
pub fn set_propagation(mount: impl AsFd, propagation: Propagation) -> Result<(), SyscallError> {
    let mount = mount.as_fd();
    let change = MountAttr { propagation: propagation.kind, ..MountAttr::default() };
    match change_mount(mount, &change, propagation.recursive) {
        Err(Errno::NOSYS) => {}
        answer => return answer.during(|| format!("mount_setattr(propagation {:#x})", propagation.kind)),
    }
    let mut flags = MountPropagationFlags::from_bits_retain(propagation.kind as u32);
    flags.set(MountPropagationFlags::REC, propagation.recursive);
    rustix::mount::mount_change(fd_path(mount), flags).during(|| "mount(MS_PROPAGATION)")
}

fn change_mount(mount: impl AsFd, change: &MountAttr, recursive: bool) -> Result<(), Errno> {
    if !Feature::MountSetattr.is_usable() {
        return Err(Errno::NOSYS);
    }
    let flags = libc::AT_EMPTY_PATH | if recursive { libc::AT_RECURSIVE } else { 0 };
    let fd = mount.as_fd().as_raw_fd();
    // SAFETY: the path is an empty literal, and the attributes live across the call and have the size that is told.
    let answer = unsafe {
        libc::syscall(libc::SYS_mount_setattr, fd, c"".as_ptr(), flags, change, size_of::<MountAttr>())
    };
    let answer = check(answer).map(drop);
    if answer == Err(Errno::NOSYS) {
        Feature::MountSetattr.switch_off();
    }
    answer
}

/// Makes what is at `path`, in `root`, read-only, by mounting it over itself.
pub fn make_read_only(place: impl AsFd) -> Result<(), SyscallError> {
    let place = place.as_fd();
    let how = Bind { recursive: true, set: Attributes::MOUNT_ATTR_RDONLY, ..Bind::default() };
    bind(place, place, how)
}

/// Adds attributes to the mount at the top of a path that is held open; the tree below stays as it is.
pub fn add_attributes(mount: impl AsFd, set: Attributes) -> Result<(), SyscallError> {
    let mount = mount.as_fd();
    match set_attributes(mount, set, false) {
        Err(error) if error.errno == Errno::NOSYS => remount(mount, set),
        answer => answer,
    }
}

/// mount(2) MS_REMOUNT|MS_BIND: what the mount has already must be said again, since a user namespace may not take it away.
fn remount(mount: impl AsFd, set: Attributes) -> Result<(), SyscallError> {
    use rustix::fs::StatVfsMountFlags as Has;
    let mount = mount.as_fd();
    let has = rustix::fs::fstatvfs(mount).during(|| "fstatvfs()")?.f_flag;
    let kept = [
        (Has::RDONLY, MountFlags::RDONLY),
        (Has::NOSUID, MountFlags::NOSUID),
        (Has::NODEV, MountFlags::NODEV),
        (Has::NOEXEC, MountFlags::NOEXEC),
        (Has::NOATIME, MountFlags::NOATIME),
        (Has::NODIRATIME, MountFlags::NODIRATIME),
        (Has::RELATIME, MountFlags::RELATIME),
    ];
    let mut flags = old_flags(set) | MountFlags::BIND;
    flags.extend(kept.into_iter().filter(|(had, _)| has.contains(*had)).map(|(_, flag)| flag));
    rustix::mount::mount_remount(fd_path(mount), flags, c"")
        .during(|| format!("mount(MS_REMOUNT|MS_BIND, {flags:?})"))
}

fn old_flags(attributes: Attributes) -> MountFlags {
    let pairs = [
        (Attributes::MOUNT_ATTR_RDONLY, MountFlags::RDONLY),
        (Attributes::MOUNT_ATTR_NOSUID, MountFlags::NOSUID),
        (Attributes::MOUNT_ATTR_NODEV, MountFlags::NODEV),
        (Attributes::MOUNT_ATTR_NOEXEC, MountFlags::NOEXEC),
        (Attributes::MOUNT_ATTR_NOATIME, MountFlags::NOATIME),
        (Attributes::MOUNT_ATTR_STRICTATIME, MountFlags::STRICTATIME),
        (Attributes::MOUNT_ATTR_NODIRATIME, MountFlags::NODIRATIME),
        (Attributes::MOUNT_ATTR_NOSYMFOLLOW, MountFlags::NOSYMFOLLOW),
    ];
    pairs.into_iter().filter(|(new, _)| attributes.contains(*new)).map(|(_, old)| old).collect()
}

/// mount(2) for kernels without fsopen(2).
fn mount_by_path(
    kind: &str,
    parameters: &[Parameter],
    attributes: Attributes,
    target: impl AsFd,
) -> Result<(), SyscallError> {
    let words: Vec<String> = parameters
        .iter()
        .map(|parameter| match &parameter.value {
            Some(value) => format!("{}={value}", parameter.key),
            None => parameter.key.clone(),
        })
        .collect();
    mount_with_data(kind, &words.join(","), attributes, &fd_path(target))
}

/// mount(2) with a file system's own data, whose size is limited to a page.
pub fn mount_with_data(
    kind: &str,
    data: &str,
    attributes: Attributes,
    target: &str,
) -> Result<(), SyscallError> {
    let call = || format!("mount({kind:?}, {target:?}, {data:?})");
    let text = CString::new(data).map_err(|_| SyscallError::new(call(), Errno::INVAL))?;
    rustix::mount::mount(kind, target, kind, old_flags(attributes), text.as_c_str()).during(call)
}

/// mount(2) MS_BIND for kernels without open_tree(2): there is a moment in which the attributes are not in force yet,
/// which matters to nobody, since no program of the container runs.
fn bind_by_path(source: impl AsFd, target: impl AsFd, how: Bind) -> Result<(), SyscallError> {
    let (source, target) = (fd_path(source), fd_path(target));
    let answer = if how.recursive {
        rustix::mount::mount_bind_recursive(&source, &target)
    } else {
        rustix::mount::mount_bind(&source, &target)
    };
    answer.during(|| format!("mount({source:?}, {target:?}, MS_BIND)"))?;
    if (how.set | how.set_top).is_empty() && how.propagation.is_none() {
        return Ok(());
    }
    change_attached(&top_of(&target)?, how)
}

/// What is mounted where a /proc/self/fd path leads: the link itself leads to what is below.
fn top_of(target: &str) -> Result<OwnedFd, SyscallError> {
    let beneath = std::fs::read_link(target).during(|| format!("readlink({target:?})"))?;
    open_mounted(&beneath)
}

/// Opens what is at a path now, mounts on it included.
pub fn open_mounted(path: &Path) -> Result<OwnedFd, SyscallError> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).during(|| format!("open({path:?})"))
}

/// Takes a mount away from under this process at once, and in full when nobody uses it any more.
pub fn detach(path: &str) -> Result<(), SyscallError> {
    rustix::mount::unmount(path, UnmountFlags::DETACH).during(|| format!("umount2({path:?}, MNT_DETACH)"))
}

/// From now on, what is mounted here stays here, and what the host mounts or unmounts is seen here.
pub fn make_all_slaves() -> Result<(), SyscallError> {
    let flags = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", flags).during(|| "mount(\"/\", MS_SLAVE|MS_REC)")
}

/// The name by which a call that takes a path reaches a descriptor.
pub fn fd_path(fd: impl AsFd) -> String {
    format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rustix::thread::UnshareFlags;

    use super::*;
    use crate::sys::{
        fd::open_dir,
        fd::open_path,
        namespace,
        testing::{alone, in_child},
        userns,
    };

    /// Runs in namespaces of its own, with the new calls and without.
    fn both_ways(name: &str, body: impl Fn() -> anyhow::Result<()>) {
        if let Some(reason) = namespace::why_no_user_namespace() {
            return eprintln!("skipped: {name}: {reason}");
        }
        for off in [&[][..], &[Feature::MountSetattr], &[Feature::MountSetattr, Feature::MountApi]] {
            in_child(|| {
                off.iter().for_each(|feature| feature.switch_off());
                userns::enter(&userns::best_map())?;
                namespace::unshare(UnshareFlags::NEWNS)?;
                make_all_slaves()?;
                body()
            });
        }
    }

    #[test]
    fn a_new_file_system_has_its_parameters_and_attributes() {
        if !alone() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        both_ways("a_new_file_system_has_its_parameters_and_attributes", || {
            let parameters = [Parameter::new("size", "64k"), Parameter::new("mode", "0700")];
            mount_new("tmpfs", &parameters, Attributes::MOUNT_ATTR_NOEXEC, open_dir(dir.path())?)?;
            let there = rustix::fs::statvfs(dir.path())?;
            anyhow::ensure!(there.f_blocks * there.f_frsize == 64 << 10);
            anyhow::ensure!(there.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC));
            fs::write(dir.path().join("file"), "x")?;
            add_attributes(open_path(dir.path())?, Attributes::MOUNT_ATTR_RDONLY)?;
            anyhow::ensure!(fs::write(dir.path().join("other"), "x").is_err());
            Ok(())
        });
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_bind_can_be_read_only_while_its_source_is_not() {
        if !alone() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("source"), dir.path().join("target"));
        fs::create_dir(&source).unwrap();
        fs::create_dir(&target).unwrap();
        both_ways("a_bind_can_be_read_only_while_its_source_is_not", || {
            let private = Propagation { kind: libc::MS_PRIVATE, recursive: true };
            let how = Bind {
                recursive: true,
                set: Attributes::MOUNT_ATTR_RDONLY,
                propagation: Some(private),
                ..Bind::default()
            };
            bind(open_path(&source)?, open_path(&target)?, how)?;
            fs::write(source.join("file"), "x")?;
            anyhow::ensure!(fs::read_to_string(target.join("file"))? == "x");
            let refused = fs::write(target.join("file"), "y").unwrap_err();
            anyhow::ensure!(refused.raw_os_error() == Some(libc::EROFS), "{refused}");
            Ok(())
        });
    }

    #[test]
    fn a_bind_can_be_read_only_at_its_top_alone() {
        if !alone() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let (source, target) = (dir.path().join("source"), dir.path().join("target"));
        fs::create_dir_all(source.join("below")).unwrap();
        fs::create_dir(&target).unwrap();
        both_ways("a_bind_can_be_read_only_at_its_top_alone", || {
            mount_new("tmpfs", &[], Attributes::empty(), open_dir(&source.join("below"))?)?;
            let how = Bind { recursive: true, set_top: Attributes::MOUNT_ATTR_RDONLY, ..Bind::default() };
            bind(open_path(&source)?, open_path(&target)?, how)?;
            fs::write(target.join("below/file"), "x")?;
            let refused = fs::write(target.join("file"), "x").unwrap_err();
            anyhow::ensure!(refused.raw_os_error() == Some(libc::EROFS), "{refused}");
            Ok(())
        });
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        if !alone() {
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        both_ways("a_wrong_parameter_is_named", || {
            let wrong = [Parameter::new("there-is-no-such", "x")];
            let error = mount_new("tmpfs", &wrong, Attributes::empty(), open_dir(dir.path())?).unwrap_err();
            anyhow::ensure!(error.to_string().contains("there-is-no-such"), "{error}");
            Ok(())
        });
    }
}
