//! The OCI runtime spec as this runtime reads it: what a container has without being asked ([`defaults`]), and which
//! specs can be honoured ([`mod@validate`]). runtime-spec config.md, config-linux.md.
//!
//! Beyond the specification a mount's options may hold `copy-up` (an empty source is first filled from the image's files
//! at the target) and `U` (the source's files are given to the container's user). `rro` falls back to `ro` on kernels
//! without mount_setattr. The source of a bind may be `/proc/PID/root/…`, a mount of another container.

pub mod defaults;
pub mod validate;

pub use validate::validate;
