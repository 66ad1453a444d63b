//! What docker and podman have and coracle has not: the commands and flags that people type from memory. They are told
//! why, and never that they meant another one.

/// A command that docker or podman has and we have not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absence {
    /// It may come.
    Yet,
    /// It manages what we have none of.
    Ever,
}

/// Says whether `word`, which is none of our commands, is one of docker's or podman's.
pub(super) fn command(word: &str) -> Option<Absence> {
    if NO_SUCH_THING.contains(&word) {
        return Some(Absence::Ever);
    }
    NOT_YET.contains(&word).then_some(Absence::Yet)
}

/// Why a flag of docker's is not there. An empty verb is for the flags before the command.
pub(super) fn flag(verb: &str, flag: &str) -> Option<&'static str> {
    let flag = flag.split([' ', '=', '[']).next()?;
    let (_, _, why) = FLAGS.iter().find(|(verbs, name, _)| {
        let names_it = match name.strip_suffix('*') {
            Some(beginning) => flag.starts_with(beginning),
            None => flag == *name,
        };
        names_it && verbs.contains(&verb)
    })?;
    Some(why)
}

/// These belong to a daemon, a cluster, plug-ins or docker's own services.
const NO_SUCH_THING: &[&str] = &[
    "checkpoint",
    "config",
    "context",
    "farm",
    "machine",
    "model",
    "node",
    "plugin",
    "secret",
    "service",
    "stack",
    "swarm",
    "trust",
];

const NOT_YET: &[&str] = &[
    "artifact",
    "auto-update",
    "bake",
    "build",
    "builder",
    "buildx",
    "clone",
    "commit",
    "compose",
    "connect",
    "cp",
    "diff",
    "disconnect",
    "events",
    "export",
    "generate",
    "healthcheck",
    "init",
    "kube",
    "login",
    "logout",
    "manifest",
    "mount",
    "network",
    "pause",
    "play",
    "pod",
    "port",
    "push",
    "quadlet",
    "rename",
    "scout",
    "search",
    "sign",
    "stats",
    "top",
    "tree",
    "umount",
    "unmount",
    "unpause",
    "unshare",
    "update",
];

const RUN: &[&str] = &["create", "run"];
const ROOT: &[&str] = &[""];
const PULL: &[&str] = &["create", "pull", "run"];

const NETWORK: &str = "containers have no network of their own yet; --network host shares the host's";
const LIMIT: &str = "cgroup limits are not there yet; --ulimit limits each process";
const CGROUP: &str = "containers stay in the cgroup of the command that starts them";
const HEALTH: &str = "health checks are not there yet";
const LOG: &str = "there is one kind of log, in files of a bounded size; see 'coracle logs --help'";
const STORAGE: &str =
    "the size of a container's files is not limited; --tmpfs TARGET:size=SIZE limits a directory";
const TRUST: &str = "signatures are not checked: images come from files";
const NO_DAEMON: &str = "there is no daemon to connect to";

/// Which verbs, the flag (all that begin so, with a star), and why it is not there.
const FLAGS: &[(&[&str], &str, &str)] = &[
    (RUN, "-p", NETWORK),
    (RUN, "--publish", NETWORK),
    (RUN, "-P", NETWORK),
    (RUN, "--publish-all", NETWORK),
    (RUN, "--ip", NETWORK),
    (RUN, "--ip6", NETWORK),
    (RUN, "--mac-address", NETWORK),
    (RUN, "--network-alias", NETWORK),
    (RUN, "--net-alias", NETWORK),
    (RUN, "--link", NETWORK),
    (RUN, "--link-local-ip", NETWORK),
    (RUN, "-m", LIMIT),
    (RUN, "--memory", LIMIT),
    (RUN, "--memory-*", LIMIT),
    (RUN, "--kernel-memory", LIMIT),
    (RUN, "-c", LIMIT),
    (RUN, "--cpu-*", LIMIT),
    (RUN, "--cpus", LIMIT),
    (RUN, "--cpuset-*", LIMIT),
    (RUN, "--pids-limit", LIMIT),
    (RUN, "--blkio-*", LIMIT),
    (RUN, "--device-read-*", LIMIT),
    (RUN, "--device-write-*", LIMIT),
    (RUN, "--oom-kill-disable", LIMIT),
    (RUN, "--cgroup-parent", CGROUP),
    (RUN, "--cgroupns", CGROUP),
    (RUN, "--cgroups", CGROUP),
    (RUN, "--device-cgroup-rule", CGROUP),
    (RUN, "--health-*", HEALTH),
    (RUN, "--no-healthcheck", HEALTH),
    (RUN, "--log-driver", LOG),
    (RUN, "--log-opt", LOG),
    (&["logs"], "--details", LOG),
    (RUN, "--volumes-from", "name the volumes one by one with -v; 'coracle inspect' shows a container's"),
    (RUN, "--volume-driver", "there is no volume driver but local"),
    (RUN, "--storage-opt", STORAGE),
    (RUN, "--restart", "containers are not restarted by themselves yet; a systemd unit can do it"),
    (RUN, "--gpus", "--device gives the container a device of the host"),
    (RUN, "--runtime", "coracle is its own runtime"),
    (RUN, "--isolation", "it is for Windows"),
    (RUN, "-q", "no progress is shown that could be left out"),
    (RUN, "--quiet", "no progress is shown that could be left out"),
    (PULL, "--disable-content-trust", TRUST),
    (&["pull"], "-a", "'coracle load' takes all images of an archive"),
    (&["pull"], "--all-tags", "'coracle load' takes all images of an archive"),
    (&["rm"], "-l", "there are no links between containers"),
    (&["rm"], "--link", "there are no links between containers"),
    (&["start"], "--checkpoint*", "there are no checkpoints"),
    (ROOT, "-H", NO_DAEMON),
    (ROOT, "--host", NO_DAEMON),
    (ROOT, "-c", NO_DAEMON),
    (ROOT, "--context", NO_DAEMON),
    (ROOT, "--tls*", NO_DAEMON),
    (ROOT, "--config", "there is no configuration; --root says where images and containers are"),
    (ROOT, "-l", "there are no levels; -D shows each cause of an error"),
    (ROOT, "--log-level", "there are no levels; -D shows each cause of an error"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_known_with_and_without_a_value_and_for_their_verbs_alone() {
        for (verb, name, part) in [
            ("run", "-p", "no network"),
            ("create", "--publish=80:80", "no network"),
            ("run", "--memory-swap", "--ulimit"),
            ("run", "--cpuset-cpus <X>", "--ulimit"),
            ("run", "--health-cmd", "health checks"),
            ("rm", "--link", "between containers"),
            ("logs", "--details", "coracle logs"),
            ("", "-H", "no daemon"),
        ] {
            let why = flag(verb, name).unwrap_or_else(|| panic!("{verb} {name}"));
            assert!(why.contains(part), "{verb} {name}: {why}");
        }
        for (verb, name) in
            [("rm", "--memory"), ("run", "-H"), ("run", "--memor"), ("", "--link"), ("run", "")]
        {
            assert_eq!(flag(verb, name), None, "{verb} {name}");
        }
    }

    #[test]
    fn what_is_there_is_not_absent() {
        for (word, ..) in crate::cli::TOP {
            assert_eq!(command(word), None, "{word}");
        }
        for noun in crate::cli::NOUNS {
            assert_eq!(command(noun.name), None);
            for verb in noun.verbs {
                assert_eq!(command(verb.name), None, "{}", verb.name);
            }
        }
        for (verbs, name, _) in FLAGS {
            for verb in verbs.iter().filter_map(|verb| crate::cli::top_verb(verb.as_ref())) {
                let command = (verb.args)(clap::Command::new("x"));
                let is_there = command.get_arguments().any(|argument| {
                    let long = argument.get_long().map(|long| format!("--{long}"));
                    let short = argument.get_short().map(|short| format!("-{short}"));
                    long.as_deref() == Some(name) || short.as_deref() == Some(name)
                });
                assert!(!is_there, "{} {name}", verb.name);
            }
        }
    }
}
