//! How the connection to an account goes: what the worker that holds it tells the people who set
//! it up. Nothing is decided by it, and it is no event.

use tanggap_kernel::{Access, Fault, Timestamp, params};
use tanggap_store::{Tx, sql};

use crate::accounts::AccountId;

sql! {
    NOTE = "insert into channel_states (agency_id, account_id, state, why, state_at, taken)
        values ($1, $2, $3, $4, $5, 0) on conflict (agency_id, account_id)
        do update set state = excluded.state, why = excluded.why, state_at = excluded.state_at";
    TAKEN = "insert into channel_states (agency_id, account_id, state, state_at, taken, taken_at)
        values ($1, $2, 'fetching', $4, $3, $4) on conflict (agency_id, account_id)
        do update set taken = channel_states.taken + excluded.taken, taken_at = excluded.taken_at";
    FIND = "select state, why, state_at, taken, taken_at from channel_states
        where agency_id = $1 and account_id = $2";
}

/// How a connection goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// `connecting`, `fetching`, `waiting`, `failing`, `refused` or `ended`.
    pub state: String,
    /// The server's words where it fails or refuses.
    pub why: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Messages that came in by it.
    pub taken: i64,
    /// When the last did.
    pub taken_at: Option<Timestamp>,
}

/// Notes how the connection goes from now on.
///
/// # Errors
/// A fault of the engine.
pub fn note(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    state: &str,
    why: Option<&str>,
) -> Result<(), Fault> {
    let now = tx.now();
    tx.put(&NOTE, params![access.agency_id, id, state, why, now])
}

/// Notes that messages came in.
///
/// # Errors
/// A fault of the engine.
pub fn note_taken(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    count: usize,
) -> Result<(), Fault> {
    let (now, count) = (tx.now(), i64::try_from(count).unwrap_or(i64::MAX));
    tx.put(&TAKEN, params![access.agency_id, id, count, now])
}

/// How the connection goes; `None` where nobody held it yet.
///
/// # Errors
/// A fault of the engine.
pub fn find(tx: &mut Tx<'_>, access: &Access, id: AccountId) -> Result<Option<State>, Fault> {
    tx.opt(&FIND, params![access.agency_id, id], |row| {
        Ok(State {
            state: row.text()?,
            why: row.opt_text()?,
            since: row.int()?,
            taken: row.int()?,
            taken_at: row.opt_int()?,
        })
    })
}
