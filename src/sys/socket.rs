//! Unix sockets that keep message boundaries, at paths of any length. unix(7).

use std::{
    ffi::OsStr,
    os::fd::{AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, Mode, OFlags, openat},
    io::Errno,
    net::{
        AddressFamily, SocketAddrUnix, SocketFlags, SocketType, bind, connect, listen, socket_with,
        socketpair, sockopt::socket_peercred,
    },
};

use super::error::{During, SyscallError};

/// A pair of connected sockets, neither of which blocks.
pub fn pair() -> Result<(OwnedFd, OwnedFd), SyscallError> {
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags(), None)
        .during(|| "socketpair(SOCK_SEQPACKET)")
}

/// Makes a listening socket at `path`, whose directory must exist and let nobody else in. One that is left over from a
/// dead process is replaced.
pub fn listen_at(path: &Path) -> Result<OwnedFd, SyscallError> {
    let socket = new()?;
    let bound = with_address(path, |address| match bind(&socket, address) {
        Err(Errno::ADDRINUSE) => {
            rustix::fs::unlink(path)?;
            bind(&socket, address)
        }
        result => result,
    });
    bound.during(|| format!("bind({path:?})"))?;
    rustix::fs::chmod(path, Mode::RUSR | Mode::WUSR).during(|| format!("chmod({path:?})"))?;
    listen(&socket, 64).during(|| format!("listen({path:?})"))?;
    Ok(socket)
}

/// Connects to the socket at `path`.
pub fn connect_to(path: &Path) -> Result<OwnedFd, SyscallError> {
    let socket = new()?;
    with_address(path, |address| connect(&socket, address)).during(|| format!("connect({path:?})"))?;
    Ok(socket)
}

/// Takes a waiting connection, if there is one and if it is this user's own.
pub fn accept_own(listener: &OwnedFd) -> Result<Option<OwnedFd>, SyscallError> {
    let client = match rustix::net::accept_with(listener, flags()) {
        Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => return Ok(None),
        result => result.during(|| "accept4()")?,
    };
    let peer = socket_peercred(&client).during(|| "getsockopt(SO_PEERCRED)")?;
    Ok((peer.uid == rustix::process::geteuid()).then_some(client))
}

fn new() -> Result<OwnedFd, SyscallError> {
    socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags(), None).during(|| "socket(SOCK_SEQPACKET)")
}

fn flags() -> SocketFlags {
    SocketFlags::CLOEXEC | SocketFlags::NONBLOCK
}

/// Runs `call` with the address of a path. An address holds 108 bytes: a longer path goes through a descriptor of its
/// directory.
fn with_address<T>(path: &Path, call: impl FnOnce(&SocketAddrUnix) -> Result<T, Errno>) -> Result<T, Errno> {
    match SocketAddrUnix::new(path) {
        Ok(address) => call(&address),
        Err(Errno::NAMETOOLONG) => {
            let directory = path.parent().unwrap_or(Path::new("."));
            let name = path.file_name().unwrap_or(OsStr::new("."));
            let directory =
                openat(CWD, directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
            let short = PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd())).join(name);
            call(&SocketAddrUnix::new(short)?)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use rustix::net::{RecvFlags, SendFlags, recv, send};

    use super::*;

    #[test]
    fn a_socket_takes_connections_at_a_path_of_any_length_and_replaces_a_dead_one() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("d".repeat(100)).join("e".repeat(100));
        std::fs::create_dir_all(&deep).unwrap();
        for path in [dir.path().join("socket"), deep.join("socket")] {
            drop(listen_at(&path).unwrap());
            assert_eq!(connect_to(&path).unwrap_err().errno, Errno::CONNREFUSED);
            let listener = listen_at(&path).unwrap();
            assert!(accept_own(&listener).unwrap().is_none());
            let client = connect_to(&path).unwrap();
            let server = accept_own(&listener).unwrap().unwrap();
            send(&client, b"one", SendFlags::empty()).unwrap();
            send(&client, b"two", SendFlags::empty()).unwrap();
            let mut buffer = [0; 16];
            assert_eq!(
                recv(&server, &mut buffer, RecvFlags::empty()).unwrap().0,
                3,
                "messages keep their bounds"
            );
        }
    }
}
