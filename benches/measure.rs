//! Times commands against each other: each round runs every command once, in turn, so that a machine's moods meet all
//! of them alike; the medians and their ratios to the first are printed.
//!
//! `measure ROUNDS < LIST`, where a line of the list is `NAME <tab> BEFORE <tab> COMMAND`. BEFORE is for the shell and
//! is not timed; COMMAND is split at blanks, or is for the shell where it has a `|` in it.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "not a part of the program")]

use std::{
    io::Read,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

struct Candidate {
    name: String,
    before: String,
    command: String,
    times: Vec<Duration>,
    failure: Option<String>,
}

fn main() {
    // Under `cargo test --benches` there is nothing to measure.
    let Some(rounds) = std::env::args().nth(1).and_then(|text| text.parse().ok()) else { return };
    let mut list = String::new();
    std::io::stdin().read_to_string(&mut list).expect("a list on the standard input");
    let mut candidates: Vec<_> = list.lines().filter(|line| !line.is_empty()).map(candidate).collect();
    for round in 0..=rounds {
        for candidate in candidates.iter_mut().filter(|candidate| candidate.failure.is_none()) {
            let time = run(candidate);
            // The first round fills the caches.
            candidate.times.extend(time.filter(|_| round > 0));
        }
    }
    print(&mut candidates);
}

fn candidate(line: &str) -> Candidate {
    let mut fields = line.split('\t').map(str::to_owned);
    let mut next = || fields.next().unwrap_or_else(|| panic!("three fields, not {line:?}"));
    Candidate { name: next(), before: next(), command: next(), times: Vec::new(), failure: None }
}

fn run(candidate: &mut Candidate) -> Option<Duration> {
    if !candidate.before.is_empty() {
        shell(&candidate.before).status().expect("a shell");
    }
    let mut command = if candidate.command.contains('|') {
        shell(&candidate.command)
    } else {
        let mut words = candidate.command.split_whitespace();
        let mut command = Command::new(words.next().expect("a command"));
        command.args(words);
        command
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let child = command.spawn();
    let output = child.and_then(std::process::Child::wait_with_output);
    let time = start.elapsed();
    candidate.failure = match output {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Some(error.to_string()),
    };
    candidate.failure.is_none().then_some(time)
}

fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text]);
    command
}

fn print(candidates: &mut [Candidate]) {
    let mut first = None;
    for Candidate { name, times, failure, .. } in candidates {
        if let Some(failure) = failure {
            println!("  {name:<40} did not run: {failure}");
            continue;
        }
        times.sort_unstable();
        let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e3;
        let median = at(50);
        let first = *first.get_or_insert(median);
        println!("  {name:<40} {median:9.2} ms   ({:.2} to {:.2})   x {:.2}", at(10), at(90), median / first);
    }
}
