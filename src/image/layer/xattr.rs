//! Extended attributes of an archive: which of them a tree keeps, and how. xattr(7), capabilities(7).
//!
//! Kept are `user.*` and `security.capability`. Dropped are those by which an archive could steer overlayfs
//! (`user.overlay.*`, `trusted.*`) or us (`user.coracle.*`), what the host's security modules decide on
//! (`security.*`), and ACLs (`system.*`), whose ids would need a map.

use std::{borrow::Cow, os::fd::AsFd};

use anyhow::Context;
use rustix::{
    fs::{XattrFlags, fsetxattr},
    io::Errno,
};

use super::archive::printable;

const CAPABILITY: &[u8] = b"security.capability";

/// Where a capability stands that the kernel did not take, which gives it to nobody.
const CAPABILITY_NOTE: &str = "user.coracle.capability";

/// An attribute that a tree keeps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Attribute<'a> {
    name: &'a [u8],
    value: Cow<'a, [u8]>,
}

impl<'a> Attribute<'a> {
    /// An attribute of ours.
    pub(super) fn own(name: &'static str, value: &'a str) -> Self {
        Attribute { name: name.as_bytes(), value: Cow::Borrowed(value.as_bytes()) }
    }

    /// An attribute of an archive, if it is to be kept.
    pub(super) fn kept(name: &'a [u8], value: &'a [u8]) -> Option<Self> {
        if name == CAPABILITY {
            return Some(Attribute { name, value: for_any_root(value) });
        }
        let is_ours = name.starts_with(b"user.overlay.") || name.starts_with(b"user.coracle.");
        (name.starts_with(b"user.") && !is_ours).then_some(Attribute { name, value: Cow::Borrowed(value) })
    }

    /// Sets it. A file system that knows no attributes goes without.
    pub(super) fn set(&self, file: impl AsFd) -> anyhow::Result<()> {
        match fsetxattr(&file, self.name, &self.value, XattrFlags::empty()) {
            Ok(()) | Err(Errno::OPNOTSUPP) => Ok(()),
            Err(Errno::PERM | Errno::INVAL) if self.name == CAPABILITY => {
                // Outside a user namespace of ours. Programs get along without: what they lack is told when they ask.
                let _ = fsetxattr(&file, CAPABILITY_NOTE, &self.value, XattrFlags::empty());
                Ok(())
            }
            Err(errno) => Err(errno).with_context(|| format!("set the attribute {}", printable(self.name))),
        }
    }
}

/// Takes the user namespace's root out of a capability's value, for which it was stored: the kernel puts ours in.
/// linux/capability.h, `vfs_ns_cap_data`: revision and flags, twice permitted and inheritable, root's id.
fn for_any_root(value: &[u8]) -> Cow<'_, [u8]> {
    const REVISION_2: u8 = 2;
    const REVISION_3: u8 = 3;
    match value {
        // Little-endian: the revision is the highest byte of the first word.
        [flags @ .., _, _, _, _] if value.len() == 24 && value[3] == REVISION_3 => {
            let mut value = flags.to_vec();
            value[3] = REVISION_2;
            Cow::Owned(value)
        }
        _ => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_steer_us_or_the_kernel_is_dropped() {
        let cases = [
            ("user.mime", true),
            ("user.overlay.opaque", false),
            ("user.overlay.redirect", false),
            ("user.coracle.owner", false),
            ("trusted.overlay.opaque", false),
            ("security.selinux", false),
            ("security.capability", true),
            ("system.posix_acl_access", false),
            ("xuser.a", false),
        ];
        for (name, is_kept) in cases {
            assert_eq!(Attribute::kept(name.as_bytes(), b"v").is_some(), is_kept, "{name}");
        }
    }

    #[test]
    fn a_capability_of_another_namespace_becomes_one_of_ours() {
        let mut third = vec![1, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xe8, 3, 0, 0];
        let second = [&[1, 0, 0, 2][..], &third[4..20]].concat();
        assert_eq!(*for_any_root(&third), *second);
        assert_eq!(*for_any_root(&second), *second);
        third.truncate(23);
        assert_eq!(*for_any_root(&third), *third);
    }
}
