//! What the program may do: docker's defaults, and the options that change them.

use super::{prints, refused, run};
use crate::world::{World, host::requires};

/// docker's default capability set, as proc(5) shows it.
const DEFAULT: &str = "00000000a80425fb";

/// docker's policy keeps what is in a container from making user namespaces.
#[test]
fn in_a_container_of_its_own() {
    requires!(Userns);
    let world = World::with_payload();
    let program = concat!(env!("CARGO_BIN_EXE_coracle"), ":/coracle:ro");
    let run = |options: &[&str], command: &[&str]| {
        let run = world.coracle(["run", "--rm", "-v", program, "-w", "/tmp"]).args(options);
        run.args(["box", "/coracle", "--root", "/tmp/state"]).args(command).output()
    };
    let hint = "hint: a seccomp policy around this process, a container's most likely, is in the way; run that container \
                with --security-opt seccomp=unconfined\n";
    for command in [&["run", "--rm", "host:", "true"][..], &["system", "df"]] {
        let output = run(&[], command);
        assert!([1, 125].contains(&output.code) && output.stderr.ends_with(hint), "{output}");
        assert_eq!(output.stderr.lines().count(), 2, "{output}");
    }
    let output = run(&["--security-opt", "seccomp=unconfined"], &["run", "--rm", "host:", "payload", "pid"]);
    assert_eq!((output.code, output.stdout.as_str()), (0, "1\n"), "{output}");
}

#[test]
fn capabilities() {
    requires!(Userns);
    let world = World::with_payload();
    let sets = |set: &str| {
        format!(
            "CapInh: 0000000000000000\nCapPrm: {set}\nCapEff: {set}\nCapBnd: {set}\nCapAmb: 0000000000000000\n"
        )
    };
    let status = ["payload", "status", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];
    prints(
        &world,
        &[
            (&[], &status, &sets(DEFAULT)),
            (&["--cap-drop", "ALL"], &status, &sets("0000000000000000")),
            (&["--cap-drop", "all", "--cap-add", "net_bind_service"], &status, &sets("0000000000000400")),
            (&["--cap-add", "CAP_SYS_ADMIN"], &status, &sets("00000000a82425fb")),
            (&["--cap-drop", "CHOWN"], &status, &sets("00000000a80425fa")),
        ],
    );
    refused(&world, &[(&["--cap-add", "FLY"], &["true"], "FLY"), (&["--cap-drop", "FLY"], &["true"], "FLY")]);
}

#[test]
fn another_user_has_no_capabilities() {
    requires!(Userns, Range);
    let world = World::with_payload();
    let expected = format!("CapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: {DEFAULT}\n");
    prints(&world, &[(&["-u", "1000"], &["payload", "status", "CapPrm", "CapEff", "CapBnd"], &expected)]);
}

#[test]
fn seccomp_and_new_privileges() {
    requires!(Userns);
    let world = World::with_payload();
    let status = ["payload", "status", "NoNewPrivs", "Seccomp"];
    let profile = world.file(
        "profile.json",
        r#"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sethostname"], "action": "SCMP_ACT_ERRNO", "errnoRet": 22}]}"#,
    );
    let profile = format!("seccomp={}", profile.display());
    prints(
        &world,
        &[
            (&[], &status, "NoNewPrivs: 0\nSeccomp: 2\n"),
            (&["--security-opt", "no-new-privileges"], &status, "NoNewPrivs: 1\nSeccomp: 2\n"),
            (&["--security-opt", "no-new-privileges:true"], &status, "NoNewPrivs: 1\nSeccomp: 2\n"),
            (&["--security-opt", "seccomp=unconfined"], &status, "NoNewPrivs: 0\nSeccomp: 0\n"),
            (&["--privileged"], &status, "NoNewPrivs: 0\nSeccomp: 0\n"),
            (&["--security-opt", &profile], &["payload", "try", "sethostname"], "sethostname: EINVAL\n"),
        ],
    );
    refused(
        &world,
        &[
            (&["--security-opt", "seccomp=missing.json"], &["true"], "missing.json"),
            (&["--security-opt", "nonsense"], &["true"], "nonsense"),
        ],
    );
}

#[test]
fn calls_that_docker_forbids() {
    requires!(Userns);
    let world = World::with_payload();
    let calls =
        "mount unshare-user unshare-mount keyctl add_key bpf reboot sethostname socket-vsock personality";
    let mut command = vec!["payload", "try"];
    command.extend(calls.split(' '));
    let output = run(&world, &[], &command);
    let expected = calls.split(' ').map(|call| format!("{call}: EPERM\n")).collect::<String>();
    assert_eq!(output.stdout, expected, "{output}");
    prints(
        &world,
        &[
            (&[], &["payload", "try", "clone3", "chroot"], "clone3: ENOSYS\nchroot: allowed\n"),
            (
                &["--privileged"],
                &["payload", "try", "mount", "sethostname"],
                "mount: allowed\nsethostname: allowed\n",
            ),
            (&["--cap-add", "SYS_ADMIN"], &["payload", "try", "mount"], "mount: allowed\n"),
        ],
    );
}

#[test]
fn paths_that_are_masked_or_read_only() {
    requires!(Userns);
    let world = World::with_payload();
    for path in ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug"] {
        if std::path::Path::new(path).exists() {
            prints(&world, &[(&[], &["cat", path], "")]);
        }
    }
    for path in ["/proc/acpi", "/proc/scsi", "/sys/firmware"] {
        if std::path::Path::new(path).is_dir() {
            prints(&world, &[(&[], &["payload", "ls", path], "")]);
        }
    }
    for path in ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/sys/x"] {
        if path == "/proc/sysrq-trigger" && !std::path::Path::new(path).exists() {
            continue;
        }
        let output = run(&world, &[], &["payload", "append", path, "x"]);
        assert!(
            ["append: EROFS\n", "append: EACCES\n"].contains(&output.stderr.as_str()),
            "{path}: {output}"
        );
    }
    let read_only = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"];
    let mounts = run(&world, &[], &[&["payload", "mounts"][..], &read_only].concat()).stdout;
    for path in read_only {
        assert!(mounts.lines().any(|line| line.starts_with(&format!("{path} proc ro,"))), "{path}: {mounts}");
    }
    let unmasked =
        run(&world, &["--security-opt", "unmask=/proc/keys"], &["payload", "mounts", "/proc/keys"]);
    assert_eq!(unmasked.stdout, "", "{unmasked}");
    let masked = run(&world, &["--security-opt", "mask=/etc/passwd"], &["cat", "/etc/passwd"]);
    assert_eq!((masked.code, masked.stdout.as_str()), (0, ""), "{masked}");
}

/// CVE-2019-5736: a program that overwrites /proc/PID/exe of whoever entered its container.
#[test]
fn our_own_file_cannot_be_written_from_inside() {
    requires!(Userns);
    let world = World::with_payload();
    world.coracle(["run", "-d", "--name", "one", "box", "sleep", "1000"]).succeeds();
    let output = world.coracle(["exec", "one", "payload", "append", "/proc/self/exe", "x"]).output();
    assert_ne!(output.code, 0, "{output}");
    let output = run(&world, &["--pid=container:one"], &["payload", "readlink", "/proc/1/exe"]);
    assert_eq!(output.stdout, "/bin/payload\n", "{output}");
}
