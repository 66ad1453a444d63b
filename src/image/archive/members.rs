//! The table of an archive's members: path → file or link. A `docker save` archive has symbolic and hard links between
//! its layers; they are followed in this table alone, never on a file system.

use std::collections::HashMap;

use anyhow::{bail, ensure};

/// More members than any image archive has: a bound for hostile ones.
const MAX_MEMBERS: usize = 100_000;
const MAX_LINKS: usize = 32;

/// Members by normalised path.
#[derive(Debug)]
pub struct Members<F> {
    table: HashMap<String, Member<F>>,
}

#[derive(Debug)]
enum Member<F> {
    File(F),
    /// The normalised path that it leads to; `None` if that is outside.
    Link(Option<String>),
}

impl<F> Default for Members<F> {
    fn default() -> Self {
        Members { table: HashMap::new() }
    }
}

impl<F> Members<F> {
    /// Nothing was noted yet.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Notes a regular file. A later member of the same path replaces an earlier one, as in tar.
    pub fn add_file(&mut self, path: &str, file: F) -> anyhow::Result<()> {
        self.add(path, Member::File(file))
    }

    /// Notes a symbolic link, whose target starts at its own directory.
    pub fn add_symlink(&mut self, path: &str, target: &str) -> anyhow::Result<()> {
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let target = if target.starts_with('/') { target.to_owned() } else { format!("{parent}/{target}") };
        self.add(path, Member::Link(normalise(&target)))
    }

    /// Notes a hard link, whose target is a member's path.
    pub fn add_hard_link(&mut self, path: &str, target: &str) -> anyhow::Result<()> {
        self.add(path, Member::Link(normalise(target)))
    }

    fn add(&mut self, path: &str, member: Member<F>) -> anyhow::Result<()> {
        ensure!(self.table.len() < MAX_MEMBERS, "the archive has more than {MAX_MEMBERS} members");
        // What lies outside nobody asks for.
        if let Some(path) = normalise(path) {
            self.table.insert(path, member);
        }
        Ok(())
    }

    /// Finds the file at a path, through links.
    pub fn find(&self, path: &str) -> anyhow::Result<Option<&F>> {
        let Some(mut at) = normalise(path) else { bail!("the path {path:?} leads out of the archive") };
        for _ in 0..MAX_LINKS {
            match self.table.get(&at) {
                None => return Ok(None),
                Some(Member::File(file)) => return Ok(Some(file)),
                Some(Member::Link(Some(target))) => at.clone_from(target),
                Some(Member::Link(None)) => bail!("{path:?} is a link that leads out of the archive"),
            }
        }
        bail!("{path:?} is a link that leads to itself")
    }
}

/// Resolves `.` and `..` by the text; `None` if that leads out.
fn normalise(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_within_the_archive_alone() {
        let mut members = Members::default();
        members.add_file("./a/layer.tar", 1).unwrap();
        members.add_symlink("b/layer.tar", "../a/layer.tar").unwrap();
        members.add_hard_link("c/layer.tar", "b/layer.tar").unwrap();
        members.add_symlink("absolute", "/a/layer.tar").unwrap();
        members.add_symlink("loop", "loop2").unwrap();
        members.add_symlink("loop2", "loop").unwrap();
        members.add_symlink("out", "../../etc/passwd").unwrap();
        members.add_file("../outside", 2).unwrap();
        for path in ["a/layer.tar", "b/layer.tar", "./c/layer.tar", "absolute", "/a/./x/../layer.tar"] {
            assert_eq!(members.find(path).unwrap(), Some(&1), "{path}");
        }
        assert_eq!(members.find("missing").unwrap(), None);
        for path in ["loop", "out", "../outside"] {
            assert!(members.find(path).is_err(), "{path}");
        }
    }

    #[test]
    fn the_last_member_of_a_path_counts() {
        let mut members = Members::default();
        members.add_file("a", 1).unwrap();
        members.add_file("./a", 2).unwrap();
        assert_eq!(members.find("a").unwrap(), Some(&2));
    }
}
