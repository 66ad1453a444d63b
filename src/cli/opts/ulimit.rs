//! `--ulimit NAME=SOFT[:HARD]`. getrlimit(2).

use crate::store::container::Ulimit;

const NAMES: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Reads one `--ulimit`; `-1` and `unlimited` are no limit.
pub fn parse(text: &str) -> Result<Ulimit, String> {
    let (name, limits) = text.split_once('=').ok_or_else(|| format!("invalid ulimit argument: {text}"))?;
    if !NAMES.contains(&name) {
        return Err(format!("invalid ulimit type: {name}"));
    }
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    if hard.contains(':') {
        return Err(format!("too many limit values - {limits}, can only have up to two, `soft[:hard]`"));
    }
    let ulimit = Ulimit { name: name.to_owned(), soft: limit(soft)?, hard: limit(hard)? };
    if ulimit.soft.unwrap_or(u64::MAX) > ulimit.hard.unwrap_or(u64::MAX) {
        return Err(format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"));
    }
    Ok(ulimit)
}

fn limit(text: &str) -> Result<Option<u64>, String> {
    match text {
        "-1" | "unlimited" => Ok(None),
        number => number.parse().map(Some).map_err(|_| format!("invalid limit {text:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        for (text, soft, hard) in [
            ("nofile=1024", Some(1024), Some(1024)),
            ("nofile=1024:2048", Some(1024), Some(2048)),
            ("core=-1", None, None),
            ("core=0:unlimited", Some(0), None),
        ] {
            let found = parse(text).unwrap();
            assert_eq!((found.soft, found.hard), (soft, hard), "{text}");
        }
        for (text, want) in [
            ("nofile", "invalid ulimit argument: nofile"),
            ("nope=1", "invalid ulimit type: nope"),
            ("nofile=", "invalid limit \"\""),
            ("nofile=x", "invalid limit \"x\""),
            ("nofile=-2", "invalid limit \"-2\""),
            ("nofile=1:2:3", "too many limit values - 1:2:3, can only have up to two, `soft[:hard]`"),
            ("nofile=2:1", "ulimit soft limit must be less than or equal to hard limit: 2 > 1"),
            ("nofile=-1:1", "ulimit soft limit must be less than or equal to hard limit: -1 > 1"),
        ] {
            assert_eq!(parse(text).unwrap_err(), want, "{text}");
        }
    }
}
