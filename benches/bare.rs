//! The kernel's part of a container start, and nothing else: the floor under every container tool.
//!
//! `bare LOWER SCRATCH COMMAND…` makes the namespaces and the identity map (newuidmap's and newgidmap's, where the
//! caller has subordinate ids and `BARE_RANGE` gives them as `FIRST:COUNT`), mounts an overlay over LOWER, /proc, /sys
//! and a minimal /dev, brings the loopback interface up, changes the root, executes the command, waits for it and
//! removes its writable layer.
#![expect(
    unsafe_code,
    clippy::disallowed_methods,
    reason = "raw calls are what it is for; not a part of the program"
)]

use std::{
    env,
    ffi::{CStr, CString},
    fs, io, ptr,
};

const NAMESPACES: i32 = libc::CLONE_NEWUSER
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

fn main() {
    let words: Vec<String> = env::args().skip(1).collect();
    // Under `cargo test --benches` there is nothing to run.
    let [lower, scratch, command @ ..] = words.as_slice() else { return };
    if command.is_empty() {
        return;
    }
    let layer = format!("{scratch}/{}", std::process::id());
    for name in ["", "/upper", "/work", "/merged"] {
        fs::create_dir(format!("{layer}{name}")).expect("a scratch directory");
    }
    let status = start(lower, &layer, command);
    fs::remove_dir_all(format!("{layer}/upper")).expect("remove the layer");
    // The kernel's work/work has mode 0, which remove_dir_all could not read.
    for name in ["/work/work", "/work", "/merged", ""] {
        fs::remove_dir(format!("{layer}{name}")).expect("remove the layer");
    }
    std::process::exit(status);
}

fn check(what: &str, result: i64) -> i32 {
    assert!(result >= 0, "{what}: {}", io::Error::last_os_error());
    i32::try_from(result).expect("a pid or a status")
}

fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL in an argument")
}

fn start(lower: &str, layer: &str, command: &[String]) -> i32 {
    let range = env::var("BARE_RANGE").ok();
    // SAFETY: getuid and getgid cannot fail.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    let mut gate = [0; 2];
    // SAFETY: the array has room for two descriptors.
    check("pipe2", unsafe { libc::pipe2(gate.as_mut_ptr(), libc::O_CLOEXEC) }.into());
    let flags = i64::from(NAMESPACES | libc::SIGCHLD);
    // SAFETY: without a stack it is a fork; this program has one thread.
    let pid = check("clone", unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) });
    if pid == 0 {
        let mut word = 0_u8;
        // SAFETY: the pointer is to one byte.
        unsafe {
            libc::close(gate[1]);
            libc::read(gate[0], (&raw mut word).cast(), 1);
        }
        contain(lower, layer, command);
    }
    map(pid, uid, gid, range.as_deref());
    let mut status = 0;
    // SAFETY: the descriptors are ours; the pointer is to a local.
    unsafe {
        libc::close(gate[1]);
        check("waitpid", libc::waitpid(pid, &raw mut status, 0).into());
    }
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 1 }
}

fn map(pid: i32, uid: u32, gid: u32, range: Option<&str>) {
    let Some(range) = range else {
        fs::write(format!("/proc/{pid}/setgroups"), "deny").expect("setgroups");
        fs::write(format!("/proc/{pid}/gid_map"), format!("0 {gid} 1")).expect("gid_map");
        fs::write(format!("/proc/{pid}/uid_map"), format!("0 {uid} 1")).expect("uid_map");
        return;
    };
    let (first, count) = range.split_once(':').expect("FIRST:COUNT");
    let helper = |name: &str, id: u32| {
        let id = id.to_string();
        let arguments = [&pid.to_string(), "0", &id, "1", "1", first, count];
        std::process::Command::new(name).args(arguments).spawn().expect("the map's helper")
    };
    for mut child in [helper("newuidmap", uid), helper("newgidmap", gid)] {
        assert!(child.wait().expect("wait").success(), "the map's helper failed");
    }
}

fn mount(source: &str, target: &str, kind: &str, flags: libc::c_ulong, data: &str) {
    let (source, target, kind, data) = (c(source), c(target), c(kind), c(data));
    // SAFETY: all four are strings that outlive the call.
    let result =
        unsafe { libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast()) };
    check(&format!("mount {}", target.to_string_lossy()), result.into());
}

/// Should end in the program; must not return.
fn contain(lower: &str, layer: &str, command: &[String]) -> ! {
    const PLAIN: libc::c_ulong = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    let root = format!("{layer}/merged");
    mount("", "/", "", libc::MS_REC | libc::MS_PRIVATE, "");
    let options = format!("lowerdir={lower},upperdir={layer}/upper,workdir={layer}/work,userxattr");
    mount("overlay", &root, "overlay", 0, &options);
    let at = |path: &str| format!("{root}{path}");
    for path in ["/proc", "/sys", "/dev"] {
        let _ = fs::create_dir(at(path));
    }
    mount("proc", &at("/proc"), "proc", PLAIN, "");
    mount("sysfs", &at("/sys"), "sysfs", PLAIN | libc::MS_RDONLY, "");
    mount("tmpfs", &at("/dev"), "tmpfs", libc::MS_NOSUID, "mode=755,size=64k");
    for path in ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"] {
        fs::write(at(path), "").expect("a device's place");
        mount(path, &at(path), "", libc::MS_BIND, "");
    }
    for path in ["/dev/pts", "/dev/shm"] {
        fs::create_dir(at(path)).expect("a directory in /dev");
    }
    mount(
        "devpts",
        &at("/dev/pts"),
        "devpts",
        libc::MS_NOSUID | libc::MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=620",
    );
    mount("shm", &at("/dev/shm"), "tmpfs", PLAIN, "mode=1777,size=64m");
    loopback();
    change_root(&root);
    execute(command)
}

fn loopback() {
    // SAFETY: a zeroed ifreq is valid; the kernel reads the name and the flags.
    unsafe {
        let socket =
            check("socket", libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0).into());
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l'.cast_signed();
        request.ifr_name[1] = b'o'.cast_signed();
        request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).expect("small");
        check("ioctl", libc::ioctl(socket, libc::SIOCSIFFLAGS, &raw const request).into());
        libc::close(socket);
    }
}

fn change_root(root: &str) {
    let root = c(root);
    let dot = c".".as_ptr();
    // SAFETY: all arguments are strings that outlive the calls.
    unsafe {
        check("chdir", libc::chdir(root.as_ptr()).into());
        check("pivot_root", libc::syscall(libc::SYS_pivot_root, dot, dot));
        check("umount2", libc::umount2(dot, libc::MNT_DETACH).into());
        check("chdir", libc::chdir(c"/".as_ptr()).into());
        check("sethostname", libc::sethostname(c"bare".as_ptr(), 4).into());
    }
}

fn execute(command: &[String]) -> ! {
    let words: Vec<CString> = command.iter().map(|word| c(word)).collect();
    let mut pointers: Vec<_> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(ptr::null());
    let environment: [&CStr; 1] = [c"PATH=/bin:/usr/bin"];
    let environment = [environment[0].as_ptr(), ptr::null()];
    // SAFETY: both arrays are ended by null and outlive the call.
    unsafe { libc::execve(pointers[0], pointers.as_ptr(), environment.as_ptr()) };
    panic!("{}: {}", command[0], io::Error::last_os_error());
}
