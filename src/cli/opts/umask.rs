//! `--umask`: an octal number. umask(2).

/// Reads one `--umask`.
pub fn parse(text: &str) -> Result<u32, String> {
    let digits = !text.is_empty() && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
    let mask = u32::from_str_radix(text, 8).ok().filter(|mask| digits && *mask <= 0o777);
    mask.ok_or_else(|| format!("invalid umask string {text}: want an octal number up to 0777"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octal_up_to_777() {
        for (text, want) in [("0022", 0o22), ("077", 0o77), ("0", 0), ("777", 0o777)] {
            assert_eq!(parse(text), Ok(want));
        }
        for bad in ["", "8", "+22", "-1", "1000", "0x12"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
