//! Signals as data: blocked, and read from a descriptor among others. signal(7), signalfd(2), sigprocmask(2).

use std::{
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use rustix::{
    io::Errno,
    process::{Pid, Signal},
};

use super::error::{During, SyscallError};

/// The last signal number that Linux knows on every machine but mips.
const LAST: i32 = 64;

/// The signal of a number. The C library keeps 32 and 33 for itself.
pub fn from_number(number: i32) -> Option<Signal> {
    if !(1..=LAST).contains(&number) || (32..=33).contains(&number) {
        return None;
    }
    // SAFETY: the number is one that the kernel knows and that the C library does not use for its threads.
    Some(unsafe { Signal::from_raw_unchecked(number) })
}

/// Signals that are kept from the thread until they are read or the mask is restored.
pub struct Mask {
    earlier: libc::sigset_t,
    blocked: libc::sigset_t,
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").finish_non_exhaustive()
    }
}

impl Mask {
    /// Blocks signals for this thread and, as masks are inherited, for what it starts: a child that executes a program
    /// must unblock them.
    pub fn block(signals: impl IntoIterator<Item = Signal>) -> Result<Mask, SyscallError> {
        let mut earlier = MaybeUninit::<libc::sigset_t>::uninit();
        let mut blocked = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: sigemptyset initialises the set that sigaddset changes, and sigprocmask fills in the earlier one.
        unsafe {
            libc::sigemptyset(blocked.as_mut_ptr());
            for signal in signals {
                libc::sigaddset(blocked.as_mut_ptr(), signal.as_raw());
            }
            let result = libc::sigprocmask(libc::SIG_BLOCK, blocked.as_ptr(), earlier.as_mut_ptr());
            check(result).during(|| "sigprocmask(SIG_BLOCK)")?;
            Ok(Mask { earlier: earlier.assume_init(), blocked: blocked.assume_init() })
        }
    }

    /// Makes a descriptor that the blocked signals are read from.
    pub fn descriptor(&self) -> Result<SignalFd, SyscallError> {
        // SAFETY: the set was initialised by `block`; the kernel gives a new descriptor, owned by nobody else.
        unsafe {
            let fd = libc::signalfd(-1, &raw const self.blocked, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK);
            check(fd).during(|| "signalfd()")?;
            Ok(SignalFd(OwnedFd::from_raw_fd(fd)))
        }
    }

    /// Lets through what was let through before; what waited arrives now.
    pub fn restore(self) {
        // SAFETY: the set is one that the kernel gave us; the call cannot fail with a valid first argument.
        unsafe {
            libc::sigprocmask(libc::SIG_SETMASK, &raw const self.earlier, std::ptr::null_mut());
        }
    }
}

/// A descriptor that is readable while a blocked signal waits.
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

/// A signal that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    pub signal: Signal,
    /// From the kernel (a key on the terminal, its size, its hang-up), not from a process.
    pub by_kernel: bool,
}

impl SignalFd {
    /// The next signal, if one waits.
    pub fn read(&self) -> Result<Option<Received>, SyscallError> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the kernel writes whole records only, and the buffer holds one.
        let count = unsafe { libc::read(self.0.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        match check(count as i32) {
            Err(Errno::AGAIN | Errno::INTR) => return Ok(None),
            result => result.during(|| "read(signalfd)")?,
        }
        // SAFETY: the read succeeded, and it reads nothing less than a record.
        let info = unsafe { info.assume_init() };
        let by_kernel = info.ssi_code > 0;
        Ok(from_number(info.ssi_signo as i32).map(|signal| Received { signal, by_kernel }))
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// Says whether a process leaves a signal to the kernel's default: neither ignores nor handles it.
/// proc_pid_status(5).
pub fn is_default_in(pid: Pid, signal: Signal) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())) else {
        return false;
    };
    let bit = 1u64 << (signal.as_raw() - 1);
    let has = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).is_none_or(|set| set & bit != 0)
    };
    !has("SigIgn:") && !has("SigCgt:")
}

/// Waits for any blocked signal and gives its number.
pub fn wait_for_any() -> i32 {
    let mut every = MaybeUninit::<libc::sigset_t>::uninit();
    loop {
        // SAFETY: sigfillset initialises the set; no information besides the number is asked for.
        let number = unsafe {
            libc::sigfillset(every.as_mut_ptr());
            libc::sigwaitinfo(every.as_ptr(), std::ptr::null_mut())
        };
        // Otherwise a debugger or a stop interrupted it.
        if number > 0 {
            return number;
        }
    }
}

fn check(result: i32) -> Result<(), Errno> {
    if result < 0 {
        let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO);
        return Err(Errno::from_raw_os_error(errno));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_checked() {
        let cases =
            [(0, None), (1, Some(1)), (15, Some(15)), (32, None), (34, Some(34)), (64, Some(64)), (65, None)];
        for (number, expected) in cases {
            assert_eq!(from_number(number).map(Signal::as_raw), expected, "{number}");
        }
    }

    #[test]
    fn a_blocked_signal_is_read() {
        let mask = Mask::block([Signal::WINCH]).unwrap();
        let signals = mask.descriptor().unwrap();
        assert_eq!(signals.read().unwrap(), None);
        // SAFETY: sends to this very thread, which has the signal blocked.
        unsafe { libc::raise(libc::SIGWINCH) };
        assert_eq!(signals.read().unwrap(), Some(Received { signal: Signal::WINCH, by_kernel: false }));
        mask.restore();
    }
}
