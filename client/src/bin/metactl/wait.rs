//! cursor and wait: where the journal ends, and whether it has gone on.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{cli, context::Context, failure::Failure, output};

/// What a call has at least, however short the wait is. A node that lags behind the cursor
/// takes a while to learn whether there is such a one.
pub const CALL_MIN: Duration = Duration::from_secs(10);

pub async fn cursor(context: &Context) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let reply = context.client.cursor(ns).await?;
    let cursor = output::cursor(&reply.value);
    let value = || json!({"cursor": cursor});
    Ok(context.output.answer(&reply, value, || cursor.clone())?)
}

/// Asks for as long as the user allows: one call may wait for less.
pub async fn wait(context: &Context, options: &cli::Wait) -> Result<(), Failure> {
    let ns = context.ns().await?;
    let after = match (options.from_start, options.cursor) {
        (true, _) => None,
        (false, Some(cursor)) => Some(cursor),
        (false, None) => Some(context.client.cursor(ns).await?.value),
    };
    let end = Instant::now() + context.timeout;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let reply = context.client.wait_for_change(ns, after, left).await?;
        let changed = reply.value;
        if changed || left.is_zero() {
            let value = || json!({"changed": changed});
            let line = || if changed { "changed" } else { "unchanged" }.to_owned();
            return Ok(context.output.answer(&reply, value, line)?);
        }
    }
}
