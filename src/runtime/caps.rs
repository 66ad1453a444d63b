//! Capabilities: their names, docker's default set, what `--cap-add` and `--cap-drop` make of it, and how a process
//! is left with a set. capabilities(7).

use std::fmt;

use anyhow::{Context, bail};
use oci_spec::runtime::{Capabilities, Capability, LinuxCapabilities, LinuxCapabilitiesBuilder};

use crate::sys::{capability, error::SyscallError};

/// Every capability by its number, as linux/capability.h has it.
const TABLE: [(&str, Capability); 41] = [
    ("CHOWN", Capability::Chown),
    ("DAC_OVERRIDE", Capability::DacOverride),
    ("DAC_READ_SEARCH", Capability::DacReadSearch),
    ("FOWNER", Capability::Fowner),
    ("FSETID", Capability::Fsetid),
    ("KILL", Capability::Kill),
    ("SETGID", Capability::Setgid),
    ("SETUID", Capability::Setuid),
    ("SETPCAP", Capability::Setpcap),
    ("LINUX_IMMUTABLE", Capability::LinuxImmutable),
    ("NET_BIND_SERVICE", Capability::NetBindService),
    ("NET_BROADCAST", Capability::NetBroadcast),
    ("NET_ADMIN", Capability::NetAdmin),
    ("NET_RAW", Capability::NetRaw),
    ("IPC_LOCK", Capability::IpcLock),
    ("IPC_OWNER", Capability::IpcOwner),
    ("SYS_MODULE", Capability::SysModule),
    ("SYS_RAWIO", Capability::SysRawio),
    ("SYS_CHROOT", Capability::SysChroot),
    ("SYS_PTRACE", Capability::SysPtrace),
    ("SYS_PACCT", Capability::SysPacct),
    ("SYS_ADMIN", Capability::SysAdmin),
    ("SYS_BOOT", Capability::SysBoot),
    ("SYS_NICE", Capability::SysNice),
    ("SYS_RESOURCE", Capability::SysResource),
    ("SYS_TIME", Capability::SysTime),
    ("SYS_TTY_CONFIG", Capability::SysTtyConfig),
    ("MKNOD", Capability::Mknod),
    ("LEASE", Capability::Lease),
    ("AUDIT_WRITE", Capability::AuditWrite),
    ("AUDIT_CONTROL", Capability::AuditControl),
    ("SETFCAP", Capability::Setfcap),
    ("MAC_OVERRIDE", Capability::MacOverride),
    ("MAC_ADMIN", Capability::MacAdmin),
    ("SYSLOG", Capability::Syslog),
    ("WAKE_ALARM", Capability::WakeAlarm),
    ("BLOCK_SUSPEND", Capability::BlockSuspend),
    ("AUDIT_READ", Capability::AuditRead),
    ("PERFMON", Capability::Perfmon),
    ("BPF", Capability::Bpf),
    ("CHECKPOINT_RESTORE", Capability::CheckpointRestore),
];

/// A set of capabilities: bit n is capability n.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct CapSet(u64);

impl CapSet {
    pub const EMPTY: CapSet = CapSet(0);

    /// docker's default: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw,
    /// sys_chroot, mknod, audit_write, setfcap.
    pub const DEFAULT: CapSet = CapSet(
        1 | 1 << 1
            | 1 << 3
            | 1 << 4
            | 1 << 5
            | 1 << 6
            | 1 << 7
            | 1 << 8
            | 1 << 10
            | 1 << 13
            | 1 << 18
            | 1 << 27
            | 1 << 29
            | 1 << 31,
    );

    /// Every capability that both this program and the running kernel know.
    pub fn all() -> Self {
        CapSet(
            (0..TABLE.len() as u32).take_while(|&n| capability::exists(n)).fold(0, |bits, n| bits | 1 << n),
        )
    }

    /// Reads one name: with or without `CAP_`, in either case.
    pub fn parse(name: &str) -> anyhow::Result<Self> {
        let upper = name.to_ascii_uppercase();
        let plain = upper.strip_prefix("CAP_").unwrap_or(&upper);
        match TABLE.iter().position(|(known, _)| *known == plain) {
            Some(number) => Ok(CapSet(1 << number)),
            None => bail!("invalid capability {name:?}: see capabilities(7) for the names"),
        }
    }

    /// The set of an OCI process: its bounding set, to which a program can come by any means.
    pub fn from_oci(capabilities: Option<&LinuxCapabilities>) -> Self {
        let bounding = capabilities.and_then(|sets| sets.bounding().as_ref());
        bounding.map_or(Self::EMPTY, |set| {
            let bits = TABLE.iter().enumerate().filter(|(_, (_, cap))| set.contains(cap));
            CapSet(bits.fold(0, |bits, (n, _)| bits | 1 << n))
        })
    }

    /// The set in OCI's words: bounding, effective and permitted. Inheritable and ambient stay empty, or a program
    /// without file capabilities would pass them on (CVE-2022-24769).
    pub fn to_oci(self) -> LinuxCapabilities {
        let set: Capabilities = self.numbers().map(|n| TABLE[n as usize].1).collect();
        LinuxCapabilitiesBuilder::default()
            .bounding(set.clone())
            .effective(set.clone())
            .permitted(set)
            .inheritable(Capabilities::default())
            .ambient(Capabilities::default())
            .build()
            .expect("every field is set")
    }

    pub const fn bits(self) -> u64 {
        self.0
    }

    pub const fn with(self, other: CapSet) -> CapSet {
        CapSet(self.0 | other.0)
    }

    pub const fn without(self, other: CapSet) -> CapSet {
        CapSet(self.0 & !other.0)
    }

    /// Says whether all of `other` is in this set.
    pub const fn contains(self, other: CapSet) -> bool {
        self.0 & other.0 == other.0
    }

    /// `CAP_…` names, in the kernel's order.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.numbers().map(|n| format!("CAP_{}", TABLE[n as usize].0))
    }

    fn numbers(self) -> impl Iterator<Item = u32> {
        (0..TABLE.len() as u32).filter(move |n| self.0 >> n & 1 == 1)
    }
}

impl fmt::Debug for CapSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// What docker gives a container: privileged is everything; `--cap-add ALL` is everything but what is dropped;
/// `--cap-drop ALL` leaves what is added; else the default loses what is dropped, then gains what is added.
pub fn choose(add: &[String], drop: &[String], privileged: bool) -> anyhow::Result<CapSet> {
    if privileged {
        return Ok(CapSet::all());
    }
    let (add_all, added) = list(add).context("read --cap-add")?;
    let (drop_all, dropped) = list(drop).context("read --cap-drop")?;
    if !add.is_empty()
        && let Some(name) = added.without(CapSet::all()).names().next()
    {
        bail!("add {name}: this kernel does not know it");
    }
    Ok(match (add_all, drop_all) {
        (true, _) => CapSet::all().without(dropped),
        (false, true) => added,
        (false, false) => CapSet::DEFAULT.without(dropped).with(added),
    })
}

/// Whether `ALL` is in a list, and the others.
fn list(names: &[String]) -> anyhow::Result<(bool, CapSet)> {
    let mut all = false;
    let mut set = CapSet::EMPTY;
    for name in names {
        if name.eq_ignore_ascii_case("all") || name.eq_ignore_ascii_case("cap_all") {
            all = true;
        } else {
            set = set.with(CapSet::parse(name)?);
        }
    }
    Ok((all, set))
}

/// Takes everything outside `keep` from the bounding set, for good.
///
/// Should: be called in the container's user namespace, before the user is changed (it needs SETPCAP).
/// Mustn't: be called later than [`limit`], which may take SETPCAP away.
pub fn drop_bounding(keep: CapSet) -> Result<(), SyscallError> {
    capability::drop_bounding(keep.bits())
}

/// Leaves the process with `keep` (root) or with nothing (any other user): effective and permitted; never anything
/// inheritable or ambient, which file-less programs would hand on.
///
/// Should: be called after the last change of user, before exec.
pub fn limit(keep: CapSet, uid: u32) -> Result<(), SyscallError> {
    let held = if uid == 0 { keep } else { CapSet::EMPTY };
    capability::set(held.bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn set(names: &[&str]) -> CapSet {
        names.iter().fold(CapSet::EMPTY, |set, name| set.with(CapSet::parse(name).unwrap()))
    }

    #[test]
    fn the_default_set_is_dockers_fourteen() {
        let names: Vec<_> = CapSet::DEFAULT.names().collect();
        assert_eq!(
            names.join(" "),
            "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID CAP_SETPCAP \
             CAP_NET_BIND_SERVICE CAP_NET_RAW CAP_SYS_CHROOT CAP_MKNOD CAP_AUDIT_WRITE CAP_SETFCAP"
        );
    }

    #[test]
    fn names_are_read_in_every_spelling() {
        for name in ["CAP_SYS_ADMIN", "SYS_ADMIN", "sys_admin", "cap_Sys_Admin"] {
            assert_eq!(CapSet::parse(name).unwrap().bits(), 1 << 21, "{name:?}");
        }
        for name in ["", "CAP_", "SYS-ADMIN", "ROOT", "CAP_CAP_CHOWN", "CHOWN ", "21"] {
            assert!(CapSet::parse(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn adds_and_drops_as_docker() {
        let all = CapSet::all();
        let default = CapSet::DEFAULT;
        let cases: [(&[&str], &[&str], CapSet); 9] = [
            (&[], &[], default),
            (&["NET_ADMIN"], &[], default.with(set(&["NET_ADMIN"]))),
            (&[], &["CHOWN", "cap_kill"], default.without(set(&["CHOWN", "KILL"]))),
            (&["CHOWN"], &["CHOWN", "KILL"], default.without(set(&["KILL"]))),
            (&["ALL"], &[], all),
            (&["ALL"], &["SYS_ADMIN"], all.without(set(&["SYS_ADMIN"]))),
            (&[], &["all"], CapSet::EMPTY),
            (&["CHOWN"], &["ALL"], set(&["CHOWN"])),
            (&["ALL", "CHOWN"], &["ALL"], all),
        ];
        for (add, drop, want) in cases {
            let got = choose(&strings(add), &strings(drop), false).unwrap();
            assert_eq!(got, want, "add {add:?}, drop {drop:?}");
        }
        assert_eq!(choose(&[], &strings(&["ALL"]), true).unwrap(), all);
        let error = choose(&strings(&["CAP_NONSENSE"]), &[], false).unwrap_err();
        assert!(format!("{error:#}").starts_with("read --cap-add: invalid capability \"CAP_NONSENSE\""));
    }

    /// CVE-2022-24769, -27649, -27650, -27651, -29162.
    #[test]
    fn cve_2022_24769_nothing_is_inheritable_or_ambient() {
        let sets = CapSet::DEFAULT.to_oci();
        assert_eq!(sets.inheritable().as_ref().unwrap().len(), 0);
        assert_eq!(sets.ambient().as_ref().unwrap().len(), 0);
        assert_eq!(sets.bounding().as_ref().unwrap().len(), 14);
        assert_eq!(CapSet::from_oci(Some(&sets)), CapSet::DEFAULT);
    }
}
