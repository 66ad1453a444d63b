//! Images: references, OCI documents, archives and layers. Knows no containers.

pub mod archive;
pub mod change;
pub mod config;
pub mod index;
pub mod layer;
pub mod manifest;
pub mod platform;
pub mod reference;
