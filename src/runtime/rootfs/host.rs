//! host
use super::super::WritableLayer;
use std::os::fd::OwnedFd;
pub(super) fn build(_layer: &WritableLayer) -> anyhow::Result<OwnedFd> {
    unimplemented!()
}
