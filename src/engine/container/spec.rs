//! From a container's record to an OCI runtime spec: what docker's flags mean. Done at every start, in microseconds.

use std::{
    fs,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use oci_spec::runtime::{
    Linux, LinuxNamespace, LinuxNamespaceType, Mount, PosixRlimit, PosixRlimitBuilder, PosixRlimitType,
    Process, Root, Spec, User,
};

use super::etc;
use crate::{
    base::id::ContainerId,
    runtime::{
        caps,
        spec::{
            defaults::{self, Choices, Ipc, mount},
            validate,
        },
    },
    store::{
        container::{
            ContainerConfig, DeviceConfig, MountConfig, MountSource, Namespace, Network, SecurityConfig,
            Ulimit,
        },
        layout::Layout,
    },
    sys::userns::IdMap,
};

/// What a spec refers to besides the record.
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Place<'a> {
    pub layout: &'a Layout,
    /// The identity map that the container runs with.
    pub map: &'a IdMap,
    /// Finds the first process of a running container, to join its namespaces.
    pub process: &'a dyn Fn(&ContainerId) -> anyhow::Result<i32>,
}

/// Says in OCI's words how a container is run, and checks that it can be.
pub fn spec(config: &ContainerConfig, place: &Place<'_>) -> anyhow::Result<Spec> {
    let hostname = etc::hostname(config, place.layout)?;
    let mut root = Root::default();
    root.set_readonly(Some(config.security.readonly_root));
    let mut spec = Spec::default();
    spec.set_version("1.2.1".to_owned())
        .set_root(Some(root))
        .set_mounts(Some(mounts(config, place)?))
        .set_linux(Some(linux(config, place)?))
        .set_process(Some(process(config, &hostname)?))
        .set_hostname(None)
        .set_annotations(None);
    if config.namespaces.uts == Namespace::Private {
        spec.set_hostname(Some(hostname));
        let domain = &config.host.domainname;
        spec.set_domainname((!domain.is_empty()).then(|| domain.clone()));
    }
    validate(&spec)?;
    Ok(spec)
}

/// The container's program: its arguments, environment, place, capabilities and limits. `HOME` is the runtime's, which
/// looks the user up.
pub fn process(config: &ContainerConfig, hostname: &str) -> anyhow::Result<Process> {
    let wanted = &config.process;
    let mut user = User::default();
    user.set_umask(wanted.umask);
    let caps = caps::choose(&config.security.cap_add, &config.security.cap_drop, config.security.privileged)?;
    let limits: Vec<_> = config.host.ulimits.iter().map(rlimit).collect::<anyhow::Result<_>>()?;
    let cwd = if wanted.cwd.is_empty() { "/" } else { wanted.cwd.as_str() };
    let mut process = Process::default();
    process
        .set_terminal(Some(wanted.terminal))
        .set_user(user)
        .set_args(Some(wanted.entrypoint.iter().chain(&wanted.command).cloned().collect()))
        .set_env(Some(env(config, hostname)))
        .set_cwd(cwd.into())
        .set_capabilities(Some(caps.to_oci()))
        .set_rlimits((!limits.is_empty()).then_some(limits))
        .set_no_new_privileges(Some(config.security.no_new_privileges))
        .set_oom_score_adj(config.host.oom_score_adj);
    Ok(process)
}

/// docker's variables, where the record has none of that name, and the record's.
fn env(config: &ContainerConfig, hostname: &str) -> Vec<String> {
    let given = &config.process.env;
    let name = |entry: &str| entry.find('=').unwrap_or(entry.len()) + 1;
    let mut env = vec![format!("PATH={}", defaults::PATH), format!("HOSTNAME={hostname}")];
    if config.process.terminal {
        env.push("TERM=xterm".to_owned());
    }
    env.retain(|entry| !given.iter().any(|other| other.starts_with(&entry[..name(entry)])));
    env.extend(given.iter().cloned());
    env
}

fn rlimit(limit: &Ulimit) -> anyhow::Result<PosixRlimit> {
    use PosixRlimitType as Type;
    let kind = match limit.name.as_str() {
        "as" => Type::RlimitAs,
        "core" => Type::RlimitCore,
        "cpu" => Type::RlimitCpu,
        "data" => Type::RlimitData,
        "fsize" => Type::RlimitFsize,
        "locks" => Type::RlimitLocks,
        "memlock" => Type::RlimitMemlock,
        "msgqueue" => Type::RlimitMsgqueue,
        "nice" => Type::RlimitNice,
        "nofile" => Type::RlimitNofile,
        "nproc" => Type::RlimitNproc,
        "rss" => Type::RlimitRss,
        "rtprio" => Type::RlimitRtprio,
        "rttime" => Type::RlimitRttime,
        "sigpending" => Type::RlimitSigpending,
        "stack" => Type::RlimitStack,
        other => bail!("invalid ulimit type: {other}"),
    };
    let [soft, hard] = [limit.soft, limit.hard].map(|value| value.unwrap_or(libc::RLIM_INFINITY));
    Ok(PosixRlimitBuilder::default().typ(kind).soft(soft).hard(hard).build()?)
}

fn linux(config: &ContainerConfig, place: &Place<'_>) -> anyhow::Result<Linux> {
    let (masked, readonly) = hidden(&config.security);
    let sysctls = &config.host.sysctls;
    let mut linux = Linux::default();
    linux
        .set_namespaces(Some(namespaces(config, place)?))
        .set_masked_paths(Some(masked))
        .set_readonly_paths(Some(readonly))
        .set_rootfs_propagation(root_propagation(config))
        .set_resources(None);
    if !sysctls.is_empty() {
        linux.set_sysctl(Some(sysctls.clone().into_iter().collect()));
    }
    Ok(linux)
}

/// The namespaces that are the container's own or another's; those of the host are not named.
fn namespaces(config: &ContainerConfig, place: &Place<'_>) -> anyhow::Result<Vec<LinuxNamespace>> {
    use LinuxNamespaceType as Type;
    let wanted = &config.namespaces;
    let network = match &wanted.network {
        Network::None => Namespace::Private,
        Network::Host => Namespace::Host,
        Network::Container(id) => Namespace::Container(id.clone()),
    };
    let mut namespaces: Vec<_> =
        [Type::User, Type::Mount, Type::Cgroup].into_iter().map(|kind| namespace(kind, None)).collect();
    for (kind, file, which) in [
        (Type::Pid, "pid", &wanted.pid),
        (Type::Ipc, "ipc", &wanted.ipc),
        (Type::Uts, "uts", &wanted.uts),
        (Type::Network, "net", &network),
    ] {
        match which {
            Namespace::Private => namespaces.push(namespace(kind, None)),
            Namespace::Host => {}
            Namespace::Container(id) => {
                let pid = (place.process)(id)
                    .with_context(|| format!("join the {kind} namespace of container {id}"))?;
                namespaces.push(namespace(kind, Some(format!("/proc/{pid}/ns/{file}").into())));
            }
        }
    }
    Ok(namespaces)
}

fn namespace(kind: LinuxNamespaceType, path: Option<PathBuf>) -> LinuxNamespace {
    let mut namespace = LinuxNamespace::default();
    namespace.set_typ(kind).set_path(path);
    namespace
}

/// The masked and the read-only paths: docker's, without what is to be unmasked, with what is to be masked besides.
pub(super) fn hidden(security: &SecurityConfig) -> (Vec<String>, Vec<String>) {
    let split = |lists: &'_ [String]| -> Vec<String> {
        lists
            .iter()
            .flat_map(|list| list.split(':'))
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let unmask = split(&security.unmask);
    let shown = |path: &str| {
        security.privileged
            || unmask.iter().any(|pattern| pattern.eq_ignore_ascii_case("all") || matches(pattern, path))
    };
    let of_docker = defaults::MASKED.iter().map(|&path| path.to_owned()).chain(defaults::throttle_counters());
    let mut masked: Vec<_> = of_docker.filter(|path| !shown(path)).collect();
    masked.extend(split(&security.mask));
    let readonly = defaults::READONLY.iter().filter(|path| !shown(path)).map(|&path| path.to_owned());
    (masked, readonly.collect())
}

/// Says whether a path is the pattern's: `*` stands for anything but a slash, and a trailing slash for nothing.
fn matches(pattern: &str, path: &str) -> bool {
    fn rest(pattern: &[u8], path: &[u8]) -> bool {
        match (pattern, path) {
            ([], []) => true,
            ([b'*', after @ ..], _) if rest(after, path) => true,
            ([b'*', ..], [first, path @ ..]) => *first != b'/' && rest(pattern, path),
            ([p, pattern @ ..], [c, path @ ..]) => p == c && rest(pattern, path),
            _ => false,
        }
    }
    rest(pattern.trim_end_matches('/').as_bytes(), path.as_bytes())
}

/// As docker: a mount that receives or shares needs a root that does.
fn root_propagation(config: &ContainerConfig) -> Option<String> {
    let any =
        |words: [&str; 2]| config.mounts.iter().any(|mount| words.contains(&mount.propagation.as_str()));
    if any(["shared", "rshared"]) {
        Some("rshared".to_owned())
    } else if any(["slave", "rslave"]) {
        Some("rslave".to_owned())
    } else {
        None
    }
}

/// All mounts in their order: docker's, then our files, devices and the user's, from the outermost in. What the user
/// mounts replaces what would be there.
fn mounts(config: &ContainerConfig, place: &Place<'_>) -> anyhow::Result<Vec<Mount>> {
    let asked: Vec<Mount> =
        config.mounts.iter().map(|mount| asked_mount(mount, place)).collect::<anyhow::Result<_>>()?;
    let mut mounts = defaults::mounts(Choices {
        privileged: config.security.privileged,
        host_network: config.namespaces.network == Network::Host,
        ipc: match &config.namespaces.ipc {
            Namespace::Private => Ipc::Private,
            Namespace::Host => Ipc::Host,
            Namespace::Container(id) => Ipc::Of((place.process)(id)?),
        },
        shm_size: config.host.shm_size.unwrap_or(defaults::SHM_SIZE),
        tty_group: place.map.gid_outside(5).is_some(),
    });
    let mut later = Vec::new();
    let files = etc::files_of(config, place.layout);
    for name in ["resolv.conf", "hostname", "hosts"] {
        later.push(mount(Path::new("/etc").join(name), "bind", files.etc_file(name), &["bind", "rprivate"]));
    }
    if config.security.privileged {
        add_devices(Path::new("/dev"), Path::new("/dev"), &mut later)?;
    }
    for device in &config.security.devices {
        add_device(device, &mut later)?;
    }
    let replaced = |mount: &Mount| asked.iter().any(|other| other.destination() == mount.destination());
    mounts.retain(|mount| !replaced(mount));
    later.retain(|mount| !replaced(mount));
    later.extend(asked);
    later.sort_by_key(|mount| mount.destination().components().count());
    mounts.extend(later);
    Ok(mounts)
}

fn asked_mount(wanted: &MountConfig, place: &Place<'_>) -> anyhow::Result<Mount> {
    let context = || format!("mount on {}", wanted.target);
    let target = clean(&wanted.target);
    validate::check_target(&target).with_context(context)?;
    let mut options = match &wanted.source {
        MountSource::Bind { recursive: true, .. } => vec!["rbind"],
        MountSource::Bind { .. } | MountSource::Volume { .. } => vec!["bind"],
        MountSource::Tmpfs => tmpfs_defaults(&wanted.options),
    };
    let recursive =
        matches!(wanted.source, MountSource::Bind { recursive: true, .. }) && !wanted.writable_below;
    options.push(match (wanted.readonly, recursive) {
        (true, true) => "rro",
        (true, false) => "ro",
        (false, _) => "rw",
    });
    options.extend(wanted.options.iter().map(String::as_str));
    for option in &options {
        check_option(option, wanted.source == MountSource::Tmpfs).with_context(context)?;
    }
    match wanted.propagation.as_str() {
        "" if wanted.source == MountSource::Tmpfs => {}
        "" => options.push("rprivate"),
        word @ ("private" | "rprivate" | "slave" | "rslave" | "shared" | "rshared") => options.push(word),
        word => return Err(anyhow::anyhow!("unknown propagation {word:?}")).with_context(context),
    }
    if wanted.chown {
        options.push("U");
    }
    Ok(match &wanted.source {
        MountSource::Bind { path, .. } => mount(target, "bind", path, &options),
        MountSource::Volume { name, .. } => {
            if !wanted.no_copy {
                options.push("copy-up");
            }
            mount(target, "bind", place.layout.volume(name).data(), &options)
        }
        MountSource::Tmpfs => mount(target, "tmpfs", "tmpfs", &options),
    })
}

/// docker's options of a tmpfs, unless the opposite is asked for.
fn tmpfs_defaults(asked: &[String]) -> Vec<&'static str> {
    let not = |opposite: &str| !asked.iter().any(|option| option == opposite);
    [("noexec", "exec"), ("nosuid", "suid"), ("nodev", "dev")]
        .into_iter()
        .filter(|(_, opposite)| not(opposite))
        .map(|(option, _)| option)
        .collect()
}

fn check_option(option: &str, tmpfs: bool) -> anyhow::Result<()> {
    const FLAGS: [&str; 23] = [
        "ro",
        "rro",
        "rw",
        "bind",
        "rbind",
        "exec",
        "noexec",
        "suid",
        "nosuid",
        "dev",
        "nodev",
        "sync",
        "async",
        "dirsync",
        "atime",
        "noatime",
        "diratime",
        "nodiratime",
        "relatime",
        "norelatime",
        "strictatime",
        "nostrictatime",
        "nosymfollow",
    ];
    const TMPFS: [&str; 6] = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks"];
    let known = match option.split_once('=') {
        // What follows goes to the kernel, so a comma cannot add another option.
        Some((key, value)) => {
            tmpfs && TMPFS.contains(&key) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'%')
        }
        None => FLAGS.contains(&option) || (tmpfs && option == "copy-up"),
    };
    ensure!(known, "invalid mount option {option:?}");
    Ok(())
}

/// Takes `.` and `..` out of a path by its text, as docker does: `..` of the root is the root.
fn clean(path: &str) -> PathBuf {
    if !path.starts_with('/') {
        return PathBuf::from(path);
    }
    let mut clean = PathBuf::from("/");
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            name => clean.push(name),
        }
    }
    clean
}

/// Binds a device of the host, or all in a directory: a user namespace can make no device nodes.
fn add_device(device: &DeviceConfig, mounts: &mut Vec<Mount>) -> anyhow::Result<()> {
    let context = || format!("add device {}", device.source.display());
    let target = clean(if device.target.is_empty() {
        device.source.to_str().with_context(context)?
    } else {
        &device.target
    });
    validate::check_target(&target).with_context(context)?;
    // Without the device controller of cgroups, which a user cannot have, access is as on the host; nothing is made.
    let gives = |access: char| device.permissions.contains(access);
    ensure!(
        device.permissions.is_empty() || gives('r') && gives('w'),
        "add device {}: permissions {:?} cannot be enforced, only rwm can",
        device.source.display(),
        device.permissions
    );
    let kind = fs::metadata(&device.source).map_err(plain).with_context(context)?.file_type();
    if kind.is_dir() {
        return add_devices(&device.source, &target, mounts).with_context(context);
    }
    ensure!(kind.is_char_device() || kind.is_block_device(), "{}: not a device node", context());
    mounts.push(mount(target, "bind", &device.source, &["bind", "nosuid", "noexec", "rprivate"]));
    Ok(())
}

/// Binds every device node beneath a directory of the host but those that each container has of its own.
fn add_devices(source: &Path, target: &Path, mounts: &mut Vec<Mount>) -> anyhow::Result<()> {
    const OWN: [&str; 13] = [
        "console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "tty", "urandom",
        "zero",
    ];
    let mut entries: Vec<_> =
        fs::read_dir(source).map_err(plain)?.collect::<Result<_, _>>().map_err(plain)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (name, kind) = (entry.file_name(), entry.file_type().map_err(plain)?);
        if target == Path::new("/dev") && OWN.iter().any(|own| name == *own) {
            continue;
        }
        if kind.is_dir() {
            // A directory that the caller cannot read has no device that he can use.
            let _ = add_devices(&entry.path(), &target.join(&name), mounts);
        } else if kind.is_char_device() || kind.is_block_device() {
            let options = ["bind", "nosuid", "noexec", "rprivate"];
            mounts.push(mount(target.join(&name), "bind", entry.path(), &options));
        }
    }
    Ok(())
}

/// An error of std without its "(os error N)".
fn plain(error: std::io::Error) -> anyhow::Error {
    match rustix::io::Errno::from_io_error(&error) {
        Some(errno) => anyhow::anyhow!(crate::sys::error::describe(errno)),
        None => error.into(),
    }
}

#[cfg(test)]
mod tests;
