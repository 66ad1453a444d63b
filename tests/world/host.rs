//! What the host can do: a test that needs more says so and is skipped by name, never silently.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

/// Something that not every host has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// An unprivileged user namespace with the caller as its root.
    Userns,
    /// A kernel overlay mounted in one.
    Overlay,
    /// More than one id in the map: the caller is root, or has subordinate ids and a newuidmap that gives them.
    Range,
    /// Only one id in the map: the caller is neither.
    Single,
    /// A caller who is not root.
    Unprivileged,
    /// Images made by `.ci/images`, in the directory that $CORACLE_TEST_IMAGES names.
    RealImages,
    /// A program on the search path.
    Program(&'static str),
}

impl Need {
    /// Why the host does not have it.
    fn missing(self) -> Option<String> {
        static USERNS: LazyLock<Option<String>> = LazyLock::new(|| probe("userns"));
        static OVERLAY: LazyLock<Option<String>> = LazyLock::new(|| probe("overlay"));
        match self {
            Need::Userns => USERNS.clone(),
            Need::Overlay => OVERLAY.clone(),
            Need::Range => (!has_range()).then(|| "the caller has no subordinate ids".into()),
            Need::Single => has_range().then(|| "the caller has subordinate ids".into()),
            Need::Unprivileged => is_root().then(|| "the caller is root".into()),
            Need::RealImages => real_images()
                .is_none()
                .then(|| "CORACLE_TEST_IMAGES names no directory of `.ci/images`".into()),
            Need::Program(name) => find_program(name).is_none().then(|| format!("{name} is not installed")),
        }
    }
}

/// Leaves the test, with a word on stderr, unless the host has all of this: `requires!(Userns, Program("tmux"))`.
#[allow(unused_macros, reason = "until a verb needs it")]
macro_rules! requires {
    ($($need:expr),+ $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::world::host::Need::*;
        let test = std::any::type_name_of_val(&|| ()).trim_end_matches("::{{closure}}");
        if !$crate::world::host::has(test, &[$($need),+]) {
            return;
        }
    }};
}
#[allow(unused_imports, reason = "until a verb needs it")]
pub(crate) use requires;

/// Says whether the host has all of it; if not, prints why, and notes it for `.ci/run` in $CORACLE_TEST_SKIPS.
pub(crate) fn has(test: &str, needs: &[Need]) -> bool {
    let Some(reason) = needs.iter().find_map(|need| need.missing()) else { return true };
    let test = test.split_once("::").map_or(test, |(_, path)| path);
    // Past the test harness, which would swallow it in a test that passes.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
    if let Some(path) = std::env::var_os("CORACLE_TEST_SKIPS") {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        file.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
    }
    false
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says whether containers get more than one id, by the same signs that a user would look at.
pub(crate) fn has_range() -> bool {
    if is_root() {
        return true;
    }
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find(|line| line.split(':').nth(2) == Some(&uid));
    let name = name.and_then(|line| line.split(':').next()).unwrap_or(&uid);
    let listed = |path| {
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().filter_map(|line| line.split(':').next()).any(|owner| owner == name || owner == uid)
    };
    let helpers = ["newuidmap", "newgidmap"].iter().all(|helper| find_program(helper).is_some());
    helpers && listed("/etc/subuid") && listed("/etc/subgid")
}

pub(crate) fn real_images() -> Option<PathBuf> {
    let directory = PathBuf::from(std::env::var_os("CORACLE_TEST_IMAGES")?);
    directory.join("debian-archive.tar").exists().then_some(directory)
}

/// The search path that the tests, and the program under test, have.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    PATH.split(':').map(|dir| Path::new(dir).join(name)).find(|path| path.is_file())
}

/// The static program that runs inside the containers of the tests: cargo builds it beside the tests, as an example.
pub(crate) fn payload() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_coracle"));
    let payload = program.parent().expect("a file in a directory").join("examples/payload");
    assert!(payload.exists(), "{} is missing: run `cargo build --examples`", payload.display());
    payload
}

/// Tries a thing in a child, which the payload does; gives why it did not work.
fn probe(what: &str) -> Option<String> {
    let dir = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test is not the program")]
    let output =
        Command::new(payload()).args(["probe", what]).arg(dir.path()).stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    (!output.status.success()).then(|| format!("{what}: {}", text.trim_end()))
}
