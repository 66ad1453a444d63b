//! Files of `NAME=value` lines: `--env-file`, `--label-file`.

/// One line: a name, and its value where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub value: Option<String>,
}

/// Reads the lines by docker's rules: no quoting, `#` begins a comment only at the start of a line, values are kept as
/// they are. Errors begin with `line N: `.
pub fn parse(text: &[u8]) -> Result<Vec<Entry>, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut entries = Vec::new();
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let at = |why: &str| format!("line {}: {why}", index + 1);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = str::from_utf8(line).map_err(|_| at("invalid utf8 bytes"))?.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        entries.push(entry(line).map_err(|why| at(&why))?);
    }
    Ok(entries)
}

fn entry(line: &str) -> Result<Entry, String> {
    let (name, value) = match line.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (line, None),
    };
    if name.is_empty() {
        return Err(format!("no variable name on line '{line}'"));
    }
    if name.contains(char::is_whitespace) {
        return Err(format!("variable '{name}' contains whitespaces"));
    }
    if line.contains('\0') {
        return Err("contains a zero byte".to_owned());
    }
    Ok(Entry { name: name.to_owned(), value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_docker_reads_them() {
        let text = b"\xef\xbb\xbfA=1\r\n# comment\n\n  B= spaced # kept \nC='q'\nD\nE==\n#F=1\n\tG=\n";
        let shown: Vec<String> =
            parse(text).unwrap().into_iter().map(|e| format!("{}>{:?}", e.name, e.value)).collect();
        assert_eq!(
            shown,
            [
                "A>Some(\"1\")",
                "B>Some(\" spaced # kept \")",
                "C>Some(\"'q'\")",
                "D>None",
                "E>Some(\"=\")",
                "G>Some(\"\")"
            ]
        );
    }

    #[test]
    fn errors_name_the_line() {
        for (text, want) in [
            (&b"A=1\n=x\n"[..], "line 2: no variable name on line '=x'"),
            (b"A B=1", "line 1: variable 'A B' contains whitespaces"),
            (b"A=1\n\n\xff=2", "line 3: invalid utf8 bytes"),
            (b"A=1\0", "line 1: contains a zero byte"),
        ] {
            assert_eq!(parse(text).unwrap_err(), want);
        }
    }
}
