//! Sessions: each request has one effect, however often it is sent.
//!
//! The reply to a request is kept until the client says that it has it, or the session
//! expires by replicated time. A request that the session can no longer know is refused,
//! never run a second time.

use metad_proto::{
    limits::{PENDING_REQUESTS, PENDING_REQUESTS_MAX, SESSION_TTL_MS, SESSIONS, SESSIONS_MAX},
    planted,
};

use crate::{
    kv::{KvRead, KvTxn, Result},
    records::{
        key, outcome,
        session::{self, Session},
        system::System,
    },
    types::{Applied, ClientId, ClientRequest, GroupId, Outcome, Rejection, Request},
};

/// What a session says to a request.
pub(super) enum Admission {
    /// It is new: run it.
    New,
    /// It has been run, with this answer.
    Answered(Applied),
    /// It cannot be run.
    Refused(Rejection),
}

/// Opens a session. One that was opened for a client who never heard of it expires.
pub(super) fn open(txn: &mut impl KvTxn, group: GroupId, system: &mut System) -> Applied {
    let answer = |system: &System, outcome| Applied { revision: system.revision, outcome };
    if system.sessions >= SESSIONS_MAX {
        let rejection = Rejection::LimitExceeded { limit: SESSIONS, value: SESSIONS_MAX };
        return answer(system, Outcome::Rejected(rejection));
    }
    let client = system.next_client;
    system.next_client = ClientId(client.0 + 1);
    system.sessions += 1;
    let session = Session { last_active_ms: system.time_ms, first_pending: 1 };
    txn.put(key::session(group, client), session::encode(&session));
    answer(system, Outcome::Session { client, ttl_ms: SESSION_TTL_MS })
}

/// Whether a session has expired at a time.
pub(super) fn has_expired(session: &Session, time_ms: u64) -> bool {
    time_ms.saturating_sub(session.last_active_ms) > SESSION_TTL_MS
}

/// Asks the session about a request.
pub(super) fn admit(
    txn: &impl KvRead,
    group: GroupId,
    system: &System,
    request: Request,
) -> Result<Admission> {
    let session = find(txn, group, request.client)?;
    let Some(session) = session.filter(|session| !has_expired(session, system.time_ms)) else {
        return Ok(Admission::Refused(Rejection::SessionExpired));
    };
    if request.sequence < session.first_pending {
        return Ok(Admission::Refused(Rejection::SessionExpired));
    }
    if request.sequence - session.first_pending >= PENDING_REQUESTS_MAX {
        let (limit, value) = (PENDING_REQUESTS, PENDING_REQUESTS_MAX);
        return Ok(Admission::Refused(Rejection::LimitExceeded { limit, value }));
    }
    match txn.get(&key::reply(group, request))? {
        Some(reply) => Ok(Admission::Answered(outcome::decode(&reply)?)),
        None => Ok(Admission::New),
    }
}

/// Keeps the answer to a request, and forgets those that the client has.
pub(super) fn record(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &System,
    ClientRequest { request, first_pending, .. }: &ClientRequest,
    applied: &Applied,
) -> Result<()> {
    let request = *request;
    let session = find(txn, group, request.client)?.expect("admit found it in this transaction");
    // A client cannot have the reply to a request that it is only making.
    let first_pending = (*first_pending).clamp(session.first_pending, request.sequence);
    let known = key::replies(group, request.client, session.first_pending..first_pending);
    let known = txn.scan(&known.start, &known.end).map(|pair| Ok(pair?.0));
    for reply in known.collect::<Result<Vec<_>>>()? {
        txn.delete(reply);
    }
    let session = Session { last_active_ms: system.time_ms, first_pending };
    txn.put(key::session(group, request.client), session::encode(&session));
    if !(planted!(RejectionsNotRemembered) && matches!(applied.outcome, Outcome::Rejected(_))) {
        txn.put(key::reply(group, request), outcome::encode(applied));
    }
    Ok(())
}

fn find(txn: &impl KvRead, group: GroupId, client: ClientId) -> Result<Option<Session>> {
    let value = txn.get(&key::session(group, client))?;
    value.map(|value| session::decode(&value)).transpose()
}
