//! What all commands share: the client, the namespace and where output goes.

use metad_client::{Client, Options};

use crate::{cli::Global, failure::Failure, output::Output};

pub struct Context {
    pub client: Client,
    pub output: Output,
    namespace: String,
}

impl Context {
    pub fn new(global: &Global) -> Result<Self, Failure> {
        let mut options = Options::new(&global.endpoints);
        options.deadline = global.timeout;
        options.attempt_timeout = options.attempt_timeout.min(global.timeout);
        // Two commands that failed together should not come back together.
        options.seed = std::process::id().into();
        Ok(Context {
            client: Client::new(options)?,
            output: Output { json: global.json },
            namespace: global.ns.clone(),
        })
    }

    /// The id of the namespace that the user named.
    pub async fn ns(&self) -> Result<u64, Failure> {
        let found = self.client.find_namespace(&self.namespace).await?.value;
        let found = found.ok_or_else(|| Failure::NoNamespace(self.namespace.clone()))?;
        Ok(found.id)
    }
}
