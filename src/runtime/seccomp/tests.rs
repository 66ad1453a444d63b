//! The compiled programs are run by an interpreter of BPF, and once by the kernel.

use std::{fs, path::Path};

use anyhow::ensure;
use rustix::io::Errno;
use serde_json::json;

use super::{
    abi::Abi,
    compile::{AND, JEQ, JGE, JGT, JUMP, LOAD, RETURN},
    profile::Action,
    *,
};
use crate::sys::{
    process, seccomp,
    testing::{alone, in_child},
};

const ALLOW: u32 = 0x7fff_0000;
const EPERM: u32 = 0x0005_0001;
const ENOSYS: u32 = 0x0005_0026;
const KILL: u32 = 0x8000_0000;

/// Runs a program on a call as linux/net/core/filter.c does, and counts its steps.
fn interpret(program: &[u64], arch: u32, number: u32, args: [u64; 6]) -> (u32, usize) {
    let load = |offset: u32| match offset {
        0 => number,
        4 => arch,
        16..64 => {
            let arg = args[(offset as usize - 16) / 8];
            if offset.is_multiple_of(8) { arg as u32 } else { (arg >> 32) as u32 }
        }
        _ => panic!("no such offset: {offset}"),
    };
    let (mut accumulator, mut at) = (0, 0);
    for steps in 1.. {
        let word = program[at];
        let (code, jt, jf, k) = (word as u16, (word >> 16) as u8, (word >> 24) as u8, (word >> 32) as u32);
        let jump = |taken: bool| usize::from(if taken { jt } else { jf });
        at += 1;
        match code {
            LOAD => accumulator = load(k),
            AND => accumulator &= k,
            JUMP => at += k as usize,
            JEQ => at += jump(accumulator == k),
            JGT => at += jump(accumulator > k),
            JGE => at += jump(accumulator >= k),
            RETURN => return (k, steps),
            _ => panic!("unknown instruction {code:#x}"),
        }
    }
    unreachable!()
}

fn at(abi: Abi, caps: CapSet) -> Situation {
    Situation { abi, caps, kernel: (6, 1) }
}

fn default_for(abi: Abi, caps: CapSet) -> Vec<u64> {
    compile(&default_profile(), at(abi, caps)).unwrap()
}

fn custom(profile: serde_json::Value, situation: Situation) -> anyhow::Result<Vec<u64>> {
    compile(&Profile::deserialize(profile)?, situation)
}

fn fate(program: &[u64], abi: Abi, name: &str, args: &[u64]) -> u32 {
    let number = *abi.numbers().get(name).unwrap_or_else(|| panic!("{name} is no call of {abi:?}"));
    let mut six = [0; 6];
    six[..args.len()].copy_from_slice(args);
    interpret(program, abi.audit(), number, six).0
}

fn caps(names: &[&str]) -> CapSet {
    names.iter().fold(CapSet::DEFAULT, |set, name| set.with(CapSet::parse(name).unwrap()))
}

#[test]
fn the_default_policy_decides_as_dockers() {
    use Abi::{Aarch64, Arm, X32, X86, X86_64};
    let cases: &[(Abi, &str, &[u64], u32)] = &[
        (X86_64, "read", &[], ALLOW),
        (X86_64, "chroot", &[], ALLOW),
        (X86_64, "ptrace", &[], ALLOW),
        (X86_64, "arch_prctl", &[], ALLOW),
        (X86_64, "mount", &[], EPERM),
        (X86_64, "unshare", &[], EPERM),
        (X86_64, "setns", &[], EPERM),
        (X86_64, "bpf", &[], EPERM),
        (X86_64, "keyctl", &[], EPERM),
        (X86_64, "io_uring_setup", &[], EPERM),
        (X86_64, "userfaultfd", &[], EPERM),
        (X86_64, "kexec_load", &[], EPERM),
        (X86_64, "open_by_handle_at", &[], EPERM),
        (X86_64, "clone", &[0x0001_1200], ALLOW),
        (X86_64, "clone", &[0x1000_0011], EPERM),
        (X86_64, "clone", &[0x0200_0000], EPERM),
        (X86_64, "clone", &[0x8000_0000_0000_0011], ALLOW),
        (X86_64, "clone3", &[], ENOSYS),
        (X86_64, "personality", &[0], ALLOW),
        (X86_64, "personality", &[0x20008], ALLOW),
        (X86_64, "personality", &[0xffff_ffff], ALLOW),
        (X86_64, "personality", &[0x0004_0000], EPERM),
        (X86_64, "personality", &[0xffff_ffff_ffff_ffff], EPERM),
        (X86_64, "personality", &[0x1_0000_0008], EPERM),
        (X86_64, "file_setattr", &[], ENOSYS),
        (X32, "read", &[], ALLOW),
        (X32, "ioctl", &[], ALLOW),
        (X32, "mount", &[], EPERM),
        (X32, "clone", &[0x1000_0000], EPERM),
        (X86, "read", &[], ALLOW),
        (X86, "socketcall", &[1], ALLOW),
        (X86, "mount", &[], EPERM),
        (X86, "umount", &[], EPERM),
        (X86, "clone3", &[], ENOSYS),
        (Aarch64, "newfstatat", &[], ALLOW),
        (Aarch64, "openat", &[], ALLOW),
        (Aarch64, "mount", &[], EPERM),
        (Aarch64, "clone", &[0x1000_0000], EPERM),
        (Arm, "read", &[], ALLOW),
        (Arm, "set_tls", &[], ALLOW),
        (Arm, "usr26", &[], ENOSYS),
        (Arm, "mount", &[], EPERM),
    ];
    let (x86, arm) = (default_for(X86_64, CapSet::DEFAULT), default_for(Aarch64, CapSet::DEFAULT));
    for &(abi, name, args, want) in cases {
        let program = if matches!(abi, Aarch64 | Arm) { &arm } else { &x86 };
        let got = fate(program, abi, name, args);
        assert_eq!(got, want, "{abi:?} {name} {args:x?}: {got:#x}");
    }
}

#[test]
fn sockets_are_of_the_families_that_docker_allows() {
    let program = default_for(Abi::X86_64, CapSet::DEFAULT);
    for family in 0..64 {
        let want = match family {
            12 | 19 | 20 | 23 | 25 | 34 | 37 | 38 | 40 | 46.. => EPERM,
            _ => ALLOW,
        };
        assert_eq!(fate(&program, Abi::X86_64, "socket", &[family]), want, "family {family}");
        assert_eq!(
            fate(&program, Abi::X86_64, "socket", &[family | 1 << 32]),
            EPERM,
            "family {family}, high half"
        );
    }
}

#[test]
fn capabilities_open_their_calls() {
    for (cap, names) in [
        ("SYS_ADMIN", &["mount", "unshare", "setns", "clone3", "fsopen", "bpf"][..]),
        ("SYS_BOOT", &["reboot"]),
        ("SYS_TIME", &["clock_settime", "settimeofday"]),
        ("SYSLOG", &["syslog"]),
        ("BPF", &["bpf"]),
        ("DAC_READ_SEARCH", &["open_by_handle_at"]),
        ("SYS_PTRACE", &["kcmp", "pidfd_getfd"]),
    ] {
        let (without, with) =
            (default_for(Abi::X86_64, CapSet::DEFAULT), default_for(Abi::X86_64, caps(&[cap])));
        for name in names {
            assert_ne!(fate(&without, Abi::X86_64, name, &[]), ALLOW, "{name} without {cap}");
            assert_eq!(fate(&with, Abi::X86_64, name, &[]), ALLOW, "{name} with {cap}");
        }
    }
    let admin = default_for(Abi::X86_64, caps(&["SYS_ADMIN"]));
    assert_eq!(fate(&admin, Abi::X86_64, "clone", &[0x1000_0000]), ALLOW);
    let nothing = default_for(Abi::X86_64, CapSet::EMPTY);
    assert_eq!(fate(&nothing, Abi::X86_64, "chroot", &[]), EPERM);
}

#[test]
fn no_number_or_architecture_is_a_way_around() {
    let program = default_for(Abi::X86_64, CapSet::DEFAULT);
    let numbers = [Abi::X86_64, Abi::X32].map(Abi::numbers);
    for first in [0, 0x4000_0000] {
        for number in (first..first + 600).chain([first + 0x3fff_ffff]) {
            let known = numbers.iter().any(|table| table.values().any(|&n| n == number));
            let (got, _) = interpret(&program, Abi::X86_64.audit(), number, [0; 6]);
            assert!(known || got == EPERM || got == ENOSYS, "{number:#x}: {got:#x}");
        }
    }
    // x32 has its own ioctl: x86_64's number with the bit is not it.
    assert_eq!(interpret(&program, Abi::X86_64.audit(), 0x4000_0000 | 16, [0; 6]).0, EPERM);
    for arch in [Abi::Arm.audit(), Abi::Aarch64.audit(), 0, u32::MAX] {
        assert_eq!(interpret(&program, arch, 0, [0; 6]).0, KILL, "{arch:#x}");
    }
    let native_only = custom(
        json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"]}),
        at(Abi::X86_64, CapSet::EMPTY),
    )
    .unwrap();
    assert_eq!(fate(&native_only, Abi::X86_64, "read", &[]), ALLOW);
    assert_eq!(fate(&native_only, Abi::X32, "read", &[]), KILL);
    assert_eq!(fate(&native_only, Abi::X86, "read", &[]), KILL);
}

#[test]
fn the_search_is_short() {
    for abi in [Abi::X86_64, Abi::X32, Abi::X86, Abi::Aarch64, Abi::Arm] {
        let native = if matches!(abi, Abi::Aarch64 | Abi::Arm) { Abi::Aarch64 } else { Abi::X86_64 };
        let program = default_for(native, CapSet::DEFAULT);
        assert!(program.len() < 1500, "{} instructions", program.len());
        let numbers = abi.numbers();
        let steps = numbers
            .iter()
            .filter(|(name, _)| **name != "socket")
            .map(|(_, &number)| interpret(&program, abi.audit(), number, [1; 6]).1);
        let most = steps.max().unwrap();
        assert!(most <= 36, "{abi:?}: {most} steps");
    }
}

#[test]
fn arguments_are_compared_as_64_bit_numbers() {
    const V: u64 = 0x5_0000_0007;
    let probes = [0, 7, V - 1, V, V + 1, 0x4_ffff_ffff, 0x5_0000_0000, 0x6_0000_0000, 8, u64::MAX];
    type Meaning = fn(u64) -> bool;
    let cases: [(&str, Meaning); 7] = [
        ("SCMP_CMP_NE", |a| a != V),
        ("SCMP_CMP_LT", |a| a < V),
        ("SCMP_CMP_LE", |a| a <= V),
        ("SCMP_CMP_EQ", |a| a == V),
        ("SCMP_CMP_GE", |a| a >= V),
        ("SCMP_CMP_GT", |a| a > V),
        ("SCMP_CMP_MASKED_EQ", |a| a & V == 0x4_0000_0003),
    ];
    for (op, want) in cases {
        let profile = json!({"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{
            "names": ["read"], "action": "SCMP_ACT_ALLOW",
            "args": [{"index": 5, "value": V, "valueTwo": 0x4_0000_0003u64, "op": op},
                     {"index": 0, "value": 9, "op": "SCMP_CMP_EQ"}]}]});
        let program = custom(profile, at(Abi::X86_64, CapSet::EMPTY)).unwrap();
        for probe in probes.into_iter().chain([0x4_0000_0003]) {
            let wanted = if want(probe) { ALLOW } else { KILL };
            assert_eq!(
                fate(&program, Abi::X86_64, "read", &[9, 0, 0, 0, 0, probe]),
                wanted,
                "{op} {probe:#x}"
            );
            assert_eq!(fate(&program, Abi::X86_64, "read", &[8, 0, 0, 0, 0, probe]), KILL, "{op} {probe:#x}");
        }
    }
}

#[test]
fn every_action_has_its_value() {
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
        {"names": ["getpid"], "action": "SCMP_ACT_KILL"},
        {"name": "gettid", "action": "SCMP_ACT_KILL_PROCESS", "args": null},
        {"names": ["getuid"], "action": "SCMP_ACT_TRAP"},
        {"names": ["getgid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13},
        {"names": ["geteuid"], "action": "SCMP_ACT_TRACE", "errnoRet": 7},
        {"names": ["getegid"], "action": "SCMP_ACT_LOG", "comment": "no such key for us"},
        {"names": ["getppid"], "action": "SCMP_ACT_ERRNO"},
        {"names": ["not_a_call_yet"], "action": "SCMP_ACT_ERRNO"}]});
    let program = custom(profile, at(Abi::X86_64, CapSet::EMPTY)).unwrap();
    for (name, want) in [
        ("getpid", 0),
        ("gettid", KILL),
        ("getuid", 0x0003_0000),
        ("getgid", 0x0005_000d),
        ("geteuid", 0x7ff0_0007),
        ("getegid", 0x7ffc_0000),
        ("getppid", EPERM),
        ("read", ALLOW),
        ("file_setattr", ALLOW),
    ] {
        assert_eq!(fate(&program, Abi::X86_64, name, &[]), want, "{name}");
    }
    assert_eq!(Action::Errno(38).code(), ENOSYS);
}

#[test]
fn conditions_choose_the_rules() {
    let profile = json!({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "syscalls": [
        {"names": ["getpid"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.1"}},
        {"names": ["getuid"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.10"}},
        {"names": ["getgid"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "5.19"}},
        {"names": ["gettid"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_CHOWN", "CAP_KILL"]}},
        {"names": ["getppid"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_CHOWN", "CAP_BPF"]}},
        {"names": ["geteuid"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_BPF", "CAP_CHOWN"]}},
        {"names": ["getegid"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["arm64"]}},
        {"names": ["getsid"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64"], "caps": []}, "excludes": {}},
        {"names": ["getpgrp"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_FROM_THE_FUTURE"]}},
        {"names": ["file_setattr"], "action": "SCMP_ACT_ALLOW"}]});
    let program = custom(profile, at(Abi::X86_64, CapSet::DEFAULT)).unwrap();
    for (name, want) in [
        ("getpid", ALLOW),
        ("getuid", EPERM),
        ("getgid", EPERM),
        ("gettid", ALLOW),
        ("getppid", EPERM),
        ("geteuid", EPERM),
        ("getegid", EPERM),
        ("getsid", ALLOW),
        ("getpgrp", EPERM),
    ] {
        assert_eq!(fate(&program, Abi::X86_64, name, &[]), want, "{name}");
    }
}

#[test]
fn several_rules_for_a_call() {
    let eq = |value: u64| json!([{"index": 1, "value": value, "op": "SCMP_CMP_EQ"}]);
    let profile = json!({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": eq(1)},
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": eq(2)},
        {"names": ["ioctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": eq(3)},
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": eq(1 << 32)},
        {"names": ["ioctl"], "action": "SCMP_ACT_ALLOW", "args": [
            {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 9, "op": "SCMP_CMP_EQ"}]},
        {"names": ["fcntl"], "action": "SCMP_ACT_LOG", "args": eq(1)},
        {"names": ["fcntl"], "action": "SCMP_ACT_ALLOW"}]});
    let program = custom(profile, at(Abi::X86_64, CapSet::EMPTY)).unwrap();
    for (name, args, want) in [
        ("ioctl", [0, 1], ALLOW),
        ("ioctl", [0, 2], ALLOW),
        ("ioctl", [0, 3], ENOSYS),
        ("ioctl", [0, 1 << 32], ALLOW),
        ("ioctl", [0, 1 << 32 | 1], EPERM),
        ("ioctl", [0, 4], EPERM),
        ("ioctl", [8, 4], ALLOW),
        ("ioctl", [9, 4], ALLOW),
        ("fcntl", [0, 1], ALLOW),
    ] {
        assert_eq!(fate(&program, Abi::X86_64, name, &args), want, "{name} {args:x?}");
    }
}

#[test]
fn i386_reaches_an_allowed_call_through_its_gate() {
    let profile = json!({"defaultAction": "SCMP_ACT_ERRNO", "archMap":
        [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}], "syscalls":
        [{"names": ["socket", "connect", "shmctl"], "action": "SCMP_ACT_ALLOW"}]});
    let program = custom(profile, at(Abi::X86_64, CapSet::EMPTY)).unwrap();
    for (name, gate, want) in [
        ("socketcall", 1, ALLOW),
        ("socketcall", 3, ALLOW),
        ("socketcall", 2, EPERM),
        ("ipc", 24, ALLOW),
        ("ipc", 23, EPERM),
    ] {
        assert_eq!(fate(&program, Abi::X86, name, &[gate]), want, "{name} {gate}");
    }
}

#[test]
fn what_cannot_be_enforced_is_refused() {
    let rule = |rule: serde_json::Value| json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [rule]});
    let read = |key: &str, value: serde_json::Value| {
        let mut entry = json!({"names": ["read"], "action": "SCMP_ACT_ERRNO"});
        entry[key] = value;
        rule(entry)
    };
    for (profile, want) in [
        (json!({}), "missing field `defaultAction`"),
        (json!({"defaultAction": "ALLOW"}), "read defaultAction: unknown action \"ALLOW\""),
        (read("action", json!("SCMP_ACT_NOTIFY")), "read the rule for read: SCMP_ACT_NOTIFY needs an agent"),
        (read("errnoRet", json!(4096)), "read the rule for read: errno 4096 is none"),
        (
            read("args", json!([{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}])),
            "read the rule for read: argument 6",
        ),
        (
            read("args", json!([{"index": 0, "value": 0, "op": "EQ"}])),
            "read the rule for read: unknown comparison",
        ),
        (
            read("includes", json!({"minKernel": "five"})),
            "read the rule for read: minKernel \"five\" is no version",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG"]}),
            "the flag \"SECCOMP_FILTER_FLAG_LOG\" is not supported",
        ),
        (
            json!({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"],
                   "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}),
            "both architectures and archMap are given: use one",
        ),
    ] {
        let error = custom(profile, at(Abi::X86_64, CapSet::EMPTY)).unwrap_err();
        assert!(format!("{error:#}").starts_with(want), "{error:#}\nwant {want}");
    }
    let endless: Vec<_> = (0..2000)
        .map(|n| {
            json!({"names": ["read"], "action": "SCMP_ACT_ERRNO",
                        "args": [{"index": n % 6, "value": n, "op": "SCMP_CMP_GT"}]})
        })
        .collect();
    let profile = json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": endless});
    let error = custom(profile, at(Abi::X86_64, CapSet::EMPTY)).unwrap_err().to_string();
    assert!(error.contains("of which a filter has 4096 at most"), "{error}");
    assert!(parse_profile("{").is_err());
}

#[test]
fn a_privileged_container_is_unconfined_unless_a_profile_is_named() {
    let profile = parse_profile(r#"{"defaultAction": "SCMP_ACT_ALLOW"}"#).unwrap();
    for (choice, privileged, want) in [
        (&SeccompChoice::Default, false, 1),
        (&SeccompChoice::Default, true, 0),
        (&SeccompChoice::Unconfined, false, 0),
        (&profile, false, 1),
        (&profile, true, 1),
    ] {
        let programs = programs(choice, CapSet::DEFAULT, privileged).unwrap();
        assert_eq!(programs.len(), want, "{choice:?}, privileged {privileged}");
    }
}

/// The names that no architecture of ours has are those of spellings that differ.
#[test]
fn the_default_policy_names_calls_that_exist() {
    let tables = [Abi::X86_64, Abi::X86, Abi::Aarch64, Abi::Arm].map(Abi::numbers);
    let all = caps(&CapSet::all().names().collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>());
    for (abi, caps) in [(Abi::X86_64, CapSet::DEFAULT), (Abi::Aarch64, CapSet::DEFAULT), (Abi::X86_64, all)] {
        let policy = default_profile().policy(at(abi, caps)).unwrap();
        for name in policy.rules.iter().flat_map(|rule| &rule.names) {
            let known = tables.iter().any(|table| table.contains_key(name.as_str()));
            assert!(known || name == "sync_file_range2", "{name}");
        }
    }
}

/// `CORACLE_REGENERATE=1 cargo test --lib seccomp` writes the files anew.
#[test]
fn the_precompiled_filters_are_current() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/runtime/seccomp");
    for (abi, name) in [(Abi::X86_64, "default.x86_64.bpf"), (Abi::Aarch64, "default.aarch64.bpf")] {
        let bytes: Vec<u8> =
            default_for(abi, CapSet::DEFAULT).iter().flat_map(|word| word.to_le_bytes()).collect();
        let file = dir.join(name);
        if std::env::var_os("CORACLE_REGENERATE").is_some() {
            fs::write(&file, &bytes).unwrap();
        }
        assert!(
            fs::read(&file).unwrap() == bytes,
            "{name} is stale: CORACLE_REGENERATE=1 cargo test --lib seccomp"
        );
    }
    if std::env::var_os("CORACLE_REGENERATE").is_none() {
        assert_eq!(PRECOMPILED.as_slice(), default_for(Abi::NATIVE.unwrap(), CapSet::DEFAULT));
    }
}

#[test]
fn the_kernel_takes_and_obeys_the_default_filter() {
    if !alone() {
        return;
    }
    use rustix::net::{AddressFamily, SocketType, socket};
    in_child(|| {
        process::set_no_new_privs()?;
        for program in programs(&SeccompChoice::Default, CapSet::DEFAULT, false)? {
            seccomp::install(&program.0)?;
        }
        for (family, want) in [(AddressFamily::UNIX, Ok(())), (AddressFamily::from_raw(38), Err(Errno::PERM))]
        {
            let answer = socket(family, SocketType::SEQPACKET, None).map(drop);
            ensure!(answer == want, "{family:?}: {answer:?}");
        }
        // The C library makes a thread by clone3, and by clone where that answers ENOSYS.
        let thread = std::thread::Builder::new().spawn(rustix::process::getpid)?;
        ensure!(thread.join().is_ok(), "the thread panicked");
        Ok(())
    });
}
