//! Reading a request: its body as bounded JSON, its query and its path.

use axum::body::Body;
use axum::extract::{FromRequestParts, Path, Query as Pairs, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use futures_util::StreamExt as _;
use serde_json::Value;

use crate::fields::{Field, Query};
use crate::once::Once;
use crate::problem::Problem;

/// The largest body, in bytes: the longest report, every character escaped.
pub const BODY_MAX: usize = 512 * 1024;
/// How much of a body that is too large is read and thrown away, in bytes.
const DRAINED_MAX: usize = 32 << 20;

/// A request to change something.
pub struct Input {
    /// Its body.
    pub body: Value,
    /// Its key.
    pub once: Once,
}

impl Input {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// 400, 413 or 415.
    pub async fn read(request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        if !is_json(&parts.headers) {
            let ours = HeaderValue::from_static("application/json");
            return Err(Problem::new("media-type").with(header::ACCEPT, ours));
        }
        let bytes = bounded(body).await?;
        let body: Value = serde_json::from_slice(&bytes).map_err(|_| Problem::new("malformed"))?;
        let once = Once::read(&parts.headers, parts.uri.path(), &bytes)?;
        Ok(Self { body, once })
    }
}

/// The body, where it keeps within [`BODY_MAX`]. What is too large is read on for a while, or
/// the caller, still sending, would find the connection broken instead of an answer.
async fn bounded(body: Body) -> Result<Vec<u8>, Problem> {
    let mut stream = body.into_data_stream();
    let (mut kept, mut seen) = (Vec::new(), 0);
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => {
                seen += chunk.len();
                if seen <= BODY_MAX {
                    kept.extend_from_slice(&chunk);
                } else if seen <= DRAINED_MAX {
                    kept = Vec::new();
                } else {
                    break;
                }
            }
            // The node's own limit, or a caller that went away.
            Err(_) if seen > BODY_MAX => break,
            Err(_) => return Err(Problem::new("malformed")),
        }
    }
    if seen > BODY_MAX { Err(Problem::new("too-large")) } else { Ok(kept) }
}

fn is_json(headers: &HeaderMap) -> bool {
    let line = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(line) = line else { return false };
    let (kind, rest) = line.split_once(';').unwrap_or((line, ""));
    let charset = rest.trim().to_ascii_lowercase();
    let charset = charset.strip_prefix("charset=").map_or("utf-8", |c| c.trim_matches('"'));
    kind.trim().eq_ignore_ascii_case("application/json") && matches!(charset, "utf-8" | "utf8")
}

/// The query of a request, checked against a table.
///
/// # Errors
/// 422 with all that is wrong.
pub fn query(parts: &Parts, fields: &[Field]) -> Result<Query, Problem> {
    let pairs = Pairs::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let Pairs(pairs) = pairs.map_err(|_| Problem::new("malformed"))?;
    Ok(Query::check(pairs, fields)?)
}

/// A tracking code in a path, as somebody wrote it.
pub struct Code(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Code {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(code) = path.map_err(|_| Problem::new("not-found"))?;
        let code = tanggap_kernel::code::parse(&code).ok_or_else(|| Problem::new("not-found"))?;
        Ok(Self(code))
    }
}

/// A request without a body of ours: its head only.
pub struct Head(pub Parts);

impl<S: Send + Sync> FromRequestParts<S> for Head {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(parts.clone()))
    }
}
