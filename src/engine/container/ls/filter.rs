//! The filters of `ls`: `docker ps --filter`. What they refer to is looked up once, before any row is.

use crate::{
    base::{
        digest::Digest,
        filter::{Filters, Names},
        id::ContainerId,
        port,
        time::Time,
    },
    engine::{Engine, Error, volume::volumes_of},
    store::container::{ContainerState, MountSource, Status},
};

use super::{Container, network_word, status_word};

/// What containers can be filtered by.
pub const FILTERS: &[&str] = &[
    "id", "name", "label", "label!", "status", "exited", "ancestor", "before", "since", "volume", "network",
    "health", "expose", "publish",
];

const STATUSES: &[&str] = &["created", "running", "paused", "restarting", "removing", "exited", "dead"];
const HEALTHS: &[&str] = &["none", "starting", "healthy", "unhealthy"];

pub(super) struct Filter<'a> {
    filters: &'a Filters,
    names: Names,
    /// The configs of the images that `ancestor` names.
    ancestors: Vec<Digest>,
    exited: Vec<i32>,
    /// As in a container's config: `80/tcp`.
    exposed: Vec<String>,
    before: Option<Time>,
    since: Option<Time>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(engine: &Engine, filters: &'a Filters) -> anyhow::Result<Self> {
        check_words(filters, "status", STATUSES)?;
        check_words(filters, "health", HEALTHS)?;
        let created = |key| -> anyhow::Result<Option<Time>> {
            let Some(name) = filters.values(key).last() else { return Ok(None) };
            Ok(Some(engine.find_container(name)?.config.created))
        };
        // No container has a port published, but a wrong port is wrong all the same.
        ports(filters, "publish")?;
        let ancestors = filters.values("ancestor").filter_map(|name| engine.find_image(name).ok());
        Ok(Filter {
            filters,
            names: Names::of(filters).map_err(Error::Invalid)?,
            ancestors: ancestors.map(|image| image.id).collect(),
            exited: each(filters, "exited", |text| text.parse().map_err(|_| String::new()))?,
            exposed: ports(filters, "expose")?,
            before: created("before")?,
            since: created("since")?,
        })
    }

    /// Whoever asks for a status means containers that do not run as well.
    pub(super) fn asks_status(&self) -> bool {
        self.filters.contains("status") || self.filters.contains("exited")
    }

    pub(super) fn admits_id(&self, id: &ContainerId) -> bool {
        self.filters.admits("id", |wanted| id.as_str().starts_with(wanted))
    }

    pub(super) fn admits_state(&self, state: &ContainerState) -> bool {
        let ended = state.status == Status::Exited;
        self.filters.admits("status", |wanted| wanted == status_word(state.status))
            && (self.exited.is_empty() || ended && self.exited.contains(&state.exit_code))
    }

    pub(super) fn admits(&self, container: &Container) -> bool {
        let config = &container.config;
        self.admits_name(&config.name)
            && self.filters.admits_labels(&config.labels)
            && self.filters.admits("volume", |wanted| has_volume(container, wanted))
            && self.filters.admits("network", |wanted| wanted == network_word(&config.namespaces.network))
            // Nobody checks a container's health.
            && self.filters.admits("health", |wanted| wanted == "none")
            && self.filters.admits("publish", |_| false)
            && (self.exposed.is_empty() || self.exposed.iter().any(|port| config.exposed_ports.contains_key(port)))
            && self.before.is_none_or(|time| config.created < time)
            && self.since.is_none_or(|time| config.created > time)
            && self.admits_image(container)
    }

    fn admits_name(&self, name: &str) -> bool {
        // Some are written for docker's listings, which show `/` before a name.
        self.names.admit(name) || self.names.admit(&format!("/{name}"))
    }

    fn admits_image(&self, container: &Container) -> bool {
        let Some(used) = &container.config.image else { return !self.filters.contains("ancestor") };
        self.filters.admits("ancestor", |wanted| wanted == used.name) || self.ancestors.contains(&used.id)
    }
}

/// A volume's name, the source of a bind, or where either is mounted.
fn has_volume(container: &Container, wanted: &str) -> bool {
    volumes_of(container).any(|name| name == wanted)
        || container.config.mounts.iter().any(|mount| {
            mount.target == wanted
                || matches!(&mount.source, MountSource::Bind { path, .. } if path.as_os_str() == wanted)
        })
}

fn invalid(key: &str, value: &str, why: &str) -> Error {
    Error::Invalid(format!("invalid filter '{key}={value}'{why}"))
}

fn check_words(filters: &Filters, key: &str, known: &[&str]) -> Result<(), Error> {
    match filters.values(key).find(|word| !known.contains(word)) {
        Some(word) => Err(invalid(key, word, &format!(": must be one of {}", known.join(", ")))),
        None => Ok(()),
    }
}

fn each<T>(filters: &Filters, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, Error> {
    filters.values(key).map(|text| parse(text).map_err(|why| invalid(key, text, &why))).collect()
}

fn ports(filters: &Filters, key: &str) -> Result<Vec<String>, Error> {
    let ports = each(filters, key, |text| port::parse(text).map_err(|why| format!(": {why}")))?;
    Ok(ports.concat())
}
