//! `--add-host NAME:ADDRESS`: a line of the container's /etc/hosts.

use crate::base::host_entry;

/// Gives `name:address`, however it was written.
pub fn parse(text: &str) -> Result<String, String> {
    host_entry::parse(text).map(|(name, address)| format!("{name}:{address}"))
}
