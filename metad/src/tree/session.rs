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
    /// It is new: run it, and [`record`] the answer in the session.
    New(Session),
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
    let session = Session::new(system.time_ms);
    txn.put(key::session(group, client), session::encode(&session));
    answer(system, Outcome::Session { client, ttl_ms: SESSION_TTL_MS })
}

/// Ends a session: its requests are refused from now on. One that has ended stays so, and its
/// id is never given to another client.
pub(super) fn close(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
    client: ClientId,
) -> Result<Applied> {
    if find(txn, group, client)?.is_some() {
        // No more than may be pending.
        free(txn, group, system, client, usize::MAX)?;
    }
    Ok(Applied { revision: system.revision, outcome: Outcome::None })
}

/// Frees replies of a session, and then the session. Says how many records that took.
pub(super) fn free(
    txn: &mut impl KvTxn,
    group: GroupId,
    system: &mut System,
    client: ClientId,
    records_max: usize,
) -> Result<usize> {
    let range = key::replies(group, client, 0..u64::MAX);
    let replies = txn.scan(&range.start, &range.end).take(records_max);
    let replies = replies.map(|pair| Ok(pair?.0)).collect::<Result<Vec<_>>>()?;
    let count = replies.len();
    replies.into_iter().for_each(|reply| txn.delete(reply));
    if count < records_max {
        txn.delete(key::session(group, client));
        system.sessions -= 1;
    }
    Ok(count + 1)
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
    match reply(txn, group, &session, request)? {
        Some(applied) => Ok(Admission::Answered(applied)),
        None => Ok(Admission::New(session)),
    }
}

/// Whether a request has been answered, and the session still knows it.
pub(super) fn is_answered(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    request: Request,
) -> Result<bool> {
    let Some(session) = find(view, group, request.client)? else { return Ok(false) };
    Ok(reply(view, group, &session, request)?.is_some())
}

fn reply(
    view: &(impl KvRead + ?Sized),
    group: GroupId,
    session: &Session,
    request: Request,
) -> Result<Option<Applied>> {
    if let Some(reply) = session.kept(request.sequence) {
        return outcome::decode(reply).map(Some);
    }
    if request.sequence >= session.spilled {
        return Ok(None);
    }
    view.get(&key::reply(group, request))?.map(|reply| outcome::decode(&reply)).transpose()
}

/// Keeps the answer to a request, and forgets those that the client has.
pub(super) fn record(
    txn: &mut impl KvTxn,
    group: GroupId,
    (system, mut session): (&System, Session),
    ClientRequest { request, first_pending, .. }: &ClientRequest,
    applied: &Applied,
) {
    let request = *request;
    // A client cannot have the reply to a request that it is only making.
    let first_pending = (*first_pending).clamp(session.first_pending, request.sequence);
    // At most as many as may be pending. One that never came has no reply, which is as well.
    for sequence in session.first_pending..first_pending.min(session.spilled) {
        txn.delete(key::reply(group, Request { sequence, ..request }));
    }
    session.kept.retain(|(sequence, _)| *sequence >= first_pending);
    (session.last_active_ms, session.first_pending) = (system.time_ms, first_pending);
    if !(planted!(RejectionsNotRemembered) && matches!(applied.outcome, Outcome::Rejected(_))) {
        let reply = outcome::encode(applied);
        if !session.keep(request.sequence, &reply) {
            txn.put(key::reply(group, request), reply);
        }
    }
    txn.put(key::session(group, request.client), session::encode(&session));
}

fn find(txn: &(impl KvRead + ?Sized), group: GroupId, client: ClientId) -> Result<Option<Session>> {
    let value = txn.get(&key::session(group, client))?;
    value.map(|value| session::decode(&value)).transpose()
}
