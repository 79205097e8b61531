//! The handle that all calls start from.

use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use crate::{
    Error, Options,
    call::{Deadline, backoff::Backoff, endpoints::Endpoints},
    session::Session,
};

/// A client of one cluster. Clones share its connections and its session; calls may run at
/// the same time. It has no tasks of its own: dropping a call stops it.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub options: Options,
    pub endpoints: Mutex<Endpoints>,
    pub backoff: Backoff,
    /// The session of new requests; replaced as a whole when it expires.
    pub session: Mutex<Arc<OnceCell<Arc<Session>>>>,
}

impl Client {
    /// A client that has not connected yet. Must be called inside a tokio runtime.
    pub fn new(options: Options) -> Result<Client, Error> {
        let endpoints = Endpoints::new(&options.endpoints)?;
        let backoff = Backoff::new(options.backoff_min, options.backoff_max, options.seed);
        Ok(Client {
            shared: Arc::new(Shared {
                options,
                endpoints: Mutex::new(endpoints),
                backoff,
                session: Mutex::default(),
            }),
        })
    }

    /// The nodes that it knows, configured ones first.
    pub fn addresses(&self) -> Vec<String> {
        self.endpoints(|endpoints| endpoints.addresses().map(str::to_owned).collect())
    }

    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.shared.options.deadline)
    }
}
