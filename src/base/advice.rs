//! An error's advice: what the user can do about it, for the line `hint:` below.

use std::fmt;

/// What went wrong, with what helps. It stands alone, or as the context of its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advised {
    pub message: String,
    pub hint: String,
}

impl fmt::Display for Advised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Advised {}
