//! The client's end: a lazily made, shared HTTP/2 connection to one address.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::HeaderMap;
use http_body_util::BodyExt as _;
use hyper::client::conn::http2::{Builder, SendRequest};
use madsim::net::TcpStream;
use tonic::{ConnectError, TimeoutExpired, body::Body, codegen::Service};

use super::{
    ClientTls, Executor,
    fate::{self, Cut, Fate},
    grpc_timeout, io as simulated_io, time,
};
use crate::transport::{CONNECT_TIMEOUT, InvalidAddress, KEEP_ALIVE};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The first and the longest pause between two SYNs that were lost.
const SYN_RETRY: Duration = Duration::from_millis(20);
const SYN_RETRY_MAX: Duration = Duration::from_millis(400);

/// A connection to one address, made when it is first used and again after it broke.
/// Clones share it.
#[derive(Clone)]
pub struct Channel(Arc<Shared>);

struct Shared {
    address: SocketAddr,
    connection: tokio::sync::Mutex<Option<SendRequest<Body>>>,
}

/// Prepares a channel to an address `ip:port`. Nothing is sent before the first call.
pub fn connect(address: &str, tls: Option<&ClientTls>) -> Result<Channel, InvalidAddress> {
    assert!(tls.is_none(), "the simulated world has no TLS");
    let address = address.parse().map_err(|_| InvalidAddress(address.to_owned()))?;
    Ok(Channel(Arc::new(Shared { address, connection: tokio::sync::Mutex::default() })))
}

impl Shared {
    /// The live connection, or a new one. One caller connects while the others wait.
    async fn sender(&self) -> Result<SendRequest<Body>, ConnectError> {
        let mut connection = self.connection.lock().await;
        if let Some(sender) = connection.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        *connection = None;
        let attempt = time::timeout(CONNECT_TIMEOUT, self.dial());
        let stream = match attempt.await {
            Ok(dialled) => dialled.map_err(|error| ConnectError(error.into()))?,
            Err(_) => return Err(ConnectError("connect timeout".into())),
        };
        let (sender, driver) = Builder::new(Executor)
            .timer(time::Timer)
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .keep_alive_while_idle(true)
            .handshake(simulated_io::wrap(stream, self.address))
            .await
            .map_err(|error| ConnectError(error.into()))?;
        let address = self.address;
        // Ends when the last sender and the last response body are gone, or the connection
        // broke.
        tokio::spawn(async move {
            let ended = driver.await;
            tracing::debug!(%address, ?ended, "client connection ended");
        });
        *connection = Some(sender.clone());
        Ok(sender)
    }

    async fn dial(&self) -> io::Result<TcpStream> {
        let mut pause = SYN_RETRY;
        loop {
            match TcpStream::connect(self.address).await {
                // madsim refuses at once what a cut link would leave unanswered.
                Err(_) if simulated_io::is_black_hole(self.address) => time::sleep(pause).await,
                dialled => return dialled,
            }
            pause = (pause * 2).min(SYN_RETRY_MAX);
        }
    }

    async fn send(
        &self,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Body>, BoxError> {
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.scheme = Some(http::uri::Scheme::HTTP);
        parts.authority = Some(self.address.to_string().parse()?);
        *request.uri_mut() = http::Uri::from_parts(parts)?;
        let mut sender = self.sender().await?;
        // Not sent yet: to the caller this is a connection that was not there.
        sender.ready().await.map_err(|error| ConnectError(error.into()))?;
        Ok(sender.send_request(request).await?.map(Body::new))
    }
}

impl Shared {
    /// Sends a request through whatever the network does to it.
    async fn send_fated(
        self: Arc<Self>,
        mut request: http::Request<Body>,
        fate: Fate,
    ) -> Result<http::Response<Body>, BoxError> {
        if fate == Fate::default() {
            return self.send(request).await;
        }
        if !fate.delay.is_zero() {
            time::sleep(fate.delay).await;
        }
        let refused = Arc::new(AtomicBool::new(false));
        if let Some(later) = fate.duplicate {
            let (first, second) = twice(request).await?;
            request = first;
            let (this, refused) = (self.clone(), refused.clone());
            tokio::spawn(async move {
                time::sleep(later).await;
                if !refused.load(Ordering::Relaxed) {
                    // Nobody waits for the reply to the second one.
                    let _ = this.send(second).await;
                }
            });
        }
        if let Some(frames_left) = fate.cut_after {
            request = request.map(|body| Body::new(Cut { body, frames_left }));
        }
        let response = self.send(request).await;
        let is_refused = match &response {
            Ok(response) => is_unavailable(response.headers()),
            Err(error) => error.is::<ConnectError>(),
        };
        refused.store(is_refused, Ordering::Relaxed);
        let response = response?;
        if fate.lose_reply {
            return Err(io::Error::from(io::ErrorKind::ConnectionReset).into());
        }
        Ok(match fate.cut_after {
            Some(frames_left) => response.map(|body| Body::new(Cut { body, frames_left })),
            None => response,
        })
    }
}

/// Whether nobody could carry out a call. Its caller takes that for certain, so that it must not
/// arrive again (docs/CONSISTENCY.md, "Faults").
fn is_unavailable(headers: &HeaderMap) -> bool {
    headers.get("grpc-status").is_some_and(|code| code == "14")
}

/// A request, and the same again.
async fn twice(
    request: http::Request<Body>,
) -> Result<(http::Request<Body>, http::Request<Body>), BoxError> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await?.to_bytes();
    let again = || {
        let body = Body::new(http_body_util::Full::new(bytes.clone()));
        http::Request::from_parts(parts.clone(), body)
    };
    Ok((again(), again()))
}

impl Service<http::Request<Body>> for Channel {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let shared = self.0.clone();
        let fate = fate::of(shared.address, request.uri().path());
        Box::pin(async move {
            match grpc_timeout(request.headers()) {
                None => shared.send_fated(request, fate).await,
                Some(limit) => match time::timeout(limit, shared.send_fated(request, fate)).await {
                    Ok(sent) => sent,
                    Err(_) => Err(TimeoutExpired(()).into()),
                },
            }
        })
    }
}
