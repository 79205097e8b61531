//! Timers that register once. madsim's own `Sleep` pushes a new timer, which cannot be
//! taken back, each time that it is polled: in a busy task they pile up.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// Resolves at its deadline. One timer for each task that waits for it.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    inner: Pin<Box<madsim::time::Sleep>>,
    registered: Option<Waker>,
}

/// Sleeps for a duration of simulated time.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { inner: Box::pin(madsim::time::sleep(duration)), registered: None }
}

/// Sleeps until an instant of simulated time.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { inner: Box::pin(madsim::time::sleep_until(deadline)), registered: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.inner.is_elapsed() {
            return Poll::Ready(());
        }
        if self.registered.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        self.registered = Some(cx.waker().clone());
        self.inner.as_mut().poll(cx)
    }
}

impl hyper::rt::Sleep for Sleep {}

/// A future with a deadline.
#[must_use = "futures do nothing unless polled"]
pub struct Timeout<F> {
    // Boxed so that polling needs no unsafe projection.
    future: Pin<Box<F>>,
    sleep: Sleep,
}

/// Gives a future a deadline, counted from now.
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    Timeout { future: Box::pin(future), sleep: sleep(duration) }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, madsim::time::error::Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        match Pin::new(&mut self.sleep).poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(madsim::time::error::Elapsed)),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// hyper's clock: keep-alive runs in simulated time.
#[derive(Clone, Copy)]
pub(super) struct Timer;

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(sleep_until(deadline))
    }
}
