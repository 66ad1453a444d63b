use std::os::unix::fs::symlink;

use oci_spec::runtime::Capability;

use super::*;
use crate::store::container::{ContainerConfig, HostConfig, ProcessConfig, RootSource};
use crate::{base::time::Time, sys::userns::Extent};

fn config() -> ContainerConfig {
    ContainerConfig {
        version: 1,
        id: ContainerId::from_bytes([0xab; 32]),
        name: "web".to_owned(),
        created: Time::now(),
        root: RootSource::Host,
        image: None,
        process: ProcessConfig { command: strings(&["true"]), ..ProcessConfig::default() },
        map: String::new(),
        namespaces: Default::default(),
        mounts: Vec::new(),
        security: SecurityConfig::default(),
        host: HostConfig::default(),
        lifecycle: Default::default(),
        labels: Default::default(),
        annotations: Default::default(),
        exposed_ports: Default::default(),
    }
}

fn strings(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

fn try_spec(config: &ContainerConfig) -> anyhow::Result<Spec> {
    let ids = vec![Extent { inside: 0, outside: 1000, count: 65_536 }];
    let place = Place {
        layout: &Layout::new("/state".into(), "/run/state".into()),
        map: &IdMap { uids: ids.clone(), gids: ids },
        process: &|id| {
            ensure!(id.short().starts_with('c'), "container {} is not running", id.short());
            Ok(77)
        },
    };
    spec(config, &place)
}

fn spec_of(config: &ContainerConfig) -> Spec {
    try_spec(config).unwrap()
}

fn error(config: &ContainerConfig) -> String {
    format!("{:#}", try_spec(config).unwrap_err())
}

fn bind(source: &str, target: &str) -> MountConfig {
    MountConfig {
        source: MountSource::Bind { path: source.into(), recursive: true },
        target: target.to_owned(),
        readonly: false,
        writable_below: false,
        chown: false,
        no_copy: false,
        propagation: String::new(),
        options: Vec::new(),
    }
}

/// `source type options` of what is mounted at a path.
fn mounted(spec: &Spec, target: &str) -> Option<String> {
    let mount = spec.mounts().as_ref()?.iter().rfind(|mount| mount.destination() == Path::new(target))?;
    let source = mount.source().as_ref()?.display();
    Some(format!("{source} {} {}", mount.typ().as_ref()?, mount.options().as_ref()?.join(",")))
}

fn joined(spec: &Spec) -> String {
    let namespaces = spec.linux().as_ref().unwrap().namespaces().as_ref().unwrap();
    let one = |ns: &LinuxNamespace| match ns.path() {
        Some(path) => format!("{}={}", ns.typ(), path.display()),
        None => ns.typ().to_string(),
    };
    namespaces.iter().map(one).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_plain_container_is_dockers() {
    let spec = spec_of(&config());
    let process = spec.process().as_ref().unwrap();
    assert_eq!(process.args().as_ref().unwrap(), &["true"]);
    assert_eq!(
        process.env().as_ref().unwrap(),
        &[&format!("PATH={}", defaults::PATH), "HOSTNAME=abababababab"]
    );
    assert_eq!(process.cwd(), Path::new("/"));
    assert_eq!(process.no_new_privileges(), Some(false));
    assert!(process.rlimits().is_none());
    let bounding = process.capabilities().as_ref().unwrap().bounding().as_ref().unwrap();
    assert!(bounding.len() == 14 && bounding.contains(&Capability::Chown));
    assert_eq!(spec.hostname().as_deref(), Some("abababababab"));
    assert_eq!(joined(&spec), "user mnt cgroup pid ipc uts net");
    let linux = spec.linux().as_ref().unwrap();
    assert!(linux.masked_paths().as_ref().unwrap().iter().any(|path| path == "/proc/kcore"));
    assert_eq!(linux.readonly_paths().as_ref().unwrap().len(), 5);
    for (target, want) in [
        ("/proc", "proc proc nosuid,noexec,nodev"),
        ("/dev/pts", "devpts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"),
        ("/dev/shm", "shm tmpfs nosuid,noexec,nodev,mode=1777,size=67108864"),
        ("/sys", "sysfs sysfs nosuid,noexec,nodev,ro"),
        ("/sys/fs/cgroup", "cgroup cgroup nosuid,noexec,nodev,ro"),
    ] {
        assert_eq!(mounted(&spec, target).as_deref(), Some(want));
    }
    let hosts = mounted(&spec, "/etc/hosts").unwrap();
    assert!(
        hosts.starts_with("/state/containers/abab") && hosts.ends_with("ab/hosts bind bind,rprivate"),
        "{hosts}"
    );
}

#[test]
fn the_environment_of_image_and_user_replaces_dockers() {
    let mut config = config();
    config.process.terminal = true;
    config.process.env = strings(&["PATH=/bin", "A=b", "TERMINAL=x"]);
    let spec = spec_of(&config);
    let env = spec.process().as_ref().unwrap().env().as_ref().unwrap();
    assert_eq!(env, &["HOSTNAME=abababababab", "TERM=xterm", "PATH=/bin", "A=b", "TERMINAL=x"]);
}

#[test]
fn namespaces_are_own_the_hosts_or_anothers() {
    let other = ContainerId::from_bytes([0xcd; 32]);
    let mut config = config();
    config.namespaces.pid = Namespace::Host;
    config.namespaces.ipc = Namespace::Container(other.clone());
    config.namespaces.network = Network::Container(other);
    let spec = spec_of(&config);
    assert_eq!(joined(&spec), "user mnt cgroup ipc=/proc/77/ns/ipc uts net=/proc/77/ns/net");
    assert_eq!(mounted(&spec, "/dev/shm").unwrap(), "/proc/77/root/dev/shm bind nosuid,noexec,nodev,bind");
    assert!(mounted(&spec, "/etc/hosts").unwrap().starts_with("/state/containers/cdcd"));
    assert_eq!(spec.hostname().as_deref(), Some("cdcdcdcdcdcd"));

    config.namespaces.ipc = Namespace::Host;
    config.namespaces.uts = Namespace::Host;
    config.namespaces.network = Network::Host;
    let spec = spec_of(&config);
    assert_eq!(joined(&spec), "user mnt cgroup");
    assert_eq!(spec.hostname(), &None);
    assert_eq!(mounted(&spec, "/dev/shm").unwrap(), "/dev/shm bind nosuid,noexec,nodev,rbind");
    assert_eq!(mounted(&spec, "/sys").unwrap(), "/sys bind rbind,nosuid,noexec,nodev,rro");

    config.namespaces.pid = Namespace::Container(ContainerId::from_bytes([0xef; 32]));
    assert!(error(&config).starts_with("join the pid namespace of container efef"), "{}", error(&config));
}

#[test]
fn mounts_of_the_user_come_last_and_outermost_first() {
    let mut config = config();
    config.mounts = vec![
        bind("/src/b", "/a/b"),
        MountConfig { readonly: true, ..bind("/src/a", "/a/../a/.") },
        MountConfig {
            source: MountSource::Tmpfs,
            options: strings(&["exec", "size=1m", "mode=700"]),
            ..bind("", "/t")
        },
        MountConfig {
            source: MountSource::Volume { name: "v".to_owned(), anonymous: false },
            chown: true,
            ..bind("", "/v")
        },
        MountConfig {
            source: MountSource::Volume { name: "w".to_owned(), anonymous: true },
            no_copy: true,
            readonly: true,
            propagation: "rslave".to_owned(),
            ..bind("", "/w")
        },
        MountConfig { readonly: true, writable_below: true, ..bind("/src/c", "/c") },
        bind("/src/shm", "/dev/shm"),
        bind("/src/hosts", "/etc/hosts"),
    ];
    let spec = spec_of(&config);
    for (target, want) in [
        ("/a", "/src/a bind rbind,rro,rprivate"),
        ("/a/b", "/src/b bind rbind,rw,rprivate"),
        ("/c", "/src/c bind rbind,ro,rprivate"),
        ("/t", "tmpfs tmpfs nosuid,nodev,rw,exec,size=1m,mode=700"),
        ("/v", "/state/volumes/v/data bind bind,rw,rprivate,U,copy-up"),
        ("/w", "/state/volumes/w/data bind bind,ro,rslave"),
        ("/dev/shm", "/src/shm bind rbind,rw,rprivate"),
        ("/etc/hosts", "/src/hosts bind rbind,rw,rprivate"),
    ] {
        assert_eq!(mounted(&spec, target).as_deref(), Some(want));
    }
    let targets: Vec<_> =
        spec.mounts().as_ref().unwrap().iter().map(|m| m.destination().to_str().unwrap()).collect();
    let at = |target| targets.iter().position(|t| *t == target).unwrap();
    assert!(at("/a") < at("/a/b") && at("/dev") < at("/dev/shm"), "{targets:?}");
    assert_eq!(targets.iter().filter(|target| **target == "/dev/shm").count(), 1);
    assert_eq!(targets.iter().filter(|target| **target == "/etc/hosts").count(), 1);
    assert_eq!(spec.linux().as_ref().unwrap().rootfs_propagation().as_deref(), Some("rslave"));
}

#[test]
fn our_files_are_mounted_in_what_the_user_mounts_on_etc() {
    let mut config = config();
    config.mounts = vec![bind("/src", "/etc")];
    let spec = spec_of(&config);
    let targets: Vec<_> = spec.mounts().as_ref().unwrap().iter().map(|m| m.destination()).collect();
    let at = |target: &str| targets.iter().position(|other| *other == Path::new(target)).unwrap();
    assert!(at("/etc") < at("/etc/hosts") && at("/etc") < at("/etc/resolv.conf"), "{targets:?}");
}

#[test]
fn mounts_that_mean_nothing_are_refused() {
    let tmpfs = |option: &str| MountConfig {
        source: MountSource::Tmpfs,
        options: strings(&[option]),
        ..bind("", "/t")
    };
    for (mount, want) in [
        (bind("/src", "/"), "mount on /: invalid mount path \"/\": destination can't be '/'"),
        (bind("/src", "/a/.."), "mount on /a/..: invalid mount path \"/\": destination can't be '/'"),
        (bind("/src", "a"), "mount on a: invalid mount path \"a\": mount path must be absolute"),
        (tmpfs("siz=1m"), "mount on /t: invalid mount option \"siz=1m\""),
        (tmpfs("size=1m,suid"), "mount on /t: invalid mount option \"size=1m,suid\""),
        (tmpfs("upperdir=/x"), "mount on /t: invalid mount option \"upperdir=/x\""),
        (
            MountConfig { propagation: "all".to_owned(), ..bind("/s", "/t") },
            "mount on /t: unknown propagation \"all\"",
        ),
        (
            MountConfig { options: strings(&["size=1"]), ..bind("/s", "/t") },
            "mount on /t: invalid mount option \"size=1\"",
        ),
    ] {
        let mut config = config();
        config.mounts = vec![mount];
        assert_eq!(error(&config), want);
    }
}

#[test]
fn masks_are_added_and_taken_away() {
    let hide = |mask: &[&str], unmask: &[&str]| {
        let security =
            SecurityConfig { mask: strings(mask), unmask: strings(unmask), ..SecurityConfig::default() };
        hidden(&security)
    };
    let (all_masked, all_readonly) = hide(&[], &[]);
    let (masked, readonly) = hide(&["/a:/b", "/c"], &["ALL"]);
    assert_eq!((masked, readonly), (strings(&["/a", "/b", "/c"]), vec![]));
    let (masked, readonly) = hide(&[], &["/proc/kcore:/proc/sys/"]);
    assert_eq!((masked.len(), readonly.len()), (all_masked.len() - 1, all_readonly.len() - 1));
    let (masked, readonly) = hide(&[], &["/proc/*"]);
    assert!(
        masked.iter().all(|path| path.starts_with("/sys")) && readonly.is_empty(),
        "{masked:?} {readonly:?}"
    );
    let (masked, readonly) = hidden(&SecurityConfig { privileged: true, ..SecurityConfig::default() });
    assert!(masked.is_empty() && readonly.is_empty());
}

#[test]
fn patterns_stop_at_a_slash() {
    for (pattern, path, want) in [
        ("/proc/*", "/proc/kcore", true),
        ("/proc/k*e", "/proc/kcore", true),
        ("/p*", "/proc/kcore", false),
        ("*", "/proc", false),
        ("/proc/kcore/", "/proc/kcore", true),
        ("/proc/kcor", "/proc/kcore", false),
        ("/sys/**", "/sys/firmware", true),
    ] {
        assert_eq!(matches(pattern, path), want, "{pattern} {path}");
    }
}

#[test]
fn devices_are_bound_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    symlink("/dev/null", dir.path().join("link")).unwrap();
    let device = |source: &str, target: &str, permissions: &str| {
        let mut config = config();
        config.security.devices = vec![DeviceConfig {
            source: source.into(),
            target: target.to_owned(),
            permissions: permissions.to_owned(),
        }];
        config
    };
    let link = dir.path().join("link");
    let link = link.to_str().unwrap();
    for (source, target, permissions, at, want) in [
        ("/dev/zero", "", "rwm", "/dev/zero", "/dev/zero bind bind,nosuid,noexec,rprivate"),
        ("/dev/zero", "/dev/nought", "rw", "/dev/nought", "/dev/zero bind bind,nosuid,noexec,rprivate"),
        (link, "/dev/x", "", "/dev/x", &format!("{link} bind bind,nosuid,noexec,rprivate")),
    ] {
        let spec = spec_of(&device(source, target, permissions));
        assert_eq!(mounted(&spec, at).as_deref(), Some(want));
    }
    let file = dir.path().join("file");
    let file = file.to_str().unwrap();
    assert_eq!(
        error(&device("/dev/nothing", "", "rwm")),
        "add device /dev/nothing: No such file or directory"
    );
    assert_eq!(error(&device(file, "/dev/x", "rwm")), format!("add device {file}: not a device node"));
    for less in ["r", "m", "wm"] {
        assert_eq!(
            error(&device("/dev/zero", "", less)),
            format!("add device /dev/zero: permissions {less:?} cannot be enforced, only rwm can")
        );
    }
}

#[test]
fn a_privileged_container_has_everything_that_its_user_has() {
    let mut config = config();
    config.security.privileged = true;
    let spec = spec_of(&config);
    let caps = spec.process().as_ref().unwrap().capabilities().as_ref().unwrap();
    assert!(caps.bounding().as_ref().unwrap().contains(&Capability::SysAdmin));
    assert!(
        mounted(&spec, "/sys").unwrap().ends_with(",rw")
            && mounted(&spec, "/sys/fs/cgroup").unwrap().ends_with(",rw")
    );
    assert_eq!(mounted(&spec, "/dev/null"), None, "the runtime's own devices are not bound twice");
}

#[test]
fn limits_and_parameters() {
    let mut config = config();
    config.host.ulimits = vec![
        Ulimit { name: "nofile".to_owned(), soft: Some(64), hard: Some(128) },
        Ulimit { name: "core".to_owned(), soft: None, hard: None },
    ];
    config.host.sysctls.insert("net.ipv4.ip_forward".to_owned(), "1".to_owned());
    config.host.oom_score_adj = Some(500);
    config.process.umask = Some(0o77);
    config.process.cwd = "/tmp".to_owned();
    config.security.readonly_root = true;
    let spec = spec_of(&config);
    let process = spec.process().as_ref().unwrap();
    let limits: Vec<_> =
        process.rlimits().iter().flatten().map(|l| (l.typ().to_string(), l.soft(), l.hard())).collect();
    assert_eq!(
        limits,
        [("RLIMIT_NOFILE".to_owned(), 64, 128), ("RLIMIT_CORE".to_owned(), u64::MAX, u64::MAX)]
    );
    assert_eq!((process.oom_score_adj(), process.user().umask()), (Some(500), Some(0o77)));
    assert_eq!(spec.root().as_ref().unwrap().readonly(), Some(true));

    config.namespaces.network = Network::Host;
    assert_eq!(error(&config), "sysctl \"net.ipv4.ip_forward\" not allowed in host network namespace");
    config.host.ulimits[0].name = "files".to_owned();
    assert_eq!(error(&config), "invalid ulimit type: files");
}

#[test]
fn without_a_command_there_is_no_container() {
    let mut config = config();
    config.process.command.clear();
    assert_eq!(error(&config), "no command specified");
    config.process.entrypoint = strings(&["/bin/sh"]);
    spec_of(&config);
    config.process.cwd = "relative".to_owned();
    assert_eq!(
        error(&config),
        "the working directory \"relative\" is invalid, it needs to be an absolute path"
    );
}

/// CVE-2024-3154, CVE-2026-53488, CVE-2026-53492.
#[test]
fn cve_2024_3154_labels_and_annotations_change_nothing() {
    let plain = spec_of(&config());
    let mut config = config();
    for (name, value) in [
        ("io.kubernetes.cri-o.Devices", "/dev/sda"),
        ("org.systemd.property.ExecStartPre", "['/bin/sh']"),
        ("run.oci.hooks.stderr", "/tmp/x"),
        ("io.podman.annotations.privileged", "TRUE"),
    ] {
        config.labels.insert(name.to_owned(), value.to_owned());
        config.annotations.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(spec_of(&config), plain);
}
