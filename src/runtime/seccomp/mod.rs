//! System-call filters: docker's policy as data (`default.json`), and its translation to BPF. seccomp(2).
//!
//! What nearly every container runs with, the default policy for the default capabilities, is compiled beforehand and
//! checked in (`default.<arch>.bpf`), so a start parses nothing; a test fails when those files are stale.

mod abi;
mod compile;
mod profile;

use std::borrow::Cow;

use anyhow::Context;
use serde::Deserialize;

use self::{
    abi::Abi,
    profile::{Profile, Situation},
};
use crate::{runtime::caps::CapSet, store::container::SeccompChoice};

/// A BPF program: `struct sock_filter` as the kernel reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program(pub Cow<'static, [u64]>);

const DEFAULT_PROFILE: &str = include_str!("default.json");

#[cfg(target_arch = "x86_64")]
const PRECOMPILED_BYTES: &[u8] = include_bytes!("default.x86_64.bpf");
#[cfg(target_arch = "aarch64")]
const PRECOMPILED_BYTES: &[u8] = include_bytes!("default.aarch64.bpf");
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const PRECOMPILED_BYTES: &[u8] = &[];

/// The default policy for [`CapSet::DEFAULT`] on this architecture, aligned as the kernel wants it.
static PRECOMPILED: [u64; PRECOMPILED_BYTES.len() / 8] = words(PRECOMPILED_BYTES);

const fn words<const N: usize>(bytes: &[u8]) -> [u64; N] {
    let mut words = [0; N];
    let mut index = 0;
    while index < N {
        let (_, from) = bytes.split_at(8 * index);
        words[index] = match from.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => panic!("there are 8 bytes to a word"),
        };
        index += 1;
    }
    words
}

/// The filters of a container: none where it is unconfined; docker's default is precompiled for the default
/// capabilities. A privileged container is unconfined unless a profile is named.
pub fn programs(choice: &SeccompChoice, caps: CapSet, privileged: bool) -> anyhow::Result<Vec<Program>> {
    let code = match choice {
        SeccompChoice::Unconfined => return Ok(Vec::new()),
        SeccompChoice::Default if privileged => return Ok(Vec::new()),
        SeccompChoice::Default if caps == CapSet::DEFAULT && !PRECOMPILED.is_empty() => {
            Cow::Borrowed(PRECOMPILED.as_slice())
        }
        SeccompChoice::Default => Cow::Owned(compile(&default_profile(), situation(caps)?)?),
        SeccompChoice::Profile(json) => {
            Cow::Owned(compile_json(json, caps).context("read the seccomp profile")?)
        }
    };
    Ok(vec![Program(code)])
}

/// Reads the text of a profile that a user named, and checks that it can be enforced whatever the capabilities.
pub fn parse_profile(text: &str) -> anyhow::Result<SeccompChoice> {
    let json = serde_json::from_str(text)?;
    compile_json(&json, CapSet::EMPTY)?;
    compile_json(&json, CapSet::all())?;
    Ok(SeccompChoice::Profile(json))
}

fn compile_json(json: &serde_json::Value, caps: CapSet) -> anyhow::Result<Vec<u64>> {
    compile(&Profile::deserialize(json)?, situation(caps)?)
}

fn default_profile() -> Profile {
    serde_json::from_str(DEFAULT_PROFILE).expect("a test compiles the built-in profile")
}

fn compile(profile: &Profile, situation: Situation) -> anyhow::Result<Vec<u64>> {
    compile::compile(&profile.policy(situation)?)
}

/// The situation on the running host.
fn situation(caps: CapSet) -> anyhow::Result<Situation> {
    let abi = Abi::NATIVE.context(
        "system-call filters are not implemented for this architecture: use --security-opt seccomp=unconfined",
    )?;
    Ok(Situation { abi, caps, kernel: kernel_version() })
}

/// The running kernel's major and minor version; the oldest where it does not tell.
fn kernel_version() -> (u32, u32) {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests;
