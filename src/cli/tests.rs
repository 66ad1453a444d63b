//! The dispatcher: which command the words call, and what a wrong command line is told.

use clap::Arg;

use super::*;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

/// The chain and the hints of what dispatching gives.
fn refusal(line: &str) -> (String, Exit) {
    dispatch(words(line)).expect_err(line).shown()
}

#[test]
fn the_tree_is_what_clap_accepts() {
    help::tree().debug_assert();
}

#[test]
fn every_name_at_the_top_leads_to_a_verb() {
    for (word, noun, verb) in TOP {
        assert!(top_verb(word.as_ref()).is_some(), "{word}: there is no {noun} {verb}");
    }
    for name in COMMON {
        assert!(top_verb(name.as_ref()).is_some(), "{name}");
    }
}

#[test]
fn one_command_by_several_names() {
    for line in ["ps -a", "container ls -a", "container list -a", "container ps -a"] {
        let words = words(line);
        let Found::Verb(called) = find(&words) else { panic!("{line}") };
        assert_eq!((called.verb.name, called.rest), ("ls", &words[words.len() - 1..]), "{line}");
        let path = line.strip_suffix(" -a").unwrap();
        assert_eq!(called.path, format!("coracle {path}"));
    }
}

#[test]
fn wrong_words_are_refused_in_dockers_way() {
    for (line, want, exit) in [
        ("--nope", "unknown flag: --nope", Exit::Engine),
        ("--root", "flag needs an argument: --root", Exit::Engine),
        ("nope", "unknown command: coracle nope", Exit::Failure),
        ("container nope", "unknown command: coracle container nope", Exit::Failure),
        ("container --nope", "unknown flag: --nope", Exit::Engine),
        ("version --nope", "unknown flag: --nope", Exit::Engine),
        ("version -x", "unknown shorthand flag: 'x'", Exit::Engine),
        ("version --format", "flag needs an argument: --format", Exit::Engine),
        ("version extra", "'coracle version' does not take the argument \"extra\"", Exit::Failure),
        ("rm", "'coracle rm' requires at least 1 argument", Exit::Failure),
        ("tag one", "'coracle tag' requires at least 2 arguments", Exit::Failure),
        ("run", "'coracle run' requires at least 1 argument", Exit::Engine),
        (
            "run --rm=maybe img",
            "invalid argument \"maybe\" for \"--rm\" flag: must be true or false",
            Exit::Engine,
        ),
        (
            "stop -t abc x",
            "invalid argument \"abc\" for \"-t, --timeout\" flag: want a whole number",
            Exit::Engine,
        ),
        (
            "ps -n 99999999999999999999",
            "invalid argument \"99999999999999999999\" for \"-n, --last\" flag: the number is too large",
            Exit::Engine,
        ),
        (
            "run --hostname a,b img",
            "invalid argument \"a,b\" for \"-h, --hostname\" flag: invalid hostname format: \"a,b\"",
            Exit::Engine,
        ),
        (
            "run --ulimit nope=1 img",
            "invalid argument \"nope=1\" for \"--ulimit\" flag: invalid ulimit type: nope",
            Exit::Engine,
        ),
        (
            "run -v /a:b img",
            "invalid argument \"/a:b\" for \"-v, --volume\" flag: invalid volume specification: '/a:b': \
             invalid mount path: 'b' mount path must be absolute",
            Exit::Engine,
        ),
    ] {
        let (text, status) = refusal(line);
        let (message, hint) = text.split_once("; hint: ").unwrap_or((&text, ""));
        assert_eq!((message, status), (want, exit), "{line}");
        assert!(hint.contains("--help'"), "{line}: {hint}");
    }
}

#[test]
fn bytes_that_are_no_text_are_named_as_that() {
    use std::os::unix::ffi::OsStringExt;
    let mut words = words("run img echo");
    words.push(OsString::from_vec(vec![0xff]));
    let (text, exit) = dispatch(words).unwrap_err().shown();
    assert_eq!(exit, Exit::Engine);
    assert!(text.starts_with("'coracle run' takes only arguments that are UTF-8;"), "{text}");
}

#[test]
fn a_near_miss_is_named() {
    assert!(refusal("versio").0.contains("did you mean 'coracle version'?"));
    for (line, meant) in [
        ("df", "'coracle system df'?"),
        ("image run x", "'coracle run'?"),
        ("remove x", "'coracle container remove' or 'coracle image remove' or 'coracle volume remove'?"),
    ] {
        assert!(refusal(line).0.contains(&format!("did you mean {meant}")), "{line}: {}", refusal(line).0);
    }
    assert!(refusal("version --formt=x").0.contains("did you mean '--format'?"));
}

#[test]
fn what_docker_has_is_no_near_miss() {
    let see = "see 'coracle --help'";
    for (line, want) in [
        ("push img", format!("'coracle push' is not there yet; hint: {see}")),
        ("help build", format!("'coracle build' is not there yet; hint: {see}")),
        ("swarm init", format!("'coracle swarm' is not there: coracle has no such thing; hint: {see}")),
        (
            "container rename a b",
            "'coracle container rename' is not there yet; hint: see 'coracle container --help'".to_owned(),
        ),
        ("-H x ps", format!("unknown shorthand flag: 'H'; hint: there is no daemon to connect to; hint: {see}")),
        ("container --bogus", "unknown flag: --bogus; hint: see 'coracle container --help'".to_owned()),
        (
            "run --memory 1g img",
            "unknown flag: --memory; hint: cgroup limits are not there yet; --ulimit limits each process; hint: \
             see 'coracle run --help'"
                .to_owned(),
        ),
    ] {
        assert_eq!(refusal(line).0, want, "{line}");
    }
}

#[test]
fn usage_lines_are_dockers() {
    let positional = |id, names: &'static [&str]| Arg::new(id).value_names(names.to_vec());
    let named = |name: &'static str| positional(name, &[]).value_name(name);
    let command = Command::new("x");
    for (command, want) in [
        (command.clone(), "x"),
        (command.clone().arg(named("A").required(true)), "x A"),
        (command.clone().arg(named("A")), "x [A]"),
        (command.clone().arg(named("A").required(true).num_args(1..)), "x A [A...]"),
        (command.clone().arg(named("A").num_args(0..)), "x [A...]"),
        (command.clone().arg(positional("A", &["A [B]"])), "x A [B]"),
        (
            command.arg(named("A").required(true)).arg(Arg::new("o").long("o").required(false)),
            "x [OPTIONS] A",
        ),
    ] {
        assert_eq!(help::usage_line("x", &command), want);
    }
}

#[test]
fn switches_take_values() {
    let verb = top_verb("run".as_ref()).unwrap();
    let matches = |line: &str| parse::verb(verb, "coracle run", &words(line)).unwrap();
    for (line, interactive, tty) in [
        ("img", false, false),
        ("-it img -x", true, true),
        ("-i -t=true img", true, true),
        ("--tty=false -i img", true, false),
        ("-it --tty=0 img --rm", true, false),
    ] {
        let found = matches(line);
        assert_eq!((found.get_flag("interactive"), found.get_flag("tty")), (interactive, tty), "{line}");
        assert!(!found.get_flag("rm"), "{line}: what follows the image is the program's");
    }
}
