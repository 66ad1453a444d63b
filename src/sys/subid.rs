//! Subordinate ids: which ranges of uids and gids the administrator gave a user. subuid(5), subgid(5).
//!
//! The files name users or give their numbers. Where the host asks another source (nsswitch.conf: `subid: sss`),
//! getsubids(1) is asked, since a static program cannot load the C library's plug-ins.

use std::{collections::BTreeSet, fs};

use super::helper;

/// `count` ids from `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub first: u32,
    pub count: u32,
}

/// What is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Uid,
    Gid,
}

/// A user's ranges of uids and of gids, in the order of the files; none where he has none. (The gids, too, are given
/// by user.)
pub fn ranges(uid: u32) -> [Vec<Range>; 2] {
    let names = names_of(uid);
    [(Side::Uid, "/etc/subuid"), (Side::Gid, "/etc/subgid")].map(|(side, file)| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let found = parse(&text, &names);
        if found.is_empty() && asks_elsewhere() { ask(side, &names) } else { found }
    })
}

/// What a line may call the user: his number, his names in /etc/passwd, and what his session calls him where he is
/// not in there (newuidmap looks him up itself, so a wrong name gives nothing).
fn names_of(uid: u32) -> BTreeSet<String> {
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let number = uid.to_string();
    let mut names: BTreeSet<String> = passwd
        .lines()
        .filter_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == number).then(|| name.to_owned())
        })
        .collect();
    if names.is_empty() {
        names.extend(["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok()));
    }
    names.insert(number);
    names
}

fn parse(text: &str, names: &BTreeSet<String>) -> Vec<Range> {
    let line = |line: &str| {
        let mut fields = line.trim().splitn(3, ':');
        let (name, first, count) = (fields.next()?, fields.next()?, fields.next()?);
        let range = Range { first: first.parse().ok()?, count: count.parse().ok()? };
        let fits =
            range.count > 0 && range.first.checked_add(range.count - 1).is_some_and(|last| last < u32::MAX);
        (names.contains(name) && fits).then_some(range)
    };
    text.lines().filter_map(line).collect()
}

fn asks_elsewhere() -> bool {
    let text = fs::read_to_string("/etc/nsswitch.conf").unwrap_or_default();
    text.lines().any(|line| line.trim().strip_prefix("subid:").is_some_and(|source| source.trim() != "files"))
}

/// `getsubids NAME` prints lines of `0: NAME 100000 65536`.
fn ask(side: Side, names: &BTreeSet<String>) -> Vec<Range> {
    let Some(program) = helper::find("getsubids") else { return Vec::new() };
    let flag: &[&str] = if side == Side::Gid { &["-g"] } else { &[] };
    for name in names {
        let arguments = flag.iter().copied().chain([name.as_str()]);
        let Ok(text) = helper::run(&program, arguments) else { continue };
        let colons: String = text
            .lines()
            .filter_map(|line| line.split_once(": "))
            .map(|(_, rest)| rest.split_ascii_whitespace().collect::<Vec<_>>().join(":") + "\n")
            .collect();
        let found = parse(&colons, names);
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_lines_of_the_user_by_name_or_number() {
        let names = BTreeSet::from(["cora".to_owned(), "1000".to_owned()]);
        let range = |first, count| Range { first, count };
        for (text, wanted) in [
            ("", vec![]),
            ("other:1:2\n", vec![]),
            ("cora:100000:65536\n", vec![range(100_000, 65_536)]),
            ("1000:5:6", vec![range(5, 6)]),
            ("# c\ncora:1:2\nother:3:4\n 1000:7:8 \n", vec![range(1, 2), range(7, 8)]),
            ("cora:1\ncora:x:2\ncora:1:0\ncora:-1:5\ncora:4294967295:1\ncora:1:4294967295", vec![]),
        ] {
            assert_eq!(parse(text, &names), wanted, "{text:?}");
        }
    }
}
