//! Which specs this runtime can honour: anything else is refused before a process is made, never left out silently.

use std::path::{Component, Path};

use anyhow::{bail, ensure};
use oci_spec::runtime::{Linux, LinuxNamespaceType, Process, Spec};

use crate::base::sysctl;

/// Checks that a container can be what the spec says.
pub fn validate(spec: &Spec) -> anyhow::Result<()> {
    let Some(process) = spec.process() else { bail!("the spec has no process") };
    check_process(process)?;
    for mount in spec.mounts().iter().flatten() {
        check_target(mount.destination())?;
        let mapped = mount.uid_mappings().is_some() || mount.gid_mappings().is_some();
        ensure!(!mapped, "mount {}: mapped ids are not supported", mount.destination().display());
    }
    ensure!(spec.hooks().is_none(), "hooks are not supported");
    let named = spec.hostname().is_some() || spec.domainname().is_some();
    match spec.linux() {
        Some(linux) => {
            let uts = has_namespace(linux, LinuxNamespaceType::Uts);
            ensure!(!named || uts, "a hostname needs a UTS namespace of the container's own");
            check_linux(linux)
        }
        None => bail!("the spec has no linux section"),
    }
}

/// Checks a program and its surroundings: a container's first, or one of exec's.
pub fn check_process(process: &Process) -> anyhow::Result<()> {
    let args = process.args().as_deref().unwrap_or_default();
    ensure!(!args.is_empty(), "no command specified");
    let variables = process.env().iter().flatten();
    ensure!(
        !args.iter().chain(variables).any(|text| text.contains('\0')),
        "a NUL byte cannot be passed to a program"
    );
    check_cwd(process.cwd())?;
    ensure!(process.apparmor_profile().is_none(), "AppArmor profiles are not supported");
    ensure!(process.selinux_label().is_none(), "SELinux labels are not supported");
    ensure!(process.io_priority().is_none(), "I/O priorities are not supported");
    ensure!(process.scheduler().is_none(), "scheduling policies are not supported");
    let limits = process.rlimits().as_deref().unwrap_or_default();
    for (n, limit) in limits.iter().enumerate() {
        ensure!(!limits[..n].iter().any(|l| l.typ() == limit.typ()), "ulimit {} is given twice", limit.typ());
        ensure!(limit.soft() <= limit.hard(), "ulimit {}: the soft limit is above the hard one", limit.typ());
    }
    Ok(())
}

/// Checks a working directory. The runtime looks again when it is in it; this has the clearer text for the old attack on
/// descriptors that a runtime leaks (CVE-2024-21626).
fn check_cwd(cwd: &Path) -> anyhow::Result<()> {
    ensure!(cwd.is_absolute(), "the working directory {cwd:?} is invalid, it needs to be an absolute path");
    let mut parts = cwd.components().filter(|part| matches!(part, Component::Normal(_)));
    let proc = parts.next().is_some_and(|part| part.as_os_str() == "proc");
    let descriptor = proc && parts.any(|part| part.as_os_str() == "fd");
    ensure!(!descriptor, "the working directory {cwd:?} is invalid: it is a descriptor of a process");
    Ok(())
}

/// Checks where something is mounted.
pub fn check_target(target: &Path) -> anyhow::Result<()> {
    ensure!(target.is_absolute(), "invalid mount path {target:?}: mount path must be absolute");
    ensure!(target != Path::new("/"), "invalid mount path {target:?}: destination can't be '/'");
    let climbs = target.components().any(|part| part == Component::ParentDir);
    ensure!(!climbs, "invalid mount path {target:?}: it has '..'");
    Ok(())
}

fn check_linux(linux: &Linux) -> anyhow::Result<()> {
    let namespaces = linux.namespaces().as_deref().unwrap_or_default();
    for (n, namespace) in namespaces.iter().enumerate() {
        let kind = namespace.typ();
        ensure!(
            !namespaces[..n].iter().any(|other| other.typ() == kind),
            "the {kind} namespace is given twice"
        );
        ensure!(kind != LinuxNamespaceType::Time, "time namespaces are not supported");
    }
    ensure!(has_namespace(linux, LinuxNamespaceType::Mount), "a container needs a mount namespace");
    // mknod is refused in a user namespace, so devices are bound from the host instead.
    ensure!(
        linux.devices().as_deref().unwrap_or_default().is_empty(),
        "device nodes cannot be made: bind them"
    );
    ensure!(linux.resources().is_none(), "resource limits are not supported");
    ensure!(linux.seccomp().is_none(), "system-call filters of a spec are not supported");
    ensure!(linux.mount_label().is_none(), "SELinux labels are not supported");
    ensure!(linux.intel_rdt().is_none(), "Intel RDT is not supported");
    ensure!(linux.net_devices().is_none(), "network devices cannot be moved into a container");
    let hidden = linux.masked_paths().iter().chain(linux.readonly_paths()).flatten();
    for path in hidden {
        ensure!(path.starts_with('/'), "the path {path:?} to hide or protect is not absolute");
    }
    for name in linux.sysctl().iter().flat_map(|sysctls| sysctls.keys()) {
        check_sysctl(name, linux)?;
    }
    Ok(())
}

fn has_namespace(linux: &Linux, kind: LinuxNamespaceType) -> bool {
    linux.namespaces().iter().flatten().any(|namespace| namespace.typ() == kind)
}

/// Checks that a kernel parameter belongs to a namespace of the container's own, so that no other is changed.
fn check_sysctl(name: &str, linux: &Linux) -> anyhow::Result<()> {
    let parts = || name.split(['.', '/']);
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-:@".contains(&b))
    };
    ensure!(parts().all(plain), "sysctl {name:?} is no parameter's name");
    let dotted = name.replace('/', ".");
    ensure!(dotted != "kernel.hostname", "sysctl {name:?}: use --hostname");
    let (kind, flag) = match sysctl::owner(&dotted) {
        Some(sysctl::Owner::Ipc) => (LinuxNamespaceType::Ipc, "IPC"),
        Some(sysctl::Owner::Network) => (LinuxNamespaceType::Network, "network"),
        Some(sysctl::Owner::Uts) => (LinuxNamespaceType::Uts, "UTS"),
        None => bail!("sysctl {name:?} is not of a namespace: it would change the host"),
    };
    ensure!(has_namespace(linux, kind), "sysctl {name:?} not allowed in host {flag} namespace");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use oci_spec::runtime::{LinuxNamespace, PosixRlimitBuilder, PosixRlimitType};

    use super::*;
    use crate::runtime::spec::defaults::mount;

    fn namespaces(kinds: &[LinuxNamespaceType]) -> Vec<LinuxNamespace> {
        kinds
            .iter()
            .map(|&kind| {
                let mut namespace = LinuxNamespace::default();
                namespace.set_typ(kind);
                namespace
            })
            .collect()
    }

    /// A spec that is valid, for a test to spoil.
    fn spec() -> Spec {
        let mut process = Process::default();
        process.set_rlimits(None);
        let mut linux = Linux::default();
        use LinuxNamespaceType::{Ipc, Mount, Network, Pid, Uts};
        linux.set_namespaces(Some(namespaces(&[Mount, Pid, Network, Ipc, Uts]))).set_resources(None);
        let mut spec = Spec::default();
        spec.set_process(Some(process)).set_linux(Some(linux));
        spec
    }

    fn error(spoil: impl FnOnce(&mut Spec)) -> String {
        let mut spec = spec();
        spoil(&mut spec);
        validate(&spec).unwrap_err().to_string()
    }

    fn process(spec: &mut Spec) -> &mut Process {
        spec.process_mut().as_mut().unwrap()
    }

    fn linux(spec: &mut Spec) -> &mut Linux {
        spec.linux_mut().as_mut().unwrap()
    }

    #[test]
    fn what_cannot_be_honoured_is_refused() {
        validate(&spec()).unwrap();
        let empty: Vec<String> = Vec::new();
        assert_eq!(
            error(|s| {
                process(s).set_args(Some(empty));
            }),
            "no command specified"
        );
        assert!(
            error(|s| {
                process(s).set_args(Some(vec!["a\0b".to_owned()]));
            })
            .contains("NUL")
        );
        assert!(
            error(|s| {
                process(s).set_cwd("tmp".into());
            })
            .contains("needs to be an absolute path")
        );
        assert!(
            error(|s| {
                process(s).set_apparmor_profile(Some("x".to_owned()));
            })
            .contains("AppArmor")
        );
        assert!(
            error(|s| {
                s.set_hooks(Some(Default::default()));
            })
            .contains("hooks")
        );
        assert!(
            error(|s| {
                linux(s).set_resources(Some(Default::default()));
            })
            .contains("resource limits")
        );
        assert!(
            error(|s| {
                linux(s).set_devices(Some(vec![Default::default()]));
            })
            .contains("device nodes")
        );
        assert!(
            error(|s| {
                linux(s).set_seccomp(Some(Default::default()));
            })
            .contains("system-call filters")
        );
        assert!(
            error(|s| {
                linux(s).set_namespaces(Some(namespaces(&[])));
            })
            .contains("UTS")
        );
        assert!(
            error(|s| {
                linux(s).set_masked_paths(Some(vec!["x".to_owned()]));
            })
            .contains("not absolute")
        );
        let twice = namespaces(&[LinuxNamespaceType::Uts, LinuxNamespaceType::Uts]);
        assert!(
            error(|s| {
                linux(s).set_namespaces(Some(twice));
            })
            .contains("twice")
        );
    }

    #[test]
    fn limits_are_given_once_and_in_order() {
        let limit = |kind, soft: u64, hard: u64| {
            PosixRlimitBuilder::default().typ(kind).soft(soft).hard(hard).build().unwrap()
        };
        use PosixRlimitType::{RlimitCore, RlimitNofile};
        for (limits, want) in [
            (vec![limit(RlimitCore, 2, 1)], "ulimit RLIMIT_CORE: the soft limit is above the hard one"),
            (
                vec![limit(RlimitNofile, 1, 1), limit(RlimitNofile, 2, 2)],
                "ulimit RLIMIT_NOFILE is given twice",
            ),
        ] {
            assert_eq!(
                error(|s| {
                    process(s).set_rlimits(Some(limits));
                }),
                want
            );
        }
    }

    #[test]
    fn mounts_go_beneath_the_root() {
        for target in ["/", "tmp", "/a/../../b", ""] {
            let text = error(|s| {
                s.set_mounts(Some(vec![mount(target, "tmpfs", "tmpfs", &[""; 0])]));
            });
            assert!(text.starts_with("invalid mount path"), "{target:?}: {text}");
        }
    }

    #[test]
    fn cve_2024_21626_a_descriptor_is_no_working_directory() {
        for cwd in ["/proc/self/fd/7", "/proc/1/fd/3/../..", "/proc/thread-self/fd", "//proc/./self/fd/8"] {
            let text = error(|s| {
                process(s).set_cwd(cwd.into());
            });
            assert!(text.contains("a descriptor of a process"), "{cwd}: {text}");
        }
        for cwd in ["/", "/proc", "/home/fd", "/proc/sys"] {
            let mut spec = spec();
            process(&mut spec).set_cwd(cwd.into());
            validate(&spec).unwrap();
        }
    }

    #[test]
    fn only_parameters_of_own_namespaces_are_set() {
        let set = |spec: &mut Spec, name: &str| {
            linux(spec).set_sysctl(Some(HashMap::from([(name.to_owned(), "1".to_owned())])));
        };
        for name in [
            "net.ipv4.ip_forward",
            "net/ipv4/conf/eth0.1/x",
            "kernel.msgmax",
            "fs.mqueue.msg_max",
            "kernel.sem",
        ] {
            let mut spec = spec();
            set(&mut spec, name);
            validate(&spec).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        for (name, want) in [
            ("kernel.core_pattern", "not of a namespace"),
            ("vm.swappiness", "not of a namespace"),
            ("kernel.shmall2", "not of a namespace"),
            ("kernel.hostname", "use --hostname"),
            ("net.ipv4..ip_forward", "no parameter's name"),
            ("net/../kernel/core_pattern", "no parameter's name"),
            ("net.ipv4.a b", "no parameter's name"),
            ("", "no parameter's name"),
        ] {
            let text = error(|s| set(s, name));
            assert!(text.contains(want), "{name:?}: {text}");
        }
        for (name, flag) in
            [("net.ipv4.ip_forward", "network"), ("kernel.sem", "IPC"), ("fs.mqueue.x", "IPC")]
        {
            let text = error(|s| {
                set(s, name);
                linux(s)
                    .set_namespaces(Some(namespaces(&[LinuxNamespaceType::Mount, LinuxNamespaceType::Uts])));
            });
            assert_eq!(text, format!("sysctl {name:?} not allowed in host {flag} namespace"));
        }
    }
}
