//! What each command means, one file per verb: no clap, no printing.
//!
//! An [`Engine`] is a user's store, opened. Its methods take typed options and give typed results.

pub mod container;
pub mod image;
mod mapped;
mod remove;
mod size;
pub mod system;
pub mod volume;

use std::{
    cell::OnceCell,
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use anyhow::Context;
use rustix::fs::{Access, AtFlags, CWD};

use crate::{
    base::{advice::Advised, id::ContainerId},
    image::layer::progress::Progress,
    store::layout::Layout,
    sys::userns::{self, IdMap},
};

/// The state directory that `--root` names; set before the engine is opened, or never.
pub static ROOT: OnceLock<PathBuf> = OnceLock::new();

/// One user's store, and what the commands do with it.
#[derive(Debug)]
pub struct Engine {
    pub layout: Layout,
    map: OnceCell<IdMap>,
    /// Tells the user, at once, what is no error but should be known.
    notice: fn(&str),
    progress: Progress,
}

impl Engine {
    /// The engine of a store, which need not be there yet.
    pub fn of(layout: Layout) -> Self {
        Engine { layout, map: OnceCell::new(), notice: |_| (), progress: Progress::NONE }
    }

    /// The engine, with somebody to hear what the user should know.
    pub fn telling(self, notice: fn(&str)) -> Self {
        Engine { notice, ..self }
    }

    /// The engine, with somebody to watch how layers come in.
    pub fn showing(self, progress: Progress) -> Self {
        Engine { progress, ..self }
    }

    fn tell(&self, notes: &[String]) {
        notes.iter().for_each(|note| (self.notice)(note));
    }

    /// The best identity map that the host gives the caller. The host is asked once.
    pub fn map(&self) -> &IdMap {
        self.map.get_or_init(userns::best_map)
    }

    /// Opens the caller's store; what is not there yet is made when something is written. Another user's is refused: what
    /// root makes in there, its owner could neither read nor remove.
    pub fn open() -> anyhow::Result<Self> {
        let root = state_directory()?;
        refuse_strangers(&root)?;
        let runtime = runtime_directory().unwrap_or_else(|| root.join("run"));
        Ok(Engine::of(Layout::new(root, runtime)))
    }
}

fn refuse_strangers(root: &Path) -> anyhow::Result<()> {
    let Ok(found) = fs::metadata(root) else { return Ok(()) };
    let (owner, me) = (found.uid(), rustix::process::geteuid().as_raw());
    if owner == me || (is_unmapped(owner) && is_writable(root)) {
        return Ok(());
    }
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let (owner, me) = (user_in(&passwd, owner), user_in(&passwd, me));
    Err(Advised {
        message: format!("the state directory {} belongs to {owner}, and this is {me}", root.display()),
        hint: format!("run it as {owner}, or set CORACLE_ROOT to a directory of your own"),
    }
    .into())
}

/// Says whether this is how an id shows that our user namespace does not map. user_namespaces(7).
fn is_unmapped(uid: u32) -> bool {
    let overflow = fs::read_to_string("/proc/sys/kernel/overflowuid");
    overflow.map_or(uid == 65_534, |text| text.trim().parse() == Ok(uid))
}

fn is_writable(directory: &Path) -> bool {
    let flags = AtFlags::EACCESS;
    rustix::fs::accessat(CWD, directory, Access::WRITE_OK | Access::EXEC_OK, flags).is_ok()
}

/// What `--root` names, else `$CORACLE_ROOT`, else `$XDG_DATA_HOME/coracle`, else `~/.local/share/coracle`.
fn state_directory() -> anyhow::Result<PathBuf> {
    if let Some(root) = ROOT.get().cloned().or_else(|| variable("CORACLE_ROOT")) {
        return std::path::absolute(&root)
            .with_context(|| format!("make the state directory {} absolute", root.display()));
    }
    if let Some(data) = absolute_variable("XDG_DATA_HOME") {
        return Ok(data.join("coracle"));
    }
    Ok(home_directory()?.join(".local/share/coracle"))
}

/// `$XDG_RUNTIME_DIR/coracle` if the directory above it is there and ours: another user's (`su`, `sudo -E`) is not.
fn runtime_directory() -> Option<PathBuf> {
    let directory = absolute_variable("XDG_RUNTIME_DIR")?;
    let found = fs::metadata(&directory).ok()?;
    let ours = found.is_dir() && found.uid() == rustix::process::geteuid().as_raw();
    ours.then(|| directory.join("coracle"))
}

/// The caller's home: `$HOME`, else what /etc/passwd says (a systemd unit or `env -i` has no `HOME`).
pub fn home_directory() -> anyhow::Result<PathBuf> {
    if let Some(home) = absolute_variable("HOME") {
        return Ok(home);
    }
    let uid = rustix::process::geteuid().as_raw();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    home_in(&passwd, uid).with_context(|| {
        format!(
            "neither HOME nor /etc/passwd says where the home directory of uid {uid} is: set CORACLE_ROOT"
        )
    })
}

/// The home directory of a uid in the text of /etc/passwd. passwd(5).
fn home_in(passwd: &str, uid: u32) -> Option<PathBuf> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.nth(2)?.parse() == Ok(uid);
        let home = fields.nth(2)?;
        (found && home.starts_with('/')).then(|| PathBuf::from(home))
    })
}

/// A user as messages name him: `cora (1001)`, or `uid 1001` where /etc/passwd has no name.
fn user_in(passwd: &str, uid: u32) -> String {
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then_some(name)
    });
    name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} ({uid})"))
}

/// A new identifier, by the kernel's random numbers.
fn random_id() -> anyhow::Result<ContainerId> {
    let mut bytes = [0; 32];
    rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())
        .context("get random numbers")?;
    Ok(ContainerId::from_bytes(bytes))
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// A variable whose value counts only if it is an absolute path, as the XDG base directory specification wants it.
fn absolute_variable(name: &str) -> Option<PathBuf> {
    variable(name).filter(|path| path.is_absolute())
}

/// The errors that callers tell apart; everything else is `anyhow`. The texts are docker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// `kind` is `container`, `image`, `volume` …
    NoSuch { kind: &'static str, name: String },
    /// An id prefix that fits several.
    Ambiguous { kind: &'static str, name: String, matches: Vec<String> },
    /// A name that another container has.
    NameTaken { name: String, by: String },
    /// A bind mount's source that is not there.
    NoMountSource { path: PathBuf },
    /// Something is used, by whom.
    InUse { kind: &'static str, name: String, by: Vec<String> },
    /// A container that must run does not.
    NotRunning { name: String },
    /// A container that must not run does.
    Running { name: String },
    /// A tarball that holds no image.
    NoImageArchive,
    /// A directory where an archive should be; perhaps an OCI layout.
    IsDirectory { path: PathBuf },
    /// What the user typed does not mean anything.
    Invalid(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoSuch { kind, name } => write!(f, "No such {kind}: {name}"),
            Error::Ambiguous { kind, name, matches } => {
                write!(f, "{kind} {name} is ambiguous: {}", matches.join(", "))
            }
            Error::NameTaken { name, by } => {
                write!(f, "the container name {name:?} is already in use by container {by:?}")
            }
            Error::NoMountSource { path } => {
                write!(f, "bind source path does not exist: {}", path.display())
            }
            Error::InUse { kind, name, by } => write!(f, "{kind} {name} is in use by {}", by.join(", ")),
            Error::NotRunning { name } => write!(f, "container {name} is not running"),
            Error::Running { name } => write!(f, "container {name} is running"),
            Error::NoImageArchive => {
                f.write_str("it is no image archive: it has neither index.json nor manifest.json")
            }
            Error::IsDirectory { path } => {
                write!(f, "open {}: it is a directory, not an archive", path.display())
            }
            Error::Invalid(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_homes_and_names_in_passwd() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nodd:x:7:7::relative:/bin/sh\nann:x:1000:1000:Ann,,,:/home/ann:/bin/sh\n";
        assert_eq!(home_in(passwd, 1000), Some("/home/ann".into()));
        for nobody in [7, 1001] {
            assert_eq!(home_in(passwd, nobody), None, "{nobody}");
        }
        assert_eq!(user_in(passwd, 1000), "ann (1000)");
        assert_eq!(user_in(passwd, 1001), "uid 1001");
    }
}
