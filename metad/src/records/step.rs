//! Steps of mutations, as the log holds them.

use super::{
    codec::{Decoder, Encoder},
    command::{get_node_ref, put_node_ref},
    node::{get_attributes, get_content, get_kind, put_attributes, put_content, put_kind},
    usage::{get_quota, put_quota},
};
use crate::{
    kv::Result,
    types::{CommitMode, Condition, NamespaceId, Revision, Step},
};

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
const MOUNT: u8 = 11;
const UNMOUNT: u8 = 12;

const CREATE: u8 = 1;
const OVERWRITE: u8 = 2;
const UPDATE: u8 = 3;

const EXISTS: u8 = 1;
const ABSENT: u8 = 2;
const REV: u8 = 3;
const KIND: u8 = 4;
const UNCHANGED: u8 = 5;

pub(super) fn put_step(encoder: &mut Encoder, step: &Step) {
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
        Step::Mount { target, namespace } => {
            encoder.byte(MOUNT);
            put_node_ref(encoder, target);
            encoder.u64(namespace.0);
        }
        Step::Unmount { target } => {
            encoder.byte(UNMOUNT);
            put_node_ref(encoder, target);
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

pub(super) fn get_step(decoder: &mut Decoder) -> Result<Step> {
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
        MOUNT => {
            Step::Mount { target: get_node_ref(decoder)?, namespace: NamespaceId(decoder.u64()?) }
        }
        UNMOUNT => Step::Unmount { target: get_node_ref(decoder)? },
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

/// No node has rev 0: it stands for none.
fn put_rev(encoder: &mut Encoder, rev: Option<Revision>) {
    encoder.u64(rev.map_or(0, |rev| rev.0));
}

fn get_rev(decoder: &mut Decoder) -> Result<Option<Revision>> {
    Ok(Some(Revision(decoder.u64()?)).filter(|rev| rev.0 != 0))
}

pub(super) fn get_flag(decoder: &mut Decoder) -> Result<bool> {
    match decoder.byte()? {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(decoder.fault(format!("{other} is not a flag"))),
    }
}
