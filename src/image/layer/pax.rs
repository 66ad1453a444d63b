//! Extended headers: records `LENGTH KEY=VALUE\n` that correct and complete the header after them. pax(1), "pax
//! Extended Header"; GNU tar manual, "Sparse Formats"; SCHILY.xattr is star's.
//!
//! Read by length: a value may hold any byte. libarchive's LIBARCHIVE.xattr is left alone, as it writes the same
//! attributes as SCHILY.xattr too.

use anyhow::{Context, bail, ensure};

/// A point in time, as utimensat(2) takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mtime {
    pub(super) seconds: i64,
    pub(super) nanoseconds: u32,
}

/// What the records say; `None` where they say nothing.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) path: Option<Vec<u8>>,
    pub(super) link_path: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<Mtime>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) sparse: Sparse,
}

/// The GNU.sparse records, in any of their three versions.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Sparse {
    pub(super) version: Option<(u64, u64)>,
    pub(super) name: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    /// Offsets and lengths in turn, as versions 0.0 and 0.1 list them.
    pub(super) map: Option<Vec<u64>>,
}

impl Extensions {
    /// Reads the content of an extended header.
    pub(super) fn parse(mut data: &[u8]) -> anyhow::Result<Self> {
        let mut extensions = Extensions::default();
        while !data.is_empty() {
            let (key, value, rest) = record(data).context("an extended header is malformed")?;
            extensions.take(key, value).with_context(|| format!("read {}", String::from_utf8_lossy(key)))?;
            data = rest;
        }
        Ok(extensions)
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> anyhow::Result<()> {
        if let Some(name) = key.strip_prefix(b"SCHILY.xattr.") {
            ensure!(!name.is_empty() && !name.contains(&0), "an attribute has no proper name");
            self.xattrs.retain(|(known, _)| known != name);
            self.xattrs.push((name.to_vec(), value.to_vec()));
            return Ok(());
        }
        if let Some(key) = key.strip_prefix(b"GNU.sparse.") {
            return self.sparse.take(key, value);
        }
        // An empty value takes an earlier one back.
        let is_given = !value.is_empty();
        match key {
            b"path" => self.path = is_given.then(|| name(value)).transpose()?,
            b"linkpath" => self.link_path = is_given.then(|| name(value)).transpose()?,
            b"size" => self.size = is_given.then(|| decimal(value)).transpose()?,
            b"uid" => self.uid = is_given.then(|| decimal(value)).transpose()?,
            b"gid" => self.gid = is_given.then(|| decimal(value)).transpose()?,
            b"mtime" => self.mtime = is_given.then(|| time(value)).transpose()?,
            // atime, ctime, uname, gname, comment, charset, vendors' own: nothing of these is kept in a tree.
            _ => {}
        }
        Ok(())
    }

    /// Says whether there is something in it that decides what an entry is called or where it ends.
    pub(super) fn frames(&self) -> bool {
        self.path.is_some()
            || self.link_path.is_some()
            || self.size.is_some()
            || self.sparse != Sparse::default()
    }
}

impl Sparse {
    fn take(&mut self, key: &[u8], value: &[u8]) -> anyhow::Result<()> {
        match key {
            b"major" => self.version = Some((decimal(value)?, self.version.unwrap_or_default().1)),
            b"minor" => self.version = Some((self.version.unwrap_or_default().0, decimal(value)?)),
            b"name" => self.name = Some(name(value)?),
            b"size" | b"realsize" => self.size = Some(decimal(value)?),
            // Version 0.0: a record for each number.
            b"offset" | b"numbytes" => {
                let map = self.map.get_or_insert_default();
                ensure!(
                    map.len().is_multiple_of(2) == (key == b"offset"),
                    "offsets and lengths do not alternate"
                );
                map.push(decimal(value)?);
            }
            b"map" => {
                let numbers = value.split(|&byte| byte == b',').filter(|number| !number.is_empty());
                self.map = Some(numbers.map(decimal).collect::<anyhow::Result<_>>()?);
            }
            // The number of segments follows from the map.
            _ => {}
        }
        Ok(())
    }
}

/// Splits the first record off: key, value, what is after it.
fn record(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = data.iter().position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(&data[..space]).ok()?).ok()?;
    let body = data.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|&byte| byte == b'=')?;
    (equals > 0).then(|| (&body[..equals], &body[equals + 1..], &data[length..]))
}

fn name(value: &[u8]) -> anyhow::Result<Vec<u8>> {
    ensure!(!value.contains(&0), "a name holds a NUL");
    Ok(value.to_vec())
}

/// A number of decimal digits alone: no sign, no space.
pub(super) fn decimal(value: &[u8]) -> anyhow::Result<u64> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    match text.parse() {
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(number),
        _ => bail!("{:?} is not a number", String::from_utf8_lossy(value)),
    }
}

/// Seconds with a fraction, before or after the epoch; digits after the ninth are dropped.
fn time(value: &[u8]) -> anyhow::Result<Mtime> {
    let text = std::str::from_utf8(value).unwrap_or_default();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let is_valid = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let mut seconds = i64::try_from(decimal(digits.as_bytes())?)?;
    ensure!(is_valid, "{text:?} is not a time");
    let mut nanoseconds = 0;
    for digit in fraction.bytes().chain(std::iter::repeat(b'0')).take(9) {
        nanoseconds = nanoseconds * 10 + u32::from(digit - b'0');
    }
    if negative {
        seconds = -seconds;
        if nanoseconds > 0 {
            (seconds, nanoseconds) = (seconds - 1, 1_000_000_000 - nanoseconds);
        }
    }
    Ok(Mtime { seconds, nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::{super::testing::records_of, *};

    #[test]
    fn records_are_read_by_their_length() {
        let binary =
            [b"22 SCHILY.xattr.a=\n=\0\n".as_slice(), b"12 path=a\nb\n", b"9 size=7\n", b"13 mtime=1.5\n"]
                .concat();
        let read = Extensions::parse(&binary).unwrap();
        assert_eq!(read.xattrs, [(b"a".to_vec(), b"\n=\0".to_vec())]);
        assert_eq!(read.path.unwrap(), b"a\nb");
        assert_eq!((read.size, read.mtime.unwrap().nanoseconds), (Some(7), 500_000_000));
        let taken_back = Extensions::parse(b"9 size=7\n8 size=\n").unwrap();
        assert_eq!(taken_back.size, None);
    }

    #[test]
    fn malformed_records_are_refused() {
        let framing: &[&[u8]] = &[
            b"x",
            b"5 a=b",
            b"6 a=bc",
            b"0 a=b\n",
            b"7 a=b\n",
            b"99 a=b\n",
            b"-6 a=b\n",
            b"5 =b\n",
            b"6 abc\n",
            b" 6 a=b\n",
        ];
        for case in framing {
            assert!(Extensions::parse(case).is_err(), "{:?}", String::from_utf8_lossy(case));
        }
        let values: &[(&str, &[u8])] = &[
            ("size", b"-1"),
            ("size", b"x"),
            ("size", b"+1"),
            ("size", b"1 2"),
            ("size", b"99999999999999999999"),
            ("uid", b"1.5"),
            ("path", b"a\0"),
            ("mtime", b"1e99"),
            ("mtime", b"1.-1"),
            ("mtime", b"-"),
            ("SCHILY.xattr.", b"x"),
            ("GNU.sparse.numbytes", b"1"),
            ("GNU.sparse.map", b"1,x"),
        ];
        for (key, value) in values {
            assert!(Extensions::parse(&records_of(&[(key, value)])).is_err(), "{key} {value:?}");
        }
    }

    #[test]
    fn times_before_the_epoch_round_down() {
        for (text, seconds, nanoseconds) in [
            ("0", 0, 0),
            ("1.000000001", 1, 1),
            ("1.0000000019", 1, 1),
            ("-1", -1, 0),
            ("-1.25", -2, 750_000_000),
            ("-0.5", -1, 500_000_000),
        ] {
            assert_eq!(time(text.as_bytes()).unwrap(), Mtime { seconds, nanoseconds }, "{text}");
        }
    }

    #[test]
    fn sparse_maps_of_the_old_versions() {
        let zero = records_of(&[
            ("GNU.sparse.offset", b"0"),
            ("GNU.sparse.numbytes", b"4"),
            ("GNU.sparse.offset", b"20"),
            ("GNU.sparse.numbytes", b"2"),
        ]);
        let one = records_of(&[("GNU.sparse.map", b"0,4,20,2")]);
        let zero = Extensions::parse(&zero).unwrap().sparse;
        assert_eq!(zero.map.as_deref(), Some(&[0, 4, 20, 2][..]));
        assert_eq!(Extensions::parse(&one).unwrap().sparse.map.unwrap().len(), 4);
    }
}
