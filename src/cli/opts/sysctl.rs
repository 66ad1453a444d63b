//! `--sysctl NAME=value`: kernel parameters that belong to a namespace. sysctl(8), namespaces(7).

use crate::base::sysctl;

/// Reads one `--sysctl`. A name becomes a path below /proc/sys, so only letters that names have are let through.
pub fn parse(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| format!("sysctl '{text}' is not allowed"))?;
    let name = name.trim().replace('/', ".");
    // The host name has its own option.
    let namespaced = sysctl::owner(&name).is_some() && name != "kernel.hostname";
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    if !namespaced || !plain || name.contains("..") || name.ends_with('.') {
        return Err(format!("sysctl '{text}' is not allowed"));
    }
    Ok((name, value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parameters_of_a_namespace() {
        for (text, name, value) in [
            ("net.ipv4.ip_forward=1", "net.ipv4.ip_forward", "1"),
            ("net/ipv4/ping_group_range=0 0", "net.ipv4.ping_group_range", "0 0"),
            ("kernel.msgmax = 65536", "kernel.msgmax", "65536"),
            ("fs.mqueue.msg_max=100", "fs.mqueue.msg_max", "100"),
        ] {
            assert_eq!(parse(text), Ok((name.to_owned(), value.to_owned())), "{text}");
        }
        for bad in [
            "",
            "net.x",
            "kernel.core_pattern=x",
            "vm.swappiness=1",
            "net...kernel=1",
            "net/../kernel/x=1",
            "net.a b=1",
            "net.=1",
            "fs.file-max=1",
        ] {
            assert_eq!(parse(bad), Err(format!("sysctl '{bad}' is not allowed")));
        }
    }
}
