//! What clap found wrong with a command line, in docker's words.

use std::num::{IntErrorKind, ParseIntError};

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::{
    Exit, NOUNS, Problem, Verb,
    absent::{self, Absence},
    parse, top_verb,
};

/// A wrong word after a verb. docker's statuses: 125 for a flag; for a wrong number of arguments 1, unless the status
/// might be taken for the program's.
pub(super) fn problem(error: &Error, verb: &Verb, path: &str) -> Problem {
    let option = |text: String| (text, Exit::Engine);
    let argument = |text: String| (text, verb.failure);
    let (text, exit) = match error.kind() {
        ErrorKind::UnknownArgument => match context(error, ContextKind::InvalidArg) {
            flag if flag.starts_with('-') => option(unknown_flag(&flag)),
            word => argument(format!("'{path}' does not take the argument {word:?}")),
        },
        ErrorKind::MissingRequiredArgument => argument(missing(error, verb, path)),
        ErrorKind::TooFewValues => {
            let want = number(error, ContextKind::MinValues).unwrap_or(1);
            argument(format!("'{path}' requires at least {want} arguments"))
        }
        ErrorKind::ArgumentConflict => option(conflict(error)),
        ErrorKind::InvalidUtf8 => argument(format!("'{path}' takes only arguments that are UTF-8")),
        _ => option(invalid_value(error, verb)),
    };
    let mut problem = Problem::new(anyhow::anyhow!(text), exit);
    if error.kind() == ErrorKind::UnknownArgument {
        let why = absent::flag(verb.name, &context(error, ContextKind::InvalidArg)).map(str::to_owned);
        let meant = || Some(format!("did you mean '{}'?", suggestion(error, ContextKind::SuggestedArg)?));
        why.or_else(meant).into_iter().for_each(|hint| problem.add_hint(hint));
    }
    problem.add_hint(format!("see '{path} --help'"));
    problem
}

/// A flag where a command should be, after the words of `path`.
pub(super) fn before_command(error: &Error, path: &str) -> Problem {
    let flag = context(error, ContextKind::InvalidArg);
    let text = match error.kind() {
        ErrorKind::UnknownArgument => unknown_flag(&flag),
        _ => format!("flag needs an argument: {}", names(&flag)),
    };
    let mut problem = Problem::new(anyhow::anyhow!(text), Exit::Engine);
    if let Some(why) = absent::flag("", &flag) {
        problem.add_hint(why.to_owned());
    }
    problem.add_hint(format!("see '{path} --help'"));
    problem
}

/// A word that names no command, with the nearest one that does. One of docker's is what it was meant to be.
pub(super) fn unknown_command(path: &str, word: &str, error: &Error) -> Problem {
    let absence = absent::command(word);
    let text = match absence {
        None => format!("unknown command: {path} {word}"),
        Some(Absence::Yet) => format!("'{path} {word}' is not there yet"),
        Some(Absence::Ever) => format!("'{path} {word}' is not there: coracle has no such thing"),
    };
    let mut problem = Problem::new(anyhow::anyhow!(text), Exit::Failure);
    if absence.is_none() {
        let mut meant = elsewhere(word);
        if meant.is_empty() {
            let nearest = suggestion(error, ContextKind::SuggestedSubcommand);
            meant.extend(nearest.map(|name| format!("'{path} {name}'")));
        }
        if !meant.is_empty() {
            problem.add_hint(format!("did you mean {}?", meant.join(" or ")));
        }
    }
    problem.add_hint(format!("see '{path} --help'"));
    problem
}

/// The commands that a word names after another noun, or after none.
fn elsewhere(word: &str) -> Vec<String> {
    if top_verb(word.as_ref()).is_some_and(|verb| !verb.hidden) {
        return vec![format!("'coracle {word}'")];
    }
    let nouns = NOUNS.iter().filter(|noun| noun.verb(word.as_ref()).is_some_and(|verb| !verb.hidden));
    nouns.map(|noun| format!("'coracle {} {word}'", noun.name)).collect()
}

fn unknown_flag(flag: &str) -> String {
    match flag.strip_prefix('-') {
        Some(short) if !short.starts_with('-') => format!("unknown shorthand flag: '{short}'"),
        _ => format!("unknown flag: {flag}"),
    }
}

fn missing(error: &Error, verb: &Verb, path: &str) -> String {
    let Some(ContextValue::Strings(names)) = error.get(ContextKind::InvalidArg) else {
        return format!("'{path}' requires more arguments");
    };
    match names.iter().find(|name| name.starts_with('-')) {
        Some(option) => format!("'{path}' requires {}", names_of(option)),
        // All that it wants, whatever was given.
        None => match verb.required_arguments() {
            1 => format!("'{path}' requires at least 1 argument"),
            count => format!("'{path}' requires at least {count} arguments"),
        },
    }
}

fn conflict(error: &Error) -> String {
    let one = names(&context(error, ContextKind::InvalidArg));
    let others = context(error, ContextKind::PriorArg);
    if others.is_empty() {
        return format!("conflicting options: {one}");
    }
    format!("conflicting options: {one} and {}", names(&others))
}

/// pflag's `invalid argument "x" for "-v, --volume" flag: why`.
fn invalid_value(error: &Error, verb: &Verb) -> String {
    let argument = context(error, ContextKind::InvalidArg);
    let value = context(error, ContextKind::InvalidValue);
    let flag = names(&argument);
    if value.is_empty() && std::error::Error::source(error).is_none() {
        return format!("flag needs an argument: {flag}");
    }
    let why = match std::error::Error::source(error) {
        Some(source) => source.downcast_ref().map_or_else(|| source.to_string(), not_a_number),
        None => possible_values(error),
    };
    if !flag.starts_with('-') {
        return format!("invalid argument {value:?}: {why}");
    }
    format!("invalid argument {value:?} for {:?} flag: {why}", parse::with_short(verb, &flag))
}

/// Rust's own texts for these speak of digits and types.
fn not_a_number(error: &ParseIntError) -> String {
    match error.kind() {
        IntErrorKind::PosOverflow => "the number is too large".to_owned(),
        IntErrorKind::NegOverflow => "the number is too small".to_owned(),
        _ => "want a whole number".to_owned(),
    }
}

fn possible_values(error: &Error) -> String {
    let valid = context(error, ContextKind::ValidValue);
    if valid.is_empty() { "not understood".to_owned() } else { format!("must be one of {valid}") }
}

/// The flag alone, of clap's `--volume <SPEC>` or `--rm[=<RM>]`.
fn names(argument: &str) -> String {
    names_of(argument).to_owned()
}

fn names_of(argument: &str) -> &str {
    argument.split([' ', '[', '=']).next().unwrap_or(argument)
}

fn context(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

fn number(error: &Error, kind: ContextKind) -> Option<isize> {
    match error.get(kind) {
        Some(ContextValue::Number(number)) => Some(*number),
        _ => None,
    }
}

fn suggestion(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}
