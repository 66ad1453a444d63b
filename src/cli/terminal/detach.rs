//! The keys that leave a container's terminal and let the program run on: `--detach-keys`, docker's
//! `ctrl-p,ctrl-q` by default.

use std::str::FromStr;

/// The keys, one after the other, as the bytes that a terminal in raw mode sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachKeys(Vec<u8>);

impl Default for DetachKeys {
    fn default() -> Self {
        DetachKeys(vec![0x10, 0x11])
    }
}

impl FromStr for DetachKeys {
    type Err = String;

    /// Reads characters and `ctrl-<character>`, with commas in between. Nothing means that no keys detach.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(DetachKeys(Vec::new()));
        }
        let keys = text.split(',').map(|key| {
            byte(key).ok_or_else(|| format!("invalid detach keys ({text}): unknown character: '{key}'"))
        });
        keys.collect::<Result<_, _>>().map(DetachKeys)
    }
}

fn byte(key: &str) -> Option<u8> {
    match (key.strip_prefix("ctrl-").map(str::as_bytes), key.as_bytes()) {
        (Some([letter @ (b'a'..=b'z' | b'@' | b'[' | b'\\' | b']' | b'^' | b'_')]), _) => Some(letter & 0x1f),
        (None, b"DEL") => Some(0x7f),
        (None, [byte]) => Some(*byte),
        _ => None,
    }
}

/// Looks for the keys in what is typed. Those that may begin them are held until the next one says.
#[derive(Debug)]
pub(super) struct Matcher {
    keys: Vec<u8>,
    held: Vec<u8>,
}

impl Matcher {
    pub(super) fn new(keys: DetachKeys) -> Matcher {
        Matcher { keys: keys.0, held: Vec::new() }
    }

    /// Adds to `out` what is for the program; true once the keys were typed, and what follows them is nobody's.
    pub(super) fn filter(&mut self, typed: &[u8], out: &mut Vec<u8>) -> bool {
        if self.keys.is_empty() {
            out.extend_from_slice(typed);
            return false;
        }
        for &byte in typed {
            self.held.push(byte);
            while !self.keys.starts_with(&self.held) {
                out.push(self.held.remove(0));
            }
            if self.held.len() == self.keys.len() {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read() {
        let cases: [(&str, &[u8]); 7] = [
            ("ctrl-p,ctrl-q", b"\x10\x11"),
            ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x00\x1b\x1c\x1d\x1e\x1f"),
            ("a,B,1", b"aB1"),
            ("ctrl-a,d", b"\x01d"),
            ("ctrl-x,x,@,DEL", b"\x18x@\x7f"),
            ("-", b"-"),
            ("", b""),
        ];
        for (text, bytes) in cases {
            assert_eq!(text.parse::<DetachKeys>(), Ok(DetachKeys(bytes.to_vec())), "{text}");
        }
        assert_eq!("ctrl-p,ctrl-q".parse(), Ok(DetachKeys::default()));
    }

    #[test]
    fn other_keys_are_refused() {
        for text in ["ctrl-", "ctrl-P", "ctrl-pp", "ab", "ctrl-p,", ",", "ctrl-é", "é", "CTRL-p"] {
            let error = text.parse::<DetachKeys>().unwrap_err();
            assert!(
                error.starts_with(&format!("invalid detach keys ({text}): unknown character: '")),
                "{error}"
            );
        }
    }

    /// `typed` comes in pieces; `passed` is what the program gets; `detaches` says whether the last piece detaches.
    #[test]
    fn keys_are_found_in_what_is_typed() {
        let cases: [(&str, &[&str], &str, bool); 12] = [
            ("ctrl-p,ctrl-q", &["abc"], "abc", false),
            ("ctrl-p,ctrl-q", &["\x10\x11"], "", true),
            ("ctrl-p,ctrl-q", &["ab\x10", "\x11"], "ab", true),
            ("ctrl-p,ctrl-q", &["\x10", "x"], "\x10x", false),
            ("ctrl-p,ctrl-q", &["\x10", "\x10", "\x11rest"], "\x10", true),
            ("ctrl-p,ctrl-q", &["\x10"], "", false),
            ("ctrl-p,ctrl-q", &["\x11\x10"], "\x11", false),
            ("ctrl-d", &["a\x04b"], "a", true),
            ("a,b,a,c", &["aba", "bac"], "ab", true),
            ("a,b,c", &["ab", "ab", "c"], "ab", true),
            ("", &["\x10\x11"], "\x10\x11", false),
            ("x,x", &["x", "yxx"], "xy", true),
        ];
        for (keys, typed, passed, detaches) in cases {
            let mut matcher = Matcher::new(keys.parse().unwrap());
            let mut out = Vec::new();
            let mut detached = false;
            for piece in typed {
                assert!(!detached);
                detached = matcher.filter(piece.as_bytes(), &mut out);
            }
            assert_eq!(
                (String::from_utf8(out).unwrap().as_str(), detached),
                (passed, detaches),
                "{keys} {typed:?}"
            );
        }
    }
}
