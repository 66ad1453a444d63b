//! `ls`: which containers there are. With a thousand of them most have ended and are not asked for, so a container's
//! config is read only when its row is.

mod filter;

use std::{cmp::Reverse, num::NonZero};

use anyhow::Context as _;

use crate::{
    base::{filter::Filters, id::ContainerId},
    engine::{Engine, image::Image, size},
    store::{
        container::{ContainerState, Network, RootSource, Status},
        layout::Layout,
    },
};

pub use filter::FILTERS;
use filter::Filter;

use super::{Container, status};

/// Which containers to list.
#[derive(Debug, Default)]
pub struct ListOptions {
    /// Those that do not run, too.
    pub all: bool,
    /// This many, the newest; running or not.
    pub last: Option<usize>,
    /// Keys of [`FILTERS`].
    pub filters: Filters,
    /// Measure the writable layers.
    pub sizes: bool,
}

/// A container as it is listed.
#[derive(Debug)]
pub struct Listed {
    pub container: Container,
    pub state: ContainerState,
    pub size: Option<Size>,
}

/// Bytes of a container's files.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// In the writable layer.
    pub writable: u64,
    /// In the image as well.
    pub total: u64,
}

impl Engine {
    /// Lists containers, the newest first; with the errors of those that cannot be read.
    pub fn list(&self, options: &ListOptions) -> anyhow::Result<(Vec<Listed>, Vec<anyhow::Error>)> {
        let filter = Filter::new(self, &options.filters)?;
        let all = options.all || options.last.is_some() || filter.asks_status();
        let ids = self.container_ids()?;
        let layout = &self.layout;
        let read = |ids: &[ContainerId]| -> Vec<anyhow::Result<Listed>> {
            ids.iter().filter_map(|id| row(layout, id, all, &filter).transpose()).collect()
        };
        let (mut listed, mut errors) = (Vec::new(), Vec::new());
        for row in in_parallel(&ids, read) {
            match row {
                Ok(row) => listed.push(row),
                Err(error) => errors.push(error),
            }
        }
        listed.sort_by_key(|row| Reverse(row.container.config.created));
        if let Some(last) = options.last {
            listed.truncate(last);
        }
        if options.sizes {
            for row in &mut listed {
                row.size = Some(self.size_of(&row.container));
            }
        }
        Ok((listed, errors))
    }

    /// Measures a container's writable layer, and adds what its image holds.
    pub fn size_of(&self, container: &Container) -> Size {
        let writable = match container.config.root {
            RootSource::Directory(_) => 0,
            _ => size::of_tree(&container.dir.upper()),
        };
        let image = container.config.image.as_ref();
        let image: Option<Image> = image.and_then(|used| self.find_image(&used.manifest.to_string()).ok());
        Size { writable, total: writable + image.map_or(0, |image| image.size) }
    }
}

/// Reads a container, if it is to be listed. One that is being made or removed is nobody's row.
fn row(layout: &Layout, id: &ContainerId, all: bool, filter: &Filter<'_>) -> anyhow::Result<Option<Listed>> {
    if !filter.admits_id(id) {
        return Ok(None);
    }
    let unreadable = || format!("container {} cannot be read", id.short());
    let state = status::observe(&layout.container(id)).with_context(unreadable)?;
    if !(all || state.status.is_running()) || !filter.admits_state(&state) {
        return Ok(None);
    }
    let container = Container::read(layout, id).with_context(unreadable)?;
    let admitted = container.filter(|container| filter.admits(container));
    Ok(admitted.map(|container| Listed { container, state, size: None }))
}

/// Reads hundreds of containers on several processors; the few that most users have are sooner read than threads made.
fn in_parallel<T: Send>(ids: &[ContainerId], read: impl Fn(&[ContainerId]) -> Vec<T> + Sync) -> Vec<T> {
    const WORTH_A_THREAD: usize = 200;
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (ids.len() / WORTH_A_THREAD).min(processors).min(4);
    if threads < 2 {
        return read(ids);
    }
    std::thread::scope(|scope| {
        let parts = ids.chunks(ids.len().div_ceil(threads));
        let readers: Vec<_> = parts.map(|part| scope.spawn(|| read(part))).collect();
        readers.into_iter().flat_map(|reader| reader.join().expect("a reader does not panic")).collect()
    })
}

/// docker's word for a status.
pub fn status_word(status: Status) -> &'static str {
    match status {
        Status::Created => "created",
        Status::Running => "running",
        Status::Paused => "paused",
        Status::Exited => "exited",
    }
}

/// docker's word for a network.
pub fn network_word(network: &Network) -> String {
    match network {
        Network::None => "none".to_owned(),
        Network::Host => "host".to_owned(),
        Network::Container(id) => format!("container:{id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, engine, put, set_exited, set_running};
    use super::*;
    use crate::base::filter;

    #[test]
    fn lists_the_newest_first_and_what_the_filters_admit() {
        let (_dir, engine) = engine();
        let mut web = config(1, "web");
        web.exposed_ports.insert("80/tcp".to_owned(), serde_json::json!({}));
        set_running(&put(&engine, web), true);
        let mut old = config(2, "db-old");
        old.labels.insert("role".to_owned(), "db".to_owned());
        set_exited(&put(&engine, old), 3);
        put(&engine, config(3, "db-new"));
        let list = |all: bool, last: Option<usize>, filters: &[&str]| -> Vec<String> {
            let filters = filters.iter().map(|text| filter::parse(text).unwrap()).collect();
            let filters = Filters::new(filters, FILTERS).unwrap();
            let (listed, errors) = engine.list(&ListOptions { all, last, filters, sizes: false }).unwrap();
            assert!(errors.is_empty(), "{errors:?}");
            listed.into_iter().map(|row| row.container.config.name).collect()
        };
        assert_eq!(list(false, None, &[]), ["web"]);
        assert_eq!(list(true, None, &[]), ["db-new", "db-old", "web"]);
        assert_eq!(list(false, Some(2), &[]), ["db-new", "db-old"]);
        for (filters, want) in [
            (&["status=exited"][..], &["db-old"][..]),
            (&["status=created", "status=exited"], &["db-new", "db-old"]),
            (&["exited=3"], &["db-old"]),
            (&["exited=0"], &[]),
            (&["label=role=db", "status=exited"], &["db-old"]),
            (&["name=web"], &["web"]),
            (&["name=^db-", "status=exited", "status=created"], &["db-new", "db-old"]),
            (&["name=^/?web$"], &["web"]),
            (&["name=^/web$"], &["web"]),
            (&["name=/web"], &["web"]),
            (&["name=^eb"], &[]),
            (&["name=db.o", "name=^web$", "status=exited", "status=running"], &["db-old", "web"]),
            (&["health=none"], &["web"]),
            (&["health=healthy", "health=starting"], &[]),
            (&["expose=80"], &["web"]),
            (&["expose=70-80/tcp"], &["web"]),
            (&["expose=80/udp"], &[]),
            (&["publish=80"], &[]),
            (&["id=0101"], &["web"]),
            (&["network=none"], &["web"]),
        ] {
            assert_eq!(list(false, None, filters), want, "{filters:?}");
        }
        assert_eq!(list(true, None, &["since=db-old"]), ["db-new"]);
        assert_eq!(list(true, None, &["before=db-old"]), ["web"]);
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        let (_dir, engine) = engine();
        for (text, want) in [
            (
                "status=gone",
                "invalid filter 'status=gone': must be one of created, running, paused, restarting, removing, exited, dead",
            ),
            ("exited=x", "invalid filter 'exited=x'"),
            (
                "health=fine",
                "invalid filter 'health=fine': must be one of none, starting, healthy, unhealthy",
            ),
            ("name=a[", "invalid filter 'name=a[': found unclosed character class"),
            ("expose=80:80", "invalid filter 'expose=80:80': invalid port \"80:80\""),
            (
                "publish=0",
                "invalid filter 'publish=0': the first port must be at least 1 and not above the last",
            ),
        ] {
            let filters = Filters::new(vec![filter::parse(text).unwrap()], FILTERS).unwrap();
            let error = engine.list(&ListOptions { filters, ..ListOptions::default() }).unwrap_err();
            assert_eq!(error.to_string(), want);
        }
    }
}
