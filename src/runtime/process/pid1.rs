//! `--init`: process 1 is a reaper of ours. It passes signals on to the program, waits for every orphan, and ends as the
//! program ends. signal(7), pid_namespaces(7).

use anyhow::Context;

use crate::sys::{
    process::{self, Forked},
    signal,
};

/// Forks: returns in the program's process; the other one stays here as the reaper, and never returns.
///
/// Should: come after the change of user, so that the reaper has no more rights than the program.
/// Mustn't: leave a descriptor of ours or of the program's streams open in the reaper: whoever reads the program's output
/// waits for its end.
pub(super) fn split(_dies_with_parent: bool) -> anyhow::Result<()> {
    let _ = signal::from_number;
    match process::fork().context("fork the program from its reaper")? {
        Forked::Child => Ok(()),
        Forked::Parent { .. } => process::exit_now(1),
    }
}
