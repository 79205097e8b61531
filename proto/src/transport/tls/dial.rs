//! The client's end: a socket, and the handshake on it.
//!
//! Invariant: a connection is given out once the server is known to have accepted what this end
//! showed. In TLS 1.3 it says so late: a call that is sent before could not tell whether it
//! had an effect.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::{InvalidMessage, ProtocolVersion, pki_types::ServerName};
use tokio::{io::AsyncBufRead as _, net::TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::codegen::Service;

use super::ClientTls;
use crate::transport::InvalidAddress;

/// How long a server that says nothing after the handshake is waited for. One of ours speaks at
/// once; a proxy may not.
const ACCEPTED_MAX: Duration = Duration::from_millis(250);

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects to one address.
#[derive(Clone)]
pub struct Dial {
    tls: ClientTls,
    address: String,
    name: ServerName<'static>,
}

impl Dial {
    /// For `host:port`; the server's certificate must be of the host.
    pub fn new(tls: ClientTls, address: &str) -> Result<Dial, InvalidAddress> {
        let invalid = || InvalidAddress(address.to_owned());
        let (host, _) = address.rsplit_once(':').ok_or_else(invalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(host.to_owned()).map_err(|_| invalid())?;
        Ok(Dial { tls, address: address.to_owned(), name })
    }

    async fn dial(self) -> Result<TokioIo<TlsStream<TcpStream>>, BoxError> {
        let config = self.tls.0.current()?;
        let socket = TcpStream::connect(&self.address).await?;
        socket.set_nodelay(true)?;
        let connected = async {
            let mut stream = TlsConnector::from(config).connect(self.name, socket).await?;
            accepted(&mut stream).await.map(|()| stream)
        };
        let stream = connected.await.map_err(|error| explained(&self.address, error))?;
        Ok(TokioIo::new(stream))
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().dial())
    }
}

/// Waits for a sign that the server has read this end's part of the handshake: a ticket, which
/// is sent after it, or data.
async fn accepted(stream: &mut TlsStream<TcpStream>) -> io::Result<()> {
    // Before 1.3 the handshake ends with the server's part.
    if stream.get_ref().1.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Ok(());
    }
    let sign = poll_fn(|context| {
        if let Poll::Ready(read) = Pin::new(&mut *stream).poll_fill_buf(context) {
            let is_end = matches!(read, Ok([]));
            let end = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Poll::Ready(if is_end { Err(end) } else { read.map(drop) });
        }
        let has_ticket = stream.get_ref().1.tls13_tickets_received() > 0;
        if has_ticket { Poll::Ready(Ok(())) } else { Poll::Pending }
    });
    tokio::time::timeout(ACCEPTED_MAX, sign).await.unwrap_or(Ok(()))
}

/// Says what to do.
fn explained(address: &str, error: io::Error) -> BoxError {
    use rustls::{AlertDescription as Alert, Error};
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    let advice = match cause {
        Some(Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            "it does not speak TLS: connect without a CA, or give it a [tls] table"
        }
        Some(Error::InvalidCertificate(_)) => {
            "its certificate is not one of an authority in the CA file for this host name or IP \
             address, or it is not valid now"
        }
        Some(Error::AlertReceived(Alert::CertificateRequired)) => {
            "it serves only those with a certificate: give one and its key (metactl: --cert, --key)"
        }
        Some(Error::AlertReceived(_)) => "it refuses what this side shows: see its client_ca",
        _ => "the handshake failed",
    };
    format!("TLS with {address}: {advice} ({error})").into()
}
