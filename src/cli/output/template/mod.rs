//! Go's text/template, as far as docker's users write it in `--format`: fields, pipelines, variables, `if`, `range`,
//! `with`, trimming, comments, and docker's functions. Not there: `define`, `template`, `block`.
//! <https://pkg.go.dev/text/template>
//!
//! ```text
//! text ─ lex ─ tokens ─ parse ─ nodes ─ eval (over a JSON value) ─ text
//! ```

mod compare;
mod eval;
mod functions;
mod lex;
mod parse;
mod printf;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

use serde_json::Value;

/// A template, parsed.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    nodes: Vec<parse::Node>,
}

impl Template {
    /// Parses a template's text.
    pub fn parse(source: &str) -> Result<Self, Error> {
        Ok(Template { source: source.to_owned(), nodes: parse::parse(source)? })
    }

    /// Applies the template to a value, whose field names are docker's.
    pub fn render(&self, root: &Value) -> Result<String, Error> {
        eval::render(&self.source, &self.nodes, root, eval::Mode::Data)
    }

    /// Applies the template to a table's headings: functions that change a value leave them alone.
    pub fn render_headings(&self, headings: &Value) -> Result<String, Error> {
        eval::render(&self.source, &self.nodes, headings, eval::Mode::Headings)
    }

    /// Says whether the template may print this field of the value that it is applied to.
    pub fn uses(&self, field: &str) -> bool {
        self.nodes.iter().any(|node| eval::uses(node, field))
    }
}

/// What is wrong with a template, or with what it does to a value. The texts are Go's, as docker shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    /// The names that there are, for a field that is not.
    names: Vec<String>,
}

impl Error {
    fn parse(source: &str, at: usize, message: impl Into<String>) -> Self {
        let (line, _) = position(source, at);
        Error { message: format!("template: :{line}: {}", message.into()), names: Vec::new() }
    }

    fn exec(source: &str, at: usize, text: &str, failure: Failure) -> Self {
        let (line, column) = position(source, at);
        let message = format!("template: :{line}:{column}: executing \"\" at <{text}>: {}", failure.message);
        Error { message, names: failure.names }
    }

    /// The names of the fields that the value has.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "template parsing error: {}", self.message)
    }
}

impl std::error::Error for Error {}

/// The line, from 1, and the byte in it, from 0, as Go counts them.
fn position(source: &str, at: usize) -> (usize, usize) {
    let before = &source[..at.min(source.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before.len() - line_start)
}

/// Why an operand has no value; where it stands in the template is added later.
#[derive(Debug)]
struct Failure {
    message: String,
    names: Vec<String>,
}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Failure { message, names: Vec::new() }
    }
}
