//! The command line: argv in, text out. The only layer that knows a terminal.
//!
//! Every command is a [`Verb`] in the table of its noun (`container`, `image`, …). Some stand at the top as well, as
//! docker has them (`run` is `container run`, `ps` is `container ls`): [`TOP`] says which. Only the command that was
//! called is built for clap; the whole tree is built for help, completions and man pages.

pub mod container;
pub mod error;
pub mod exit;
pub mod image;

use std::{ffi::OsString, process::ExitCode};

use clap::{ArgMatches, Args, Command, FromArgMatches};

use exit::Exit;

/// One command: its words, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub about: &'static str,
    args: fn(Command) -> Command,
    run: fn(&ArgMatches) -> anyhow::Result<Exit>,
}

/// A command whose options are a clap `Args` struct: one file, one struct, one `run`.
pub trait Run: Args + FromArgMatches {
    /// Does what the command says.
    fn run(self) -> anyhow::Result<Exit>;
}

impl Verb {
    /// Ties a command's words to its options.
    pub const fn new<A: Run>(
        name: &'static str,
        aliases: &'static [&'static str],
        about: &'static str,
    ) -> Verb {
        Verb {
            name,
            aliases,
            about,
            args: A::augment_args,
            run: |matches| A::from_arg_matches(matches)?.run(),
        }
    }

    fn command(&self) -> Command {
        (self.args)(Command::new(self.name).about(self.about).visible_aliases(self.aliases))
    }

    fn is_called(&self, word: &str) -> bool {
        self.name == word || self.aliases.contains(&word)
    }
}

/// A noun and its verbs.
#[derive(Debug, Clone, Copy)]
pub struct Noun {
    pub name: &'static str,
    pub about: &'static str,
    pub verbs: &'static [Verb],
}

const NOUNS: &[Noun] = &[container::NOUN, image::NOUN];

/// Commands at the top: the word, its noun, the verb there.
const TOP: &[(&str, &str, &str)] =
    &[("run", "container", "run"), ("ps", "container", "ls"), ("images", "image", "ls")];

/// Runs the command that the arguments name, and gives the status to exit with.
pub fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let _ = (arguments, NOUNS, TOP);
    unimplemented!("dispatch")
}
