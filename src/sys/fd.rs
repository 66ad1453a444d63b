//! Descriptors: all of ours are owned and close-on-exec; what crosses an exec is placed by [`place`] alone.
//! unix(7), close_range(2).

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd},
    path::Path,
};

use rustix::{
    fs::{CWD, Mode, OFlags},
    io::Errno,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags,
    },
};

use super::{
    error::{During, SyscallError},
    feature::Feature,
    process::check,
};

/// Opens a directory to work beneath it.
pub fn open_dir(path: &Path) -> Result<OwnedFd, SyscallError> {
    rustix::fs::open(path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .during(|| format!("open({path:?}, O_DIRECTORY)"))
}

/// Opens a name without opening the file: to look at it, mount on it or resolve beneath it.
pub fn open_path(path: &Path) -> Result<OwnedFd, SyscallError> {
    rustix::fs::open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .during(|| format!("open({path:?}, O_PATH)"))
}

/// Opens a file for reading.
pub fn open_file(path: &Path) -> Result<OwnedFd, SyscallError> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .during(|| format!("open({path:?})"))
}

/// Opens what an O_PATH descriptor names, for reading or writing. /proc/self/fd must be reachable.
pub fn reopen(fd: impl AsFd, flags: OFlags) -> Result<OwnedFd, SyscallError> {
    let path = format!("/proc/self/fd/{}", fd.as_fd().as_raw_fd());
    rustix::fs::openat(CWD, &path, flags | OFlags::CLOEXEC, Mode::empty())
        .during(|| format!("open({path:?})"))
}

/// Writes all of `content`; a value for a kernel file goes out in one call.
pub fn write_all(fd: impl AsFd, mut content: &[u8]) -> Result<(), Errno> {
    while !content.is_empty() {
        match rustix::io::write(&fd, content) {
            Ok(written) => content = &content[written..],
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Makes `fd` the descriptor with this number, which an exec keeps.
pub fn place(fd: BorrowedFd<'_>, number: RawFd) -> Result<(), SyscallError> {
    if fd.as_raw_fd() == number {
        return rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty()).during(|| "fcntl(F_SETFD)");
    }
    // SAFETY: what had the number is closed; that is what the caller asks for, and 0 to 2 are owned by nobody.
    let answer = unsafe { libc::dup2(fd.as_raw_fd(), number) };
    check(i64::from(answer)).map(drop).during(|| format!("dup2(.., {number})"))
}

/// Marks every descriptor from `first` on close-on-exec: an inherited one that nobody of us knows is not passed on.
pub fn close_on_exec_from(first: u32) -> Result<(), SyscallError> {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    let new = || {
        // SAFETY: plain integers; nothing is closed before the exec.
        check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, CLOSE_RANGE_CLOEXEC) }).map(drop)
    };
    let range = || format!("close_range({first}, .., CLOEXEC)");
    if Feature::CloseRange.is_usable() {
        match new() {
            // EINVAL: Linux 5.9 and 5.10 know the call without the flag.
            Err(Errno::NOSYS | Errno::INVAL) => Feature::CloseRange.switch_off(),
            answer => return answer.during(range),
        }
    }
    for number in open_numbers().during(|| "readdir(\"/proc/self/fd\")")? {
        if number >= first as RawFd {
            // SAFETY: the flag is set on a descriptor that is open or no longer; neither is closed.
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    }
    Ok(())
}

/// Closes what was inherited from our caller: every descriptor of ours is close-on-exec, and no other is. The first
/// three are left alone. *Must* be called while single-threaded.
pub fn close_inherited() -> Result<(), SyscallError> {
    for number in
        open_numbers().during(|| "readdir(\"/proc/self/fd\")")?.into_iter().filter(|number| *number > 2)
    {
        // SAFETY: the descriptor came through an exec, so that no value of this program owns it.
        unsafe {
            let flags = libc::fcntl(number, libc::F_GETFD);
            if flags != -1 && flags & libc::FD_CLOEXEC == 0 {
                libc::close(number);
            }
        }
    }
    Ok(())
}

/// Closes every descriptor from `first` on, for a process that owns none of them any more and only waits from now on.
pub fn close_from(first: u32) {
    // SAFETY: the caller promises to use no descriptor from there on, so none is used after it is closed.
    let answer = check(unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) });
    if answer.is_err() {
        for number in
            open_numbers().unwrap_or_default().into_iter().filter(|number| *number >= first as RawFd)
        {
            // SAFETY: as above.
            unsafe { libc::close(number) };
        }
    }
}

fn open_numbers() -> io::Result<Vec<RawFd>> {
    let names = std::fs::read_dir("/proc/self/fd")?;
    Ok(names.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// A pair of connected sockets that keep message boundaries.
pub fn message_pair() -> Result<(OwnedFd, OwnedFd), SyscallError> {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
    socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)
        .during(|| "socketpair(SOCK_SEQPACKET)")
}

/// Sends one message, with a descriptor where there is one.
pub fn send(socket: impl AsFd, message: &[u8], fd: Option<BorrowedFd<'_>>) -> Result<(), SyscallError> {
    let fds = fd.map(|fd| [fd]);
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if let Some(fds) = &fds {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    loop {
        match rustix::net::sendmsg(&socket, &[IoSlice::new(message)], &mut control, SendFlags::NOSIGNAL) {
            Err(Errno::INTR) => {}
            answer => return answer.map(drop).during(|| "sendmsg()"),
        }
    }
}

/// Receives one message into `buffer`: its length, 0 when the other side is closed, and a descriptor that came with it.
///
/// A peer that closed with something of ours unread is told once, by ECONNRESET, and before what it had sent: that is
/// still there, and the end after it.
pub fn receive(socket: impl AsFd, buffer: &mut [u8]) -> Result<(usize, Option<OwnedFd>), SyscallError> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        let iov = &mut [IoSliceMut::new(buffer)];
        match rustix::net::recvmsg(&socket, iov, &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(Errno::INTR | Errno::CONNRESET) => {}
            answer => break answer.during(|| "recvmsg()")?,
        }
    };
    let fd = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    Ok((received.bytes, fd))
}

/// Takes over a descriptor that a raw call has just made.
///
/// # Safety
///
/// `answer` must be a new descriptor that nothing else owns.
pub(super) unsafe fn own(answer: i64) -> OwnedFd {
    // SAFETY: the caller's promise. Descriptor numbers are ints.
    unsafe { OwnedFd::from_raw_fd(answer as RawFd) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_carries_its_descriptor() {
        let (ours, theirs) = message_pair().unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        send(&ours, b"first", Some(writer.as_fd())).unwrap();
        send(&ours, b"second", None).unwrap();
        drop(ours);
        let mut buffer = [0; 64];
        let (length, fd) = receive(&theirs, &mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"first");
        write_all(fd.unwrap(), b"through").unwrap();
        drop(writer);
        assert_eq!(std::io::read_to_string(reader).unwrap(), "through");
        let (length, fd) = receive(&theirs, &mut buffer).unwrap();
        assert_eq!((&buffer[..length], fd.is_none()), (&b"second"[..], true));
        assert_eq!(receive(&theirs, &mut buffer).unwrap().0, 0);
    }

    #[test]
    fn the_last_word_of_a_peer_that_did_not_listen_is_heard() {
        let (ours, theirs) = message_pair().unwrap();
        send(&ours, b"unread", None).unwrap();
        send(&theirs, b"last word", None).unwrap();
        drop(theirs);
        let mut buffer = [0; 64];
        assert_eq!(receive(&ours, &mut buffer).unwrap().0, 9);
        assert_eq!(receive(&ours, &mut buffer).unwrap().0, 0);
    }
}
