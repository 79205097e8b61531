//! Commands, as the log holds them.

use super::{
    codec::{Decoder, Encoder},
    lock::{get_fence, get_ref, put_fence, put_ref},
    namespace::{get_policy, put_policy},
    node::get_name,
    step::{get_flag, get_step, put_step},
    usage::{get_quota, put_quota},
};
use crate::{
    kv::Result,
    types::{
        Action, ClientId, ClientRequest, Command, Mutation, Name, NamespaceId, NodeId, NodeRef,
        Path, Request, Revision,
    },
};

const VERSION: u8 = 1;

const OPEN_SESSION: u8 = 1;
const REQUEST: u8 = 2;
const RECLAIM: u8 = 4;
const COMPACT: u8 = 5;
const CLOSE_SESSION: u8 = 6;

const CREATE_NAMESPACE: u8 = 1;
const STEPS: u8 = 2;
const CREATE_SNAPSHOT: u8 = 3;
const DELETE_SNAPSHOT: u8 = 4;
const UPDATE_NAMESPACE: u8 = 5;
const DELETE_NAMESPACE: u8 = 6;
const ACQUIRE_LOCK: u8 = 7;
const RENEW_LOCK: u8 = 8;
const RELEASE_LOCK: u8 = 9;

/// The payload of a log entry.
pub fn encode(command: &Command) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(command.time_ms);
    match &command.action {
        Action::OpenSession => encoder.byte(OPEN_SESSION),
        Action::CloseSession(client) => {
            encoder.byte(CLOSE_SESSION);
            encoder.u64(client.0);
        }
        Action::Request(request) => {
            encoder.byte(REQUEST);
            put_request(&mut encoder, request);
        }
        Action::Compact { up_to } => {
            encoder.byte(COMPACT);
            encoder.u64(up_to.0);
        }
        Action::Reclaim { records_max } => {
            encoder.byte(RECLAIM);
            encoder.u64((*records_max).into());
        }
    }
    encoder.seal(VERSION)
}

/// Reads the payload of a log entry.
pub fn decode(value: &[u8]) -> Result<Command> {
    let mut decoder = Decoder::open("command", VERSION, value)?;
    let time_ms = decoder.u64()?;
    let action = match decoder.byte()? {
        OPEN_SESSION => Action::OpenSession,
        CLOSE_SESSION => Action::CloseSession(ClientId(decoder.u64()?)),
        REQUEST => Action::Request(get_request(&mut decoder)?),
        COMPACT => Action::Compact { up_to: Revision(decoder.u64()?) },
        RECLAIM => Action::Reclaim { records_max: decoder.u32()? },
        other => return Err(decoder.fault(format!("unknown action {other}"))),
    };
    decoder.end()?;
    Ok(Command { time_ms, action })
}

fn put_request(encoder: &mut Encoder, request: &ClientRequest) {
    let ClientRequest { request, first_pending, fences, mutation } = request;
    encoder.u64(request.client.0);
    encoder.u64(request.sequence);
    encoder.u64(*first_pending);
    encoder.u64(fences.len() as u64);
    fences.iter().for_each(|fence| put_fence(encoder, fence));
    put_mutation(encoder, mutation);
}

fn get_request(decoder: &mut Decoder) -> Result<ClientRequest> {
    let request = Request { client: ClientId(decoder.u64()?), sequence: decoder.u64()? };
    let first_pending = decoder.u64()?;
    let count = decoder.u64()?;
    let fences = (0..count).map(|_| get_fence(decoder)).collect::<Result<_>>()?;
    Ok(ClientRequest { request, first_pending, fences, mutation: get_mutation(decoder)? })
}

fn put_mutation(encoder: &mut Encoder, mutation: &Mutation) {
    match mutation {
        Mutation::CreateNamespace { name, policy, quota } => {
            encoder.byte(CREATE_NAMESPACE);
            encoder.text(name.as_str());
            put_policy(encoder, *policy);
            put_quota(encoder, *quota);
        }
        Mutation::UpdateNamespace { namespace, name, quota } => {
            encoder.byte(UPDATE_NAMESPACE);
            encoder.u64(namespace.0);
            encoder.text(name.as_ref().map_or("", Name::as_str));
            encoder.byte(quota.is_some().into());
            put_quota(encoder, quota.unwrap_or_default());
        }
        Mutation::DeleteNamespace { namespace, recursive } => {
            encoder.byte(DELETE_NAMESPACE);
            encoder.u64(namespace.0);
            encoder.byte((*recursive).into());
        }
        Mutation::CreateSnapshot { namespace, name } => {
            encoder.byte(CREATE_SNAPSHOT);
            encoder.u64(namespace.0);
            encoder.text(name.as_str());
        }
        Mutation::DeleteSnapshot { namespace, name } => {
            encoder.byte(DELETE_SNAPSHOT);
            encoder.u64(namespace.0);
            encoder.text(name.as_str());
        }
        Mutation::AcquireLock { lock, ttl_ms } => {
            encoder.byte(ACQUIRE_LOCK);
            put_ref(encoder, lock);
            encoder.u64(*ttl_ms);
        }
        Mutation::RenewLock { fence, ttl_ms } => {
            encoder.byte(RENEW_LOCK);
            put_fence(encoder, fence);
            encoder.u64(*ttl_ms);
        }
        Mutation::ReleaseLock(fence) => {
            encoder.byte(RELEASE_LOCK);
            put_fence(encoder, fence);
        }
        Mutation::Steps { namespace, steps } => {
            encoder.byte(STEPS);
            encoder.u64(namespace.0);
            encoder.u64(steps.len() as u64);
            steps.iter().for_each(|step| put_step(encoder, step));
        }
    }
}

fn get_mutation(decoder: &mut Decoder) -> Result<Mutation> {
    Ok(match decoder.byte()? {
        CREATE_NAMESPACE => Mutation::CreateNamespace {
            name: get_name(decoder)?,
            policy: get_policy(decoder)?,
            quota: get_quota(decoder)?,
        },
        UPDATE_NAMESPACE => {
            let namespace = NamespaceId(decoder.u64()?);
            let name = match decoder.text()? {
                "" => None,
                name => Some(Name::new(name).map_err(|error| decoder.fault(error.to_string()))?),
            };
            let (given, quota) = (get_flag(decoder)?, get_quota(decoder)?);
            Mutation::UpdateNamespace { namespace, name, quota: given.then_some(quota) }
        }
        DELETE_NAMESPACE => Mutation::DeleteNamespace {
            namespace: NamespaceId(decoder.u64()?),
            recursive: get_flag(decoder)?,
        },
        CREATE_SNAPSHOT => Mutation::CreateSnapshot {
            namespace: NamespaceId(decoder.u64()?),
            name: get_name(decoder)?,
        },
        DELETE_SNAPSHOT => Mutation::DeleteSnapshot {
            namespace: NamespaceId(decoder.u64()?),
            name: get_name(decoder)?,
        },
        ACQUIRE_LOCK => Mutation::AcquireLock { lock: get_ref(decoder)?, ttl_ms: decoder.u64()? },
        RENEW_LOCK => Mutation::RenewLock { fence: get_fence(decoder)?, ttl_ms: decoder.u64()? },
        RELEASE_LOCK => Mutation::ReleaseLock(get_fence(decoder)?),
        STEPS => {
            let namespace = NamespaceId(decoder.u64()?);
            let count = decoder.u64()?;
            let steps = (0..count).map(|_| get_step(decoder)).collect::<Result<_>>()?;
            Mutation::Steps { namespace, steps }
        }
        other => return Err(decoder.fault(format!("unknown mutation {other}"))),
    })
}

pub(super) fn put_node_ref(encoder: &mut Encoder, target: &NodeRef) {
    encoder.u64(target.start.0);
    encoder.u64(target.path.names().len() as u64);
    target.path.names().iter().for_each(|name| encoder.text(name.as_str()));
}

pub(super) fn get_node_ref(decoder: &mut Decoder) -> Result<NodeRef> {
    let start = NodeId(decoder.u64()?);
    let count = decoder.u64()?;
    let names = (0..count).map(|_| get_name(decoder)).collect::<Result<_>>()?;
    Ok(NodeRef { start, path: Path::of(names) })
}
