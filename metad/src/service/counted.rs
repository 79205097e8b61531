//! Counts the calls of all services as they end.

use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _};
use tokio::time::Instant;
use tonic::{
    Status,
    body::Body,
    codegen::{Service, http},
    server::NamedService,
};

use crate::metrics::{Calls, Outcome};

/// What the paths of our calls start with.
const PACKAGE: &str = "/metad.v1.";

/// A service whose calls are counted. A stream is, once it begins.
#[derive(Clone)]
pub struct Counted<S> {
    inner: S,
    calls: Calls,
}

impl<S> Counted<S> {
    /// Of a service.
    pub fn new(inner: S, calls: Calls) -> Self {
        Counted { inner, calls }
    }
}

impl<S: NamedService> NamedService for Counted<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<http::Request<Body>> for Counted<S>
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
        let (began, calls, uri) = (Instant::now(), self.calls.clone(), request.uri().clone());
        let answered = self.inner.call(request);
        async move {
            let response = answered.await?;
            // Only a call without a reply has its status in the headers.
            let status = Status::from_header_map(response.headers());
            let call = uri.path().strip_prefix(PACKAGE).unwrap_or_default();
            calls.ended(call, Outcome::of(status.as_ref()), began.elapsed());
            Ok(response)
        }
        .boxed()
    }
}
