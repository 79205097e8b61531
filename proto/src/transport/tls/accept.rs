//! The server's end: handshakes on new connections, and who is at the other end of each.
//!
//! Invariants: a request that did not come over TLS reaches no service, but is told so; a name
//! is on a request only if its certificate was verified; a connection that does not shake hands
//! does not hold up others, up to [`HANDSHAKES_MAX`].

use std::{
    io,
    pin::Pin,
    sync::atomic::Ordering,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use futures::{Stream, StreamExt as _, future::ready};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::server::{Connected, TcpConnectInfo, TcpIncoming};

use super::{ServerTls, name};
use crate::{
    errors::{Info, Reason},
    transport::PeerIdentity,
};

/// Handshakes under way at most; further connections wait.
const HANDSHAKES_MAX: usize = 1_024;
/// How long one may take.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);
/// What a TLS connection begins with: a record of the handshake.
const HANDSHAKE: u8 = 22;
/// What is told to those who speak plain text.
const SPEAK_TLS: &str = "this node speaks TLS: give the authority of its certificate \
                         (metactl: --ca FILE; others: https)";

/// A connection.
pub struct Socket {
    carrier: Carrier,
    far_end: FarEnd,
}

enum Carrier {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Who is there.
#[derive(Clone)]
pub struct FarEnd {
    address: TcpConnectInfo,
    is_encrypted: bool,
    name: Option<PeerIdentity>,
}

/// Connections whose handshake has ended, and those without one, which get an answer as well.
pub fn incoming(sockets: TcpIncoming, tls: ServerTls) -> impl Stream<Item = io::Result<Socket>> {
    let accepted = sockets.map(move |socket| {
        let tls = tls.clone();
        async move {
            match socket {
                Ok(socket) => tls.accept(socket).await.map(Ok),
                Err(error) => Some(Err(error)),
            }
        }
    });
    accepted.buffer_unordered(HANDSHAKES_MAX).filter_map(ready)
}

/// Services that see only what came over TLS, with the name of who sent it.
pub fn admit(routes: Router) -> Router {
    routes.layer(middleware::from_fn(check))
}

async fn check(mut request: Request, next: Next) -> Response {
    // None is refused: a connection that nobody has looked at.
    let far_end = request.extensions_mut().remove::<FarEnd>();
    let Some(FarEnd { address, is_encrypted: true, name }) = far_end else {
        return refusal(&request);
    };
    request.extensions_mut().insert(address);
    if let Some(name) = name {
        request.extensions_mut().insert(name);
    }
    next.run(request).await
}

fn refusal(request: &Request) -> Response {
    let is_grpc = |kind: &HeaderValue| kind.as_bytes().starts_with(b"application/grpc");
    if request.headers().get(CONTENT_TYPE).is_some_and(is_grpc) {
        return Info::new(Reason::TlsRequired).status(SPEAK_TLS).into_http::<Body>();
    }
    (StatusCode::BAD_REQUEST, SPEAK_TLS).into_response()
}

impl ServerTls {
    async fn accept(&self, socket: TcpStream) -> Option<Socket> {
        let address = socket.connect_info();
        let peer = address.remote_addr();
        let accepted = tokio::time::timeout(HANDSHAKE_MAX, self.shake_hands(socket)).await;
        let why = match accepted {
            Ok(Ok(carrier)) => {
                let is_encrypted = matches!(carrier, Carrier::Tls(_));
                if !is_encrypted {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                let far_end = FarEnd { address, is_encrypted, name: carrier.name() };
                return Some(Socket { carrier, far_end });
            }
            Ok(Err(error)) => error,
            Err(_) => io::ErrorKind::TimedOut.into(),
        };
        self.refused.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(?peer, %why, "no TLS handshake");
        None
    }

    async fn shake_hands(&self, socket: TcpStream) -> io::Result<Carrier> {
        let mut first = [0];
        if socket.peek(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if first != [HANDSHAKE] {
            return Ok(Carrier::Plain(socket));
        }
        let loaded = self.loaded.current().map_err(io::Error::other)?;
        let stream = TlsAcceptor::from(loaded.config.clone()).accept(socket).await?;
        Ok(Carrier::Tls(Box::new(stream)))
    }
}

impl Carrier {
    fn name(&self) -> Option<PeerIdentity> {
        let Carrier::Tls(stream) = self else { return None };
        // Those that the verifier has let through: without one, none are asked for.
        name::of(stream.get_ref().1.peer_certificates()?.first()?)
    }
}

impl Connected for Socket {
    type ConnectInfo = FarEnd;

    fn connect_info(&self) -> FarEnd {
        self.far_end.clone()
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Plain(socket) => Pin::new(socket).poll_read(context, buffer),
            Carrier::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.carrier {
            Carrier::Plain(socket) => Pin::new(socket).poll_write(context, bytes),
            Carrier::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.carrier {
            Carrier::Plain(socket) => Pin::new(socket).poll_write_vectored(context, slices),
            Carrier::Tls(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.carrier {
            Carrier::Plain(socket) => socket.is_write_vectored(),
            Carrier::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Plain(socket) => Pin::new(socket).poll_flush(context),
            Carrier::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.carrier {
            Carrier::Plain(socket) => Pin::new(socket).poll_shutdown(context),
            Carrier::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
