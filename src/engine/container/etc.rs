//! The files that a container must have of us: /etc/hosts, /etc/hostname and /etc/resolv.conf.

use crate::store::{container::ContainerConfig, layout::Layout};

/// Writes the three files into the container's directory, for a start.
pub fn write(_config: &ContainerConfig, _layout: &Layout) -> anyhow::Result<()> {
    unimplemented!()
}
