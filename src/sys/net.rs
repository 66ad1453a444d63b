//! Network devices. netdevice(7).

use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType};

use super::{
    error::{During, SyscallError},
    process::check,
};

/// Brings the loopback device of this thread's network namespace up.
pub fn bring_up_loopback() -> Result<(), SyscallError> {
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)
        .during(|| "socket(AF_INET)")?;
    // SAFETY: an ifreq is plain numbers, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    // SAFETY: the request lives across the call, and SIOCSIFFLAGS reads no more than it.
    let answer = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) };
    check(i64::from(answer)).map(drop).during(|| "ioctl(SIOCSIFFLAGS, \"lo\")")
}
