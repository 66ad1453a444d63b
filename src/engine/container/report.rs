//! What a monitor tells the command that forked it: that the program was exec'ed, or why it was not. Over a pipe, which a
//! monitor that is killed leaves empty.

use std::io::{PipeReader, PipeWriter, Read, Write};

use anyhow::Context;

use crate::runtime::{StartError, StartErrorKind};

use super::launch::setup_error;

/// The first line when the program was exec'ed; what the user should know follows, a line each.
const STARTED: &str = "started";

/// Tells the command what became of the start, and the notes of one that succeeded.
pub(super) fn write(mut writer: PipeWriter, outcome: Result<&[String], &StartError>) {
    let text = match outcome {
        Ok(notes) => [&[STARTED.to_owned()], notes].concat().join("\n"),
        Err(error) => encode(error),
    };
    // A command that was killed meanwhile does not hear it, which is no reason to stop.
    let _ = writer.write_all(text.as_bytes());
}

/// Hears from the monitor: the notes, or why there is no program.
pub(super) fn read(mut reader: PipeReader) -> anyhow::Result<Vec<String>> {
    let mut text = String::new();
    reader.read_to_string(&mut text).context("hear from the monitor")?;
    let mut lines = text.lines();
    match lines.next() {
        Some(STARTED) => Ok(lines.map(str::to_owned).collect()),
        _ => Err(decode(&text).into()),
    }
}

/// A start error as text: a letter for its kind, the hint up to a NUL, the message.
fn encode(error: &StartError) -> String {
    let kind = match error.kind {
        StartErrorKind::Setup => 's',
        StartErrorKind::MapRefused => 'm',
        StartErrorKind::NotExecutable => 'x',
        StartErrorKind::NotFound => 'n',
    };
    format!("{kind}{}\0{}", error.hint.as_deref().unwrap_or_default(), error.message)
}

fn decode(text: &str) -> StartError {
    let lost = || setup_error(anyhow::anyhow!("the monitor ended before the container was started"));
    let mut letters = text.chars();
    let kind = match letters.next() {
        Some('s') => StartErrorKind::Setup,
        Some('m') => StartErrorKind::MapRefused,
        Some('x') => StartErrorKind::NotExecutable,
        Some('n') => StartErrorKind::NotFound,
        _ => return lost(),
    };
    let Some((hint, message)) = letters.as_str().split_once('\0') else { return lost() };
    let hint = (!hint.is_empty()).then(|| hint.to_owned());
    StartError { kind, message: message.to_owned(), hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_error_crosses_the_pipe_as_it_is() {
        for kind in [StartErrorKind::Setup, StartErrorKind::NotExecutable, StartErrorKind::NotFound] {
            for hint in [None, Some("try this".to_owned())] {
                let error = StartError { kind, message: "exec \"x\": no\nway".to_owned(), hint };
                let (reader, writer) = std::io::pipe().unwrap();
                write(writer, Err(&error));
                let got = read(reader).unwrap_err().downcast::<StartError>().unwrap();
                assert_eq!((got.kind, got.message, got.hint), (error.kind, error.message, error.hint));
            }
        }
    }

    #[test]
    fn notes_cross_it_and_a_lost_monitor_is_told() {
        for notes in [&[][..], &["one".to_owned(), "two".to_owned()]] {
            let (reader, writer) = std::io::pipe().unwrap();
            write(writer, Ok(notes));
            assert_eq!(read(reader).unwrap(), notes);
        }
        let (reader, writer) = std::io::pipe().unwrap();
        drop(writer);
        assert!(read(reader).unwrap_err().to_string().contains("monitor ended"));
    }
}
