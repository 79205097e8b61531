//! A rolling restart under load: no call fails, and nobody waits for long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use metad_client::{Client, Options, steps::at};

use crate::servers::{Servers, now};

/// Clients that write, and as many that read.
const CLIENTS: usize = 4;
/// What no call may take.
const STALL_MAX: Duration = Duration::from_millis(500);

/// The longest that one call of a client took, until it is told to stop.
async fn work(client: Client, ns: u64, number: usize, stop: Arc<AtomicBool>) -> (Duration, usize) {
    let (mut longest, mut calls) = (Duration::ZERO, 0);
    while !stop.load(Ordering::Relaxed) {
        let began = now();
        match number % 2 {
            0 => {
                client.mkdir(ns, &format!("/{number}-{calls}")).await.expect("no write fails");
            }
            _ => {
                client.stat(ns, at("/")).await.expect("no read fails");
            }
        }
        longest = longest.max(began.elapsed());
        calls += 1;
    }
    (longest, calls)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_fails_no_call_and_stalls_none() {
    let Some(mut servers) = Servers::start(3) else { return };
    servers.until("leader", |status| status["voters_answering"] == 3);
    let client = Client::new(Options::new(servers.addresses())).expect("addresses");
    let ns = client.create_namespace("main").await.expect("a namespace").value.id;
    let stop = Arc::new(AtomicBool::new(false));
    let clients = (0..2 * CLIENTS).map(|number| {
        tokio::spawn(work(client.another(number as u64 + 1), ns, number, stop.clone()))
    });
    let clients: Vec<_> = clients.collect();
    for node in 1..=3 {
        let took = servers.stop(node);
        servers.start_node(node);
        let status = servers.until("node", |status| {
            let member = &status["members"][node - 1];
            status["voters_answering"] == 3 && member["behind"].as_u64().is_some_and(|n| n < 100)
        });
        eprintln!("node {node} stopped within {took:?}; node {} leads", status["leader"]);
    }
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        let (longest, calls) = client.await.expect("it does not fail");
        eprintln!("{calls} calls, the longest {longest:?}");
        assert!(longest < STALL_MAX && calls > 10, "{calls} calls, the longest {longest:?}");
    }
}
