//! Removes trees whose files may belong to any id of the caller's map.

use std::path::Path;

use anyhow::Context;
use rustix::io::Errno;

use super::mapped::in_user_namespace;
use crate::sys::{error::SyscallError, fd::open_dir, remove};

/// Removes a directory and all below it. Most trees are the caller's own; one that is not is removed by a child that
/// has the map's ids, since a directory may be emptied by its owner alone. Call it while single-threaded.
pub(crate) fn remove_tree(path: &Path) -> anyhow::Result<()> {
    match remove_as_caller(path) {
        Ok(()) => Ok(()),
        Err(error) if error.errno == Errno::NOENT => Ok(()),
        Err(error) if matches!(error.errno, Errno::ACCESS | Errno::PERM) => {
            in_user_namespace(None, |_| Ok(remove_as_caller(path)?))
        }
        Err(error) => Err(error.into()),
    }
    .with_context(|| format!("remove {}", path.display()))
}

fn remove_as_caller(path: &Path) -> Result<(), SyscallError> {
    let parent = path.parent().expect("a directory of the store has one above it");
    let name = path.file_name().expect("a directory of the store has a name");
    remove::remove_tree(open_dir(parent)?, name.as_encoded_bytes())
}
