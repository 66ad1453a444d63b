//! How far the layers of an image have come in, for somebody who watches: a terminal's bar.

use std::io::{self, Read};

/// Who hears of it, from several threads at once.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// A layer begins that has so many bytes, as they come in.
    pub expect: fn(u64),
    /// So many more have come.
    pub advance: fn(u64),
}

impl Progress {
    /// Nobody watches.
    pub const NONE: Progress = Progress { expect: |_| (), advance: |_| () };

    /// The same stream, watched; `size` where it is known before.
    pub(super) fn watch<R: Read>(self, source: R, size: Option<u64>) -> Watched<R> {
        size.into_iter().for_each(self.expect);
        Watched { source, advance: self.advance }
    }
}

/// A stream that says what was read from it.
#[derive(Debug)]
pub(super) struct Watched<R> {
    source: R,
    advance: fn(u64),
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        (self.advance)(length as u64);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn what_is_read_is_told() {
        static EXPECTED: AtomicU64 = AtomicU64::new(0);
        static READ: AtomicU64 = AtomicU64::new(0);
        let progress = Progress {
            expect: |bytes| _ = EXPECTED.fetch_add(bytes, Ordering::Relaxed),
            advance: |bytes| _ = READ.fetch_add(bytes, Ordering::Relaxed),
        };
        for (content, size) in [("hello", Some(5)), ("worlds", None)] {
            let read = io::read_to_string(progress.watch(content.as_bytes(), size)).unwrap();
            assert_eq!(read, content);
        }
        assert_eq!((EXPECTED.load(Ordering::Relaxed), READ.load(Ordering::Relaxed)), (5, 11));
    }
}
