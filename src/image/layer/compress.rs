//! Compressions of a layer: told by their first bytes, whatever the media type says, as docker does. RFC 1952 (gzip),
//! RFC 8878 (zstd).

use std::io::{self, BufRead, Cursor, Read, Write};

use anyhow::{Context, bail};
use flate2::{bufread::MultiGzDecoder, write::GzEncoder};

/// How a layer's tarball is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    Zstd,
}

/// The longest magic number that [`Compression::sniff`] knows.
const MAGIC: usize = 6;

impl Compression {
    /// Tells the compression by the first bytes; what is none that we know is taken as a plain archive.
    pub fn sniff(head: &[u8]) -> anyhow::Result<Self> {
        // zstd frames may come after skippable ones (0x184D2A50 to 5F), as zstd:chunked has them.
        Ok(match head {
            [0x1f, 0x8b, ..] => Compression::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Compression::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
                bail!("the layer is compressed with bzip2: only gzip and zstd are supported")
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0] => {
                bail!("the layer is compressed with xz: only gzip and zstd are supported")
            }
            _ => Compression::None,
        })
    }
}

/// A layer's archive, read through its compression. Members and frames that follow each other are read as one stream;
/// a stream that ends early or goes on with something else is an error.
pub enum Decoder<R: BufRead> {
    None(R),
    Gzip(Box<MultiGzDecoder<R>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, R>>),
}

/// A reader that was looked into.
pub type Peeked<R> = io::Chain<Cursor<Vec<u8>>, R>;

impl<R: BufRead> Decoder<R> {
    /// Reads through this compression.
    pub fn new(compression: Compression, input: R) -> anyhow::Result<Self> {
        Ok(match compression {
            Compression::None => Decoder::None(input),
            Compression::Gzip => Decoder::Gzip(Box::new(MultiGzDecoder::new(input))),
            Compression::Zstd => {
                // The default limit of the window, 128 MiB, stays: what a hostile frame asks for is allocated.
                let decoder = zstd::stream::read::Decoder::with_buffer(input).context("start zstd")?;
                Decoder::Zstd(Box::new(decoder))
            }
        })
    }

    pub fn compression(&self) -> Compression {
        match self {
            Decoder::None(_) => Compression::None,
            Decoder::Gzip(_) => Compression::Gzip,
            Decoder::Zstd(_) => Compression::Zstd,
        }
    }
}

impl<R: BufRead> Decoder<Peeked<R>> {
    /// Finds the compression out.
    pub fn detect(mut input: R) -> anyhow::Result<Self> {
        let mut head = Vec::with_capacity(MAGIC);
        input.by_ref().take(MAGIC as u64).read_to_end(&mut head).context("read the layer")?;
        let compression = Compression::sniff(&head)?;
        Decoder::new(compression, Cursor::new(head).chain(input))
    }
}

impl<R: BufRead> Read for Decoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Decoder::None(input) => input.read(buffer),
            Decoder::Gzip(decoder) => decoder.read(buffer),
            Decoder::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: BufRead> std::fmt::Debug for Decoder<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Decoder").field(&self.compression()).finish()
    }
}

/// Compresses an archive. [`Encoder::finish`] it, or its end is missing.
pub enum Encoder<W: Write> {
    None(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::stream::write::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Writes with each compression's usual level. The same content gives the same bytes: gzip's header holds no time
    /// and no name.
    pub fn new(compression: Compression, output: W) -> anyhow::Result<Self> {
        Ok(match compression {
            Compression::None => Encoder::None(output),
            Compression::Gzip => Encoder::Gzip(GzEncoder::new(output, flate2::Compression::default())),
            Compression::Zstd => {
                let mut encoder = zstd::stream::write::Encoder::new(output, 0).context("start zstd")?;
                encoder.include_checksum(true).context("start zstd")?;
                Encoder::Zstd(encoder)
            }
        })
    }

    /// Writes the end, and gives the output back.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Encoder::None(output) => Ok(output),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Encoder::None(output) => output.write(data),
            Encoder::Gzip(encoder) => encoder.write(data),
            Encoder::Zstd(encoder) => encoder.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Encoder::None(output) => output.flush(),
            Encoder::Gzip(encoder) => encoder.flush(),
            Encoder::Zstd(encoder) => encoder.flush(),
        }
    }
}

impl<W: Write> std::fmt::Debug for Encoder<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Encoder::None(_) => "Encoder(None)",
            Encoder::Gzip(_) => "Encoder(Gzip)",
            Encoder::Zstd(_) => "Encoder(Zstd)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 3] = [Compression::None, Compression::Gzip, Compression::Zstd];

    fn content() -> Vec<u8> {
        (0..100_000u32).flat_map(|n| n.wrapping_mul(n).to_le_bytes()).collect()
    }

    fn encode(compression: Compression) -> Vec<u8> {
        let mut encoder = Encoder::new(compression, Vec::new()).unwrap();
        encoder.write_all(&content()).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(data: &[u8]) -> anyhow::Result<Vec<u8>> {
        let mut content = Vec::new();
        Decoder::detect(data)?.read_to_end(&mut content)?;
        Ok(content)
    }

    #[test]
    fn each_compression_is_told_by_its_bytes_and_read_back() {
        for compression in ALL {
            let data = encode(compression);
            assert_eq!(Decoder::detect(&data[..]).unwrap().compression(), compression);
            assert!(decode(&data).unwrap() == content(), "{compression:?}");
            assert_eq!(encode(compression), data, "{compression:?} gives the same bytes again");
        }
        assert_eq!(decode(b"").unwrap(), b"");
    }

    #[test]
    fn members_that_follow_each_other_are_one_stream() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let data = [encode(compression), encode(compression)].concat();
            assert!(decode(&data).unwrap() == [content(), content()].concat(), "{compression:?}");
        }
    }

    #[test]
    fn a_stream_that_is_cut_or_goes_on_with_something_else_is_refused() {
        for compression in [Compression::Gzip, Compression::Zstd] {
            let data = encode(compression);
            for length in [7, 12, data.len() / 2, data.len() - 5, data.len() - 1] {
                assert!(decode(&data[..length]).is_err(), "{compression:?} cut to {length}");
            }
            let two = [&data[..], &data[..9]].concat();
            assert!(decode(&two).is_err(), "{compression:?} with a second member cut in its header");
            for rest in [&b"garbage after the end"[..], b"\0\0\0\0\0\0\0\0\0\0\0\0", b"x"] {
                assert!(decode(&[&data[..], rest].concat()).is_err(), "{compression:?} with {rest:?}");
            }
            let mut bad = data.clone();
            bad[data.len() / 2] ^= 1;
            assert!(decode(&bad).is_err(), "{compression:?} with one bit changed");
        }
    }

    #[test]
    fn other_compressions_are_refused_by_name() {
        for (head, name) in [(&b"BZh91AY&SY"[..], "bzip2"), (b"\xfd7zXZ\0\0", "xz")] {
            let error = Decoder::detect(head).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
