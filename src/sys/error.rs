//! The error of a system call: prints as the call, its arguments and the errno, so that a user (or a bug report)
//! sees what strace would have shown.

use std::{fmt, io};

use rustix::io::Errno;

/// A system call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyscallError {
    /// The call and the arguments that matter, as in `mount("proc", "/proc")`.
    pub call: String,
    /// What the kernel answered.
    pub errno: Errno,
}

impl SyscallError {
    /// Notes that `call` failed with `errno`.
    pub fn new(call: impl Into<String>, errno: Errno) -> Self {
        SyscallError { call: call.into(), errno }
    }
}

impl fmt::Display for SyscallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.call, describe(self.errno))
    }
}

impl std::error::Error for SyscallError {}

/// The C library's text for an errno, without the "(os error N)" that std adds.
pub fn describe(errno: Errno) -> String {
    let text = io::Error::from_raw_os_error(errno.raw_os_error()).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Adds the call to a bare errno: `rustix::…().during(|| format!("openat({path:?})"))?`.
pub trait During<T> {
    /// Names the call that gave the errno; the text is only made when it failed.
    fn during<S: Into<String>>(self, call: impl FnOnce() -> S) -> Result<T, SyscallError>;
}

impl<T> During<T> for Result<T, Errno> {
    fn during<S: Into<String>>(self, call: impl FnOnce() -> S) -> Result<T, SyscallError> {
        self.map_err(|errno| SyscallError::new(call(), errno))
    }
}

impl<T> During<T> for io::Result<T> {
    fn during<S: Into<String>>(self, call: impl FnOnce() -> S) -> Result<T, SyscallError> {
        self.map_err(|error| SyscallError::new(call(), Errno::from_io_error(&error).unwrap_or(Errno::IO)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_call_and_cause() {
        let result: Result<(), _> = Err(Errno::PERM).during(|| "mount(\"proc\")");
        assert_eq!(result.unwrap_err().to_string(), "mount(\"proc\"): Operation not permitted");
    }
}
