//! Kernel parameters that belong to a namespace: the only ones that a container may have its own of. namespaces(7),
//! sysctl(8).

/// Whose a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Ipc,
    Network,
    Uts,
}

const IPC: &[&str] = &[
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
    "kernel.shm_rmid_forced",
];

/// The kind of namespace that a parameter, its name's parts joined by dots, belongs to; `None` for one of the whole host.
pub fn owner(name: &str) -> Option<Owner> {
    match name {
        _ if IPC.contains(&name) || name.starts_with("fs.mqueue.") => Some(Owner::Ipc),
        _ if name.starts_with("net.") => Some(Owner::Network),
        "kernel.domainname" | "kernel.hostname" => Some(Owner::Uts),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_namespace_has_its_own() {
        for (name, want) in [
            ("kernel.shm_rmid_forced", Some(Owner::Ipc)),
            ("fs.mqueue.msg_max", Some(Owner::Ipc)),
            ("net.ipv4.ip_forward", Some(Owner::Network)),
            ("kernel.domainname", Some(Owner::Uts)),
            ("kernel.core_pattern", None),
            ("fs.file-max", None),
            ("network", None),
        ] {
            assert_eq!(owner(name), want, "{name}");
        }
    }
}
