//! `logs`: what a container has printed, both streams, in order.

use crate::world::{World, host::requires};

#[test]
fn both_streams_in_order() {
    requires!(Userns);
    let world = World::with_payload();
    let script = "out one; sleep 0.05; err two; sleep 0.05; out three";
    world.coracle(["run", "--name", "one", "box", "sh", "-c", script]).succeeds();
    let output = world.coracle(["logs", "one"]).succeeds();
    output.prints("one\nthree\n").complains("two\n");
    let both = format!("{} logs one 2>&1", env!("CARGO_BIN_EXE_coracle"));
    world.program("/bin/sh").args(["-c", &both]).succeeds().prints("one\ntwo\nthree\n");
}

#[test]
fn tails_and_times() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "--name", "one", "box", "payload", "spam", "5"]).succeeds();
    let cases: &[(&[&str], &str)] = &[
        (&["--tail", "2"], "line 4\nline 5\n"),
        (&["-n", "1"], "line 5\n"),
        (&["--tail", "0"], ""),
        (&["--tail", "-1"], "line 1\nline 2\nline 3\nline 4\nline 5\n"),
        (&["--tail", "all"], "line 1\nline 2\nline 3\nline 4\nline 5\n"),
        (&["--since", "1h", "--tail", "1"], "line 5\n"),
        (&["--since", "2020-01-01T00:00:00Z", "-n", "1"], "line 5\n"),
        (&["--until", "2020-01-01"], ""),
        (&["--since", "2999-01-01T00:00:00"], ""),
    ];
    for (options, expected) in cases {
        world.coracle(["logs"]).args(*options).arg("one").succeeds().prints(expected);
    }
    let output = world.coracle(["logs", "-t", "--tail", "1", "one"]).succeeds();
    let (time, text) = output.stdout.split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.starts_with("20") && text == "line 5\n", "{output}");
    for (option, value) in [("--tail", "-x"), ("--since", "yesterdayish"), ("--until", "")] {
        let output = world.coracle(["logs", option, value, "one"]).output();
        assert!(output.code != 0 && output.stdout.is_empty(), "{output}");
    }
}

#[test]
fn following_until_the_end() {
    requires!(Userns);
    let world = World::with_payload();
    world
        .coracle([
            "run",
            "-d",
            "--name",
            "one",
            "box",
            "sh",
            "-c",
            "out a; sleep 0.3; out b; sleep 0.3; err c",
        ])
        .succeeds();
    let output = world.coracle(["logs", "-f", "one"]).succeeds();
    output.prints("a\nb\n").complains("c\n");
    // Of one that has ended, it ends at once.
    world.coracle(["logs", "-f", "one"]).succeeds().prints("a\nb\n");
}

#[test]
fn an_unfinished_line_and_odd_bytes() {
    requires!(Userns);
    let world = World::with_payload();
    let text = "no newline \u{e9} \u{1f6f6} \"quoted\" \\ \u{1}";
    world.coracle(["run", "--name", "one", "-i", "box", "cat"]).stdin(text).succeeds().prints(text);
    world.coracle(["logs", "one"]).succeeds().prints(text);
    let long = "x".repeat(100_000) + "\n";
    world.coracle(["run", "--name", "two", "-i", "box", "cat"]).stdin(long.clone()).succeeds();
    assert_eq!(world.coracle(["logs", "two"]).succeeds().stdout, long);
}

#[test]
fn none_to_show() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["create", "--name", "one", "box"]).succeeds();
    world.coracle(["logs", "one"]).succeeds().prints("");
    for arguments in [&["logs"][..], &["logs", "missing"], &["logs", "one", "surplus"]] {
        let output = world.coracle(arguments).output();
        assert!(
            output.code != 0 && output.stdout.is_empty() && output.stderr.starts_with("coracle: "),
            "{output}"
        );
    }
}
