//! How a container's program is started: [`parent`] forks, [`init`] sets everything up in the child, in run order, and
//! [`program`] is the last stretch that a container's first program and a later one (`exec`) have in common.

pub(super) mod exec;
mod handshake;
mod init;
pub(super) mod parent;
mod pid1;
mod program;
