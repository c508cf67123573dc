//! What nearly every use case reads and seldom changes (the agency, its units, its calendar), kept
//! in memory after the first reading.
//!
//! It is forgotten, all of it, when a change to anything but [`BUSY`] things is announced, and
//! once more when that transaction has ended; a transaction that began before keeps nothing. On
//! this node nobody is answered about a change while the old state is still kept; other nodes and
//! commands follow when the event reaches them, within a fraction of a second.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tanggap_kernel::{AgencyId, IdGen};

/// Much happens to these, and nothing that is kept is made of them.
const BUSY: [&str; 10] = [
    "case",
    "contact",
    "outbound",
    "suppression",
    "talk",
    "user",
    "token",
    "work",
    "presence",
    "overdue",
];

/// What was kept: for whom, what, and which.
pub(crate) type Key = (AgencyId, &'static str, i64);
pub(crate) type Thing = Arc<dyn Any + Send + Sync>;

/// What the transactions of a process share.
pub(crate) struct Shared {
    pub ids: IdGen,
    pub kept: Kept,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self { ids: IdGen::new(0), kept: Kept::default() }
    }
}

#[derive(Default)]
pub(crate) struct Kept {
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    /// Goes up with each forgetting.
    generation: u64,
    things: HashMap<Key, Thing>,
}

impl Kept {
    /// Whether a change to this kind of thing makes what is kept untrue.
    pub(crate) fn is_made_of(subject_kind: &str) -> bool {
        !BUSY.contains(&subject_kind)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.state.read().unwrap_or_else(PoisonError::into_inner).generation
    }

    pub(crate) fn get(&self, key: &Key) -> Option<Thing> {
        self.state.read().unwrap_or_else(PoisonError::into_inner).things.get(key).cloned()
    }

    /// Keeps a thing that was read by a transaction which began at `generation`.
    pub(crate) fn keep(&self, key: Key, thing: Thing, generation: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.generation == generation {
            state.things.insert(key, thing);
        }
    }

    pub(crate) fn forget(&self) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.generation += 1;
        state.things.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let kept = Kept::default();
        let key = (AgencyId(1), "units", 0);
        let before = kept.generation();
        kept.keep(key, Arc::new("old"), before);
        assert!(kept.get(&key).is_some());
        kept.forget();
        assert!(kept.get(&key).is_none());
        kept.keep(key, Arc::new("old"), before);
        assert!(kept.get(&key).is_none());
        kept.keep(key, Arc::new("new"), kept.generation());
        assert!(kept.get(&key).is_some());
    }
}
