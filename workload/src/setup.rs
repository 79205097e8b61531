//! What a run begins with: its namespace, others that are mounted in it, and directories with
//! little room. Only the first is needed; without the others, clients do without.

use metad_client::{Client, Reply, errors::Reason, v1};

use crate::{
    execute::{Answer, Outcome},
    names::is_of_family,
    operation::{Call, NodeKind, Operation, Policy, Step},
    process::Process,
    run::{Error, Run},
    world::{Effect, World},
};

/// Attempts at one thing that may go without an answer.
const TRIES_MAX: u32 = 3;
/// The other namespaces: what they are called, what they are, where they are shown.
const OTHERS: [(&str, Policy); 2] = [("shared", Policy::Exact), ("folded", Policy::Casefold)];
/// That of the clients which keep replicas.
const POLITE: &str = "replicas";
/// Directories of few nodes, and bytes.
const TIGHT: [(&str, u64, u64); 2] = [("tight-1", 6, 1 << 40), ("tight-2", 1_000, 100_000)];
/// Nodes in the namespace of the policy `casefold`.
const FOLDED_NODES_MAX: u64 = 400;

/// Makes it all; its first operation makes the namespace.
pub async fn set_up(run: &Run, client: &Client) -> Result<World, Error> {
    let mut setup = Setup { process: Process::new(run, client.clone(), u64::MAX), run, client };
    let (family, main) = setup.main().await?;
    let mut world = World::new(&family, main.id, main.root);
    for (name, policy) in OTHERS {
        if let Some(made) = setup.namespace(&world, name, policy).await? {
            world.add_tree(made.id, made.root, policy);
            setup.show(&mut world, name, made.id).await?;
        }
    }
    if let Some(made) = setup.namespace(&world, POLITE, Policy::Exact).await? {
        world.add_polite_tree(made.id, made.root);
        setup.show(&mut world, POLITE, made.id).await?;
    }
    for (name, nodes, bytes) in TIGHT {
        let quota = v1::Quota { nodes: Some(nodes), bytes: Some(bytes) };
        setup.tight(&mut world, name, quota).await?;
    }
    Ok(world)
}

struct Setup<'a> {
    process: Process<'a>,
    run: &'a Run,
    client: &'a Client,
}

impl Setup<'_> {
    async fn main(&mut self) -> Result<(String, v1::Namespace), Error> {
        let mut last = String::new();
        for _ in 0..TRIES_MAX {
            // An attempt without an answer may have made the name before: so look each time.
            let name = self.free_name().await?;
            match self.create(&name, Policy::Exact).await? {
                Outcome::Done(Reply { value: Answer::Namespace(namespace), .. }) => {
                    return Ok((name, namespace));
                }
                Outcome::Done(_) => unreachable!("a namespace answers create_namespace"),
                // The attempt before this one came through after all.
                Outcome::Rejected { reason: Reason::AlreadyExists, .. } if !last.is_empty() => {}
                // It was free when we looked. The history must not begin with what others do.
                Outcome::Rejected { reason: Reason::AlreadyExists, .. } => {
                    let why = "another client has just made it: start the run again";
                    return Err(Error::Invalid(format!("namespace {name:?}: {why}")));
                }
                Outcome::Rejected { reason, .. } => {
                    return Err(Error::Invalid(format!("no namespace {name:?}: {reason}")));
                }
                Outcome::Failed(why) | Outcome::Unknown(why) => last = why,
            }
        }
        Err(Error::Unavailable(format!("make a namespace for the run: {last}")))
    }

    async fn create(&mut self, name: &str, policy: Policy) -> Result<Outcome, Error> {
        let quota = (policy == Policy::Casefold)
            .then_some(v1::Quota { nodes: Some(FOLDED_NODES_MAX), bytes: None });
        let create = Operation::CreateNamespace { name: name.to_owned(), policy, quota };
        Ok(self.process.perform(&Call::new(0, create)).await?.1)
    }

    /// Not part of the history, which starts with namespaces that were not there: a checker
    /// knows nothing of what was before. A name is free if its whole family is.
    async fn free_name(&self) -> Result<String, Error> {
        let taken = match self.client.list_namespaces().await {
            Ok(reply) => reply.value,
            Err(metad_client::Error::Unavailable { message }) => {
                return Err(Error::Unavailable(message));
            }
            Err(error) => return Err(error.into()),
        };
        let is_free = |family: &String| taken.iter().all(|ns| !is_of_family(&ns.name, family));
        let base = &self.run.config.namespace;
        let numbered = (2..).map(|number: u64| format!("{base}-{number}"));
        let names = std::iter::once(base.clone()).chain(numbered);
        Ok(names.into_iter().find(is_free).expect("there are more numbers than namespaces"))
    }

    /// Another namespace; None if it cannot be had.
    async fn namespace(
        &mut self,
        world: &World,
        name: &str,
        policy: Policy,
    ) -> Result<Option<v1::Namespace>, Error> {
        for attempt in 1..=TRIES_MAX {
            // An attempt without an answer may have taken the name.
            let name = format!("{}.{name}-{attempt}", world.family());
            match self.create(&name, policy).await? {
                Outcome::Done(Reply { value: Answer::Namespace(made), .. }) => {
                    return Ok(Some(made));
                }
                Outcome::Failed(_) | Outcome::Unknown(_) => {}
                Outcome::Done(_) | Outcome::Rejected { .. } => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Shows a namespace at the place of this name.
    async fn show(&mut self, world: &mut World, name: &str, ns: u64) -> Result<(), Error> {
        let mount = Step::Mount { path: format!("/{name}"), mount: ns };
        if let Some(id) = self.make(world, vec![mount], name, NodeKind::Mount).await? {
            world.mounted(id, ns);
        }
        Ok(())
    }

    async fn tight(
        &mut self,
        world: &mut World,
        name: &str,
        quota: v1::Quota,
    ) -> Result<(), Error> {
        let path = format!("/{name}");
        let mkdir = Step::Mkdir { path: path.clone(), parents: false };
        let steps = vec![mkdir, Step::SetQuota { path, quota }];
        if let Some(id) = self.make(world, steps, name, NodeKind::Directory).await? {
            world.add_tight(id);
        }
        Ok(())
    }

    /// Makes a node of the root of the first tree, by the first of these steps.
    async fn make(
        &mut self,
        world: &mut World,
        steps: Vec<Step>,
        name: &str,
        kind: NodeKind,
    ) -> Result<Option<u64>, Error> {
        let main = world.tree(0);
        let (ns, parent, name) = (main.ns(), main.root(), name.to_owned());
        let call = Call::new(ns, Operation::Batch(steps));
        for _ in 0..TRIES_MAX {
            match self.process.perform(&call).await?.1 {
                Outcome::Done(Reply { value: Answer::Results(results), revision, .. }) => {
                    let Some(id) = results.first().map(|result| result.id) else { return Ok(None) };
                    let made = Effect::Made { parent, name, kind, content: None };
                    world.tree_mut(0).acknowledge(made, id, revision);
                    return Ok(Some(id));
                }
                Outcome::Failed(_) => {}
                // What is not known to be there is found by listing.
                Outcome::Unknown(_) | Outcome::Rejected { .. } | Outcome::Done(_) => break,
            }
        }
        Ok(None)
    }
}
