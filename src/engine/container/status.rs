//! What a container is doing now. `state.json` says what was true when it was written; the lock and the process say
//! whether it still is. Nothing here writes: a reader never repairs.

use std::{
    fs,
    os::fd::OwnedFd,
    time::{Duration, Instant},
};

use anyhow::Context;

use crate::{
    base::time::Time,
    store::{
        container::{ContainerState, Status, VERSION},
        layout::ContainerDir,
        lock::Lock,
        record,
    },
};

use super::Container;

/// docker's exit code for what SIGKILL ended: the kernel kills a container whose monitor is gone.
pub const KILLED: i32 = 137;

impl Container {
    /// What the container is doing now.
    pub fn state(&self) -> anyhow::Result<ContainerState> {
        observe(&self.dir)
    }

    /// Says whether the container's process lives although its monitor is gone. For whoever has taken the lock: to him
    /// [`Container::state`] would say that the container runs, since the lock is held.
    pub(super) fn outlived_its_monitor(&self) -> anyhow::Result<bool> {
        outlived_its_monitor(&self.dir)
    }

    /// Says whether the container runs. Where its state is damaged, its lock tells.
    pub(crate) fn is_running(&self) -> anyhow::Result<bool> {
        match self.state() {
            Err(error) if record::is_damage(&error) => {
                let path = self.dir.lock();
                Lock::is_held(&path).with_context(|| format!("look at the lock {}", path.display()))
            }
            state => Ok(state?.status.is_running()),
        }
    }

    /// What became of the container before, for whoever has taken its lock.
    pub(super) fn last_state(&self) -> anyhow::Result<ContainerState> {
        let state = record::read(&self.dir.state())?.unwrap_or_else(ContainerState::created);
        Ok(if state.status.is_running() { abandoned(state, &self.dir) } else { state })
    }

    /// Opens the container's process 1, if it runs.
    pub fn running_process(&self) -> anyhow::Result<Option<OwnedFd>> {
        running_process(&self.dir)
    }
}

/// [`Container::running_process`] of a container whose config may be damaged.
pub(super) fn running_process(dir: &ContainerDir) -> anyhow::Result<Option<OwnedFd>> {
    let state = observe(dir)?;
    let process = state.process.filter(|process| state.status.is_running() && !is_ending(process.pid));
    Ok(process.and_then(|process| process.open()))
}

/// [`Container::outlived_its_monitor`] of a container whose records may be damaged.
pub(super) fn outlived_its_monitor(dir: &ContainerDir) -> anyhow::Result<bool> {
    match record::read::<ContainerState>(&dir.state()) {
        // Nobody knows a process; and the kernel ends one whose monitor is gone.
        Err(error) if record::is_damage(&error) => Ok(false),
        state => Ok(state?.is_some_and(|state| state.status.is_running() && is_alive(&state))),
    }
}

/// How long a command waits for another to let go of a container. A monitor may have its last record to sync on a busy
/// disk, which takes seconds.
pub(super) struct Patience(Instant);

impl Patience {
    pub(super) fn start() -> Self {
        Patience(Instant::now())
    }

    pub(super) fn lasts(&self) -> bool {
        self.0.elapsed() < Duration::from_secs(30)
    }

    /// Short at first, when the other is likely a reader.
    pub(super) fn pause(&self) {
        let pause = self.0.elapsed().clamp(Duration::from_micros(100), Duration::from_millis(20));
        std::thread::sleep(pause);
    }
}

impl Status {
    /// Says whether there is a process.
    pub fn is_running(self) -> bool {
        matches!(self, Status::Running | Status::Paused)
    }
}

impl ContainerState {
    /// A container that was never started.
    pub fn created() -> Self {
        ContainerState {
            version: VERSION,
            status: Status::Created,
            process: None,
            started: None,
            finished: None,
            exit_code: 0,
            error: String::new(),
            oom_killed: false,
            restart_count: 0,
        }
    }
}

/// Reads `state.json`, which a container has only once it was started, and says what is true of it now.
pub fn observe(dir: &ContainerDir) -> anyhow::Result<ContainerState> {
    let path = dir.state();
    let Some(state) = record::read::<ContainerState>(&path)? else { return Ok(ContainerState::created()) };
    if !state.status.is_running() {
        return Ok(state);
    }
    let lock = dir.lock();
    if Lock::is_held(&lock).with_context(|| format!("look at the lock {}", lock.display()))? {
        return Ok(state);
    }
    // The monitor may have written the end and let the lock go between our two looks.
    let state = record::read::<ContainerState>(&path)?.unwrap_or_else(ContainerState::created);
    if !state.status.is_running() || is_alive(&state) {
        return Ok(state);
    }
    Ok(abandoned(state, dir))
}

/// A process that ends gives its namespaces up before it is dead, and stays there for seconds while the kernel syncs the
/// file system of its overlay: there is nothing to be joined or signalled any more.
fn is_ending(pid: i32) -> bool {
    let namespace = fs::read_link(format!("/proc/{pid}/ns/mnt"));
    namespace.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn is_alive(state: &ContainerState) -> bool {
    state.process.as_ref().is_some_and(|process| process.open().is_some())
}

/// The exit code that the monitor left in the lock's file.
fn noted_code(dir: &ContainerDir) -> Option<i32> {
    fs::read_to_string(dir.lock()).ok()?.trim().parse().ok()
}

/// What became of a container whose monitor ended without a word: a SIGKILL, a power failure; or with the exit code
/// alone, on a full disk.
fn abandoned(state: ContainerState, dir: &ContainerDir) -> ContainerState {
    let written = fs::metadata(dir.state()).and_then(|file| file.modified()).ok();
    let finished = written.and_then(|time| Some(Time::from(jiff::Timestamp::try_from(time).ok()?)));
    let noted = noted_code(dir);
    let error = match noted {
        Some(_) => "its end could not be written down",
        None => "the monitor ended before the container",
    };
    ContainerState {
        status: Status::Exited,
        process: None,
        finished: finished.or(state.started),
        exit_code: noted.unwrap_or(KILLED),
        error: error.to_owned(),
        ..state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::id::ContainerId,
        store::{directory, layout::Layout},
        sys::process::ProcessIdentity,
    };

    fn write(dir: &ContainerDir, process: Option<ProcessIdentity>) {
        let state = ContainerState { status: Status::Running, process, ..ContainerState::created() };
        record::write(&dir.state(), &state, record::Durability::Relaxed).unwrap();
    }

    #[test]
    fn running_needs_a_held_lock_or_a_live_process() {
        let temp = tempfile::tempdir().unwrap();
        let layout = Layout::new(temp.path().to_owned(), temp.path().join("run"));
        let dir = layout.container(&ContainerId::from_bytes([7; 32]));
        directory::make(dir.path()).unwrap();
        assert_eq!(observe(&dir).unwrap().status, Status::Created);

        let me = ProcessIdentity::of(rustix::process::getpid()).unwrap();
        let stranger = ProcessIdentity { start_time: me.start_time + 1, ..me.clone() };
        write(&dir, Some(stranger.clone()));
        let seen = observe(&dir).unwrap();
        assert_eq!((seen.status, seen.exit_code), (Status::Exited, KILLED));
        assert!(seen.finished.is_some());

        let lock = Lock::exclusive(&dir.lock()).unwrap();
        assert_eq!(observe(&dir).unwrap().status, Status::Running);
        drop(lock);
        write(&dir, Some(me));
        assert_eq!(observe(&dir).unwrap().status, Status::Running);
    }
}
