//! Profiles in docker's format, which is OCI's `linux.seccomp` with conditions on capabilities, architecture and kernel
//! (`--security-opt seccomp=FILE`), and the policy that one means for a container on this host.
//! runtime-spec config-linux.md; seccomp_rule_add(3).

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use super::abi::Abi;
use crate::runtime::caps::CapSet;

/// A profile as it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Profile {
    default_action: String,
    #[serde(default)]
    default_errno_ret: Option<u32>,
    #[serde(default)]
    arch_map: Option<Vec<ArchMap>>,
    #[serde(default)]
    architectures: Option<Vec<String>>,
    #[serde(default)]
    syscalls: Option<Vec<Entry>>,
    #[serde(default)]
    flags: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArchMap {
    architecture: String,
    #[serde(default)]
    sub_architectures: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    names: Vec<String>,
    /// The form before docker 1.13 had one name.
    #[serde(default)]
    name: String,
    action: String,
    #[serde(default)]
    errno_ret: Option<u32>,
    #[serde(default)]
    args: Option<Vec<Arg>>,
    #[serde(default)]
    includes: Option<Conditions>,
    #[serde(default)]
    excludes: Option<Conditions>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Arg {
    index: u8,
    value: u64,
    #[serde(default)]
    value_two: u64,
    op: String,
}

/// When an entry counts.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Conditions {
    caps: Option<Vec<String>>,
    arches: Option<Vec<String>>,
    min_kernel: Option<String>,
}

/// What the kernel is to do with a call. seccomp(2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    KillProcess,
    KillThread,
    Trap,
    Errno(u16),
    Trace(u16),
    Log,
    Allow,
}

impl Action {
    /// The filter's return value, `SECCOMP_RET_…` of linux/seccomp.h.
    pub(super) fn code(self) -> u32 {
        match self {
            Action::KillProcess => 0x8000_0000,
            Action::KillThread => 0,
            Action::Trap => 0x0003_0000,
            Action::Errno(errno) => 0x0005_0000 | u32::from(errno),
            Action::Trace(data) => 0x7ff0_0000 | u32::from(data),
            Action::Log => 0x7ffc_0000,
            Action::Allow => 0x7fff_0000,
        }
    }

    fn parse(name: &str, data: Option<u32>) -> anyhow::Result<Self> {
        let data = || {
            let data = data.unwrap_or(libc::EPERM as u32);
            u16::try_from(data)
                .ok()
                .filter(|&data| data < 4096)
                .with_context(|| format!("errno {data} is none"))
        };
        Ok(match name {
            "SCMP_ACT_KILL" | "SCMP_ACT_KILL_THREAD" => Action::KillThread,
            "SCMP_ACT_KILL_PROCESS" => Action::KillProcess,
            "SCMP_ACT_TRAP" => Action::Trap,
            "SCMP_ACT_ERRNO" => Action::Errno(data()?),
            "SCMP_ACT_TRACE" => Action::Trace(data()?),
            "SCMP_ACT_LOG" => Action::Log,
            "SCMP_ACT_ALLOW" => Action::Allow,
            "SCMP_ACT_NOTIFY" => bail!("SCMP_ACT_NOTIFY needs an agent that answers, which coracle has not"),
            _ => bail!("unknown action {name:?}"),
        })
    }
}

/// How an argument is compared with a value, as unsigned 64-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Ne,
    Lt,
    Le,
    Eq,
    Ge,
    Gt,
    /// The bits of the argument in this mask.
    MaskedEq(u64),
}

/// A test of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) index: u8,
    pub(super) op: Op,
    pub(super) value: u64,
}

/// What happens to a call by one of these names whose arguments pass every test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) names: Vec<String>,
    pub(super) action: Action,
    pub(super) tests: Vec<Test>,
}

/// A profile's meaning in one situation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    pub(super) default: Action,
    pub(super) abis: Vec<Abi>,
    pub(super) rules: Vec<Rule>,
}

/// The situation: for whom, and on what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    pub(super) abi: Abi,
    pub(super) caps: CapSet,
    /// Major and minor version.
    pub(super) kernel: (u32, u32),
}

impl Profile {
    /// Says what the profile means for a container with these capabilities on this kind of host.
    pub(super) fn policy(&self, situation: Situation) -> anyhow::Result<Policy> {
        self.check_flags()?;
        let default =
            Action::parse(&self.default_action, self.default_errno_ret).context("read defaultAction")?;
        let mut rules = Vec::new();
        for entry in self.syscalls.iter().flatten() {
            if entry.counts(situation).with_context(|| entry.label())? {
                entry.add_rules(default, &mut rules).with_context(|| entry.label())?;
            }
        }
        Ok(Policy { default, abis: self.abis(situation.abi)?, rules })
    }

    fn abis(&self, native: Abi) -> anyhow::Result<Vec<Abi>> {
        let map = self.arch_map.as_deref().unwrap_or_default();
        let list = self.architectures.as_deref().unwrap_or_default();
        ensure!(map.is_empty() || list.is_empty(), "both architectures and archMap are given: use one");
        let mapped = map.iter().find(|entry| Abi::from_scmp(&entry.architecture) == Some(native));
        let names = mapped.and_then(|entry| entry.sub_architectures.as_deref()).unwrap_or(list);
        let mut abis = vec![native];
        abis.extend(names.iter().filter_map(|name| Abi::from_scmp(name)));
        abis.sort_unstable();
        abis.dedup();
        Ok(abis)
    }

    /// Flags of seccomp(2) that change nothing here are accepted, others refused.
    fn check_flags(&self) -> anyhow::Result<()> {
        for flag in self.flags.iter().flatten() {
            match flag.as_str() {
                // There is one thread when the filter is installed, and it is installed with SPEC_ALLOW as by runc.
                "SECCOMP_FILTER_FLAG_TSYNC" | "SECCOMP_FILTER_FLAG_SPEC_ALLOW" => {}
                _ => bail!("the flag {flag:?} is not supported"),
            }
        }
        Ok(())
    }
}

impl Entry {
    fn names(&self) -> Vec<String> {
        self.names.iter().chain((!self.name.is_empty()).then_some(&self.name)).cloned().collect()
    }

    fn label(&self) -> String {
        format!("read the rule for {}", self.names().first().map_or("no call", String::as_str))
    }

    fn counts(&self, situation: Situation) -> anyhow::Result<bool> {
        let included = match &self.includes {
            Some(only) => {
                only.arch(situation).unwrap_or(true)
                    && only.kernel(situation)?.unwrap_or(true)
                    && only.caps().all(|cap| cap.is_some_and(|cap| situation.caps.contains(cap)))
            }
            None => true,
        };
        let excluded = match &self.excludes {
            Some(not) => {
                not.arch(situation).unwrap_or(false)
                    || not.kernel(situation)?.unwrap_or(false)
                    || not.caps().flatten().any(|cap| situation.caps.contains(cap))
            }
            None => false,
        };
        Ok(included && !excluded)
    }

    fn add_rules(&self, default: Action, rules: &mut Vec<Rule>) -> anyhow::Result<()> {
        let action = Action::parse(&self.action, self.errno_ret)?;
        if action == default {
            return Ok(());
        }
        let tests: Vec<Test> = self.args.iter().flatten().map(Arg::parse).collect::<anyhow::Result<_>>()?;
        let names = self.names();
        // libseccomp has one test per argument; runc, so docker, reads two of them as alternatives.
        let twice =
            tests.iter().enumerate().any(|(n, test)| tests[..n].iter().any(|t| t.index == test.index));
        if twice {
            rules.extend(tests.into_iter().map(|test| Rule {
                names: names.clone(),
                action,
                tests: vec![test],
            }));
        } else {
            rules.push(Rule { names, action, tests });
        }
        Ok(())
    }
}

impl Arg {
    fn parse(&self) -> anyhow::Result<Test> {
        ensure!(self.index < 6, "argument {} is none: a call has 6", self.index);
        let (op, value) = match self.op.as_str() {
            "SCMP_CMP_NE" => (Op::Ne, self.value),
            "SCMP_CMP_LT" => (Op::Lt, self.value),
            "SCMP_CMP_LE" => (Op::Le, self.value),
            "SCMP_CMP_EQ" => (Op::Eq, self.value),
            "SCMP_CMP_GE" => (Op::Ge, self.value),
            "SCMP_CMP_GT" => (Op::Gt, self.value),
            "SCMP_CMP_MASKED_EQ" => (Op::MaskedEq(self.value), self.value_two),
            op => bail!("unknown comparison {op:?}"),
        };
        Ok(Test { index: self.index, op, value })
    }
}

impl Conditions {
    fn arch(&self, situation: Situation) -> Option<bool> {
        let arches = self.arches.as_deref().filter(|arches| !arches.is_empty())?;
        Some(arches.iter().any(|arch| arch == situation.abi.docker_name()))
    }

    fn kernel(&self, situation: Situation) -> anyhow::Result<Option<bool>> {
        let Some(text) = self.min_kernel.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let (major, minor) =
            text.split_once('.').with_context(|| format!("minKernel {text:?} is no version"))?;
        let version = major.parse().and_then(|major| Ok((major, minor.parse()?)));
        let version = version.with_context(|| format!("minKernel {text:?} is no version"))?;
        Ok(Some(situation.kernel >= version))
    }

    /// The capabilities; `None` for one that we do not know.
    fn caps(&self) -> impl Iterator<Item = Option<CapSet>> {
        self.caps.iter().flatten().map(|name| CapSet::parse(name).ok())
    }
}
