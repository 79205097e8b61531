//! Commands: what Raft replicates.

use super::{
    Attributes, ClientId, Content, Fence, Kind, LockRef, Name, NamespaceId, NodeRef, Policy, Quota,
    Revision,
};

/// Identifies a client's request: a retry carries the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Request {
    /// The session.
    pub client: ClientId,
    /// From 1.
    pub sequence: u64,
}

/// One entry of the replicated log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The leader's clock when it proposed this, milliseconds since 1970.
    pub time_ms: u64,
    /// What to do.
    pub action: Action,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Opens a client session.
    OpenSession,
    /// Ends one, whose client has all the replies that it wants.
    CloseSession(ClientId),
    /// What a client asked for.
    Request(ClientRequest),
    /// Housekeeping, proposed by the leader: what was there before a revision can no longer
    /// be read.
    Compact {
        /// That revision, or an earlier one where the past is pinned.
        up_to: Revision,
    },
    /// Housekeeping, proposed by the leader: frees some records of deleted subtrees, of the
    /// past that is no longer kept and of expired sessions. Invisible but for the space.
    Reclaim {
        /// At most so many records.
        records_max: u32,
    },
}

/// What a client asked for: a mutation that has its effect once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRequest {
    /// For exactly-once effect.
    pub request: Request,
    /// The client has the replies of all sequences below this one.
    pub first_pending: u64,
    /// Locks that must be held.
    pub fences: Vec<Fence>,
    /// What to do.
    pub mutation: Mutation,
}

/// A change that a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// Makes a namespace with an empty root.
    CreateNamespace {
        /// Unique in the cluster.
        name: Name,
        /// For good.
        policy: Policy,
        /// Of the root.
        quota: Quota,
    },
    /// Gives a namespace another name, or its root another quota.
    UpdateNamespace {
        /// Which.
        namespace: NamespaceId,
        /// In place of the one before.
        name: Option<Name>,
        /// In place of the one before.
        quota: Option<Quota>,
    },
    /// Removes a namespace with all that is known of it.
    DeleteNamespace {
        /// Which.
        namespace: NamespaceId,
        /// Whether there may be nodes in it.
        recursive: bool,
    },
    /// Gives the present revision of a namespace a name, and keeps what is there.
    CreateSnapshot {
        /// Which tree.
        namespace: NamespaceId,
        /// Unique in the namespace.
        name: Name,
    },
    /// Forgets a snapshot.
    DeleteSnapshot {
        /// Which tree.
        namespace: NamespaceId,
        /// The snapshot's.
        name: Name,
    },
    /// Takes a lock that nobody holds.
    AcquireLock {
        /// Which.
        lock: LockRef,
        /// Milliseconds of replicated time until it ends.
        ttl_ms: u64,
    },
    /// Has a lock end later.
    RenewLock {
        /// Which, and as whom.
        fence: Fence,
        /// Milliseconds of replicated time until it ends, from now.
        ttl_ms: u64,
    },
    /// Gives a lock back.
    ReleaseLock(Fence),
    /// Changes trees from one namespace on: all steps or none, at one revision.
    Steps {
        /// Where paths start.
        namespace: NamespaceId,
        /// 1..=1,000.
        steps: Vec<Step>,
    },
}

/// One change to a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Makes a directory.
    Mkdir {
        /// Where.
        target: NodeRef,
        /// Also makes missing ancestors, and succeeds if the directory is there.
        parents: bool,
    },
    /// Makes a file or replaces its content.
    Commit {
        /// Where.
        target: NodeRef,
        /// What.
        content: Content,
        /// What to do if it is there.
        mode: CommitMode,
        /// A commit that would be a conflict becomes a sibling, named after this client.
        autorename: Option<Box<str>>,
    },
    /// Makes a symlink.
    Symlink {
        /// Where.
        target: NodeRef,
        /// The path that it holds.
        to: Box<str>,
    },
    /// Shows the root of another namespace at a place.
    Mount {
        /// Where: the place must be free.
        target: NodeRef,
        /// What.
        namespace: NamespaceId,
    },
    /// Removes a mount.
    Unmount {
        /// Where.
        target: NodeRef,
    },
    /// Makes a second tree like the one at a place.
    Copy {
        /// The node.
        from: NodeRef,
        /// Where the copy will be: the place must be free.
        to: NodeRef,
        /// The revision to copy from; None for what is there now.
        at: Option<Revision>,
    },
    /// Bounds what may be under a directory.
    SetQuota {
        /// The directory; the root for the whole namespace.
        target: NodeRef,
        /// In place of the one before.
        quota: Quota,
    },
    /// Brings back what was at a place: a file's content, or a tree that is gone.
    Restore {
        /// The place.
        target: NodeRef,
        /// When it was there.
        revision: Revision,
    },
    /// Changes what clients keep with a node.
    SetAttributes {
        /// The node.
        target: NodeRef,
        /// Added, or put in place of those of the same name.
        set: Attributes,
        /// Removed, if they are there.
        remove: Vec<String>,
        /// Refused unless this is the node's rev.
        rev: Option<Revision>,
    },
    /// Refuses the whole mutation unless this holds.
    Check {
        /// The place.
        target: NodeRef,
        /// What must hold there.
        condition: Condition,
    },
    /// Gives a node another parent or name.
    Move {
        /// The node.
        from: NodeRef,
        /// Where it will be.
        to: NodeRef,
        /// Whether it may take the place of a file or an empty directory.
        replace: bool,
        /// Refused unless this is the node's rev.
        rev: Option<Revision>,
    },
    /// Unlinks a node and all that is under it.
    Delete {
        /// The node.
        target: NodeRef,
        /// Whether a directory may have entries.
        recursive: bool,
        /// Refused unless this is the node's rev.
        rev: Option<Revision>,
    },
}

/// A precondition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// There is a node.
    Exists,
    /// There is none, or no way to it.
    Absent,
    /// The node has this rev.
    Rev(Revision),
    /// The node is of this kind.
    Kind(Kind),
    /// Nothing in the namespace has changed after this revision.
    Unchanged(Revision),
}

/// What a commit does if the file is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitMode {
    /// Refuses.
    Create,
    /// Replaces the content.
    Overwrite,
    /// Replaces the content if this is the file's rev.
    Update {
        /// The rev that the client saw.
        rev: Revision,
    },
}
