//! What the container commands mean, one file per verb.
//!
//! A container is a directory of the store ([`crate::store::layout::ContainerDir`]). It exists when its `config.json`
//! can be read; it runs when `state.json` says so and its lock is held ([`status`]). [`launch`] is how every command
//! that starts one does it.

pub mod attach;
pub mod create;
pub mod env;
pub mod etc;
pub mod exec;
pub mod find;
pub mod inspect;
pub mod kill;
mod launch;
pub mod logs;
pub mod ls;
mod mounts;
pub mod names;
pub mod prune;
pub mod restart;
pub mod rm;
pub mod run;
pub mod spec;
pub mod start;
pub mod status;
pub mod stop;
pub mod wait;

use crate::{
    base::id::ContainerId,
    store::{container::ContainerConfig, layout::ContainerDir},
};

/// A container of the store: where it is, and how it was created.
#[derive(Debug, Clone)]
pub struct Container {
    pub dir: ContainerDir,
    pub config: ContainerConfig,
}

impl Container {
    pub fn id(&self) -> &ContainerId {
        &self.config.id
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }
}
