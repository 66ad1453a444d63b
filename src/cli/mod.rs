//! The command line: argv in, text out. The only layer that knows a terminal.
//!
//! Every command is a [`Verb`] in the table of its noun (`container`, `image`, …). Some stand at the top as well, as
//! docker has them (`run` is `container run`, `ps` is `container ls`): [`TOP`] says which. Only the command that was
//! called is built for clap ([`parse`]); the whole tree is built for help, completions and man pages ([`help`]).

mod absent;
pub mod completion;
pub mod confirm;
pub mod container;
pub mod error;
pub mod exit;
mod help;
pub mod hint;
pub mod image;
pub mod inspect;
pub mod man;
pub mod opts;
pub mod output;
mod parse;
pub mod system;
pub mod terminal;
#[cfg(test)]
mod tests;
mod usage;
pub mod version;
pub mod volume;

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    process::ExitCode,
};

use clap::{ArgMatches, Args, Command, FromArgMatches};

use error::Problem;
use exit::Exit;

/// One command: its words, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Verb {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub about: &'static str,
    hidden: bool,
    failure: Exit,
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
            hidden: false,
            failure: Exit::Failure,
            args: A::augment_args,
            run: |matches| A::from_arg_matches(matches)?.run(),
        }
    }

    /// How many words it wants besides its options.
    fn required_arguments(&self) -> usize {
        (self.args)(Command::new(self.name)).get_positionals().filter(|word| word.is_required_set()).count()
    }

    /// Its exit status is a program's: a failure of ours is 125, since 1 may be what the program said.
    pub const fn starts_a_program(self) -> Verb {
        Verb { failure: Exit::Engine, ..self }
    }

    /// It takes in what others made: bad input is 125, as podman has it.
    pub const fn reads_foreign_data(self) -> Verb {
        Verb { failure: Exit::Engine, ..self }
    }

    /// Leaves it out of help, completions and man pages.
    pub const fn hidden(self) -> Verb {
        Verb { hidden: true, ..self }
    }

    fn is_called(&self, word: &OsStr) -> bool {
        word == self.name || self.aliases.iter().any(|alias| word == *alias)
    }
}

/// A noun and its verbs.
#[derive(Debug, Clone, Copy)]
pub struct Noun {
    pub name: &'static str,
    pub about: &'static str,
    pub verbs: &'static [Verb],
}

impl Noun {
    fn verb(&self, word: &OsStr) -> Option<&'static Verb> {
        self.verbs.iter().find(|verb| verb.is_called(word))
    }
}

/// Commands that are two words: `container ls`.
const NOUNS: &[Noun] = &[container::NOUN, image::NOUN, volume::NOUN, system::NOUN];

/// Commands of one word that belong to no noun.
const OWN: &[Verb] = &[completion::VERB, inspect::VERB, man::VERB, version::VERB];

/// Further names at the top of what a noun has: the word, its noun, the verb there.
const TOP: &[(&str, &str, &str)] = &[
    ("attach", "container", "attach"),
    ("create", "container", "create"),
    ("exec", "container", "exec"),
    ("history", "image", "history"),
    ("images", "image", "ls"),
    ("import", "image", "import"),
    ("info", "system", "info"),
    ("kill", "container", "kill"),
    ("load", "image", "load"),
    ("logs", "container", "logs"),
    ("ps", "container", "ls"),
    ("pull", "image", "pull"),
    ("restart", "container", "restart"),
    ("rm", "container", "rm"),
    ("rmi", "image", "rm"),
    ("run", "container", "run"),
    ("save", "image", "save"),
    ("start", "container", "start"),
    ("stop", "container", "stop"),
    ("tag", "image", "tag"),
    ("untag", "image", "untag"),
    ("wait", "container", "wait"),
];

/// The commands that help names first.
const COMMON: &[&str] = &["run", "exec", "ps", "logs", "images", "load", "version", "info"];

/// Options that come before the command.
#[derive(Debug, Default, Args)]
struct Global {
    /// Keep images, containers and volumes beneath DIR (default $CORACLE_ROOT, else $XDG_DATA_HOME/coracle, else ~/.local/share/coracle)
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Print each cause of an error on a line of its own
    #[arg(short = 'D', long)]
    debug: bool,
    /// Print the version
    #[arg(short, long)]
    version: bool,
}

/// Runs the command that the arguments name, and gives the status to exit with.
///
/// The standard library has opened /dev/null for each of the first three descriptors that was closed, so no file of
/// ours can take the place of one.
pub fn main() -> ExitCode {
    dispatch(std::env::args_os().skip(1).collect()).unwrap_or_else(|problem| problem.print()).into()
}

fn dispatch(argv: Vec<OsString>) -> Result<Exit, Problem> {
    let (global, words) = parse::global(argv)?;
    if global.version {
        output::line(format_args!("coracle version {}", env!("CARGO_PKG_VERSION")))?;
        return Ok(Exit::Success);
    }
    error::show_each_cause(global.debug);
    if let Some(root) = global.root {
        crate::engine::ROOT.get_or_init(|| root);
    }
    let mut words = words.as_slice();
    let asks_help = words.first().is_some_and(|word| word == "help");
    if asks_help {
        words = &words[1..];
    }
    match find(words) {
        Found::Verb(called) if asks_help => help::print(&called),
        Found::Verb(called) => called.run(),
        Found::Noun(noun, rest) => help::print_noun(noun, rest, asks_help),
        Found::Nothing => help::print_root(words),
    }
}

/// A verb, as it was called, with the words that follow.
struct Called<'a> {
    verb: &'static Verb,
    noun: Option<&'static Noun>,
    /// The words that called it, with the program's name: `coracle container ls`.
    path: String,
    rest: &'a [OsString],
}

impl Called<'_> {
    fn run(&self) -> Result<Exit, Problem> {
        let matches = match parse::verb(self.verb, &self.path, self.rest) {
            Ok(matches) => matches,
            Err(error) if error.use_stderr() => return Err(usage::problem(&error, self.verb, &self.path)),
            Err(_) => return help::print(self),
        };
        (self.verb.run)(&matches).map_err(|error| Problem::new(error, self.verb.failure))
    }
}

enum Found<'a> {
    Verb(Called<'a>),
    /// A noun, and the words that name none of its verbs.
    Noun(&'static Noun, &'a [OsString]),
    Nothing,
}

/// Looks up which command the first words name.
fn find(words: &[OsString]) -> Found<'_> {
    let Some((first, rest)) = words.split_first() else { return Found::Nothing };
    if let Some((noun, verb)) = top(first) {
        return Found::Verb(Called { verb, noun, path: format!("coracle {}", first.display()), rest });
    }
    let Some(noun) = noun(first) else { return Found::Nothing };
    match rest.split_first().and_then(|(word, rest)| Some((noun.verb(word)?, word, rest))) {
        Some((verb, word, rest)) => {
            let path = format!("coracle {} {}", noun.name, word.display());
            Found::Verb(Called { verb, noun: Some(noun), path, rest })
        }
        None => Found::Noun(noun, rest),
    }
}

fn noun(word: &OsStr) -> Option<&'static Noun> {
    NOUNS.iter().find(|noun| word == noun.name)
}

/// The command that one word at the top names, and the noun that it belongs to.
fn top(word: &OsStr) -> Option<(Option<&'static Noun>, &'static Verb)> {
    if let Some(verb) = OWN.iter().find(|verb| verb.is_called(word)) {
        return Some((None, verb));
    }
    let (_, owner, verb) = TOP.iter().find(|(top, ..)| word == *top)?;
    let noun = noun(OsStr::new(owner))?;
    Some((Some(noun), noun.verb(OsStr::new(verb))?))
}

fn top_verb(word: &OsStr) -> Option<&'static Verb> {
    top(word).map(|(_, verb)| verb)
}
