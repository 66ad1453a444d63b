//! Listings (`ps`, `images`, `volume ls`, `history` …): what an item's fields are, and docker's ways to print them.

use serde_json::{Map, Value};

use super::{format::Format, table, template::Template};

/// A field of the items that a command lists.
#[derive(Debug)]
pub struct Field<R> {
    /// docker's name in templates and JSON: `ID`.
    pub name: &'static str,
    /// The column's heading: `CONTAINER ID`.
    pub heading: &'static str,
    pub value: fn(&R) -> Value,
}

/// What a command lists: a `const` of its file.
#[derive(Debug)]
pub struct Listing<R: 'static> {
    /// All fields. One named `Label` holds a map and is asked by key (`{{.Label "name"}}`); it is not in the JSON.
    pub fields: &'static [Field<R>],
    /// The names of those that the command's own table shows.
    pub columns: &'static [&'static str],
}

impl<R> Listing<R> {
    /// Prints the items.
    pub fn print(&self, items: &[R], format: &Format) -> anyhow::Result<()> {
        super::text(&self.render(items, format, self.columns)?)
    }

    /// Prints the items with other columns than the usual (`ps --size`, `images --digests`).
    pub fn print_columns(&self, items: &[R], format: &Format, columns: &[&str]) -> anyhow::Result<()> {
        super::text(&self.render(items, format, columns)?)
    }

    fn render(&self, items: &[R], format: &Format, columns: &[&str]) -> anyhow::Result<String> {
        match format {
            Format::Table => Ok(self.table(items, columns)),
            Format::Columns(template) => {
                let mut lines = vec![self.headings(template)];
                lines.extend(self.lines(items, template)?);
                Ok(table::align(&lines))
            }
            Format::Json => {
                let mut text = String::new();
                for item in items {
                    text.push_str(&self.object(item, false).to_string());
                    text.push('\n');
                }
                Ok(text)
            }
            Format::Template(template) => {
                let mut text = self.lines(items, template)?.join("\n");
                text.push_str(if items.is_empty() { "" } else { "\n" });
                Ok(text)
            }
        }
    }

    fn table(&self, items: &[R], columns: &[&str]) -> String {
        let fields: Vec<&Field<R>> =
            columns.iter().filter_map(|name| self.fields.iter().find(|field| field.name == *name)).collect();
        let headings: Vec<&str> = fields.iter().map(|field| field.heading).collect();
        let mut lines = vec![headings.join("\t")];
        for item in items {
            let cells: Vec<String> = fields.iter().map(|field| cell(&(field.value)(item))).collect();
            lines.push(cells.join("\t"));
        }
        table::align(&lines)
    }

    fn lines(&self, items: &[R], template: &Template) -> anyhow::Result<Vec<String>> {
        // `{{json .}}` is all that can see whether `Label` is there.
        let with_label = template.uses("Label") && !template.uses("");
        items.iter().map(|item| Ok(template.render(&self.object(item, with_label))?)).collect()
    }

    /// The first line of a table that a template makes. docker leaves it empty where the template wants more than text.
    fn headings(&self, template: &Template) -> String {
        let headings: Map<String, Value> =
            self.fields.iter().map(|field| (field.name.to_owned(), field.heading.into())).collect();
        template.render_headings(&Value::Object(headings)).unwrap_or_default()
    }

    fn object(&self, item: &R, with_label: bool) -> Value {
        let fields = self.fields.iter().filter(|field| with_label || field.name != "Label");
        Value::Object(fields.map(|field| (field.name.to_owned(), (field.value)(item))).collect())
    }
}

/// A cell holds one line without tabs, whatever an image's labels say.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Item {
        id: u32,
        name: &'static str,
    }

    const LISTING: Listing<Item> = Listing {
        fields: &[
            Field { name: "ID", heading: "CONTAINER ID", value: |item| format!("{:012}", item.id).into() },
            Field { name: "Names", heading: "NAMES", value: |item| item.name.into() },
            Field { name: "Size", heading: "SIZE", value: |_| "0B".into() },
            Field {
                name: "Label",
                heading: "",
                value: |item| serde_json::json!(BTreeMap::from([("com.example.role", item.name)])),
            },
        ],
        columns: &["ID", "Names"],
    };

    fn show(format: &str, columns: &[&str]) -> String {
        let items = [Item { id: 1, name: "web" }, Item { id: 22, name: "a\tlong\nname" }];
        LISTING.render(&items, &Format::parse(format).unwrap(), columns).unwrap()
    }

    #[test]
    fn tables() {
        let want = "CONTAINER ID   NAMES\n000000000001   web\n000000000022   a long name\n";
        assert_eq!(show("table", LISTING.columns), want);
        let want = "NAMES         SIZE\nweb           0B\na long name   0B\n";
        assert_eq!(show("table", &["Names", "Size"]), want);
        let want = "CONTAINER ID   ID\n000000000001   0000\n000000000022   0000\n";
        assert_eq!(show(r"table {{.ID}}\t{{truncate .ID 4}}", &[]).replace("CONTAINER ID\n", "ID\n"), want);
        let want = "ROLE      SIZE\nweb       0B\n";
        assert!(show(r#"table {{.Label "com.example.role"}}\t{{.Size}}"#, &[]).starts_with(want));
    }

    #[test]
    fn json_and_templates() {
        let want = "{\"ID\":\"000000000001\",\"Names\":\"web\",\"Size\":\"0B\"}\n";
        assert!(show("json", &[]).starts_with(want));
        assert!(show("{{json .}}", &[]).starts_with(want));
        assert_eq!(show("{{.Names | len}}", &[]), "3\n11\n");
        assert_eq!(show(r#"{{.Label "com.example.role" | upper}}"#, &[]), "WEB\nA\tLONG\nNAME\n");
        assert_eq!(LISTING.render(&[], &Format::parse("{{.ID}}").unwrap(), &[]).unwrap(), "");
        assert_eq!(LISTING.render(&[], &Format::Table, LISTING.columns).unwrap(), "CONTAINER ID   NAMES\n");
    }

    #[test]
    fn an_unknown_field_is_an_error() {
        let format = Format::parse("{{.Nope}}").unwrap();
        let error = LISTING.render(&[Item { id: 1, name: "web" }], &format, &[]).unwrap_err();
        assert!(error.to_string().contains("map has no entry for key \"Nope\""), "{error}");
    }
}
