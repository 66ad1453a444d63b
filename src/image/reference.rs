//! Image names as docker reads them: `[registry[:port]/]path[:tag][@digest]`, short names completed to
//! `docker.io/library/…`. The grammar is the distribution project's reference grammar; digests are sha256 only.

use std::{fmt, str::FromStr};

use crate::base::digest::Digest;

const DEFAULT_REGISTRY: &str = "docker.io";
const DEFAULT_NAMESPACE: &str = "library/";
const DEFAULT_TAG: &str = "latest";
/// The longest `registry/path`, and the longest tag.
const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// A complete image name: it has a tag or a digest, and may have both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reference {
    registry: String,
    path: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Reads a name that must not carry a tag or a digest (a repository), and gives its `latest`.
    pub fn parse_repository(text: &str) -> Result<Self, InvalidReference> {
        let (name, tag, digest) = split(text);
        match (tag, digest) {
            (None, None) => name.parse(),
            _ => Err(InvalidReference::new(text, "want a name without a tag or a digest")),
        }
    }

    /// The registry's host and port.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// `registry/path`, in full.
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.path)
    }

    /// `registry/path` as docker shows it: `busybox`, `user/app`, `localhost:5000/app`.
    pub fn familiar_repository(&self) -> String {
        if self.registry != DEFAULT_REGISTRY {
            return self.repository();
        }
        match self.path.strip_prefix(DEFAULT_NAMESPACE) {
            // `docker.io/library/a/b` shortened to `a/b` would be read as another name.
            Some(short) if !short.contains('/') => short.to_owned(),
            _ => self.path.clone(),
        }
    }

    /// The whole name as docker shows it: `busybox:latest`.
    pub fn familiar(&self) -> String {
        self.with_suffix(self.familiar_repository())
    }

    fn with_suffix(&self, mut text: String) -> String {
        if let Some(tag) = &self.tag {
            text.push(':');
            text.push_str(tag);
        }
        if let Some(digest) = &self.digest {
            text.push('@');
            text.push_str(&digest.to_string());
        }
        text
    }
}

/// The name in full, `docker.io/library/busybox:latest`: what the store's index says.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_suffix(self.repository()))
    }
}

/// Why a text is not an image name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidReference {
    text: String,
    reason: &'static str,
}

impl InvalidReference {
    fn new(text: &str, reason: &'static str) -> Self {
        InvalidReference { text: text.chars().take(300).collect(), reason }
    }
}

impl fmt::Display for InvalidReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid image name {:?}: {}", self.text, self.reason)
    }
}

impl std::error::Error for InvalidReference {}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        let invalid = |reason| InvalidReference::new(text, reason);
        let (name, tag, digest) = split(text);
        let (registry, path) = complete(name);
        let is_hex_id = name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if is_hex_id {
            return Err(invalid("64 hex digits are an image's id, not a name"));
        }
        // docker: `sha256:12ab` is the beginning of an id.
        if registry == DEFAULT_REGISTRY && path == "library/sha256" {
            return Err(invalid("sha256 is what a digest begins with, not a name"));
        }
        if !is_registry(registry) {
            return Err(invalid("the registry's host is not well-formed"));
        }
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(invalid("the name must be lower case"));
        }
        if !path.split('/').all(is_path_component) {
            return Err(invalid("want [registry/]path[:tag][@digest]"));
        }
        if registry.len() + 1 + path.len() > MAX_NAME {
            return Err(invalid("the name is longer than 255 characters"));
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return Err(invalid("a tag has at most 128 letters, digits, '_', '.' and '-'"));
        }
        let digest = digest.map(str::parse::<Digest>).transpose();
        let digest = digest.map_err(|_| invalid("a digest is sha256: and 64 lower-case hex digits"))?;
        let tag = match (tag, digest) {
            (None, None) => Some(DEFAULT_TAG.to_owned()),
            (tag, _) => tag.map(str::to_owned),
        };
        Ok(Reference { registry: registry.to_owned(), path, tag, digest })
    }
}

/// Splits a text into name, tag and digest. A colon before the last slash belongs to the registry's port.
fn split(text: &str) -> (&str, Option<&str>, Option<&str>) {
    let (rest, digest) = match text.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (text, None),
    };
    match rest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag), digest),
        _ => (rest, None, digest),
    }
}

/// Gives a name its registry and, on docker.io, its namespace. The first component is a registry if it could not be
/// a user's name on docker.io: it has a dot, a port or an upper-case letter, or is `localhost`.
fn complete(name: &str) -> (&str, String) {
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if names_host(first) => (first, rest),
        _ => (DEFAULT_REGISTRY, name),
    };
    let registry = if registry == "index.docker.io" { DEFAULT_REGISTRY } else { registry };
    if registry == DEFAULT_REGISTRY && !path.contains('/') {
        return (registry, format!("{DEFAULT_NAMESPACE}{path}"));
    }
    (registry, path.to_owned())
}

fn names_host(component: &str) -> bool {
    component == "localhost" || component.bytes().any(|b| b == b'.' || b == b':' || b.is_ascii_uppercase())
}

/// A host name, IPv4 address or bracketed IPv6 address, with an optional port.
fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_is_good = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()));
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host_is_good = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_host_component),
    };
    port_is_good && host_is_good
}

fn is_host_component(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Lower-case letters and digits, joined by `.`, `_`, `__` or dashes.
fn is_path_component(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let mut separator = String::new();
    for byte in text.bytes() {
        if !is_word(byte) {
            separator.push(char::from(byte));
        } else if !separator.is_empty() {
            if !is_separator(&separator) {
                return false;
            }
            separator.clear();
        }
    }
    separator.is_empty() && text.bytes().next().is_some_and(is_word)
}

fn is_separator(text: &str) -> bool {
    matches!(text, "." | "_" | "__") || text.bytes().all(|b| b == b'-')
}

fn is_tag(text: &str) -> bool {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= MAX_TAG
        && text.bytes().next().is_some_and(is_word)
        && text.bytes().all(|b| is_word(b) || b == b'.' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn completes_and_shortens_names() {
        for (text, full, familiar) in [
            ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
            ("user/app", "docker.io/user/app:latest", "user/app:latest"),
            ("docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("index.docker.io/library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
            ("docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
            ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"),
            (
                "r.example:5000/a/b__c-d---e.f:T_1",
                "r.example:5000/a/b__c-d---e.f:T_1",
                "r.example:5000/a/b__c-d---e.f:T_1",
            ),
            ("[::1]:5000/app:x", "[::1]:5000/app:x", "[::1]:5000/app:x"),
            ("MyHost/app", "MyHost/app:latest", "MyHost/app:latest"),
        ] {
            let name: Reference = text.parse().unwrap();
            assert_eq!((name.to_string().as_str(), name.familiar().as_str()), (full, familiar), "{text}");
            assert_eq!(full.parse::<Reference>().unwrap(), name, "the full form reads back");
            assert_eq!(familiar.parse::<Reference>().unwrap(), name, "the familiar form reads back");
        }
    }

    #[test]
    fn reads_digests_with_and_without_a_tag() {
        let name: Reference = format!("busybox@{DIGEST}").parse().unwrap();
        assert_eq!((name.tag(), name.digest().map(ToString::to_string)), (None, Some(DIGEST.to_owned())));
        let name: Reference = format!("busybox:1@{DIGEST}").parse().unwrap();
        assert_eq!(name.tag(), Some("1"));
        assert_eq!(name.familiar(), format!("busybox:1@{DIGEST}"));
    }

    #[test]
    fn refuses_what_is_no_name() {
        for text in [
            "",
            ":tag",
            "@",
            "a//b",
            "/a",
            "a/",
            "Busybox",
            "a b",
            "a..b",
            "a___b",
            "a._b",
            "-a",
            "a-",
            "a:",
            "a:-x",
            "a:b:c",
            "a@sha256:../..",
            "a@sha256:12",
            "a@md5:00",
            "sha256:12ab",
            "docker.io/sha256",
            "../a",
            "./a",
            "a/..",
            "-h.x/a",
            "h.x:port/a",
            "[::1/a",
            "é",
            "a\n",
            &"a".repeat(256),
            &format!("a:{}", "t".repeat(129)),
            &"e".repeat(64),
            "http://h.x/a",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text:?}");
        }
        assert!(format!("a:{}", "t".repeat(128)).parse::<Reference>().is_ok());
    }

    #[test]
    fn a_repository_has_no_tag() {
        assert!(Reference::parse_repository("a/b").is_ok());
        assert!(Reference::parse_repository("a/b:c").is_err());
    }
}
