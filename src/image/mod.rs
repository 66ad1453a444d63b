//! Images: references, OCI documents, archives and layers. Knows no containers.

pub mod config;
pub mod layer;
