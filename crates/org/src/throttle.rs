//! Failed tries of secrets: sign-in, PINs, one-time codes. A few are free, then each costs a wait
//! that doubles.
//!
//! A try is counted before the secret is looked at, so that a hundred tries at once are a hundred
//! tries; success clears the count of the secret and gives its try back to the address, behind
//! which others may be guessing. What was tried is kept only as a keyed hash, never as typed.

use std::net::IpAddr;

use tanggap_kernel::{Refusal, Result, Timestamp, params};
use tanggap_store::Tx;

tanggap_store::sql! {
    GET = "select count, until from throttles where key = $1";
    COUNT = "insert into throttles (key, count, until) values ($1, 1, $2)
        on conflict (key) do update set until = excluded.until,
        count = case when throttles.until < $3 then 1 else throttles.count + 1 end
        returning count";
    WAIT = "update throttles set until = $2 where key = $1 and until < $2";
    GIVE_BACK = "update throttles set count = count - 1, until = $2 where key = $1 and count > 0";
    CLEAR = "delete from throttles where key = $1";
    SWEEP = "delete from throttles where until < $1";
}

/// After so long without a try, what was counted is forgotten (microseconds).
const FORGET_AFTER: i64 = Timestamp::HOUR;

/// How many tries are free and how the wait grows.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Tries that cost nothing.
    pub free: i64,
    /// The first wait; each further try doubles it (microseconds).
    pub wait_min: i64,
    /// The longest wait (microseconds).
    pub wait_max: i64,
}

/// For one secret: an account, a case's PIN.
pub const SECRET: Policy =
    Policy { free: 5, wait_min: 30 * Timestamp::SECOND, wait_max: 15 * Timestamp::MINUTE };

/// For all that comes from one address, behind which there may be a whole office or village.
pub const ADDRESS: Policy =
    Policy { free: 50, wait_min: 10 * Timestamp::SECOND, wait_max: 5 * Timestamp::MINUTE };

impl Policy {
    fn wait(self, count: i64) -> i64 {
        let over = count - self.free;
        if over < 0 { 0 } else { (self.wait_min << over.min(10)).min(self.wait_max) }
    }
}

/// Counts one try of `key`, before the secret is looked at.
///
/// # Errors
/// [`Refusal::TooMany`] where one has to wait; the try is not counted then.
pub fn attempt(tx: &mut Tx<'_>, key: &str, policy: Policy) -> Result<()> {
    let now = tx.now();
    let held: Option<(i64, Timestamp)> =
        tx.opt(&GET, params![key], |row| Ok((row.int()?, row.int()?)))?;
    if let Some((count, until)) = held
        && count >= policy.free
        && until > now
    {
        let micros = until.as_micros() - now.as_micros();
        let retry_after_s = (micros / Timestamp::SECOND).max(1);
        return Err(Refusal::TooMany { retry_after_s }.into());
    }
    let forgotten = now.plus(-FORGET_AFTER);
    let count = tx.one(&COUNT, params![key, now, forgotten], |row| row.int())?;
    tx.put(&WAIT, params![key, now.plus(policy.wait(count))])?;
    Ok(())
}

/// Forgets the tries of `key`, after the right secret.
///
/// # Errors
/// A fault of the engine.
pub fn clear(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    tx.put(&CLEAR, params![key])?;
    Ok(())
}

/// Takes back one counted try of `key`, which was none: the secret was right.
///
/// # Errors
/// A fault of the engine.
pub fn give_back(tx: &mut Tx<'_>, key: &str) -> Result<()> {
    let now = tx.now();
    tx.put(&GIVE_BACK, params![key, now])?;
    Ok(())
}

/// Whom an address is counted as: one subscriber holds a whole /64 of IPv6.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let mut parts = v6.segments();
            parts[4..].fill(0);
            IpAddr::from(parts)
        }
        v4 => v4,
    }
}

/// Removes what is forgotten anyway; for the janitor.
///
/// # Errors
/// A fault of the engine.
pub fn sweep(tx: &mut Tx<'_>) -> Result<u64> {
    let now = tx.now();
    Ok(tx.exec(&SWEEP, params![now.plus(-FORGET_AFTER)])?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_and_has_an_end() {
        let waits: Vec<i64> = (1..=20).map(|n| SECRET.wait(n) / Timestamp::SECOND).collect();
        assert_eq!(waits[..4], [0, 0, 0, 0]);
        assert_eq!(waits[4..8], [30, 60, 120, 240]);
        assert_eq!(*waits.last().unwrap(), 900);
    }
}
