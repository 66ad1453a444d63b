//! One line of comma-separated values with Go's quoting (RFC 4180), as `--mount` takes it.

/// Splits a line into its fields.
pub fn split(line: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => plain_field(rest)?,
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

fn plain_field(text: &str) -> Result<(String, &str), String> {
    let (field, rest) = text.split_at(text.find(',').unwrap_or(text.len()));
    if field.contains('"') {
        return Err(format!("bare \" in non-quoted field {field:?}"));
    }
    Ok((field.to_owned(), rest))
}

/// A field after its opening quote; `""` in it stands for one quote.
fn quoted_field(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (part, after) = rest.split_once('"').ok_or("extraneous or missing \" in quoted field")?;
        field.push_str(part);
        match after.chars().next() {
            None | Some(',') => return Ok((field, after)),
            Some('"') => field.push('"'),
            Some(_) => return Err("extraneous or missing \" in quoted field".to_owned()),
        }
        rest = &after[1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        for (line, want) in [
            ("a", &["a"][..]),
            ("a,b=c", &["a", "b=c"]),
            ("", &[""]),
            ("a,,b,", &["a", "", "b", ""]),
            ("\"a,b\",c", &["a,b", "c"]),
            ("a,\"b=\"\"c\"\"\"", &["a", "b=\"c\""]),
            ("\"\",x", &["", "x"]),
        ] {
            assert_eq!(split(line).unwrap(), want, "{line}");
        }
        for bad in ["a\"b", "\"a", "\"a\"b", "x,\""] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
