//! The exec stub: a program of some hundred bytes, in sealed memory, that we become before we become the container's
//! program. execveat(2), memfd_create(2), elf(5).
//!
//! While an execve(2) looks its file up, `/proc/self/exe` is the executable of the process that calls it. Ours, if we
//! called it ourselves: an image whose entry point is `/proc/self/exe`, or a script `#!/proc/self/exe`, would become
//! coracle, inside the container, with our file behind its `/proc/PID/exe`: open to be written to by the container's root,
//! which is the user who owns it (CVE-2019-5736). The stub makes the call instead, so that all that can be reached is the
//! stub. No look at the file beforehand could do this: a hostile container changes it between the look and the exec.
//!
//! ```text
//! argv: FILE ARGUMENT…   CHANNEL is a socket whose number is written into the stub
//!   fcntl(CHANNEL, F_SETFD, FD_CLOEXEC)     or close(CHANNEL), under a filter that forbids fcntl
//!   execve(FILE, ARGUMENT…, environment)
//!   write(CHANNEL, 'X' errno); exit_group(126)
//! ```
//!
//! A stub without its channel is one that a container has led itself to: it says so and ends, else `#!/proc/self/exe`
//! would go round in circles.

use std::{
    ffi::{CStr, CString},
    os::fd::{AsFd, AsRawFd, OwnedFd, RawFd},
    path::Path,
};

use rustix::{
    fs::{MemfdFlags, Mode, OFlags, SealFlags, StatVfsMountFlags},
    io::Errno,
};

use super::{
    error::{During, SyscallError},
    fd,
    process::check,
};

/// The first byte of what a stub says of an execve that failed; errno follows, in the machine's order.
pub const FAILED: u8 = b'X';

// A static ELF file of one segment, as the assembler lays it out: header, program header, code, message, channel's number.
#[cfg(target_arch = "x86_64")]
std::arch::global_asm!(
    include_str!("exec_stub/elf.s"),
    include_str!("exec_stub/x86_64.s"),
    include_str!("exec_stub/tail.s"),
    machine = const 62,
    options(att_syntax)
);

#[cfg(target_arch = "aarch64")]
std::arch::global_asm!(
    include_str!("exec_stub/elf.s"),
    include_str!("exec_stub/aarch64.s"),
    include_str!("exec_stub/tail.s"),
    machine = const 183,
);

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("src/sys/exec_stub/ wants the stub for this architecture");

unsafe extern "C" {
    static coracle_stub_start: u8;
    static coracle_stub_end: u8;
}

/// The file as assembled; its last four bytes are for the channel's number.
fn image() -> &'static [u8] {
    let (start, end) = (&raw const coracle_stub_start, &raw const coracle_stub_end);
    // SAFETY: the two symbols begin and end one read-only object, which the assembly above lays out.
    unsafe { std::slice::from_raw_parts(start, end.offset_from_unsigned(start)) }
}

/// A stub that is ready to be executed.
#[derive(Debug)]
pub struct ExecStub {
    file: OwnedFd,
    /// Its channel's number, in the process that will execute it.
    channel: RawFd,
}

impl ExecStub {
    /// Makes a stub that tells `channel`, or the descriptor that has its number after a fork, when it fails.
    pub fn new(channel: impl AsFd) -> Result<ExecStub, SyscallError> {
        let channel = channel.as_fd().as_raw_fd();
        let mut content = image().to_vec();
        let number = content.len() - size_of::<RawFd>();
        content[number..].copy_from_slice(&channel.to_ne_bytes());
        Ok(ExecStub { file: executable(&content)?, channel })
    }

    /// Becomes the stub, which becomes the program. Returns only with an error, which is of the first of both steps.
    pub fn exec(
        &self,
        channel: impl AsFd,
        file: &CStr,
        arguments: &[CString],
        environment: &[CString],
    ) -> SyscallError {
        debug_assert_eq!(channel.as_fd().as_raw_fd(), self.channel, "the stub was made for this channel");
        if let Err(errno) = rustix::io::fcntl_setfd(channel, rustix::io::FdFlags::empty()) {
            return SyscallError::new("fcntl(F_SETFD)", errno);
        }
        let strings = arguments.iter().map(CString::as_c_str);
        let arguments = pointers(std::iter::once(file).chain(strings));
        let environment = pointers(environment.iter().map(CString::as_c_str));
        let (arguments, environment) = (arguments.as_ptr(), environment.as_ptr());
        let number = self.file.as_raw_fd();
        // SAFETY: both arrays end in a null pointer and hold strings that outlive the call.
        let answer = check(unsafe {
            let path = c"".as_ptr();
            libc::syscall(libc::SYS_execveat, number, path, arguments, environment, libc::AT_EMPTY_PATH)
        });
        let errno = answer.expect_err("execveat returns with an error alone");
        // A filter of the user's may know execve and not execveat.
        let name = CString::new(format!("/proc/self/fd/{number}")).expect("digits hold no NUL");
        // SAFETY: as above.
        unsafe { libc::execve(name.as_ptr(), arguments, environment) };
        SyscallError::new("execveat(the exec stub)", errno)
    }
}

/// The strings as execve(2) takes them; they must outlive the pointers.
fn pointers<'a>(strings: impl Iterator<Item = &'a CStr>) -> Vec<*const libc::c_char> {
    strings.map(CStr::as_ptr).chain([std::ptr::null()]).collect()
}

/// A file that can be executed and that nobody else has a name for: sealed memory, or, where memory may not be executed
/// (the sysctl vm.memfd_noexec), an unnamed file. That one can be written to, but by this one container alone.
fn executable(content: &[u8]) -> Result<OwnedFd, SyscallError> {
    in_memory(content).or_else(|error| {
        let dirs = ["/dev/shm", "/tmp", "/var/tmp"];
        dirs.into_iter().find_map(|dir| unnamed(Path::new(dir), content)).ok_or(error)
    })
}

fn in_memory(content: &[u8]) -> Result<OwnedFd, SyscallError> {
    let create = |flags| rustix::fs::memfd_create("coracle-exec", flags);
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let memory = match create(flags | MemfdFlags::EXEC) {
        // MFD_EXEC came with the sysctl, in Linux 6.3.
        Err(Errno::INVAL) => create(flags),
        answer => answer,
    };
    let memory = memory.during(|| "memfd_create(MFD_EXEC)")?;
    fd::write_all(&memory, content).during(|| "write(memfd)")?;
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    rustix::fs::fcntl_add_seals(&memory, seals).during(|| "fcntl(F_ADD_SEALS)")?;
    Ok(memory)
}

fn unnamed(dir: &Path, content: &[u8]) -> Option<OwnedFd> {
    if rustix::fs::statvfs(dir).ok()?.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        return None;
    }
    let mode = Mode::from_raw_mode(0o555);
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = rustix::fs::open(dir, flags, mode).ok()?;
    fd::write_all(&file, content).ok()?;
    // What is open for writing cannot be executed.
    fd::reopen(&file, OFlags::RDONLY).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{
        process::{self, End, Forked},
        seccomp,
        testing::{alone, fork_in_test},
    };

    /// Has a child execute a file by way of a stub, and gives what the channel said and how the child ended.
    fn run(file: &CStr, arguments: &[&CStr], prepare: fn(&ExecStub)) -> (Vec<u8>, End) {
        let (ours, theirs) = fd::message_pair().unwrap();
        let stub = ExecStub::new(&theirs).unwrap();
        let arguments: Vec<CString> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        match fork_in_test().unwrap() {
            Forked::Child => {
                prepare(&stub);
                stub.exec(&theirs, file, &arguments, &[c"STUB=7".to_owned()]);
                process::exit_now(99)
            }
            Forked::Parent { pidfd, .. } => {
                drop(theirs);
                let mut buffer = [0; 64];
                let (length, _) = fd::receive(&ours, &mut buffer).unwrap();
                (buffer[..length].to_vec(), process::wait(&pidfd).unwrap())
            }
        }
    }

    fn said(errno: Errno) -> Vec<u8> {
        [&[FAILED], &errno.raw_os_error().to_ne_bytes()[..]].concat()
    }

    #[test]
    fn the_program_gets_its_arguments_and_environment_and_not_the_channel() {
        if !alone() {
            return;
        }
        let script = c"test \"$1-$STUB-$#\" = \"a b-7-1\" && test \"$(ls /proc/self/fd | tail -n 1)\" = 3";
        let (said, end) = run(c"/bin/sh", &[c"sh", c"-c", script, c"sh", c"a b"], |_| ());
        assert_eq!((said, end), (Vec::new(), End::Exited(0)));
    }

    #[test]
    fn what_cannot_be_executed_is_said() {
        if !alone() {
            return;
        }
        for (file, errno) in
            [(c"/no/such", Errno::NOENT), (c"/", Errno::ACCESS), (c"/proc/self/maps", Errno::ACCESS)]
        {
            assert_eq!(run(file, &[c"x"], |_| ()), (said(errno), End::Exited(126)), "{file:?}");
        }
    }

    #[test]
    fn cve_2019_5736_its_own_executable_is_a_stub_that_nobody_can_write_to() {
        if !alone() {
            return;
        }
        assert_eq!(run(c"/proc/self/exe", &[c"x"], |_| ()), (Vec::new(), End::Exited(126)));
        let (channel, _) = fd::message_pair().unwrap();
        let stub = ExecStub::new(&channel).unwrap();
        let again = fd::reopen(&stub.file, OFlags::RDWR).unwrap();
        for file in [&stub.file, &again] {
            assert_eq!(rustix::io::write(file, b"x"), Err(Errno::PERM));
            assert_eq!(rustix::fs::ftruncate(file, 0), Err(Errno::PERM));
        }
    }

    /// ld \[nr\]; jeq CALL ? 0 : 1; ret ERRNO(EPERM); ret ALLOW, as little-endian sock_filter.
    fn forbid(call: libc::c_long) {
        let instruction = |code: u64, jt: u64, jf: u64, k: u64| code | jt << 16 | jf << 24 | k << 32;
        process::set_no_new_privs().unwrap();
        seccomp::install(&[
            instruction(0x20, 0, 0, 0),
            instruction(0x15, 0, 1, call as u64),
            instruction(0x06, 0, 0, 0x0005_0000 | libc::EPERM as u64),
            instruction(0x06, 0, 0, 0x7fff_0000),
        ])
        .unwrap();
    }

    #[test]
    fn a_filter_that_knows_execve_alone_is_enough() {
        if !alone() {
            return;
        }
        let words = [c"sh", c"-c", c"exit 5"];
        let (said, end) = run(c"/bin/sh", &words, |_| forbid(libc::SYS_execveat));
        assert_eq!((said, end), (Vec::new(), End::Exited(5)));
    }

    #[test]
    fn memory_that_may_not_be_executed_is_replaced_by_an_unnamed_file() {
        let dirs = ["/dev/shm", "/tmp", "/var/tmp"];
        let file = dirs.into_iter().find_map(|dir| unnamed(Path::new(dir), image()));
        let file = file.expect("one of them takes unnamed executable files");
        let stat = rustix::fs::fstat(&file).unwrap();
        assert_eq!((stat.st_nlink, stat.st_mode & 0o7777), (0, 0o555));
        assert!(rustix::io::write(&file, b"x").is_err());
    }
}
