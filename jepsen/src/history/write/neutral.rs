//! What formats disagree about, said as our own form says it.

use serde_json::{Value, json};

use super::super::{Format, History, Operation, Outcome};

/// The same history, meaning in our own form what it means in its own.
pub(super) fn neutral(history: &History, model: &str) -> History {
    let mut history = history.clone();
    history.header.model = Some(model.to_string());
    if history.format == Format::Edn && model == "register" && history.header.initial.is_none() {
        history.header.initial = Some(json!(0));
    }
    let format = std::mem::replace(&mut history.format, Format::Metad);
    for operation in &mut history.operations {
        if let Some(outcome) = said_otherwise(format, operation) {
            operation.outcome = outcome;
            operation.completed =
                operation.completed.filter(|_| operation.outcome != Outcome::Unknown);
        }
    }
    history
}

fn said_otherwise(format: Format, operation: &Operation) -> Option<Outcome> {
    match (format, operation.function.as_str(), &operation.outcome) {
        // It observed that the register held another value than the old one.
        (Format::JepsenLog, "cas", Outcome::Fail(Value::Array(_))) => {
            Some(Outcome::Ok(json!({"rejected": "CONFLICT"})))
        }
        // It was answered, but the log does not say with which value.
        (Format::Edn, "read", Outcome::Ok(Value::Null)) if operation.input.is_null() => {
            Some(Outcome::Unknown)
        }
        (_, "read", Outcome::Ok(Value::Null)) => Some(Outcome::Ok(operation.input.clone())),
        _ => None,
    }
}
