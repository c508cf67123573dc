//! Ids: 63 bits, time-ordered, made by us.
//!
//! Layout, high to low: 42 bits of milliseconds since 2020-01-01, 9 bits of node, 12 bits of
//! counter. They need no sequence in the database (distributed engines lack or restrict those),
//! sort by creation, and survive a clock that goes back: the generator never repeats a value.
//! In URLs and JSON an id is text: 13 lower-case characters of Crockford's base 32.

use std::sync::atomic::{AtomicI64, Ordering};

/// Microseconds from 1970 to 2020-01-01T00:00:00Z, where ids begin to count.
const EPOCH_MS: i64 = 1_577_836_800_000;
const COUNTER_BITS: u32 = 12;
const NODE_BITS: u32 = 9;
/// How many nodes can make ids side by side.
pub const NODES: i64 = 1 << NODE_BITS;
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Makes ids for one node; share it, never make a second one for the same node number.
#[derive(Debug)]
pub struct IdGen {
    node: AtomicI64,
    /// Milliseconds and counter of the newest id, without the node bits.
    last: AtomicI64,
}

impl IdGen {
    /// A generator for `node` (0..512), leased by the node from the database.
    #[must_use]
    pub fn new(node: u16) -> Self {
        Self { node: AtomicI64::new(i64::from(node) % NODES), last: AtomicI64::new(0) }
    }

    /// Takes the number that the node leased; call it before the first id.
    pub fn set_node(&self, node: i64) {
        self.node.store(node % NODES, Ordering::Release);
    }

    /// The moment that the newest id carries: a node that ends leaves its number unused until then.
    #[must_use]
    pub fn newest_at(&self) -> crate::Timestamp {
        let ms = (self.last.load(Ordering::Acquire) >> COUNTER_BITS) + EPOCH_MS;
        crate::Timestamp::from_micros(ms.saturating_mul(1000))
    }

    /// The next id at `now`. Where the clock went back or 4,096 ids were made in this
    /// millisecond, it goes on counting from the newest id instead.
    pub fn next(&self, now: crate::Timestamp) -> i64 {
        let floor = (now.as_micros() / 1000 - EPOCH_MS).max(0) << COUNTER_BITS;
        let step = |last: i64| Some(floor.max(last + 1));
        let last = self
            .last
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, step)
            .expect("invariant: the step always yields a value");
        let ticket = floor.max(last + 1);
        let (ms, counter) = (ticket >> COUNTER_BITS, ticket & ((1 << COUNTER_BITS) - 1));
        let node = self.node.load(Ordering::Acquire);
        (ms << (COUNTER_BITS + NODE_BITS)) | (node << COUNTER_BITS) | counter
    }
}

/// The moment that an id carries.
#[must_use]
pub fn made_at(id: i64) -> crate::Timestamp {
    let ms = (id >> (COUNTER_BITS + NODE_BITS)) + EPOCH_MS;
    crate::Timestamp::from_micros(ms.saturating_mul(1000))
}

/// The smallest id that could have been made at `at`: where a keyset by time begins.
#[must_use]
pub fn floor_at(at: crate::Timestamp) -> i64 {
    (at.as_micros() / 1000 - EPOCH_MS).max(0) << (COUNTER_BITS + NODE_BITS)
}

/// Writes an id as text for a URL or JSON.
#[must_use]
pub fn to_text(id: i64) -> String {
    let bits = id.unsigned_abs();
    (0..13)
        .rev()
        .map(|i| {
            let digit = usize::try_from((bits >> (5 * i)) & 31).expect("invariant: five bits");
            char::from(ALPHABET[digit])
        })
        .collect()
}

/// Reads an id back from text; `None` where it is not one.
#[must_use]
pub fn from_text(text: &str) -> Option<i64> {
    if text.len() != 13 {
        return None;
    }
    let mut bits: u64 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|a| *a == byte)?;
        if bits >> 59 != 0 {
            return None;
        }
        bits = (bits << 5) | digit as u64;
    }
    i64::try_from(bits).ok()
}

/// Declares an id newtype: `id!(/// What it names. CaseId);`
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// Reads the id from its text form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                $crate::id::from_text(text).map(Self)
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::id::to_text(self.0))
            }
        }
        impl From<i64> for $name {
            fn from(raw: i64) -> Self {
                Self(raw)
            }
        }
        impl From<$name> for $crate::Value<'_> {
            fn from(id: $name) -> Self {
                $crate::Value::Int(id.0)
            }
        }
        impl $crate::id::serde::Serialize for $name {
            fn serialize<S: $crate::id::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> $crate::id::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::id::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let text = <String as $crate::id::serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    <D::Error as $crate::id::serde::de::Error>::custom("not an id")
                })
            }
        }
    };
}

#[doc(hidden)]
pub use serde;

id!(
    /// An agency: the public body whose data a row belongs to.
    AgencyId
);
id!(
    /// A unit of an agency.
    UnitId
);
id!(
    /// A member of an agency's staff.
    UserId
);
id!(
    /// A bearer token of the API.
    TokenId
);
id!(
    /// An event in the log.
    EventId
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;
    use proptest::prelude::*;

    #[test]
    fn ids_grow_even_when_the_clock_goes_back() {
        let ids = IdGen::new(3);
        let noon = Timestamp::from_micros(1_790_000_000_000_000);
        let first = ids.next(noon);
        assert_eq!(made_at(first), noon);
        let second = ids.next(Timestamp::from_micros(noon.as_micros() - 3_600_000_000));
        let third = ids.next(noon);
        assert!(first < second && second < third);
        assert!(first >= floor_at(noon));
    }

    proptest! {
        #[test]
        fn text_round_trips(raw in 0..=i64::MAX) {
            prop_assert_eq!(from_text(&to_text(raw)), Some(raw));
        }

        #[test]
        fn any_text_is_refused_or_read(text in ".{0,20}") {
            if let Some(id) = from_text(&text) {
                prop_assert_eq!(to_text(id), text);
            }
        }
    }
}
