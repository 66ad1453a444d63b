//! The program that the tests run inside containers: one static file that says what it sees there, and does as it is
//! told. `payload COMMAND ARGUMENT…`, or by a link with the command's name. `payload sh -c 'COMMAND …; COMMAND …'`
//! does several in turn; words are split at blanks and nothing else is special.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

mod attack;
mod file;
mod probe;
mod process;

use std::{env, process::exit};

/// What a command gives: nothing, or why it did not work.
type Outcome = Result<(), String>;

fn main() {
    let mut words: Vec<String> = env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let called = words[0].rsplit('/').next().unwrap_or_default();
    if called == "payload" {
        words.remove(0);
    } else {
        words[0] = called.to_owned();
    }
    if words.is_empty() {
        words.push("hello".into());
    }
    if let Err(error) = command(&words) {
        eprintln!("{}: {error}", words[0]);
        exit(1);
    }
}

fn command(words: &[String]) -> Outcome {
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    match words[0].as_str() {
        "hello" => println!("hello from the payload"),
        "true" => {}
        "false" => exit(1),
        "exit" => exit(number(&arguments)?),
        "echo" | "out" => println!("{}", arguments.join(" ")),
        "err" => eprintln!("{}", arguments.join(" ")),
        "args" => arguments.iter().for_each(|argument| println!("{argument:?}")),
        "env" => env::vars_os().for_each(|(name, value)| println!("{}={}", name.display(), value.display())),
        "sh" => return script(&arguments),
        other => {
            let known = file::command(other, &arguments)
                .or_else(|| process::command(other, &arguments))
                .or_else(|| probe::command(other, &arguments))
                .or_else(|| attack::command(other, &arguments));
            return known.unwrap_or_else(|| Err("no such command of the payload".into()));
        }
    }
    Ok(())
}

/// `-c 'COMMAND …; COMMAND …'`: stops at the first that does not work.
fn script(arguments: &[&str]) -> Outcome {
    let ["-c", text, ..] = arguments else { return Err("only `sh -c TEXT`".into()) };
    for line in text.split(';') {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if !words.is_empty() {
            command(&words).map_err(|error| format!("{}: {error}", words[0]))?;
        }
    }
    Ok(())
}

/// The first argument, as a number.
fn number<T: std::str::FromStr>(arguments: &[&str]) -> Result<T, String> {
    let text = arguments.first().ok_or("a number is missing")?;
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

/// An error of the system by its constant's name where that is short, else by its text.
fn because(error: impl Into<std::io::Error>) -> String {
    let error = error.into();
    let name = match error.raw_os_error() {
        Some(libc::EPERM) => "EPERM",
        Some(libc::EACCES) => "EACCES",
        Some(libc::ENOENT) => "ENOENT",
        Some(libc::ENOSYS) => "ENOSYS",
        Some(libc::EROFS) => "EROFS",
        Some(libc::EINVAL) => "EINVAL",
        Some(libc::EEXIST) => "EEXIST",
        Some(libc::EBUSY) => "EBUSY",
        _ => return error.to_string(),
    };
    name.to_owned()
}
