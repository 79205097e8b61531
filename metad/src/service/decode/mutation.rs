//! Mutations: what a client asks to change.

use metad_proto::{limits, v1};

use super::{
    Decoded, check_limit, lock_ref, name,
    steps::{quota, steps},
};
use crate::types::{
    Action, ClientRequest, Fence, Field, Mutation, NameInvalid, NamespaceId, Policy, Rejection,
    Request, Revision,
};

/// What a client asks for.
pub(in crate::service) fn action(
    request: Request,
    first_pending: u64,
    fences: Vec<v1::Fence>,
    mutation: v1::mutate_request::Mutation,
) -> Decoded<Action> {
    check_limit(limits::FENCES, limits::FENCES_MAX, fences.len())?;
    let fences = fences.into_iter().map(|held| fence(held.lock, held.token));
    let fences = fences.collect::<Decoded<_>>()?;
    let mutation = self::mutation(mutation)?;
    Ok(Action::Request(ClientRequest { request, first_pending, fences, mutation }))
}

fn mutation(mutation: v1::mutate_request::Mutation) -> Decoded<Mutation> {
    use v1::mutate_request::Mutation as Wire;
    Ok(match mutation {
        Wire::CreateNamespace(create) => Mutation::CreateNamespace {
            name: name(&create.name)?,
            policy: policy(create.policy)?,
            quota: quota(create.quota.unwrap_or_default()),
        },
        Wire::UpdateNamespace(update) => Mutation::UpdateNamespace {
            namespace: NamespaceId(update.ns),
            name: match update.name.as_str() {
                "" => None,
                text => Some(name(text)?),
            },
            quota: update.quota.map(quota),
        },
        Wire::DeleteNamespace(delete) => Mutation::DeleteNamespace {
            namespace: NamespaceId(delete.ns),
            recursive: delete.recursive,
        },
        Wire::CreateSnapshot(create) => Mutation::CreateSnapshot {
            namespace: NamespaceId(create.ns),
            name: name(&create.name)?,
        },
        Wire::DeleteSnapshot(delete) => Mutation::DeleteSnapshot {
            namespace: NamespaceId(delete.ns),
            name: name(&delete.name)?,
        },
        Wire::AcquireLock(acquire) => {
            Mutation::AcquireLock { lock: lock_ref(acquire.lock)?, ttl_ms: ttl_ms(acquire.ttl_ms)? }
        }
        Wire::RenewLock(renew) => Mutation::RenewLock {
            fence: fence(renew.lock, renew.token)?,
            ttl_ms: ttl_ms(renew.ttl_ms)?,
        },
        Wire::ReleaseLock(release) => Mutation::ReleaseLock(fence(release.lock, release.token)?),
        Wire::Steps(v1::Steps { ns, steps }) => {
            Mutation::Steps { namespace: NamespaceId(ns), steps: self::steps(steps)? }
        }
    })
}

fn policy(policy: i32) -> Decoded<Policy> {
    match v1::NamePolicy::try_from(policy) {
        Ok(v1::NamePolicy::Unspecified | v1::NamePolicy::Exact) => Ok(Policy::Exact),
        Ok(v1::NamePolicy::Casefold) => Ok(Policy::Casefold),
        // Names would be kept apart, or not, otherwise than the client thinks.
        Err(_) => Err(Rejection::NameInvalid(NameInvalid::Unknown(Field::Policy))),
    }
}

fn fence(lock: Option<v1::LockRef>, token: u64) -> Decoded<Fence> {
    Ok(Fence { lock: lock_ref(lock)?, token: Revision(token) })
}

fn ttl_ms(ttl_ms: u64) -> Decoded<u64> {
    match ttl_ms {
        0 => Ok(limits::LOCK_TTL_MS),
        ttl_ms if ttl_ms > limits::LOCK_TTL_MS_MAX => beyond(limits::LOCK_TTL_MS_MAX),
        ttl_ms if ttl_ms < limits::LOCK_TTL_MS_MIN => beyond(limits::LOCK_TTL_MS_MIN),
        ttl_ms => Ok(ttl_ms),
    }
}

fn beyond(value: u64) -> Decoded<u64> {
    Err(Rejection::LimitExceeded { limit: limits::LOCK_TTL, value })
}
