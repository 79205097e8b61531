//! Sessions and request ids, which make retries exactly-once.
//!
//! Owns: which sequences are pending. Invariants: a sequence is given out once; what is
//! told as `first_pending` is never above a sequence that may still be sent, since the
//! server forgets all below it.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use metad_proto::{
    limits::PENDING_REQUESTS_MAX,
    v1::{CloseSessionRequest, OpenSessionRequest, RequestId},
};
use tokio::{
    sync::{Notify, OnceCell},
    time::timeout,
};

use crate::{
    Client, Error,
    call::{Attempt, Deadline, Ended},
    level::Aim,
};

/// One session with the cluster.
pub(crate) struct Session {
    client_id: u64,
    sequences: Mutex<Sequences>,
    /// Told when a sequence is released.
    released: Notify,
}

struct Sequences {
    next: u64,
    pending: BTreeSet<u64>,
    /// It has been closed: nothing begins any more.
    is_closed: bool,
}

impl Sequences {
    fn first_pending(&self) -> u64 {
        self.pending.first().copied().unwrap_or(self.next)
    }
}

impl Session {
    fn new(client_id: u64) -> Self {
        let sequences = Sequences { next: 1, pending: BTreeSet::new(), is_closed: false };
        Session { client_id, sequences: Mutex::new(sequences), released: Notify::new() }
    }

    fn sequences<T>(&self, work: impl FnOnce(&mut Sequences) -> T) -> T {
        work(&mut self.sequences.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Unless a request is pending, none begins from now on. Says whether that is so.
    fn close(&self) -> bool {
        self.sequences(|sequences| {
            sequences.is_closed |= sequences.pending.is_empty();
            sequences.is_closed
        })
    }

    fn is_closed(&self) -> bool {
        self.sequences(|sequences| sequences.is_closed)
    }

    /// None while the server may not remember any more requests of this session, and once it is
    /// closed.
    fn begin(self: &Arc<Self>) -> Option<Request> {
        let sequence = self.sequences(|sequences| {
            let sequence = sequences.next;
            let pending = sequence - sequences.first_pending();
            if sequences.is_closed || pending >= PENDING_REQUESTS_MAX {
                return None;
            }
            sequences.next += 1;
            assert!(sequences.pending.insert(sequence), "a sequence is given out once");
            Some(sequence)
        })?;
        Some(Request { session: self.clone(), sequence, maybe_applied: AtomicBool::new(false) })
    }
}

/// The identity of one mutation. All its attempts carry it, and its effect happens at most
/// once. It stays pending, for retries, until it is dropped.
pub struct Request {
    session: Arc<Session>,
    sequence: u64,
    maybe_applied: AtomicBool,
}

impl Request {
    /// As the journal will name it.
    pub fn id(&self) -> RequestId {
        RequestId { client_id: self.session.client_id, sequence: self.sequence }
    }

    /// May an attempt have been applied without an answer?
    pub fn maybe_applied(&self) -> bool {
        self.maybe_applied.load(Ordering::Relaxed)
    }

    pub(crate) fn set_maybe_applied(&self) {
        self.maybe_applied.store(true, Ordering::Relaxed);
    }

    /// Another identity for a retry: for a planted bug alone.
    #[allow(dead_code, reason = "a planted bug uses it")]
    pub(crate) fn afresh(&self) -> RequestId {
        let sequence = self.session.sequences(|sequences| {
            sequences.next += 1;
            sequences.next - 1
        });
        RequestId { sequence, ..self.id() }
    }

    pub(crate) fn first_pending(&self) -> u64 {
        let first_pending = self.session.sequences(|sequences| sequences.first_pending());
        assert!(first_pending <= self.sequence, "a request is pending while it can be sent");
        first_pending
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let removed = self.session.sequences(|sequences| sequences.pending.remove(&self.sequence));
        debug_assert!(removed, "a request is released once");
        self.session.released.notify_one();
    }
}

impl Client {
    /// The identity of the next mutation, for [`apply_as`](Client::apply_as) and
    /// [`mutate_as`](Client::mutate_as): it is known before anything is sent.
    /// Opens a session if there is none.
    pub async fn next_request(&self) -> Result<Request, Error> {
        self.begin_request(self.deadline()).await
    }

    pub(crate) async fn begin_request(&self, deadline: Deadline) -> Result<Request, Error> {
        let late = || Error::Unavailable { message: "the deadline passed".to_owned() };
        loop {
            let remaining = deadline.remaining().ok_or_else(late)?;
            let cell = self.session_cell();
            let open = cell.get_or_try_init(|| self.open_session(deadline));
            let session = timeout(remaining, open).await.map_err(|_| late())??;
            if let Some(request) = session.begin() {
                // Pass the news on: one release may make room for several.
                session.released.notify_one();
                return Ok(request);
            }
            if session.is_closed() {
                continue;
            }
            let remaining = deadline.remaining().ok_or_else(late)?;
            timeout(remaining, session.released.notified()).await.map_err(|_| late())?;
        }
    }

    /// Ends the session, so that the cluster need not keep it until it expires; the next mutation
    /// opens another one. Does nothing while there is none, or while a request of it may be sent
    /// again.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: the session ends when it expires.
    pub async fn close_session(&self) -> Result<(), Error> {
        let Some(client_id) = self.take_idle_session() else { return Ok(()) };
        self.call(Aim::Leader, self.deadline(), |attempt: Attempt| async move {
            let request = attempt.request(CloseSessionRequest { client_id });
            let mut files = attempt.files;
            Ok(files.close_session(request).await?.into_inner())
        })
        .await
        .map_err(Ended::of_read)?;
        Ok(())
    }

    /// No request begins under it any more.
    fn take_idle_session(&self) -> Option<u64> {
        let mut current = self.shared.session.lock().unwrap_or_else(PoisonError::into_inner);
        let session = current.get()?;
        if !session.close() {
            return None;
        }
        let client_id = session.client_id;
        *current = Arc::default();
        Some(client_id)
    }

    /// New requests get a new session. Those of the expired one keep it.
    pub(crate) fn forget_session(&self, expired: &Request) {
        let mut current = self.shared.session.lock().unwrap_or_else(PoisonError::into_inner);
        if current.get().is_some_and(|session| Arc::ptr_eq(session, &expired.session)) {
            *current = Arc::default();
        }
    }

    fn session_cell(&self) -> Arc<OnceCell<Arc<Session>>> {
        self.shared.session.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A session that was opened without an answer reaching us is harmless: it expires.
    async fn open_session(&self, deadline: Deadline) -> Result<Arc<Session>, Error> {
        let reply = self
            .call(Aim::Leader, deadline, |attempt: Attempt| async move {
                let request = attempt.request(OpenSessionRequest {});
                let mut files = attempt.files;
                Ok(files.open_session(request).await?.into_inner())
            })
            .await
            .map_err(Ended::of_read)?;
        Ok(Arc::new(Session::new(reply.client_id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_pending_follows_the_oldest_request() {
        let session = Arc::new(Session::new(7));
        let [first, second, third] = [(); 3].map(|()| session.begin().expect("there is room"));
        assert_eq!(third.id(), RequestId { client_id: 7, sequence: 3 });
        drop(second);
        assert_eq!(third.first_pending(), 1);
        drop(first);
        assert_eq!(third.first_pending(), 3);
        drop(third);
        assert_eq!(session.begin().expect("there is room").first_pending(), 4);
    }

    #[test]
    fn a_session_with_a_pending_request_is_not_closed() {
        let session = Arc::new(Session::new(7));
        let request = session.begin().expect("there is room");
        assert!(!session.close());
        drop(request);
        assert!(session.close());
        assert!(session.begin().is_none());
    }

    #[test]
    fn pending_requests_are_bounded() {
        let session = Arc::new(Session::new(7));
        let mut requests: Vec<_> = std::iter::from_fn(|| session.begin()).collect();
        assert_eq!(requests.len() as u64, PENDING_REQUESTS_MAX);
        requests.remove(1);
        assert!(session.begin().is_none(), "the oldest one still holds the window");
        requests.remove(0);
        assert!(session.begin().is_some());
    }
}
