//! The system-call interfaces that a kernel offers to programs, and the numbers that each gives to a name.
//! syscall(2), seccomp(2).

use std::collections::HashMap;

use syscalls::{aarch64, arm, x86, x86_64};

/// One calling interface. A 64-bit kernel has several, and a filter that forgets one can be walked around.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Abi {
    X86_64,
    X32,
    X86,
    Aarch64,
    Arm,
}

/// The names and numbers of an architecture of `syscalls`, whose iterator leaves out the last.
macro_rules! table {
    ($arch:ident) => {
        $arch::Sysno::iter().chain([$arch::Sysno::last()]).map(|call| (call.name(), call.id() as u32))
    };
}

/// Marks the numbers of x32, which shares x86_64's audit architecture.
const X32_BIT: u32 = 0x4000_0000;

impl Abi {
    /// The interface that this program itself uses.
    #[cfg(target_arch = "x86_64")]
    pub(super) const NATIVE: Option<Abi> = Some(Abi::X86_64);
    #[cfg(target_arch = "aarch64")]
    pub(super) const NATIVE: Option<Abi> = Some(Abi::Aarch64);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub(super) const NATIVE: Option<Abi> = None;

    /// Reads libseccomp's name; `None` for an architecture that no filter of ours can meet.
    pub(super) fn from_scmp(name: &str) -> Option<Self> {
        match name {
            "SCMP_ARCH_X86_64" => Some(Abi::X86_64),
            "SCMP_ARCH_X32" => Some(Abi::X32),
            "SCMP_ARCH_X86" => Some(Abi::X86),
            "SCMP_ARCH_AARCH64" => Some(Abi::Aarch64),
            "SCMP_ARCH_ARM" => Some(Abi::Arm),
            _ => None,
        }
    }

    /// docker's name, as in a rule's `includes.arches`.
    pub(super) fn docker_name(self) -> &'static str {
        match self {
            Abi::X86_64 => "amd64",
            Abi::X32 => "x32",
            Abi::X86 => "x86",
            Abi::Aarch64 => "arm64",
            Abi::Arm => "arm",
        }
    }

    /// `AUDIT_ARCH_…` of linux/audit.h: what a filter sees in `seccomp_data.arch`.
    pub(super) fn audit(self) -> u32 {
        match self {
            Abi::X86_64 | Abi::X32 => 0xc000_003e,
            Abi::X86 => 0x4000_0003,
            Abi::Aarch64 => 0xc000_00b7,
            Abi::Arm => 0x4000_0028,
        }
    }

    /// The numbers that are this interface's among those of its audit architecture.
    pub(super) fn range(self) -> (u32, u32) {
        match self {
            Abi::X86_64 => (0, X32_BIT - 1),
            Abi::X32 => (X32_BIT, u32::MAX),
            _ => (0, u32::MAX),
        }
    }

    /// Numbers from here on are not in the kernel's table, but private to the architecture.
    pub(super) fn private_numbers(self) -> u32 {
        if self == Abi::Arm { ARM_PRIVATE[0].1 } else { u32::MAX }
    }

    /// Every name and its number as the kernel sees it.
    pub(super) fn numbers(self) -> HashMap<&'static str, u32> {
        // A HashMap because FromStr of `syscalls` compares with one name after the other.
        match self {
            Abi::X86_64 => table!(x86_64).collect(),
            Abi::X86 => table!(x86).collect(),
            Abi::X32 => x32(),
            // The kernel's table says fstatat, libseccomp and so every profile newfstatat.
            Abi::Aarch64 => table!(aarch64).chain([("newfstatat", 79)]).collect(),
            Abi::Arm => table!(arm).chain(ARM_PRIVATE).collect(),
        }
    }
}

/// arch/arm/include/uapi/asm/unistd.h: `__ARM_NR_…`.
const ARM_PRIVATE: [(&str, u32); 5] = [
    ("breakpoint", 0x0f_0001),
    ("cacheflush", 0x0f_0002),
    ("usr26", 0x0f_0003),
    ("usr32", 0x0f_0004),
    ("set_tls", 0x0f_0005),
];

/// x32 has x86_64's numbers, but its own for the calls whose structures differ: from 512, in this order.
const X32_OWN: [&str; 36] = [
    "rt_sigaction",
    "rt_sigreturn",
    "ioctl",
    "readv",
    "writev",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "execve",
    "ptrace",
    "rt_sigpending",
    "rt_sigtimedwait",
    "rt_sigqueueinfo",
    "sigaltstack",
    "timer_create",
    "mq_notify",
    "kexec_load",
    "waitid",
    "set_robust_list",
    "get_robust_list",
    "vmsplice",
    "move_pages",
    "preadv",
    "pwritev",
    "rt_tgsigqueueinfo",
    "recvmmsg",
    "sendmmsg",
    "process_vm_readv",
    "process_vm_writev",
    "setsockopt",
    "getsockopt",
    "io_setup",
    "io_submit",
    "execveat",
    "preadv2",
    "pwritev2",
];

fn x32() -> HashMap<&'static str, u32> {
    let mut numbers = Abi::X86_64.numbers();
    let own = X32_OWN.iter().zip(512..);
    numbers.extend(own.map(|(name, number)| (*name, number)));
    numbers.values_mut().for_each(|number| *number |= X32_BIT);
    numbers
}

/// i386's calls that can also be made through `socketcall` or `ipc`, whose first argument says which.
/// linux/net.h, linux/ipc.h.
pub(super) fn multiplexed(name: &str) -> Option<(&'static str, u64)> {
    const SOCKETCALL: [&str; 20] = [
        "socket",
        "bind",
        "connect",
        "listen",
        "accept",
        "getsockname",
        "getpeername",
        "socketpair",
        "send",
        "recv",
        "sendto",
        "recvfrom",
        "shutdown",
        "setsockopt",
        "getsockopt",
        "sendmsg",
        "recvmsg",
        "accept4",
        "recvmmsg",
        "sendmmsg",
    ];
    const IPC: [(&str, u64); 12] = [
        ("semop", 1),
        ("semget", 2),
        ("semctl", 3),
        ("semtimedop", 4),
        ("msgsnd", 11),
        ("msgrcv", 12),
        ("msgget", 13),
        ("msgctl", 14),
        ("shmat", 21),
        ("shmdt", 22),
        ("shmget", 23),
        ("shmctl", 24),
    ];
    if let Some(index) = SOCKETCALL.iter().position(|call| *call == name) {
        return Some(("socketcall", index as u64 + 1));
    }
    IPC.iter().find(|(call, _)| *call == name).map(|(_, number)| ("ipc", *number))
}
