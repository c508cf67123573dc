//! Sessions of staff: a random secret in a cookie, its SHA-256 in a row, and an end.
//!
//! A session ends twelve hours after it was last used, seven days after it began, and at once when
//! its row is deleted: by its owner, by an administrator, with the account.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{
    Access, Actor, AgencyId, Event, Fault, Refusal, Result, Subject, Timestamp, params,
};
use tanggap_store::{Row, Tx};

/// Unused for so long, a session ends (microseconds).
pub const IDLE_MAX: i64 = 12 * Timestamp::HOUR;
/// After so long it ends in any case (microseconds).
pub const AGE_MAX: i64 = 7 * Timestamp::DAY;
/// Its last use is noted at most this often (microseconds).
const NOTE_EVERY: i64 = 5 * Timestamp::MINUTE;

tanggap_store::sql! {
    BEGIN = "insert into sessions (token_hash, agency_id, user_id, created_at, seen_at, expires_at,
        agent) values ($1, $2, $3, $4, $4, $5, $6)";
    LIVE = "select agency_id, user_id, created_at, seen_at, expires_at, agent, token_hash
        from sessions where token_hash = $1 and expires_at > $2";
    NOTE = "update sessions set seen_at = $2, expires_at = $3 where token_hash = $1";
    END = "delete from sessions where token_hash = $1";
    END_OWN = "delete from sessions where token_hash = $1 and agency_id = $2 and user_id = $3";
    OF_USER = "select agency_id, user_id, created_at, seen_at, expires_at, agent, token_hash
        from sessions where agency_id = $1 and user_id = $2 and expires_at > $3
        order by seen_at desc limit 100";
    END_ALL = "delete from sessions where agency_id = $1 and user_id = $2 and token_hash <> $3";
    SWEEP = "delete from sessions where expires_at <= $1";
}

/// What is kept of a session's secret.
pub type SecretHash = [u8; 32];

/// A session.
#[derive(Clone, Debug)]
pub struct Session {
    /// The agency.
    pub agency_id: AgencyId,
    /// Whose it is.
    pub user_id: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to five minutes.
    pub seen_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// The browser, in its own words.
    pub agent: String,
    /// What is kept of its secret.
    pub hash: SecretHash,
}

impl Session {
    /// Whether its use should be noted now.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        now > self.seen_at.plus(NOTE_EVERY)
    }
}

/// The secret of a session made from random bytes: what the cookie holds.
#[must_use]
pub fn secret(random: [u8; 32]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}

/// What is kept of a secret.
#[must_use]
pub fn hash(secret: &str) -> SecretHash {
    Sha256::digest(secret.as_bytes()).into()
}

fn ends_at(created_at: Timestamp, seen_at: Timestamp) -> Timestamp {
    seen_at.plus(IDLE_MAX).min(created_at.plus(AGE_MAX))
}

/// Begins a session.
///
/// # Errors
/// A fault of the engine.
pub fn begin(tx: &mut Tx<'_>, access: &Access, hash: &SecretHash, agent: &str) -> Result<()> {
    let user = access.user().ok_or(Refusal::Forbidden)?;
    let now = tx.now();
    let agent: String = agent.chars().take(200).collect();
    let args = params![&hash[..], access.agency_id, user, now, ends_at(now, now), agent];
    tx.put(&BEGIN, args)?;
    tx.announce(event(access, "user.signed_in", user));
    Ok(())
}

/// The session with this secret, if it has not ended.
///
/// # Errors
/// A fault of the engine.
pub fn live(tx: &mut Tx<'_>, hash: &SecretHash) -> Result<Option<Session>> {
    let now = tx.now();
    Ok(tx.opt(&LIVE, params![&hash[..], now], read)?)
}

/// Notes that a session was used, which moves its end. No change that anybody has to account for,
/// so no event.
///
/// # Errors
/// A fault of the engine.
pub fn note_use(tx: &mut Tx<'_>, session: &Session) -> Result<()> {
    let now = tx.now();
    tx.put(&NOTE, params![&session.hash[..], now, ends_at(session.created_at, now)])?;
    Ok(())
}

/// Ends one's own session by signing out.
///
/// # Errors
/// A fault of the engine.
pub fn sign_out(tx: &mut Tx<'_>, access: &Access, hash: &SecretHash) -> Result<()> {
    let user = access.user().ok_or(Refusal::Forbidden)?;
    if tx.exec(&END, params![&hash[..]])? > 0 {
        tx.announce(event(access, "user.signed_out", user));
    }
    Ok(())
}

/// Somebody's sessions, the last used first.
///
/// # Errors
/// A fault of the engine.
pub fn of_user(tx: &mut Tx<'_>, access: &Access, user: UserId) -> Result<Vec<Session>> {
    let now = tx.now();
    Ok(tx.all(&OF_USER, params![access.agency_id, user, now], read)?)
}

/// Ends one of one's own other sessions, named by the start of its hash.
///
/// # Errors
/// [`Refusal::NotFound`] where there is none.
pub fn end_own(tx: &mut Tx<'_>, access: &Access, name: &str) -> Result<()> {
    let user = access.user().ok_or(Refusal::Forbidden)?;
    let sessions = of_user(tx, access, user)?;
    let found = sessions.iter().find(|session| short_name(&session.hash) == name);
    let session = found.ok_or(Refusal::NotFound)?;
    tx.put(&END_OWN, params![&session.hash[..], access.agency_id, user])?;
    tx.announce(event(access, "user.session_ended", user));
    Ok(())
}

/// A name for a session that betrays nothing.
#[must_use]
pub fn short_name(hash: &SecretHash) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(hash)[..9])
}

/// Ends all sessions of somebody, except perhaps one.
///
/// # Errors
/// A fault of the engine.
pub fn end_all(
    tx: &mut Tx<'_>,
    access: &Access,
    user: UserId,
    except: Option<&SecretHash>,
) -> Result<u64> {
    let except = except.map_or(&[][..], |hash| &hash[..]);
    let ended = tx.exec(&END_ALL, params![access.agency_id, user, except])?;
    if ended > 0 {
        let body = json!({ "count": ended });
        tx.announce(event(access, "user.sessions_ended", user).with(body));
    }
    Ok(ended)
}

/// Removes the rows of sessions that ended by themselves; for the janitor.
///
/// # Errors
/// A fault of the engine.
pub fn sweep(tx: &mut Tx<'_>) -> Result<u64> {
    let now = tx.now();
    Ok(tx.exec(&SWEEP, params![now])?)
}

fn event(access: &Access, kind: &'static str, user: UserId) -> Event {
    let actor = match access.actor {
        Actor::System => Actor::User(user),
        actor => actor,
    };
    Event::new(access.agency_id, kind, Subject { kind: "user", id: user.0 }, actor)
}

pub(crate) fn read(row: &mut Row<'_>) -> Result<Session, Fault> {
    Ok(Session {
        agency_id: row.int()?,
        user_id: row.int()?,
        created_at: row.int()?,
        seen_at: row.int()?,
        expires_at: row.int()?,
        agent: row.text()?,
        hash: row.bytes()?.try_into().map_err(|_| Fault::new("session: not 32 bytes"))?,
    })
}
