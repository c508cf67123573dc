//! How often one address may send: wide for those who prove work, since a whole village may stand
//! behind one address, narrow for those who do not.
//!
//! Each address holds one instant: when its bucket is full again (GCRA). By the node's own clock,
//! in bounded memory, forgotten at a restart.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};

use tanggap_kernel::Timestamp;
use tanggap_org::throttle::network;

/// The most that one bucket remembers at once.
const KEYS_MAX: usize = 100_000;

/// A bucket for each of many: addresses, talks.
pub struct Bucket<K> {
    burst: i64,
    every: i64,
    held: Mutex<Held<K>>,
}

struct Held<K> {
    /// When the bucket of each is full again.
    full: HashMap<K, Timestamp>,
    /// When that of all for whom there is no room is: they share one.
    rest: Timestamp,
    swept_at: Timestamp,
}

impl<K: Eq + Hash> Bucket<K> {
    /// `burst` at once, then one each `every` microseconds.
    #[must_use]
    pub fn new(burst: i64, every: i64) -> Self {
        let never = Timestamp::from_micros(0);
        let held = Held { full: HashMap::new(), rest: never, swept_at: never };
        Self { burst, every, held: Mutex::new(held) }
    }

    /// Lets one of `key` through.
    ///
    /// # Errors
    /// The seconds to wait where the bucket is empty.
    pub fn pass(&self, key: K, now: Timestamp) -> Result<(), i64> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held { full, rest, swept_at } = &mut *held;
        // Who floods us with keys makes nobody walk through all of them each time.
        if full.len() >= KEYS_MAX && now >= swept_at.plus(Timestamp::SECOND) {
            full.retain(|_, full| *full > now);
            *swept_at = now;
        }
        let full = match full.len() < KEYS_MAX || full.contains_key(&key) {
            true => full.entry(key).or_insert(now),
            false => rest,
        };
        let begins = (*full).max(now);
        let over = begins.as_micros() + self.every - now.as_micros() - self.burst * self.every;
        if over > 0 {
            return Err(over / Timestamp::SECOND + 1);
        }
        *full = begins.plus(self.every);
        Ok(())
    }
}

/// A bucket for each address.
pub struct Gate(Bucket<IpAddr>);

impl Gate {
    /// `burst` at once, then one each `every` microseconds.
    #[must_use]
    pub fn new(burst: i64, every: i64) -> Self {
        Self(Bucket::new(burst, every))
    }

    /// Lets one through.
    ///
    /// # Errors
    /// The seconds to wait where the bucket is empty.
    pub fn pass(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), i64> {
        self.0.pass(network(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))), now)
    }
}

/// The buckets of the portal.
pub struct Limits {
    /// Reports with proof of work.
    pub proven: Gate,
    /// Reports without.
    pub unproven: Gate,
    /// Forms with files, and replies.
    pub uploads: Gate,
    /// Searches and other work for free.
    pub looks: Gate,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            proven: Gate::new(120, 10 * Timestamp::SECOND),
            unproven: Gate::new(10, 2 * Timestamp::MINUTE),
            uploads: Gate::new(60, 15 * Timestamp::SECOND),
            looks: Gate::new(300, Timestamp::SECOND),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let gate = Gate::new(3, 10 * Timestamp::SECOND);
        let (a, b) = (Some(IpAddr::from([10, 0, 0, 1])), Some(IpAddr::from([10, 0, 0, 2])));
        let start = Timestamp::from_micros(1_000 * Timestamp::SECOND);
        for _ in 0..3 {
            assert_eq!(gate.pass(a, start), Ok(()));
        }
        assert!(gate.pass(a, start).is_err_and(|wait| (1..=11).contains(&wait)));
        assert_eq!(gate.pass(b, start), Ok(()));
        assert_eq!(gate.pass(a, start.plus(10 * Timestamp::SECOND)), Ok(()));
        assert!(gate.pass(a, start.plus(10 * Timestamp::SECOND)).is_err());
    }

    #[test]
    fn all_for_whom_there_is_no_room_share_one_bucket() {
        let bucket = Bucket::new(2, Timestamp::SECOND);
        let start = Timestamp::from_micros(1_000 * Timestamp::SECOND);
        for key in 0..KEYS_MAX {
            assert_eq!(bucket.pass(key, start), Ok(()));
        }
        assert_eq!(bucket.pass(0, start), Ok(()), "who has one keeps it");
        let passed = (1..100).filter(|n| bucket.pass(KEYS_MAX + n, start).is_ok()).count();
        assert_eq!(passed, 2);
        let later = start.plus(3 * Timestamp::SECOND);
        let passed = (1..100).filter(|n| bucket.pass(KEYS_MAX + n, later).is_ok()).count();
        assert_eq!(passed, 99, "there is room again");
    }

    #[test]
    fn one_subscriber_is_one_address() {
        let gate = Gate::new(1, Timestamp::HOUR);
        let now = Timestamp::from_micros(0);
        assert_eq!(gate.pass("2001:db8::1".parse().ok(), now), Ok(()));
        assert!(gate.pass("2001:db8::2".parse().ok(), now).is_err());
        assert_eq!(gate.pass("2001:db8:0:1::2".parse().ok(), now), Ok(()));
    }
}
