//! Sizes in bytes, as docker reads them (`64m` is binary) and prints them (`7.34MB` is decimal).

/// Reads a size of memory: a number, maybe with a fraction, and a binary unit (`64m`, `1.5g`, `512KiB`, `100b`).
pub fn parse(text: &str) -> Result<u64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let shift = match unit.strip_suffix("ib").or_else(|| unit.strip_suffix('b')).unwrap_or(&unit) {
        "" if unit == "ib" => return Err(invalid()),
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        "p" => 50,
        _ => return Err(invalid()),
    };
    scale(number, shift).ok_or_else(invalid)
}

/// `number` times two to the power of `shift`: exact for whole numbers, rounded down for fractions.
fn scale(number: &str, shift: u32) -> Option<u64> {
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift);
    }
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let bytes = number.parse::<f64>().ok()? * (1u64 << shift) as f64;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Prints a size with three digits and a decimal unit, as docker's tables do: `7.34MB`, `0B`.
pub fn decimal(bytes: u64) -> String {
    with_unit(bytes, 1000.0, 3, &["B", "kB", "MB", "GB", "TB", "PB", "EB"])
}

/// Prints a size with four digits and a binary unit, as docker's `info` and `stats` do: `31.21GiB`.
pub fn binary(bytes: u64) -> String {
    with_unit(bytes, 1024.0, 4, &["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"])
}

fn with_unit(bytes: u64, base: f64, digits: usize, units: &[&str]) -> String {
    let mut value = bytes as f64;
    let mut units = units.iter();
    let mut unit = units.next().expect("there is a unit");
    // What rounds up to the base belongs to the next unit.
    while let (true, Some(next)) = (round(value, digits) >= base, units.as_slice().first()) {
        value /= base;
        unit = next;
        units.next();
    }
    format!("{}{unit}", round(value, digits))
}

/// Rounds to `digits` significant digits, none of which is lost before the point.
fn round(value: f64, digits: usize) -> f64 {
    let whole = if value < 1.0 { 1 } else { value.log10().floor() as usize + 1 };
    let scale = 10f64.powi(digits.saturating_sub(whole) as i32);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_docker_sizes() {
        for (text, want) in [
            ("0", 0),
            ("100", 100),
            ("100b", 100),
            ("64m", 64 << 20),
            ("64M", 64 << 20),
            ("64mb", 64 << 20),
            ("64MiB", 64 << 20),
            ("64 MiB", 64 << 20),
            ("1.5g", 3 << 29),
            ("512KiB", 512 << 10),
            ("2t", 2 << 40),
            ("1p", 1 << 50),
            ("9007199254740993", 9007199254740993),
        ] {
            assert_eq!(parse(text), Ok(want), "{text:?}");
        }
        for bad in ["", "m", "-1", "1x", "1mm", ".5g", "1.2.3", "ib", "1ib", "1  m", "99999999p", "1e3", "é"]
        {
            assert_eq!(parse(bad), Err(format!("invalid size: '{bad}'")), "{bad:?}");
        }
    }

    #[test]
    fn prints_docker_sizes() {
        for (bytes, want) in [
            (0, "0B"),
            (1, "1B"),
            (999, "999B"),
            (1000, "1kB"),
            (1234, "1.23kB"),
            (12_345, "12.3kB"),
            (7_338_919, "7.34MB"),
            (999_999, "1MB"),
            (117_000_000, "117MB"),
            (4_261_550, "4.26MB"),
            (u64::MAX, "18.4EB"),
        ] {
            assert_eq!(decimal(bytes), want, "{bytes}");
        }
        for (bytes, want) in
            [(0, "0B"), (1023, "1023B"), (1024, "1KiB"), (33_512_345_600, "31.21GiB"), (64 << 20, "64MiB")]
        {
            assert_eq!(binary(bytes), want, "{bytes}");
        }
    }
}
