//! Whether there is room left on the disks of this replica.
//!
//! Storage that cannot write stops a node, and what it was writing may be lost. So a leader that
//! has less room than is set aside takes no more proposals; and a follower that has less than half
//! of it, none from its leader: later, so that what was taken can still be committed where all
//! disks fill up alike. Invariant: votes, heartbeats, the entries that Raft itself needs, and so
//! reads, go on; and so does everything once there is room again, without anybody's help. Must
//! not: know whose disks they are.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use metad_proto::planted;

/// See the module.
#[derive(Debug)]
pub struct Room {
    reserve: u64,
    free: AtomicU64,
    is_tight: AtomicBool,
}

impl Room {
    /// So many bytes are set aside; nobody has looked yet.
    pub(super) fn new(reserve: u64) -> Room {
        Room { reserve, free: AtomicU64::new(u64::MAX), is_tight: AtomicBool::new(false) }
    }

    /// So many bytes are free now. Room must be there by a quarter more than what is set aside
    /// before it counts again: else each file that is freed would open and close the door.
    pub fn note(&self, free: u64) {
        let wanted = match self.is_tight.load(Ordering::Acquire) {
            true => self.reserve.saturating_add(self.reserve / 4),
            false => self.reserve,
        };
        self.free.store(free, Ordering::Release);
        self.is_tight.store(free < wanted && !planted!(RoomIgnored), Ordering::Release);
    }

    /// Bytes that were free when somebody looked last; `u64::MAX` if nobody knows.
    pub fn free(&self) -> u64 {
        self.free.load(Ordering::Acquire)
    }

    /// Too little is free to take what a leader has taken.
    pub fn is_out(&self) -> bool {
        self.is_tight() && self.free() < self.reserve / 2
    }

    /// Too little is free to take more proposals.
    pub fn is_tight(&self) -> bool {
        self.is_tight.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_more_room_to_go_on_than_to_stop() {
        let room = Room::new(100);
        assert!(!room.is_tight());
        for (free, is_tight) in [(100, false), (99, true), (124, true), (125, false), (100, false)]
        {
            room.note(free);
            assert_eq!((room.is_tight(), room.is_out(), room.free()), (is_tight, false, free));
        }
        room.note(49);
        assert!(room.is_out());
        let careless = Room::new(0);
        careless.note(0);
        assert!(!careless.is_tight());
    }
}
