//! Variables that cross from the caller, or from one container to another.

use serde_json::json;

use super::{run, with_layer};
use crate::world::{World, host::requires, tree::tree};

/// CVE-2026-57231: an entry of the image without a value takes it from the caller.
#[test]
fn cve_2026_57231_an_image_takes_no_variable_of_the_caller() {
    requires!(Userns);
    let entries = [
        "PATH=/bin",
        "AWS_SECRET",
        "*",
        "AWS_*",
        "AWS_SECRET*",
        "?",
        "",
        "=",
        "=AWS_SECRET",
        "$AWS_SECRET",
        "COPY=$AWS_SECRET",
        "OTHER=${AWS_SECRET}",
        "A\nB=c",
    ];
    let world = with_layer(tree! {}, json!({"Env": entries}));
    let expected = "PATH=/bin\nCOPY=$AWS_SECRET\nOTHER=${AWS_SECRET}\nHOSTNAME=h\nHOME=/root\n";
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let canary = |run: crate::world::Run<'_>| run.env("AWS_SECRET", "canary").succeeds().stdout;
    let said = canary(world.coracle(["run", "--rm", "--hostname=h", "box", "env"]));
    assert_eq!(sorted(&said), sorted(expected));
    canary(world.coracle(["run", "-d", "--name", "one", "--hostname=h", "box", "sleep", "1000"]));
    let said = canary(world.coracle(["exec", "one", "env"]));
    assert_eq!(sorted(&said), sorted(expected));
    for run in [world.coracle(["inspect", "one"]), world.coracle(["image", "inspect", "box"])] {
        assert!(!canary(run).contains("canary"));
    }
}

/// CVE-2020-14370: variables of one container in the next one; and the caller's own in any.
#[test]
fn cve_2020_14370_variables_stay_with_their_container() {
    requires!(Userns);
    let world = World::with_payload();
    let with = |words: &[&str]| world.coracle(words).env("CANARY_CALLER", "canary").succeeds().stdout;
    with(&["run", "-d", "--name", "one", "-e", "CANARY_RUN=canary", "box", "sleep", "1000"]);
    with(&["exec", "-e", "CANARY_EXEC=canary", "one", "true"]);
    with(&["create", "--name", "two", "-e", "CANARY_TWO=canary", "box", "env"]);
    for said in [
        with(&["run", "--rm", "box", "env"]),
        with(&["run", "--rm", "--pid=container:one", "box", "env"]),
        with(&["run", "--rm", "--init", "box", "env"]),
        with(&["image", "inspect", "box"]),
    ] {
        assert!(!said.contains("CANARY"), "{said}");
    }
    let said = with(&["exec", "one", "env"]);
    assert!(
        said.contains("CANARY_RUN") && !said.contains("CANARY_EXEC") && !said.contains("CALLER"),
        "{said}"
    );
    let said = with(&["start", "-a", "two"]);
    assert!(said.contains("CANARY_TWO") && !said.contains("RUN") && !said.contains("CALLER"), "{said}");
    // What process 1 shows of itself is the program's, also where it is our reaper.
    let output = run(&world, &["--init", "-e", "A=mine"], &["cat", "/proc/1/environ"]);
    assert!(!output.stdout.contains("CORACLE_ROOT"), "{output}");
}

/// CVE-2022-4318: a new line in a name or a variable becomes a line of /etc/passwd.
#[test]
fn cve_2022_4318_no_value_becomes_a_line() {
    requires!(Userns);
    let world = World::with_payload();
    let files = ["cat", "/etc/passwd", "/etc/group", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
    let plain = run(&world, &["--hostname=h"], &files).stdout;
    for options in [
        &["-e", "HOME=/x\ny:x:0:0::/:/bin/sh"][..],
        &["-e", "HOME=x\ny:0:0", "-e", "USER=y:x:0:0::/:"],
        &["-w", "/new\ny:x:0:0::/:/bin/sh"],
        &["--label", "a=b\ny:x:0:0"],
    ] {
        let output = run(&world, &[options, &["--hostname=h"]].concat(), &files);
        assert_eq!((output.code, output.stdout.as_str()), (0, plain.as_str()), "{output}");
    }
    for options in [
        &["-u", "x\ny:x:0:0"][..],
        &["-u", "0\n"],
        &["--group-add", "x\ny"],
        &["--hostname", "h\n127.0.0.1 bank"],
        &["--add-host", "a:127.0.0.1\n127.0.0.1 bank"],
        &["--add-host", "a\nb:127.0.0.1"],
        &["--dns", "192.0.2.1\nnameserver 192.0.2.2"],
        &["--dns-search", "a\nnameserver 192.0.2.2"],
        &["--dns-option", "a\nnameserver 192.0.2.2"],
        &["--name", "a\nb"],
        &["-e", "A\nB=x"],
    ] {
        let output = run(&world, options, &files);
        assert!(output.code == 125 && output.stdout.is_empty(), "{output}");
        world.coracle(["ps", "-aq"]).succeeds().prints("");
    }
}
