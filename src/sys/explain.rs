//! Why the kernel refused, and what helps: errno and situation give a likely cause and a remedy, named with the values
//! that this host has.

use std::fs;

use rustix::io::Errno;

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// clone3 or unshare with CLONE_NEWUSER.
    NewUserNamespace,
    /// Writing uid_map or gid_map, or what newuidmap said.
    WriteMap,
    /// Anything that needs the capabilities of a user namespace: mounting, mostly.
    SetUp,
    /// Executing memory: the exec stub.
    ExecMemory,
    /// A path in the state directory.
    Store,
}

/// The likely cause and its remedy, where one is known: one line for `hint:`.
pub fn hint(errno: Errno, situation: Situation) -> Option<String> {
    match (situation, errno) {
        (Situation::NewUserNamespace, Errno::NOSPC | Errno::USERS) => Some(too_many_namespaces()),
        (Situation::NewUserNamespace, Errno::PERM | Errno::ACCESS | Errno::INVAL | Errno::NOSYS) => {
            no_user_namespaces(errno)
        }
        (Situation::WriteMap | Situation::SetUp, Errno::PERM | Errno::ACCESS) if apparmor_restricts() => {
            Some(apparmor_text())
        }
        (Situation::WriteMap | Situation::SetUp, Errno::PERM | Errno::NOSYS) if is_filtered() => {
            Some(filter_text())
        }
        (Situation::WriteMap, Errno::PERM) => Some(
            "the map was refused: if this runs inside a container, that container must allow user namespaces \
             (capability SETFCAP, for a map of root)"
                .to_owned(),
        ),
        (Situation::ExecMemory, Errno::ACCESS | Errno::PERM) => Some(
            "something keeps this process from executing memory: the sysctl vm.memfd_noexec, a security module, or \
             the --security-opt seccomp= profile"
                .to_owned(),
        ),
        (_, Errno::NOSPC | Errno::DQUOT) => Some("the file system or the quota of the state directory is full".to_owned()),
        _ => None,
    }
}

fn too_many_namespaces() -> String {
    let path = "/proc/sys/user/max_user_namespaces";
    match read(path).as_deref() {
        Some("0") => "user namespaces are switched off; the administrator can allow them with \
                      `sysctl -w user.max_user_namespaces=15000`"
            .to_owned(),
        Some(limit) => {
            format!("the limit of user namespaces is reached (user.max_user_namespaces is {limit})")
        }
        None => "the limit of user namespaces is reached, or they are nested 32 deep".to_owned(),
    }
}

fn no_user_namespaces(errno: Errno) -> Option<String> {
    if read("/proc/sys/kernel/unprivileged_userns_clone").as_deref() == Some("0") {
        return Some(
            "user namespaces are kept from ordinary users; the administrator can allow them with \
             `sysctl -w kernel.unprivileged_userns_clone=1`"
                .to_owned(),
        );
    }
    if read("/proc/sys/user/max_user_namespaces").as_deref() == Some("0") {
        return Some(too_many_namespaces());
    }
    if apparmor_restricts() {
        return Some(apparmor_text());
    }
    match errno {
        // Such a policy answers ENOSYS to clone3, whose flags it cannot read.
        Errno::PERM | Errno::NOSYS if is_filtered() => Some(filter_text()),
        Errno::INVAL | Errno::NOSYS => Some("this kernel was built without user namespaces".to_owned()),
        _ => Some(
            "a sandbox around this process keeps it from making user namespaces: a chroot or a security module"
                .to_owned(),
        ),
    }
}

/// Says whether a seccomp policy is in force: proc_pid_status(5).
fn is_filtered() -> bool {
    read("/proc/self/status").is_some_and(|status| status.lines().any(|line| line == "Seccomp:\t2"))
}

fn filter_text() -> String {
    "a seccomp policy around this process, a container's most likely, is in the way; run that container with \
     --security-opt seccomp=unconfined"
        .to_owned()
}

/// Ubuntu 23.10 and later: a program without a profile of its own gets no capabilities in a user namespace.
fn apparmor_restricts() -> bool {
    read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").as_deref() == Some("1")
}

fn apparmor_text() -> String {
    let program = std::env::current_exe()
        .map_or("/usr/local/bin/coracle".to_owned(), |path| path.display().to_string());
    format!(
        "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns=1); the administrator can \
         allow this program with the profile `abi <abi/4.0>, profile coracle {program} flags=(unconfined) {{ userns, }}` \
         in /etc/apparmor.d/coracle"
    )
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_causes_have_a_remedy_and_others_none() {
        for (errno, situation, known) in [
            (Errno::NOSPC, Situation::NewUserNamespace, true),
            (Errno::PERM, Situation::NewUserNamespace, true),
            (Errno::DQUOT, Situation::Store, true),
            (Errno::PERM, Situation::WriteMap, true),
            (Errno::NOENT, Situation::SetUp, false),
        ] {
            assert_eq!(hint(errno, situation).is_some(), known, "{errno:?} {situation:?}");
        }
    }
}
