//! One 512-byte header block of a tar archive: POSIX ustar, GNU, star and the nameless format before them. pax(1);
//! tar(5); GNU tar manual, "Basic Tar Format".

use anyhow::{Context, bail, ensure};

/// Archives are made of blocks of this size.
pub(super) const BLOCK: usize = 512;

/// What the file types before ustar could not say is told by the magic number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    V7,
    Ustar,
    /// GNU's before it took to POSIX: what is the name's prefix elsewhere holds times and the map of a sparse file.
    Gnu,
    /// Jörg Schilling's star: a shorter prefix, then times.
    Star,
}

/// The sparse file of an old GNU header.
pub(super) struct OldSparse {
    /// Offset and length of its first four parts.
    pub(super) segments: Vec<(u64, u64)>,
    /// Whether a block with more of them follows.
    pub(super) goes_on: bool,
    /// The size with the holes.
    pub(super) size: u64,
}

/// A header block whose checksum is right.
pub(super) struct Header {
    block: [u8; BLOCK],
    pub(super) format: Format,
}

impl Header {
    /// Checks a block that is not all zeros.
    pub(super) fn parse(block: [u8; BLOCK]) -> anyhow::Result<Self> {
        let stated = number(&block[148..156]).unwrap_or(-1);
        // Some old writers added the bytes up as signed.
        let (mut unsigned, mut signed) = (0i64, 0i64);
        for (at, &byte) in block.iter().enumerate() {
            let byte = if (148..156).contains(&at) { b' ' } else { byte };
            unsigned += i64::from(byte);
            signed += i64::from(byte.cast_signed());
        }
        ensure!(
            stated == unsigned || stated == signed,
            "a header's checksum is wrong: not a tar archive, or damaged"
        );
        let format = match (&block[257..265], &block[508..]) {
            (b"ustar\x0000", b"tar\0") => Format::Star,
            (b"ustar  \0", _) => Format::Gnu,
            (magic, _) if magic.starts_with(b"ustar\0") => Format::Ustar,
            _ => Format::V7,
        };
        Ok(Header { block, format })
    }

    pub(super) fn kind(&self) -> u8 {
        self.block[156]
    }

    /// The name, with the prefix where the format has one.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = text(&self.block[..100]);
        let prefix = match self.format {
            Format::Ustar => text(&self.block[345..500]),
            Format::Star => text(&self.block[345..476]),
            Format::V7 | Format::Gnu => b"",
        };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    pub(super) fn link_name(&self) -> Vec<u8> {
        text(&self.block[157..257]).to_vec()
    }

    /// The permission bits; what some writers put beside them (the file's type) is left out.
    pub(super) fn mode(&self) -> anyhow::Result<u32> {
        let mode = number(&self.block[100..108]).context("read the mode")?;
        Ok((mode & 0o7777) as u32)
    }

    pub(super) fn uid(&self) -> anyhow::Result<i64> {
        number(&self.block[108..116]).context("read the owner")
    }

    pub(super) fn gid(&self) -> anyhow::Result<i64> {
        number(&self.block[116..124]).context("read the group")
    }

    pub(super) fn size(&self) -> anyhow::Result<u64> {
        let size = number(&self.block[124..136]).context("read the size")?;
        u64::try_from(size).context("read the size")
    }

    pub(super) fn mtime(&self) -> anyhow::Result<i64> {
        number(&self.block[136..148]).context("read the time")
    }

    /// Major and minor number of a device.
    pub(super) fn device(&self) -> anyhow::Result<(u32, u32)> {
        if self.format == Format::V7 {
            return Ok((0, 0));
        }
        let part =
            |range| number(&self.block[range]).and_then(|n| Ok(u32::try_from(n)?)).context("read the device");
        Ok((part(329..337)?, part(337..345)?))
    }

    /// What an old GNU header says of a sparse file.
    pub(super) fn old_sparse(&self) -> anyhow::Result<OldSparse> {
        ensure!(self.format == Format::Gnu, "a sparse file in an archive that is not GNU's");
        let segments = sparse_fields(&self.block[386..482])?;
        let size = number(&self.block[483..495]).context("read the size of a sparse file")?;
        let size = u64::try_from(size).context("read the size of a sparse file")?;
        Ok(OldSparse { segments, goes_on: self.block[482] != 0, size })
    }
}

/// The segments of an extension block to an old GNU sparse file, and whether another follows.
pub(super) fn sparse_extension(block: &[u8; BLOCK]) -> anyhow::Result<(Vec<(u64, u64)>, bool)> {
    Ok((sparse_fields(&block[..504])?, block[504] != 0))
}

fn sparse_fields(fields: &[u8]) -> anyhow::Result<Vec<(u64, u64)>> {
    let mut segments = Vec::new();
    for field in fields.chunks_exact(24) {
        if field[0] == 0 {
            break;
        }
        let offset = number(&field[..12]).and_then(|n| Ok(u64::try_from(n)?));
        let length = number(&field[12..]).and_then(|n| Ok(u64::try_from(n)?));
        segments.push((
            offset.context("read the map of a sparse file")?,
            length.context("read the map of a sparse file")?,
        ));
    }
    Ok(segments)
}

/// A field's text: up to the first NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|&byte| byte == 0).next().unwrap_or_default()
}

/// A field's number: octal digits amid spaces and NULs, or, with the first bit set, big-endian in two's complement.
fn number(field: &[u8]) -> anyhow::Result<i64> {
    if field[0] & 0x80 != 0 {
        return binary(field);
    }
    let text = field.trim_ascii_start().split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default();
    let mut value = 0i64;
    for digit in text {
        match digit {
            // A field has twelve digits at most.
            b'0'..=b'7' => value = value << 3 | i64::from(digit - b'0'),
            _ => bail!("{:?} is not a number", String::from_utf8_lossy(field)),
        }
    }
    Ok(value)
}

fn binary(field: &[u8]) -> anyhow::Result<i64> {
    // The first bit says that the field is binary; the second is the sign.
    let negative = field[0] & 0x40 != 0;
    let first = if negative { field[0] } else { field[0] & 0x7f };
    let mut value = i128::from(if negative { -1 } else { 0 });
    for byte in std::iter::once(first).chain(field[1..].iter().copied()) {
        value = value << 8 | i128::from(byte);
    }
    i64::try_from(value).context("a number is too large")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_notation() {
        let cases: &[(&[u8], Option<i64>)] = &[
            (b"0000644\0", Some(0o644)),
            (b" 644 \0\0\0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"77777777", Some(0o77777777)),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"0000648\0", None),
            (b"-1\0\0\0\0\0\0", None),
            (b"0x10\0\0\0\0", None),
        ];
        for (field, expected) in cases {
            assert_eq!(number(field).ok(), *expected, "{field:?}");
        }
    }

    #[test]
    fn the_prefix_is_a_name_only_where_the_format_says_so() {
        for (magic, trailer, expected) in [
            (&b"ustar\x0000"[..], &b"\0\0\0\0"[..], &b"some/name"[..]),
            (b"ustar  \0", b"\0\0\0\0", b"name"),
            (b"ustar\x0000", b"tar\0", b"some/name"),
            (b"\0\0\0\0\0\0\0\0", b"\0\0\0\0", b"name"),
        ] {
            let mut block = [0; BLOCK];
            block[..4].copy_from_slice(b"name");
            block[345..349].copy_from_slice(b"some");
            block[257..265].copy_from_slice(magic);
            block[508..].copy_from_slice(trailer);
            let sum: u32 = block.iter().map(|&b| u32::from(b)).sum::<u32>() + 8 * 32;
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            assert_eq!(Header::parse(block).unwrap().name(), expected, "{magic:?}");
            block[0] ^= 1;
            assert!(Header::parse(block).is_err());
        }
    }
}
