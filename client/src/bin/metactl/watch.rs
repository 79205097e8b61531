//! watch and journal: follow the journal, or read a page of it.

use metad_client::v1::{Change, Node, change};
use serde_json::{Value, json};

use crate::{
    cli,
    context::Context,
    failure::Failure,
    output::{self, printable},
};

pub async fn run(context: &Context, options: &cli::Watch) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let after = match (options.from_start, options.after) {
        (true, _) => None,
        (false, Some(after)) => Some(after),
        (false, None) => Some(context.client.cursor(ns).await?.value),
    };
    let mut subscription = context.client.subscribe(ns, after);
    let mut left = options.count.unwrap_or(u64::MAX);
    while left > 0 {
        let change = subscription.next_change().await?;
        context.output.data(|| value(&change), || line(&change))?;
        left -= 1;
    }
    Ok(())
}

/// One page, which may be all that there is.
pub async fn journal(context: &Context, options: &cli::Journal) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let page = context.client.read_journal(ns, options.after, options.limit).await?;
    let cursor = page.value.cursor.as_ref().map(output::cursor);
    let changes = &page.value.changes;
    let to_json = || {
        json!({
            "changes": changes.iter().map(value).collect::<Vec<_>>(),
            "cursor": cursor,
            "end": page.value.end,
        })
    };
    let lines = || changes.iter().map(line).collect::<Vec<_>>().join("\n");
    context.output.answer(&page, to_json, lines)?;
    if let (false, false, Some(cursor)) = (page.value.end, context.output.json, &cursor) {
        eprintln!("metactl: there is more: go on with --after {cursor}");
    }
    Ok(())
}

fn parts(change: &Change) -> (&'static str, Option<&Node>) {
    match &change.change {
        Some(change::Change::Created(node)) => ("created", Some(node)),
        Some(change::Change::Updated(node)) => ("updated", Some(node)),
        Some(change::Change::Moved(node)) => ("moved", Some(node)),
        Some(change::Change::Deleted(node)) => ("deleted", Some(node)),
        Some(change::Change::MovedIn(node)) => ("moved_in", Some(node)),
        Some(change::Change::MovedOut(node)) => ("moved_out", Some(node)),
        None => ("unknown", None),
    }
}

fn value(change: &Change) -> Value {
    let (what, node) = parts(change);
    let cursor = change.cursor.unwrap_or_default();
    let request = change.request.unwrap_or_default();
    let mut value = json!({
        "change": what,
        "cursor": output::cursor(&cursor),
        "revision": cursor.revision,
        "time_ms": change.time_ms,
        "request": [request.client_id, request.sequence],
        "node": node.map(output::node),
    });
    if change.from_parent_id != 0 {
        value["from"] = json!({"parent": change.from_parent_id, "name": change.from_name});
    }
    if change.other_ns != 0 {
        value["other_ns"] = json!(change.other_ns);
    }
    value
}

fn line(change: &Change) -> String {
    let (what, node) = parts(change);
    let cursor = change.cursor.unwrap_or_default();
    let time = output::time(i64::try_from(change.time_ms).unwrap_or(0));
    let about = node.map_or_else(String::new, |node| {
        let kind = output::kind(node.kind);
        format!("{kind} {} id {} in {}", printable(&node.name), node.id, node.parent_id)
    });
    let other = match change.change {
        Some(change::Change::Moved(_)) => {
            format!(" from {} in {}", printable(&change.from_name), change.from_parent_id)
        }
        Some(change::Change::MovedIn(_)) => format!(" from namespace {}", change.other_ns),
        Some(change::Change::MovedOut(_)) => format!(" to namespace {}", change.other_ns),
        _ => String::new(),
    };
    format!("{} {time} {what} {about}{other}", output::cursor(&cursor))
}
