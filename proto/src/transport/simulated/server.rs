//! The server's end: accepts connections and serves tonic's routes on each.
//!
//! Every connection is a task that ends with the future of [`serve`]: a stopped server
//! leaves nothing behind.

use std::{io, net::SocketAddr};

use futures::{FutureExt, StreamExt, future::Shared, stream::FuturesUnordered};
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use madsim::net::{TcpListener, TcpStream};
use tonic::{
    Status, body::Body, codegen::Service, service::Routes, transport::server::TcpConnectInfo,
};

use super::{Executor, ServerTls, grpc_timeout, io as simulated_io, time};
use crate::transport::{KEEP_ALIVE, STREAMS_MAX};

/// A bound address that does not serve yet.
pub struct Listener {
    inner: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds; port 0 picks a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Listener> {
        let inner = TcpListener::bind(address).await?;
        let address = inner.local_addr()?;
        Ok(Listener { inner, address })
    }

    /// The same without credentials: the simulated world has no TLS.
    #[must_use]
    pub fn over(self, tls: Option<ServerTls>) -> Listener {
        assert!(tls.is_none(), "the simulated world has no TLS");
        self
    }

    /// Where it listens.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

/// Serves until `shutdown` resolves, then lets the calls under way finish.
pub async fn serve(
    listener: Listener,
    routes: Routes,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let routes = routes.prepare();
    let shutdown = shutdown.boxed().shared();
    // Dropping a cancel-on-drop task ends it.
    let mut connections = FuturesUnordered::new();
    let mut stopping = shutdown.clone();
    loop {
        tokio::select! {
            biased;
            () = &mut stopping => break,
            Some(_) = connections.next(), if !connections.is_empty() => {}
            accepted = listener.inner.accept() => {
                let (stream, peer) = accepted?;
                let connection = Connection { local: listener.address, peer };
                let serving = connection.serve(stream, routes.clone(), shutdown.clone());
                connections.push(tokio::spawn(serving).cancel_on_drop());
            }
        }
    }
    drop(listener);
    while connections.next().await.is_some() {}
    Ok(())
}

#[derive(Clone, Copy)]
struct Connection {
    local: SocketAddr,
    peer: SocketAddr,
}

impl Connection {
    async fn serve(
        self,
        stream: TcpStream,
        routes: Routes,
        shutdown: Shared<impl Future<Output = ()>>,
    ) {
        let service = service_fn(move |request| self.answer(routes.clone(), request));
        let connection = Builder::new(Executor)
            .timer(time::Timer)
            .max_concurrent_streams(STREAMS_MAX)
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .serve_connection(simulated_io::wrap(stream, self.peer), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = shutdown => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        tracing::debug!(peer = %self.peer, ?ended, "server connection ended");
    }

    async fn answer(
        self,
        mut routes: Routes,
        mut request: http::Request<Incoming>,
    ) -> Result<http::Response<Body>, std::convert::Infallible> {
        let addresses =
            TcpConnectInfo { local_addr: Some(self.local), remote_addr: Some(self.peer) };
        request.extensions_mut().insert(addresses);
        let limit = grpc_timeout(request.headers());
        let answer = routes.call(request);
        let Some(limit) = limit else { return answer.await };
        match time::timeout(limit, answer).await {
            Ok(answer) => answer,
            Err(_) => Ok(Status::cancelled("Timeout expired").into_http()),
        }
    }
}
