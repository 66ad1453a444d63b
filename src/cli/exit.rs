//! Exit statuses, docker's: 0, 1 for a failed command, 125 when ours failed before the program ran, 126 not
//! executable, 127 not found, else the program's own, 128+n for a signal.

use std::process::ExitCode;

/// What the process exits with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Success,
    /// The command did not do all that it was asked to.
    Failure,
    /// We failed before there was a program; or a flag is wrong.
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
