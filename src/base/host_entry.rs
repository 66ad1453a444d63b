//! `--add-host`'s entry: a name and its address, for a line of /etc/hosts. hosts(5).

use std::net::IpAddr;

/// Reads `name:address`, `name=address` or `name:[v6]`.
pub fn parse(text: &str) -> Result<(&str, IpAddr), String> {
    let separator = if text.contains('=') { '=' } else { ':' };
    let (name, address) =
        text.split_once(separator).ok_or_else(|| format!("bad format for add-host: {text:?}"))?;
    // The name becomes text in a file whose lines and fields are separated by white space (CVE-2022-4318).
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#') {
        return Err(format!("bad format for add-host: {text:?}"));
    }
    if address == "host-gateway" {
        return Err("host-gateway needs a network, and containers have none of their own yet".to_owned());
    }
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    let address = bare.parse().map_err(|_| format!("invalid IP address in add-host: {address:?}"))?;
    Ok((name, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, name, address) in [
            ("db:10.0.0.1", "db", "10.0.0.1"),
            ("db=10.0.0.1", "db", "10.0.0.1"),
            ("db:::1", "db", "::1"),
            ("db:[2001:db8::1]", "db", "2001:db8::1"),
            ("a.b-c:127.0.0.1", "a.b-c", "127.0.0.1"),
        ] {
            assert_eq!(parse(text), Ok((name, address.parse().unwrap())), "{text}");
        }
        assert_eq!(parse("db").unwrap_err(), "bad format for add-host: \"db\"");
        assert_eq!(parse("db:1.2.3").unwrap_err(), "invalid IP address in add-host: \"1.2.3\"");
        for bad in
            [":1.1.1.1", "a b:1.1.1.1", "a\nb:1.1.1.1", "#a:1.1.1.1", "db:host-gateway", "db:", "#:::1"]
        {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
