//! `--mount type=bind|volume|tmpfs,source=…,target=…,…`.

use crate::{
    base::size,
    store::container::{MountConfig, MountSource},
};

use super::{csv, target, volume};

/// Reads one `--mount`.
pub fn parse(text: &str) -> Result<MountConfig, String> {
    let mut fields = Fields::default();
    for field in csv::split(text)? {
        fields.set(&field)?;
    }
    fields.finish()
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bind,
    #[default]
    Volume,
    Tmpfs,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Kind::Bind => "bind",
            Kind::Volume => "volume",
            Kind::Tmpfs => "tmpfs",
        }
    }
}

/// What the fields said, before they are held against each other.
#[derive(Debug, Default)]
struct Fields {
    kind: Kind,
    source: Option<String>,
    target: Option<String>,
    readonly: bool,
    chown: bool,
    propagation: String,
    no_copy: bool,
    flat: bool,
    recursive_readonly: bool,
    writable_below: bool,
    options: Vec<String>,
    /// Keys that are for one kind of mount only.
    special: Vec<(Kind, String)>,
}

impl Fields {
    fn set(&mut self, field: &str) -> Result<(), String> {
        let (key, value) = match field.split_once('=') {
            Some((key, value)) => (key.to_ascii_lowercase(), Some(value)),
            None => (field.to_ascii_lowercase(), None),
        };
        if !self.set_switch(&key, value)? {
            let value = value.ok_or_else(|| format!("invalid field '{field}' must be a key=value pair"))?;
            self.set_value(&key, value, field)?;
        }
        Ok(())
    }

    /// Keys that may stand without a value. Says whether this is one.
    fn set_switch(&mut self, key: &str, value: Option<&str>) -> Result<bool, String> {
        let on = || match value {
            None | Some("true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(value) => Err(format!("invalid value for {key}: {value}")),
        };
        match key {
            "readonly" | "ro" => self.readonly = on()?,
            "rw" => self.readonly = !on()?,
            "u" | "chown" => self.chown = on()?,
            "volume-nocopy" => self.no_copy = self.only(Kind::Volume, key, on()?),
            "bind-nonrecursive" => self.flat = self.only(Kind::Bind, key, on()?),
            "exec" | "noexec" | "suid" | "nosuid" | "dev" | "nodev" if value.is_none() => {
                self.options.push(key.to_owned());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn only<T>(&mut self, kind: Kind, key: &str, value: T) -> T {
        self.special.push((kind, key.to_owned()));
        value
    }

    fn set_value(&mut self, key: &str, value: &str, field: &str) -> Result<(), String> {
        match key {
            "type" => self.kind = kind(value)?,
            "source" | "src" => self.source = Some(value.to_owned()),
            "target" | "destination" | "dst" => self.target = Some(target(value)?),
            "bind-propagation" if volume::is_propagation(value) => {
                self.propagation = self.only(Kind::Bind, key, value.to_owned());
            }
            "bind-propagation" => return Err(format!("invalid value for {key}: {value}")),
            "bind-recursive" => self.set_recursive(key, value)?,
            "tmpfs-size" => {
                let bytes = size::parse(value).map_err(|_| format!("invalid value for {key}: {value}"))?;
                let option = self.only(Kind::Tmpfs, key, format!("size={bytes}"));
                self.options.push(option);
            }
            "tmpfs-mode" => {
                let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777);
                let mode = mode.ok_or_else(|| format!("invalid value for {key}: {value}"))?;
                let option = self.only(Kind::Tmpfs, key, format!("mode={mode:o}"));
                self.options.push(option);
            }
            // docker's consistency and podman's relabel change nothing here, as with `-v`.
            "consistency" if matches!(value, "default" | "consistent" | "cached" | "delegated") => {}
            "relabel" if matches!(value, "shared" | "private") => {}
            "volume-driver" if value == "local" => self.only(Kind::Volume, key, ()),
            "volume-driver" => return Err(format!("there is no volume driver {value:?}, only local")),
            "volume-subpath" => {
                return Err(format!("{key} is not supported: a volume is mounted as a whole"));
            }
            "volume-label" | "volume-opt" => {
                return Err(format!(
                    "{key} is not supported: make the volume with 'coracle volume create' first"
                ));
            }
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        }
        Ok(())
    }

    fn set_recursive(&mut self, key: &str, value: &str) -> Result<(), String> {
        match value {
            "enabled" => self.flat = false,
            "writable" => self.writable_below = true,
            "disabled" => self.flat = true,
            "readonly" => self.recursive_readonly = true,
            _ => return Err(format!("invalid value for {key}: {value}")),
        }
        self.only(Kind::Bind, key, ());
        Ok(())
    }

    fn finish(mut self) -> Result<MountConfig, String> {
        let target = self.target.take().ok_or("target is required")?;
        if let Some((_, key)) = self.special.iter().find(|(kind, _)| *kind != self.kind) {
            return Err(format!("cannot mix '{key}' with mount type '{}'", self.kind.word()));
        }
        for (word, asked) in [("readonly", self.recursive_readonly), ("writable", self.writable_below)] {
            if asked && !self.readonly {
                return Err(format!("option 'bind-recursive={word}' requires 'readonly'"));
            }
        }
        if self.recursive_readonly {
            self.options.push("rro".to_owned());
        }
        Ok(MountConfig {
            source: self.mount_source()?,
            target,
            readonly: self.readonly,
            writable_below: self.writable_below,
            chown: self.chown,
            no_copy: self.no_copy,
            propagation: self.propagation,
            options: self.options,
        })
    }

    fn mount_source(&self) -> Result<MountSource, String> {
        let source = self.source.as_deref().unwrap_or_default();
        match self.kind {
            Kind::Bind if source.is_empty() => Err("source is required for a bind mount".to_owned()),
            Kind::Bind => Ok(MountSource::Bind { path: volume::absolute(source)?, recursive: !self.flat }),
            Kind::Volume if source.is_empty() => {
                Ok(MountSource::Volume { name: String::new(), anonymous: true })
            }
            Kind::Volume => volume::volume(source),
            Kind::Tmpfs if source.is_empty() => Ok(MountSource::Tmpfs),
            Kind::Tmpfs => Err("a tmpfs mount takes no source".to_owned()),
        }
    }
}

fn kind(word: &str) -> Result<Kind, String> {
    match word.to_ascii_lowercase().as_str() {
        "bind" => Ok(Kind::Bind),
        "volume" => Ok(Kind::Volume),
        "tmpfs" => Ok(Kind::Tmpfs),
        other => Err(format!("mount type {other:?} is not supported: must be bind, volume or tmpfs")),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn bind(path: &str, recursive: bool) -> MountSource {
        MountSource::Bind { path: PathBuf::from(path), recursive }
    }

    #[test]
    fn sources_and_targets() {
        let named = MountSource::Volume { name: "v".to_owned(), anonymous: false };
        let anonymous = MountSource::Volume { name: String::new(), anonymous: true };
        for (text, source, target) in [
            ("type=bind,source=/a,target=/b", bind("/a", true), "/b"),
            ("type=bind,src=/a,dst=/b/,bind-nonrecursive", bind("/a", false), "/b"),
            ("type=bind,src=/a,destination=/b,bind-recursive=disabled", bind("/a", false), "/b"),
            ("type=bind,\"src=/a,b\",dst=/b", bind("/a,b", true), "/b"),
            ("source=v,target=/b", named.clone(), "/b"),
            ("TYPE=Volume,Src=v,Target=/b", named, "/b"),
            ("type=volume,dst=/b", anonymous, "/b"),
            ("type=tmpfs,dst=/b", MountSource::Tmpfs, "/b"),
        ] {
            let mount = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((mount.source, mount.target.as_str()), (source, target), "{text}");
        }
    }

    #[test]
    fn modifiers() {
        let tmpfs = parse("type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770,noexec").unwrap();
        assert_eq!(tmpfs.options, ["size=67108864", "mode=1770", "noexec"]);
        for (text, readonly) in [
            ("type=bind,src=/a,dst=/b,readonly", true),
            ("type=bind,src=/a,dst=/b,ro=true", true),
            ("type=bind,src=/a,dst=/b,ro=1", true),
            ("type=bind,src=/a,dst=/b,readonly=false", false),
            ("type=bind,src=/a,dst=/b,rw", false),
        ] {
            assert_eq!(parse(text).unwrap().readonly, readonly, "{text}");
        }
        let mount = parse("type=bind,src=/a,dst=/b,bind-propagation=rslave,U").unwrap();
        assert_eq!((mount.propagation.as_str(), mount.chown), ("rslave", true));
        let mount = parse("type=bind,src=/a,dst=/b,ro,bind-recursive=readonly").unwrap();
        assert_eq!(mount.options, ["rro"]);
        let mount = parse("type=bind,src=/a,dst=/b,ro,bind-recursive=writable").unwrap();
        assert!(mount.readonly && mount.writable_below);
        assert!(parse("src=v,dst=/b,volume-nocopy").unwrap().no_copy);
    }

    #[test]
    fn errors_name_the_key() {
        for (text, want) in [
            ("", "invalid field '' must be a key=value pair"),
            ("type=bind,src=/a", "target is required"),
            ("type=bind,dst=/a", "source is required for a bind mount"),
            ("type=bind,src=/a,dst=b", "invalid mount path: 'b' mount path must be absolute"),
            ("type=nope,dst=/a", "mount type \"nope\" is not supported: must be bind, volume or tmpfs"),
            ("type=volume,dst=/a,foo=1", "unexpected key 'foo' in 'foo=1'"),
            ("dst=/a,foo", "invalid field 'foo' must be a key=value pair"),
            ("dst=/a,ro=maybe", "invalid value for ro: maybe"),
            (
                "type=tmpfs,dst=/a,bind-propagation=rshared",
                "cannot mix 'bind-propagation' with mount type 'tmpfs'",
            ),
            ("type=bind,src=/x,dst=/a,tmpfs-size=1m", "cannot mix 'tmpfs-size' with mount type 'bind'"),
            ("type=bind,src=/x,dst=/a,bind-propagation=x", "invalid value for bind-propagation: x"),
            ("type=tmpfs,dst=/a,tmpfs-mode=9", "invalid value for tmpfs-mode: 9"),
            ("type=tmpfs,dst=/a,tmpfs-size=lots", "invalid value for tmpfs-size: lots"),
            ("type=tmpfs,src=/x,dst=/a", "a tmpfs mount takes no source"),
            (
                "type=bind,src=/x,dst=/a,bind-recursive=readonly",
                "option 'bind-recursive=readonly' requires 'readonly'",
            ),
            (
                "type=bind,src=/x,dst=/a,bind-recursive=writable",
                "option 'bind-recursive=writable' requires 'readonly'",
            ),
            ("dst=/a,volume-subpath=x", "volume-subpath is not supported: a volume is mounted as a whole"),
            ("dst=/a,volume-driver=nfs", "there is no volume driver \"nfs\", only local"),
        ] {
            assert_eq!(parse(text).unwrap_err(), want, "{text}");
        }
    }
}
