//! What all commands share: the client, the namespace and where output goes.

use std::time::Duration;

use metad_client::{
    Client, ClientFiles, ClientTls, Identity, Level, Options, Reply,
    auth::Token,
    errors::Reason,
    locks,
    v1::{GetNamespaceReply, GetNamespaceRequest},
};

use crate::{
    cli::{Fence, Global},
    failure::Failure,
    output::Output,
    path,
};

/// The longest that the end of a command may take.
const END_MAX: Duration = Duration::from_millis(500);

pub struct Context {
    /// For reads.
    pub client: Client,
    pub output: Output,
    /// How long to keep trying, or to wait.
    pub timeout: Duration,
    namespace: String,
    fences: Vec<Fence>,
}

impl Context {
    /// Each call has until the deadline.
    pub fn new(global: &Global, deadline: Duration) -> Result<Self, Failure> {
        let mut options = Options::new(&global.endpoints);
        options.token = token(global)?;
        options.tls = tls(global)?;
        options.deadline = deadline;
        options.attempt_timeout = options.attempt_timeout.min(deadline);
        // Two commands that failed together should not come back together.
        options.seed = std::process::id().into();
        let client = Client::new(options)?;
        Ok(Context {
            client: global.level.map_or(client.clone(), |level| client.reading(level)),
            output: Output { json: global.json, tells_age: global.level == Some(Level::Any) },
            timeout: global.timeout,
            namespace: global.ns.clone(),
            fences: global.fences.clone(),
        })
    }

    /// Gives back the session of what was written. It expires if that fails, so nobody need know.
    pub async fn end(&self) {
        drop(tokio::time::timeout(END_MAX, self.client.close_session()).await);
    }

    /// The name of the namespace that the user named.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The id of the namespace that the user named.
    pub async fn ns(&self) -> Result<u64, Failure> {
        self.ns_of(&self.namespace).await
    }

    /// The id of the namespace of this name, or of this id.
    pub async fn ns_of(&self, name: &str) -> Result<u64, Failure> {
        let found = self.find(name).await?.value;
        Ok(found.namespace.map_or(0, |namespace| namespace.id))
    }

    /// The namespace of this name, or of this id as `#3`.
    /// One that has such a name is found by its id.
    pub async fn find(&self, name: &str) -> Result<Reply<GetNamespaceReply>, Failure> {
        let request = match name.strip_prefix('#').and_then(path::id) {
            Some(ns) => GetNamespaceRequest { ns, ..Default::default() },
            None => GetNamespaceRequest { name: name.to_owned(), ..Default::default() },
        };
        match self.client.get_namespace_with(request).await {
            Ok(reply) => Ok(reply),
            Err(error) if error.reason() == Some(Reason::NotFound) => {
                Err(Failure::NoNamespace { name: name.to_owned(), error })
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
            locks::fence(locks::lock(ns, fence.path.target(), &fence.name), fence.token)
        };
        Ok(self.client.fenced(self.fences.iter().map(fence).collect::<Vec<_>>()))
    }
}

/// What the nodes are shown.
fn token(global: &Global) -> Result<Option<Token>, Failure> {
    let Some(file) = &global.token_file else { return Ok(None) };
    match Token::read_file(file) {
        Ok(tokens) => Ok(tokens.into_iter().next()),
        Err(error) => Err(Failure::Usage(format!("--token-file {}: {error}", file.display()))),
    }
}

/// How the nodes are connected to.
fn tls(global: &Global) -> Result<Option<ClientTls>, Failure> {
    let identity = match (&global.cert, &global.key) {
        (Some(certificate), Some(key)) => {
            Some(Identity { certificate: certificate.clone(), key: key.clone() })
        }
        (None, None) => None,
        _ => return Err(Failure::Usage("--cert and --key go together: give both".to_owned())),
    };
    let Some(ca) = global.ca.clone() else {
        return match identity {
            None => Ok(None),
            Some(_) => Err(Failure::Usage(
                "--cert: TLS needs the authorities of the nodes, too: give --ca FILE".to_owned(),
            )),
        };
    };
    let tls = ClientTls::new(ClientFiles { ca, identity });
    tls.check().map_err(|error| Failure::Usage(format!("TLS: {error}")))?;
    Ok(Some(tls))
}
