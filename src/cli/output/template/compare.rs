//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`, by Go's rules: values of different kinds are not compared.

use std::cmp::Ordering;

use serde_json::Value;

use super::value::Datum;

const INCOMPATIBLE: &str = "incompatible types for comparison";
const INVALID: &str = "invalid type for comparison";

/// Says whether two values are equal; only the absence of a value goes with any kind.
pub(super) fn equal(one: &Datum, other: &Datum) -> Result<bool, String> {
    match (&one.value, &other.value) {
        (Value::Null, other) => Ok(other.is_null()),
        (_, Value::Null) => Ok(false),
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => {
            Err("non-comparable type".to_owned())
        }
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        _ => Ok(order(one, other)? == Ordering::Equal),
    }
}

/// Compares numbers with numbers and strings with strings.
pub(super) fn order(one: &Datum, other: &Datum) -> Result<Ordering, String> {
    match (&one.value, &other.value) {
        (Value::String(one), Value::String(other)) => Ok(one.cmp(other)),
        (Value::Number(one), Value::Number(other)) => match (one.as_i128(), other.as_i128()) {
            (Some(one), Some(other)) => Ok(one.cmp(&other)),
            (None, None) => one.as_f64().partial_cmp(&other.as_f64()).ok_or_else(|| INVALID.to_owned()),
            _ => Err(INCOMPATIBLE.to_owned()),
        },
        (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_)) => {
            Err(INCOMPATIBLE.to_owned())
        }
        _ => Err(INVALID.to_owned()),
    }
}
