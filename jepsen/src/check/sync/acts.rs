//! What was done to a namespace, step by step.

use serde_json::Value;

use crate::history::{History, Operation, Outcome};

/// One step of an acknowledged mutation, or of one whose outcome is unknown.
pub(super) struct Act<'h> {
    operation: &'h Operation,
    pub(super) function: &'h str,
    input: &'h Value,
    /// None if the outcome is unknown.
    result: Option<&'h Value>,
    /// Where it took effect, if it did and the answer says so.
    pub(super) revision: Option<u64>,
    pub(super) line: u32,
    /// What it is about, without a slash before it; where it got another name, under that.
    pub(super) path: String,
}

/// All steps, in the order of invocation. What was refused did nothing.
pub(super) fn acts_of(history: &History, ns: u64) -> Vec<Act<'_>> {
    let mut acts = Vec::new();
    for operation in &history.operations {
        let result = match &operation.outcome {
            Outcome::Ok(value) => match value.get("rejected").and_then(Value::as_str) {
                Some("SESSION_EXPIRED") => None,
                Some(_) => continue,
                None => Some(value),
            },
            Outcome::Fail(_) => continue,
            Outcome::Unknown => None,
        };
        if operation.input.get("ns").and_then(Value::as_u64) != Some(ns) {
            continue;
        }
        if operation.function != "batch" {
            acts.push(Act::new(operation, &operation.function, &operation.input, result));
            continue;
        }
        let steps = operation.input.get("steps").and_then(Value::as_array);
        for (index, step) in steps.into_iter().flatten().enumerate() {
            let function = step.get("f").and_then(Value::as_str).unwrap_or("");
            let result = result.map(|result| &result["results"][index]);
            acts.push(Act::new(operation, function, &step["value"], result));
        }
    }
    acts
}

impl<'h> Act<'h> {
    fn new(
        operation: &'h Operation,
        function: &'h str,
        input: &'h Value,
        result: Option<&'h Value>,
    ) -> Act<'h> {
        let path = input.get("path").and_then(Value::as_str).unwrap_or("").trim_start_matches('/');
        let renamed = result.and_then(|result| result.get("renamed")).and_then(Value::as_str);
        let path = match (renamed.filter(|name| !name.is_empty()), path.rsplit_once('/')) {
            (None, _) => path.to_string(),
            (Some(renamed), None) => renamed.to_string(),
            (Some(renamed), Some((directory, _))) => format!("{directory}/{renamed}"),
        };
        let revision = operation.revision.filter(|_| result.is_some());
        Act { operation, function, input, result, revision, line: operation.line, path }
    }

    fn number(value: &Value, field: &str) -> Option<u64> {
        value.get(field).and_then(Value::as_u64)
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.result.is_none()
    }

    /// Whether a client did it: by the id of its requests, or by its name.
    pub(super) fn is_by(&self, client: &Value) -> bool {
        match client.as_u64() {
            Some(id) => self.operation.request.is_some_and(|request| request.client == id),
            None => self.input.get("client") == Some(client),
        }
    }

    pub(super) fn result_id(&self) -> Option<u64> {
        self.result.and_then(|result| Act::number(result, "id"))
    }

    pub(super) fn target_id(&self) -> Option<u64> {
        Act::number(self.input, "id").filter(|id| *id != 0)
    }

    /// The node and rev that a step made, if it wrote anything.
    pub(super) fn written(&self) -> Option<(u64, u64)> {
        let rev = self.result.and_then(|result| Act::number(result, "rev"));
        let rev = rev.filter(|rev| Some(*rev) == self.revision)?;
        Some((self.result_id()?, rev))
    }

    /// Of a commit.
    pub(super) fn written_hash(&self) -> Option<&'h str> {
        let hash = self.input.get("hash").and_then(Value::as_str);
        hash.filter(|_| self.function == "commit")
    }

    /// Whether it does away with what a file held, if it does anything.
    pub(super) fn is_replacement(&self) -> bool {
        match self.function {
            "delete" => true,
            "commit" => self.is_unknown() || self.written().is_some(),
            _ => false,
        }
    }

    /// Whether whoever did it had seen this rev of the file, or a later one.
    pub(super) fn names_rev(&self, rev: u64) -> bool {
        let is_guarded = match self.function {
            "commit" => self.input.get("mode").and_then(Value::as_str) == Some("update"),
            _ => true,
        };
        is_guarded && self.named_rev().is_some_and(|named| named >= rev)
    }

    /// The rev that it is conditional on.
    pub(super) fn named_rev(&self) -> Option<u64> {
        Act::number(self.input, "rev")
    }

    /// The path where it makes something or moves it to.
    pub(super) fn made_path(&self) -> Option<String> {
        match self.function {
            "commit" | "mkdir" | "symlink" | "restore" | "mount" => Some(self.path.clone()),
            "move" | "copy" => {
                let to = self.input.get("to").and_then(Value::as_str)?;
                Some(to.trim_start_matches('/').to_string())
            }
            _ => None,
        }
    }
}
