//! One end of a simulated connection, as a kernel's socket would behave.
//!
//! Invariant: nothing that happens at the far side of a black hole can be seen from here,
//! neither its end of stream nor its reset.

use std::{
    cell::RefCell,
    hash::{DefaultHasher, Hasher},
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;

use hyper_util::rt::TokioIo;
use madsim::net::TcpStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    fate,
    time::{self, Sleep},
};

/// The same in each process.
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

type BlackHole = Box<dyn Fn(SocketAddr) -> bool>;

thread_local! {
    // One simulation runs on one thread.
    static BLACK_HOLE: RefCell<Option<BlackHole>> = const { RefCell::new(None) };
}

/// Tells the transport which links are cut: the function says whether packets between the
/// node that runs now and the address are dropped in either direction, or the machine at
/// that address has no power. Holds for all later simulations of the thread.
pub fn set_black_hole(is_cut: impl Fn(SocketAddr) -> bool + 'static) {
    BLACK_HOLE.with_borrow_mut(|hole| *hole = Some(Box::new(is_cut)));
}

pub(super) fn is_black_hole(peer: SocketAddr) -> bool {
    BLACK_HOLE.with_borrow(|hole| hole.as_ref().is_some_and(|is_cut| is_cut(peer)))
}

/// A connection for hyper.
pub(super) fn wrap(stream: TcpStream, peer: SocketAddr) -> TokioIo<Io> {
    TokioIo::new(Io { stream, peer, unflushed: false, held: None })
}

pub(super) struct Io {
    stream: TcpStream,
    peer: SocketAddr,
    /// Something was written since the last flush. madsim sends a packet at each flush,
    /// also when there is nothing to send.
    unflushed: bool,
    /// What has come, and takes longer.
    held: Option<Held>,
}

struct Held {
    bytes: Bytes,
    until: Sleep,
}

impl Io {
    /// Hands over what was held, once its time has come.
    fn poll_held(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Option<Poll<io::Result<()>>> {
        let held = self.held.as_mut()?;
        if Pin::new(&mut held.until).poll(cx).is_pending() {
            return Some(Poll::Pending);
        }
        let size = held.bytes.len().min(buffer.remaining());
        buffer.put_slice(&held.bytes.split_to(size));
        if held.bytes.is_empty() {
            self.held = None;
        }
        Some(Poll::Ready(Ok(())))
    }
}

impl AsyncRead for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(held) = self.poll_held(cx, buffer) {
            return held;
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let ended = matches!(read, Poll::Ready(Ok(()))) && buffer.filled().len() == before;
        // madsim shows a killed peer as an end of stream, even across a partition. A machine
        // that lost its power sends no FIN: stay silent and let keep-alive find out.
        if ended && is_black_hole(self.peer) {
            return Poll::Pending;
        }
        let has_come = buffer.filled().len() > before;
        let lag = if has_come { fate::lag(self.peer) } else { Duration::ZERO };
        if lag.is_zero() {
            return read;
        }
        let bytes = Bytes::copy_from_slice(&buffer.filled()[before..]);
        buffer.set_filled(before);
        self.held = Some(Held { bytes, until: time::sleep(lag) });
        self.poll_held(cx, buffer).unwrap_or(Poll::Pending)
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.unflushed |= !bytes.is_empty();
        tracing::trace!(peer = %self.peer, "sent");
        tracing::trace!(target: "metad_proto::contents", hash = hash(bytes));
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::take(&mut self.unflushed) {
            return Poll::Ready(Ok(()));
        }
        match Pin::new(&mut self.stream).poll_flush(cx) {
            // A reset cannot come through a black hole.
            Poll::Ready(Err(_)) if is_black_hole(self.peer) => Poll::Ready(Ok(())),
            flushed => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Errors do not matter to one who leaves.
        let _ = self.as_mut().poll_flush(cx);
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
