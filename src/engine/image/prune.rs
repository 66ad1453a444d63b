//! `image prune`: removes images without a name, or (`-a`) without a container.

use anyhow::Context as _;
use jiff::ToSpan as _;

use crate::{
    base::{duration, filter::Filters, time::Time},
    engine::{Engine, Error},
    store::{gc, image::change_index, tmp},
    sys::userns,
};

use super::remove::Removed;

/// The filters that `image prune` knows.
pub const PRUNE_FILTERS: &[&str] = &["dangling", "label", "label!", "until"];

/// What to remove.
#[derive(Debug, Default)]
pub struct PruneOptions {
    /// Images with names as well, if no container uses them.
    pub all: bool,
    pub filters: Filters,
}

/// What went.
#[derive(Debug, Default)]
pub struct Pruned {
    pub removed: Vec<Removed>,
    /// Bytes that are free now, as du(1) counts.
    pub reclaimed: u64,
}

impl Engine {
    /// Removes unused images and everything in the store that nothing reaches. Enters a user namespace: call it while
    /// single-threaded.
    pub fn prune_images(&self, options: &PruneOptions) -> anyhow::Result<Pruned> {
        userns::enter_best().context("enter a user namespace")?;
        let mut pruned = Pruned::default();
        if self.layout.index().exists() {
            pruned.removed = self.delist_unused(options)?;
        }
        tmp::sweep(&self.layout)?;
        pruned.reclaimed = gc::collect(&self.layout).context("sweep the store")?.bytes;
        Ok(pruned)
    }

    fn delist_unused(&self, options: &PruneOptions) -> anyhow::Result<Vec<Removed>> {
        let filters = &options.filters;
        let until = filters.values("until").map(point_in_time).collect::<anyhow::Result<Vec<Time>>>()?;
        let all = options.all || filters.boolean("dangling").map_err(Error::Invalid)? == Some(false);
        let mut change = change_index(&self.layout)?;
        let users = self.image_users()?;
        let mut removed = Vec::new();
        for listed in self.listed(&change.index).0 {
            let image = &listed.image;
            let is_used = users
                .iter()
                .any(|user| user.image.id == image.id || user.image.manifest == listed.descriptor.digest);
            let is_wanted = (all || listed.is_dangling())
                && filters.admits_labels(&listed.labels())
                && until.iter().all(|limit| image.config.created() < Some(*limit));
            if is_wanted && !is_used {
                change.index.remove(&listed.descriptor.digest);
                removed.extend(listed.names.iter().map(|name| Removed::Untagged(name.familiar())));
                removed.push(Removed::Deleted(image.id));
            }
        }
        change.write()?;
        Ok(removed)
    }
}

/// Reads `until=…`: a duration before now (`24h`), a date and time, or seconds since the epoch.
pub(super) fn point_in_time(text: &str) -> anyhow::Result<Time> {
    let invalid = || Error::Invalid(format!("invalid filter 'until={text}': want a duration or a time"));
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.into());
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(jiff::Timestamp::from_second(seconds).map_err(|_| invalid())?.into());
    }
    if let Ok(date) = text.parse::<jiff::civil::DateTime>() {
        let zoned = date.to_zoned(jiff::tz::TimeZone::system()).map_err(|_| invalid())?;
        return Ok(zoned.timestamp().into());
    }
    let before = duration::parse(text).map_err(|_| invalid())?;
    let seconds = i64::try_from(before.as_secs()).map_err(|_| invalid())?;
    let time = Time::now().instant().checked_sub(seconds.seconds()).map_err(|_| invalid())?;
    Ok(time.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_points_in_time() {
        for (text, seconds) in [("2026-01-02T03:04:05Z", 1_767_323_045), ("1767323045", 1_767_323_045)] {
            assert_eq!(point_in_time(text).unwrap().seconds(), seconds, "{text}");
        }
        assert!(point_in_time("2026-01-02").is_ok() && point_in_time("2026-01-02T03:04").is_ok());
        let hour = Time::now().seconds() - point_in_time("1h").unwrap().seconds();
        assert!((3600..3660).contains(&hour), "{hour}");
        assert!(point_in_time("yesterday").is_err());
    }
}
