//! A process of its own for a test that forks.
//!
//! The test program has a thread for each test that runs, and a fork copies their locks as they are: one that another
//! test held at that moment, even for an instant, is never free again in the child. So a test that forks runs where no
//! other does.

use std::io::Write;

use super::{
    error::SyscallError,
    process::{self, End, Forked},
};

/// In the environment of the process that a test has for itself.
const ALONE: &str = "CORACLE_TEST_ALONE";

/// Says whether the calling test has this process for itself. If not, it is run again in one where it has, and that outcome
/// is its own. A test that forks begins with `if !alone() { return; }`.
pub(crate) fn alone() -> bool {
    if is_alone() {
        return true;
    }
    let thread = std::thread::current();
    let test = thread.name().expect("the test harness names its threads");
    #[expect(clippy::disallowed_methods, reason = "this very program, as a test of it")]
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(ALONE, "yes")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    for line in text.lines().filter(|line| line.starts_with("skipped: ")) {
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    // A name that fits no test is no failure to the harness.
    assert!(output.status.success() && text.contains("1 passed"), "{test}, alone:\n{text}");
    false
}

fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Forks, in a test that is [`alone`], whose harness has a second thread that only waits.
pub(crate) fn fork_in_test() -> Result<Forked, SyscallError> {
    check_alone();
    process::fork_anyway()
}

/// Runs `body` in a forked child; its error or panic comes back as ours. For a test that is [`alone`].
pub(crate) fn in_child(body: impl FnOnce() -> anyhow::Result<()>) {
    let (reader, writer) = std::io::pipe().unwrap();
    match fork_in_test().unwrap() {
        Forked::Child => {
            drop(reader);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
            let text = match outcome {
                Ok(Ok(())) => String::new(),
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => "panicked".to_owned(),
            };
            let _ = (&writer).write_all(text.as_bytes());
            process::exit_now(u8::from(!text.is_empty()));
        }
        Forked::Parent { pidfd, .. } => {
            drop(writer);
            let text = std::io::read_to_string(reader).unwrap();
            assert_eq!((process::wait(&pidfd).unwrap(), text.as_str()), (End::Exited(0), ""));
        }
    }
}

#[track_caller]
fn check_alone() {
    assert!(is_alone(), "a test that forks begins with `if !alone() {{ return; }}`");
}
