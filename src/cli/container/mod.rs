//! `coracle container …`: one file per verb.

use super::Noun;

pub const NOUN: Noun = Noun { name: "container", about: "Manage containers", verbs: &[] };
