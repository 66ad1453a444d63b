//! `import`: a root file system's tarball becomes an image of one layer.

use crate::world::{
    World,
    host::{self, requires},
    image::{gzip, zstd},
    tree::{dir, file, program, tree},
};

fn tarball() -> Vec<u8> {
    let payload = std::fs::read(host::payload()).unwrap();
    tree! { "bin" => dir(), "bin/payload" => program(payload), "etc" => dir(), "etc/motd" => file("imported\n") }.tar()
}

#[test]
fn every_packing_and_source() {
    requires!(Userns);
    let world = World::new();
    for (n, bytes) in [tarball(), gzip(&tarball()), zstd(&tarball())].into_iter().enumerate() {
        let path = world.file("rootfs.tar", &bytes);
        let name = format!("base:{n}");
        let output = world.coracle(["import", path.to_str().unwrap(), &name]).succeeds();
        assert_eq!(world.normal(&output.stdout), "sha256:<id>\n", "{output}");
        world
            .coracle(["run", "--rm", &name, "/bin/payload", "cat", "/etc/motd"])
            .succeeds()
            .prints("imported\n");
        world.coracle(["import", "-", &format!("stdin:{n}")]).stdin(bytes).succeeds();
    }
}

#[test]
fn changes_and_a_message() {
    requires!(Userns);
    let world = World::new();
    let path = world.file("rootfs.tar", tarball());
    let changes = [
        "ENV A=b C=\"d e\"",
        "CMD [\"/bin/payload\", \"env\"]",
        "WORKDIR /etc",
        "LABEL k=v",
        "USER 0",
        "EXPOSE 80/tcp",
    ];
    let mut line = vec!["import", "-m", "from a tar"];
    changes.iter().for_each(|change| line.extend(["--change", *change]));
    world.coracle(line).args([path.to_str().unwrap(), "base"]).succeeds();
    let output = world.coracle(["run", "--rm", "base"]).succeeds();
    assert!(output.stdout.contains("A=b\n") && output.stdout.contains("C=d e\n"), "{output}");
    let template = "{{.Config.WorkingDir}} {{.Config.Labels.k}} {{json .Config.ExposedPorts}} {{.Comment}}";
    let output = world.coracle(["image", "inspect", "-f", template, "base"]).succeeds();
    output.prints("/etc v {\"80/tcp\":{}} from a tar\n");
}

#[test]
fn wrong_arguments() {
    let world = World::new();
    let path = world.file("rootfs.tar", tarball());
    let path = path.to_str().unwrap();
    for arguments in [
        &["import"][..],
        &["import", "missing.tar"],
        &["import", path, "UPPER"],
        &["import", path, "name", "surplus"],
        &["import", "--change", "FROM x", path, "name"],
        &["import", "--change", "", path, "name"],
    ] {
        let output = world.coracle(arguments).output();
        assert!(
            output.code != 0 && output.stdout.is_empty() && output.stderr.starts_with("coracle: "),
            "{output}"
        );
    }
    world.coracle(["images", "-q"]).succeeds().prints("");
}

#[test]
fn nothing_is_no_tarball_and_a_tarball_of_nothing_is() {
    let world = World::new();
    for nothing in [Vec::new(), gzip(b""), zstd(b"")] {
        let output = world.coracle(["import", "-", "name"]).stdin(nothing).exits(125);
        output.complains("coracle: import -: it is empty\n");
        assert_eq!(world.content(), [""; 0]);
    }
    world.coracle(["import", "-", "name"]).stdin(vec![0; 1024]).succeeds();
}
