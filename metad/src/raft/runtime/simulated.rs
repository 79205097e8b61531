//! openraft's runtime over madsim: one thread, simulated time, one seed.

use std::{io, time::Duration};

use madsim::rand::RngCore;
use metad_proto::transport::simulated as timers;
use openraft_rt::{AsyncRuntime, Instant as _, OptionalSend};
use openraft_rt_tokio::{TokioMpsc, TokioMutex, TokioOneshot};

use super::{clock, watch};

/// The simulated runtime.
#[derive(Debug)]
pub struct Madsim;

impl AsyncRuntime for Madsim {
    type JoinError = madsim::task::JoinError;
    type JoinHandle<T: OptionalSend + 'static> = madsim::task::JoinHandle<T>;
    type Sleep = timers::Sleep;
    type Instant = clock::Instant;
    type TimeoutError = madsim::time::error::Elapsed;
    type Timeout<R, T: Future<Output = R> + OptionalSend> = timers::Timeout<T>;
    type ThreadLocalRng = Rng;
    // Of tokio's channels only the watch wakes in a random order.
    type Mpsc = TokioMpsc;
    type Watch = watch::Fifo;
    type Oneshot = TokioOneshot;
    type Mutex<T: OptionalSend + 'static> = TokioMutex<T>;

    #[track_caller]
    fn spawn<T>(future: T) -> Self::JoinHandle<T::Output>
    where
        T: Future + OptionalSend + 'static,
        T::Output: OptionalSend + 'static,
    {
        madsim::task::spawn(future)
    }

    fn sleep(duration: Duration) -> Self::Sleep {
        timers::sleep(clock::simulated(duration))
    }

    fn sleep_until(deadline: Self::Instant) -> Self::Sleep {
        Self::sleep(deadline - clock::Instant::now())
    }

    fn timeout<R, F: Future<Output = R> + OptionalSend>(
        duration: Duration,
        future: F,
    ) -> Self::Timeout<R, F> {
        timers::timeout(clock::simulated(duration), future)
    }

    fn timeout_at<R, F: Future<Output = R> + OptionalSend>(
        deadline: Self::Instant,
        future: F,
    ) -> Self::Timeout<R, F> {
        Self::timeout(deadline - clock::Instant::now(), future)
    }

    fn is_panic(error: &Self::JoinError) -> bool {
        // Never in madsim: a panic ends the simulation.
        error.is_panic()
    }

    fn thread_rng() -> Self::ThreadLocalRng {
        Rng(madsim::rand::thread_rng())
    }

    fn new(_threads: usize) -> Self {
        Madsim
    }

    fn block_on<F, T>(&mut self, future: F) -> T
    where
        F: Future<Output = T>,
    {
        madsim::runtime::Runtime::new().block_on(future)
    }

    // The default starts a thread, which madsim forbids.
    fn spawn_blocking<F, T>(function: F) -> impl Future<Output = Result<T, io::Error>> + Send
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let task = madsim::task::spawn(async move { function() });
        async move { task.await.map_err(|error| io::Error::other(error.to_string())) }
    }
}

/// The simulation's generator, as openraft's version of rand sees it.
pub struct Rng(madsim::rand::GlobalRng);

impl rand_core::TryRng for Rng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn conforms() {
        openraft_rt::testing::Suite::<super::Madsim>::test_all();
    }
}
