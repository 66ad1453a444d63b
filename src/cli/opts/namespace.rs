//! `--pid`, `--ipc`, `--uts`, `--userns`, `--network`: whose namespaces a container has.

pub use crate::engine::container::create::{NamespaceChoice, NetworkChoice};
use crate::store::container::UserNamespace;

/// Reads `--pid` or `--uts`.
pub fn parse(text: &str) -> Result<NamespaceChoice, String> {
    match text.split_once(':') {
        None if text == "host" => Ok(NamespaceChoice::Host),
        None if matches!(text, "" | "private") => Ok(NamespaceChoice::Private),
        Some(("container", name)) if !name.is_empty() => Ok(NamespaceChoice::Container(name.to_owned())),
        _ => Err("must be private, host or container:NAME".to_owned()),
    }
}

/// Reads `--ipc`. Any container's may be shared, so `shareable` is `private`.
pub fn ipc(text: &str) -> Result<NamespaceChoice, String> {
    match text {
        "shareable" => Ok(NamespaceChoice::Private),
        "none" => Err("a container without /dev/shm is not supported".to_owned()),
        other => parse(other),
    }
}

/// Reads `--userns`. In docker's words `host` is the map that all containers share, which is how ours run anyway.
pub fn user(text: &str) -> Result<UserNamespace, String> {
    let caller = || (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    match text.split_once(':') {
        None => match text {
            "" | "host" => Ok(UserNamespace::Shared),
            "private" | "auto" => Ok(UserNamespace::Private),
            "keep-id" => {
                let (uid, gid) = caller();
                Ok(UserNamespace::KeepId { uid, gid })
            }
            _ => Err("must be host, private, auto or keep-id".to_owned()),
        },
        Some(("keep-id", options)) => {
            let (mut uid, mut gid) = caller();
            for option in options.split(',') {
                let id = |value: &str| value.parse().map_err(|_| format!("invalid id in {option:?}"));
                match option.split_once('=') {
                    Some(("uid", value)) => uid = id(value)?,
                    Some(("gid", value)) => gid = id(value)?,
                    _ => return Err(format!("unknown option {option:?}: keep-id takes uid and gid")),
                }
            }
            Ok(UserNamespace::KeepId { uid, gid })
        }
        Some(("auto", _)) => Err("auto takes no options: the map is the caller's".to_owned()),
        Some(_) => Err("must be host, private, auto or keep-id".to_owned()),
    }
}

/// Reads `--network`.
pub fn network(text: &str) -> Result<NetworkChoice, String> {
    match text.split_once(':') {
        None if text == "none" => Ok(NetworkChoice::None),
        None if text == "host" => Ok(NetworkChoice::Host),
        None if text == "default" => Ok(NetworkChoice::default()),
        Some(("container", name)) if !name.is_empty() => Ok(NetworkChoice::Container(name.to_owned())),
        _ => {
            Err("networks of containers' own are not there yet: must be none, host or container:NAME"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let web = || NamespaceChoice::Container("web".to_owned());
        for (text, want) in [
            ("", NamespaceChoice::Private),
            ("private", NamespaceChoice::Private),
            ("host", NamespaceChoice::Host),
            ("container:web", web()),
        ] {
            assert_eq!(parse(text), Ok(want.clone()), "{text}");
            assert_eq!(ipc(text), Ok(want), "{text}");
        }
        assert_eq!(ipc("shareable"), Ok(NamespaceChoice::Private));
        for bad in ["shareable", "none", "container:", "container", "ns:/proc/1/ns/pid", "Host"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(network("container:web"), Ok(NetworkChoice::Container("web".to_owned())));
        assert_eq!(network("host"), Ok(NetworkChoice::Host));
        assert!(network("bridge").is_err() && network("").is_err() && network("mynet").is_err());
    }

    #[test]
    fn user_namespaces() {
        for (text, want) in [
            ("host", UserNamespace::Shared),
            ("private", UserNamespace::Private),
            ("auto", UserNamespace::Private),
            ("keep-id:uid=5,gid=6", UserNamespace::KeepId { uid: 5, gid: 6 }),
        ] {
            assert_eq!(user(text), Ok(want), "{text}");
        }
        assert!(matches!(user("keep-id"), Ok(UserNamespace::KeepId { .. })));
        for bad in
            ["nomap", "keep-id:", "keep-id:uid=x", "keep-id:size=1", "auto:size=5", "ns:/x", "container:x"]
        {
            assert!(user(bad).is_err(), "{bad}");
        }
    }
}
