//! Container identifiers and names: 64 random hex digits, and docker's rule for names.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::digest::to_hex;

/// A container's identifier: 64 lower-case hex digits. It is a directory name, so its form is checked at the edge.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContainerId(String);

impl ContainerId {
    /// Makes an identifier of 32 random bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        ContainerId(to_hex(&bytes))
    }

    /// All 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, as docker's tables show it.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

/// Why a text is not an identifier or a name.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidId(String);

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidId {}

impl FromStr for ContainerId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for ContainerId {
    type Error = InvalidId;

    fn try_from(text: String) -> Result<Self, InvalidId> {
        if text.len() == 64 && is_id_prefix(&text) {
            Ok(ContainerId(text))
        } else {
            Err(InvalidId(format!("invalid identifier {text:?}: want 64 lower-case hex digits")))
        }
    }
}

impl From<ContainerId> for String {
    fn from(id: ContainerId) -> String {
        id.0
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ContainerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says whether `text` may be the beginning of an identifier.
pub fn is_id_prefix(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Checks a name that a user gave against docker's rule, `[a-zA-Z0-9][a-zA-Z0-9_.-]*`; it is a file name of ours.
pub fn check_name(name: &str) -> Result<(), InvalidId> {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    if first && name.len() <= 253 && bytes.all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b)) {
        Ok(())
    } else {
        Err(InvalidId(format!(
            "invalid name {name:?}: only [a-zA-Z0-9][a-zA-Z0-9_.-]* with at most 253 characters is allowed"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_docker() {
        for good in ["a", "web-1", "A_b.c", "0"] {
            assert_eq!(check_name(good), Ok(()), "{good:?}");
        }
        for bad in ["", "-a", ".", "..", "a/b", "a b", "é", &"x".repeat(254)] {
            assert!(check_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn identifiers_are_64_hex_digits() {
        let id = ContainerId::from_bytes([0xab; 32]);
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert_eq!(id.short(), "abababababab");
        assert!("../".repeat(21).parse::<ContainerId>().is_err());
    }
}
