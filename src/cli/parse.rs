//! From argv to clap's matches. Only the command that was called is built, bare of all that is for readers: `run` has
//! a hundred options, and a warm start has some milliseconds.

use std::{any::TypeId, ffi::OsString};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, builder::ValueParser, value_parser};

use super::{Global, Problem, Verb, usage};

/// Reads the options before the command; gives the command's words as they are.
pub(super) fn global(argv: Vec<OsString>) -> Result<(Global, Vec<OsString>), Problem> {
    if argv.first().is_some_and(|word| !word.as_encoded_bytes().starts_with(b"-")) {
        return Ok((Global::default(), argv));
    }
    let words = Arg::new("words").num_args(0..).trailing_var_arg(true).value_parser(value_parser!(OsString));
    let command = bare(Global::augment_args(Command::new("coracle"))).arg(words);
    let argv = std::iter::once(OsString::from("coracle")).chain(argv);
    let parsed = command.try_get_matches_from(argv).and_then(|mut matches| {
        let words = matches.remove_many("words").unwrap_or_default().collect();
        Ok((Global::from_arg_matches(&matches)?, words))
    });
    match parsed {
        // `--help` before any command: as if there were no words at all.
        Err(error) if !error.use_stderr() => Ok(Default::default()),
        parsed => parsed.map_err(|error| usage::before_command(&error, "coracle")),
    }
}

/// Reads the words after a verb.
pub(super) fn verb(verb: &Verb, path: &str, words: &[OsString]) -> Result<ArgMatches, clap::Error> {
    let command = booleans_take_values(bare((verb.args)(Command::new(verb.name))));
    let argv = std::iter::once(OsString::from(path)).chain(words.iter().cloned());
    command.try_get_matches_from(argv)
}

fn bare(command: Command) -> Command {
    with_help_option(command.disable_help_subcommand(true).args_override_self(true))
}

/// `--help`, and `-h` where the command has no other use for it (docker's `run -h` is the host name).
pub(super) fn with_help_option(command: Command) -> Command {
    let help = Arg::new("help").long("help").action(ArgAction::Help).help("Print usage");
    let help =
        if command.get_arguments().any(|a| a.get_short() == Some('h')) { help } else { help.short('h') };
    command.disable_help_flag(true).arg(help)
}

/// The flag as pflag names it, `-v, --volume`.
pub(super) fn with_short(verb: &Verb, flag: &str) -> String {
    let command = (verb.args)(Command::new(verb.name));
    let long = flag.trim_start_matches('-');
    let short = command.get_arguments().find(|a| a.get_long() == Some(long)).and_then(Arg::get_short);
    short.map_or_else(|| flag.to_owned(), |short| format!("-{short}, {flag}"))
}

/// Makes `--rm=false` mean what it says, as every switch of docker's does.
fn booleans_take_values(command: Command) -> Command {
    command.mut_args(|argument| if is_boolean(&argument) { optional_value(argument) } else { argument })
}

/// Says whether the option is a switch, on or off by default.
pub(super) fn is_boolean(argument: &Arg) -> bool {
    match argument.get_action() {
        ArgAction::SetTrue => true,
        ArgAction::Set => argument.get_value_parser().type_id() == TypeId::of::<bool>(),
        _ => false,
    }
}

fn optional_value(argument: Arg) -> Arg {
    let argument = match argument.get_action() {
        ArgAction::SetTrue => argument.default_value("false"),
        _ => argument,
    };
    argument
        .action(ArgAction::Set)
        .num_args(0..=1)
        .require_equals(true)
        .default_missing_value("true")
        .value_parser(ValueParser::new(boolean))
}

/// What Go's `strconv.ParseBool` takes, which docker's switches go by.
fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}
