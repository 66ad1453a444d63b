//! Finds containers by what users type: a full id, a name, the beginning of an id, in docker's order.

use std::{fs, io};

use anyhow::Context;

use crate::{
    base::id::{ContainerId, is_id_prefix},
    engine::{Engine, Error},
    store::names,
};

use super::Container;

impl Engine {
    /// Finds a container by id, name or id prefix. `Error::NoSuch`, `Error::Ambiguous`.
    pub fn find_container(&self, reference: &str) -> anyhow::Result<Container> {
        let id = self.find_container_id(reference)?;
        self.container(&id)?.ok_or_else(|| no_such(reference))
    }

    /// Reads a container's config; `None` where there is no such container, or only what an interrupted `create` left.
    pub fn container(&self, id: &ContainerId) -> anyhow::Result<Option<Container>> {
        Container::read(&self.layout, id)
    }

    /// The ids of all containers' directories, in no order. Unfinished ones are among them.
    pub fn container_ids(&self) -> anyhow::Result<Vec<ContainerId>> {
        let list = || format!("list {}", self.layout.containers().display());
        let entries = match fs::read_dir(self.layout.containers()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(list),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.with_context(list)?.file_name();
            ids.extend(name.to_str().and_then(|name| name.parse::<ContainerId>().ok()));
        }
        Ok(ids)
    }

    /// Reads every container. Those that vanish or cannot be read meanwhile are left out.
    pub fn containers(&self) -> anyhow::Result<Vec<Container>> {
        let ids = self.container_ids()?;
        Ok(ids.iter().filter_map(|id| self.container(id).ok().flatten()).collect())
    }

    pub(super) fn find_container_id(&self, reference: &str) -> anyhow::Result<ContainerId> {
        if let Ok(id) = reference.parse::<ContainerId>() {
            return Ok(id);
        }
        // docker shows names with a slash before them.
        let name = reference.strip_prefix('/').unwrap_or(reference);
        if let Some(id) = names::resolve(&self.layout, name)?
            && self.layout.container(&id).config().exists()
        {
            return Ok(id);
        }
        if !is_id_prefix(reference) {
            return Err(no_such(reference));
        }
        let mut matches = self.container_ids()?;
        matches
            .retain(|id| id.as_str().starts_with(reference) && self.layout.container(id).config().exists());
        match matches.as_slice() {
            [] => Err(no_such(reference)),
            [_] => Ok(matches.remove(0)),
            _ => {
                matches.sort();
                let matches = matches.iter().map(|id| id.short().to_owned()).collect();
                Err(Error::Ambiguous { kind: "container", name: reference.to_owned(), matches }.into())
            }
        }
    }
}

pub(super) fn no_such(reference: &str) -> anyhow::Error {
    Error::NoSuch { kind: "container", name: reference.to_owned() }.into()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, engine, put};
    use super::*;

    #[test]
    fn an_id_goes_before_a_name_and_a_name_before_a_prefix() {
        let (_dir, engine) = engine();
        for (byte, name) in [(0xaa, "web"), (0xab, "ac"), (0xac, "db")] {
            put(&engine, config(byte, name));
        }
        let full = ContainerId::from_bytes([0xac; 32]);
        for (reference, want) in
            [("web", "web"), ("/web", "web"), ("ac", "ac"), ("acac", "db"), ("aaa", "web")]
        {
            assert_eq!(engine.find_container(reference).unwrap().name(), want, "{reference}");
        }
        assert_eq!(engine.find_container(full.as_str()).unwrap().name(), "db");
    }

    #[test]
    fn what_is_not_one_container_says_so() {
        let (_dir, engine) = engine();
        let gone = put(&engine, config(0xaa, "gone"));
        put(&engine, config(0xab, "web"));
        put(&engine, config(0xac, "db"));
        fs::remove_file(gone.dir.config()).unwrap();
        for reference in ["none", "gone", "aa", "", "../web", &"0".repeat(64)] {
            let error = engine.find_container(reference).unwrap_err().downcast::<Error>().unwrap();
            assert!(matches!(error, Error::NoSuch { .. }), "{reference}: {error}");
        }
        let error = engine.find_container("a").unwrap_err().downcast::<Error>().unwrap();
        assert_eq!(error.to_string(), "container a is ambiguous: abababababab, acacacacacac");
    }
}
