//! Prints an error: `coracle: <what>: <cause>` and, where one is known, a `hint:` line; and its exit status.

use std::{
    io::{self, IsTerminal, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{exit::Exit, hint};
use crate::{
    base::advice::Advised,
    runtime::{StartError, StartErrorKind},
};

/// `--debug`.
static EACH_CAUSE: AtomicBool = AtomicBool::new(false);

/// Makes later errors print one cause a line.
pub(super) fn show_each_cause(on: bool) {
    EACH_CAUSE.store(on, Ordering::Relaxed);
}

/// An error on its way to the user: what it exits with, and what may help.
#[derive(Debug)]
pub(super) struct Problem {
    error: anyhow::Error,
    exit: Exit,
    hints: Vec<String>,
}

impl Problem {
    /// `failure` is the status of an error that has none of its own.
    pub(super) fn new(error: anyhow::Error, failure: Exit) -> Self {
        let exit = status(&error).unwrap_or(failure);
        let mut hints = hint::of(&error);
        hints.extend(error.downcast_ref::<Advised>().map(|advised| advised.hint.clone()));
        Problem { error, exit, hints }
    }

    #[cfg(test)]
    pub(super) fn shown(&self) -> (String, Exit) {
        (format!("{}; hint: {}", chain(&self.error), self.hints.join("; hint: ")), self.exit)
    }

    pub(super) fn add_hint(&mut self, hint: String) {
        self.hints.push(hint);
    }

    /// Tells the user, and gives the status to exit with.
    pub(super) fn print(self) -> Exit {
        if !is_broken_pipe(&self.error) {
            write_message(&self.error, &self.hints);
        }
        self.exit
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Problem::new(error, Exit::Failure)
    }
}

/// Prints an error of one of several targets; the command goes on with the next.
pub fn print(error: anyhow::Error) {
    Problem::from(error).print();
}

/// Prints an error that ends the command with `failure`, where it has no status of its own, and not with the verb's.
pub fn ends_with(failure: Exit, error: anyhow::Error) -> anyhow::Result<Exit> {
    Ok(Problem::new(error, failure).print())
}

/// Prints what the user should know although the command does all that it can.
pub fn warn(error: anyhow::Error) {
    print(error.context("warning"));
}

/// Does `action` for every target, prints what fails, and fails in the end if anything did.
pub fn for_each<T>(
    targets: impl IntoIterator<Item = T>,
    mut action: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    let mut exit = Exit::Success;
    for target in targets {
        match action(target) {
            Ok(()) => {}
            Err(error) if is_broken_pipe(&error) => return Err(error),
            Err(error) => {
                print(error);
                exit = Exit::Failure;
            }
        }
    }
    Ok(exit)
}

/// The status that an error of this kind has, whatever the command.
fn status(error: &anyhow::Error) -> Option<Exit> {
    if is_broken_pipe(error) {
        return Some(Exit::BROKEN_PIPE);
    }
    error.chain().find_map(|cause| cause.downcast_ref::<StartError>()).map(|start| match start.kind {
        StartErrorKind::Setup | StartErrorKind::MapRefused => Exit::Engine,
        StartErrorKind::NotExecutable => Exit::NotExecutable,
        StartErrorKind::NotFound => Exit::NotFound,
    })
}

/// Whoever read our output has gone: nobody is there to be told.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.is::<super::output::ReaderGone>()
}

fn write_message(error: &anyhow::Error, hints: &[String]) {
    let colour = wants_colour();
    let message = if EACH_CAUSE.load(Ordering::Relaxed) { each_cause(error) } else { chain(error) };
    let mut text = format!("{}: {}\n", paint("coracle", "1;31", colour), printable(&message));
    for hint in hints {
        text.push_str(&format!("{}: {}\n", paint("hint", "36", colour), printable(hint)));
    }
    // Standard error may be closed or full; there is no other place to say so.
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Says what is no error, but what the user should know.
pub(super) fn note(text: &str) {
    let line = format!("{}: {}\n", paint("coracle", "1", wants_colour()), printable(text));
    let _ = io::stderr().write_all(line.as_bytes());
}

/// The causes on one line, each text once: many an error already ends with its source's.
fn chain(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if text.is_empty() || line.ends_with(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&without_numbers(&text));
    }
    line
}

/// The text without the ` (os error 2)` that the standard library puts after the kernel's words.
fn without_numbers(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(')') {
            Some((number, rest)) if number.parse::<i32>().is_ok() => plain.push_str(rest),
            _ => plain.extend([" (os error ", part]),
        }
    }
    plain
}

fn each_cause(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join("\n  caused by: ")
}

/// Names from images and archives stand in messages: they shall not steer the terminal.
fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\n' && character != '\t' {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

fn wants_colour() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !set("NO_COLOR")
        && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
        && io::stderr().is_terminal()
}

fn paint(word: &str, style: &str, colour: bool) -> String {
    if colour { format!("\x1b[{style}m{word}\x1b[0m") } else { word.to_owned() }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn joins_the_chain_and_says_nothing_twice() {
        let io = || std::io::Error::from_raw_os_error(2);
        let cases = [
            (anyhow!("one"), "one"),
            (anyhow!("two").context("one"), "one: two"),
            (anyhow!("two").context("one: two"), "one: two"),
            (anyhow::Error::from(io()).context("open x"), "open x: No such file or directory"),
            (
                anyhow!("two").context(format!("{}; before that", io())),
                "No such file or directory; before that: two",
            ),
            (anyhow!("read (os error x)"), "read (os error x)"),
        ];
        for (error, want) in cases {
            assert_eq!(chain(&error), want);
        }
        assert_eq!(each_cause(&anyhow!("two").context("one")), "one\n  caused by: two");
    }

    #[test]
    fn the_kind_of_a_start_error_is_the_status() {
        let start = |kind| StartError { kind, message: "x".to_owned(), hint: None };
        for (kind, want) in [
            (StartErrorKind::Setup, Exit::Engine),
            (StartErrorKind::NotExecutable, Exit::NotExecutable),
            (StartErrorKind::NotFound, Exit::NotFound),
        ] {
            let error = anyhow::Error::from(start(kind)).context("start c");
            assert_eq!(Problem::new(error, Exit::Failure).exit, want);
        }
        assert_eq!(Problem::new(anyhow!("x"), Exit::Engine).exit, Exit::Engine);
    }

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(printable("a\x1b[2Jb\rc\nd"), "a\\u{1b}[2Jb\\rc\nd");
    }

    #[test]
    fn every_target_is_tried() {
        let mut seen = Vec::new();
        let exit = for_each([1, 2, 3], |n| {
            seen.push(n);
            if n == 2 { Err(anyhow!("no")).context("two") } else { Ok(()) }
        });
        assert_eq!((seen, exit.unwrap()), (vec![1, 2, 3], Exit::Failure));
    }
}
