//! One line of the log file: written by hand, since a program may print gigabytes, and read back strictly.
//!
//! JSON holds Unicode only. A byte that is no part of valid UTF-8 is written as the lone surrogate U+DC80 to U+DCFF
//! that stands for it (`\udcff` for 0xff), as Python's `surrogateescape` does. Valid UTF-8 never holds one, so reading
//! gives the very bytes again; other readers see a replacement character.

use crate::{base::time::Time, monitor::output::Stream};

/// A piece of what a program wrote: a whole line as a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub stream: Stream,
    /// When it was read, as RFC 3339.
    pub time: String,
    pub bytes: Vec<u8>,
}

const BEFORE_LOG: &[u8] = b"{\"log\":\"";
const BEFORE_STREAM: &[u8] = b"\",\"stream\":\"";
const BEFORE_TIME: &[u8] = b"\",\"time\":\"";
const AFTER_TIME: &[u8] = b"\"}";
const HEX: &[u8; 16] = b"0123456789abcdef";

impl Entry {
    /// Reads a line of the file, without its line feed. None for one that was not written whole.
    pub(super) fn parse(line: &[u8]) -> Option<Entry> {
        let rest = line.strip_prefix(BEFORE_LOG)?;
        let mut bytes = Vec::with_capacity(rest.len());
        let rest = unescape(rest, &mut bytes)?.strip_prefix(BEFORE_STREAM)?;
        let (stream, rest) = [Stream::Stdout, Stream::Stderr]
            .into_iter()
            .find_map(|stream| Some((stream, rest.strip_prefix(stream.name().as_bytes())?)))?;
        let time = rest.strip_prefix(BEFORE_TIME)?.strip_suffix(AFTER_TIME)?;
        let time = std::str::from_utf8(time).ok()?.to_owned();
        Some(Entry { stream, time, bytes })
    }

    /// The point in time, for comparisons.
    pub(super) fn instant(&self) -> Option<Time> {
        self.time.parse::<jiff::Timestamp>().ok().map(Time::from)
    }

    /// Says whether it is the last piece of a line.
    pub(super) fn ends_line(&self) -> bool {
        self.bytes.last() == Some(&b'\n')
    }
}

/// Appends an entry to `out` as a line of the file.
pub(super) fn write(out: &mut Vec<u8>, stream: Stream, time: &str, bytes: &[u8]) {
    out.extend_from_slice(BEFORE_LOG);
    for chunk in bytes.utf8_chunks() {
        escape(chunk.valid().as_bytes(), out);
        for byte in chunk.invalid() {
            out.extend_from_slice(&[b'\\', b'u', b'd', b'c', hex(byte >> 4), hex(byte & 15)]);
        }
    }
    out.extend_from_slice(BEFORE_STREAM);
    out.extend_from_slice(stream.name().as_bytes());
    out.extend_from_slice(BEFORE_TIME);
    out.extend_from_slice(time.as_bytes());
    out.extend_from_slice(AFTER_TIME);
    out.push(b'\n');
}

fn hex(digit: u8) -> u8 {
    HEX[usize::from(digit)]
}

fn escape(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some(at) = text.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.extend_from_slice(&text[..at]);
        let byte = text[at];
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]),
        }
        text = &text[at + 1..];
    }
    out.extend_from_slice(text);
}

/// Puts a JSON string's bytes into `out`, up to its closing quote, which begins what is returned.
fn unescape<'a>(mut text: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    loop {
        let at = text.iter().position(|&byte| byte == b'"' || byte == b'\\')?;
        out.extend_from_slice(&text[..at]);
        text = &text[at..];
        if text[0] == b'"' {
            return Some(text);
        }
        let kind = *text.get(1)?;
        text = &text[2..];
        match kind {
            b'"' | b'\\' | b'/' => out.push(kind),
            b'n' => out.push(b'\n'),
            b'r' => out.push(b'\r'),
            b't' => out.push(b'\t'),
            b'b' => out.push(8),
            b'f' => out.push(12),
            b'u' => {
                let code = u32::from_str_radix(std::str::from_utf8(text.get(..4)?).ok()?, 16).ok()?;
                text = &text[4..];
                match (code, char::from_u32(code)) {
                    (_, Some(character)) => {
                        out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes())
                    }
                    (0xdc80..=0xdcff, None) => out.push((code - 0xdc00) as u8),
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-01-02T03:04:05.000000001Z";

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let cases: [&[u8]; 8] = [
            b"",
            b"plain\n",
            "grün €\u{2028}🛶\r\n".as_bytes(),
            b"\"\\\x1b[0m\t",
            &all,
            b"\xff\xfe\xe2\x82",
            b"\\udcff",
            b"\x00",
        ];
        for bytes in cases {
            let mut line = Vec::new();
            write(&mut line, Stream::Stderr, TIME, bytes);
            assert_eq!(line.pop(), Some(b'\n'));
            assert!(!line.contains(&b'\n') && std::str::from_utf8(&line).is_ok());
            let entry = Entry { stream: Stream::Stderr, time: TIME.into(), bytes: bytes.to_owned() };
            assert_eq!(Entry::parse(&line), Some(entry));
        }
    }

    #[test]
    fn is_dockers_format() {
        let mut line = Vec::new();
        write(&mut line, Stream::Stdout, TIME, "a\"ü\n".as_bytes());
        let expected =
            "{\"log\":\"a\\\"ü\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05.000000001Z\"}\n";
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn broken_lines_are_none() {
        for line in [
            "",
            "{\"log\":\"a",
            "{\"log\":\"a\",\"stream\":\"stdin\",\"time\":\"\"}",
            "{\"log\":\"\\ud800\",\"stream\":\"stdout\",\"time\":\"\"}",
            "{\"log\":\"\\u12\",\"stream\":\"stdout\",\"time\":\"\"}",
            "{\"log\":\"a\",\"stream\":\"stdout\",\"time\":\"2026",
        ] {
            assert_eq!(Entry::parse(line.as_bytes()), None, "{line}");
        }
    }
}
