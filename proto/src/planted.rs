//! Bugs that are planted on purpose, so that it can be shown that the simulator finds them.
//!
//! They exist in the simulated world alone: elsewhere `planted!` is `false` and the enum is
//! not compiled. A site reads `if metad_proto::planted!(VoteNotSynced) { … }` and stands
//! where the real bug would be; this module must not know what a bug does.

/// Is this bug planted in this run? Always `false` outside of the simulator.
#[cfg(madsim)]
#[macro_export]
macro_rules! planted {
    ($bug:ident) => {
        $crate::planted::is($crate::planted::Bug::$bug)
    };
    ($bug:ident => $block:block) => {
        if $crate::planted!($bug) $block
    };
}

/// Is this bug planted in this run? Always `false` outside of the simulator.
#[cfg(not(madsim))]
#[macro_export]
macro_rules! planted {
    ($bug:ident) => {
        false
    };
    ($bug:ident => $block:block) => {};
}

#[cfg(madsim)]
pub use self::simulated::{Bug, clock_ms, is, plant, rehearse};

/// Is something only tried out? Then bugs of the real thing do not show.
pub fn is_rehearsal() -> bool {
    #[cfg(madsim)]
    return simulated::is_rehearsal();
    #[cfg(not(madsim))]
    false
}

/// Only does it.
#[cfg(not(madsim))]
pub fn rehearse<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(madsim)]
mod simulated {
    use std::{cell::Cell, sync::OnceLock};

    static PLANTED: OnceLock<Bug> = OnceLock::new();

    thread_local!(static REHEARSAL: Cell<bool> = const { Cell::new(false) });

    /// Tries something out.
    pub fn rehearse<T>(work: impl FnOnce() -> T) -> T {
        REHEARSAL.set(true);
        let result = work();
        REHEARSAL.set(false);
        result
    }

    pub(super) fn is_rehearsal() -> bool {
        REHEARSAL.get()
    }

    /// A clock that differs from one replica to the next: simulated time as it is now, in
    /// the epoch of a replicated time.
    pub fn clock_ms(replicated_ms: u64) -> u64 {
        let elapsed = madsim::time::TimeHandle::current().elapsed().as_millis();
        let start_ms = replicated_ms - replicated_ms % 86_400_000;
        start_ms + u64::try_from(elapsed).expect("a run is short")
    }

    /// Plants a bug for the rest of the process, once.
    pub fn plant(bug: Bug) {
        PLANTED.set(bug).expect("one bug a process");
    }

    /// Is it this one?
    #[inline]
    pub fn is(bug: Bug) -> bool {
        PLANTED.get() == Some(&bug)
    }

    /// What can be planted. The sentence says what a developer got wrong.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
    pub enum Bug {
        // ------------------------------------------------------------ Raft and its stores
        /// A vote is granted before it is on disk.
        VoteNotSynced,
        /// A follower votes for a candidate whose log is behind its own.
        VoteIgnoresLog,
        /// An append is acknowledged before it is on disk.
        AppendNotSynced,
        /// Entries that conflict are overwritten, and those behind them stay.
        TruncateSkipped,
        /// Checksums of stored values are not compared.
        ChecksumsIgnored,
        /// An append whose sync failed is acknowledged all the same.
        SyncErrorIgnored,
        /// A node whose disk was lost votes as if nothing had been.
        EmptyNodeVotes,
        /// A node whose disk was lost follows an outdated leader.
        EmptyNodeFollowsAnyone,
        /// The log is purged up to what is applied, not to what is on disk of it.
        PurgeBeyondDurable,
        /// How far the state has come is written in a batch of its own.
        AppliedPositionApart,
        /// A snapshot does not hold the replies of earlier requests.
        SnapshotWithoutReplies,
        /// A snapshot does not hold the locks.
        SnapshotWithoutLocks,
        /// A snapshot is installed over the old state without removing that.
        SnapshotOverOldState,
        /// What was in memory of the old state is still believed after a snapshot is installed.
        CacheOutlivesSnapshot,
        /// A node that installs a snapshot keeps the members that it knew.
        SnapshotOldMembership,
        // ------------------------------------------------------------ reads
        /// A linearizable read skips the barrier.
        ReadWithoutBarrier,
        /// A lease is believed in for as long as nobody contradicts.
        LeaseNeverEnds,
        /// A replica answers at_least without having come that far.
        AtLeastIgnored,
        /// A listing that is read in several pages mixes revisions.
        ListMixesRevisions,
        /// A read of the past shows what came one revision later.
        PastOffByOne,
        /// A leader lets proposals wait without a bound.
        QueueUnbounded,
        /// A node goes on writing when there is next to no room on its disk.
        RoomIgnored,
        // ------------------------------------------------------------ requests
        /// A retry is sent under a fresh sequence number.
        RetryWithFreshSequence,
        /// The replies of earlier requests are forgotten at a restart.
        RepliesForgottenAtRestart,
        /// The reply of a rejected request is not remembered.
        RejectionsNotRemembered,
        /// A client takes an attempt that was not answered in time for one without effect.
        TimeoutMeansFailed,
        // ------------------------------------------------------------ apply
        /// Apply asks the node's own clock.
        ApplyReadsClock,
        /// Steps before a failing one keep their effect.
        BatchNotAtomic,
        /// Once a step has changed something, preconditions are no longer checked.
        LaterPreconditionsSkipped,
        /// A move does not check whether it goes under itself.
        MoveIgnoresAncestors,
        /// A move leaves the old entry behind.
        MoveKeepsOldEntry,
        /// A directory with nodes in it can be deleted without `recursive`.
        DeleteIgnoresChildren,
        /// The removal of what was deleted leaves one node behind.
        ReclaimLeavesOne,
        /// An update does not compare the revision that its writer saw.
        UpdateIgnoresRev,
        /// A conflicted copy takes a name that is in use.
        AutorenameOverwrites,
        /// A copy leaves out the last child.
        CopyMissesLast,
        /// The quota is checked before the request is replicated, not when it is applied.
        QuotaBeforeApply,
        /// An overwrite adds the new size and does not subtract the old one.
        OverwrittenBytesKept,
        /// A name that differs in case only is taken for another one.
        CasefoldAsciiOnly,
        // ------------------------------------------------------------ journal and history
        /// Only the first change of a batch is told in the journal.
        JournalSkipsInBatch,
        /// A subscriber that comes back misses one change.
        SubscriberOffByOne,
        /// A cursor into what was forgotten goes on with what is left.
        CursorNotReset,
        /// Compaction forgets what a snapshot pins.
        SnapshotNotPinned,
        /// Compaction forgets more than it says.
        CompactionForgetsAll,
        // ------------------------------------------------------------ locks
        /// A lock's tokens are counted from 1 each time that it is taken.
        LockTokenReused,
        /// The fences of a request are not compared.
        FencesIgnored,
        /// A lock can be taken before it has expired.
        LockTakenEarly,
    }
}
