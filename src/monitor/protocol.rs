//! What a monitor and its attach clients say to each other: one message of a SOCK_SEQPACKET socket each, a byte that
//! says what it is, and the rest. Both ends are the same program as a rule, but a client may be newer than a monitor
//! that has run for a year: what is not understood is passed over, and what exists keeps its meaning.

use rustix::process::Signal;

use super::Stream;
use crate::sys::{signal, tty::Size};

/// The longest payload. A message must fit into the socket's buffer as a whole.
pub(crate) const CHUNK: usize = 64 << 10;

/// From a client to the monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request<'a> {
    /// The first message: what the client is for.
    Hello(Hello),
    /// For the program's standard input.
    Input(&'a [u8]),
    /// The end of its standard input. Counts if the client was there from the start.
    InputEnd,
    /// The size of the client's terminal.
    Resize(Size),
    /// A signal for the program.
    Signal(Signal),
}

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hello {
    /// The program's output from now on. Without it, the exit code alone.
    pub output: bool,
}

/// From the monitor to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    Output(Stream, &'a [u8]),
    /// The program has ended, and all its output was sent before.
    Exit(u8),
}

impl<'a> Request<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Request<'a>> {
        let (kind, rest) = message.split_first()?;
        Some(match (kind, rest) {
            (b'h', [flags, ..]) => Request::Hello(Hello { output: flags & 1 != 0 }),
            (b'i', bytes) => Request::Input(bytes),
            (b'e', _) => Request::InputEnd,
            (b'r', [a, b, c, d, ..]) => {
                let (rows, columns) = (u16::from_le_bytes([*a, *b]), u16::from_le_bytes([*c, *d]));
                Request::Resize(Size { rows, columns })
            }
            (b's', [number, ..]) => Request::Signal(signal::from_number(i32::from(*number))?),
            _ => return None,
        })
    }

    /// The message's first byte and fixed part, and what follows it.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Request::Hello(hello) => out.extend_from_slice(&[b'h', u8::from(hello.output)]),
            Request::Input(bytes) => {
                out.push(b'i');
                out.extend_from_slice(bytes);
            }
            Request::InputEnd => out.push(b'e'),
            Request::Resize(Size { rows, columns }) => {
                out.push(b'r');
                out.extend_from_slice(&rows.to_le_bytes());
                out.extend_from_slice(&columns.to_le_bytes());
            }
            Request::Signal(signal) => out.extend_from_slice(&[b's', signal.as_raw() as u8]),
        }
    }
}

impl<'a> Event<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Option<Event<'a>> {
        let (kind, rest) = message.split_first()?;
        Some(match (kind, rest) {
            (b'1', bytes) => Event::Output(Stream::Stdout, bytes),
            (b'2', bytes) => Event::Output(Stream::Stderr, bytes),
            (b'x', [code, ..]) => Event::Exit(*code),
            _ => return None,
        })
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        match self {
            Event::Output(Stream::Stdout, bytes) => {
                out.push(b'1');
                out.extend_from_slice(bytes);
            }
            Event::Output(Stream::Stderr, bytes) => {
                out.push(b'2');
                out.extend_from_slice(bytes);
            }
            Event::Exit(code) => out.extend_from_slice(&[b'x', *code]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        for request in [
            Request::Hello(Hello { output: true }),
            Request::Input(b"abc"),
            Request::Input(b""),
            Request::InputEnd,
            Request::Resize(Size { rows: 24, columns: 65535 }),
            Request::Signal(Signal::TERM),
        ] {
            request.write(&mut out);
            assert_eq!(Request::parse(&out), Some(request));
        }
        for event in
            [Event::Output(Stream::Stdout, b"abc"), Event::Output(Stream::Stderr, b""), Event::Exit(42)]
        {
            event.write(&mut out);
            assert_eq!(Event::parse(&out), Some(event));
        }
    }

    #[test]
    fn what_is_unknown_or_cut_short_is_passed_over() {
        for message in [&b""[..], b"h", b"r\x01\x02\x03", b"s", b"s\x00", b"s\x41", b"?"] {
            assert_eq!(Request::parse(message), None, "{message:?}");
        }
        for message in [&b""[..], b"x", b"?"] {
            assert_eq!(Event::parse(message), None, "{message:?}");
        }
    }
}
