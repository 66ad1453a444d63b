//! `coracle container …`: one file per verb.

mod attach;
mod create;
mod exec;
mod front;
mod inspect;
mod kill;
mod logs;
mod ls;
mod options;
mod prune;
mod restart;
mod rm;
mod run;
mod start;
mod stop;
mod wait;

use super::{Noun, Verb};

pub const NOUN: Noun = Noun {
    name: "container",
    about: "Manage containers",
    verbs: &[
        Verb::new::<attach::Attach>("attach", &[], "Attach to the streams of a running container"),
        Verb::new::<create::Create>("create", &[], "Create a container"),
        Verb::new::<exec::Exec>("exec", &[], "Run a program in a running container"),
        Verb::new::<inspect::Inspect>("inspect", &[], "Show all that is known of containers"),
        Verb::new::<kill::Kill>("kill", &[], "Send a signal to containers"),
        Verb::new::<logs::Logs>("logs", &[], "Show what a container's program wrote"),
        Verb::new::<ls::Ls>("ls", &["list", "ps"], "List containers"),
        Verb::new::<prune::Prune>("prune", &[], "Remove the containers that do not run"),
        Verb::new::<restart::Restart>("restart", &[], "Stop containers and start them again"),
        Verb::new::<rm::Rm>("rm", &["remove"], "Remove containers"),
        Verb::new::<run::Run>("run", &[], "Create a container and run its program").starts_a_program(),
        Verb::new::<start::Start>("start", &[], "Start containers"),
        Verb::new::<stop::Stop>("stop", &[], "Stop containers"),
        Verb::new::<wait::Wait>("wait", &[], "Wait until containers stop, and print their exit codes"),
    ],
};
