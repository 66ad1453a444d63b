//! `--device HOST[:CONTAINER][:rwm]`.

use std::path::PathBuf;

use crate::store::container::DeviceConfig;

use super::target;

/// Reads one `--device`.
pub fn parse(text: &str) -> Result<DeviceConfig, String> {
    if !text.starts_with('/') {
        return Err(format!(
            "bad format for device {text:?}: want an absolute path (CDI names are not supported)"
        ));
    }
    let parts: Vec<&str> = text.split(':').collect();
    let (source, inside, permissions) = match parts[..] {
        [source] => (source, source, "rwm"),
        [source, permissions] if is_permissions(permissions) => (source, source, permissions),
        [source, inside] => (source, inside, "rwm"),
        [source, inside, permissions] => (source, inside, permissions),
        _ => return Err(format!("bad format for device {text:?}: too many colons")),
    };
    if !is_permissions(permissions) {
        return Err(format!("bad mode specified: {permissions}"));
    }
    Ok(DeviceConfig {
        source: PathBuf::from(source),
        target: target(inside)?,
        permissions: permissions.to_owned(),
    })
}

/// Each of `r`, `w` and `m` at most once.
fn is_permissions(text: &str) -> bool {
    let once = |letter| text.matches(letter).count() <= 1;
    !text.is_empty() && text.bytes().all(|b| b"rwm".contains(&b)) && once('r') && once('w') && once('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        for (text, source, target, permissions) in [
            ("/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"),
            ("/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r"),
            ("/dev/fuse:/dev/f", "/dev/fuse", "/dev/f", "rwm"),
            ("/dev/fuse:/dev/f:rw", "/dev/fuse", "/dev/f", "rw"),
        ] {
            let want = DeviceConfig {
                source: PathBuf::from(source),
                target: target.to_owned(),
                permissions: permissions.to_owned(),
            };
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        for bad in
            ["", "fuse", "nvidia.com/gpu=all", "/dev/a:b", "/dev/a:/b:x", "/dev/a:/b:rr", "/dev/a:/b:r:w"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
