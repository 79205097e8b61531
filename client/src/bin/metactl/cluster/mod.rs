//! The members of the cluster, and who leads them.
//!
//! Every command looks at what is so before it changes anything, completes a change that was
//! interrupted, and then makes its own: so each may be repeated after it died half-way. What
//! would lose the quorum, the leader refuses.

mod view;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use crate::{cli::ClusterCommand, context::Context, failure::Failure};
use view::View;

/// Between two looks at the cluster.
const PAUSE: Duration = Duration::from_millis(100);

pub async fn run(context: &Context, command: &ClusterCommand) -> Result<(), Failure> {
    let text = match command {
        ClusterCommand::Status => return view::show(context).await,
        ClusterCommand::Add { address } => add(context, address).await?,
        ClusterCommand::Promote { node } => promote(context, *node).await?,
        ClusterCommand::Remove { node } => remove(context, *node).await?,
        ClusterCommand::Replace { node, address } => replace(context, *node, address).await?,
        ClusterCommand::TransferLeader { node } => transfer(context, *node).await?,
    };
    let view = view::leading(context).await?;
    let value = || {
        let mut value: Value = view.to_json();
        value["done"] = json!(text);
        value
    };
    context.output.data(value, || text.clone())?;
    Ok(())
}

async fn add(context: &Context, address: &str) -> Result<String, Failure> {
    let view = settled(context).await?;
    let node = identity(context, &view, address).await?;
    context.client.add_learner(node, address).await.map_err(Failure::about(address))?;
    Ok(match view.votes(node) {
        true => format!("node {node} at {address} votes already"),
        false => format!(
            "node {node} at {address} is a learner and has caught up: `metactl cluster promote \
             {node}` lets it vote"
        ),
    })
}

async fn promote(context: &Context, node: u64) -> Result<String, Failure> {
    let view = settled(context).await?;
    if view.votes(node) {
        return Ok(format!("node {node} votes already"));
    }
    if !view.has(node) {
        return Err(Failure::Refused(format!(
            "node {node} is no member: `metactl cluster add HOST:PORT` first"
        )));
    }
    let mut voters = view.voters();
    voters.insert(node);
    set_voters(context, &voters).await?;
    Ok(format!("node {node} votes: voters are now {}", listed(&voters)))
}

async fn remove(context: &Context, node: u64) -> Result<String, Failure> {
    let view = settled(context).await?;
    if !view.has(node) {
        return Ok(format!("node {node} is no member"));
    }
    if view.votes(node) {
        let mut voters = view.voters();
        voters.remove(&node);
        if view.leader() == node && !voters.is_empty() {
            transfer(context, None).await?;
        }
        set_voters(context, &voters).await?;
    } else {
        context.client.remove_learner(node).await?;
    }
    Ok(format!("node {node} is removed: stop it, and empty its data folder"))
}

async fn replace(context: &Context, old: u64, address: &str) -> Result<String, Failure> {
    let view = settled(context).await?;
    let new = identity(context, &view, address).await?;
    if new == old {
        return Err(Failure::Refused(format!(
            "{address} is node {old} itself: a node that lost its data comes back by itself"
        )));
    }
    let done = format!(
        "node {new} at {address} is in the place of node {old}: stop that, and empty its data folder"
    );
    match (view.has(old), view.has(new)) {
        // An earlier attempt did it.
        (false, true) => return Ok(done),
        (false, false) => {
            return Err(Failure::Refused(format!("node {old} is no member")));
        }
        (true, _) => {}
    }
    context.client.add_learner(new, address).await.map_err(Failure::about(address))?;
    if view.votes(old) {
        let mut voters = view.voters();
        voters.remove(&old);
        voters.insert(new);
        if view.leader() == old && voters.len() > 1 {
            transfer(context, None).await?;
        }
        set_voters(context, &voters).await?;
    } else {
        context.client.remove_learner(old).await?;
    }
    Ok(done)
}

async fn transfer(context: &Context, to: Option<u64>) -> Result<String, Failure> {
    let before = view::leading(context).await?;
    if to == Some(before.leader()) {
        return Ok(format!("node {} leads already", before.leader()));
    }
    let end = Instant::now() + context.timeout;
    loop {
        context.client.hand_over(to).await?;
        // Each attempt is given time for an election.
        let patience = (Instant::now() + 10 * PAUSE).min(end);
        while Instant::now() < patience {
            sleep(PAUSE).await;
            let leader = view::leading(context).await?.leader();
            if to.map_or(leader != before.leader(), |to| leader == to) {
                return Ok(format!("node {leader} leads"));
            }
        }
        if Instant::now() >= end {
            return Err(Failure::Refused(format!(
                "node {} leads still: the other one did not follow soon enough",
                before.leader()
            )));
        }
    }
}

/// The cluster as its leader sees it, once what was interrupted is complete.
async fn settled(context: &Context) -> Result<View, Failure> {
    let view = view::leading(context).await?;
    if !view.is_changing() {
        return Ok(view);
    }
    let voters = view.voters();
    set_voters(context, &voters).await?;
    eprintln!("metactl: completed a change that was interrupted: voters {}", listed(&voters));
    view::leading(context).await
}

async fn set_voters(context: &Context, voters: &BTreeSet<u64>) -> Result<(), Failure> {
    let voters: Vec<_> = voters.iter().copied().collect();
    Ok(context.client.set_voters(&voters).await?)
}

/// The number of the node at an address, if it may be a member.
async fn identity(context: &Context, view: &View, address: &str) -> Result<u64, Failure> {
    let status = context.client.status(address).await.map_err(Failure::about(address))?;
    if status.cluster != view.cluster() {
        return Err(Failure::Refused(format!(
            "{address} is a node of cluster {:?}, not of {:?}: start it with --join",
            status.cluster,
            view.cluster()
        )));
    }
    Ok(status.node)
}

fn listed(nodes: &BTreeSet<u64>) -> String {
    nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
