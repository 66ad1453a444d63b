//! `coracle image …`: one file per verb.

use super::Noun;

pub const NOUN: Noun = Noun { name: "image", about: "Manage images", verbs: &[] };
