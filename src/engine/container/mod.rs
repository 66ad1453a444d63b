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
mod report;
pub mod restart;
pub mod rm;
pub mod run;
pub mod spec;
pub mod start;
pub mod status;
pub mod stop;
mod userns;
pub mod wait;

use crate::{
    base::id::ContainerId,
    store::{
        container::ContainerConfig,
        layout::{ContainerDir, Layout},
        record,
    },
};

/// A container of the store: where it is, and how it was created.
#[derive(Debug, Clone)]
pub struct Container {
    pub dir: ContainerDir,
    pub config: ContainerConfig,
}

impl Container {
    fn read(layout: &Layout, id: &ContainerId) -> anyhow::Result<Option<Container>> {
        let dir = layout.container(id);
        let config = record::read(&dir.config())?;
        Ok(config.map(|config| Container { dir, config }))
    }

    pub fn id(&self) -> &ContainerId {
        &self.config.id
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }
}

#[cfg(test)]
mod testing {
    //! Containers on disk, as a `create` and a start would have left them.

    use crate::{
        base::{id::ContainerId, time::Time},
        engine::Engine,
        store::{
            container::{ContainerConfig, ContainerState, RootSource, Status, VERSION},
            directory,
            layout::Layout,
            names,
            record::{self, Durability},
        },
        sys::process::ProcessIdentity,
    };

    use super::Container;

    /// An engine over an empty store, which lasts as long as the directory.
    pub(crate) fn engine() -> (tempfile::TempDir, Engine) {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("store"), dir.path().join("run"));
        (dir, Engine::of(layout))
    }

    pub(crate) fn config(byte: u8, name: &str) -> ContainerConfig {
        ContainerConfig {
            version: VERSION,
            id: ContainerId::from_bytes([byte; 32]),
            name: name.to_owned(),
            created: Time::from(jiff::Timestamp::from_second(1_700_000_000 + i64::from(byte)).unwrap()),
            root: RootSource::Layers(Vec::new()),
            image: None,
            process: Default::default(),
            map: "u0.0.1".to_owned(),
            namespaces: Default::default(),
            mounts: Vec::new(),
            security: Default::default(),
            host: Default::default(),
            lifecycle: Default::default(),
            labels: Default::default(),
            annotations: Default::default(),
            exposed_ports: Default::default(),
        }
    }

    /// Puts a container into the store; its id is the byte, 32 times.
    pub(crate) fn put(engine: &Engine, config: ContainerConfig) -> Container {
        let dir = engine.layout.container(&config.id);
        directory::make(&dir.upper()).unwrap();
        names::claim(&engine.layout, &config.name, &config.id).unwrap().unwrap();
        record::write(&dir.config(), &config, Durability::Relaxed).unwrap();
        Container { dir, config }
    }

    /// Writes that a container runs, as this process or as one that is no more.
    pub(crate) fn set_running(container: &Container, alive: bool) {
        let me = ProcessIdentity::of(rustix::process::getpid()).unwrap();
        let process = ProcessIdentity { start_time: me.start_time + u64::from(!alive), ..me };
        let state =
            ContainerState { status: Status::Running, process: Some(process), ..ContainerState::created() };
        record::write(&container.dir.state(), &state, Durability::Relaxed).unwrap();
    }

    pub(crate) fn set_exited(container: &Container, code: i32) {
        let state = ContainerState { status: Status::Exited, exit_code: code, ..ContainerState::created() };
        record::write(&container.dir.state(), &state, Durability::Relaxed).unwrap();
    }
}
