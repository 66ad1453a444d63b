//! Real terminals: `run -it` and `attach`, driven under tmux as a user would.

use crate::world::{World, host::requires};

/// A tmux server of the test's own, with one session of 80x24.
pub(super) struct Tmux<'w> {
    world: &'w World,
}

impl<'w> Tmux<'w> {
    pub(super) fn new(world: &'w World) -> Self {
        let tmux = Tmux { world };
        tmux.command(&["-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "/bin/sh"]);
        tmux.command(&["set-option", "-g", "default-shell", "/bin/sh"]);
        tmux
    }

    fn command(&self, arguments: &[&str]) -> String {
        let socket = self.world.files().join("tmux");
        let run = self.world.program("/usr/bin/tmux").arg("-S").arg(socket).args(arguments);
        run.env("TERM", "screen").env("PS1", "$ ").succeeds().stdout
    }

    pub(super) fn type_line(&self, text: &str) {
        self.command(&["send-keys", "-l", text]);
        self.command(&["send-keys", "Enter"]);
    }

    fn key(&self, key: &str) {
        self.command(&["send-keys", key]);
    }

    /// Waits until the screen has this, in one line or, where the terminal wrapped it, in two.
    pub(super) fn shows(&self, text: &str) {
        let mut screen = String::new();
        let start = std::time::Instant::now();
        while !screen.contains(text) {
            assert!(start.elapsed().as_secs() < 60, "want {text:?} on the screen:\n{screen}");
            screen = self.command(&["capture-pane", "-p", "-J"]);
        }
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        let socket = self.world.files().join("tmux");
        self.world.program("/usr/bin/tmux").arg("-S").arg(socket).arg("kill-server").output();
    }
}

#[test]
fn a_terminal_of_its_own() {
    requires!(Userns, Program("tmux"), Program("stty"));
    let world = World::with_payload();
    let tmux = Tmux::new(&world);
    let coracle = env!("CARGO_BIN_EXE_coracle");
    tmux.type_line(&format!("{coracle} run --rm -it box payload tty; echo status $?"));
    tmux.shows("stdin: terminal 80x24");
    tmux.shows("stderr: terminal 80x24");
    tmux.shows("status 0");
    // The terminal is as it was: what is typed is shown again, and lines are lines.
    tmux.type_line("stty -a | tr ' ' '\\n' | grep -E '^-?(echo|icanon);?$' | tr '\\n' ' '; echo end");
    tmux.shows("icanon echo end");
}

#[test]
fn keys_go_to_the_program() {
    requires!(Userns, Program("tmux"));
    let world = World::with_payload();
    let tmux = Tmux::new(&world);
    let coracle = env!("CARGO_BIN_EXE_coracle");
    tmux.type_line("clear");
    tmux.type_line(&format!("{coracle} run --rm -it --init --name one box cat; echo status $?"));
    world.until("it runs", || world.coracle(["ps", "--format", "{{.Names}}"]).succeeds().stdout == "one\n");
    tmux.type_line("some words");
    tmux.shows("some words\nsome words");
    tmux.key("C-c");
    tmux.shows("status 130");
}

#[test]
fn detaching_and_attaching_again() {
    requires!(Userns, Program("tmux"));
    let world = World::with_payload();
    let tmux = Tmux::new(&world);
    let coracle = env!("CARGO_BIN_EXE_coracle");
    tmux.type_line("clear");
    tmux.type_line(&format!("{coracle} run -it --name one box cat; echo status $?"));
    world.until("it runs", || world.coracle(["ps", "--format", "{{.Names}}"]).succeeds().stdout == "one\n");
    tmux.type_line("before");
    tmux.shows("before\nbefore");
    tmux.key("C-p");
    tmux.key("C-q");
    tmux.shows("status 0");
    assert_eq!(world.line(["ps", "--format", "{{.Names}} {{.State}}"]), "one running");
    // Not cleared before: what is typed ahead would go as well, and with it what is waited for.
    tmux.type_line(&format!("{coracle} attach one; echo ended with $?"));
    tmux.shows("attach one");
    tmux.type_line("after");
    tmux.shows("after\nafter");
    tmux.key("C-d");
    tmux.shows("ended with 0");
}

#[test]
fn the_window_is_followed() {
    requires!(Userns, Program("tmux"));
    let world = World::with_payload();
    let tmux = Tmux::new(&world);
    let coracle = env!("CARGO_BIN_EXE_coracle");
    tmux.type_line(&format!("{coracle} run --rm -it --name one box payload trap WINCH; echo status $?"));
    tmux.shows("ready");
    tmux.command(&["resize-window", "-x", "100", "-y", "30"]);
    tmux.shows("got WINCH");
    tmux.shows("status 0");
}

#[test]
fn without_a_terminal_there_is_none_to_give() {
    requires!(Userns);
    let world = World::with_payload();
    let output = world.coracle(["run", "--rm", "-it", "box", "true"]).exits(125);
    output.complains("coracle: the input device is not a TTY\n");
    world.coracle(["ps", "-aq"]).succeeds().prints("");
}
