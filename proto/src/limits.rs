//! Every limit of the service, each named once. What is beyond them is refused with
//! `LIMIT_EXCEEDED`, the limit's name and its value: before Raft, where the request says it, or
//! what the node serves and holds. What only the state at the entry's place in the log can say
//! is refused when the entry is applied, at no revision; those limits say so.
//! `docs/errors/LIMIT_EXCEEDED.md` tells which is which to users.

/// Bytes of one name.
pub const NAME_BYTES_MAX: usize = 255;
/// Bytes of a whole path.
pub const PATH_BYTES_MAX: usize = 4_096;
/// Names of a path, refused before Raft; directories between a node and its root, when applied:
/// where an id or a mount leads, the state says.
pub const DEPTH_MAX: usize = 256;
/// Steps of one mutation.
pub const STEPS_MAX: usize = 1_000;
/// Block hashes kept with a file.
pub const BLOCKS_MAX: usize = 1_024;
/// Bytes of the reference to a manifest.
pub const MANIFEST_BYTES_MAX: usize = 1_024;
/// Bytes of a content hash and of a block hash.
pub const HASH_BYTES: usize = 32;
/// Bytes of a media type.
pub const MEDIA_TYPE_BYTES_MAX: usize = 255;
/// Bytes of the path that a symlink holds.
pub const SYMLINK_BYTES_MAX: usize = 4_096;
/// Bytes of the name of one attribute.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 255;
/// Bytes of all attributes of a node, their names included: of those that one step sets, before
/// Raft; together with those that the node has, when applied.
pub const ATTRIBUTES_BYTES_MAX: usize = 16 << 10;
/// Bytes of a client's name in that of a conflicted copy.
pub const CLIENT_NAME_BYTES_MAX: usize = 64;
/// Nodes that the copies and restores of one mutation, and its `mkdir` with parents, make, all
/// together. When applied.
pub const COPY_NODES_MAX: u64 = 10_000;
/// Bytes of block hashes, manifests, symlinks' targets and attributes that these copies have,
/// all together. When applied.
pub const COPY_BYTES_MAX: u64 = 32 << 20;
/// Conflicted copies of one name that one client makes on one day. When applied.
pub const CONFLICTED_COPIES_MAX: u64 = 1_000;
/// Records of the past that the copies and restores of one mutation go through, all together.
/// When applied.
pub const PAST_RECORDS_MAX: u64 = 100_000;
/// Snapshots of one namespace. When applied.
pub const SNAPSHOTS_MAX: usize = 1_000;
/// Mounts that show one namespace. When applied.
pub const MOUNTS_MAX: usize = 1_000;
/// Records of mounts, and of what is above them, that one mutation goes through, so that no
/// namespace leads to itself. When applied.
pub const MOUNT_RECORDS_MAX: u64 = 100_000;
/// Nodes that one call may ask about.
pub const TARGETS_MAX: usize = 1_000;
/// Changes between two revisions that a diff goes through.
pub const DIFF_CHANGES_MAX: usize = 1_000_000;
/// Sessions that are open at a time: by what the leader holds, before Raft; those that come
/// together at the limit, when applied.
pub const SESSIONS_MAX: u64 = 100_000;
/// Calls under way on one session stream: more are read when some of them have ended.
pub const SESSION_CALLS_MAX: usize = 1_024;
/// Locks that are held at a time: as [`SESSIONS_MAX`].
pub const LOCKS_MAX: u64 = 100_000;
/// Milliseconds of replicated time that a lock is given at most.
pub const LOCK_TTL_MS_MAX: u64 = 60 * 60 * 1_000;
/// Milliseconds of replicated time that a lock is given at least.
pub const LOCK_TTL_MS_MIN: u64 = 1_000;
/// Milliseconds of replicated time that a lock is given unless it is said.
pub const LOCK_TTL_MS: u64 = 30_000;
/// Locks that one mutation may depend on.
pub const FENCES_MAX: usize = 16;
/// Milliseconds that a client may wait for a change in one call.
pub const WAIT_MS_MAX: u64 = 60_000;
/// Bytes of content of one file, before Raft; and in one namespace, when applied: exact counters
/// need a bound.
pub const TREE_BYTES_MAX: u64 = 1 << 60;
/// Bytes of one encoded gRPC message of the public services.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;
/// Entries or changes in one message.
pub const PAGE_ENTRIES_MAX: usize = 1_000;
/// Requests of one session whose replies the server keeps for retries. When applied: an earlier
/// request may be on its way that gives some back.
pub const PENDING_REQUESTS_MAX: u64 = 4_096;
/// Subscriptions that one node serves at a time.
pub const SUBSCRIBERS_MAX: usize = 10_000;
/// Backups that one node tells at a time: each keeps what it reads from being freed.
pub const BACKUPS_MAX: usize = 2;
/// Milliseconds of replicated time without a request after which a session expires.
pub const SESSION_TTL_MS: u64 = 60 * 60 * 1_000;

/// See [`NAME_BYTES_MAX`]. These are the names of the limits, as `LIMIT_EXCEEDED` tells them.
pub const NAME_BYTES: &str = "name_bytes";
/// See [`PATH_BYTES_MAX`].
pub const PATH_BYTES: &str = "path_bytes";
/// See [`DEPTH_MAX`].
pub const DEPTH: &str = "depth";
/// See [`STEPS_MAX`].
pub const STEPS: &str = "steps";
/// See [`BLOCKS_MAX`].
pub const BLOCKS: &str = "blocks";
/// See [`MANIFEST_BYTES_MAX`].
pub const MANIFEST_BYTES: &str = "manifest_bytes";
/// See [`MEDIA_TYPE_BYTES_MAX`].
pub const MEDIA_TYPE_BYTES: &str = "media_type_bytes";
/// See [`SYMLINK_BYTES_MAX`].
pub const SYMLINK_BYTES: &str = "symlink_bytes";
/// See [`ATTRIBUTE_NAME_BYTES_MAX`].
pub const ATTRIBUTE_NAME_BYTES: &str = "attribute_name_bytes";
/// See [`ATTRIBUTES_BYTES_MAX`].
pub const ATTRIBUTES_BYTES: &str = "attributes_bytes";
/// See [`CLIENT_NAME_BYTES_MAX`].
pub const CLIENT_NAME_BYTES: &str = "client_name_bytes";
/// See [`COPY_NODES_MAX`].
pub const COPY_NODES: &str = "copy_nodes";
/// See [`COPY_BYTES_MAX`].
pub const COPY_BYTES: &str = "copy_bytes";
/// See [`CONFLICTED_COPIES_MAX`].
pub const CONFLICTED_COPIES: &str = "conflicted_copies";
/// See [`PAST_RECORDS_MAX`].
pub const PAST_RECORDS: &str = "past_records";
/// See [`SNAPSHOTS_MAX`].
pub const SNAPSHOTS: &str = "snapshots";
/// See [`TREE_BYTES_MAX`].
pub const TREE_BYTES: &str = "tree_bytes";
/// See [`PAGE_ENTRIES_MAX`].
pub const PAGE_ENTRIES: &str = "page_entries";
/// See [`PENDING_REQUESTS_MAX`].
pub const PENDING_REQUESTS: &str = "pending_requests";
/// See [`SUBSCRIBERS_MAX`].
pub const SUBSCRIBERS: &str = "subscribers";
/// See [`BACKUPS_MAX`].
pub const BACKUPS: &str = "backups";
/// See [`MESSAGE_BYTES_MAX`].
pub const MESSAGE_BYTES: &str = "message_bytes";
/// See [`MOUNTS_MAX`].
pub const MOUNTS: &str = "mounts";
/// See [`MOUNT_RECORDS_MAX`].
pub const MOUNT_RECORDS: &str = "mount_records";
/// See [`TARGETS_MAX`].
pub const TARGETS: &str = "targets";
/// See [`DIFF_CHANGES_MAX`].
pub const DIFF_CHANGES: &str = "diff_changes";
/// See [`SESSIONS_MAX`].
pub const SESSIONS: &str = "sessions";
/// See [`LOCKS_MAX`].
pub const LOCKS: &str = "locks";
/// See [`LOCK_TTL_MS_MAX`] and [`LOCK_TTL_MS_MIN`].
pub const LOCK_TTL: &str = "lock_ttl_ms";
/// See [`FENCES_MAX`].
pub const FENCES: &str = "fences";
/// All of the names.
pub const NAMES: &[&str] = &[
    NAME_BYTES,
    PATH_BYTES,
    DEPTH,
    STEPS,
    BLOCKS,
    MANIFEST_BYTES,
    MEDIA_TYPE_BYTES,
    SYMLINK_BYTES,
    ATTRIBUTE_NAME_BYTES,
    ATTRIBUTES_BYTES,
    CLIENT_NAME_BYTES,
    COPY_NODES,
    COPY_BYTES,
    CONFLICTED_COPIES,
    PAST_RECORDS,
    SNAPSHOTS,
    TREE_BYTES,
    PAGE_ENTRIES,
    PENDING_REQUESTS,
    SUBSCRIBERS,
    BACKUPS,
    MESSAGE_BYTES,
    MOUNTS,
    MOUNT_RECORDS,
    TARGETS,
    DIFF_CHANGES,
    SESSIONS,
    LOCKS,
    LOCK_TTL,
    FENCES,
];
