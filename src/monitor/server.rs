//! The attach server: whoever of this user connects to the container's socket gets its output from then on, and may
//! write to its input.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use anyhow::Context as _;

use crate::sys::socket;

/// A container's listening socket. The file goes with it; losing the file earlier loses nothing but `attach`.
#[derive(Debug)]
pub struct Listener {
    fd: OwnedFd,
    path: PathBuf,
}

impl Listener {
    /// Makes the socket, and its directory. The caller does so before it says that the container runs, so that whoever
    /// hears it can attach.
    pub fn bind(path: &Path) -> anyhow::Result<Listener> {
        let listener = socket::listen_at(path).or_else(|error| {
            if error.errno != rustix::io::Errno::NOENT {
                return Err(anyhow::Error::from(error));
            }
            make_directory(path)?;
            Ok(socket::listen_at(path)?)
        });
        let fd = listener.context("make the socket for attach")?;
        Ok(Listener { fd, path: path.to_owned() })
    }
}

fn make_directory(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let directory = path.parent().context("find the directory of the socket")?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    Ok(())
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
