//! The switch between the nodes: a thread that reads packets and passes them on, if the rules
//! let it.
//!
//! Owns: the interfaces' other ends and the thread. Invariant: packets of one link stay in their
//! order. It runs apart from the clients, whose work would delay packets.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{
    io::unix::AsyncFd,
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::rules::{Fate, Port, Rules};

/// The largest packet of IP.
const PACKET_BYTES_MAX: usize = 65_536;
/// Packets that may be on their way on one slow link; more are lost, as in any switch.
const LATE_MAX: usize = 10_000;

/// How much later than due a late packet may be delivered: timers have milliseconds.
const SLACK: Duration = Duration::from_millis(20);

type Ports = Arc<BTreeMap<Port, AsyncFd<File>>>;

/// A running switch. Dropping it closes all interfaces.
pub struct Switch {
    rules: Arc<Mutex<Rules>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Switch {
    /// Connects the interfaces.
    #[allow(clippy::disallowed_methods, reason = "apart from the clients, whose work delays")]
    pub fn start(interfaces: BTreeMap<Port, File>, seed: u64) -> Result<Switch> {
        let rules = Arc::new(Mutex::new(Rules::new(seed)));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ports = {
            let _inside = runtime.enter();
            // SAFETY: a `File` has the same descriptor, open, until it is dropped.
            let port = |(port, file)| Ok((port, unsafe { AsyncFd::register(file)? }));
            let ports = interfaces.into_iter().map(port).collect::<io::Result<_>>();
            Ports::new(ports.context("watch the network interfaces")?)
        };
        let shared = rules.clone();
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                for port in ports.keys() {
                    tokio::spawn(forward(*port, ports.clone(), shared.clone()));
                }
                // An error is the switch being dropped.
                let _ = stopped.await;
            });
        });
        Ok(Switch { rules, stop: Some(stop), thread: Some(thread) })
    }

    /// The rules, to be changed.
    pub fn rules(&self) -> MutexGuard<'_, Rules> {
        lock(&self.rules)
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // What it panicked with, it has printed.
            let _ = thread.join();
        }
    }
}

fn lock(rules: &Mutex<Rules>) -> MutexGuard<'_, Rules> {
    rules.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One way from a port to another.
struct Link {
    late: mpsc::Sender<Late>,
    /// When the last packet on it is due.
    due: Instant,
}

/// A packet, and when it is due.
type Late = (Instant, Vec<u8>);

/// Passes on what is sent at one port, until the interface is gone.
async fn forward(from: Port, ports: Ports, rules: Arc<Mutex<Rules>>) {
    let mut links = BTreeMap::new();
    for to in ports.keys().copied() {
        let (late, receiver) = mpsc::channel(LATE_MAX);
        tokio::spawn(deliver(to, ports.clone(), receiver));
        links.insert(to, Link { late, due: Instant::now() });
    }
    let mut buffer = vec![0; PACKET_BYTES_MAX];
    while let Ok(size) = read(&ports[&from], &mut buffer).await {
        let packet = &buffer[..size];
        let Some(to) = destination(packet) else { continue };
        let Some(link) = links.get_mut(&to) else { continue };
        let by = match lock(&rules).fate(from, to) {
            Fate::Lost => continue,
            Fate::Arrives => Duration::ZERO,
            Fate::Late(by) => by,
        };
        let now = Instant::now();
        // It must not overtake one that was sent when the link was slower.
        let due = link.due.max(now + by);
        if by.is_zero() && now > link.due + SLACK {
            write(&ports[&to], packet);
        } else {
            link.due = due;
            // A link that is full loses packets.
            let _ = link.late.try_send((due, packet.to_vec()));
        }
    }
}

/// Delivers what comes late, each when it is due.
async fn deliver(to: Port, ports: Ports, mut packets: mpsc::Receiver<Late>) {
    while let Some((at, packet)) = packets.recv().await {
        sleep_until(at).await;
        write(&ports[&to], &packet);
    }
}

async fn read(port: &AsyncFd<File>, buffer: &mut [u8]) -> io::Result<usize> {
    port.async_io(tokio::io::Interest::READABLE, |mut file| file.read(buffer)).await
}

fn write(port: &AsyncFd<File>, packet: &[u8]) {
    // An interface that is down, or whose queue is full, loses packets.
    let _ = port.get_ref().write(packet);
}

/// The port that an IPv4 packet is for: the last byte of its address.
fn destination(packet: &[u8]) -> Option<Port> {
    match packet.first()? >> 4 {
        4 => packet.get(19).copied(),
        _ => None,
    }
}
