//! `ls`: which containers there are. With a thousand of them most have ended and are not asked for, so a container's
//! config is read only when its row is.

use std::{cmp::Reverse, num::NonZero};

use crate::{
    base::{
        filter::{Filters, fits_name},
        id::ContainerId,
        time::Time,
    },
    engine::{Engine, Error, image::Image, size, volume::volumes_of},
    store::{
        container::{ContainerState, MountSource, Network, RootSource, Status},
        layout::Layout,
    },
};

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

/// What containers can be filtered by.
pub const FILTERS: &[&str] = &[
    "id", "name", "label", "label!", "status", "exited", "ancestor", "before", "since", "volume", "network",
];

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
    /// Lists containers, the newest first.
    pub fn list(&self, options: &ListOptions) -> anyhow::Result<Vec<Listed>> {
        let filter = Filter::new(self, &options.filters)?;
        let all = options.all || options.last.is_some() || filter.asks_status();
        let ids = self.container_ids()?;
        let layout = &self.layout;
        let read = |ids: &[ContainerId]| -> Vec<Listed> {
            ids.iter().filter_map(|id| row(layout, id, all, &filter)).collect()
        };
        let mut listed = in_parallel(&ids, read);
        listed.sort_by_key(|row| Reverse(row.container.config.created));
        if let Some(last) = options.last {
            listed.truncate(last);
        }
        if options.sizes {
            for row in &mut listed {
                row.size = Some(self.size_of(&row.container));
            }
        }
        Ok(listed)
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

/// Reads a container, if it is to be listed. One that is being made, removed or damaged is nobody's row.
fn row(layout: &Layout, id: &ContainerId, all: bool, filter: &Filter<'_>) -> Option<Listed> {
    if !filter.admits_id(id) {
        return None;
    }
    let state = status::observe(&layout.container(id)).ok()?;
    if !(all || state.status.is_running()) || !filter.admits_state(&state) {
        return None;
    }
    let container = Container::read(layout, id).ok()??;
    filter.admits(&container).then_some(Listed { container, state, size: None })
}

/// Reads hundreds of containers on several processors; the few that most users have are sooner read than threads made.
fn in_parallel(ids: &[ContainerId], read: impl Fn(&[ContainerId]) -> Vec<Listed> + Sync) -> Vec<Listed> {
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

/// The filters, with what they refer to looked up once.
struct Filter<'a> {
    filters: &'a Filters,
    /// The configs of the images that `ancestor` names.
    ancestors: Vec<crate::base::digest::Digest>,
    exited: Vec<i32>,
    before: Option<Time>,
    since: Option<Time>,
}

impl<'a> Filter<'a> {
    fn new(engine: &Engine, filters: &'a Filters) -> anyhow::Result<Self> {
        let invalid = |text: String| Error::Invalid(text);
        for wanted in filters.values("status") {
            if !["created", "running", "paused", "restarting", "removing", "exited", "dead"].contains(&wanted)
            {
                return Err(invalid(format!("invalid filter 'status={wanted}'")).into());
            }
        }
        let mut exited = Vec::new();
        for code in filters.values("exited") {
            exited.push(code.parse().map_err(|_| invalid(format!("invalid filter 'exited={code}'")))?);
        }
        let ancestors = filters.values("ancestor").filter_map(|name| engine.find_image(name).ok());
        let created = |key| -> anyhow::Result<Option<Time>> {
            let Some(name) = filters.values(key).last() else { return Ok(None) };
            Ok(Some(engine.find_container(name)?.config.created))
        };
        Ok(Filter {
            filters,
            ancestors: ancestors.map(|image| image.id).collect(),
            exited,
            before: created("before")?,
            since: created("since")?,
        })
    }

    /// Whoever asks for a status means containers that do not run as well.
    fn asks_status(&self) -> bool {
        self.filters.contains("status") || self.filters.contains("exited")
    }

    fn admits_id(&self, id: &ContainerId) -> bool {
        self.filters.admits("id", |wanted| id.as_str().starts_with(wanted))
    }

    fn admits_state(&self, state: &ContainerState) -> bool {
        let ended = state.status == Status::Exited;
        self.filters.admits("status", |wanted| wanted == status_word(state.status))
            && (self.exited.is_empty() || ended && self.exited.contains(&state.exit_code))
    }

    fn admits(&self, container: &Container) -> bool {
        let config = &container.config;
        let volume = |wanted: &str| {
            volumes_of(container).any(|name| name == wanted) || config.mounts.iter().any(|mount| {
                mount.target == wanted
                    || matches!(&mount.source, MountSource::Bind { path, .. } if path.as_os_str() == wanted)
            })
        };
        self.filters.admits("name", |wanted| fits_name(&unslashed(wanted), &config.name))
            && self.filters.admits_labels(&config.labels)
            && self.filters.admits("volume", volume)
            && self.filters.admits("network", |wanted| wanted == network_word(&config.namespaces.network))
            && self.before.is_none_or(|time| config.created < time)
            && self.since.is_none_or(|time| config.created > time)
            && self.admits_image(container)
    }

    fn admits_image(&self, container: &Container) -> bool {
        let Some(used) = &container.config.image else { return !self.filters.contains("ancestor") };
        self.filters.admits("ancestor", |wanted| wanted == used.name) || self.ancestors.contains(&used.id)
    }
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

/// A name to look for, without the slash that docker's own names begin with.
fn unslashed(wanted: &str) -> String {
    match wanted.strip_prefix("^/") {
        Some(rest) => format!("^{rest}"),
        None => wanted.trim_start_matches('/').to_owned(),
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
        set_running(&put(&engine, config(1, "web")), true);
        let mut old = config(2, "db-old");
        old.labels.insert("role".to_owned(), "db".to_owned());
        set_exited(&put(&engine, old), 3);
        put(&engine, config(3, "db-new"));
        let list = |all: bool, last: Option<usize>, filters: &[&str]| -> Vec<String> {
            let filters = filters.iter().map(|text| filter::parse(text).unwrap()).collect();
            let filters = Filters::new(filters, FILTERS).unwrap();
            let listed = engine.list(&ListOptions { all, last, filters, sizes: false }).unwrap();
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
            (&["id=0101"], &["web"]),
            (&["network=none"], &["web"]),
        ] {
            assert_eq!(list(false, None, filters), want, "{filters:?}");
        }
        assert_eq!(list(true, None, &["since=db-old"]), ["db-new"]);
        assert_eq!(list(true, None, &["before=db-old"]), ["web"]);
    }
}
