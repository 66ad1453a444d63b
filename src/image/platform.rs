//! Platforms: operating system, architecture, variant, as Go and the OCI image index name them, and which of several
//! the host runs best. image-spec image-index.md.

use std::{fmt, str::FromStr};

use crate::store::image::Platform;

impl Platform {
    /// The platform that this program was built for, which is the one it runs on.
    pub fn host() -> Self {
        let (architecture, variant) = normal_architecture(std::env::consts::ARCH, None);
        Platform { os: "linux".to_owned(), architecture, variant, ..Platform::default() }
    }

    /// How well this platform serves a wish: 0 is best, `None` is not at all. An image that does not say what it is
    /// for (`import` of other tools) serves everything.
    pub fn rank(&self, wanted: &Platform) -> Option<usize> {
        if !self.os.is_empty() && self.os != wanted.os {
            return None;
        }
        if self.architecture.is_empty() {
            return Some(usize::MAX);
        }
        let (architecture, variant) = normal_architecture(&self.architecture, self.variant.as_deref());
        runnable(wanted).iter().position(|(a, v)| *a == architecture && *v == variant)
    }

    /// Says whether an index's entry is an attestation or the like, which names no real platform.
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        write!(f, "{}/{}", or_unknown(&self.os), or_unknown(&self.architecture))?;
        match self.variant.as_deref() {
            Some(variant) if !variant.is_empty() => write!(f, "/{variant}"),
            _ => Ok(()),
        }
    }
}

/// Why a text is not a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPlatform(String);

impl fmt::Display for InvalidPlatform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid platform {:?}: want os/architecture[/variant], like linux/arm64", self.0)
    }
}

impl std::error::Error for InvalidPlatform {}

impl FromStr for Platform {
    type Err = InvalidPlatform;

    /// Reads `linux/arm/v7`, `linux/amd64`, `linux` (on the host's architecture) and `amd64` (on Linux).
    fn from_str(text: &str) -> Result<Self, InvalidPlatform> {
        let invalid = || InvalidPlatform(text.chars().take(100).collect());
        let text = text.to_ascii_lowercase();
        let parts: Vec<&str> = text.split('/').collect();
        let is_word = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        };
        if !parts.iter().copied().all(is_word) {
            return Err(invalid());
        }
        let host = Platform::host();
        let (os, architecture, variant) = match parts[..] {
            [os] if KNOWN_SYSTEMS.contains(&os) => (os, host.architecture.as_str(), host.variant.as_deref()),
            [architecture] if is_known_architecture(architecture) => ("linux", architecture, None),
            [os, architecture] => (os, architecture, None),
            [os, architecture, variant] => (os, architecture, Some(variant)),
            _ => return Err(invalid()),
        };
        let (architecture, variant) = normal_architecture(architecture, variant);
        let os = if os == "macos" { "darwin" } else { os }.to_owned();
        Ok(Platform { os, architecture, variant, ..Platform::default() })
    }
}

const KNOWN_SYSTEMS: &[&str] = &["linux", "windows", "darwin", "macos", "freebsd", "wasip1"];

/// Go's names; one word alone is taken for one of these, and else for nothing.
const KNOWN_ARCHITECTURES: &[&str] = &[
    "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le",
    "riscv64", "s390x", "wasm",
];

fn is_known_architecture(word: &str) -> bool {
    KNOWN_ARCHITECTURES.contains(&normal_architecture(word, None).0.as_str())
}

/// Gives the usual spelling: the kernel's names become Go's, and a variant that is the default goes.
fn normal_architecture(architecture: &str, variant: Option<&str>) -> (String, Option<String>) {
    let variant = variant.filter(|variant| !variant.is_empty());
    let (architecture, variant) = match (architecture, variant) {
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64", variant.filter(|v| *v != "v1")),
        ("i386" | "i486" | "i586" | "i686" | "x86" | "386", _) => ("386", None),
        ("aarch64" | "arm64", variant) => ("arm64", variant.filter(|v| !matches!(*v, "8" | "v8"))),
        ("armhf", _) | ("arm", None | Some("7")) => ("arm", Some("v7")),
        ("armel", _) | ("arm", Some("6")) => ("arm", Some("v6")),
        ("arm", Some("5")) => ("arm", Some("v5")),
        ("powerpc64", variant) => ("ppc64", variant),
        ("powerpc64le", variant) => ("ppc64le", variant),
        other => other,
    };
    (architecture.to_owned(), variant.map(str::to_owned))
}

/// What a machine that was asked for runs, best first.
fn runnable(wanted: &Platform) -> Vec<(String, Option<String>)> {
    let (architecture, variant) = normal_architecture(&wanted.architecture, wanted.variant.as_deref());
    let chain: &[(&str, Option<&str>)] = match (architecture.as_str(), variant.as_deref()) {
        ("amd64", None) => &[("amd64", None), ("386", None)],
        ("amd64", Some("v2")) => &[("amd64", Some("v2")), ("amd64", None), ("386", None)],
        ("amd64", Some("v3")) => {
            &[("amd64", Some("v3")), ("amd64", Some("v2")), ("amd64", None), ("386", None)]
        }
        ("arm", Some("v7")) => &[("arm", Some("v7")), ("arm", Some("v6")), ("arm", Some("v5"))],
        ("arm", Some("v6")) => &[("arm", Some("v6")), ("arm", Some("v5"))],
        _ => return vec![(architecture.clone(), variant), (architecture, None)],
    };
    chain.iter().map(|(a, v)| ((*a).to_owned(), v.map(str::to_owned))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn reads_the_spellings_in_use() {
        for (text, want) in [
            ("linux/amd64", "linux/amd64"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("arm64", "linux/arm64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("Linux/ARM", "linux/arm/v7"),
            ("linux/arm/v6", "linux/arm/v6"),
            ("armel", "linux/arm/v6"),
            ("linux/riscv64", "linux/riscv64"),
        ] {
            assert_eq!(platform(text).to_string(), want, "{text}");
        }
        assert_eq!(platform("linux"), Platform::host());
        for bad in ["", "/", "linux/", "linux//v7", "a/b/c/d", "linux/a b", "bogus"] {
            assert!(bad.parse::<Platform>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn ranks_what_a_machine_runs() {
        for (have, want, rank) in [
            ("linux/amd64", "linux/amd64", Some(0)),
            ("linux/386", "linux/amd64", Some(1)),
            ("linux/amd64/v3", "linux/amd64", None),
            ("linux/amd64/v2", "linux/amd64/v3", Some(1)),
            ("linux/arm64", "linux/amd64", None),
            ("linux/arm/v6", "linux/arm", Some(1)),
            ("linux/arm64", "linux/arm64/v8", Some(0)),
            ("windows/amd64", "linux/amd64", None),
        ] {
            assert_eq!(platform(have).rank(&platform(want)), rank, "{have} for {want}");
        }
        assert_eq!(Platform::default().rank(&Platform::host()), Some(usize::MAX));
    }
}
