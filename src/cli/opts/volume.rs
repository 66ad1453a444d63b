//! `-v [SOURCE:]TARGET[:MODE,…]`, docker's and podman's forms.

use std::path::{Path, PathBuf};

use crate::{
    base::id::check_name,
    store::container::{MountConfig, MountSource},
};

use super::target;

/// Reads one `--volume`. A source with a slash or a leading dot is a path, made absolute here; another is a volume's
/// name; without a source the volume is anonymous.
pub fn parse(text: &str) -> Result<MountConfig, String> {
    let invalid = |why: &str| format!("invalid volume specification: '{text}': {why}");
    let parts: Vec<&str> = text.split(':').collect();
    let (source, target_path, modes) = match parts[..] {
        [target] => ("", target, ""),
        [source, target] if target.starts_with('/') => (source, target, ""),
        // `/data:ro` is an anonymous volume with a mode.
        [target, modes] if target.starts_with('/') && modes.split(',').all(is_mode) => ("", target, modes),
        [source, target] => (source, target, ""),
        [source, target, modes] => (source, target, modes),
        _ => return Err(invalid("too many colons")),
    };
    if parts.len() > 1 && parts.iter().any(|part| part.is_empty()) {
        return Err(invalid("empty section between colons"));
    }
    let mut mount = MountConfig {
        source: if source.is_empty() { anonymous() } else { named_or_bind(source)? },
        target: target(target_path).map_err(|why| invalid(&why))?,
        readonly: false,
        writable_below: false,
        chown: false,
        no_copy: false,
        propagation: String::new(),
        options: Vec::new(),
    };
    apply_modes(&mut mount, modes)?;
    Ok(mount)
}

fn anonymous() -> MountSource {
    MountSource::Volume { name: String::new(), anonymous: true }
}

fn named_or_bind(source: &str) -> Result<MountSource, String> {
    if source.starts_with('.') || source.contains('/') {
        return Ok(MountSource::Bind { path: absolute(source)?, recursive: true });
    }
    volume(source)
}

/// A volume by name.
pub(super) fn volume(name: &str) -> Result<MountSource, String> {
    match check_name(name) {
        Ok(()) => Ok(MountSource::Volume { name: name.to_owned(), anonymous: false }),
        Err(_) => Err(format!(
            "{name:?} includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are \
             allowed. If you intended to pass a host directory, use absolute path"
        )),
    }
}

/// A path of the host: relative ones are from where the command runs.
pub(super) fn absolute(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).is_absolute() {
        return Ok(PathBuf::from(path));
    }
    std::path::absolute(path).map_err(|error| format!("make {path:?} absolute: {error}"))
}

const PROPAGATIONS: [&str; 6] = ["private", "rprivate", "slave", "rslave", "shared", "rshared"];

/// mount(8) flags that are passed on.
const FLAGS: [&str; 6] = ["exec", "noexec", "suid", "nosuid", "dev", "nodev"];

/// Says whether the word is a propagation mode.
pub(super) fn is_propagation(word: &str) -> bool {
    PROPAGATIONS.contains(&word)
}

fn is_mode(word: &str) -> bool {
    const OTHERS: [&str; 13] = [
        "ro",
        "rw",
        "z",
        "Z",
        "U",
        "nocopy",
        "copy",
        "bind",
        "rbind",
        "cached",
        "delegated",
        "consistent",
        "O",
    ];
    OTHERS.contains(&word) || is_propagation(word) || FLAGS.contains(&word)
}

/// Groups of modes of which one at most may be given.
fn group(mode: &str) -> &'static str {
    match mode {
        "ro" | "rw" => "ro or rw",
        "z" | "Z" => "z or Z",
        "nocopy" | "copy" => "copy or nocopy",
        "bind" | "rbind" => "bind or rbind",
        "cached" | "delegated" | "consistent" => "consistency",
        "exec" | "noexec" => "exec or noexec",
        "suid" | "nosuid" => "suid or nosuid",
        "dev" | "nodev" => "dev or nodev",
        "U" => "U",
        _ => "propagation",
    }
}

fn apply_modes(mount: &mut MountConfig, modes: &str) -> Result<(), String> {
    let mut seen = Vec::new();
    if modes.is_empty() {
        return Ok(());
    }
    for mode in modes.split(',') {
        if seen.contains(&group(mode)) {
            return Err(format!("invalid mode: {modes}: more than one of {}", group(mode)));
        }
        seen.push(group(mode));
        apply_mode(mount, mode).map_err(|why| format!("invalid mode: {modes}{why}"))?;
    }
    Ok(())
}

/// Labels (`z`, `Z`) and consistency change nothing here: there is no SELinux relabelling to do for processes that run
/// with the caller's own label, and no virtual machine in between.
fn apply_mode(mount: &mut MountConfig, mode: &str) -> Result<(), String> {
    let is_volume = matches!(mount.source, MountSource::Volume { .. });
    match mode {
        "rw" | "z" | "Z" | "copy" | "cached" | "delegated" | "consistent" => {}
        "ro" => mount.readonly = true,
        "U" => mount.chown = true,
        "nocopy" if is_volume => mount.no_copy = true,
        "nocopy" => return Err(": nocopy is for volumes".to_owned()),
        "bind" | "rbind" => match &mut mount.source {
            MountSource::Bind { recursive, .. } => *recursive = mode == "rbind",
            _ => return Err(format!(": {mode} is for paths of the host")),
        },
        "O" => return Err(": overlay volumes are not supported; give ro, or copy the directory".to_owned()),
        propagation if is_propagation(propagation) => mount.propagation = propagation.to_owned(),
        flag if FLAGS.contains(&flag) => mount.options.push(flag.to_owned()),
        unknown => return Err(format!(": unknown mode {unknown:?}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mount in one line: source, target, and what else is set.
    fn show(text: &str) -> String {
        let mount = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let mut line = match &mount.source {
            MountSource::Bind { path, recursive: true } => path.display().to_string(),
            MountSource::Bind { path, recursive: false } => format!("{} flat", path.display()),
            MountSource::Volume { name, anonymous } => {
                format!("{}{name}", if *anonymous { "?" } else { "@" })
            }
            MountSource::Tmpfs => "tmpfs".to_owned(),
        };
        line += &format!(" {}", mount.target);
        for (word, on) in [("ro", mount.readonly), ("chown", mount.chown), ("nocopy", mount.no_copy)] {
            line += &if on { format!(" {word}") } else { String::new() };
        }
        for option in mount.options.iter().chain(Some(&mount.propagation).filter(|p| !p.is_empty())) {
            line += &format!(" {option}");
        }
        line
    }

    #[test]
    fn every_form() {
        for (text, want) in [
            ("/data", "? /data"),
            ("/data:ro", "? /data ro"),
            ("/src:/dst", "/src /dst"),
            ("/src:/dst/", "/src /dst"),
            ("/src:/dst:ro", "/src /dst ro"),
            ("/src:/dst:rw,z", "/src /dst"),
            ("/src:/dst:ro,Z,U,rshared", "/src /dst ro chown rshared"),
            ("/src:/dst:bind,noexec,nosuid,nodev", "/src flat /dst noexec nosuid nodev"),
            ("/a b:/c d", "/a b /c d"),
            ("vol:/dst", "@vol /dst"),
            ("vol:/dst:nocopy,ro", "@vol /dst ro nocopy"),
            ("/src:/dst:cached", "/src /dst"),
        ] {
            assert_eq!(show(text), want, "{text}");
        }
    }

    #[test]
    fn relative_sources_begin_where_we_are() {
        let here = std::env::current_dir().unwrap();
        for (text, path) in [("./src:/dst", "src"), ("src/sub:/dst", "src/sub"), (".:/dst", "")] {
            let MountSource::Bind { path: found, .. } = parse(text).unwrap().source else { panic!("{text}") };
            assert_eq!(found, here.join(path), "{text}");
        }
        let MountSource::Bind { path, .. } = parse("~/x:/dst").unwrap().source else { panic!() };
        assert_eq!(path, here.join("~/x"), "the shell expands ~, not we");
    }

    #[test]
    fn errors_name_the_part() {
        for (text, part) in [
            ("", "mount path must be absolute"),
            ("data", "mount path must be absolute"),
            ("/a:/b:ro:x", "too many colons"),
            (":/b", "empty section"),
            ("/a:", "empty section"),
            ("/a:/b:", "empty section"),
            ("/a:b", "'b' mount path must be absolute"),
            ("/a:/", "destination can't be '/'"),
            ("/a:/b/..", "destination can't be '/'"),
            ("v@l:/b", "invalid characters for a local volume name"),
            ("~:/b", "invalid characters for a local volume name"),
            ("/a:/b:nope", "unknown mode \"nope\""),
            ("/a:/b:ro,rw", "more than one of ro or rw"),
            ("/a:/b:shared,slave", "more than one of propagation"),
            ("/a:/b:nocopy", "nocopy is for volumes"),
            ("vol:/b:rbind", "rbind is for paths"),
            ("/a:/b:O", "overlay volumes are not supported"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
