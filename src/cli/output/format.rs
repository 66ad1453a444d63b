//! `--format`: `table`, `table TEMPLATE`, `json` or a template.

use super::template::{Error, Template};

/// How a listing is printed.
#[derive(Debug, Clone, Default)]
pub enum Format {
    /// The listing's own table.
    #[default]
    Table,
    /// A table whose rows are made by a template.
    Columns(Template),
    /// One JSON object a line.
    Json,
    /// A line for each item.
    Template(Template),
}

impl Format {
    /// Reads the option's value: `#[arg(long, value_parser = Format::parse)]`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.trim() {
            "" | "table" => Ok(Format::Table),
            "json" => Ok(Format::Json),
            trimmed => match trimmed.strip_prefix("table ") {
                Some(columns) => Template::parse(columns.trim_start()).map(Format::Columns),
                None => Template::parse(text).map(Format::Template),
            },
        }
    }

    /// Says whether a field may be printed that is not in the listing's own table: it may cost something to find out.
    pub fn uses(&self, field: &str) -> bool {
        match self {
            Format::Table => false,
            Format::Json => true,
            Format::Columns(template) | Format::Template(template) => template.uses(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert!(matches!(Format::parse("table"), Ok(Format::Table)));
        assert!(matches!(Format::parse("json"), Ok(Format::Json)));
        assert!(matches!(Format::parse("table {{.ID}}\\t{{.Names}}"), Ok(Format::Columns(_))));
        assert!(matches!(Format::parse("{{.ID}}"), Ok(Format::Template(_))));
        assert!(Format::parse("{{.ID").is_err());
        assert!(Format::parse("{{.Size}}").is_ok_and(|format| format.uses("Size") && !format.uses("ID")));
    }
}
