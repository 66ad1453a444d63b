//! How `run`, `start -a` and `exec` attach the caller's streams.

use std::io::IsTerminal;

use crate::{
    cli::{
        error,
        exit::Exit,
        terminal::{DetachKeys, Front, FrontEnd, front, window_size},
    },
    engine::{
        Error,
        container::run::{Attachment, Ended},
    },
    monitor::client::Connection,
};

use super::options::Attached;

/// How the streams are attached: by this process itself, or through the monitor where the program has a terminal or
/// shall live on when we are ended.
pub(super) fn attachment(
    streams: Attached,
    terminal: bool,
    proxy_signals: bool,
) -> anyhow::Result<Attachment> {
    if terminal && streams.stdin && !std::io::stdin().is_terminal() {
        return Err(Error::Invalid("the input device is not a TTY".to_owned()).into());
    }
    let Attached { stdin, stdout, stderr } = streams;
    Ok(match terminal || !proxy_signals {
        true => Attachment::Client { size: terminal.then(window_size).flatten() },
        false => Attachment::Streams { stdin, stdout, stderr },
    })
}

/// Tells what could not be written down of a program's end. The status is the program's all the same.
pub(super) fn ended(ended: Ended) -> Exit {
    ended.unkept.into_iter().for_each(error::print);
    Exit::Program(ended.code)
}

/// How to attach through a monitor.
#[derive(Debug)]
pub(super) struct Attach {
    pub(super) stdin: bool,
    pub(super) terminal: bool,
    pub(super) redraw: bool,
    pub(super) detach_keys: DetachKeys,
    pub(super) proxy_signals: bool,
}

/// Attaches until the program ends or the user leaves. `wait` learns the exit code where the monitor could not say it.
pub(super) fn attach(
    connection: Connection,
    how: Attach,
    wait: impl FnOnce() -> anyhow::Result<i32>,
) -> anyhow::Result<Exit> {
    let end = front(Front {
        connection,
        stdin: how.stdin,
        terminal: how.terminal,
        redraw: how.redraw,
        detach_keys: how.detach_keys,
        proxy_signals: how.proxy_signals,
    })?;
    Ok(match end {
        FrontEnd::Exited(code) => Exit::Program(code),
        FrontEnd::Detached => Exit::Success,
        FrontEnd::Signalled(signal) => Exit::Program(128u8.wrapping_add(signal)),
        // Exit codes are those of processes: eight bits.
        FrontEnd::Lost => Exit::Program(wait()? as u8),
    })
}
