//! Tells the services that the server is closing, so that long streams end.

use openraft::{
    AsyncRuntime,
    async_runtime::watch::{Watch, WatchReceiver as _, WatchSender as _},
};

use crate::raft::runtime::Runtime;

// The runtime's own: tokio's wakes those who wait in a random order.
type Channel = <Runtime as AsyncRuntime>::Watch;

/// Says that the server is closing.
pub struct Closer(<Channel as Watch>::Sender<bool>);

/// Hears when the server is closing. Clones hear the same.
#[derive(Clone)]
pub struct Closing(<Channel as Watch>::Receiver<bool>);

/// Both ends.
pub fn closing() -> (Closer, Closing) {
    let (closer, closing) = Channel::channel(false);
    (Closer(closer), Closing(closing))
}

impl Closer {
    /// Says it.
    pub fn close(&self) {
        self.0.send_if_modified(|closing| !std::mem::replace(closing, true));
    }
}

impl Closing {
    /// Waits until it is said, or never will be.
    pub async fn wait(mut self) {
        loop {
            if *self.0.borrow_and_update() {
                return;
            }
            if self.0.changed().await.is_err() {
                return;
            }
        }
    }
}
