//! Time: an instant is microseconds since 1970 in UTC; the wall clock is read here and nowhere
//! else, so that every deadline, timer and session can be tested.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// An instant, in microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// One second, in microseconds.
    pub const SECOND: i64 = 1_000_000;
    /// One minute, in microseconds.
    pub const MINUTE: i64 = 60 * Self::SECOND;
    /// One hour, in microseconds.
    pub const HOUR: i64 = 60 * Self::MINUTE;
    /// One day of 24 hours, in microseconds.
    pub const DAY: i64 = 24 * Self::HOUR;

    /// An instant from its microseconds.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Its microseconds since 1970 in UTC.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// The instant `micros` later (or earlier, where negative); clamped at the ends of time.
    #[must_use]
    pub const fn plus(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }
}

impl From<Timestamp> for crate::Value<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Int(at.0)
    }
}

impl From<i64> for Timestamp {
    fn from(micros: i64) -> Self {
        Self(micros)
    }
}

/// Where the present comes from; cloned freely.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that stands still until it is moved: for tests and for replaying a history.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn fixed(at: Timestamp) -> Self {
        Self::Fixed(Arc::new(AtomicI64::new(at.0)))
    }

    /// The present.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => system_now(),
            Self::Fixed(micros) => Timestamp(micros.load(Ordering::Acquire)),
        }
    }

    /// Moves a fixed clock to `at`; the machine's clock is left alone.
    pub fn set(&self, at: Timestamp) {
        if let Self::Fixed(micros) = self {
            micros.store(at.0, Ordering::Release);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
fn system_now() -> Timestamp {
    let since =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
