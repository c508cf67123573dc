//! Root words of Indonesian, for the stemmer to recognise when it has arrived.
//!
//! `data/roots.txt` is written by hand for the language of public services and daily life; it is
//! not a dictionary. Looked up by hash in a table built at the first use (about 100 kB).
//!
//! Invariant: one word a line, sorted, lower-case ASCII.

use std::sync::LazyLock;

use crate::table::{Table, hash};

/// The file as it is, one word a line.
const ROOTS: &str = include_str!("../data/roots.txt");

static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table::build(ROOTS.lines().map(|word| (word, word)).collect()));

/// The root that reads `head` (if any) followed by `tail`.
pub(crate) fn find(head: Option<u8>, tail: &str) -> Option<&'static str> {
    let word = |root: &str| match head {
        None => root == tail,
        Some(head) => root.as_bytes().first() == Some(&head) && &root[1..] == tail,
    };
    TABLE.find(hash(head, tail), word)
}

/// Whether `word` is a root.
pub(crate) fn is_root(word: &str) -> bool {
    find(None, word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_plain() {
        let words: Vec<_> = ROOTS.lines().collect();
        assert!(words.is_sorted_by(|a, b| a < b));
        assert!(words.iter().all(|w| w.len() >= 2 && w.bytes().all(|b| b.is_ascii_lowercase())));
    }

    #[test]
    fn finds_with_and_without_a_head() {
        assert_eq!(find(None, "cemar"), Some("cemar"));
        assert_eq!(find(Some(b'p'), "ilih"), Some("pilih"));
        assert_eq!(find(Some(b'x'), "ilih"), None);
        assert!(!is_root(""));
    }
}
