//! What all commands share: the client, the namespace and where output goes.

use metad_client::{
    Client, Options,
    errors::Reason,
    locks,
    steps::at,
    v1::{GetNamespaceReply, GetNamespaceRequest},
};

use crate::{
    cli::{Fence, Global},
    failure::Failure,
    output::Output,
};

pub struct Context {
    /// For reads.
    pub client: Client,
    pub output: Output,
    namespace: String,
    fences: Vec<Fence>,
}

impl Context {
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let mut options = Options::new(&global.endpoints);
        options.deadline = global.timeout;
        options.attempt_timeout = options.attempt_timeout.min(global.timeout);
        // Two commands that failed together should not come back together.
        options.seed = std::process::id().into();
        let client = Client::new(options)?;
        Ok(Context {
            client: global.level.map_or(client.clone(), |level| client.reading(level)),
            output: Output { json: global.json },
            namespace: global.ns.clone(),
            fences: global.fences.clone(),
        })
    }

    /// The name of the namespace that the user named.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The id of the namespace that the user named.
    pub async fn ns(&self) -> Result<u64, Failure> {
        self.ns_of(&self.namespace).await
    }

    /// The id of the namespace of this name.
    pub async fn ns_of(&self, name: &str) -> Result<u64, Failure> {
        let found = self.find(name).await?.1;
        Ok(found.namespace.map_or(0, |namespace| namespace.id))
    }

    /// The namespace of this name, and the revision at which it is told.
    pub async fn find(&self, name: &str) -> Result<(u64, GetNamespaceReply), Failure> {
        let by_name = GetNamespaceRequest { name: name.to_owned(), ..Default::default() };
        match self.client.get_namespace_with(by_name).await {
            Ok(reply) => Ok((reply.revision, reply.value)),
            Err(error) if error.reason() == Some(Reason::NotFound) => {
                Err(Failure::NoNamespace(name.to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// For writes: with the fences that the user gave.
    pub async fn writer(&self) -> Result<Client, Failure> {
        if self.fences.is_empty() {
            return Ok(self.client.clone());
        }
        let ns = self.ns().await?;
        let fence = |fence: &Fence| {
            locks::fence(locks::lock(ns, at(&fence.path), &fence.name), fence.token)
        };
        Ok(self.client.fenced(self.fences.iter().map(fence).collect::<Vec<_>>()))
    }
}
