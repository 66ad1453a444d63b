//! Removes trees whose files may belong to any id of the caller's map.

use std::{
    io::{Read, Write},
    path::Path,
};

use anyhow::{Context, bail};
use rustix::io::Errno;

use crate::sys::{
    error::SyscallError,
    fd::open_dir,
    process::{self, Forked},
    remove, userns,
};

/// Removes a directory and all below it. Most trees are the caller's own; one that is not is removed by a child that
/// has the map's ids, since a directory may be emptied by its owner alone. Call it while single-threaded.
pub(crate) fn remove_tree(path: &Path) -> anyhow::Result<()> {
    match remove_as_caller(path) {
        Ok(()) => Ok(()),
        Err(error) if error.errno == Errno::NOENT => Ok(()),
        Err(error) if matches!(error.errno, Errno::ACCESS | Errno::PERM) => remove_mapped(path),
        Err(error) => Err(error.into()),
    }
    .with_context(|| format!("remove {}", path.display()))
}

fn remove_as_caller(path: &Path) -> Result<(), SyscallError> {
    let parent = path.parent().expect("a directory of the store has one above it");
    let name = path.file_name().expect("a directory of the store has a name");
    remove::remove_tree(open_dir(parent)?, name.as_encoded_bytes())
}

/// Does it in a child that has entered the user namespace; its error comes back as text.
fn remove_mapped(path: &Path) -> anyhow::Result<()> {
    let (mut answer, writer) = std::io::pipe().context("make a pipe")?;
    match process::fork()? {
        Forked::Child => {
            drop(answer);
            let removed = userns::enter_best()
                .map_err(anyhow::Error::from)
                .and_then(|_| remove_as_caller(path).map_err(anyhow::Error::from));
            if let Err(error) = &removed {
                let _ = (&writer).write_all(format!("{error:#}").as_bytes());
            }
            process::exit_now(u8::from(removed.is_err()))
        }
        Forked::Parent { pidfd, .. } => {
            drop(writer);
            let mut text = String::new();
            answer.read_to_string(&mut text).context("hear from the removing process")?;
            match process::wait(&pidfd)? {
                process::End::Exited(0) => Ok(()),
                _ if text.is_empty() => bail!("the removing process was killed"),
                _ => bail!("{text}"),
            }
        }
    }
}
