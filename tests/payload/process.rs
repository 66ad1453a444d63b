//! Commands about the process itself: its ids and limits, its signals and its children.
#![expect(unsafe_code, reason = "signal masks and fork have no safe interface; this is not the product")]

use std::{
    fs, io,
    os::fd::AsFd,
    process::{Command, exit},
    thread,
    time::Duration,
};

use crate::{Outcome, because, number};

pub(crate) fn command(name: &str, arguments: &[&str]) -> Option<Outcome> {
    let outcome = match (name, arguments) {
        ("id", []) => id(),
        ("status", fields) => status(fields),
        ("pid", []) => show(std::process::id()),
        ("ppid", []) => show(std::os::unix::process::parent_id()),
        ("cwd", []) => std::env::current_dir().map(|path| println!("{}", path.display())).map_err(because),
        ("umask", []) => umask(),
        ("hostname", []) => print_file("/proc/sys/kernel/hostname"),
        ("limits", names) => limits(names),
        ("fds", []) => descriptors(),
        ("ps", []) => processes(),
        ("namespace", [kind]) => fs::read_link(format!("/proc/self/ns/{kind}"))
            .map(|text| println!("{}", text.display()))
            .map_err(because),
        ("tty", []) => terminal(),
        ("sleep", [seconds]) => sleep(seconds),
        ("kill", [signal]) => kill(signal),
        ("trap", signals) => trap(signals),
        ("orphan", []) => orphan(),
        ("spam", [_]) => number(arguments).map(|count: u64| (1..=count).for_each(|n| println!("line {n}"))),
        _ => return None,
    };
    Some(outcome)
}

fn show(value: u32) -> Outcome {
    println!("{value}");
    Ok(())
}

fn print_file(path: &str) -> Outcome {
    fs::read_to_string(path).map(|text| print!("{text}")).map_err(because)
}

fn field(name: &str) -> Result<String, String> {
    let text = fs::read_to_string("/proc/self/status").map_err(because)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    Ok(line.ok_or(format!("/proc/self/status has no {name}"))?.trim().replace('\t', " "))
}

/// `uid=… gid=… groups=…`, the real ones.
fn id() -> Outcome {
    let first = |name| Ok::<_, String>(field(name)?.split(' ').next().unwrap_or_default().to_owned());
    println!("uid={} gid={} groups={}", first("Uid")?, first("Gid")?, field("Groups")?.replace(' ', ","));
    Ok(())
}

fn status(fields: &[&str]) -> Outcome {
    fields.iter().try_for_each(|name| {
        println!("{name}: {}", field(name)?);
        Ok(())
    })
}

fn umask() -> Outcome {
    println!("{}", field("Umask")?);
    Ok(())
}

/// `NAME SOFT HARD`, names as in /proc/self/limits with blanks for dashes.
fn limits(names: &[&str]) -> Outcome {
    let text = fs::read_to_string("/proc/self/limits").map_err(because)?;
    for line in text.lines().skip(1) {
        let name = line[..26].trim_end().to_lowercase().replace(' ', "-");
        let mut values = line[26..].split_whitespace();
        if names.contains(&name.as_str()) {
            println!("{name} {} {}", values.next().unwrap_or_default(), values.next().unwrap_or_default());
        }
    }
    Ok(())
}

/// `NUMBER TARGET` of each descriptor, save the one that reads them.
fn descriptors() -> Outcome {
    let entries: Result<Vec<_>, _> = fs::read_dir("/proc/self/fd").map_err(because)?.collect();
    let mut numbers: Vec<u32> = entries
        .map_err(because)?
        .iter()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    for number in numbers {
        if let Ok(target) = fs::read_link(format!("/proc/self/fd/{number}")) {
            println!("{number} {}", target.display());
        }
    }
    Ok(())
}

/// `PID STATE COMMAND` of each process in sight.
fn processes() -> Outcome {
    let entries = fs::read_dir("/proc").map_err(because)?.filter_map(Result::ok);
    let mut pids: Vec<u32> = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    for pid in pids {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let Some((head, tail)) = stat.rsplit_once(") ") else { continue };
        let name = head.split_once('(').map_or("", |(_, name)| name);
        println!("{pid} {} {name}", tail.split(' ').next().unwrap_or_default());
    }
    Ok(())
}

/// Which of the first three descriptors are terminals, and the window's size.
fn terminal() -> Outcome {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    for (name, fd) in [("stdin", stdin.as_fd()), ("stdout", stdout.as_fd()), ("stderr", stderr.as_fd())] {
        match rustix::termios::tcgetwinsize(fd) {
            Ok(size) => println!("{name}: terminal {}x{}", size.ws_col, size.ws_row),
            Err(_) => println!("{name}: no terminal"),
        }
    }
    Ok(())
}

fn sleep(seconds: &str) -> Outcome {
    let seconds: f64 = seconds.parse().map_err(|_| format!("{seconds:?} is not a time"))?;
    thread::sleep(Duration::from_secs_f64(seconds));
    Ok(())
}

fn signal_number(name: &str) -> Result<i32, String> {
    let number = match name {
        "HUP" => libc::SIGHUP,
        "INT" => libc::SIGINT,
        "QUIT" => libc::SIGQUIT,
        "USR1" => libc::SIGUSR1,
        "USR2" => libc::SIGUSR2,
        "TERM" => libc::SIGTERM,
        "KILL" => libc::SIGKILL,
        "SEGV" => libc::SIGSEGV,
        "WINCH" => libc::SIGWINCH,
        other => return Err(format!("unknown signal {other}")),
    };
    Ok(number)
}

fn kill(name: &str) -> Outcome {
    let number = signal_number(name)?;
    // SAFETY: raise and signal take plain numbers; the default action replaces no handler of ours.
    unsafe {
        libc::signal(number, libc::SIG_DFL);
        libc::raise(number);
    }
    Err("still alive".into())
}

/// Prints `ready`, then each of these signals as it comes; ends with status 0 at the last of those named.
fn trap(names: &[&str]) -> Outcome {
    let numbers: Vec<i32> = names.iter().map(|name| signal_number(name)).collect::<Result<_, _>>()?;
    let last = *numbers.last().ok_or("which signals?")?;
    // SAFETY: the set is initialised by sigemptyset before anything reads it.
    let set = unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        for &number in &numbers {
            libc::sigaddset(&raw mut set, number);
        }
        libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
        set
    };
    println!("ready");
    loop {
        let mut number = 0;
        // SAFETY: both pointers are to locals that outlive the call.
        unsafe { libc::sigwait(&raw const set, &raw mut number) };
        let name = numbers.iter().position(|&other| other == number).map_or("?", |at| names[at]);
        println!("got {name}");
        if number == last {
            exit(0);
        }
    }
}

/// Leaves a child behind whose parent ends before it, and waits until the child has ended: process 1 must reap it.
fn orphan() -> Outcome {
    // SAFETY: this program has one thread.
    let child = unsafe { libc::fork() };
    if child == 0 {
        #[expect(clippy::disallowed_methods, reason = "not the product")]
        let started = Command::new("/proc/self/exe").args(["sh", "-c", "sleep 0.1; exit 7"]).spawn();
        exit(i32::from(started.is_err()));
    }
    let mut status = 0;
    // SAFETY: the pointer is to a local.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    thread::sleep(Duration::from_millis(300));
    processes()
}
