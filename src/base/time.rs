//! Points in time as records keep them: nanoseconds since the Unix epoch, printed as RFC 3339 in UTC.

use std::fmt;

use jiff::Timestamp as Instant;
use serde::{Deserialize, Serialize};

/// A point in time, in nanoseconds. Serialised as docker writes it: `2026-01-02T03:04:05.123456789Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(Instant);

impl Time {
    /// What the wall clock says now.
    pub fn now() -> Self {
        Time(Instant::now())
    }

    /// Seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.as_nanosecond().div_euclid(1_000_000_000) as i64
    }

    /// The underlying calendar-aware value.
    pub fn instant(self) -> Instant {
        self.0
    }
}

impl From<Instant> for Time {
    fn from(instant: Instant) -> Self {
        Time(instant)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.9}", self.0)
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for Time {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map(Time).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_nanoseconds_and_reads_them_back() {
        let time: Time = serde_json::from_str("\"2026-01-02T03:04:05.1Z\"").unwrap();
        assert_eq!(time.to_string(), "2026-01-02T03:04:05.100000000Z");
        assert_eq!(time.seconds(), 1767323045);
    }
}
