//! From a container's record to an OCI runtime spec.

use oci_spec::runtime::Spec;

use crate::{
    base::id::ContainerId,
    store::{container::ContainerConfig, layout::Layout},
};

/// What a spec refers to besides the record.
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Place<'a> {
    pub layout: &'a Layout,
    /// Finds the first process of a running container, to join its namespaces.
    pub process: &'a dyn Fn(&ContainerId) -> anyhow::Result<i32>,
}

/// Says in OCI's words how a container is run.
pub fn spec(_config: &ContainerConfig, _place: &Place<'_>) -> anyhow::Result<Spec> {
    unimplemented!()
}
