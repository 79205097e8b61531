//! Carries out one operation with a client, and says how it ended in the history's terms.

use metad_client::{
    Client, Error, Reply, Request,
    errors::{self, Reason},
    v1::{self, LookupReply, ReadJournalReply, change::Change},
};
use serde_json::{Value, json};

use crate::operation::{NodeKind, Operation, hex};

/// What was answered.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub enum Answer {
    Namespace(v1::Namespace),
    /// One for each step.
    Results(Vec<v1::StepResult>),
    Node(v1::Node),
    Found(LookupReply),
    Entries(Vec<v1::Node>),
    Journal(ReadJournalReply),
}

/// How an operation ended.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it at a time")]
pub enum Outcome {
    /// Answered, and done.
    Done(Reply<Answer>),
    /// Answered, and refused.
    Rejected {
        /// Why.
        reason: Reason,
        /// Which step.
        step: Option<u64>,
        /// The revision that it reflects.
        revision: Option<u64>,
        /// Who refused.
        node: Option<u64>,
    },
    /// Certainly never happened, nor will.
    Failed(String),
    /// May have happened, or may yet.
    Unknown(String),
}

impl Answer {
    /// What a completion in the history says, `single` for the answer to a single step.
    pub fn value(&self, single: bool) -> Value {
        match self {
            Answer::Namespace(namespace) => json!({"id": namespace.id, "root": namespace.root}),
            Answer::Results(results) => match results.as_slice() {
                [result] if single => result_value(result),
                results => {
                    json!({"results": results.iter().map(result_value).collect::<Vec<_>>()})
                }
            },
            Answer::Node(node) => {
                let value = json!({"id": node.id, "kind": kind(node.kind), "rev": node.rev});
                with_body(value, node)
            }
            Answer::Found(found) => {
                json!({"id": found.id, "kind": kind(found.kind), "path": found.path})
            }
            Answer::Entries(entries) => {
                let entry = |node: &v1::Node| json!({"name": node.name, "id": node.id, "kind": kind(node.kind), "rev": node.rev});
                json!({"entries": entries.iter().map(entry).collect::<Vec<_>>()})
            }
            Answer::Journal(page) => json!({
                "changes": page.changes.iter().map(change_value).collect::<Vec<_>>(),
                "cursor": cursor_value(page.cursor),
                "end": page.end,
            }),
        }
    }
}

/// Runs an operation to its end. A mutation needs the request that the history names.
/// An error is one that no service may answer with: the run must stop and show it.
pub async fn execute(
    client: &Client,
    ns: u64,
    operation: &Operation,
    request: Option<&Request>,
) -> Result<Outcome, Error> {
    let request = || request.expect("a mutation is given a request");
    let reply = match operation {
        Operation::CreateNamespace { name } => {
            let reply = client.create_namespace_as(request(), name).await;
            reply.map(|reply| reply.map(Answer::Namespace))
        }
        Operation::Step(step) => mutate(client, request(), ns, vec![step.wire()]).await,
        Operation::Batch(steps) => {
            let steps = steps.iter().map(|step| step.wire()).collect();
            mutate(client, request(), ns, steps).await
        }
        Operation::Stat(target) => {
            client.stat(ns, target.wire()).await.map(|reply| reply.map(Answer::Node))
        }
        Operation::Lookup(target) => {
            client.lookup(ns, target.wire()).await.map(|reply| reply.map(Answer::Found))
        }
        Operation::List { path } => {
            let target = metad_client::steps::at(path);
            client.list(ns, target).await.map(|reply| reply.map(Answer::Entries))
        }
        Operation::Journal { cursor, limit } => {
            let reply = client.read_journal(ns, *cursor, *limit).await;
            reply.map(|reply| reply.map(Answer::Journal))
        }
    };
    match reply {
        Ok(reply) => Ok(Outcome::Done(reply)),
        Err(error) => outcome_of(error),
    }
}

async fn mutate(
    client: &Client,
    request: &Request,
    ns: u64,
    steps: Vec<v1::Step>,
) -> Result<Reply<Answer>, Error> {
    let reply = client.mutate_as(request, ns, steps).await?;
    Ok(reply.map(Answer::Results))
}

fn outcome_of(error: Error) -> Result<Outcome, Error> {
    match error {
        // Says nothing about the tree: the request was never looked at.
        Error::Rejected { ref info, .. } if info.reason == Reason::SessionExpired => {
            Ok(Outcome::Failed(error.to_string()))
        }
        Error::Rejected { ref info, .. } => Ok(Outcome::Rejected {
            reason: info.reason,
            step: info.number(errors::STEP),
            revision: error.revision(),
            node: error.node(),
        }),
        Error::Unavailable { message } => Ok(Outcome::Failed(message)),
        Error::Unknown { message, .. } => Ok(Outcome::Unknown(message)),
        Error::Invalid(_) | Error::Fault { .. } => Err(error),
    }
}

fn result_value(result: &v1::StepResult) -> Value {
    let mut value = json!({"id": result.id, "rev": result.rev});
    if !result.renamed.is_empty() {
        value["renamed"] = json!(result.renamed);
    }
    value
}

fn kind(kind: i32) -> &'static str {
    NodeKind::from_wire(kind).map_or("unknown", NodeKind::name)
}

/// What a node holds besides its place: content, the text of a symlink, attributes.
fn with_body(mut value: Value, node: &v1::Node) -> Value {
    if let Some(content) = &node.content {
        value["hash"] = json!(hex(&content.hash));
        value["size"] = json!(content.size);
    }
    if node.kind == v1::Kind::Symlink as i32 {
        value["symlink"] = json!(node.symlink);
    }
    if !node.attributes.is_empty() {
        let attributes =
            node.attributes.iter().map(|(name, bytes)| (name.clone(), json!(hex(bytes))));
        value["attributes"] = attributes.collect::<serde_json::Map<_, _>>().into();
    }
    value
}

fn cursor_value(cursor: Option<v1::Cursor>) -> Value {
    cursor.map_or(Value::Null, |cursor| json!([cursor.revision, cursor.ordinal]))
}

fn change_value(change: &v1::Change) -> Value {
    let (what, node) = match &change.change {
        Some(Change::Created(node)) => ("created", node),
        Some(Change::Updated(node)) => ("updated", node),
        Some(Change::Moved(node)) => ("moved", node),
        Some(Change::Deleted(node)) => ("deleted", node),
        None => return json!({"cursor": cursor_value(change.cursor), "kind": "unknown"}),
    };
    let request = change.request.unwrap_or_default();
    let value = json!({
        "cursor": cursor_value(change.cursor),
        "kind": what,
        "id": node.id,
        "parent": node.parent_id,
        "name": node.name,
        "node_kind": kind(node.kind),
        "rev": node.rev,
        "request": [request.client_id, request.sequence],
    });
    with_body(value, node)
}
