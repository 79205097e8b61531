//! EDN values, as far as histories need them.

use serde_json::{Map, Number, Value};

/// A form. Sets and lists are sequences too: histories never tell them apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Edn {
    Nil,
    Boolean(bool),
    Integer(i64),
    /// An integer above those.
    Natural(u64),
    Float(f64),
    Text(String),
    Keyword(String),
    /// Also numbers that fit neither an integer nor a float.
    Symbol(String),
    Character(char),
    /// With the line where each item begins.
    Sequence(Vec<(u32, Edn)>),
    Map(Vec<(Edn, Edn)>),
    /// `#tag form`; the tag is kept only for messages.
    Tagged(String, Box<Edn>),
}

impl Edn {
    /// The form without its tags: `#knossos.op.Op{…}` is the map.
    pub(crate) fn untagged(&self) -> &Edn {
        let mut form = self;
        while let Edn::Tagged(_, inner) = form {
            form = inner;
        }
        form
    }

    /// What the form is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Edn::Nil => "nil",
            Edn::Boolean(_) => "a boolean",
            Edn::Integer(_) | Edn::Natural(_) | Edn::Float(_) => "a number",
            Edn::Text(_) => "a string",
            Edn::Keyword(_) => "a keyword",
            Edn::Symbol(_) => "a symbol",
            Edn::Character(_) => "a character",
            Edn::Sequence(_) => "a collection",
            Edn::Map(_) => "a map",
            Edn::Tagged(..) => "a tagged form",
        }
    }

    /// The same value in JSON: keywords become their names, keys of maps become strings.
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Edn::Nil => Value::Null,
            Edn::Boolean(value) => Value::Bool(*value),
            Edn::Integer(value) => Value::Number(Number::from(*value)),
            Edn::Natural(value) => Value::Number(Number::from(*value)),
            Edn::Float(value) => Number::from_f64(*value).map_or(Value::Null, Value::Number),
            Edn::Text(text) | Edn::Keyword(text) | Edn::Symbol(text) => Value::String(text.clone()),
            Edn::Character(character) => Value::String(character.to_string()),
            Edn::Sequence(items) => {
                Value::Array(items.iter().map(|(_, item)| item.to_json()).collect())
            }
            Edn::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.to_map_key(), value.to_json()))
                    .collect::<Map<String, Value>>(),
            ),
            Edn::Tagged(_, inner) => inner.to_json(),
        }
    }

    fn to_map_key(&self) -> String {
        match self.to_json() {
            Value::String(text) => text,
            other => other.to_string(),
        }
    }
}
