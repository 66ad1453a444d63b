//! `--security-opt`.

use std::{fs, path::PathBuf};

use anyhow::Context;

use crate::{
    runtime::seccomp,
    store::container::{SeccompChoice, SecurityConfig},
};

/// One `--security-opt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecurityOption {
    NoNewPrivileges(bool),
    SeccompDefault,
    SeccompUnconfined,
    SeccompFile(PathBuf),
    /// Paths to hide besides the usual ones.
    Mask(Vec<String>),
    /// Paths not to hide; `ALL` for all.
    Unmask(Vec<String>),
    /// Asks for what is the case anyway.
    AsItIs,
}

/// Reads one `--security-opt`.
pub fn parse(text: &str) -> Result<SecurityOption, String> {
    let (name, value) = text.split_once('=').or_else(|| text.split_once(':')).unwrap_or((text, ""));
    match (name, value) {
        ("no-new-privileges", "" | "true") => Ok(SecurityOption::NoNewPrivileges(true)),
        ("no-new-privileges", "false") => Ok(SecurityOption::NoNewPrivileges(false)),
        ("seccomp", "unconfined") => Ok(SecurityOption::SeccompUnconfined),
        ("seccomp", "builtin") => Ok(SecurityOption::SeccompDefault),
        ("seccomp", file) if !file.is_empty() => Ok(SecurityOption::SeccompFile(PathBuf::from(file))),
        ("mask", paths) => Ok(SecurityOption::Mask(absolute_paths(paths)?)),
        ("unmask", "ALL" | "all") | ("systempaths", "unconfined") => {
            Ok(SecurityOption::Unmask(vec!["ALL".to_owned()]))
        }
        ("unmask", paths) => Ok(SecurityOption::Unmask(absolute_paths(paths)?)),
        // No process is relabelled or given an AppArmor profile, so having none can be granted.
        ("label", "disable") | ("apparmor", "unconfined") => Ok(SecurityOption::AsItIs),
        ("label", _) => Err("SELinux labels are not supported, only label=disable".to_owned()),
        ("apparmor", _) => {
            Err("AppArmor profiles need privileges of the host; only apparmor=unconfined is possible"
                .to_owned())
        }
        _ => Err(format!("invalid --security-opt: {text:?}")),
    }
}

fn absolute_paths(text: &str) -> Result<Vec<String>, String> {
    text.split(':')
        .map(|path| super::clean(path).ok_or_else(|| format!("{path:?} is not an absolute path")))
        .collect()
}

/// Writes the options into a container's record; profiles are read now, so that they stay what they were.
pub fn apply(options: Vec<SecurityOption>, security: &mut SecurityConfig) -> anyhow::Result<()> {
    for option in options {
        match option {
            SecurityOption::NoNewPrivileges(on) => security.no_new_privileges = on,
            SecurityOption::SeccompDefault => security.seccomp = SeccompChoice::Default,
            SecurityOption::SeccompUnconfined => security.seccomp = SeccompChoice::Unconfined,
            SecurityOption::SeccompFile(path) => {
                let doing = || format!("read seccomp profile {}", path.display());
                let text = fs::read_to_string(&path).with_context(doing)?;
                security.seccomp = seccomp::parse_profile(&text).with_context(doing)?;
            }
            SecurityOption::Mask(paths) => security.mask.extend(paths),
            SecurityOption::Unmask(paths) => security.unmask.extend(paths),
            SecurityOption::AsItIs => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        use SecurityOption::*;
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        for (text, want) in [
            ("no-new-privileges", NoNewPrivileges(true)),
            ("no-new-privileges:true", NoNewPrivileges(true)),
            ("no-new-privileges=false", NoNewPrivileges(false)),
            ("seccomp=unconfined", SeccompUnconfined),
            ("seccomp:unconfined", SeccompUnconfined),
            ("seccomp=builtin", SeccompDefault),
            ("seccomp=/a/b.json", SeccompFile(PathBuf::from("/a/b.json"))),
            ("mask=/a:/b/", Mask(paths(&["/a", "/b"]))),
            ("unmask=ALL", Unmask(paths(&["ALL"]))),
            ("unmask=/proc/kcore", Unmask(paths(&["/proc/kcore"]))),
            ("systempaths=unconfined", Unmask(paths(&["ALL"]))),
            ("label=disable", AsItIs),
            ("apparmor=unconfined", AsItIs),
        ] {
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        for bad in [
            "",
            "nope",
            "seccomp",
            "seccomp=",
            "no-new-privileges=maybe",
            "mask=",
            "mask=a",
            "unmask=/a:b",
            "label=type:x",
            "apparmor=docker-default",
            "systempaths=x",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn profiles_are_read_and_later_options_win() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        fs::write(&path, "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}").unwrap();
        let mut security = SecurityConfig::default();
        let file = SecurityOption::SeccompFile(path.clone());
        apply(vec![SecurityOption::SeccompUnconfined, file.clone()], &mut security).unwrap();
        assert!(matches!(security.seccomp, SeccompChoice::Profile(_)));
        fs::write(&path, "{").unwrap();
        let error = format!("{:#}", apply(vec![file], &mut security).unwrap_err());
        assert!(error.starts_with(&format!("read seccomp profile {}", path.display())), "{error}");
    }
}
