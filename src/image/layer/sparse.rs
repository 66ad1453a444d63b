//! The map of a sparse file: which parts of it an archive holds; all else is holes.

use anyhow::{Context, ensure};

use super::pax::decimal;

/// A map is held in memory: this many parts are more than file systems make, and 16 MiB.
pub(super) const LIMIT: usize = 1 << 20;

/// A sparse file's parts, in order and apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Map {
    /// Offset and length of each.
    pub(super) parts: Vec<(u64, u64)>,
    /// The file's size, holes included.
    pub(super) size: u64,
}

impl Map {
    /// Checks a map against the file's size and against what the archive holds of it.
    pub(super) fn new(parts: Vec<(u64, u64)>, size: u64, stored: u64) -> anyhow::Result<Self> {
        ensure!(parts.len() <= LIMIT, "the map of a sparse file has more than {LIMIT} parts");
        ensure!(i64::try_from(size).is_ok(), "a sparse file of {size} bytes");
        let (mut end, mut sum) = (0u64, 0u64);
        for &(offset, length) in &parts {
            ensure!(offset >= end, "the parts of a sparse file overlap");
            end = offset.checked_add(length).context("the part of a sparse file is too large")?;
            sum += length;
        }
        ensure!(end <= size, "a sparse file ends before its last part does");
        ensure!(sum == stored, "the parts of a sparse file have {sum} bytes, but {stored} are stored");
        Ok(Map { parts, size })
    }
}

/// Reads a map of version 1.0, which precedes the data: decimal numbers, one a line, first their count; then zeros up
/// to the block's end.
#[derive(Debug, Default)]
pub(super) struct MapText {
    count: Option<u64>,
    numbers: Vec<u64>,
    digits: Vec<u8>,
}

impl MapText {
    /// Takes the next byte, and says whether the map is whole.
    pub(super) fn take(&mut self, byte: u8) -> anyhow::Result<bool> {
        if byte != b'\n' {
            ensure!(self.digits.len() < 20, "the map of a sparse file is malformed");
            self.digits.push(byte);
            return Ok(false);
        }
        let number = decimal(&self.digits).context("read the map of a sparse file")?;
        self.digits.clear();
        match self.count {
            None => {
                ensure!(number <= LIMIT as u64, "the map of a sparse file has more than {LIMIT} parts");
                self.count = Some(number);
            }
            Some(_) => self.numbers.push(number),
        }
        Ok(self.count == Some(self.numbers.len() as u64 / 2) && self.numbers.len().is_multiple_of(2))
    }

    pub(super) fn parts(self) -> Vec<(u64, u64)> {
        pairs(&self.numbers)
    }
}

/// Makes parts of offsets and lengths in turn; an offset without a length is dropped.
pub(super) fn pairs(numbers: &[u64]) -> Vec<(u64, u64)> {
    numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_must_fit_its_file() {
        assert!(Map::new(vec![(0, 4), (8, 4)], 20, 8).is_ok());
        assert!(Map::new(vec![(20, 0)], 20, 0).is_ok());
        for (parts, size, stored) in [
            (vec![(0, 4), (3, 4)], 20, 8),
            (vec![(8, 4), (0, 4)], 20, 8),
            (vec![(0, 4), (18, 4)], 20, 8),
            (vec![(0, 4)], 20, 8),
            (vec![(u64::MAX, 4)], u64::MAX, 4),
            (vec![], u64::MAX, 0),
        ] {
            assert!(Map::new(parts.clone(), size, stored).is_err(), "{parts:?} {size} {stored}");
        }
    }

    #[test]
    fn a_map_is_read_byte_by_byte_to_its_end() {
        let mut map = MapText::default();
        let text = b"2\n0\n4\n20\n2\n";
        for (at, byte) in text.iter().enumerate() {
            assert_eq!(map.take(*byte).unwrap(), at == text.len() - 1, "{at}");
        }
        assert_eq!(map.parts(), [(0, 4), (20, 2)]);
        assert!(MapText::default().take(b'0').is_ok_and(|done| !done));
        let mut none = MapText::default();
        none.take(b'0').unwrap();
        assert!(none.take(b'\n').unwrap());
        let mut bad = MapText::default();
        bad.take(b'x').unwrap();
        assert!(bad.take(b'\n').is_err());
    }
}
