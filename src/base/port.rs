//! Ports that an image or a container says it listens on: `80`, `53/udp`, `8000-8010/tcp`, as `EXPOSE` and `--expose`
//! have them. docker's Dockerfile reference.

/// Reads `PORT[-PORT][/PROTOCOL]`; gives docker's keys, `80/tcp`.
pub fn parse(text: &str) -> Result<Vec<String>, String> {
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("unknown protocol {protocol:?}"));
    }
    let port = |text: &str| text.parse::<u16>().map_err(|_| format!("invalid port {text:?}"));
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let (first, last) = (port(first)?, port(last)?);
    if first == 0 || first > last {
        return Err("the first port must be at least 1 and not above the last".to_owned());
    }
    Ok((first..=last).map(|port| format!("{port}/{protocol}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_ranges() {
        for (text, want) in [
            ("80", &["80/tcp"][..]),
            ("53/UDP", &["53/udp"]),
            ("8000-8002", &["8000/tcp", "8001/tcp", "8002/tcp"]),
            ("65535", &["65535/tcp"]),
        ] {
            assert_eq!(parse(text).unwrap(), want, "{text}");
        }
        for bad in ["", "0", "65536", "9-8", "80/icmp", "x", "80:80", "-1"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
