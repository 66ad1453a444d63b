//! Signals by name and by number. signal(7); the numbers are those of x86 and arm.

/// In the order of their numbers, from 1.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

const ALIASES: [(&str, i32); 4] = [("IOT", 6), ("CLD", 17), ("POLL", 29), ("UNUSED", 31)];

/// The C library keeps the first two real-time signals for itself.
const RTMIN: i32 = 34;
const RTMAX: i32 = 64;

/// Reads `SIGTERM`, `term`, `15`, `RTMIN+3` or `SIGRTMAX-1`.
pub fn parse(text: &str) -> Result<i32, String> {
    let invalid = || format!("invalid signal: {text}");
    if let Ok(number) = text.parse::<i32>() {
        return if (1..=RTMAX).contains(&number) { Ok(number) } else { Err(invalid()) };
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some(index) = NAMES.iter().position(|known| *known == name) {
        return Ok(index as i32 + 1);
    }
    if let Some((_, number)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return Ok(*number);
    }
    real_time(name).ok_or_else(invalid)
}

fn real_time(name: &str) -> Option<i32> {
    let (base, offset) = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(offset), _) => (RTMIN, offset),
        (_, Some(offset)) => (RTMAX, offset),
        _ => return None,
    };
    let number = match offset.as_bytes() {
        [] => base,
        [b'+' | b'-', digit, ..] if digit.is_ascii_digit() => base.checked_add(offset.parse().ok()?)?,
        _ => return None,
    };
    (RTMIN..=RTMAX).contains(&number).then_some(number)
}

/// The name of a signal, with `SIG`.
pub fn name(number: i32) -> String {
    match number {
        1..=31 => format!("SIG{}", NAMES[number as usize - 1]),
        RTMIN => "SIGRTMIN".to_owned(),
        RTMAX => "SIGRTMAX".to_owned(),
        35..RTMAX => format!("SIGRTMIN+{}", number - RTMIN),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_the_kernels() {
        for (text, want) in [
            ("SIGKILL", libc::SIGKILL),
            ("kill", libc::SIGKILL),
            ("Term", libc::SIGTERM),
            ("SIGUSR1", libc::SIGUSR1),
            ("USR2", libc::SIGUSR2),
            ("CHLD", libc::SIGCHLD),
            ("winch", libc::SIGWINCH),
            ("SIGSYS", libc::SIGSYS),
            ("IOT", libc::SIGABRT),
            ("9", 9),
            ("64", 64),
            ("RTMIN", 34),
            ("SIGRTMIN+3", 37),
            ("rtmax-1", 63),
        ] {
            assert_eq!(parse(text), Ok(want), "{text}");
        }
        for bad in ["", "SIG", "0", "65", "-1", "NOPE", "RTMIN-1", "RTMAX+1", "RTMIN+", "RTMIN+x", "RTMIN++1"]
        {
            assert_eq!(parse(bad), Err(format!("invalid signal: {bad}")));
        }
    }

    #[test]
    fn every_name_is_read_back() {
        for number in (1..=31).chain(34..=64) {
            assert_eq!(parse(&name(number)), Ok(number));
        }
    }
}
