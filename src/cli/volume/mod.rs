//! `coracle volume …`: one file per verb.

mod create;
mod inspect;
mod ls;
mod prune;
mod rm;

use super::{Noun, Verb};

pub const NOUN: Noun = Noun {
    name: "volume",
    about: "Manage volumes",
    verbs: &[
        Verb::new::<create::Create>("create", &[], "Create a volume"),
        Verb::new::<inspect::Inspect>("inspect", &[], "Show all that is known of volumes"),
        Verb::new::<ls::Ls>("ls", &["list"], "List volumes"),
        Verb::new::<prune::Prune>("prune", &[], "Remove the volumes that no container uses"),
        Verb::new::<rm::Rm>("rm", &["remove"], "Remove volumes"),
    ],
};
