//! What an image says of itself, and the programs that it brings.

use serde_json::{Value, json};

use super::{run, with_layer};
use crate::world::{
    World,
    host::requires,
    image::Image,
    tree::{dir, program, tree},
};

/// Labels and annotations by which some tool takes orders.
const ORDERS: &[(&str, &str)] = &[
    ("RUN", "podman run --privileged IMAGE"),
    ("INSTALL", "touch /pwned"),
    ("io.containers.capabilities", "ALL"),
    ("io.containers.autoupdate", "registry"),
    ("io.podman.annotations.privileged", "TRUE"),
    ("io.podman.annotations.seccomp", "unconfined"),
    ("io.podman.annotations.label", "disable"),
    ("io.podman.annotations.userns", "host"),
    ("io.podman.annotations.pids-limit/ctr", "-1"),
    ("io.podman.annotations.volumes-from", "one"),
    ("io.podman.annotations.init", "TRUE"),
    ("io.kubernetes.cri-o.Devices", "/dev/kmsg"),
    ("io.kubernetes.cri-o.userns-mode", "host"),
    ("io.kubernetes.cri-o.TrySkipVolumeSELinuxLabel", "true"),
    ("io.kubernetes.cri-o.LogPath", "/tmp/pwned"),
    ("io.kubernetes.cri-o.MountPoint", "/"),
    ("run.oci.keep_original_groups", "1"),
    ("run.oci.systemd.subgroup", ""),
    ("run.oci.hooks.stdout", "/tmp/pwned"),
    ("run.oci.handler", "krun"),
    ("run.oci.mount_context_type", "context"),
    ("run.oci.delegate-cgroup", "x"),
    ("run.oci.seccomp_fail_unknown_syscall", "0"),
    ("run.oci.seccomp.bpf", "AAAA"),
    ("org.systemd.property.ExecStartPre", "['/bin/touch', '/tmp/pwned']"),
    ("org.criu.config", "/tmp/pwned"),
    ("org.opencontainers.image.ref.name", "other:latest"),
    ("com.docker.compose.project", "pwned"),
    ("com.docker.security.seccomp", "unconfined"),
    ("coracle.privileged", "true"),
    ("user.coracle.owner", "0:0"),
];

/// CVE-2026-53488, CVE-2024-3154, CVE-2026-53492: an image's labels steer the tool that runs it.
#[test]
fn cve_2024_3154_labels_are_labels() {
    requires!(Userns);
    let world = World::with_payload();
    let labels: serde_json::Map<String, Value> =
        ORDERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    let mut archive =
        Image::payload().config(json!({"Labels": labels})).oci(Some("docker.io/library/steered:latest"));
    archive.edit("index.json", |index| {
        let mut annotations = labels.clone();
        annotations.remove("org.opencontainers.image.ref.name");
        index["annotations"] = annotations.clone().into();
        let of_image = index["manifests"][0]["annotations"].as_object_mut().unwrap();
        of_image.extend(annotations);
    });
    world.coracle(["load", "-q"]).stdin(archive.tar()).succeeds().prints("Loaded image: steered:latest\n");
    let mut configs = Vec::new();
    for image in ["box", "steered"] {
        world.coracle(["create", "--name", image, image, "true"]).succeeds();
        let text = world.coracle(["inspect", image]).succeeds().stdout;
        let mut config: Value = serde_json::from_str(&text).unwrap();
        let config = &mut config[0];
        config["Config"]["Labels"] = Value::Null;
        config["Config"]["Image"] = Value::Null;
        let kept = ["HostConfig", "Mounts", "Config", "NetworkSettings", "Path", "Args"];
        let kept: Vec<_> = kept.iter().map(|key| config[*key].to_string()).collect();
        let id = config["Id"].as_str().unwrap().to_owned();
        configs.push(kept.join("\n").replace(&id, "ID").replace(&id[..12], "ID"));
    }
    assert_eq!(configs[0], configs[1]);
    let inside = |image: &str| {
        let script =
            "status CapEff CapBnd NoNewPrivs Seccomp Groups; mounts; ls /dev; limits max-processes; id; ps";
        world.coracle(["run", "--rm", image, "sh", "-c", script]).succeeds().stdout
    };
    assert_eq!(inside("box"), inside("steered"));
    assert!(!std::path::Path::new("/tmp/pwned").exists());
}

/// CVE-2022-1227: a helper is looked for where the image can put one, and runs outside of the container.
#[test]
fn cve_2022_1227_no_program_of_the_image_runs_on_the_host() {
    requires!(Userns, Program("sh"), Program("touch"));
    let canary = World::new();
    let ran = canary.files().join("ran");
    // On the host it would leave a trace; in the container there is no such directory, and no touch.
    let trap = || program(format!("#!/bin/sh\ntouch {}\n", ran.display()));
    let names = [
        "newuidmap",
        "newgidmap",
        "nsenter",
        "ps",
        "tar",
        "gzip",
        "zstd",
        "sh",
        "mount",
        "umount",
        "id",
        "getent",
        "ip",
        "runc",
        "crun",
        "touch",
        "fuse-overlayfs",
    ];
    let dirs = ["usr/bin", "usr/local/bin", "sbin", "usr/sbin", "work"];
    let layer = dirs.iter().fold(tree! { "work" => dir(), "tmp/sub" => dir() }, |tree, dir| {
        names.iter().fold(tree, |tree, name| tree.and(format!("{dir}/{name}"), trap()))
    });
    let config = json!({
        "Env": ["PATH=/bin:/usr/local/bin:/usr/bin:/usr/sbin:/sbin:/work", "LD_PRELOAD=/work/sh", "CORACLE_ROOT=/work", "SHELL=/work/sh"],
        "WorkingDir": "/work",
        "Healthcheck": {"Test": ["CMD-SHELL", "/work/sh"], "Interval": 1_000_000},
        "Shell": ["/work/sh"],
        "Volumes": {"/work/data": {}},
    });
    let world = with_layer(layer.clone(), config);
    layer.write(&world.files().join("rootfs"));
    world.copy_program(crate::world::host::payload(), world.files().join("rootfs/payload"));
    let here = |words: &[&str]| world.coracle(words).cwd(world.files().join("rootfs/work")).output();
    for options in [
        &["-d", "--name", "one"][..],
        &["--rm"],
        &["--rm", "--init"],
        &["--rm", "-t"],
        &["--rm", "--userns=private"],
        &["--rm", "--privileged"],
    ] {
        let output = here(
            &[&["run"], options, &["box", "payload", "sleep", if options[0] == "-d" { "1000" } else { "0" }]]
                .concat(),
        );
        assert_eq!(output.code, 0, "{output}");
    }
    let commands: &[&[&str]] = &[
        &["exec", "one", "true"],
        &["exec", "-t", "one", "true"],
        &["ps", "-a", "-s"],
        &["inspect", "-s", "one"],
        &["logs", "one"],
        &["restart", "-t", "0", "one"],
        &["save", "-o", "/dev/null", "box"],
        &["create", "--name", "two", "box"],
        &["system", "df"],
        &["info"],
        &["rm", "-f", "-v", "one", "two"],
    ];
    for words in commands {
        let output = here(words);
        assert_eq!(output.code, 0, "{output}");
    }
    let output = here(&["run", "--rm", "--rootfs", "..", "/payload", "true"]);
    assert_eq!(output.code, 0, "{output}");
    assert!(!ran.exists(), "a program of the image ran on the host");
    let output = run(&world, &[], &["payload", "env"]);
    assert!(output.stdout.contains("LD_PRELOAD=/work/sh"), "it is the container's own business: {output}");
}
