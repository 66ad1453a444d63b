//! Commands about files.

use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
};

use crate::{Outcome, because};

pub(crate) fn command(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let outcome = match (name, arguments) {
        ("cat", []) => copy(io::stdin()),
        ("cat", paths) => paths.iter().try_for_each(|path| copy(fs::File::open(path).map_err(because)?)),
        ("write", [path, words @ ..]) => fs::write(path, words.join(" ") + "\n").map_err(because),
        ("append", [path, words @ ..]) => append(path, &(words.join(" ") + "\n")),
        ("rm", [path]) => remove(path),
        ("mkdir", [path]) => fs::create_dir(path).map_err(because),
        ("chmod", [mode, path]) => chmod(mode, path),
        ("chown", [owner, path]) => chown(owner, path),
        ("mv", [from, to]) => fs::rename(from, to).map_err(because),
        ("ln", [from, to]) => fs::hard_link(from, to).map_err(because),
        ("symlink", [target, path]) => std::os::unix::fs::symlink(target, path).map_err(because),
        ("mkfifo", [path]) => fifo(path),
        ("truncate", [size, path]) => truncate(size, path),
        ("ls", [path]) => list(path),
        ("stat", paths) => paths.iter().try_for_each(|path| stat(path)),
        ("readlink", [path]) => {
            fs::read_link(path).map(|target| println!("{}", target.display())).map_err(because)
        }
        ("xattr", [path, name]) => xattr(path, name),
        ("mounts", targets) => mounts(targets),
        _ => return None,
    };
    Some(outcome)
}

fn copy(mut from: impl Read) -> Outcome {
    let mut buffer = [0; 65_536];
    loop {
        let count = from.read(&mut buffer).map_err(because)?;
        if count == 0 {
            return Ok(());
        }
        // Not through a buffer: what was read is passed on at once, as a test that talks to it expects.
        io::stdout().write_all(&buffer[..count]).and_then(|()| io::stdout().flush()).map_err(because)?;
    }
}

fn append(path: &str, text: &str) -> Outcome {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(path).map_err(because)?;
    file.write_all(text.as_bytes()).map_err(because)
}

fn remove(path: &str) -> Outcome {
    let meta = fs::symlink_metadata(path).map_err(because)?;
    if meta.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(because)
}

fn chmod(mode: &str, path: &str) -> Outcome {
    let mode = u32::from_str_radix(mode, 8).map_err(|_| format!("{mode:?} is not a mode"))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(because)
}

fn chown(owner: &str, path: &str) -> Outcome {
    let ids = owner.split_once(':').and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
    let (uid, gid) = ids.ok_or("want UID:GID")?;
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).map_err(because)
}

fn fifo(path: &str) -> Outcome {
    let mode = rustix::fs::Mode::from_raw_mode(0o666);
    rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).map_err(because)
}

/// Gives a file this size, without content where it grows.
fn truncate(size: &str, path: &str) -> Outcome {
    let size = size.parse().map_err(|_| format!("{size:?} is not a size"))?;
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(path).map_err(because)?;
    file.set_len(size).map_err(because)
}

fn list(path: &str) -> Outcome {
    let entries: Result<Vec<_>, _> = fs::read_dir(path).map_err(because)?.collect();
    let mut names: Vec<_> = entries.map_err(because)?.into_iter().map(|entry| entry.file_name()).collect();
    names.sort();
    names.iter().for_each(|name| println!("{}", name.display()));
    Ok(())
}

/// `PATH TYPE MODE UID:GID SIZE SECONDS.NANOSECONDS [MAJOR:MINOR]`; a directory's size says nothing and is left out.
fn stat(path: &str) -> Outcome {
    let meta = fs::symlink_metadata(path).map_err(because)?;
    let kind = meta.file_type();
    let kind = match () {
        () if kind.is_dir() => "dir",
        () if kind.is_file() => "file",
        () if kind.is_symlink() => "link",
        () if kind.is_fifo() => "fifo",
        () if kind.is_char_device() => "char",
        () if kind.is_block_device() => "block",
        () => "socket",
    };
    print!("{path} {kind} {:04o} {}:{}", meta.mode() & 0o7777, meta.uid(), meta.gid());
    if !meta.is_dir() {
        print!(" {}", meta.size());
    }
    print!(" {}.{:09}", meta.mtime(), meta.mtime_nsec());
    if matches!(kind, "char" | "block") {
        print!(" {}:{}", rustix::fs::major(meta.rdev()), rustix::fs::minor(meta.rdev()));
    }
    println!();
    Ok(())
}

fn xattr(path: &str, name: &str) -> Outcome {
    let mut value = vec![0; 65_536];
    let length = rustix::fs::lgetxattr(path, name, &mut value[..]).map_err(because)?;
    println!("{}", String::from_utf8_lossy(&value[..length]));
    Ok(())
}

/// `TARGET TYPE OPTIONS` of each mount, or of those named.
fn mounts(targets: &[&str]) -> Outcome {
    let table = fs::read_to_string("/proc/self/mountinfo").map_err(because)?;
    for line in table.lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let dash = fields.iter().position(|field| *field == "-").ok_or("a mount without a dash")?;
        if targets.is_empty() || targets.contains(&fields[4]) {
            println!("{} {} {}", fields[4], fields[dash + 1], fields[5]);
        }
    }
    Ok(())
}
