//! Resource limits. getrlimit(2), prlimit(2).

use anyhow::{Context, bail};
use oci_spec::runtime::{PosixRlimit, PosixRlimitType};
use rustix::process::{Pid, Resource, Rlimit};

/// Sets this process's limits.
///
/// Should: come after everything that needs descriptors or memory of ours.
pub(super) fn apply(limits: &[PosixRlimit]) -> anyhow::Result<()> {
    for limit in limits {
        let name = limit.typ();
        let Some(resource) = resource(name) else { bail!("the limit {name} is not known here") };
        let new = Rlimit { current: value(limit.soft()), maximum: value(limit.hard()) };
        rustix::process::setrlimit(resource, new).with_context(|| {
            format!(
                "set the limit {name} to {}:{} (the caller's own is {})",
                shown(new.current),
                shown(new.maximum),
                shown(rustix::process::getrlimit(resource).maximum)
            )
        })?;
    }
    Ok(())
}

/// Raises a child's hard limits where the child, in its user namespace, may not do it, and we may. What cannot be
/// raised is reported when the child sets it.
pub(super) fn raise(child: Pid, limits: &[PosixRlimit]) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for limit in limits {
        let Some(resource) = resource(limit.typ()) else { continue };
        let now = rustix::process::getrlimit(resource);
        let wanted = value(limit.hard());
        let higher = match (now.maximum, wanted) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(now), Some(wanted)) => wanted > now,
        };
        if higher {
            let _ = rustix::process::prlimit(Some(child), resource, Rlimit { maximum: wanted, ..now });
        }
    }
}

fn shown(limit: Option<u64>) -> String {
    limit.map_or("unlimited".to_owned(), |limit| limit.to_string())
}

/// RLIM_INFINITY is no limit.
fn value(number: u64) -> Option<u64> {
    (number != u64::MAX).then_some(number)
}

fn resource(kind: PosixRlimitType) -> Option<Resource> {
    Some(match kind {
        PosixRlimitType::RlimitCpu => Resource::Cpu,
        PosixRlimitType::RlimitFsize => Resource::Fsize,
        PosixRlimitType::RlimitData => Resource::Data,
        PosixRlimitType::RlimitStack => Resource::Stack,
        PosixRlimitType::RlimitCore => Resource::Core,
        PosixRlimitType::RlimitRss => Resource::Rss,
        PosixRlimitType::RlimitNproc => Resource::Nproc,
        PosixRlimitType::RlimitNofile => Resource::Nofile,
        PosixRlimitType::RlimitMemlock => Resource::Memlock,
        PosixRlimitType::RlimitAs => Resource::As,
        PosixRlimitType::RlimitLocks => Resource::Locks,
        PosixRlimitType::RlimitSigpending => Resource::Sigpending,
        PosixRlimitType::RlimitMsgqueue => Resource::Msgqueue,
        PosixRlimitType::RlimitNice => Resource::Nice,
        PosixRlimitType::RlimitRtprio => Resource::Rtprio,
        PosixRlimitType::RlimitRttime => Resource::Rttime,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::testing::{alone, in_child};

    #[test]
    fn limits_are_set_and_what_cannot_be_is_told() {
        if !alone() {
            return;
        }
        in_child(|| {
            let limit = |soft, hard| {
                let json = serde_json::json!([{ "type": "RLIMIT_NOFILE", "soft": soft, "hard": hard }]);
                serde_json::from_value::<Vec<PosixRlimit>>(json).expect("valid")
            };
            apply(&limit(50, 60))?;
            let now = rustix::process::getrlimit(Resource::Nofile);
            anyhow::ensure!((now.current, now.maximum) == (Some(50), Some(60)), "{now:?}");
            // Soft above hard is wrong for root, too.
            let error = apply(&limit(61, 60)).expect_err("refused");
            anyhow::ensure!(format!("{error:#}").contains("RLIMIT_NOFILE to 61:60"), "{error:#}");
            Ok(())
        });
    }
}
