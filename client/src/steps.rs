//! Short ways to write the parts of a mutation.

use metad_proto::v1::{self, NodeRef, Step, commit_file::Mode, step::Op};

/// The node at a path from the namespace's root.
pub fn at(path: impl Into<String>) -> NodeRef {
    NodeRef { id: 0, path: path.into() }
}

/// The node that has this id.
pub fn by_id(id: u64) -> NodeRef {
    NodeRef { id, path: String::new() }
}

/// The node at a path from the directory `id`.
pub fn under(id: u64, path: impl Into<String>) -> NodeRef {
    NodeRef { id, path: path.into() }
}

fn step(op: Op) -> Step {
    Step { op: Some(op) }
}

/// Makes a directory; its parent must be there.
pub fn mkdir(target: NodeRef) -> Step {
    step(Op::Mkdir(v1::Mkdir { target: Some(target), parents: false }))
}

/// Makes a directory and the ancestors that are missing; one that is there is fine.
pub fn mkdir_all(target: NodeRef) -> Step {
    step(Op::Mkdir(v1::Mkdir { target: Some(target), parents: true }))
}

fn commit(target: NodeRef, content: v1::Content, mode: Mode) -> Step {
    let (target, content, mode) = (Some(target), Some(content), Some(mode));
    commit_with(v1::CommitFile { target, content, mode, ..v1::CommitFile::default() })
}

/// Makes a file; refused if the name is taken.
pub fn create(target: NodeRef, content: v1::Content) -> Step {
    commit(target, content, Mode::Create(v1::commit_file::Create {}))
}

/// Makes a file, or replaces its content.
pub fn overwrite(target: NodeRef, content: v1::Content) -> Step {
    commit(target, content, Mode::Overwrite(v1::commit_file::Overwrite {}))
}

/// Replaces a file's content if its rev is this one.
pub fn update(target: NodeRef, content: v1::Content, rev: u64) -> Step {
    commit(target, content, Mode::Update(v1::commit_file::Update { rev }))
}

/// Commits with all its options, such as autorename.
pub fn commit_with(options: v1::CommitFile) -> Step {
    step(Op::CommitFile(options))
}

/// Makes a symlink that holds a path.
pub fn symlink(target: NodeRef, to: impl Into<String>) -> Step {
    step(Op::Symlink(v1::Symlink { target: Some(target), to: to.into() }))
}

/// Copies a node and all that is under it to a free place.
pub fn copy(from: NodeRef, to: NodeRef) -> Step {
    copy_with(v1::Copy { from: Some(from), to: Some(to), at_revision: 0 })
}

/// Copies with all its options, such as from the past.
pub fn copy_with(options: v1::Copy) -> Step {
    step(Op::Copy(options))
}

/// Bounds what may be under a directory.
pub fn set_quota(target: NodeRef, quota: v1::Quota) -> Step {
    step(Op::SetQuota(v1::SetQuota { target: Some(target), quota: Some(quota) }))
}

/// Shows the root of a namespace at a free place.
pub fn mount(target: NodeRef, ns: u64) -> Step {
    step(Op::Mount(v1::Mount { target: Some(target), ns }))
}

/// Removes a mount; what it showed stays.
pub fn unmount(target: NodeRef) -> Step {
    step(Op::Unmount(v1::Unmount { target: Some(target) }))
}

/// Brings back what was at a place at a revision.
pub fn restore(target: NodeRef, revision: u64) -> Step {
    step(Op::Restore(v1::Restore { target: Some(target), revision }))
}

/// Changes the attributes of a node.
pub fn set_attributes(options: v1::SetAttributes) -> Step {
    step(Op::SetAttributes(options))
}

/// Refuses the whole mutation unless the condition holds.
pub fn check(target: NodeRef, condition: v1::check::Condition) -> Step {
    step(Op::Check(v1::Check { target: Some(target), condition: Some(condition) }))
}

/// Moves or renames; refused if the new name is taken.
pub fn rename(from: NodeRef, to: NodeRef) -> Step {
    move_with(v1::Move { from: Some(from), to: Some(to), ..v1::Move::default() })
}

/// Moves with all its options.
pub fn move_with(options: v1::Move) -> Step {
    step(Op::Move(options))
}

/// Deletes a file or an empty directory.
pub fn delete(target: NodeRef) -> Step {
    delete_with(v1::Delete { target: Some(target), ..v1::Delete::default() })
}

/// Deletes a node and all that is under it.
pub fn delete_all(target: NodeRef) -> Step {
    delete_with(v1::Delete { target: Some(target), recursive: true, rev: 0 })
}

/// Deletes with all its options.
pub fn delete_with(options: v1::Delete) -> Step {
    step(Op::Delete(options))
}
