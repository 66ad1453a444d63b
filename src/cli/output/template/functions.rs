//! The functions that templates may call: Go's own and docker's.

use serde_json::Value;

use super::{
    compare, printf,
    value::{Datum, kind},
};

/// A function: its name, how many operands it takes, and what it does.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    least: usize,
    most: usize,
    pub(super) body: fn(&[Datum]) -> Result<Datum, String>,
    /// Of docker's that change a value's text: they leave headings alone.
    pub(super) changes_text: bool,
    /// The value at which `and` and `or` stop.
    pub(super) decides_at: Option<bool>,
}

impl Function {
    pub(super) fn takes(&self, count: usize) -> bool {
        (self.least..=self.most).contains(&count)
    }

    /// The number of operands, in words.
    pub(super) fn wants(&self) -> String {
        if self.most == self.least { self.least.to_string() } else { format!("at least {}", self.least) }
    }
}

const MANY: usize = usize::MAX;

const fn go(
    name: &'static str,
    least: usize,
    most: usize,
    body: fn(&[Datum]) -> Result<Datum, String>,
) -> Function {
    Function { name, least, most, body, changes_text: false, decides_at: None }
}

const fn docker(name: &'static str, count: usize, body: fn(&[Datum]) -> Result<Datum, String>) -> Function {
    Function { name, least: count, most: count, body, changes_text: true, decides_at: None }
}

static FUNCTIONS: &[Function] = &[
    Function { decides_at: Some(false), ..go("and", 1, MANY, last) },
    Function { decides_at: Some(true), ..go("or", 1, MANY, last) },
    go("not", 1, 1, |a| Ok(Datum::plain(!a[0].is_true()))),
    go("eq", 2, MANY, equal),
    go("ne", 2, 2, |a| Ok(Datum::plain(!compare::equal(&a[0], &a[1])?))),
    go("lt", 2, 2, |a| Ok(Datum::plain(compare::order(&a[0], &a[1])?.is_lt()))),
    go("le", 2, 2, |a| Ok(Datum::plain(compare::order(&a[0], &a[1])?.is_le()))),
    go("gt", 2, 2, |a| Ok(Datum::plain(compare::order(&a[0], &a[1])?.is_gt()))),
    go("ge", 2, 2, |a| Ok(Datum::plain(compare::order(&a[0], &a[1])?.is_ge()))),
    go("index", 1, MANY, index),
    go("slice", 1, 4, slice),
    go("len", 1, 1, length),
    go("print", 0, MANY, |a| Ok(Datum::plain(printf::print(a)))),
    go("println", 0, MANY, |a| Ok(Datum::plain(printf::println(a)))),
    go("printf", 1, MANY, |a| Ok(Datum::plain(printf::printf(&string(&a[0])?, &a[1..])))),
    docker("json", 1, |a| Ok(Datum::plain(a[0].value.to_string()))),
    docker("join", 2, join),
    docker("split", 2, split),
    docker("upper", 1, |a| Ok(Datum::plain(string(&a[0])?.to_uppercase()))),
    docker("lower", 1, |a| Ok(Datum::plain(string(&a[0])?.to_lowercase()))),
    docker("title", 1, |a| Ok(Datum::plain(title(&string(&a[0])?)))),
    docker("pad", 3, pad),
    docker("truncate", 2, truncate),
];

/// Finds a function by its name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

fn last(operands: &[Datum]) -> Result<Datum, String> {
    Ok(operands.last().cloned().unwrap_or(Datum::NOTHING))
}

/// The first equals any of the others.
fn equal(operands: &[Datum]) -> Result<Datum, String> {
    for other in &operands[1..] {
        if compare::equal(&operands[0], other)? {
            return Ok(Datum::plain(true));
        }
    }
    Ok(Datum::plain(false))
}

fn index(operands: &[Datum]) -> Result<Datum, String> {
    let mut item = operands[0].clone();
    for key in &operands[1..] {
        item = item.element(&key.value)?;
    }
    Ok(item)
}

fn slice(operands: &[Datum]) -> Result<Datum, String> {
    let length = match &operands[0].value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.len(),
        other => return Err(format!("can't slice item of type {}", kind(other))),
    };
    let bound = |position: usize, default| match operands.get(position) {
        None => Ok(default),
        Some(bound) => bound
            .value
            .as_u64()
            .and_then(|bound| usize::try_from(bound).ok())
            .filter(|bound| *bound <= length)
            .ok_or_else(|| format!("index out of range: {}", bound.text())),
    };
    let (from, to) = (bound(1, 0)?, bound(2, length)?);
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}"));
    }
    Ok(Datum::plain(match &operands[0].value {
        Value::Array(items) => Value::from(&items[from..to]),
        text => {
            let bytes = text.as_str().unwrap_or_default().as_bytes();
            String::from_utf8_lossy(&bytes[from..to]).into_owned().into()
        }
    }))
}

fn length(operands: &[Datum]) -> Result<Datum, String> {
    use super::value::Shape;
    match &operands[0].value {
        Value::String(text) => Ok(Datum::plain(text.len())),
        Value::Array(items) => Ok(Datum::plain(items.len())),
        Value::Object(entries) => Ok(Datum::plain(entries.len())),
        Value::Null if operands[0].shape != Shape::Plain => Ok(Datum::plain(0)),
        Value::Null => Err("len of nil pointer".to_owned()),
        other => Err(format!("len of type {}", kind(other))),
    }
}

fn string(operand: &Datum) -> Result<String, String> {
    match &operand.value {
        Value::String(text) => Ok(text.clone()),
        other => Err(format!("wrong type for value; expected string; got {}", kind(other))),
    }
}

fn number(operand: &Datum) -> Result<usize, String> {
    match operand.value.as_i64() {
        Some(number) => Ok(usize::try_from(number).unwrap_or(0)),
        None => Err(format!("wrong type for value; expected int; got {}", kind(&operand.value))),
    }
}

fn join(operands: &[Datum]) -> Result<Datum, String> {
    let items = match &operands[0].value {
        Value::Array(items) => items.as_slice(),
        Value::Null => &[],
        other => return Err(format!("wrong type for value; expected []string; got {}", kind(other))),
    };
    let items: Vec<String> = items.iter().map(|item| Datum::plain(item.clone()).text()).collect();
    Ok(Datum::plain(items.join(&string(&operands[1])?)))
}

fn split(operands: &[Datum]) -> Result<Datum, String> {
    let (text, separator) = (string(&operands[0])?, string(&operands[1])?);
    let parts: Vec<Value> = match separator.as_str() {
        "" => text.chars().map(|c| c.to_string().into()).collect(),
        separator => text.split(separator).map(Value::from).collect(),
    };
    Ok(Datum::plain(parts))
}

/// The first letter of each word in upper case.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    for character in text.chars() {
        if inside {
            out.push(character);
        } else {
            out.extend(character.to_uppercase());
        }
        inside = character.is_alphanumeric() || matches!(character, '_' | '\'');
    }
    out
}

/// Spaces before and after, unless there is nothing between them.
fn pad(operands: &[Datum]) -> Result<Datum, String> {
    const WIDEST: usize = 10_000;
    let (text, before, after) = (string(&operands[0])?, number(&operands[1])?, number(&operands[2])?);
    if text.is_empty() {
        return Ok(Datum::plain(text));
    }
    let spaces = |count: usize| " ".repeat(count.min(WIDEST));
    Ok(Datum::plain(format!("{}{text}{}", spaces(before), spaces(after))))
}

fn truncate(operands: &[Datum]) -> Result<Datum, String> {
    let (text, length) = (string(&operands[0])?, number(&operands[1])?);
    Ok(Datum::plain(text.chars().take(length).collect::<String>()))
}
