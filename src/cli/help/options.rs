//! The arguments and options of a command as help lists them: the options in alphabetical order, one line each where
//! the terminal is wide enough.

use std::{fmt::Write, io};

use clap::{Arg, ArgAction, Command, builder::PossibleValue};

use crate::cli::parse;

/// Options wider than this have their text below them.
const WIDEST: usize = 34;

/// Lines longer than this are hard to read, however wide the terminal is.
const LONGEST_LINE: usize = 120;

/// Writes both sections. An argument that the usage line says all about has no text.
pub(super) fn write(text: &mut String, command: &Command) {
    let arguments = command.get_positionals().filter(|a| !a.is_hide_set() && a.get_help().is_some());
    let arguments: Vec<_> =
        arguments.map(|argument| (format!("  {}", value_name(argument)), about(argument))).collect();
    if !arguments.is_empty() {
        section(text, "Arguments", arguments);
    }
    let mut options: Vec<&Arg> =
        command.get_arguments().filter(|a| !a.is_positional() && !a.is_hide_set()).collect();
    options.sort_by_key(|option| option.get_long());
    section(text, "Options", options.iter().map(|option| (spec(option), about(option))).collect());
}

fn section(text: &mut String, heading: &str, rows: Vec<(String, String)>) {
    let width = rows.iter().map(|(spec, _)| spec.len()).filter(|width| *width <= WIDEST).max().unwrap_or(0);
    let line = line_length();
    let _ = write!(text, "\n{heading}:\n");
    for (spec, about) in rows {
        if spec.len() > width {
            let _ = write!(text, "{spec}\n{:width$}", "");
        } else {
            let _ = write!(text, "{spec:width$}");
        }
        paragraph(text, &about, width + 2, line);
    }
}

/// `  -v, --volume SPEC`
fn spec(option: &Arg) -> String {
    let short = option.get_short().map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let mut spec = format!("  {short}--{}", option.get_long().unwrap_or_default());
    let takes_value = matches!(option.get_action(), ArgAction::Set | ArgAction::Append);
    if takes_value && !parse::is_boolean(option) {
        let name = value_name(option);
        let optional = option.get_num_args().is_some_and(|range| range.min_values() == 0);
        spec += &if optional { format!("[={name}]") } else { format!(" {name}") };
    }
    spec
}

fn value_name(argument: &Arg) -> String {
    let name = argument.get_value_names().and_then(<[_]>::first).map(|name| name.to_string());
    name.unwrap_or_else(|| argument.get_id().as_str().to_ascii_uppercase())
}

fn about(option: &Arg) -> String {
    let mut about = option.get_help().map(ToString::to_string).unwrap_or_default();
    let values = option.get_possible_values();
    if !parse::is_boolean(option)
        && let [others @ .., last] = values.as_slice()
    {
        let others: Vec<&str> = others.iter().map(PossibleValue::get_name).collect();
        let _ = write!(about, ": {} or {}", others.join(", "), last.get_name());
    }
    let defaults: Vec<_> =
        option.get_default_values().iter().map(|value| value.display().to_string()).collect();
    let default = defaults.join(",");
    if !matches!(default.as_str(), "" | "false" | "0") {
        let _ = write!(about, " (default {default})");
    }
    about
}

/// Writes words from a column on, the first of them where the line already is two short of it.
fn paragraph(text: &mut String, words: &str, column: usize, line: usize) {
    let mut at = column;
    text.push_str("  ");
    for (index, word) in words.split_whitespace().enumerate() {
        if index > 0 && at + 1 + word.len() > line {
            let _ = write!(text, "\n{:column$}", "");
            at = column;
        } else if index > 0 {
            text.push(' ');
            at += 1;
        }
        text.push_str(word);
        at += word.chars().count();
    }
    text.push('\n');
}

/// The terminal's width, or `$COLUMNS`.
fn line_length() -> usize {
    let window = rustix::termios::tcgetwinsize(io::stdout()).map(|size| usize::from(size.ws_col));
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let length = window.ok().filter(|columns| *columns > 0).or(columns).unwrap_or(LONGEST_LINE);
    length.clamp(60, LONGEST_LINE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_sorted_and_wrapped() {
        let command = Command::new("x").args([
            Arg::new("volume").short('v').long("volume").value_name("SPEC").help("Mount a volume"),
            Arg::new("rm").long("rm").action(ArgAction::SetTrue).help("Remove it"),
            Arg::new("pull").long("pull").default_value("missing").help("Fetch it"),
            Arg::new("hidden").long("hidden").hide(true),
            Arg::new("format").long("format").value_parser(["a", "b", "c"]).help("Write so"),
            Arg::new("image").value_name("SOURCE").help("Where it comes from"),
            Arg::new("name"),
        ]);
        let mut text = String::new();
        write(&mut text, &command);
        assert_eq!(
            text,
            [
                "",
                "Arguments:",
                "  SOURCE  Where it comes from",
                "",
                "Options:",
                "      --format FORMAT  Write so: a, b or c",
                "      --pull PULL      Fetch it (default missing)",
                "      --rm             Remove it",
                "  -v, --volume SPEC    Mount a volume",
                ""
            ]
            .join("\n")
        );
        let mut text = String::new();
        paragraph(&mut text, "one two three four", 4, 12);
        assert_eq!(text, "  one two\n    three\n    four\n");
    }
}
