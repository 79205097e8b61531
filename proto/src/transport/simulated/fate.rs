//! What a network does to calls and bytes besides losing a link: the simulator decides, for
//! each call and for each piece of a stream of bytes.
//!
//! Owns no randomness: the same decisions give the same run.

use std::{
    cell::RefCell,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use tonic::{Status, body::Body};

/// What happens to one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It is sent so much later, and may be overtaken.
    pub delay: Duration,
    /// It arrives twice, the second time so much later, unless the first was answered that
    /// nobody can carry it out. Only calls of one message can.
    pub duplicate: Option<Duration>,
    /// It takes effect, and its reply is lost.
    pub lose_reply: bool,
    /// The connection breaks after so many messages of its request and of its reply.
    pub cut_after: Option<u32>,
}

type Decide<T> = RefCell<Option<Box<dyn Fn(SocketAddr, &str) -> T>>>;

thread_local! {
    // One simulation runs on one thread.
    static FATE: Decide<Fate> = const { RefCell::new(None) };
    static LAG: Decide<Duration> = const { RefCell::new(None) };
}

/// Decides what happens to calls to an address, by the path of the method.
pub fn set_fate(decide: impl Fn(SocketAddr, &str) -> Fate + 'static) {
    FATE.with_borrow_mut(|fate| *fate = Some(Box::new(decide)));
}

/// Decides how much longer than usual the next bytes from an address take.
pub fn set_lag(decide: impl Fn(SocketAddr) -> Duration + 'static) {
    LAG.with_borrow_mut(|lag| *lag = Some(Box::new(move |peer, _| decide(peer))));
}

pub(super) fn of(peer: SocketAddr, method: &str) -> Fate {
    FATE.with_borrow(|fate| fate.as_ref().map_or(Fate::default(), |decide| decide(peer, method)))
}

pub(super) fn lag(peer: SocketAddr) -> Duration {
    LAG.with_borrow(|lag| lag.as_ref().map_or(Duration::ZERO, |decide| decide(peer, "")))
}

/// A body that breaks off after some frames.
pub(super) struct Cut {
    pub body: Body,
    pub frames_left: u32,
}

impl HttpBody for Cut {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.frames_left == 0 {
            let cut = io::Error::from(io::ErrorKind::ConnectionReset);
            return Poll::Ready(Some(Err(Status::from_error(cut.into()))));
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.frames_left -= 1;
        }
        frame
    }
}
