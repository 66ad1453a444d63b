//! The caller's terminal: a program that can push characters into its input types commands into the caller's shell, and
//! they run when the container has ended. ioctl_tty(2), TIOCSTI. (docker's programs are on the far side of a socket.)

use crate::{
    cli::terminal::Tmux,
    world::{World, host::requires},
};

#[test]
fn no_program_types_into_the_callers_shell() {
    requires!(Userns, Program("tmux"), Program("touch"));
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let tmux = Tmux::new(&world);
    let coracle = env!("CARGO_BIN_EXE_coracle");
    let typed = world.files().join("typed");
    let cases = [
        "run --rm box",
        "run --rm -i box",
        "run --rm -i --init box",
        "run --rm -i --pid=host box",
        "run --rm -i --privileged --pid=host box",
        "run --rm -i --userns=private --network=host --ipc=host box",
        "run --rm -it box",
        "exec one",
        "exec -i one",
        "exec -i --privileged one",
        "exec -it one",
    ];
    for (number, words) in cases.iter().enumerate() {
        let own = words.contains("-it");
        tmux.type_line("clear");
        tmux.type_line(&format!(
            "{coracle} {words} payload type-into-terminals 'touch {}' > out; echo status-$?-{number}",
            typed.display()
        ));
        tmux.shows(&format!("status-0-{number}"));
        let said = std::fs::read_to_string(world.files().join("out")).unwrap();
        // Into a terminal of its own it may type as it likes.
        assert!(own || !said.contains("LEAK"), "{words}: {said}");
        // What was pushed would stand before this.
        tmux.type_line(&format!("echo then-$((100 + {number}))"));
        tmux.shows(&format!("then-{}", 100 + number));
        assert!(!typed.exists(), "{words}");
    }
}
