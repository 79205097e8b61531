//! The kinds of faults that a seed may bring. What each does, `world::nemesis` says.

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    // ---------------------------------------------------------------- processes
    /// A process dies; what it wrote survives in the page cache.
    Crash,
    /// A process dies just after a batch was applied, before anybody heard of it.
    BatchCrash,
    /// A machine loses its power, and with it what was not synced.
    PowerLoss,
    /// All machines do, at once.
    ClusterPowerLoss,
    /// A machine loses its power just after it granted a vote, and comes back in time to
    /// vote again.
    VotePowerLoss,
    /// A machine loses its disks, and comes back with empty ones. One at a time: a majority
    /// that loses its disks loses what it knew.
    Wipe,
    /// A machine loses its disks while it is cut off with a leader that does not know yet
    /// that it was deposed.
    WipeBesideOldLeader,
    /// A process stops for a while and goes on as if nothing had been.
    Pause,
    /// One node after the other is stopped and started again: in a run that upgrades, with the
    /// next version, which writes another format.
    RollingRestart,
    // ---------------------------------------------------------------- network
    /// Two halves that cannot talk to each other; clients are on both sides.
    Halves,
    /// One node does not hear another.
    OneWay,
    /// A node is cut off from its peers, in one or both directions; clients reach it.
    Isolate,
    /// The leader is cut off from its peers; clients reach it.
    IsolateLeader,
    /// Each node talks to its two neighbours only.
    Ring,
    /// Packets take long.
    SlowNetwork,
    /// What one machine sends or hears takes long.
    SlowNode,
    /// Some packets of some links must be sent again.
    Loss,
    /// Some calls arrive twice, the second time late.
    Duplicate,
    /// Some calls are overtaken by later ones.
    Reorder,
    /// Some calls take effect, and their replies are lost.
    LostReplies,
    /// Some streams break in the middle.
    CutStreams,
    // ---------------------------------------------------------------- disks
    /// Syncs take long on one node.
    SlowDisk,
    /// Syncs fail on one node; the power goes before anybody can try again.
    SyncError,
    /// Some reads fail on one node.
    ReadError,
    /// Nothing can be written on one node.
    FullDisk,
    /// Some reads on one node give values with a flipped bit.
    BitFlip,
    /// Some blocks on one node read as if they had not been written.
    StaleBlock,
    /// Some blocks on one node read as others.
    MisdirectedRead,
    // ---------------------------------------------------------------- clocks
    /// A wall clock jumps, and may jump back.
    ClockJump,
    /// A clock runs at another rate for a while.
    ClockDrift,
    // ---------------------------------------------------------------- operators
    /// The leadership is handed over.
    TransferLeader,
    /// A node makes a snapshot and purges its log.
    Snapshot,
    /// A member is removed, and a new one takes its place.
    Replace,
    /// A member is added, and later removed.
    Grow,
    /// A node is backed up, and then what came since; a cluster must come of both.
    Backup,
}

impl Fault {
    /// All of them, with their names in reports and histories and how much likelier than
    /// others they are on. Those that aim at a promise (a vote is synced before it is
    /// granted; a cut-off leader does not serve reads) are.
    const TABLE: [(Fault, &'static str, u32); 35] = [
        (Fault::Crash, "crash", 2),
        (Fault::BatchCrash, "batch-crash", 2),
        (Fault::PowerLoss, "power-loss", 2),
        (Fault::ClusterPowerLoss, "cluster-power-loss", 3),
        (Fault::VotePowerLoss, "vote-power-loss", 4),
        (Fault::Wipe, "wipe", 2),
        (Fault::WipeBesideOldLeader, "wipe-beside-old-leader", 2),
        (Fault::Pause, "pause", 2),
        (Fault::RollingRestart, "rolling-restart", 2),
        (Fault::Halves, "halves", 2),
        (Fault::OneWay, "one-way", 1),
        (Fault::Isolate, "isolate", 2),
        (Fault::IsolateLeader, "isolate-leader", 4),
        (Fault::Ring, "ring", 1),
        (Fault::SlowNetwork, "slow-network", 1),
        (Fault::SlowNode, "slow-node", 2),
        (Fault::Loss, "loss", 1),
        (Fault::Duplicate, "duplicate", 2),
        (Fault::Reorder, "reorder", 2),
        (Fault::LostReplies, "lost-replies", 3),
        (Fault::CutStreams, "cut-streams", 2),
        (Fault::SlowDisk, "slow-disk", 1),
        (Fault::SyncError, "sync-error", 2),
        (Fault::ReadError, "read-error", 1),
        (Fault::FullDisk, "full-disk", 1),
        (Fault::BitFlip, "bit-flip", 2),
        (Fault::StaleBlock, "stale-block", 2),
        (Fault::MisdirectedRead, "misdirected-read", 2),
        (Fault::ClockJump, "clock-jump", 1),
        (Fault::ClockDrift, "clock-drift", 1),
        (Fault::TransferLeader, "transfer-leader", 2),
        (Fault::Snapshot, "snapshot", 2),
        (Fault::Replace, "replace", 2),
        (Fault::Grow, "grow", 2),
        (Fault::Backup, "backup", 2),
    ];

    /// All of them.
    pub fn all() -> impl Iterator<Item = Fault> {
        Self::TABLE.into_iter().map(|(fault, ..)| fault)
    }

    /// Its name in reports and histories.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Whether it was added when there were seeds that are to stay as they were.
    pub(crate) fn is_later(self) -> bool {
        matches!(self, Fault::StaleBlock | Fault::MisdirectedRead | Fault::Backup)
    }

    fn row(self) -> (Fault, &'static str, u32) {
        let row = Self::TABLE.into_iter().find(|(fault, ..)| *fault == self);
        row.expect("the table has all of them")
    }

    /// How likely a seed has it on, of 100, where others are with `usual`.
    pub(crate) fn on_percent(self, usual: u32) -> u32 {
        (usual * self.row().2 / 2).min(75)
    }
}
