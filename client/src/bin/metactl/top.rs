//! top: what each node does, again and again.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _},
};

use metad_client::v1::StatusReply;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    cli,
    context::Context,
    failure::Failure,
    status::{self, Answer},
};

/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What a node said at a time.
type Look = (Instant, u64, u64);

/// Until it is interrupted, or has shown as often as was asked for.
pub async fn run(context: &Context, options: &cli::Top) -> Result<(), Failure> {
    let mut before: BTreeMap<String, Look> = BTreeMap::new();
    let is_drawn = !context.output.json && io::stdout().is_terminal();
    let mut left = options.count.unwrap_or(u64::MAX);
    while left > 0 {
        let answers = status::ask_all(context, false).await?;
        let rows: Vec<_> = answers.iter().map(|answer| Row::of(answer, &mut before)).collect();
        let value = || json!({"nodes": rows.iter().map(Row::to_json).collect::<Vec<_>>()});
        let table = || format!("{}{}", if is_drawn { CLEAR } else { "" }, table(&rows));
        context.output.data(value, table)?;
        left -= 1;
        if left > 0 {
            sleep(options.interval).await;
        }
    }
    Ok(())
}

struct Row<'a> {
    answer: &'a Answer,
    /// Entries applied, and revisions, a second; None at the first look.
    rates: Option<(f64, f64)>,
    /// Entries that the cluster has committed and the node has not applied.
    behind: u64,
}

impl Row<'_> {
    fn of<'a>(answer: &'a Answer, before: &mut BTreeMap<String, Look>) -> Row<'a> {
        let Ok(status) = &answer.status else {
            before.remove(&answer.address);
            return Row { answer, rates: None, behind: 0 };
        };
        let now = (Instant::now(), status.applied_index, status.revision);
        let last = before.insert(answer.address.clone(), now);
        let rates = last.map(|last| {
            let seconds = (now.0 - last.0).as_secs_f64().max(1e-3);
            let rate = |now: u64, last: u64| now.saturating_sub(last) as f64 / seconds;
            (rate(now.1, last.1), rate(now.2, last.2))
        });
        let behind = status.committed_index.saturating_sub(status.applied_index);
        Row { answer, rates, behind }
    }

    fn to_json(&self) -> Value {
        let Row { answer, rates, behind } = self;
        match &answer.status {
            Ok(status) => json!({
                "address": answer.address,
                "node": status.node,
                "role": status.role,
                "term": status.term,
                "revision": status.revision,
                "revisions_per_s": rates.map(|rates| rates.1),
                "entries_per_s": rates.map(|rates| rates.0),
                "behind": behind,
            }),
            Err(error) => json!({"address": answer.address, "error": error.to_string()}),
        }
    }

    fn line(&self, status: &StatusReply) -> String {
        let shown = |rate: Option<f64>| rate.map_or("-".to_owned(), |rate| format!("{rate:.0}"));
        format!(
            "{:<22} {:>4} {:<10} {:>6} {:>12} {:>10} {:>10} {:>8}",
            self.answer.address,
            status.node,
            status.role,
            status.term,
            status.revision,
            shown(self.rates.map(|rates| rates.1)),
            shown(self.rates.map(|rates| rates.0)),
            self.behind,
        )
    }
}

fn table(rows: &[Row]) -> String {
    let header = format!(
        "{:<22} {:>4} {:<10} {:>6} {:>12} {:>10} {:>10} {:>8}",
        "address", "node", "role", "term", "revision", "writes/s", "entries/s", "behind"
    );
    let line = |row: &Row| match &row.answer.status {
        Ok(status) => row.line(status),
        Err(error) => format!("{:<22} {error}", row.answer.address),
    };
    std::iter::once(header).chain(rows.iter().map(line)).collect::<Vec<_>>().join("\n")
}
