//! Steps of mutations.

use std::collections::BTreeMap;

use bytes::Bytes;
use metad_proto::{limits, v1};

use super::{Decoded, check_limit, node_ref, revision};
use crate::types::{
    Attributes, CommitMode, Condition, Content, Field, Kind, NameInvalid, NamespaceId, Quota,
    Rejection, Revision, Step,
};

/// The steps of a mutation.
pub(in crate::service) fn steps(steps: Vec<v1::Step>) -> Decoded<Vec<Step>> {
    check_limit(limits::STEPS, limits::STEPS_MAX, steps.len())?;
    if steps.is_empty() {
        return Err(missing(Field::Steps));
    }
    let count = steps.len();
    let at = |index: usize, rejection| match count {
        1 => rejection,
        _ => Rejection::Step { index: index as u32, rejection: Box::new(rejection) },
    };
    let steps = steps.into_iter().enumerate();
    steps.map(|(index, step)| self::step(step).map_err(|refused| at(index, refused))).collect()
}

fn missing(field: Field) -> Rejection {
    Rejection::NameInvalid(NameInvalid::Missing(field))
}

fn step(step: v1::Step) -> Decoded<Step> {
    use v1::step::Op;
    Ok(match step.op.ok_or(missing(Field::Op))? {
        Op::Mkdir(mkdir) => Step::Mkdir { target: node_ref(mkdir.target)?, parents: mkdir.parents },
        Op::CommitFile(commit) => Step::Commit {
            target: node_ref(commit.target)?,
            content: content(commit.content.unwrap_or_default())?,
            mode: match commit.mode {
                None | Some(v1::commit_file::Mode::Create(_)) => CommitMode::Create,
                Some(v1::commit_file::Mode::Overwrite(_)) => CommitMode::Overwrite,
                Some(v1::commit_file::Mode::Update(update)) => {
                    CommitMode::Update { rev: Revision(update.rev) }
                }
            },
            autorename: match commit.autorename {
                true => Some(client_name(commit.client)?),
                false => None,
            },
        },
        Op::Symlink(symlink) => {
            Step::Symlink { target: node_ref(symlink.target)?, to: link_text(symlink.to)? }
        }
        Op::Copy(copy) => Step::Copy {
            from: node_ref(copy.from)?,
            to: node_ref(copy.to)?,
            at: revision(copy.at_revision),
        },
        Op::Mount(mount) => {
            Step::Mount { target: node_ref(mount.target)?, namespace: NamespaceId(mount.ns) }
        }
        Op::Unmount(unmount) => Step::Unmount { target: node_ref(unmount.target)? },
        Op::SetQuota(change) => Step::SetQuota {
            target: node_ref(change.target)?,
            quota: quota(change.quota.unwrap_or_default()),
        },
        Op::Restore(restore) => Step::Restore {
            target: node_ref(restore.target)?,
            revision: Revision(restore.revision),
        },
        Op::SetAttributes(change) => Step::SetAttributes {
            target: node_ref(change.target)?,
            set: attributes(change.set)?,
            remove: change.remove,
            rev: revision(change.rev),
        },
        Op::Check(check) => {
            Step::Check { target: node_ref(check.target)?, condition: condition(check.condition)? }
        }
        Op::Move(relocate) => Step::Move {
            from: node_ref(relocate.from)?,
            to: node_ref(relocate.to)?,
            replace: relocate.replace,
            rev: revision(relocate.rev),
        },
        Op::Delete(delete) => Step::Delete {
            target: node_ref(delete.target)?,
            recursive: delete.recursive,
            rev: revision(delete.rev),
        },
    })
}

/// A quota.
pub(super) fn quota(quota: v1::Quota) -> Quota {
    Quota { nodes: quota.nodes, bytes: quota.bytes }
}

fn condition(condition: Option<v1::check::Condition>) -> Decoded<Condition> {
    use v1::check::Condition as Wire;
    Ok(match condition.ok_or(missing(Field::Condition))? {
        Wire::Exists(_) => Condition::Exists,
        Wire::Absent(_) => Condition::Absent,
        Wire::Rev(rev) => Condition::Rev(Revision(rev)),
        Wire::Kind(kind) => Condition::Kind(match v1::Kind::try_from(kind) {
            Ok(v1::Kind::Directory) => Kind::Directory,
            Ok(v1::Kind::File) => Kind::File,
            Ok(v1::Kind::Symlink) => Kind::Symlink,
            Ok(v1::Kind::Mount) => Kind::Mount,
            _ => return Err(Rejection::NameInvalid(NameInvalid::Unknown(Field::Kind))),
        }),
        Wire::UnchangedSince(revision) => Condition::Unchanged(Revision(revision)),
    })
}

fn link_text(to: String) -> Decoded<Box<str>> {
    check_limit(limits::SYMLINK_BYTES, limits::SYMLINK_BYTES_MAX, to.len())?;
    match to.as_str() {
        "" => Err(missing(Field::To)),
        text if text.contains('\0') => Err(Rejection::NameInvalid(NameInvalid::Character)),
        _ => Ok(to.into()),
    }
}

/// It becomes part of a name.
fn client_name(client: String) -> Decoded<Box<str>> {
    check_limit(limits::CLIENT_NAME_BYTES, limits::CLIENT_NAME_BYTES_MAX, client.len())?;
    if client.contains(['\0', '/']) {
        return Err(Rejection::NameInvalid(NameInvalid::Character));
    }
    Ok(client.into())
}

fn attributes(set: BTreeMap<String, Bytes>) -> Decoded<Attributes> {
    let size = set.iter().map(|(name, value)| name.len() + value.len()).sum();
    check_limit(limits::ATTRIBUTES_BYTES, limits::ATTRIBUTES_BYTES_MAX, size)?;
    let check = |(name, value): (String, Bytes)| {
        check_limit(limits::ATTRIBUTE_NAME_BYTES, limits::ATTRIBUTE_NAME_BYTES_MAX, name.len())?;
        match name.is_empty() {
            true => Err(Rejection::NameInvalid(NameInvalid::Empty)),
            false => Ok((name, value.to_vec())),
        }
    };
    set.into_iter().map(check).collect()
}

fn content(content: v1::Content) -> Decoded<Content> {
    check_limit(limits::BLOCKS, limits::BLOCKS_MAX, content.blocks.len())?;
    check_limit(limits::MANIFEST_BYTES, limits::MANIFEST_BYTES_MAX, content.manifest.len())?;
    if !content.manifest.is_empty() && !content.blocks.is_empty() {
        return Err(Rejection::NameInvalid(NameInvalid::Manifest));
    }
    let media_type_size = content.media_type.len();
    check_limit(limits::MEDIA_TYPE_BYTES, limits::MEDIA_TYPE_BYTES_MAX, media_type_size)?;
    if content.size > limits::TREE_BYTES_MAX {
        let (limit, value) = (limits::TREE_BYTES, limits::TREE_BYTES_MAX);
        return Err(Rejection::LimitExceeded { limit, value });
    }
    Ok(Content {
        size: content.size,
        hash: hash(&content.hash)?,
        media_type: content.media_type,
        mtime_ms: content.mtime_ms,
        manifest: content.manifest,
        blocks: content.blocks.iter().map(hash).collect::<Decoded<_>>()?,
    })
}

fn hash(bytes: &Bytes) -> Decoded<[u8; limits::HASH_BYTES]> {
    bytes.as_ref().try_into().map_err(|_| Rejection::NameInvalid(NameInvalid::Hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(path: &str, hash_size: usize) -> v1::Step {
        let target = Some(v1::NodeRef { id: 0, path: path.to_owned() });
        let hash = vec![7; hash_size].into();
        let content = Some(v1::Content { hash, ..v1::Content::default() });
        let commit = v1::CommitFile { target, content, ..v1::CommitFile::default() };
        v1::Step { op: Some(v1::step::Op::CommitFile(commit)) }
    }

    fn refused(steps: Vec<v1::Step>) -> String {
        super::steps(steps).expect_err("refused").to_string()
    }

    #[test]
    fn what_is_malformed_is_refused() {
        assert_eq!(refused(vec![]), "steps is missing");
        assert_eq!(refused(vec![commit("/a", 31)]), "a hash has 32 bytes");
        assert_eq!(refused(vec![commit("/a//b", 32)]), "a name must not be empty");
        let long = "x".repeat(limits::NAME_BYTES_MAX + 1);
        assert_eq!(refused(vec![commit(&long, 32)]), "beyond the limit name_bytes of 255");
        let deep = "/x".repeat(limits::DEPTH_MAX + 1);
        assert_eq!(refused(vec![commit(&deep, 32)]), "beyond the limit depth of 256");
        let long = "/x".repeat(limits::PATH_BYTES_MAX);
        assert_eq!(refused(vec![commit(&long, 32)]), "beyond the limit path_bytes of 4096");
        let two = vec![commit("/a", 32), commit("/b", 0)];
        assert_eq!(refused(two), "step 1: a hash has 32 bytes");
        let mut both = commit("/a", 32);
        if let Some(v1::step::Op::CommitFile(commit)) = &mut both.op {
            let content = commit.content.as_mut().expect("it has one");
            content.blocks = vec![vec![7; 32].into()];
            content.manifest = "manifests/7".to_owned();
        }
        assert_eq!(refused(vec![both]), "a file has blocks or a manifest, not both");
        let many = vec![commit("/a", 32); limits::STEPS_MAX + 1];
        assert_eq!(refused(many), "beyond the limit steps of 1000");
    }
}
