//! Values of options, each kind in its file: from docker's text to the store's types. They are clap value parsers
//! (`#[arg(long, value_parser = opts::ulimit::parse)]`); their errors are what follows `invalid argument …: `.

pub mod add_host;
pub mod csv;
pub mod device;
pub mod env;
pub mod expose;
pub mod label;
pub mod list_file;
pub mod mount;
pub mod namespace;
pub mod pull;
pub mod security;
pub mod sysctl;
pub mod tmpfs;
pub mod ulimit;
pub mod umask;
pub mod volume;

use std::net::IpAddr;

use crate::engine::container::etc::check_hostname;

/// `--shm-size`, and whatever else is a size of memory.
pub fn size(text: &str) -> Result<u64, String> {
    crate::base::size::parse(text)
}

/// `--stop-signal`, `--signal`: checked, and kept as the user wrote it.
pub fn signal(text: &str) -> Result<String, String> {
    crate::base::signal::parse(text).map(|_| text.to_owned())
}

/// `--dns`.
pub fn ip_address(text: &str) -> Result<String, String> {
    match text.trim().parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => Err(format!("IP address is not correctly formatted: {text}")),
    }
}

/// `--name`; an empty one is none, as scripts have it that let the caller choose.
pub fn name(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    // docker's own listings show names with a slash before them.
    let name = text.strip_prefix('/').unwrap_or(text);
    crate::base::id::check_name(name).map(|()| name.to_owned()).map_err(|error| error.to_string())
}

/// `--hostname`; an empty one is none.
pub fn hostname(text: &str) -> Result<String, String> {
    if !text.is_empty() {
        check_hostname(text).map_err(|error| error.to_string())?;
    }
    Ok(text.to_owned())
}

/// `--oom-score-adj`.
pub fn oom_score_adj(text: &str) -> Result<i32, String> {
    let number = text.parse().map_err(|_| "want a whole number".to_owned())?;
    if (-1000..=1000).contains(&number) { Ok(number) } else { Err("must be from -1000 to 1000".to_owned()) }
}

/// The path that a program in a container sees: absolute, and not `/` itself.
fn target(path: &str) -> Result<String, String> {
    let clean =
        clean(path).ok_or_else(|| format!("invalid mount path: '{path}' mount path must be absolute"))?;
    if clean == "/" { Err("invalid specification: destination can't be '/'".to_owned()) } else { Ok(clean) }
}

/// An absolute path without `.`, `..` and doubled slashes, as Go's `path.Clean` gives it.
fn clean(path: &str) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_clean_absolute_paths() {
        for (path, want) in [("/a", "/a"), ("/a/", "/a"), ("//a/./b/../c", "/a/c"), ("/../a", "/a")] {
            assert_eq!(target(path).as_deref(), Ok(want));
        }
        for bad in ["", "a", "./a", "/", "/..", "/a/.."] {
            assert!(target(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn small_values() {
        assert_eq!(signal("SIGQUIT").as_deref(), Ok("SIGQUIT"));
        assert!(signal("SIGNOPE").is_err());
        assert_eq!(ip_address(" 1.1.1.1").as_deref(), Ok("1.1.1.1"));
        assert_eq!(ip_address("::1").as_deref(), Ok("::1"));
        assert!(ip_address("1.1.1").is_err());
        assert_eq!(name("/web").as_deref(), Ok("web"));
        assert_eq!(name("").as_deref(), Ok(""));
        assert!(name("a b").is_err() && name("/").is_err());
        assert_eq!(hostname("").as_deref(), Ok(""));
        assert!(hostname("web-1").is_ok() && hostname("a b").is_err());
        assert_eq!(oom_score_adj("-500"), Ok(-500));
        assert!(oom_score_adj("1001").is_err() && oom_score_adj("x").is_err());
    }
}
