//! `coracle image …`: one file per verb.

mod history;
mod import;
mod inspect;
mod load;
mod ls;
mod prune;
mod pull;
pub(super) mod rm;
mod save;
mod tag;

use super::{Noun, Verb};

pub const NOUN: Noun = Noun {
    name: "image",
    about: "Manage images",
    verbs: &[
        Verb::new::<inspect::Exists>("exists", &[], "Say by the exit status whether there is an image"),
        Verb::new::<history::History>("history", &[], "Show the steps that made an image"),
        Verb::new::<import::Import>("import", &[], "Make an image of a root file system's tarball")
            .reads_foreign_data(),
        Verb::new::<inspect::Inspect>("inspect", &[], "Show all about images"),
        Verb::new::<load::Load>("load", &[], "Load images from an archive").reads_foreign_data(),
        Verb::new::<ls::Ls>("ls", &["list"], "List images"),
        Verb::new::<prune::Prune>("prune", &[], "Remove unused images"),
        Verb::new::<pull::Pull>("pull", &[], "Take an image from an OCI layout or an archive")
            .reads_foreign_data(),
        Verb::new::<rm::Rm>("rm", &["remove"], "Remove images"),
        Verb::new::<save::Save>("save", &[], "Save images to an archive"),
        Verb::new::<tag::Tag>("tag", &[], "Give an image a further name"),
        Verb::new::<tag::Untag>("untag", &[], "Take names from an image"),
    ],
};
