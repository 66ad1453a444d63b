//! Points in time as records keep them: nanoseconds since the Unix epoch, printed as RFC 3339 in UTC.

use std::fmt;

use jiff::{Timestamp as Instant, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::duration;

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

    /// In the local time zone, as docker's tables show it: `2026-01-02 15:04:05 +0100 CET`.
    pub fn local(self) -> String {
        self.0.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
    }

    /// The underlying calendar-aware value.
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// Reads a point in time as docker's options take it: a date and time (in the local zone, where it names none), seconds
/// since the epoch, or a while before now (`10m`).
pub fn parse(text: &str) -> Result<Time, String> {
    let invalid = || format!("invalid time {text:?}: want a time (2026-01-02T15:04:05Z) or a duration (10m)");
    if let Ok(time) = text.parse::<Instant>() {
        return Ok(Time(time));
    }
    if let Some(time) = seconds_and_fraction(text) {
        return time.map(Time).ok_or_else(invalid);
    }
    if let Ok(date) = text.parse::<DateTime>() {
        let zoned = date.to_zoned(TimeZone::system()).map_err(|_| invalid())?;
        return Ok(Time(zoned.timestamp()));
    }
    let before = duration::parse(text).map_err(|_| invalid())?;
    Time::now().0.checked_sub(before).map(Time).map_err(|_| invalid())
}

/// `1767366245` or `1767366245.25`; None for what is not of that form.
fn seconds_and_fraction(text: &str) -> Option<Option<Instant>> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) {
        return None;
    }
    let nanoseconds = format!("{fraction:0<9.9}").parse().ok();
    let seconds = seconds.parse().ok();
    Some(seconds.zip(nanoseconds).and_then(|(seconds, nanoseconds)| Instant::new(seconds, nanoseconds).ok()))
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
    fn points_in_time_are_read() {
        let cases = [
            ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z"),
            ("2026-01-02T03:04:05.25+01:00", "2026-01-02T02:04:05.250000000Z"),
            ("1767323045", "2026-01-02T03:04:05.000000000Z"),
            ("1767323045.000000001", "2026-01-02T03:04:05.000000001Z"),
            ("0", "1970-01-01T00:00:00.000000000Z"),
        ];
        for (text, time) in cases {
            assert_eq!(parse(text).unwrap().to_string(), time, "{text}");
        }
        assert!(parse("2026-01-02").is_ok() && parse("2026-01-02T03:04").is_ok());
        let hour = Time::now().seconds() - parse("1h").unwrap().seconds();
        assert!((3600..3660).contains(&hour), "{hour}");
        for text in ["", "yesterday", "12.", ".5", "99999999999999999999", "-5"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn prints_nanoseconds_and_reads_them_back() {
        let time: Time = serde_json::from_str("\"2026-01-02T03:04:05.1Z\"").unwrap();
        assert_eq!(time.to_string(), "2026-01-02T03:04:05.100000000Z");
        assert_eq!(time.seconds(), 1767323045);
    }
}
