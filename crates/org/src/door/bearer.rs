//! An integration with a bearer token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tanggap_kernel::id::TokenId;
use tanggap_kernel::{Access, Actor};
use tanggap_ui::{Ctx, Failed};

use crate::actions::token_hash;
use crate::store;

/// The holder of a token.
#[derive(Clone, Debug)]
pub struct Token {
    /// Which token.
    pub id: TokenId,
    /// What it may do.
    pub access: Access,
}

impl FromRequestParts<Ctx> for Token {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Response> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let secret = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim());
        let Some(secret) = secret else { return Err(unauthorized("Bearer realm=\"tanggap\"")) };
        let hash = token_hash(secret);
        let found = ctx.db.read(move |tx| store::token_access(tx, &hash)).await;
        match found.map_err(|error| Failed(error).into_response())? {
            Some(access) => match access.actor {
                Actor::Token(id) => Ok(Self { id, access }),
                _ => Err(unauthorized(INVALID)),
            },
            None => Err(unauthorized(INVALID)),
        }
    }
}

const INVALID: &str = "Bearer realm=\"tanggap\", error=\"invalid_token\"";

/// RFC 6750, with the problem details of RFC 9457.
fn unauthorized(challenge: &'static str) -> Response {
    let problem = serde_json::json!({
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "A valid bearer token is needed.",
    });
    let headers = [
        (header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge)),
        (header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
    ];
    (StatusCode::UNAUTHORIZED, headers, problem.to_string()).into_response()
}
