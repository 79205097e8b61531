//! The transport over kernel sockets: tonic's own client and server.
//!
//! Owns the socket options and HTTP/2 settings of production. They must stay equal to
//! those of the simulated face, or the simulator would test another service. Over TLS they are
//! the same.

use std::{future::Future, io, net::SocketAddr, pin::pin};

use tokio::net::TcpListener;
use tonic::{
    service::Routes,
    transport::{Endpoint, Server, server::TcpIncoming},
};

use super::{
    CONNECT_TIMEOUT, ClientTls, InvalidAddress, KEEP_ALIVE, STREAMS_MAX, ServerTls,
    tls::{self, Dial},
};

/// A connection to one address, made at the first call and made again when it was lost.
/// Clones share it.
pub type Channel = tonic::transport::Channel;

/// Names the peer at `address`, such as `127.0.0.1:7101`. Nothing is sent yet.
pub fn connect(address: &str, tls: Option<&ClientTls>) -> Result<Channel, InvalidAddress> {
    let invalid = || InvalidAddress(address.to_owned());
    let (host, port) = address.rsplit_once(':').ok_or_else(invalid)?;
    if host.is_empty() || port.parse::<u16>().is_err() {
        return Err(invalid());
    }
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(|_| invalid())?;
    // The authority must be the whole address: "host/path:80" parses as a URI as well.
    if endpoint.uri().authority().map(|authority| authority.as_str()) != Some(address) {
        return Err(invalid());
    }
    let endpoint = endpoint
        .tcp_nodelay(true)
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true);
    let Some(tls) = tls else { return Ok(endpoint.connect_lazy()) };
    let origin = format!("https://{address}").parse().map_err(|_| invalid())?;
    let dial = Dial::new(tls.clone(), address)?;
    Ok(endpoint.origin(origin).connect_with_connector_lazy(dial))
}

/// A bound socket that [`serve`] accepts connections on.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<ServerTls>,
}

impl Listener {
    /// Binds; port 0 takes a free one. Connections queue up until they are served.
    pub async fn bind(address: SocketAddr) -> io::Result<Listener> {
        Ok(Listener { socket: TcpListener::bind(address).await?, tls: None })
    }

    /// The same socket; with credentials, it serves only those who speak TLS.
    #[must_use]
    pub fn over(self, tls: Option<ServerTls>) -> Listener {
        Listener { tls, ..self }
    }

    /// Where it listens.
    pub fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// Serves `routes` until `shutdown`; then accepts no more, and returns once the calls
/// under way have ended. Long streams must be ended by their own service.
pub async fn serve(
    listener: Listener,
    routes: Routes,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let Listener { socket, tls } = listener;
    let incoming = TcpIncoming::from(socket).with_nodelay(Some(true));
    let mut server = Server::builder()
        // Whoever collects metrics speaks it.
        .accept_http1(true)
        .max_concurrent_streams(STREAMS_MAX)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE));
    let served = match tls {
        None => server.add_routes(routes).serve_with_incoming_shutdown(incoming, shutdown).await,
        Some(tls) => {
            let routes = Routes::from(tls::admit(routes.into_axum_router()));
            let incoming = pin!(tls::incoming(incoming, tls));
            server.add_routes(routes).serve_with_incoming_shutdown(incoming, shutdown).await
        }
    };
    served.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_checked_before_use() {
        for good in ["127.0.0.1:7101", "localhost:1", "[::1]:7101"] {
            assert!(connect(good, None).is_ok(), "{good}");
        }
        for bad in ["", ":7101", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "h/p:80", "a b:1"] {
            assert!(connect(bad, None).is_err(), "{bad}");
        }
    }
}
