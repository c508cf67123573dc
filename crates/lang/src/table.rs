//! A read-only hash table from static words to static words: one array of slots, no allocation
//! for a look-up, built once.

/// Open addressing over positions in `entries`; a slot holds position + 1, 0 is empty.
pub(crate) struct Table {
    slots: Box<[u16]>,
    entries: Vec<(&'static str, &'static str)>,
}

impl Table {
    /// Builds from (word, value); the first of two equal words stays. At most 32,000 entries.
    pub(crate) fn build(entries: Vec<(&'static str, &'static str)>) -> Self {
        assert!(entries.len() < 32_000, "invariant: positions fit in 16 bits");
        let size = (entries.len() * 2).next_power_of_two().max(2);
        let mut slots = vec![0u16; size].into_boxed_slice();
        for (position, (word, _)) in entries.iter().enumerate() {
            let mut slot = hash(None, word) as usize & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = position as u16 + 1;
        }
        Self { slots, entries }
    }

    /// The value of the first word with this hash that `is_it` accepts.
    pub(crate) fn find(&self, hash: u32, is_it: impl Fn(&str) -> bool) -> Option<&'static str> {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let position = usize::from(self.slots[slot].checked_sub(1)?);
            let (word, value) = self.entries[position];
            if is_it(word) {
                return Some(value);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The value of `word`.
    pub(crate) fn get(&self, word: &str) -> Option<&'static str> {
        self.find(hash(None, word), |entry| entry == word)
    }
}

/// FNV-1a over `head` followed by `tail`, folded so that the low bits are good.
pub(crate) fn hash(head: Option<u8>, tail: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let start = head.map_or(0x811c_9dc5, |head| step(0x811c_9dc5, head));
    let hash = tail.bytes().fold(start, step);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let table = Table::build(vec![("satu", "1"), ("dua", "2"), ("dua", "3")]);
        assert_eq!(table.get("satu"), Some("1"));
        assert_eq!(table.get("dua"), Some("2"));
        assert_eq!(table.get("tiga"), None);
        assert_eq!(Table::build(vec![]).get(""), None);
        assert_eq!(hash(Some(b's'), "atu"), hash(None, "satu"));
    }
}
