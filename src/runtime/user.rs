//! Who a program runs as: docker's `user[:group]`, with names looked up in the container's own /etc/passwd and
//! /etc/group. passwd(5), group(5).
//!
//! Both files come from the image, so they are data to be distrusted: they are opened beneath the root, must be
//! regular files of a sane size, and a line that does not parse is no entry (it never reads as id 0).

use std::{
    io::Read,
    os::fd::{BorrowedFd, OwnedFd},
    path::Path,
};

use anyhow::{Context, bail, ensure};
use rustix::{
    fs::{FileType, Mode, OFlags},
    io::Errno,
};

use crate::sys::beneath;

/// The greatest passwd or group file that is read (CVE-2024-9676).
const MAX_SIZE: u64 = 10 << 20;

/// The greatest id: above are those that some system call takes for -1 or a negative number.
const MAX_ID: u32 = i32::MAX as u32;

/// A program's ids and home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub uid: u32,
    pub gid: u32,
    /// All groups for setgroups(2), the primary one first: without it there, leaving the group would give access to
    /// files that refuse it (CVE-2022-36109).
    pub groups: Vec<u32>,
    /// For `HOME`; `/` where the user has no entry.
    pub home: String,
}

/// Finds who `user` (docker's `user[:group]`; empty for root) and the further groups are in the container with this
/// root directory.
pub fn resolve(root: BorrowedFd<'_>, user: &str, further: &[String]) -> anyhow::Result<Identity> {
    let wanted = Wanted::parse(user)?;
    let passwd = read(root, "etc/passwd")?;
    let group = read(root, "etc/group")?;
    wanted.look_up(&passwd, &group, further)
}

/// What was asked for, before any lookup.
#[derive(Debug, PartialEq, Eq)]
struct Wanted<'a> {
    user: Option<Key<'a>>,
    group: Option<Key<'a>>,
}

/// A number or a name. As docker, a number may also be the name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key<'a> {
    text: &'a str,
    number: Option<u32>,
}

impl<'a> Wanted<'a> {
    fn parse(text: &'a str) -> anyhow::Result<Self> {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text, None),
        };
        let user = if user.is_empty() { None } else { Some(Key::parse(user, "user")?) };
        let group = group.map(|group| Key::parse(group, "group")).transpose();
        let group = group.with_context(|| format!("invalid user {text:?}"))?;
        Ok(Wanted { user, group })
    }

    fn look_up(&self, passwd: &[u8], group: &[u8], further: &[String]) -> anyhow::Result<Identity> {
        let key = self.user.unwrap_or(Key { text: "0", number: Some(0) });
        let entry = lines(passwd).filter_map(PasswdEntry::parse).find(|e| key.is(e.name, e.uid));
        let (uid, mut gid, home) = match (&entry, key.number) {
            (Some(entry), _) => (entry.uid, entry.gid, entry.home),
            (None, Some(number)) => (number, 0, "/"),
            (None, None) => bail!("unable to find user {}: no matching entry in passwd file", key.text),
        };
        let mut groups = Vec::new();
        if let Some(key) = self.group {
            gid = group_id(group, key)?;
        } else if let Some(entry) = &entry {
            groups.extend(
                lines(group).filter_map(GroupEntry::parse).filter(|g| g.has(entry.name)).map(|g| g.gid),
            );
        }
        for name in further {
            groups.push(group_id(group, Key::parse(name, "group")?)?);
        }
        let mut all = vec![gid];
        for gid in groups {
            if !all.contains(&gid) {
                all.push(gid);
            }
        }
        Ok(Identity { uid, gid, groups: all, home: home.to_owned() })
    }
}

impl<'a> Key<'a> {
    fn parse(text: &'a str, what: &str) -> anyhow::Result<Self> {
        ensure!(!text.is_empty(), "the {what} is empty");
        if text.bytes().all(|b| b.is_ascii_digit()) {
            return match parse_id(text) {
                Some(number) => Ok(Key { text, number: Some(number) }),
                None => bail!("invalid {what} {text:?}: ids are in the range 0-{MAX_ID}"),
            };
        }
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == ':';
        ensure!(
            !text.starts_with(['-', '+']) && !text.contains(odd),
            "invalid {what} {text:?}: neither a name nor a number in the range 0-{MAX_ID}"
        );
        Ok(Key { text, number: None })
    }

    fn is(&self, name: &str, id: u32) -> bool {
        self.text == name || self.number == Some(id)
    }
}

fn group_id(file: &[u8], key: Key<'_>) -> anyhow::Result<u32> {
    let entry = lines(file).filter_map(GroupEntry::parse).find(|entry| key.is(entry.name, entry.gid));
    match entry.map(|entry| entry.gid).or(key.number) {
        Some(gid) => Ok(gid),
        None => bail!("unable to find group {}: no matching entry in group file", key.text),
    }
}

/// An id in decimal digits and nothing else.
fn parse_id(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|&id| digits && id <= MAX_ID)
}

/// `name:password:uid:gid:comment:home:shell`
struct PasswdEntry<'a> {
    name: &'a str,
    uid: u32,
    gid: u32,
    home: &'a str,
}

impl<'a> PasswdEntry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let uid = parse_id(fields.nth(1)?)?;
        let gid = parse_id(fields.next()?)?;
        // A home that is missing or odd costs only HOME.
        let home = fields.nth(1).filter(|home| home.starts_with('/') && !home.contains(char::is_control));
        Some(PasswdEntry { name, uid, gid, home: home.unwrap_or("/") })
    }
}

/// `name:password:gid:member,member`
struct GroupEntry<'a> {
    name: &'a str,
    gid: u32,
    members: &'a str,
}

impl<'a> GroupEntry<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        let gid = parse_id(fields.nth(1)?)?;
        Some(GroupEntry { name, gid, members: fields.next().unwrap_or_default() })
    }

    fn has(&self, user: &str) -> bool {
        self.members.split(',').any(|member| member == user)
    }
}

/// The file's lines that are text.
fn lines(file: &[u8]) -> impl Iterator<Item = &str> {
    file.split(|&b| b == b'\n').filter_map(|line| std::str::from_utf8(line).ok()).map(str::trim)
}

/// The content of a file of the container; nothing where there is none.
fn read(root: BorrowedFd<'_>, path: &str) -> anyhow::Result<Vec<u8>> {
    // A FIFO or a device must not make us wait.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = match beneath::open(root, Path::new(path), flags, Mode::empty()) {
        Ok(file) => file,
        Err(error) if matches!(error.errno, Errno::NOENT | Errno::NOTDIR) => return Ok(Vec::new()),
        Err(error) => return Err(error).with_context(|| format!("open the container's /{path}")),
    };
    read_checked(file).with_context(|| format!("read the container's /{path}"))
}

fn read_checked(file: OwnedFd) -> anyhow::Result<Vec<u8>> {
    let stat = rustix::fs::fstat(&file)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    ensure!(kind == FileType::RegularFile, "not a regular file");
    let size = u64::try_from(stat.st_size)?;
    ensure!(size <= MAX_SIZE, "larger than {} MiB", MAX_SIZE >> 20);
    // One byte more than the size, so that a single read also meets the end.
    let mut content = Vec::with_capacity(size as usize + 1);
    std::fs::File::from(file).take(MAX_SIZE).read_to_end(&mut content)?;
    Ok(content)
}

#[cfg(test)]
mod tests;
