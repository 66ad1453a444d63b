//! `--tmpfs TARGET[:OPTION,…]`.

use crate::{
    base::size,
    store::container::{MountConfig, MountSource},
};

use super::target;

/// mount(8) words that a tmpfs takes.
const FLAGS: [&str; 14] = [
    "exec",
    "noexec",
    "suid",
    "nosuid",
    "dev",
    "nodev",
    "atime",
    "noatime",
    "diratime",
    "nodiratime",
    "relatime",
    "norelatime",
    "strictatime",
    "sync",
];

/// Reads one `--tmpfs`.
pub fn parse(text: &str) -> Result<MountConfig, String> {
    let (path, words) = text.split_once(':').unwrap_or((text, ""));
    let mut mount = MountConfig {
        source: MountSource::Tmpfs,
        target: target(path)?,
        readonly: false,
        writable_below: false,
        chown: false,
        no_copy: false,
        propagation: String::new(),
        options: Vec::new(),
    };
    for word in words.split(',').filter(|word| !word.is_empty()) {
        apply(&mut mount, word)?;
    }
    Ok(mount)
}

fn apply(mount: &mut MountConfig, word: &str) -> Result<(), String> {
    let invalid = || format!("invalid tmpfs option {word:?}");
    match word.split_once('=') {
        None if word == "ro" => mount.readonly = true,
        None if word == "rw" => mount.readonly = false,
        None if word == "U" => mount.chown = true,
        None if word == "tmpcopyup" => mount.options.push("copy-up".to_owned()),
        None if word == "notmpcopyup" => {}
        None if FLAGS.contains(&word) => mount.options.push(word.to_owned()),
        Some(("size", value)) if value.ends_with('%') => {
            let percent: u32 = value.trim_end_matches('%').parse().map_err(|_| invalid())?;
            mount.options.push(format!("size={percent}%"));
        }
        Some(("size", value)) => {
            let bytes = size::parse(value).map_err(|_| invalid())?;
            mount.options.push(format!("size={bytes}"));
        }
        Some(("mode", value)) => {
            let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777);
            mount.options.push(format!("mode={:o}", mode.ok_or_else(invalid)?));
        }
        Some(("uid" | "gid" | "nr_inodes" | "nr_blocks", value)) if value.parse::<u32>().is_ok() => {
            mount.options.push(word.to_owned());
        }
        _ => return Err(invalid()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked_and_kept_in_order() {
        for (text, options) in [
            ("/run", &[][..]),
            ("/run:", &[]),
            ("/run:size=64m,mode=1777", &["size=67108864", "mode=1777"]),
            ("/run:rw,noexec,nosuid,size=50%", &["noexec", "nosuid", "size=50%"]),
            ("/run:exec,uid=1000,gid=5", &["exec", "uid=1000", "gid=5"]),
            ("/run:tmpcopyup", &["copy-up"]),
        ] {
            let mount = parse(text).unwrap();
            assert_eq!(mount.options, options, "{text}");
            assert_eq!((mount.target.as_str(), mount.source), ("/run", MountSource::Tmpfs));
        }
        assert!(parse("/run:ro").unwrap().readonly);
        for bad in ["", "run", "/", "/run:nope", "/run:size=x", "/run:mode=8", "/run:uid=-1", "/run:size"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
