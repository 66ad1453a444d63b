//! `coracle image …`: one file per verb.

mod load;

use super::{Noun, Verb};

pub const NOUN: Noun = Noun {
    name: "image",
    about: "Manage images",
    verbs: &[Verb::new::<load::Load>("load", &[], "Load images from an archive").reads_foreign_data()],
};
