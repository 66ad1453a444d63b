//! Commands that try what may be forbidden: `try CALL` in a container, `probe FEATURE` on the host.
#![expect(unsafe_code, reason = "raw system calls are what is tried")]

use std::{
    fs,
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
};

use rustix::{
    mount::{MountFlags, UnmountFlags, mount, unmount},
    thread::UnshareFlags,
};

use crate::{Outcome, because};

pub(crate) fn command(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let outcome = match (name, arguments) {
        ("probe", ["userns", _]) => user_namespace(UnshareFlags::NEWUSER | UnshareFlags::NEWNS),
        ("probe", ["overlay", dir]) => overlay(Path::new(dir)),
        ("try", calls) => contained().map(|()| {
            calls.iter().for_each(|call| println!("{call}: {}", attempt(call)));
        }),
        ("loopback", []) => loopback(),
        ("connect", [address]) => TcpStream::connect(address).map(drop).map_err(because),
        ("hear", [path]) => hear(path),
        _ => return None,
    };
    Some(outcome)
}

pub(crate) fn user_namespace(flags: UnshareFlags) -> Outcome {
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    // SAFETY: no descriptor table is unshared.
    unsafe { rustix::thread::unshare_unsafe(flags) }.map_err(because)?;
    fs::write("/proc/self/setgroups", "deny").map_err(because)?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1")).map_err(because)?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1")).map_err(because)
}

fn overlay(dir: &Path) -> Outcome {
    user_namespace(UnshareFlags::NEWUSER | UnshareFlags::NEWNS)?;
    for name in ["lower", "upper", "work", "merged"] {
        fs::create_dir(dir.join(name)).map_err(because)?;
    }
    let path = |name| dir.join(name).display().to_string();
    let options =
        format!("lowerdir={},upperdir={},workdir={},userxattr", path("lower"), path("upper"), path("work"));
    let options = std::ffi::CString::new(options).expect("no NUL in a path");
    mount("overlay", dir.join("merged"), "overlay", MountFlags::empty(), options.as_c_str())
        .map_err(because)?;
    unmount(dir.join("merged"), UnmountFlags::DETACH).map_err(because)
}

/// Refuses to go on outside a container: root's host would not survive some of the calls.
pub(crate) fn contained() -> Outcome {
    let program = std::env::current_exe().map_err(because)?;
    if program == Path::new("/bin/payload") { Ok(()) } else { Err("not in a container".into()) }
}

/// What the kernel says to a call: `allowed`, or the error.
fn attempt(call: &str) -> String {
    let path = c"/tmp/attempt".as_ptr();
    // SAFETY: each call gets numbers, null pointers, or pointers to static strings, as its manual page allows.
    let result = unsafe {
        match call {
            "mount" => {
                libc::mount(c"none".as_ptr(), c"/tmp".as_ptr(), c"tmpfs".as_ptr(), 0, std::ptr::null()).into()
            }
            "umount" => libc::umount2(c"/proc".as_ptr(), libc::MNT_DETACH).into(),
            "unshare-user" => libc::unshare(libc::CLONE_NEWUSER).into(),
            "unshare-mount" => libc::unshare(libc::CLONE_NEWNS).into(),
            "mknod" => libc::mknod(path, libc::S_IFCHR | 0o600, libc::makedev(1, 3)).into(),
            "chroot" => libc::chroot(c"/".as_ptr()).into(),
            "sethostname" => libc::sethostname(c"x".as_ptr(), 1).into(),
            "setuid" => libc::setuid(1).into(),
            "keyctl" => libc::syscall(libc::SYS_keyctl, 0, -3, 0),
            "bpf" => libc::syscall(libc::SYS_bpf, 0, 0, 0),
            "add_key" => libc::syscall(libc::SYS_add_key, 0, 0, 0, 0, 0),
            "reboot" => libc::syscall(libc::SYS_reboot, 0, 0, 0, 0),
            "clone3" => libc::syscall(libc::SYS_clone3, 0, 0),
            "ptrace" => libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0),
            "personality" => libc::personality(0x0020_0000).into(),
            "socket-vsock" => libc::socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0).into(),
            "socket-raw" => libc::socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP).into(),
            _ => return "unknown".into(),
        }
    };
    if result >= 0 { "allowed".into() } else { because(io::Error::last_os_error()) }
}

/// Talks to itself over 127.0.0.1.
fn loopback() -> Outcome {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(because)?;
    let mut client = TcpStream::connect(listener.local_addr().map_err(because)?).map_err(because)?;
    let (mut server, _) = listener.accept().map_err(because)?;
    client.write_all(b"ping").map_err(because)?;
    let mut word = [0; 4];
    server.read_exact(&mut word).map_err(because)?;
    println!("loopback works");
    Ok(())
}

/// Connects to a socket that keeps message boundaries, and tells how much comes until the other side is gone.
fn hear(path: &str) -> Outcome {
    use rustix::net::{AddressFamily, RecvFlags, SocketAddrUnix, SocketType, connect, recv, socket};
    let stream = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).map_err(because)?;
    connect(&stream, &SocketAddrUnix::new(path).map_err(because)?).map_err(because)?;
    let mut buffer = [0; 65_536];
    let mut count = 0;
    loop {
        match recv(&stream, &mut buffer[..], RecvFlags::empty()) {
            Ok((0, _)) | Err(rustix::io::Errno::CONNRESET) => break,
            Ok((more, _)) => count += more,
            Err(error) => return Err(because(error)),
        }
    }
    println!("{count} bytes");
    Ok(())
}
