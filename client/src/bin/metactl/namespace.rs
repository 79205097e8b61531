//! ns: list, create, update, rename, rm and show.

use metad_client::{
    Level,
    v1::{
        CreateNamespace, DeleteNamespace, GetNamespaceReply, NamePolicy, Namespace, Quota,
        UpdateNamespace,
    },
};
use serde_json::{Value, json};

use crate::{
    cli::{self, NamespaceCommand, Policy},
    context::Context,
    failure::Failure,
    output::{self, printable},
};

pub async fn run(context: &Context, command: &NamespaceCommand) -> Result<(), Failure> {
    match command {
        NamespaceCommand::List => list(context).await,
        NamespaceCommand::Create(options) => create(context, options).await,
        NamespaceCommand::Update(options) => update(context, options).await,
        NamespaceCommand::Rename { name, to } => rename(context, name, to).await,
        NamespaceCommand::Rm { name, recursive } => remove(context, name, *recursive).await,
        NamespaceCommand::Show { name } => {
            show(context, name.as_deref().unwrap_or(context.namespace())).await
        }
    }
}

async fn list(context: &Context) -> Result<(), Failure> {
    let reply = context.client.list_namespaces().await?;
    let value = || {
        let namespaces: Vec<_> = reply.value.iter().map(to_json).collect();
        json!({"namespaces": namespaces})
    };
    let lines = || {
        let names = reply.value.iter().map(|namespace| printable(&namespace.name));
        names.collect::<Vec<_>>().join("\n")
    };
    Ok(context.output.answer(&reply, value, lines)?)
}

async fn create(context: &Context, options: &cli::Create) -> Result<(), Failure> {
    let policy = match options.policy {
        Policy::Exact => NamePolicy::Exact,
        Policy::Casefold => NamePolicy::Casefold,
    };
    let quota = Quota { nodes: options.quota_nodes, bytes: options.quota_bytes };
    let create = CreateNamespace {
        name: options.name.clone(),
        policy: policy.into(),
        quota: (quota != Quota::default()).then_some(quota),
    };
    let reply = context.writer().await?.create_namespace_with(create).await;
    let reply = reply.map_err(Failure::about(&options.name))?;
    let lines = || format!("made namespace {}", printable(&options.name));
    Ok(context.output.data(|| stamped(to_json(&reply.value), reply.revision), lines)?)
}

async fn update(context: &Context, options: &cli::Update) -> Result<(), Failure> {
    let cli::Update { name, to, quota_nodes, quota_bytes } = options;
    let ns = context.ns_of(name).await?;
    let bounds = cli::Bounds { nodes: *quota_nodes, bytes: *quota_bytes };
    let quota = match bounds {
        cli::Bounds { nodes: None, bytes: None } => None,
        // An old answer would bring back a bound that is gone.
        _ => {
            let now = context.client.reading(Level::Linearizable).get_namespace(ns).await;
            Some(bounds.after(now.map_err(Failure::about(name))?.value.quota))
        }
    };
    let update = UpdateNamespace { ns, name: to.clone().unwrap_or_default(), quota };
    let reply = context.writer().await?.update_namespace(update).await;
    let reply = reply.map_err(Failure::about(to.as_ref().unwrap_or(name)))?;
    let value = || stamped(to_json(&reply.value), reply.revision);
    Ok(context.output.data(value, String::new)?)
}

async fn rename(context: &Context, name: &str, to: &str) -> Result<(), Failure> {
    let ns = context.ns_of(name).await?;
    let update = UpdateNamespace { ns, name: to.to_owned(), quota: None };
    let reply = context.writer().await?.update_namespace(update).await;
    let reply = reply.map_err(Failure::about(to))?;
    let value = || stamped(to_json(&reply.value), reply.revision);
    Ok(context.output.data(value, String::new)?)
}

async fn remove(context: &Context, name: &str, recursive: bool) -> Result<(), Failure> {
    let ns = context.ns_of(name).await?;
    let delete = DeleteNamespace { ns, recursive };
    let reply = context.writer().await?.delete_namespace(delete).await;
    let reply = reply.map_err(Failure::about(name))?;
    let value = || stamped(to_json(&reply.value), reply.revision);
    Ok(context.output.data(value, String::new)?)
}

async fn show(context: &Context, name: &str) -> Result<(), Failure> {
    let reply = context.find(name).await?;
    let GetNamespaceReply { namespace, nodes, bytes, quota, .. } = reply.value.clone();
    let (namespace, bounds) = (namespace.unwrap_or_default(), quota.unwrap_or_default());
    let value = || {
        let mut value = to_json(&namespace);
        (value["nodes"], value["bytes"]) = (json!(nodes), json!(bytes));
        value["quota"] = output::quota(&bounds);
        value
    };
    let lines = || {
        [
            format!("name      {}", printable(&namespace.name)),
            format!("id        {}", namespace.id),
            format!("root      {}", namespace.root),
            format!("policy    {}", policy(namespace.policy)),
            format!("nodes     {nodes}{}", output::of(bounds.nodes)),
            format!("bytes     {bytes}{}", output::of(bounds.bytes)),
        ]
        .join("\n")
    };
    Ok(context.output.answer(&reply, value, lines)?)
}

fn to_json(namespace: &Namespace) -> Value {
    json!({
        "id": namespace.id,
        "name": namespace.name,
        "root": namespace.root,
        "policy": policy(namespace.policy),
    })
}

fn stamped(mut value: Value, revision: u64) -> Value {
    value["revision"] = json!(revision);
    value
}

fn policy(policy: i32) -> &'static str {
    match NamePolicy::try_from(policy) {
        Ok(NamePolicy::Casefold) => "casefold",
        _ => "exact",
    }
}
