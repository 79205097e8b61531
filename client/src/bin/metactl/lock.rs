//! lock: acquire, renew, release, show and ls.

use metad_client::{
    locks,
    v1::{Lock, LockRef},
};
use serde_json::{Value, json};

use crate::{
    cli::{LockCommand, LockName},
    context::Context,
    failure::Failure,
    output::{self, printable},
};

pub async fn run(context: &Context, command: &LockCommand) -> Result<(), Failure> {
    let ns = context.ns().await?;
    match command {
        LockCommand::Acquire { lock, ttl } => {
            let reply = context.writer().await?.acquire_lock(reference(ns, lock), *ttl).await;
            let reply = reply.map_err(Failure::about(lock.path.as_str()))?;
            // Only the token: for scripts to keep.
            let token = || reply.value.token.to_string();
            Ok(context.output.data(|| to_json(&reply.value), token)?)
        }
        LockCommand::Renew { lock, token, ttl } => {
            let reply = context.writer().await?.renew_lock(reference(ns, lock), *token, *ttl).await;
            let reply = reply.map_err(Failure::about(lock.path.as_str()))?;
            Ok(context.output.data(|| to_json(&reply.value), String::new)?)
        }
        LockCommand::Release { lock, token } => {
            let reply = context.writer().await?.release_lock(reference(ns, lock), *token).await;
            let reply = reply.map_err(Failure::about(lock.path.as_str()))?;
            Ok(context.output.data(|| to_json(&reply.value), String::new)?)
        }
        LockCommand::Show { lock } => show(context, reference(ns, lock), lock).await,
        LockCommand::Ls => list(context, ns).await,
    }
}

fn reference(ns: u64, lock: &LockName) -> LockRef {
    locks::lock(ns, lock.path.target(), &lock.name)
}

async fn show(context: &Context, lock: LockRef, name: &LockName) -> Result<(), Failure> {
    let reply = context.client.get_lock(lock).await;
    let reply = reply.map_err(Failure::about(name.path.as_str()))?;
    let value = || json!({"lock": reply.value.as_ref().map(to_json)});
    let lines = || reply.value.as_ref().map_or_else(|| "not held".to_owned(), line);
    Ok(context.output.answer(&reply, value, lines)?)
}

async fn list(context: &Context, ns: u64) -> Result<(), Failure> {
    let reply = context.client.list_locks(ns).await?;
    let value = || {
        let locks: Vec<_> = reply.value.iter().map(to_json).collect();
        json!({"locks": locks})
    };
    let lines = || reply.value.iter().map(line).collect::<Vec<_>>().join("\n");
    Ok(context.output.answer(&reply, value, lines)?)
}

fn to_json(lock: &Lock) -> Value {
    let of = lock.lock.clone().unwrap_or_default();
    let target = of.target.unwrap_or_default();
    let mut value = json!({
        "ns": of.ns,
        "name": of.name,
        "token": lock.token,
        "client_id": lock.client_id,
        "expires_ms": lock.expires_ms,
    });
    match target.id {
        0 => value["path"] = json!(target.path),
        id => value["id"] = json!(id),
    }
    value
}

fn line(lock: &Lock) -> String {
    let of = lock.lock.clone().unwrap_or_default();
    let target = of.target.unwrap_or_default();
    let place = if target.id == 0 { printable(&target.path) } else { format!("id {}", target.id) };
    let name = if of.name.is_empty() { String::new() } else { format!(" {}", printable(&of.name)) };
    let until = output::time(i64::try_from(lock.expires_ms).unwrap_or(0));
    format!("{:>10} until {until} client {:>6} {place}{name}", lock.token, lock.client_id)
}
