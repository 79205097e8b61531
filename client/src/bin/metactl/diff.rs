//! diff: what differs in the namespace between two revisions.

use metad_client::v1::{Difference, Node};
use serde_json::{Value, json};

use crate::{
    cli,
    context::Context,
    failure::Failure,
    history,
    output::{self, printable},
};

pub async fn run(context: &Context, options: &cli::Diff) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let from = history::revision(context, ns, &options.from).await?;
    let to = match &options.to {
        Some(to) => history::revision(context, ns, to).await?,
        None => 0,
    };
    let reply = context.client.diff(ns, from, to).await;
    let reply = reply.map_err(Failure::about(context.namespace()))?;
    let value = || {
        let differences: Vec<_> = reply.value.iter().map(to_json).collect();
        json!({"from": from, "to": reply.revision, "differences": differences})
    };
    let lines = || reply.value.iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(context.output.answer(&reply, value, lines)?)
}

fn to_json(difference: &Difference) -> Value {
    let node = |node: &Option<Node>| node.as_ref().map(output::node);
    let Difference { before, after } = difference;
    let mut value = json!({});
    for (name, node) in [("before", node(before)), ("after", node(after))] {
        if let Some(node) = node {
            value[name] = node;
        }
    }
    value
}

fn line(difference: &Difference) -> String {
    match (&difference.before, &difference.after) {
        (Some(before), Some(after)) if before.path != after.path => {
            format!("> {} -> {}", printable(&before.path), printable(&after.path))
        }
        (_, Some(after)) if difference.before.is_some() => {
            format!("~ {}", output::marked(after, &after.path))
        }
        (None, Some(after)) => format!("+ {}", output::marked(after, &after.path)),
        (Some(before), _) => format!("- {}", output::marked(before, &before.path)),
        (None, _) => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use metad_client::v1::Kind;

    use super::*;

    #[test]
    fn lines_say_what_happened() {
        let node =
            |path: &str| Node { path: path.to_owned(), kind: Kind::File as i32, ..Node::default() };
        let line = |before: Option<&str>, after: Option<&str>| {
            line(&Difference { before: before.map(node), after: after.map(node) })
        };
        assert_eq!(line(None, Some("/a")), "+ /a");
        assert_eq!(line(Some("/a"), None), "- /a");
        assert_eq!(line(Some("/a"), Some("/a")), "~ /a");
        assert_eq!(line(Some("/a"), Some("/b")), "> /a -> /b");
    }
}
