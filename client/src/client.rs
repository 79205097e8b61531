//! The handle that all calls start from.

use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use crate::{
    Error, Options,
    call::{Deadline, backoff::Backoff, endpoints::Endpoints},
    level::Level,
    session::Session,
    v1,
};

/// A client of one cluster. Clones share its connections and its session; calls may run at
/// the same time. Dropping a call stops it; the tasks that carry session streams end with the
/// last clone.
///
/// A handle also says how its calls are made: [`reading`](Client::reading) and
/// [`fenced`](Client::fenced) give handles that do so in another way.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    /// Of reads whose request does not say.
    level: Option<Level>,
    /// Of mutations.
    pub(crate) fences: Arc<[v1::Fence]>,
}

pub(crate) struct Shared {
    pub options: Options,
    /// Shared by clients that have sessions of their own.
    pub endpoints: Arc<Mutex<Endpoints>>,
    pub backoff: Backoff,
    /// The session of new requests; replaced as a whole when it expires.
    pub session: Mutex<Arc<OnceCell<Arc<Session>>>>,
}

impl Client {
    /// A client that has not connected yet. Must be called inside a tokio runtime.
    pub fn new(options: Options) -> Result<Client, Error> {
        let endpoints =
            Endpoints::new(&options.endpoints, options.token.clone(), options.tls.clone())?;
        Ok(Client::over(Arc::new(Mutex::new(endpoints)), options))
    }

    fn over(endpoints: Arc<Mutex<Endpoints>>, options: Options) -> Client {
        let backoff = Backoff::new(options.backoff_min, options.backoff_max, options.seed);
        let shared = Shared { options, endpoints, backoff, session: Mutex::default() };
        Client { shared: Arc::new(shared), level: None, fences: Arc::default() }
    }

    /// A client with a session of its own over the same connections: for each of the users
    /// of a gateway, say. The seed is that of its [`Options`].
    #[must_use]
    pub fn another(&self, seed: u64) -> Client {
        let options = Options { seed, ..self.shared.options.clone() };
        Client::over(self.shared.endpoints.clone(), options)
    }

    /// A handle whose reads are of this level, unless their request names another one.
    #[must_use]
    pub fn reading(&self, level: Level) -> Client {
        Client { level: Some(level), ..self.clone() }
    }

    /// A handle whose mutations are refused with `TOKEN_STALE` unless each of these locks is
    /// held with its token when they take effect.
    #[must_use]
    pub fn fenced(&self, fences: impl Into<Arc<[v1::Fence]>>) -> Client {
        Client { fences: fences.into(), ..self.clone() }
    }

    /// The nodes that it knows, configured ones first.
    pub fn addresses(&self) -> Vec<String> {
        self.endpoints(|endpoints| endpoints.addresses().map(str::to_owned).collect())
    }

    /// What a read must reflect: what it says itself, or else what this handle says.
    pub(crate) fn consistency(&self, own: Option<v1::Consistency>) -> Option<v1::Consistency> {
        own.or(self.level.map(Level::wire))
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.shared.options.deadline)
    }
}
