//! Steps as they are sent.

use metad_client::{
    steps,
    v1::{self, check, commit_file},
};

use super::{Condition, Content, Mode, NodeKind, Step, node_ref};

impl Content {
    fn wire(&self) -> v1::Content {
        v1::Content { size: self.size, hash: self.hash.to_vec().into(), ..v1::Content::default() }
    }
}

impl Step {
    /// The step as it is sent.
    pub fn wire(&self) -> v1::Step {
        match self {
            Step::Mkdir { path, parents: false } => steps::mkdir(node_ref(path)),
            Step::Mkdir { path, parents: true } => steps::mkdir_all(node_ref(path)),
            Step::Commit { path, mode, content, autorename } => {
                steps::commit_with(v1::CommitFile {
                    target: Some(node_ref(path)),
                    content: Some(content.wire()),
                    mode: Some(mode.wire()),
                    autorename: autorename.is_some(),
                    client: autorename.clone().unwrap_or_default(),
                })
            }
            Step::Symlink { path, to } => steps::symlink(node_ref(path), to),
            Step::Copy { from, to, at_revision } => steps::copy_with(v1::Copy {
                from: Some(node_ref(from)),
                to: Some(node_ref(to)),
                at_revision: at_revision.unwrap_or(0),
            }),
            Step::Move { from, to, replace, rev } => steps::move_with(v1::Move {
                from: Some(node_ref(from)),
                to: Some(node_ref(to)),
                replace: *replace,
                rev: rev.unwrap_or(0),
            }),
            Step::Delete { path, recursive, rev } => steps::delete_with(v1::Delete {
                target: Some(node_ref(path)),
                recursive: *recursive,
                rev: rev.unwrap_or(0),
            }),
            Step::SetAttributes { path, set, remove, rev } => {
                let bytes =
                    |(name, value): (&String, &Vec<u8>)| (name.clone(), value.clone().into());
                steps::set_attributes(v1::SetAttributes {
                    target: Some(node_ref(path)),
                    set: set.iter().map(bytes).collect(),
                    remove: remove.clone(),
                    rev: rev.unwrap_or(0),
                })
            }
            Step::Check { path, condition } => steps::check(node_ref(path), condition.wire()),
            Step::Restore { path, revision } => steps::restore(node_ref(path), *revision),
            Step::SetQuota { path, quota } => steps::set_quota(node_ref(path), *quota),
            Step::Mount { path, mount } => steps::mount(node_ref(path), *mount),
            Step::Unmount { path } => steps::unmount(node_ref(path)),
        }
    }
}

impl Mode {
    fn wire(self) -> commit_file::Mode {
        match self {
            Mode::Create => commit_file::Mode::Create(commit_file::Create {}),
            Mode::Overwrite => commit_file::Mode::Overwrite(commit_file::Overwrite {}),
            Mode::Update(rev) => commit_file::Mode::Update(commit_file::Update { rev }),
        }
    }
}

impl NodeKind {
    fn wire(self) -> v1::Kind {
        match self {
            NodeKind::Directory => v1::Kind::Directory,
            NodeKind::File => v1::Kind::File,
            NodeKind::Symlink => v1::Kind::Symlink,
            NodeKind::Mount => v1::Kind::Mount,
        }
    }
}

impl Condition {
    fn wire(self) -> check::Condition {
        match self {
            Condition::Exists => check::Condition::Exists(check::Exists {}),
            Condition::Absent => check::Condition::Absent(check::Absent {}),
            Condition::Rev(rev) => check::Condition::Rev(rev),
            Condition::Kind(kind) => check::Condition::Kind(kind.wire() as i32),
            Condition::UnchangedSince(revision) => check::Condition::UnchangedSince(revision),
        }
    }
}
