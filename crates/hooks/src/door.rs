//! Who calls: bearer tokens, and how often they may.
//!
//! The token becomes an [`Access`] inside each request's own transaction, by one indexed read, so
//! that a revoked one is refused from its revocation on. Before that the door checks each token
//! it has not seen, so that a stranger never reaches the writer, and counts calls by token.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tanggap_calendar::Zone;
use tanggap_kernel::{Access, Fault, Refusal, Result};
use tanggap_org::TokenScope;
use tanggap_org::actions::token_hash;
use tanggap_store::Tx;
use tanggap_ui::Ctx;

use crate::problem::Problem;

/// How many calls a token may make in a second, and at once.
pub const CALLS_PER_SECOND: u32 = 10_000;
/// How many tokens the door remembers; past it, it forgets all and looks them up again.
const KNOWN_MAX: usize = 10_000;

/// What is remembered between calls; one for each router.
pub struct Door {
    known: Mutex<HashSet<[u8; 32]>>,
    calls: DefaultKeyedRateLimiter<[u8; 32]>,
}

impl Door {
    /// A door that lets each token make `per_second` calls.
    #[must_use]
    pub fn new(per_second: NonZeroU32) -> Self {
        let calls = RateLimiter::keyed(Quota::per_second(per_second));
        Self { known: Mutex::new(HashSet::new()), calls }
    }

    fn knows(&self, hash: &[u8; 32]) -> bool {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(hash)
    }

    fn remember(&self, hash: [u8; 32]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            known.clear();
            self.calls.retain_recent();
        }
        known.insert(hash);
    }

    fn forget(&self, hash: &[u8; 32]) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    fn count(&self, hash: &[u8; 32]) -> Result<(), Refusal> {
        self.calls.check_key(hash).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            let retry_after_s = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX).saturating_add(1);
            Refusal::TooMany { retry_after_s }
        })
    }
}

/// The holder of a token, at the door.
pub struct Bearer {
    /// What is kept of the token.
    pub hash: [u8; 32],
    door: Arc<Door>,
    ctx: Ctx,
}

/// The holder of a token, inside: what they may do, and in which house.
#[derive(Clone)]
pub struct Caller {
    /// The key to the store.
    pub access: Access,
    /// The agency's name.
    pub agency: String,
    /// The agency's name in addresses.
    pub slug: String,
    /// The zone of its offices, in which moments are written.
    pub zone: Zone,
}

impl FromRequestParts<Ctx> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Problem> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
        let secret = header
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim());
        let Some(secret) = secret else { return Err(challenge("Bearer realm=\"tanggap\"")) };
        let door = parts.extensions.get::<Arc<Door>>().cloned();
        let door = door.ok_or_else(|| Problem::from(Fault::new("the door is missing")))?;
        let hash = token_hash(secret);
        if !door.knows(&hash) {
            let found = ctx.db.read(move |tx| tanggap_org::token_access(tx, &hash)).await?;
            found.ok_or_else(invalid_token)?;
            door.remember(hash);
        }
        door.count(&hash)?;
        Ok(Self { hash, door, ctx: ctx.clone() })
    }
}

impl Bearer {
    /// Runs `run` in a read-only transaction, for a token that has one of `scopes`.
    ///
    /// # Errors
    /// 401, 403, or what `run` refused.
    pub async fn read<T, F>(&self, scopes: &'static [TokenScope], mut run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>, &Caller) -> Result<T> + Send + 'static,
    {
        let hash = self.hash;
        let done = self.ctx.db.read(move |tx| match enter(tx, &hash)? {
            Some(caller) if holds_any(&caller.access, scopes) => run(tx, &caller).map(Some),
            Some(_) => Err(Refusal::Forbidden.into()),
            None => Ok(None),
        });
        self.leave(done.await, scopes)
    }

    /// Runs `run` in a transaction, for a token that has all of `scopes`.
    ///
    /// # Errors
    /// 401, 403, or what `run` refused.
    pub async fn write<T, F>(&self, scopes: &'static [TokenScope], mut run: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>, &Caller) -> Result<T> + Send + 'static,
    {
        let hash = self.hash;
        let done = self.ctx.db.write(move |tx| match enter(tx, &hash)? {
            Some(caller) if scopes.iter().all(|scope| holds(&caller.access, *scope)) => {
                run(tx, &caller).map(Some)
            }
            Some(_) => Err(Refusal::Forbidden.into()),
            None => Ok(None),
        });
        self.leave(done.await, scopes)
    }

    fn leave<T>(&self, done: Result<Option<T>>, scopes: &[TokenScope]) -> Result<T, Problem> {
        match done {
            Ok(Some(result)) => Ok(result),
            Ok(None) => {
                self.door.forget(&self.hash);
                Err(invalid_token())
            }
            Err(tanggap_kernel::Error::Refused(Refusal::Forbidden)) => Err(insufficient(scopes)),
            Err(error) => Err(error.into()),
        }
    }
}

fn enter(tx: &mut Tx<'_>, hash: &[u8; 32]) -> Result<Option<Caller>> {
    let Some(access) = tanggap_org::token_access(tx, hash)? else { return Ok(None) };
    let house = tanggap_org::agency(tx, access.agency_id)?;
    Ok(house.map(|house| Caller { access, agency: house.name, slug: house.slug, zone: house.zone }))
}

fn holds(access: &Access, scope: TokenScope) -> bool {
    scope.permissions().iter().all(|permission| access.can(*permission, None))
}

fn holds_any(access: &Access, scopes: &[TokenScope]) -> bool {
    scopes.iter().any(|scope| holds(access, *scope))
}

fn invalid_token() -> Problem {
    challenge("Bearer realm=\"tanggap\", error=\"invalid_token\"")
}

fn challenge(value: &'static str) -> Problem {
    Problem::new("unauthorized").with(header::WWW_AUTHENTICATE, HeaderValue::from_static(value))
}

fn insufficient(scopes: &[TokenScope]) -> Problem {
    let words: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
    let value = format!(
        "Bearer realm=\"tanggap\", error=\"insufficient_scope\", scope=\"{}\"",
        words.join(" ")
    );
    let problem = Problem::new("forbidden");
    match HeaderValue::try_from(value) {
        Ok(value) => problem.with(header::WWW_AUTHENTICATE, value),
        Err(_) => problem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_token() {
        let door = Door::new(NonZeroU32::MIN);
        assert_eq!(door.count(&[1; 32]), Ok(()));
        assert!(matches!(door.count(&[1; 32]), Err(Refusal::TooMany { retry_after_s: 1.. })));
        assert_eq!(door.count(&[2; 32]), Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let door = Door::new(NonZeroU32::MIN);
        for n in 0..=KNOWN_MAX {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&n.to_be_bytes());
            door.remember(hash);
        }
        assert_eq!(door.known.lock().unwrap().len(), 1);
    }
}
