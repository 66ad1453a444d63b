//! Whole documents (`inspect`, `info`, `version`): JSON as docker indents it, or what a template makes of them.

use anyhow::Context;
use serde::Serialize;
use serde_json::{Value, ser::PrettyFormatter};

use super::format::Format;

/// Prints what `inspect` found: an array, or a line for each document where a template is given.
pub fn inspect(documents: &[Value], format: Option<&Format>) -> anyhow::Result<()> {
    super::text(&render(documents, format)?)
}

fn render(documents: &[Value], format: Option<&Format>) -> anyhow::Result<String> {
    let mut text = String::new();
    match format {
        None | Some(Format::Table) if documents.is_empty() => text.push_str("[]"),
        None | Some(Format::Table) => text.push_str(&indented(&documents)?),
        Some(Format::Json) => text.push_str(&serde_json::to_string(documents).context("write JSON")?),
        Some(Format::Template(template) | Format::Columns(template)) => {
            for document in documents {
                text.push_str(&template.render(document)?);
                text.push('\n');
            }
            return Ok(text);
        }
    }
    text.push('\n');
    Ok(text)
}

/// JSON with docker's four spaces.
pub fn indented(value: &impl Serialize) -> anyhow::Result<String> {
    let mut text = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    value.serialize(&mut serializer).context("write JSON")?;
    String::from_utf8(text).context("write JSON")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_as_docker_prints_them() {
        let documents = [json!({"Id": "a", "List": [1]}), json!({"Id": "b"})];
        let format = |text| Format::parse(text).unwrap();
        let pretty = "[\n    {\n        \"Id\": \"b\"\n    }\n]\n";
        assert_eq!(render(&documents[1..], None).unwrap(), pretty);
        assert_eq!(render(&[], None).unwrap(), "[]\n");
        assert_eq!(render(&documents, Some(&format("{{.Id}}"))).unwrap(), "a\nb\n");
        assert_eq!(
            render(&documents, Some(&format("json"))).unwrap(),
            "[{\"Id\":\"a\",\"List\":[1]},{\"Id\":\"b\"}]\n"
        );
        assert!(render(&documents, Some(&format("{{.List}}"))).is_err());
    }
}
