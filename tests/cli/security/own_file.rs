//! CVE-2019-5736: a container that gets hold of our own file, to which its root has every right: it is the caller.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{leaks, wait_for};
use crate::world::{
    Output, World,
    host::requires,
    image::{Image, digest},
    tree::{program, tree},
};

/// How often each attempt is made.
const ROUNDS: usize = 10;

/// A file of ours that the caller may write, as one in ~/bin, so that whoever overwrites it has won.
struct Own {
    path: PathBuf,
    before: (String, u32, u64, i64),
}

impl Own {
    fn new(world: &World) -> Self {
        let path = world.home().join("coracle");
        world.copy_program(env!("CARGO_BIN_EXE_coracle"), &path);
        let before = Self::look_at(&path);
        Own { path, before }
    }

    fn look_at(path: &Path) -> (String, u32, u64, i64) {
        let meta = fs::metadata(path).unwrap();
        (digest(&fs::read(path).unwrap()), meta.mode(), meta.ino(), meta.mtime_nsec())
    }

    #[track_caller]
    fn is_untouched(&self) {
        assert_eq!(Self::look_at(&self.path), self.before);
    }
}

/// An executable of which the kernel starts the interpreter that it names: elf(5).
fn elf_with_interpreter(path: &str) -> Vec<u8> {
    let machine: u16 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
    let base: u64 = 0x1000_0000;
    let interpreter = [path.as_bytes(), b"\0"].concat();
    let headers: u64 = 64 + 2 * 56;
    let size = headers + interpreter.len() as u64;
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    // ET_EXEC, version, entry, program headers, no sections, flags, sizes and counts.
    file.extend([&2u16.to_le_bytes()[..], &machine.to_le_bytes(), &1u32.to_le_bytes()].concat());
    file.extend([base + headers, 64, 0].iter().flat_map(|word: &u64| word.to_le_bytes()));
    file.extend(0u32.to_le_bytes());
    file.extend([64u16, 56, 2, 0, 0, 0].iter().flat_map(|half| half.to_le_bytes()));
    let mut header = |kind: u32, flags: u32, offset: u64, size: u64| {
        file.extend([kind.to_le_bytes(), flags.to_le_bytes()].concat());
        let words = [offset, base + offset, base + offset, size, size, 0x1000];
        file.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    };
    header(3, 4, headers, interpreter.len() as u64);
    header(1, 5, 0, size);
    file.extend(interpreter);
    file
}

/// Commands by which the kernel is to start our file as the container's program; as that it would tell its version.
const PROGRAMS: &[&str] = &["/proc/self/exe", "/bin/script", "/bin/loaded", "/bin/through-link"];

fn hostile_image() -> Image {
    Image::payload().layer(tree! {
        "bin/script" => program("#!/proc/self/exe --version\n"),
        "bin/loaded" => program(elf_with_interpreter("/proc/self/exe")),
        "bin/through-link" => crate::world::tree::link("/proc/self/exe"),
    })
}

/// Nothing of ours was started as the program: refused, or it crashed, as our file does for who takes it as a loader.
#[track_caller]
fn is_not_us(output: &Output) {
    // A terminal has one stream for both.
    let said = format!("{}{}", output.stdout, output.stderr);
    let is_refused = said.starts_with("coracle: exec /proc/self/exe: ") && said.lines().count() == 1;
    assert!(output.code != 0 && (is_refused || said.is_empty()), "{output}");
}

#[test]
fn cve_2019_5736_our_file_is_not_the_containers_program() {
    requires!(Userns);
    let world = World::new();
    let own = Own::new(&world);
    world.load(&hostile_image(), "box:latest");
    let coracle = |words: &[&str]| world.program(&own.path).args(words).output();
    coracle(&["run", "-d", "--name", "one", "box", "sleep", "1000"]);
    for program in PROGRAMS {
        for options in [
            &[][..],
            &["--init"],
            &["--privileged", "--init"],
            &["-t"],
            &["--userns=private"],
            &["--pid=host"],
        ] {
            is_not_us(&coracle(&[&["run", "--rm"], options, &["box", program, "--version"]].concat()));
        }
        for options in [&[][..], &["--privileged"], &["-t"]] {
            is_not_us(&coracle(&[&["exec"], options, &["one", program, "--version"]].concat()));
        }
        // By the image's own word.
        world.load(
            &hostile_image().config(json!({"Entrypoint": [program], "Cmd": ["--version"]})),
            "own:latest",
        );
        is_not_us(&coracle(&["run", "--rm", "own"]));
    }
    own.is_untouched();
}

/// A second process looks for our file among the programs of all that it sees, while we join, start and reap beside it.
#[test]
fn cve_2019_5736_no_process_of_ours_shows_our_file() {
    requires!(Userns);
    let world = World::new();
    let own = Own::new(&world);
    world.load(&hostile_image(), "box:latest");
    let coracle = |words: &[&str]| world.program(&own.path).args(words).output();
    // Not by the private file: its monitor would run it all the time, and nobody can write into what runs.
    let attacker =
        world.coracle(["run", "-d", "--name", "one", "--cap-add=SYS_PTRACE", "--cap-add=SYS_ADMIN", "box"]);
    let size = fs::metadata(&own.path).unwrap().len().to_string();
    attacker.args(["payload", "overwrite", &size]).succeeds();
    wait_for(&world, "one", "overwriting");
    let neighbour = "--pid=container:one";
    for _ in 0..ROUNDS {
        for program in ["true"].iter().chain(PROGRAMS) {
            coracle(&["exec", "one", program, "--version"]);
            coracle(&["exec", "-t", "one", program, "--version"]);
            coracle(&["run", "--rm", neighbour, "box", program, "--version"]);
            coracle(&["run", "--rm", "--init", neighbour, "box", program, "--version"]);
        }
    }
    let mut found = leaks(&world, "one");
    found.dedup();
    assert_eq!(found, [""; 0]);
    own.is_untouched();
}

/// The reaper of `--init` and the monitor are our file, and run as long as the container.
#[test]
fn cve_2019_5736_reaper_and_monitor_are_closed() {
    requires!(Userns);
    for options in [
        &["--init"][..],
        &["--init", "--privileged"],
        &["--init", "--pid=host"],
        &["--init", "--privileged", "--pid=host"],
    ] {
        let world = World::new();
        let own = Own::new(&world);
        world.load(&hostile_image(), "box:latest");
        let run = world.program(&own.path).args(["run", "-d", "--name", "one"]).args(options);
        run.args(["box", "sleep", "1000"]).succeeds();
        let first = world.line(["inspect", "-f", "{{.State.Pid}}", "one"]);
        let stat = fs::read_to_string(format!("/proc/{first}/stat")).unwrap();
        let monitor = stat.rsplit_once(") ").unwrap().1.split(' ').nth(1).unwrap().to_owned();
        let reaper = if options.contains(&"--pid=host") { first.as_str() } else { "1" };
        let mut processes = vec![reaper];
        if options.contains(&"--pid=host") {
            processes.push(&monitor);
        }
        for pid in processes {
            assert_ne!(world.line(["exec", "one", "cat", &format!("/proc/{pid}/comm")]), "payload");
            for file in ["exe", "mem", "fd/0", "maps", "environ"] {
                let path = format!("/proc/{pid}/{file}");
                for command in [["payload", "append", &path, "pwned"], ["payload", "chmod", "777", &path]] {
                    let output = world.coracle(["exec", "--privileged", "one"]).args(command).output();
                    assert_ne!(output.code, 0, "{output}");
                }
                let output = world.coracle(["exec", "--privileged", "one", "cat", &path]).output();
                assert_ne!(output.code, 0, "{output}");
            }
        }
        own.is_untouched();
    }
}
