//! The files that a container must have of us: /etc/hosts, /etc/hostname and /etc/resolv.conf. hosts(5), hostname(5),
//! resolv.conf(5). Written at every start, into the container's directory, and bound over the container's own.
//!
//! Names come from users; each is checked where it is written into a line, so that none can add one (CVE-2022-4318).

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    net::{IpAddr, Ipv6Addr},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::{Context, ensure};

use crate::{
    base::host_entry,
    store::{
        container::{ContainerConfig, HostConfig, Namespace, Network},
        layout::{ContainerDir, Layout},
    },
};

const HOSTS: &str = "127.0.0.1\tlocalhost\n\
    ::1\tlocalhost ip6-localhost ip6-loopback\n\
    fe00::\tip6-localnet\n\
    ff00::\tip6-mcastprefix\n\
    ff02::1\tip6-allnodes\n\
    ff02::2\tip6-allrouters\n";

/// More of a host's file than this is not read.
const MAX_SIZE: u64 = 1 << 20;

/// The directory whose files a container has: its own, or that of the container whose network it shares.
pub fn files_of(config: &ContainerConfig, layout: &Layout) -> ContainerDir {
    match &config.namespaces.network {
        Network::Container(other) => layout.container(other),
        Network::None | Network::Host => layout.container(&config.id),
    }
}

/// Writes the three files, for a start. A container that has another's network has its files as well.
pub fn write(config: &ContainerConfig, layout: &Layout) -> anyhow::Result<()> {
    let host = match config.namespaces.network {
        Network::Container(_) => return Ok(()),
        Network::Host => true,
        Network::None => false,
    };
    let name = hostname(config, layout)?;
    let base = if host { host_file("/etc/hosts")? } else { HOSTS.to_owned() };
    let hosts = hosts(base, &name, &config.host)?;
    let resolv = resolv_conf(&host_file("/etc/resolv.conf")?, &config.host, host)?;
    let dir = layout.container(&config.id);
    for (file, content) in [("hosts", hosts), ("hostname", format!("{name}\n")), ("resolv.conf", resolv)] {
        let path = dir.etc_file(file);
        write_readable(&path, content.as_bytes()).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
}

/// A container's host name: what was asked for, else the host's where the container has its network or its name space,
/// the other container's where it has that one's, else the first digits of the id.
pub fn hostname(config: &ContainerConfig, layout: &Layout) -> anyhow::Result<String> {
    let host = &config.host;
    if !host.hostname.is_empty() {
        check_hostname(&host.hostname)?;
        return Ok(host.hostname.clone());
    }
    let other = match (&config.namespaces.uts, &config.namespaces.network) {
        (Namespace::Host, _) | (Namespace::Private, Network::Host) => {
            return Ok(rustix::system::uname().nodename().to_string_lossy().into_owned());
        }
        (Namespace::Container(other), _) | (Namespace::Private, Network::Container(other)) => other,
        (Namespace::Private, Network::None) => return Ok(config.id.short().to_owned()),
    };
    // Where the other has no such file it shares a network with a third; its id is then as good a name.
    let file = fs::read_to_string(layout.container(other).etc_file("hostname")).unwrap_or_default();
    let name = file.trim_end();
    Ok(if check_hostname(name).is_ok() { name.to_owned() } else { other.short().to_owned() })
}

/// Checks `--hostname` or `--domainname` (docker's limit is 63; the kernel's 64).
pub fn check_hostname(name: &str) -> anyhow::Result<()> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let good =
        !name.is_empty() && name.len() <= 63 && name.bytes().all(plain) && !name.starts_with(['-', '.']);
    ensure!(good, "invalid hostname format: {name:?}");
    Ok(())
}

fn hosts(mut text: String, name: &str, host: &HostConfig) -> anyhow::Result<String> {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for entry in &host.add_hosts {
        let (name, address) = host_entry::parse(entry).map_err(anyhow::Error::msg)?;
        text.push_str(&format!("{address}\t{name}\n"));
    }
    let known = text.lines().any(|line| line.split_whitespace().skip(1).any(|word| word == name));
    if !known {
        let full =
            if host.domainname.is_empty() { String::new() } else { format!("{name}.{} ", host.domainname) };
        check_hostname(name)?;
        check_line(&full)?;
        // A loopback address that is not localhost's, so that the name finds the container and the address not the name.
        text.push_str(&format!("127.0.1.1\t{full}{name}\n"));
    }
    Ok(text)
}

/// The resolver's configuration: the host's, with what was asked for in its place. The host's own resolvers on its
/// loopback are not the container's, unless they share the network.
fn resolv_conf(of_host: &str, host: &HostConfig, same_network: bool) -> anyhow::Result<String> {
    if same_network && host.dns.is_empty() && host.dns_search.is_empty() && host.dns_options.is_empty() {
        return Ok(of_host.to_owned());
    }
    let mut text = String::new();
    let mut add = |keyword: &str, values: &[&str]| -> anyhow::Result<()> {
        values.iter().try_for_each(|value| check_line(value))?;
        text.push_str(&format!("{keyword} {}\n", values.join(" ")));
        Ok(())
    };
    if host.dns.is_empty() {
        for server in values(of_host, "nameserver").filter(|server| same_network || !is_loopback(server)) {
            add("nameserver", &[server])?;
        }
    }
    for server in &host.dns {
        server.parse::<IpAddr>().with_context(|| format!("invalid IP address in dns: {server:?}"))?;
        add("nameserver", &[server])?;
    }
    let asked = |values: &'_ [String]| values.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    for (keyword, asked) in [("search", asked(&host.dns_search)), ("options", asked(&host.dns_options))] {
        // A search for `.` alone is none at all. The last line counts, as for the resolver.
        let theirs = if keyword == "search" { domains(of_host) } else { values(of_host, keyword).last() };
        let value = if asked.is_empty() { theirs.unwrap_or_default() } else { &asked };
        if !value.is_empty() && value != "." {
            add(keyword, &[value])?;
        }
    }
    Ok(text)
}

/// What stands behind a keyword, line by line.
fn values<'a>(text: &'a str, keyword: &str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let (word, rest) = line.trim_start().split_once(char::is_whitespace)?;
        let value = rest.split(['#', ';']).next().unwrap_or_default().trim();
        (word == keyword && !value.is_empty()).then_some(value)
    })
}

/// The search list; `domain` is its older form.
fn domains(text: &str) -> Option<&str> {
    values(text, "search").last().or_else(|| values(text, "domain").last())
}

fn is_loopback(server: &str) -> bool {
    match server.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_unspecified(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unspecified(),
        // With a scope (fe80::1%eth0): an interface that the container does not have.
        Err(_) => server.split_once('%').is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok()),
    }
}

fn check_line(text: &str) -> anyhow::Result<()> {
    ensure!(!text.contains(char::is_control), "{text:?} cannot stand in a line of /etc");
    Ok(())
}

/// A host's file as text; empty where there is none.
fn host_file(path: &str) -> anyhow::Result<String> {
    let read = || -> io::Result<Vec<u8>> {
        let mut content = Vec::with_capacity(4096);
        File::open(path)?.take(MAX_SIZE).read_to_end(&mut content)?;
        Ok(content)
    };
    match read() {
        Ok(content) => Ok(String::from_utf8_lossy(&content).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error).with_context(|| format!("read the host's {path}")),
    }
}

/// Writes a file that every user of the container can read, whatever our umask. It is not truncated first: ext4 then
/// waits for the disk when the file is closed.
fn write_readable(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    file.write_all(content)?;
    file.set_len(content.len() as u64)?;
    file.set_permissions(Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(values: &[&str]) -> Vec<String> {
        values.iter().map(|&value| value.to_owned()).collect()
    }

    #[test]
    fn hosts_has_localhost_what_was_added_and_the_own_name() {
        let host = HostConfig {
            add_hosts: strings(&["db:10.0.0.2", "v6:2001:db8::1", "w6=[::2]"]),
            domainname: "example.org".to_owned(),
            ..HostConfig::default()
        };
        let text = hosts(HOSTS.to_owned(), "web", &host).unwrap();
        let added = text.strip_prefix(HOSTS).unwrap();
        assert_eq!(added, "10.0.0.2\tdb\n2001:db8::1\tv6\n::2\tw6\n127.0.1.1\tweb.example.org web\n");
        // The host's file may lack the last newline and may know the name.
        let text =
            hosts("127.0.0.1 localhost\n10.1.1.1 box.lan box".to_owned(), "box", &HostConfig::default());
        assert_eq!(text.unwrap(), "127.0.0.1 localhost\n10.1.1.1 box.lan box\n");
    }

    #[test]
    fn resolvers_of_the_hosts_loopback_are_dropped_in_a_private_network() {
        let of_host = "# made by hand\nnameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\n\
            nameserver 192.0.2.1 ; good\n domain old.example\nsearch a.example b.example\noptions edns0 trust-ad\n";
        let none = HostConfig::default();
        assert_eq!(
            resolv_conf(of_host, &none, false).unwrap(),
            "nameserver 192.0.2.1\nsearch a.example b.example\noptions edns0 trust-ad\n"
        );
        assert_eq!(resolv_conf(of_host, &none, true).unwrap(), of_host);
        assert_eq!(resolv_conf("domain x.example", &none, false).unwrap(), "search x.example\n");
        let asked = HostConfig {
            dns: strings(&["9.9.9.9", "2001:db8::53", "127.0.0.1"]),
            dns_search: strings(&["."]),
            dns_options: strings(&["ndots:2", "rotate"]),
            ..HostConfig::default()
        };
        let want =
            "nameserver 9.9.9.9\nnameserver 2001:db8::53\nnameserver 127.0.0.1\noptions ndots:2 rotate\n";
        assert_eq!(resolv_conf(of_host, &asked, false).unwrap(), want);
        let search = HostConfig { dns_search: strings(&["x.example", "y.example"]), ..HostConfig::default() };
        let text = resolv_conf(of_host, &search, true).unwrap();
        assert!(
            text.starts_with("nameserver 127.0.0.53\n") && text.contains("search x.example y.example\n"),
            "{text}"
        );
    }

    #[test]
    fn cve_2022_4318_no_name_adds_a_line() {
        for name in ["a\nb", "a b", "x\t", "", "-a", ".a", &"x".repeat(64), "a\0", "ä"] {
            assert!(check_hostname(name).is_err(), "{name:?}");
            assert!(
                hosts(HOSTS.to_owned(), name, &HostConfig::default()).is_err() || name.is_empty(),
                "{name:?}"
            );
        }
        let added = HostConfig { add_hosts: strings(&["a:1.2.3.4\n5.6.7.8 c"]), ..HostConfig::default() };
        assert!(hosts(String::new(), "a", &added).is_err());
        let domain = HostConfig { domainname: "x\n6.6.6.6 bank".to_owned(), ..HostConfig::default() };
        assert!(hosts(String::new(), "a", &domain).is_err());
        for host in [
            HostConfig { dns: strings(&["1.2.3.4\nnameserver 6.6.6.6"]), ..HostConfig::default() },
            HostConfig { dns_search: strings(&["a\nnameserver 6.6.6.6"]), ..HostConfig::default() },
            HostConfig { dns_options: strings(&["ndots:1\rx"]), ..HostConfig::default() },
        ] {
            assert!(resolv_conf("", &host, false).is_err(), "{host:?}");
        }
    }
}
