//! The client's end of either face, with the token that its calls show.
//!
//! Invariant: a channel without a token sends what the face beneath it sends, and nothing more.

use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use tonic::{body::Body, codegen::Service};

use super::{ClientTls, InvalidAddress, face};
use crate::auth::Token;

/// A connection to one address, made when it is first used and again after it broke. Clones
/// share it.
#[derive(Clone)]
pub struct Channel {
    face: face::Channel,
    /// Shared, which keeps clients and their errors small.
    credentials: Option<Arc<HeaderValue>>,
}

/// Names the peer at `address`, such as `127.0.0.1:7101`, which speaks plain text. Nothing is
/// sent yet.
///
/// # Errors
/// If it is not an address.
pub fn connect(address: &str) -> Result<Channel, InvalidAddress> {
    connect_over(address, None)
}

/// Names the peer at `address`, which speaks TLS if there are credentials for it, and must have
/// a certificate for the address' host. Nothing is sent yet.
///
/// # Errors
/// If it is not an address.
pub fn connect_over(address: &str, tls: Option<&ClientTls>) -> Result<Channel, InvalidAddress> {
    Ok(Channel { face: face::connect(address, tls)?, credentials: None })
}

impl Channel {
    /// The same connection, each call of which shows this token, if there is one.
    #[must_use]
    pub fn bearing(self, token: Option<&Token>) -> Channel {
        Channel { credentials: token.map(|token| Arc::new(token.header())), ..self }
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = <face::Channel as Service<Request<Body>>>::Error;
    type Future = <face::Channel as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.face.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Some(credentials) = &self.credentials {
            request.headers_mut().insert(AUTHORIZATION, HeaderValue::clone(credentials));
        }
        self.face.call(request)
    }
}
