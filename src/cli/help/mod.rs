//! The command tree for readers: help texts with docker's grouping and usage lines, and the tree that completions and
//! man pages are made of.

mod options;
#[cfg(test)]
mod tests;

use std::{ffi::OsString, fmt::Write};

use clap::{Arg, ArgAction, Args, Command, error::ErrorKind};

use super::{
    COMMON, Called, Exit, Global, NOUNS, Noun, OWN, Problem, TOP, Verb, output, parse, top_verb, usage,
};

const ABOUT: &str = "Run containers without a daemon and without root";

/// Prints the help of the command that was called.
pub(super) fn print(called: &Called<'_>) -> Result<Exit, Problem> {
    show(&text(called))
}

fn text(called: &Called<'_>) -> String {
    let command = verb(called.verb, called.verb.name, &called.path);
    let usage = usage_line(&called.path, &command);
    let mut text = format!("Usage: {usage}\n\n{}\n", called.verb.about);
    if let Some(noun) = called.noun {
        let names = names(noun, called.verb);
        if names.len() > 1 {
            let _ = write!(text, "\nAliases:\n  {}\n", names.join(", "));
        }
    }
    options::write(&mut text, &command);
    text
}

/// All that a noun's verb can be called, as it is typed.
fn names(noun: &Noun, verb: &Verb) -> Vec<String> {
    let own =
        std::iter::once(&verb.name).chain(verb.aliases).map(|name| format!("coracle {} {name}", noun.name));
    let at_top = TOP.iter().filter(|(_, owner, name)| (*owner, *name) == (noun.name, verb.name));
    own.chain(at_top.map(|(word, ..)| format!("coracle {word}"))).collect()
}

/// Prints a noun's help, unless `rest` holds what should have been a verb.
pub(super) fn print_noun(noun: &Noun, rest: &[OsString], asks_help: bool) -> Result<Exit, Problem> {
    let path = format!("coracle {}", noun.name);
    match rest.first() {
        None => {}
        Some(word) if !asks_help && (word == "--help" || word == "-h") => {}
        Some(word) => return Err(unknown(&path, &[noun.name.into(), word.clone()])),
    }
    let mut text = format!("Usage: {path} COMMAND\n\n{}\n", noun.about);
    section(&mut text, "Commands", &rows_with_aliases(noun));
    let _ = write!(text, "\nSee '{path} COMMAND --help' for more about a command.\n");
    show(&text)
}

/// Prints the program's help, unless `words` hold what should have been a command.
pub(super) fn print_root(words: &[OsString]) -> Result<Exit, Problem> {
    if let Some(word) = words.first() {
        return Err(unknown("coracle", std::slice::from_ref(word)));
    }
    show(&root_text())
}

fn root_text() -> String {
    let mut text = format!("Usage: coracle [OPTIONS] COMMAND\n\n{ABOUT}\n");
    let (common, rest): (Vec<_>, Vec<_>) = top().partition(|(name, _)| COMMON.contains(name));
    section(&mut text, "Common Commands", &rows(common.into_iter()));
    let nouns: Vec<_> = NOUNS.iter().map(|noun| (noun.name, noun.about.to_owned())).collect();
    section(&mut text, "Management Commands", &nouns);
    section(&mut text, "Commands", &rows(rest.into_iter()));
    options::write(&mut text, &root());
    text.push_str("\nSee 'coracle COMMAND --help' for more about a command.\n");
    text
}

/// Each command of one word, in alphabetical order.
fn top() -> impl Iterator<Item = (&'static str, &'static Verb)> {
    let own = OWN.iter().map(|verb| (verb.name, verb));
    let aliases = TOP.iter().filter_map(|(word, ..)| Some((*word, top_verb(word.as_ref())?)));
    let mut all: Vec<_> = own.chain(aliases).filter(|(_, verb)| !verb.hidden).collect();
    all.sort_by_key(|(name, _)| *name);
    all.into_iter()
}

fn rows(verbs: impl Iterator<Item = (&'static str, &'static Verb)>) -> Vec<(&'static str, String)> {
    verbs.map(|(name, verb)| (name, verb.about.to_owned())).collect()
}

/// The aliases of a noun's verbs work after the noun alone.
fn rows_with_aliases(noun: &Noun) -> Vec<(&'static str, String)> {
    let about = |verb: &Verb| match verb.aliases {
        [] => verb.about.to_owned(),
        aliases => format!("{} [aliases: {}]", verb.about, aliases.join(", ")),
    };
    noun.verbs.iter().filter(|verb| !verb.hidden).map(|verb| (verb.name, about(verb))).collect()
}

fn section(text: &mut String, heading: &str, rows: &[(&str, String)]) {
    if rows.is_empty() {
        return;
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let _ = write!(text, "\n{heading}:\n");
    for (name, about) in rows {
        let _ = writeln!(text, "  {name:width$}  {about}");
    }
}

fn show(text: &str) -> Result<Exit, Problem> {
    output::text(text)?;
    Ok(Exit::Success)
}

/// The error for a word that names no command, with the one that it resembles.
fn unknown(path: &str, words: &[OsString]) -> Problem {
    let word = words.last().map(|word| word.display().to_string()).unwrap_or_default();
    let argv = std::iter::once(OsString::from("coracle")).chain(words.iter().cloned());
    match tree().try_get_matches_from(argv) {
        Err(error) if error.kind() == ErrorKind::UnknownArgument => usage::before_command(&error, path),
        Err(error) => usage::unknown_command(path, &word, &error),
        Ok(_) => usage::unknown_command(path, &word, &clap::Error::new(ErrorKind::InvalidSubcommand)),
    }
}

/// The whole tree, for completions and man pages.
pub(super) fn tree() -> Command {
    let mut tree = root();
    for (name, one) in top() {
        tree = tree.subcommand(verb(one, name, &format!("coracle {name}")));
    }
    for noun in NOUNS {
        let mut command = readable(Command::new(noun.name).about(noun.about).subcommand_required(true));
        command = command.override_usage(format!("coracle {} COMMAND", noun.name));
        for one in noun.verbs.iter().filter(|verb| !verb.hidden) {
            let path = format!("coracle {} {}", noun.name, one.name);
            command = command.subcommand(verb(one, one.name, &path).visible_aliases(one.aliases));
        }
        tree = tree.subcommand(command);
    }
    tree
}

fn root() -> Command {
    // The comment of the options' struct would stand for the program's own words.
    let command = Global::augment_args(Command::new("coracle")).about(ABOUT).long_about(None);
    readable(command).override_usage("coracle [OPTIONS] COMMAND")
}

/// One command under the name it is called by.
fn verb(verb: &Verb, name: &'static str, path: &str) -> Command {
    // The comments of flattened structs would stand for the command's own words.
    let command = readable((verb.args)(Command::new(name)).about(verb.about).long_about(None));
    let usage = usage_line(path, &command);
    command.bin_name(path).override_usage(usage)
}

fn readable(command: Command) -> Command {
    let command = command.mut_args(|argument| match argument.get_action() {
        ArgAction::Set if parse::is_boolean(&argument) => {
            let argument = argument.num_args(0..=1).require_equals(true).default_missing_value("true");
            argument.value_name("true|false")
        }
        _ => argument,
    });
    parse::with_help_option(command.disable_help_subcommand(true))
}

/// docker's form: `coracle run [OPTIONS] IMAGE [COMMAND] [ARG...]`.
pub(super) fn usage_line(path: &str, command: &Command) -> String {
    let mut command = command.clone();
    command.build();
    let mut line = path.to_owned();
    if command.get_opts().chain(command.get_arguments().filter(|a| parse::is_boolean(a))).next().is_some() {
        line.push_str(" [OPTIONS]");
    }
    for positional in command.get_positionals().filter(|positional| !positional.is_hide_set()) {
        positional_words(&mut line, positional);
    }
    line
}

/// Writes a positional's value names: the required ones plain, the others in brackets, the last with dots if it repeats.
/// A name with spaces says it all itself.
fn positional_words(line: &mut String, positional: &Arg) {
    let names: Vec<&str> =
        positional.get_value_names().unwrap_or_default().iter().map(|n| n.as_str()).collect();
    if let [form] = names[..]
        && form.contains(' ')
    {
        let _ = write!(line, " {form}");
        return;
    }
    let range = positional.get_num_args().unwrap_or_default();
    let repeats = range.max_values() > names.len() || matches!(positional.get_action(), ArgAction::Append);
    let required = if positional.is_required_set() { range.min_values().max(1) } else { 0 };
    for (index, name) in names.iter().enumerate() {
        let last_repeats = repeats && index + 1 == names.len();
        let _ = match (index < required, last_repeats) {
            (true, true) => write!(line, " {name} [{name}...]"),
            (true, false) => write!(line, " {name}"),
            (false, true) => write!(line, " [{name}...]"),
            (false, false) => write!(line, " [{name}]"),
        };
    }
}
