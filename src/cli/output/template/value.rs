//! Values as a template sees them. JSON does not tell a structure from a map, nor a missing list from a missing map,
//! and Go's texts do: what a field of docker's documents holds is known by its name.

use std::fmt::Write;

use serde_json::Value;

use super::Failure;

/// A value, and what JSON does not say of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Datum {
    pub(super) value: Value,
    pub(super) shape: Shape,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    List,
    /// Any key may be missing.
    Map,
    /// A map of strings: the value of a missing key is the empty string.
    Strings,
}

const LISTS: &[&str] = &[
    "Args",
    "BindMounts",
    "Binds",
    "CapAdd",
    "CapDrop",
    "Cmd",
    "Devices",
    "Dns",
    "DnsOptions",
    "DnsSearch",
    "Entrypoint",
    "Env",
    "ExecIDs",
    "ExtraHosts",
    "GroupAdd",
    "Layers",
    "Links",
    "MaskedPaths",
    "Mounts",
    "OnBuild",
    "ReadonlyPaths",
    "RepoDigests",
    "RepoTags",
    "SecurityOpt",
    "Shell",
    "Ulimits",
    "VolumesFrom",
];

const MAPS: &[&str] = &["ExposedPorts", "Networks", "PortBindings", "Ports", "Volumes"];

const STRINGS: &[&str] =
    &["Annotations", "Data", "DriverOpts", "LabelMap", "Labels", "Label", "Options", "Sysctls", "Tmpfs"];

impl Datum {
    pub(super) const NOTHING: Datum = Datum { value: Value::Null, shape: Shape::Plain };

    pub(super) fn plain(value: impl Into<Value>) -> Self {
        Datum { value: value.into(), shape: Shape::Plain }
    }

    /// Go's truth: not false, zero, empty or absent.
    pub(super) fn is_true(&self) -> bool {
        match &self.value {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::Object(entries) => !entries.is_empty(),
        }
    }

    /// What printing it gives: Go's `%v`.
    pub(super) fn text(&self) -> String {
        match (&self.value, self.shape) {
            (Value::Null, Shape::Plain) => "<no value>".to_owned(),
            (Value::Null, Shape::List) => "[]".to_owned(),
            (Value::Null, Shape::Map | Shape::Strings) => "map[]".to_owned(),
            (value, _) => text(value),
        }
    }

    /// The value that a chain of field names leads to.
    pub(super) fn fields(&self, names: &[String]) -> Result<Datum, Failure> {
        let (mut value, mut shape) = (&self.value, self.shape);
        for name in names {
            (value, shape) = field(value, shape, name)?;
        }
        Ok(Datum { value: value.clone(), shape })
    }

    /// One element, as `index` gives it.
    pub(super) fn element(&self, key: &Value) -> Result<Datum, String> {
        match (&self.value, key) {
            (Value::Object(entries), Value::String(key)) => match entries.get(key) {
                Some(value) => Ok(Datum { value: value.clone(), shape: shape_of(key) }),
                None => Ok(self.missing_element()),
            },
            (Value::Array(items), Value::Number(index)) => {
                let found = index.as_u64().and_then(|index| items.get(usize::try_from(index).ok()?));
                found.cloned().map(Datum::plain).ok_or_else(|| format!("index out of range: {index}"))
            }
            (Value::String(text), Value::Number(index)) => {
                let found =
                    index.as_u64().and_then(|index| text.as_bytes().get(usize::try_from(index).ok()?));
                found.map(|byte| Datum::plain(*byte)).ok_or_else(|| format!("index out of range: {index}"))
            }
            (Value::Null, _) if self.shape == Shape::Plain => Err("index of untyped nil".to_owned()),
            (Value::Null, Value::String(_)) => Ok(self.missing_element()),
            (Value::Null, index) => Err(format!("index out of range: {}", text(index))),
            (Value::Object(_) | Value::Array(_), key) => Err(format!("cannot index with type {}", kind(key))),
            (value, _) => Err(format!("can't index item of type {}", kind(value))),
        }
    }

    fn missing_element(&self) -> Datum {
        if self.shape == Shape::Strings { Datum::plain("") } else { Datum::NOTHING }
    }
}

fn field<'a>(value: &'a Value, shape: Shape, name: &str) -> Result<(&'a Value, Shape), Failure> {
    const NULL: &Value = &Value::Null;
    match (value, shape) {
        (Value::Object(entries), _) if entries.contains_key(name) => Ok((&entries[name], shape_of(name))),
        (Value::Object(_) | Value::Null, Shape::Map | Shape::Strings) => Ok((NULL, Shape::Plain)),
        (Value::Object(entries), _) => Err(Failure {
            message: format!("map has no entry for key {name:?}"),
            names: entries.keys().cloned().collect(),
        }),
        (Value::Null, _) => Err(format!("nil data; no entry for key {name:?}").into()),
        (value, _) => Err(format!("can't evaluate field {name} in type {}", kind(value)).into()),
    }
}

fn shape_of(name: &str) -> Shape {
    match name {
        _ if LISTS.contains(&name) => Shape::List,
        _ if MAPS.contains(&name) => Shape::Map,
        _ if STRINGS.contains(&name) => Shape::Strings,
        _ => Shape::Plain,
    }
}

/// Go's name for a value's type.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn text(value: &Value) -> String {
    let mut out = String::new();
    write_text(&mut out, value);
    out
}

fn write_text(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number_text(number)),
        Value::String(text) => out.push_str(text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { " " });
                write_text(out, item);
            }
            out.push(']');
        }
        Value::Object(entries) => {
            out.push_str("map[");
            for (index, (key, value)) in entries.iter().enumerate() {
                let _ = write!(out, "{}{key}:", if index == 0 { "" } else { " " });
                write_text(out, value);
            }
            out.push(']');
        }
    }
}

fn number_text(number: &serde_json::Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e21 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}
