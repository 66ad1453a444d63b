//! What help says of whole commands.

use super::*;
use crate::cli::{Found, find};

fn help(line: &str) -> String {
    let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    match find(&words) {
        Found::Verb(called) => text(&called),
        _ => panic!("{line}"),
    }
}

#[test]
fn aliases_are_what_can_be_typed() {
    for (line, aliases) in [
        ("rmi", "coracle image rm, coracle image remove, coracle rmi"),
        ("image remove", "coracle image rm, coracle image remove, coracle rmi"),
        ("ps", "coracle container ls, coracle container list, coracle container ps, coracle ps"),
        ("run", "coracle container run, coracle run"),
    ] {
        let text = help(line);
        assert!(text.contains(&format!("\nAliases:\n  {aliases}\n")), "{text}");
    }
    for line in ["inspect", "image exists"] {
        assert!(!help(line).contains("Aliases"), "{line}");
    }
    assert!(!root_text().contains("aliases"));
}

/// Texts are wrapped; here they are one line.
#[test]
fn arguments_values_and_defaults_are_named() {
    for (line, parts) in [
        (
            "pull",
            &["Arguments: SOURCE oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:NAME]"][..],
        ),
        ("import", &["FILE|- A tarball", "REPOSITORY[:TAG] The image's name"]),
        ("untag", &["NAME[:TAG] The names to take away (default all)"]),
        ("completion", &["SHELL bash, zsh or fish"]),
        ("logs", &["CONTAINER A container", "16 to 32 MiB"]),
        ("save", &["docker-archive, oci-archive or oci-dir (default docker-archive)"]),
        ("inspect", &["container, image or volume", "containers, images and volumes"]),
        ("run", &["(default 64m)", "ctrl-p,ctrl-q", "stdin, stdout or stderr", "host:", "SIGTERM"]),
        ("restart", &["else 10)"]),
    ] {
        let text = help(line).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(text.contains(part), "{line}: {part}: {text}");
        }
    }
    assert!(!help("container rm").contains("Arguments:"));
}
