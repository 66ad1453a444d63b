//! Mount options in mount(8)'s words, told apart: the mount's attributes, how it is bound, the file system's own
//! parameters, and our two additions (`copy-up`, `U`).

use crate::sys::mount::{Attributes, Parameter, Propagation};

/// What the words mean.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) set: Attributes,
    /// `rro`: read-only with what is mounted below, where `ro` is for the mount itself alone.
    pub(super) recursive_readonly: bool,
    /// `bind`: without what is mounted below; `rbind`: with it.
    pub(super) bind: Option<bool>,
    pub(super) propagation: Option<Propagation>,
    pub(super) parameters: Vec<Parameter>,
    /// Fill an empty source from the image.
    pub(super) copy_up: bool,
    /// Give the source to the container's user.
    pub(super) chown: bool,
}

impl Options {
    /// Reads the words; a later one wins over an earlier.
    pub(super) fn parse(words: &[String]) -> Options {
        let mut options = Options {
            set: Attributes::empty(),
            recursive_readonly: false,
            bind: None,
            propagation: None,
            parameters: Vec::new(),
            copy_up: false,
            chown: false,
        };
        words.iter().for_each(|word| options.add(word));
        options
    }

    /// The attributes of a bind mount and all that is mounted below it, and those of its top alone.
    pub(super) fn by_depth(&self) -> (Attributes, Attributes) {
        match self.recursive_readonly {
            true => (self.set, Attributes::empty()),
            false => (
                self.set.difference(Attributes::MOUNT_ATTR_RDONLY),
                self.set.intersection(Attributes::MOUNT_ATTR_RDONLY),
            ),
        }
    }

    fn add(&mut self, word: &str) {
        if let Some((attribute, on)) = attribute(word) {
            self.set.set(attribute, on);
            if attribute == Attributes::MOUNT_ATTR_RDONLY {
                self.recursive_readonly = word == "rro";
            }
            return;
        }
        if let Some((kind, recursive)) = propagation(word) {
            self.propagation = Some(Propagation { kind, recursive });
            return;
        }
        match word {
            "bind" => self.bind = Some(false),
            "rbind" => self.bind = Some(true),
            "copy-up" => self.copy_up = true,
            "U" => self.chown = true,
            // What is so anyway, or has no meaning without SELinux.
            "defaults" | "z" | "Z" | "" => {}
            word => self.parameters.push(match word.split_once('=') {
                Some((key, value)) => Parameter::new(key, value),
                None => Parameter::word(word),
            }),
        }
    }
}

fn attribute(word: &str) -> Option<(Attributes, bool)> {
    Some(match word {
        "ro" | "rro" => (Attributes::MOUNT_ATTR_RDONLY, true),
        "rw" | "rrw" => (Attributes::MOUNT_ATTR_RDONLY, false),
        "nosuid" => (Attributes::MOUNT_ATTR_NOSUID, true),
        "suid" => (Attributes::MOUNT_ATTR_NOSUID, false),
        "nodev" => (Attributes::MOUNT_ATTR_NODEV, true),
        "dev" => (Attributes::MOUNT_ATTR_NODEV, false),
        "noexec" => (Attributes::MOUNT_ATTR_NOEXEC, true),
        "exec" => (Attributes::MOUNT_ATTR_NOEXEC, false),
        "noatime" => (Attributes::MOUNT_ATTR_NOATIME, true),
        "strictatime" => (Attributes::MOUNT_ATTR_STRICTATIME, true),
        "atime" => (Attributes::MOUNT_ATTR_NOATIME, false),
        // The kernel's default, and zero.
        "relatime" => (Attributes::empty(), true),
        "nodiratime" => (Attributes::MOUNT_ATTR_NODIRATIME, true),
        "diratime" => (Attributes::MOUNT_ATTR_NODIRATIME, false),
        "nosymfollow" => (Attributes::MOUNT_ATTR_NOSYMFOLLOW, true),
        _ => return None,
    })
}

fn propagation(word: &str) -> Option<(u64, bool)> {
    Some(match word {
        "private" => (libc::MS_PRIVATE, false),
        "rprivate" => (libc::MS_PRIVATE, true),
        "slave" => (libc::MS_SLAVE, false),
        "rslave" => (libc::MS_SLAVE, true),
        "shared" => (libc::MS_SHARED, false),
        "rshared" => (libc::MS_SHARED, true),
        "unbindable" => (libc::MS_UNBINDABLE, false),
        "runbindable" => (libc::MS_UNBINDABLE, true),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let words = ["rbind", "ro", "nosuid", "suid", "rslave", "size=64k", "newinstance", "U", "z"];
        let options = Options::parse(&words.map(str::to_owned));
        assert_eq!(options.set, Attributes::MOUNT_ATTR_RDONLY);
        assert_eq!(options.bind, Some(true));
        assert_eq!(options.propagation, Some(Propagation { kind: libc::MS_SLAVE, recursive: true }));
        assert_eq!(options.parameters, [Parameter::new("size", "64k"), Parameter::word("newinstance")]);
        assert!(options.chown && !options.copy_up);
    }

    #[test]
    fn read_only_reaches_as_deep_as_it_says() {
        let (none, readonly) = (Attributes::empty(), Attributes::MOUNT_ATTR_RDONLY);
        let noexec = Attributes::MOUNT_ATTR_NOEXEC;
        for (words, all, top) in [
            (&["rbind", "ro"][..], none, readonly),
            (&["rbind", "rro"], readonly, none),
            (&["rbind", "rro", "noexec"], readonly | noexec, none),
            (&["rbind", "ro", "noexec"], noexec, readonly),
            (&["rbind", "rro", "rw"], none, none),
            (&["rbind"], none, none),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(Options::parse(&words).by_depth(), (all, top), "{words:?}");
        }
    }
}
