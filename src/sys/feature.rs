//! Which kernel features are used. Each is tried where it is needed; a kernel that says it has none is asked once.
//! `CORACLE_WITHOUT=openat2,overlay` switches features off, so that tests walk the fallbacks on any kernel.
//! docs/kernel-features.md lists them.

use std::sync::atomic::{AtomicU32, Ordering};

use rustix::io::Errno;

/// A feature with a fallback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Feature {
    /// openat2(2), Linux 5.6: a path is resolved beneath a root in one call.
    Openat2,
    /// fsopen(2), fsmount(2), open_tree(2), move_mount(2), Linux 5.2.
    MountApi,
    /// overlayfs' `lowerdir+`, Linux 6.5: one call a layer.
    LowerdirAppend,
    /// mount_setattr(2), Linux 5.12: mount attributes of a whole tree.
    MountSetattr,
    /// overlayfs in a user namespace, Linux 5.11.
    Overlay,
    /// CLONE_CLEAR_SIGHAND, Linux 5.5.
    ClearSighand,
    /// setns(2) on a pidfd, Linux 5.8: all namespaces in one call.
    SetnsPidfd,
    /// close_range(2), Linux 5.9.
    CloseRange,
}

/// All features and the words that `CORACLE_WITHOUT` calls them.
pub const ALL: &[(Feature, &str)] = &[
    (Feature::Openat2, "openat2"),
    (Feature::MountApi, "mount-api"),
    (Feature::LowerdirAppend, "lowerdir-append"),
    (Feature::MountSetattr, "mount-setattr"),
    (Feature::Overlay, "overlay"),
    (Feature::ClearSighand, "clear-sighand"),
    (Feature::SetnsPidfd, "setns-pidfd"),
    (Feature::CloseRange, "close-range"),
];

/// One bit a missing feature; the top bit says that the environment was read.
static MISSING: AtomicU32 = AtomicU32::new(0);
const READ: u32 = 1 << 31;

impl Feature {
    fn bit(self) -> u32 {
        1 << (self as u32)
    }

    /// Says whether the feature is worth trying.
    pub fn is_usable(self) -> bool {
        let mut missing = MISSING.load(Ordering::Relaxed);
        if missing & READ == 0 {
            let words = std::env::var("CORACLE_WITHOUT").unwrap_or_default();
            let found = MISSING.fetch_or(parse(&words) | READ, Ordering::Relaxed);
            missing = found | parse(&words);
        }
        missing & self.bit() == 0
    }

    /// Remembers that the kernel does not have the feature. Tests call it to force a fallback, in a child of theirs.
    pub fn switch_off(self) {
        MISSING.fetch_or(self.bit(), Ordering::Relaxed);
    }

    /// Tries the feature; where the kernel (or a sandbox's filter) does not know the call, the fallback is used from
    /// then on.
    pub fn or_else<T, E: From<Errno>>(
        self,
        new: impl FnOnce() -> Result<T, Errno>,
        old: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if self.is_usable() {
            match new() {
                Err(Errno::NOSYS) => self.switch_off(),
                answer => return answer.map_err(E::from),
            }
        }
        old()
    }
}

/// The bits of the features that are named; words that name none are left out.
fn parse(words: &str) -> u32 {
    let named =
        |word: &str| ALL.iter().find(|(_, name)| *name == word.trim()).map(|(feature, _)| feature.bit());
    words.split(',').filter_map(named).fold(0, |bits, bit| bits | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_features() {
        assert_eq!(parse(""), 0);
        assert_eq!(parse("openat2, overlay,unknown"), Feature::Openat2.bit() | Feature::Overlay.bit());
    }

    #[test]
    fn an_unknown_call_is_made_once() {
        let feature = Feature::CloseRange;
        let mut calls = 0;
        for _ in 0..2 {
            let answer: Result<i32, Errno> = feature.or_else(
                || {
                    calls += 1;
                    Err(Errno::NOSYS)
                },
                || Ok(7),
            );
            assert_eq!(answer, Ok(7));
        }
        assert_eq!(calls, 1);
        MISSING.fetch_and(!feature.bit(), Ordering::Relaxed);
    }
}
