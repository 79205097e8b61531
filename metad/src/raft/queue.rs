//! What waits to be replicated: bounded in bytes, so that a leader that hears from no majority,
//! or is slower than its clients, does not gather in its memory all that they say.

use std::sync::Arc;

use metad_proto::planted;
use openraft::{OptionalSend, raft::responder::Responder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::types::TypeConfig;

/// What an entry takes beside its payload, in the log's cache and in openraft's books, about.
pub const ENTRY_BYTES: u64 = 512;

/// See the module.
pub struct Queue {
    room: Arc<Semaphore>,
    bytes_max: u32,
}

/// A proposal's place, given back when dropped.
pub struct Place(#[expect(dead_code, reason = "its drop is what counts")] OwnedSemaphorePermit);

/// Where openraft's answer to a proposal goes. Keeps the place until then, also if nobody waits
/// for the answer any more: the entry is in the leader's memory until it is decided.
pub struct Answer<T> {
    sender: oneshot::Sender<T>,
    place: Place,
}

impl<T> Answer<T> {
    /// The end for openraft, and the one to wait at.
    pub fn new(place: Place) -> (Answer<T>, oneshot::Receiver<T>) {
        let (sender, receiver) = oneshot::channel();
        (Answer { sender, place }, receiver)
    }
}

impl<T: OptionalSend + 'static> Responder<TypeConfig, T> for Answer<T> {
    fn on_complete(self, result: T) {
        drop(self.place);
        // Whoever asked may be gone.
        let _ = self.sender.send(result);
    }
}

impl Queue {
    /// A queue of so many bytes, at most 4 GiB.
    pub fn new(bytes_max: u64) -> Queue {
        let bytes_max = u32::try_from(bytes_max).unwrap_or(u32::MAX);
        let room = usize::try_from(bytes_max).expect("a usize has 32 bits at least");
        Queue { room: Arc::new(Semaphore::new(room)), bytes_max }
    }

    /// Bytes that wait, and that may.
    pub fn filled(&self) -> (u64, u64) {
        let room = u64::try_from(self.room.available_permits()).unwrap_or(u64::MAX);
        let bytes_max = u64::from(self.bytes_max);
        (bytes_max.saturating_sub(room), bytes_max)
    }

    /// A place for a proposal of this size; None if there is no room. One that is larger than
    /// the whole queue is let in alone.
    pub fn enter(&self, size: usize) -> Option<Place> {
        let size = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(ENTRY_BYTES);
        let size = u32::try_from(size).unwrap_or(u32::MAX).min(self.bytes_max);
        let size = if planted!(QueueUnbounded) { 0 } else { size };
        self.room.clone().try_acquire_many_owned(size).ok().map(Place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_again_when_a_place_is_given_back() {
        let queue = Queue::new(3 * (ENTRY_BYTES + 100));
        let mut places: Vec<Place> = (0..3).map(|_| queue.enter(100).unwrap()).collect();
        assert!(queue.enter(0).is_none());
        places.pop();
        assert!(queue.enter(100).is_some());
    }

    #[test]
    fn what_is_larger_than_the_queue_is_let_in_alone() {
        let queue = Queue::new(1_000);
        let place = queue.enter(1 << 20).unwrap();
        assert!(queue.enter(0).is_none());
        drop(place);
        assert!(queue.enter(0).is_some());
    }
}
