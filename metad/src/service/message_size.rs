//! Requests that are too large: refused by tonic before they are decoded, and told here as
//! every other limit is.

use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _};
use metad_proto::limits::{MESSAGE_BYTES, MESSAGE_BYTES_MAX};
use tonic::{
    Code, Status,
    body::Body,
    codegen::{Service, http},
    server::NamedService,
};

use super::status;
use crate::types::{Rejection, ServerId};

/// A service whose refusals of large requests say which limit it is.
#[derive(Clone)]
pub struct SizeLimited<S> {
    inner: S,
    server: ServerId,
}

impl<S> SizeLimited<S> {
    /// Of a service that tonic limits.
    pub fn new(inner: S, server: ServerId) -> Self {
        SizeLimited { inner, server }
    }
}

impl<S: NamedService> NamedService for SizeLimited<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for SizeLimited<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let server = self.server;
        let answered = self.inner.call(request);
        async move { Ok(tell_limit(answered.await?, server)) }.boxed()
    }
}

fn tell_limit(response: http::Response<Body>, server: ServerId) -> http::Response<Body> {
    // Only a refusal before the first message has its status in the headers.
    match Status::from_header_map(response.headers()) {
        Some(refused) if is_too_large(&refused) => {
            let (limit, value) = (MESSAGE_BYTES, MESSAGE_BYTES_MAX as u64);
            status::rejected(&Rejection::LimitExceeded { limit, value }, None, server).into_http()
        }
        _ => response,
    }
}

/// tonic has no other word for it.
fn is_too_large(refused: &Status) -> bool {
    refused.code() == Code::OutOfRange
        && refused.details().is_empty()
        && refused.message().contains("message length too large")
}
