//! Commands, as the log holds them.

use super::{
    codec::{Decoder, Encoder},
    node::{
        get_attributes, get_content, get_kind, get_name, put_attributes, put_content, put_kind,
    },
    usage::{get_quota, put_quota},
};
use crate::{
    kv::Result,
    types::{
        Action, ClientId, Command, CommitMode, Condition, NamespaceId, NodeId, NodeRef, Path,
        Request, Revision, Step,
    },
};

const VERSION: u8 = 1;

const OPEN_SESSION: u8 = 1;
const CREATE_NAMESPACE: u8 = 2;
const MUTATE: u8 = 3;
const RECLAIM: u8 = 4;
const COMPACT: u8 = 5;
const CREATE_SNAPSHOT: u8 = 6;
const DELETE_SNAPSHOT: u8 = 7;

const MKDIR: u8 = 1;
const COMMIT: u8 = 2;
const MOVE: u8 = 3;
const DELETE: u8 = 4;
const SYMLINK: u8 = 5;
const COPY: u8 = 6;
const SET_ATTRIBUTES: u8 = 7;
const CHECK: u8 = 8;
const RESTORE: u8 = 9;
const SET_QUOTA: u8 = 10;

const CREATE: u8 = 1;
const OVERWRITE: u8 = 2;
const UPDATE: u8 = 3;

const EXISTS: u8 = 1;
const ABSENT: u8 = 2;
const REV: u8 = 3;
const KIND: u8 = 4;
const UNCHANGED: u8 = 5;

/// The payload of a log entry.
pub fn encode(command: &Command) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.u64(command.time_ms);
    match &command.action {
        Action::OpenSession => encoder.byte(OPEN_SESSION),
        Action::CreateNamespace { request, first_pending, name } => {
            encoder.byte(CREATE_NAMESPACE);
            put_request(&mut encoder, *request, *first_pending);
            encoder.text(name.as_str());
        }
        Action::CreateSnapshot { request, first_pending, namespace, name } => {
            encoder.byte(CREATE_SNAPSHOT);
            put_request(&mut encoder, *request, *first_pending);
            encoder.u64(namespace.0);
            encoder.text(name.as_str());
        }
        Action::DeleteSnapshot { request, first_pending, namespace, name } => {
            encoder.byte(DELETE_SNAPSHOT);
            put_request(&mut encoder, *request, *first_pending);
            encoder.u64(namespace.0);
            encoder.text(name.as_str());
        }
        Action::Mutate { request, first_pending, namespace, steps } => {
            encoder.byte(MUTATE);
            put_request(&mut encoder, *request, *first_pending);
            encoder.u64(namespace.0);
            encoder.u64(steps.len() as u64);
            steps.iter().for_each(|step| put_step(&mut encoder, step));
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
        CREATE_NAMESPACE => {
            let (request, first_pending) = get_request(&mut decoder)?;
            Action::CreateNamespace { request, first_pending, name: get_name(&mut decoder)? }
        }
        MUTATE => {
            let (request, first_pending) = get_request(&mut decoder)?;
            let namespace = NamespaceId(decoder.u64()?);
            let count = decoder.u64()?;
            let steps = (0..count).map(|_| get_step(&mut decoder)).collect::<Result<_>>()?;
            Action::Mutate { request, first_pending, namespace, steps }
        }
        CREATE_SNAPSHOT => {
            let (request, first_pending) = get_request(&mut decoder)?;
            let (namespace, name) = (NamespaceId(decoder.u64()?), get_name(&mut decoder)?);
            Action::CreateSnapshot { request, first_pending, namespace, name }
        }
        DELETE_SNAPSHOT => {
            let (request, first_pending) = get_request(&mut decoder)?;
            let (namespace, name) = (NamespaceId(decoder.u64()?), get_name(&mut decoder)?);
            Action::DeleteSnapshot { request, first_pending, namespace, name }
        }
        COMPACT => Action::Compact { up_to: Revision(decoder.u64()?) },
        RECLAIM => Action::Reclaim { records_max: decoder.u32()? },
        other => return Err(decoder.fault(format!("unknown action {other}"))),
    };
    decoder.end()?;
    Ok(Command { time_ms, action })
}

fn put_request(encoder: &mut Encoder, request: Request, first_pending: u64) {
    encoder.u64(request.client.0);
    encoder.u64(request.sequence);
    encoder.u64(first_pending);
}

fn get_request(decoder: &mut Decoder) -> Result<(Request, u64)> {
    let request = Request { client: ClientId(decoder.u64()?), sequence: decoder.u64()? };
    Ok((request, decoder.u64()?))
}

fn put_step(encoder: &mut Encoder, step: &Step) {
    match step {
        Step::Mkdir { target, parents } => {
            encoder.byte(MKDIR);
            put_node_ref(encoder, target);
            encoder.byte((*parents).into());
        }
        Step::Commit { target, content, mode, autorename } => {
            encoder.byte(COMMIT);
            put_node_ref(encoder, target);
            put_content(encoder, content);
            match mode {
                CommitMode::Create => encoder.byte(CREATE),
                CommitMode::Overwrite => encoder.byte(OVERWRITE),
                CommitMode::Update { rev } => {
                    encoder.byte(UPDATE);
                    encoder.u64(rev.0);
                }
            }
            encoder.byte(autorename.is_some().into());
            if let Some(client) = autorename {
                encoder.text(client);
            }
        }
        Step::Symlink { target, to } => {
            encoder.byte(SYMLINK);
            put_node_ref(encoder, target);
            encoder.text(to);
        }
        Step::Copy { from, to, at } => {
            encoder.byte(COPY);
            put_node_ref(encoder, from);
            put_node_ref(encoder, to);
            put_rev(encoder, *at);
        }
        Step::SetQuota { target, quota } => {
            encoder.byte(SET_QUOTA);
            put_node_ref(encoder, target);
            put_quota(encoder, *quota);
        }
        Step::Restore { target, revision } => {
            encoder.byte(RESTORE);
            put_node_ref(encoder, target);
            encoder.u64(revision.0);
        }
        Step::SetAttributes { target, set, remove, rev } => {
            encoder.byte(SET_ATTRIBUTES);
            put_node_ref(encoder, target);
            put_attributes(encoder, set);
            encoder.u64(remove.len() as u64);
            remove.iter().for_each(|name| encoder.text(name));
            put_rev(encoder, *rev);
        }
        Step::Check { target, condition } => {
            encoder.byte(CHECK);
            put_node_ref(encoder, target);
            put_condition(encoder, *condition);
        }
        Step::Move { from, to, replace, rev } => {
            encoder.byte(MOVE);
            put_node_ref(encoder, from);
            put_node_ref(encoder, to);
            encoder.byte((*replace).into());
            put_rev(encoder, *rev);
        }
        Step::Delete { target, recursive, rev } => {
            encoder.byte(DELETE);
            put_node_ref(encoder, target);
            encoder.byte((*recursive).into());
            put_rev(encoder, *rev);
        }
    }
}

fn get_step(decoder: &mut Decoder) -> Result<Step> {
    Ok(match decoder.byte()? {
        MKDIR => Step::Mkdir { target: get_node_ref(decoder)?, parents: get_flag(decoder)? },
        COMMIT => Step::Commit {
            target: get_node_ref(decoder)?,
            content: get_content(decoder)?,
            mode: match decoder.byte()? {
                CREATE => CommitMode::Create,
                OVERWRITE => CommitMode::Overwrite,
                UPDATE => CommitMode::Update { rev: Revision(decoder.u64()?) },
                other => return Err(decoder.fault(format!("unknown commit mode {other}"))),
            },
            autorename: match get_flag(decoder)? {
                true => Some(decoder.text()?.into()),
                false => None,
            },
        },
        SYMLINK => Step::Symlink { target: get_node_ref(decoder)?, to: decoder.text()?.into() },
        COPY => Step::Copy {
            from: get_node_ref(decoder)?,
            to: get_node_ref(decoder)?,
            at: get_rev(decoder)?,
        },
        SET_QUOTA => Step::SetQuota { target: get_node_ref(decoder)?, quota: get_quota(decoder)? },
        RESTORE => {
            Step::Restore { target: get_node_ref(decoder)?, revision: Revision(decoder.u64()?) }
        }
        SET_ATTRIBUTES => Step::SetAttributes {
            target: get_node_ref(decoder)?,
            set: get_attributes(decoder)?,
            remove: {
                let count = decoder.u64()?;
                (0..count).map(|_| Ok(decoder.text()?.to_owned())).collect::<Result<_>>()?
            },
            rev: get_rev(decoder)?,
        },
        CHECK => Step::Check { target: get_node_ref(decoder)?, condition: get_condition(decoder)? },
        MOVE => Step::Move {
            from: get_node_ref(decoder)?,
            to: get_node_ref(decoder)?,
            replace: get_flag(decoder)?,
            rev: get_rev(decoder)?,
        },
        DELETE => Step::Delete {
            target: get_node_ref(decoder)?,
            recursive: get_flag(decoder)?,
            rev: get_rev(decoder)?,
        },
        other => return Err(decoder.fault(format!("unknown step {other}"))),
    })
}

fn put_condition(encoder: &mut Encoder, condition: Condition) {
    match condition {
        Condition::Exists => encoder.byte(EXISTS),
        Condition::Absent => encoder.byte(ABSENT),
        Condition::Rev(rev) => {
            encoder.byte(REV);
            encoder.u64(rev.0);
        }
        Condition::Kind(kind) => {
            encoder.byte(KIND);
            put_kind(encoder, kind);
        }
        Condition::Unchanged(revision) => {
            encoder.byte(UNCHANGED);
            encoder.u64(revision.0);
        }
    }
}

fn get_condition(decoder: &mut Decoder) -> Result<Condition> {
    Ok(match decoder.byte()? {
        EXISTS => Condition::Exists,
        ABSENT => Condition::Absent,
        REV => Condition::Rev(Revision(decoder.u64()?)),
        KIND => Condition::Kind(get_kind(decoder)?),
        UNCHANGED => Condition::Unchanged(Revision(decoder.u64()?)),
        other => return Err(decoder.fault(format!("unknown condition {other}"))),
    })
}

fn put_node_ref(encoder: &mut Encoder, target: &NodeRef) {
    encoder.u64(target.start.0);
    encoder.u64(target.path.names().len() as u64);
    target.path.names().iter().for_each(|name| encoder.text(name.as_str()));
}

fn get_node_ref(decoder: &mut Decoder) -> Result<NodeRef> {
    let start = NodeId(decoder.u64()?);
    let count = decoder.u64()?;
    let names = (0..count).map(|_| get_name(decoder)).collect::<Result<_>>()?;
    Ok(NodeRef { start, path: Path::of(names) })
}

/// No node has rev 0: it stands for none.
fn put_rev(encoder: &mut Encoder, rev: Option<Revision>) {
    encoder.u64(rev.map_or(0, |rev| rev.0));
}

fn get_rev(decoder: &mut Decoder) -> Result<Option<Revision>> {
    Ok(Some(Revision(decoder.u64()?)).filter(|rev| rev.0 != 0))
}

fn get_flag(decoder: &mut Decoder) -> Result<bool> {
    match decoder.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(decoder.fault(format!("{other} is not a flag"))),
    }
}
