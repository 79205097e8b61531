//! The fields of recorded operations and answers, in types.

use std::sync::Arc;

use serde_json::Value;

use super::operation::{Attributes, Kind, Name, Quota, Target};
use super::path::split;
use crate::names::Policy;

pub(super) fn target(input: &Value) -> Result<Target, String> {
    named_target(input, "path", "id")
}

pub(super) fn named_target(input: &Value, path: &str, id: &str) -> Result<Target, String> {
    let start = optional(input, id)?.filter(|id| *id != 0);
    let names = match (optional_text(input, path)?, start) {
        (Some(path), _) => split(path),
        (None, Some(_)) => Ok(Vec::new()),
        (None, None) => return Err(format!("it has no {path}")),
    };
    Ok(Target { start, names })
}

pub(super) fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    optional_text(value, field)?.ok_or_else(|| format!("it has no {field}"))
}

pub(super) fn optional_text<'v>(value: &'v Value, field: &str) -> Result<Option<&'v str>, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(format!("{field} is {other}, expected a string")),
    }
}

pub(super) fn number(value: &Value, field: &str) -> Result<u64, String> {
    optional(value, field)?.ok_or_else(|| format!("it has no {field}"))
}

pub(super) fn optional(value: &Value, field: &str) -> Result<Option<u64>, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(found) => {
            let number = found.as_u64();
            number.map(Some).ok_or_else(|| format!("{field} is {found}, expected a number"))
        }
    }
}

/// A number that is left out as 0.
pub(super) fn given(value: &Value, field: &str) -> Result<Option<u64>, String> {
    Ok(optional(value, field)?.filter(|number| *number != 0))
}

pub(super) fn policy(value: &Value) -> Result<Option<Policy>, String> {
    let Some(name) = optional_text(value, "policy")? else { return Ok(None) };
    Policy::parse(name).map(Some).ok_or_else(|| format!("unknown policy {name:?}"))
}

/// None if the field is left out; one without bounds is one, too.
pub(super) fn quota(value: &Value) -> Result<Option<Quota>, String> {
    match value.get("quota") {
        None | Some(Value::Null) => Ok(None),
        Some(quota) if quota.is_object() => {
            Ok(Some(Quota { nodes: optional(quota, "nodes")?, bytes: optional(quota, "bytes")? }))
        }
        Some(other) => Err(format!("quota is {other}, expected nodes and bytes")),
    }
}

pub(super) fn flag(value: &Value, field: &str) -> Result<bool, String> {
    match value.get(field) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(other) => Err(format!("{field} is {other}, expected true or false")),
    }
}

pub(super) fn kind(value: &Value) -> Result<Option<Kind>, String> {
    let Some(name) = optional_text(value, "kind")? else { return Ok(None) };
    Kind::parse(name).map(Some).ok_or_else(|| format!("unknown kind {name:?}"))
}

/// Attributes with hexadecimal values; none if the field is left out.
pub(super) fn attributes(value: &Value, field: &str) -> Result<Attributes, String> {
    let attributes = match value.get(field) {
        None | Some(Value::Null) => return Ok(Attributes::new()),
        Some(Value::Object(attributes)) => attributes,
        Some(other) => return Err(format!("{field} is {other}, expected names and values")),
    };
    let attribute = |(name, value): (&String, &Value)| {
        let value = value.as_str().ok_or_else(|| format!("attribute {name:?} is no string"))?;
        Ok((Name::from(name.as_str()), Arc::from(value.to_ascii_lowercase())))
    };
    attributes.iter().map(attribute).collect()
}

/// The names in a list; none if the field is left out.
pub(super) fn names(value: &Value, field: &str) -> Result<Vec<Name>, String> {
    let bad = || format!("{field} is no list of names");
    let Some(names) = value.get(field).filter(|names| !names.is_null()) else {
        return Ok(Vec::new());
    };
    let name = |name: &Value| name.as_str().map(Name::from).ok_or_else(bad);
    names.as_array().ok_or_else(bad)?.iter().map(name).collect()
}
