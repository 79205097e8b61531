//! A watch channel that wakes its receivers in the order in which they began to wait.
//! tokio's wakes them in a random order, drawn from a generator that no seed reaches.
//!
//! Invariant: no lock is held while a waker runs.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, RwLock, RwLockReadGuard},
    task::{Context, Poll, Waker},
};

use openraft_rt::{
    OptionalSend, OptionalSync,
    watch::{RecvError, SendError, Watch, WatchReceiver, WatchSender},
};

const UNPOISONED: &str = "a panic ends the simulation";

/// The kind of channel.
pub struct Fifo;

struct Shared<T> {
    value: RwLock<T>,
    state: Mutex<State>,
}

struct State {
    version: u64,
    senders: usize,
    receivers: usize,
    tickets_given: u64,
    waiting: BTreeMap<u64, Waker>,
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect(UNPOISONED)
    }

    fn publish(&self) {
        let waiting = {
            let mut state = self.state();
            state.version += 1;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }
}

/// Sets the value.
pub struct Sender<T>(Arc<Shared<T>>);

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.state().senders += 1;
        Sender(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state();
            state.senders -= 1;
            if state.senders > 0 {
                return;
            }
            std::mem::take(&mut state.waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }
}

/// Waits for new values.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.state().receivers += 1;
        Receiver { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.state().receivers -= 1;
    }
}

impl Watch for Fifo {
    type Sender<T: OptionalSend + OptionalSync> = Sender<T>;
    type Receiver<T: OptionalSend + OptionalSync> = Receiver<T>;
    type Ref<'a, T: OptionalSend + 'a> = RwLockReadGuard<'a, T>;

    fn channel<T: OptionalSend + OptionalSync>(initial: T) -> (Sender<T>, Receiver<T>) {
        let state = State {
            version: 0,
            senders: 1,
            receivers: 1,
            tickets_given: 0,
            waiting: BTreeMap::new(),
        };
        let shared = Arc::new(Shared { value: RwLock::new(initial), state: Mutex::new(state) });
        (Sender(shared.clone()), Receiver { shared, seen: 0 })
    }
}

impl<T: OptionalSend + OptionalSync> WatchSender<Fifo, T> for Sender<T> {
    fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.0.state().receivers == 0 {
            return Err(SendError(value));
        }
        *self.0.value.write().expect(UNPOISONED) = value;
        self.0.publish();
        Ok(())
    }

    fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        let is_modified = modify(&mut self.0.value.write().expect(UNPOISONED));
        if is_modified {
            self.0.publish();
        }
        is_modified
    }

    fn borrow_watched(&self) -> RwLockReadGuard<'_, T> {
        self.0.value.read().expect(UNPOISONED)
    }

    fn subscribe(&self) -> Receiver<T> {
        let mut state = self.0.state();
        state.receivers += 1;
        Receiver { shared: self.0.clone(), seen: state.version }
    }
}

/// A place in the queue, given up when dropped.
struct Place<'a, T> {
    shared: &'a Shared<T>,
    ticket: Option<u64>,
}

impl<T> Place<'_, T> {
    fn poll_newer(&mut self, seen: u64, cx: &mut Context<'_>) -> Poll<Result<u64, RecvError>> {
        let mut state = self.shared.state();
        if state.version != seen {
            return Poll::Ready(Ok(state.version));
        }
        if state.senders == 0 {
            return Poll::Ready(Err(RecvError(())));
        }
        let ticket = self.ticket.unwrap_or_else(|| {
            state.tickets_given += 1;
            state.tickets_given
        });
        self.ticket = Some(ticket);
        state.waiting.insert(ticket, cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Place<'_, T> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.shared.state().waiting.remove(&ticket);
        }
    }
}

impl<T: OptionalSend + OptionalSync> WatchReceiver<Fifo, T> for Receiver<T> {
    async fn changed(&mut self) -> Result<(), RecvError> {
        let mut place = Place { shared: &self.shared, ticket: None };
        let seen = self.seen;
        let newer = poll_fn(|cx| place.poll_newer(seen, cx)).await;
        drop(place);
        self.seen = newer?;
        Ok(())
    }

    fn borrow_watched(&self) -> RwLockReadGuard<'_, T> {
        self.shared.value.read().expect(UNPOISONED)
    }

    fn borrow_and_update(&mut self) -> RwLockReadGuard<'_, T> {
        let value = self.shared.value.read().expect(UNPOISONED);
        self.seen = self.shared.state().version;
        value
    }
}
