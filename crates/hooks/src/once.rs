//! `Idempotency-Key`: the same request sent twice is done once, and answered alike.
//!
//! The key's row is claimed first, in the transaction of the work itself, so that of two requests
//! at once one works while the other waits for its answer. What was refused leaves no key behind.
//! Keys are kept for a day at least; taking old ones away is the housekeeping's.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tanggap_kernel::{Actor, Fault, Refusal, Result, params};
use tanggap_store::{Tx, sql};

use crate::door::Caller;
use crate::problem::Problem;

/// The header that carries the key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header that tells an answer given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key, in characters.
pub const KEY_MAX: usize = 255;

sql! {
    CLAIM = "insert into idempotency_keys (agency_id, token_id, key, request_hash, status, body, at)
        values ($1, $2, $3, $4, 0, '', $5) on conflict do nothing";
    SETTLE = "update idempotency_keys set status = $4, body = $5
        where agency_id = $1 and token_id = $2 and key = $3";
    FIND = "select request_hash, status, body from idempotency_keys
        where agency_id = $1 and token_id = $2 and key = $3";
}

/// An answer that can be given again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its body, JSON.
    pub body: String,
    /// Whether it was given before.
    pub replayed: bool,
}

impl Answer {
    /// An answer with a body.
    ///
    /// # Errors
    /// A fault where it is no JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        Ok(Self { status, body: serde_json::to_string(body)?, replayed: false })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let kind = HeaderValue::from_static("application/json");
        let mut response = (self.status, [(header::CONTENT_TYPE, kind)], self.body).into_response();
        if self.replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// A request that is to be done once.
#[derive(Clone, Debug)]
pub struct Once {
    key: Option<String>,
    request: [u8; 32],
}

impl Once {
    /// Reads the key of a request; `path` and `body` tell whether another with this key is it.
    ///
    /// # Errors
    /// 400 where the key is empty, too long or not of visible ASCII.
    pub fn read(headers: &HeaderMap, path: &str, body: &[u8]) -> Result<Self, Problem> {
        let mut keys = headers.get_all(&KEY).iter();
        let Some(key) = keys.next() else { return Ok(Self { key: None, request: [0; 32] }) };
        let key = key.as_bytes();
        let sound = (1..=KEY_MAX).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
        if !sound || keys.next().is_some() {
            return Err(Problem::new("malformed"));
        }
        let mut hasher = Sha256::new();
        hasher.update((path.len() as u64).to_be_bytes());
        hasher.update(path);
        hasher.update(body);
        let key = String::from_utf8_lossy(key).into_owned();
        Ok(Self { key: Some(key), request: hasher.finalize().into() })
    }

    /// The key, where there is one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Does `work`, or gives the answer that it had the first time.
    ///
    /// # Errors
    /// [`Refusal::Illegal`] where the key stands for another request; what `work` refused.
    pub fn run(
        &self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        work: impl FnOnce(&mut Tx<'_>) -> Result<Answer>,
    ) -> Result<Answer> {
        let (Some(key), Actor::Token(token)) = (self.key.as_deref(), caller.access.actor) else {
            return work(tx);
        };
        let (agency, now) = (caller.access.agency_id, tx.now());
        if tx.exec(&CLAIM, params![agency, token, key, &self.request[..], now])? == 0 {
            let found = tx.opt(&FIND, params![agency, token, key], |row| {
                Ok((row.bytes()?, row.int::<i64>()?, row.text()?))
            })?;
            let gone = || Fault::new("an idempotency key went away");
            let (request, status, body) = found.ok_or_else(gone)?;
            if request != self.request {
                return Err(Refusal::Illegal("hooks-illegal-key").into());
            }
            let status = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok());
            let status = status.ok_or_else(gone)?;
            return Ok(Answer { status, body, replayed: true });
        }
        let answer = work(tx)?;
        let status = i64::from(answer.status.as_u16());
        tx.put(&SETTLE, params![agency, token, key, status, &answer.body])?;
        Ok(answer)
    }
}
