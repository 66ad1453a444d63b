//! Exit statuses, docker's: 0, 1 for a failed command (`create` is one, and `exec` where nothing runs), 125 for a wrong
//! flag and when `run`, or `exec` in a container that runs, failed before there was a program, 126 not executable, 127 not
//! found, else the program's own, 128+n for a signal.

use std::process::ExitCode;

/// What the process exits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Success,
    /// The command did not do all that it was asked to.
    Failure,
    /// `run` or `exec` failed before there was a program; a flag is wrong; the input that `load`, `import` or `pull` took is bad.
    Engine,
    NotExecutable,
    NotFound,
    /// The program's own status.
    Program(u8),
}

impl Exit {
    /// What a shell sees of a program that SIGPIPE ended.
    pub const BROKEN_PIPE: Exit = Exit::Program(141);

    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Failure => 1,
            Exit::Engine => 125,
            Exit::NotExecutable => 126,
            Exit::NotFound => 127,
            Exit::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
