//! Long messages, put together of parts that come in any order, twice or never.
//!
//! Pure and bounded: what waits here is what lies stored and unacknowledged as done, so that it is
//! filled again after a restart by offering the stored parts once more. **Nothing that was offered
//! is lost**: a long message leaves when it is whole, when its time is over, when a newer one takes
//! its number, or when there is no more room, then with a sign where something is missing.

use std::collections::{BTreeMap, HashMap};

use super::alphabet::Default7;
use super::hear::{Coding, Part, text_of};
use super::pdu::Address;

/// How long the parts of a message are waited for, in microseconds: centres try again for minutes.
pub const WAIT_MICROS: i64 = 15 * 60 * 1_000_000;
/// Long messages that wait at a time; the oldest leaves for one more.
pub const WAITING_MAX: usize = 2_000;
/// Stands where a part is missing.
const MISSING: &str = " […] ";

/// Parts that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    from: String,
    to: String,
    reference: u16,
    total: u8,
}

#[derive(Clone, Debug)]
struct Waiting<T> {
    from: Address,
    began_at: i64,
    parts: BTreeMap<u8, (Coding, Vec<u8>)>,
    tags: Vec<T>,
}

/// A message that is ready, with the tags of all that it was made of (repeated parts included).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole<T> {
    /// Who wrote.
    pub from: Address,
    /// What, with a sign where a part is missing.
    pub text: String,
    /// The octets, one after the other.
    pub octets: Vec<u8>,
    /// What the caller called its parts, in the order of their coming.
    pub tags: Vec<T>,
    /// Parts that never came.
    pub missing: usize,
}

/// Long messages that wait for their parts.
#[derive(Clone, Debug)]
pub struct Assembly<T> {
    default: Default7,
    waiting: HashMap<Key, Waiting<T>>,
}

impl<T> Assembly<T> {
    /// An empty one; `default` is the centre's default alphabet.
    #[must_use]
    pub fn new(default: Default7) -> Self {
        Self { default, waiting: HashMap::new() }
    }

    /// How many long messages wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Takes a part that came at `at` (microseconds UTC); gives what is ready now.
    pub fn offer(&mut self, part: Part, tag: T, at: i64) -> Vec<Whole<T>> {
        let Some(long) = part.long else {
            let text = text_of([(part.coding, part.octets.as_slice())], self.default);
            let Part { from, octets, .. } = part;
            return vec![Whole { from, text, octets, tags: vec![tag], missing: 0 }];
        };
        let key = Key {
            from: part.from.value.clone(),
            to: part.to.value.clone(),
            reference: long.reference,
            total: long.total,
        };
        let mut ready = Vec::new();
        let content = (part.coding, part.octets);
        let other = self.waiting.get(&key).and_then(|w| w.parts.get(&long.index));
        if other.is_some_and(|other| *other != content) {
            // The sender's numbers have come round: another message begins.
            ready.extend(self.finish(&key));
        }
        if !self.waiting.contains_key(&key) && self.waiting.len() >= WAITING_MAX {
            ready.extend(self.oldest().and_then(|oldest| self.finish(&oldest)));
        }
        let waiting = self.waiting.entry(key.clone()).or_insert_with(|| Waiting {
            from: part.from,
            began_at: at,
            parts: BTreeMap::new(),
            tags: Vec::new(),
        });
        waiting.parts.insert(long.index, content);
        waiting.tags.push(tag);
        if waiting.parts.len() == usize::from(long.total) {
            ready.extend(self.finish(&key));
        }
        ready
    }

    /// Those whose time is over at `now`, oldest first.
    pub fn expire(&mut self, now: i64) -> Vec<Whole<T>> {
        let over = |w: &Waiting<T>| now.saturating_sub(w.began_at) >= WAIT_MICROS;
        let mut keys: Vec<(i64, Key)> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| over(waiting))
            .map(|(key, waiting)| (waiting.began_at, key.clone()))
            .collect();
        keys.sort();
        keys.iter().filter_map(|(_, key)| self.finish(key)).collect()
    }

    fn oldest(&self) -> Option<Key> {
        let waiting = self.waiting.iter();
        waiting.min_by_key(|(key, w)| (w.began_at, *key)).map(|(key, _)| key.clone())
    }

    fn finish(&mut self, key: &Key) -> Option<Whole<T>> {
        let Waiting { from, parts, tags, .. } = self.waiting.remove(key)?;
        let missing = usize::from(key.total) - parts.len();
        let octets = parts.values().flat_map(|(_, octets)| octets.iter().copied()).collect();
        Some(Whole { from, text: self.text(key.total, &parts), octets, tags, missing })
    }

    /// Runs of parts that stand side by side, with one sign between each two.
    fn text(&self, total: u8, parts: &BTreeMap<u8, (Coding, Vec<u8>)>) -> String {
        let mut text = String::new();
        let mut run: Vec<(Coding, &[u8])> = Vec::new();
        let mut gap = false;
        for index in 1..=total {
            if let Some((coding, octets)) = parts.get(&index) {
                run.push((*coding, octets));
                gap = false;
            } else if !gap {
                text.push_str(&text_of(run.drain(..), self.default));
                text.push_str(MISSING);
                gap = true;
            }
        }
        text.push_str(&text_of(run, self.default));
        if parts.len() == usize::from(total) { text } else { text.trim_matches(' ').to_owned() }
    }
}

#[cfg(test)]
mod tests;
