//! Replies, kept so that a retry gets the same one.

use metad_proto::{
    errors::{BYTES, NODES},
    limits,
};

use super::{
    codec::{Decoder, Encoder},
    lock, namespace,
    node::get_name,
    snapshot,
};
use crate::{
    kv::Result,
    types::{
        Applied, ClientId, Field, NameInvalid, NodeId, Outcome, Rejection, Revision, StepResult,
    },
};

const VERSION: u8 = 1;

const REJECTED: u8 = 1;
const SESSION: u8 = 2;
const NAMESPACE: u8 = 3;
const STEPS: u8 = 4;
const RECLAIMED: u8 = 5;
const NONE: u8 = 6;
const COMPACTED: u8 = 7;
const SNAPSHOT: u8 = 8;
const LOCK: u8 = 9;

const NAMES_INVALID: [NameInvalid; 18] = [
    NameInvalid::Empty,
    NameInvalid::TooLong,
    NameInvalid::Dots,
    NameInvalid::Character,
    NameInvalid::Root,
    NameInvalid::Hash,
    NameInvalid::Policy,
    NameInvalid::Revisions,
    NameInvalid::Lock,
    NameInvalid::Manifest,
    NameInvalid::Missing(Field::Request),
    NameInvalid::Missing(Field::Mutation),
    NameInvalid::Missing(Field::Steps),
    NameInvalid::Missing(Field::Op),
    NameInvalid::Missing(Field::Condition),
    NameInvalid::Missing(Field::To),
    NameInvalid::Unknown(Field::Kind),
    NameInvalid::Unknown(Field::Policy),
];

/// The stored value.
pub fn encode(applied: &Applied) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(applied.revision.0);
    match &applied.outcome {
        Outcome::Rejected(rejection) => {
            encoder.byte(REJECTED);
            put_rejection(&mut encoder, rejection);
        }
        Outcome::Session { client, ttl_ms } => {
            encoder.byte(SESSION);
            encoder.u64(client.0);
            encoder.u64(*ttl_ms);
        }
        Outcome::Namespace(namespace) => {
            encoder.byte(NAMESPACE);
            namespace::put(&mut encoder, namespace);
        }
        Outcome::Snapshot(snapshot) => {
            encoder.byte(SNAPSHOT);
            snapshot::put(&mut encoder, snapshot);
        }
        Outcome::Lock(lock) => {
            encoder.byte(LOCK);
            lock::put(&mut encoder, lock);
        }
        Outcome::Steps(results) => {
            encoder.byte(STEPS);
            encoder.u64(results.len() as u64);
            for result in results {
                encoder.u64(result.id.0);
                encoder.u64(result.rev.0);
                encoder.byte(result.renamed.is_some().into());
                if let Some(name) = &result.renamed {
                    encoder.text(name.as_str());
                }
            }
        }
        Outcome::Compacted(revision) => {
            encoder.byte(COMPACTED);
            encoder.u64(revision.0);
        }
        Outcome::Reclaimed { more } => {
            encoder.byte(RECLAIMED);
            encoder.byte((*more).into());
        }
        Outcome::None => encoder.byte(NONE),
    }
    encoder.seal(VERSION)
}

/// Reads a stored value.
pub fn decode(value: &[u8]) -> Result<Applied> {
    let mut decoder = Decoder::open("reply record", VERSION, value)?;
    let revision = Revision(decoder.u64()?);
    let outcome = match decoder.byte()? {
        REJECTED => Outcome::Rejected(get_rejection(&mut decoder)?),
        SESSION => Outcome::Session { client: ClientId(decoder.u64()?), ttl_ms: decoder.u64()? },
        NAMESPACE => Outcome::Namespace(namespace::get(&mut decoder)?),
        SNAPSHOT => Outcome::Snapshot(snapshot::get(&mut decoder)?),
        LOCK => Outcome::Lock(lock::get(&mut decoder)?),
        STEPS => {
            let count = decoder.u64()?;
            Outcome::Steps((0..count).map(|_| get_result(&mut decoder)).collect::<Result<_>>()?)
        }
        COMPACTED => Outcome::Compacted(Revision(decoder.u64()?)),
        RECLAIMED => Outcome::Reclaimed { more: decoder.byte()? == 1 },
        NONE => Outcome::None,
        other => return Err(decoder.fault(format!("unknown outcome {other}"))),
    };
    decoder.end()?;
    Ok(Applied { revision, outcome })
}

fn get_result(decoder: &mut Decoder) -> Result<StepResult> {
    let (id, rev) = (NodeId(decoder.u64()?), Revision(decoder.u64()?));
    let renamed = match decoder.byte()? {
        0 => None,
        _ => Some(get_name(decoder)?),
    };
    Ok(StepResult { id, rev, renamed })
}

fn put_rejection(encoder: &mut Encoder, rejection: &Rejection) {
    match rejection {
        Rejection::NotFound => encoder.byte(1),
        Rejection::NoRevision => encoder.byte(18),
        Rejection::AlreadyExists => encoder.byte(2),
        Rejection::NotADirectory => encoder.byte(3),
        Rejection::IsADirectory => encoder.byte(4),
        Rejection::NotEmpty => encoder.byte(5),
        Rejection::Cycle => encoder.byte(6),
        Rejection::Conflict { current } => {
            encoder.byte(7);
            encoder.u64(current.0);
        }
        Rejection::NameInvalid(why) => {
            encoder.byte(8);
            let position = NAMES_INVALID.iter().position(|known| known == why);
            encoder.byte(position.expect("all are listed") as u8);
        }
        Rejection::LimitExceeded { limit, value } => {
            encoder.byte(9);
            encoder.text(limit);
            encoder.u64(*value);
        }
        Rejection::SessionExpired => encoder.byte(10),
        Rejection::PreconditionFailed => encoder.byte(12),
        Rejection::QuotaExceeded { directory, of, value } => {
            encoder.byte(15);
            encoder.u64(directory.0);
            encoder.byte((*of == NODES).into());
            encoder.u64(*value);
        }
        Rejection::RevisionCompacted { oldest } => {
            encoder.byte(13);
            encoder.u64(oldest.0);
        }
        Rejection::CursorReset { revision } => {
            encoder.byte(14);
            encoder.u64(revision.0);
        }
        Rejection::LockHeld { client, token, expires_ms } => {
            encoder.byte(16);
            encoder.u64(client.0);
            encoder.u64(token.0);
            encoder.u64(*expires_ms);
        }
        Rejection::TokenStale { token } => {
            encoder.byte(17);
            encoder.u64(token.0);
        }
        Rejection::Step { index, rejection } => {
            encoder.byte(11);
            encoder.u64((*index).into());
            put_rejection(encoder, rejection);
        }
    }
}

fn get_rejection(decoder: &mut Decoder) -> Result<Rejection> {
    Ok(match decoder.byte()? {
        1 => Rejection::NotFound,
        18 => Rejection::NoRevision,
        2 => Rejection::AlreadyExists,
        3 => Rejection::NotADirectory,
        4 => Rejection::IsADirectory,
        5 => Rejection::NotEmpty,
        6 => Rejection::Cycle,
        7 => Rejection::Conflict { current: Revision(decoder.u64()?) },
        8 => {
            let position = usize::from(decoder.byte()?);
            let why = NAMES_INVALID.get(position).copied();
            Rejection::NameInvalid(why.ok_or_else(|| decoder.fault("unknown name error"))?)
        }
        9 => {
            let name = decoder.text()?;
            let limit = limits::NAMES.iter().find(|known| **known == name).copied();
            let limit = limit.ok_or_else(|| decoder.fault(format!("unknown limit {name}")))?;
            Rejection::LimitExceeded { limit, value: decoder.u64()? }
        }
        10 => Rejection::SessionExpired,
        12 => Rejection::PreconditionFailed,
        15 => Rejection::QuotaExceeded {
            directory: NodeId(decoder.u64()?),
            of: if decoder.byte()? == 1 { NODES } else { BYTES },
            value: decoder.u64()?,
        },
        13 => Rejection::RevisionCompacted { oldest: Revision(decoder.u64()?) },
        16 => Rejection::LockHeld {
            client: ClientId(decoder.u64()?),
            token: Revision(decoder.u64()?),
            expires_ms: decoder.u64()?,
        },
        17 => Rejection::TokenStale { token: Revision(decoder.u64()?) },
        14 => Rejection::CursorReset { revision: Revision(decoder.u64()?) },
        11 => {
            Rejection::Step { index: decoder.u32()?, rejection: Box::new(get_rejection(decoder)?) }
        }
        other => return Err(decoder.fault(format!("unknown rejection {other}"))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejections_come_back() {
        let inner = [
            Rejection::NotFound,
            Rejection::NoRevision,
            Rejection::NameInvalid(NameInvalid::Unknown(Field::Kind)),
            Rejection::Conflict { current: Revision(7) },
            Rejection::NameInvalid(NameInvalid::Lock),
            Rejection::LockHeld { client: ClientId(3), token: Revision(4), expires_ms: 5 },
            Rejection::TokenStale { token: Revision(4) },
            Rejection::LimitExceeded { limit: limits::DEPTH, value: 256 },
        ];
        for rejection in inner {
            let rejection = Rejection::Step { index: 3, rejection: Box::new(rejection) };
            let applied = Applied { revision: Revision(9), outcome: Outcome::Rejected(rejection) };
            assert_eq!(decode(&encode(&applied)).expect("decodes"), applied);
        }
    }
}
