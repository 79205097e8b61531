//! Who calls, and whether they may: the first thing that a call meets where the configuration
//! asks for tokens.
//!
//! Owns [`RULES`], who may call what, and the audit log. Invariants: what has no rule is
//! refused; a call is refused before a byte of its messages is read; no token is logged. Must
//! not look into messages.

mod audit;
mod rules;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{Extensions, HeaderMap, header::AUTHORIZATION},
    middleware::{self, Next},
    response::Response,
};
use metad_proto::{
    auth::Token,
    errors::{self, Info, Reason},
};
use tonic::Status;

pub use self::rules::{RULES, Rule};
use crate::{config::Auth, metrics::Calls, types::ServerId};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// One who may do everything.
    Admin,
    /// A node of the cluster.
    Peer,
}

impl Principal {
    fn name(self) -> &'static str {
        match self {
            Principal::Admin => "admin",
            Principal::Peer => "peer",
        }
    }
}

struct Gate {
    server: ServerId,
    calls: Calls,
    /// Hashes: comparing them takes the same time wherever they differ.
    tokens: Vec<(blake3::Hash, Principal)>,
}

/// Puts the services behind the gate, if there is to be one.
pub(super) fn guarded(
    routes: Router,
    auth: Option<&Auth>,
    server: ServerId,
    calls: Calls,
) -> Router {
    let Some(auth) = auth else { return routes };
    let of = |tokens: &[Token], principal| {
        let hashes = tokens.iter().map(|token| blake3::hash(token.secret()));
        hashes.map(|hash| (hash, principal)).collect::<Vec<_>>()
    };
    let tokens = [of(&auth.admin, Principal::Admin), of(&auth.peer, Principal::Peer)].concat();
    let gate = Arc::new(Gate { server, calls, tokens });
    routes.layer(middleware::from_fn_with_state(gate, pass))
}

async fn pass(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let rule = Rule::of(request.uri().path());
    if rule == Rule::Open {
        return next.run(request).await;
    }
    let principal = gate.principal(request.headers(), request.extensions());
    let entry = audit::Entry::of(&request, principal);
    let refusal = match principal {
        None => Some(Reason::Unauthenticated),
        Some(principal) if !rule.allows(principal) => Some(Reason::PermissionDenied),
        Some(_) => None,
    };
    if let Some(reason) = refusal {
        gate.calls.refused(reason);
        entry.refused(reason);
        return gate.status(reason).into_http();
    }
    let response = next.run(request).await;
    if rule == Rule::Admin {
        entry.ended(Status::from_header_map(response.headers()).as_ref());
    }
    response
}

impl Gate {
    /// The one place that says who calls. A certificate's verified name, once there are any,
    /// comes with the extensions.
    fn principal(&self, headers: &HeaderMap, _: &Extensions) -> Option<Principal> {
        let shown = blake3::hash(Token::of_header(headers.get(AUTHORIZATION)?)?.secret());
        let known = self.tokens.iter().find(|(hash, _)| *hash == shown);
        known.map(|(_, principal)| *principal)
    }

    fn status(&self, reason: Reason) -> Status {
        let message = match reason {
            Reason::Unauthenticated => {
                "this node asks who calls: send `authorization: Bearer TOKEN` with a token that \
                 it knows (metactl: --token-file)"
            }
            _ => "the token that was sent is not one for this call",
        };
        Info::new(reason).with(errors::NODE, self.server).status(message)
    }
}
