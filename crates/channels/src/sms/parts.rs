//! How a text is cut into short messages, how many those are, and what they cost.
//!
//! One message holds 160 septets or 70 units of UTF-16; a part of several holds 153 or 67, because
//! six octets say which part it is. A cut never divides an escape from its letter nor a surrogate
//! pair (GSM 03.40, 03.38).

use super::alphabet::{Alphabet, lighten};

/// More parts than one octet can number do not exist.
pub const PARTS_MAX: usize = 255;

/// A text as it will be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// In which letters.
    pub alphabet: Alphabet,
    /// Its parts, in order; one at least.
    pub parts: Vec<String>,
}

/// What a composer shows before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// In which letters it would go.
    pub alphabet: Alphabet,
    /// How many messages that is.
    pub parts: usize,
    /// How many more septets or units have room in the last of them.
    pub left: usize,
}

impl Measure {
    /// What sending costs, in the unit of `price_each` (rupiah a part).
    #[must_use]
    pub fn cost(&self, price_each: i64) -> i64 {
        i64::try_from(self.parts).unwrap_or(i64::MAX).saturating_mul(price_each)
    }
}

const fn room(alphabet: Alphabet, several: bool) -> usize {
    match (alphabet, several) {
        (Alphabet::Gsm7, false) => 160,
        (Alphabet::Gsm7, true) => 153,
        (Alphabet::Ucs2, false) => 70,
        (Alphabet::Ucs2, true) => 67,
    }
}

/// Cuts a text, exactly as it is.
#[must_use]
pub fn split(text: &str) -> Split {
    let alphabet = Alphabet::of(text);
    let units: usize = text.chars().map(|c| alphabet.units(c)).sum();
    if units <= room(alphabet, false) {
        return Split { alphabet, parts: vec![text.to_owned()] };
    }
    let mut parts = Vec::with_capacity(units / room(alphabet, true) + 1);
    let (mut part, mut used) = (String::new(), 0);
    for letter in text.chars() {
        let takes = alphabet.units(letter);
        if used + takes > room(alphabet, true) {
            parts.push(std::mem::take(&mut part));
            used = 0;
        }
        part.push(letter);
        used += takes;
    }
    parts.push(part);
    Split { alphabet, parts }
}

/// What a text would take as it would go out ([`lighten`] first).
#[must_use]
pub fn measure(text: &str) -> Measure {
    let Split { alphabet, parts } = split(&lighten(text));
    let used: usize = parts.last().map_or(0, |p| p.chars().map(|c| alphabet.units(c)).sum());
    Measure { alphabet, parts: parts.len(), left: room(alphabet, parts.len() > 1) - used }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_edges_are_where_the_standard_puts_them() {
        for (text, parts, left) in [
            (String::new(), 1, 160),
            ("a".repeat(160), 1, 0),
            ("a".repeat(161), 2, 145),
            ("a".repeat(306), 2, 0),
            ("a".repeat(307), 3, 152),
            ("€".repeat(80), 1, 0),
            // The 153rd place stays empty: the escape is not cut from its letter.
            ("€".repeat(81), 2, 143),
            ("ก".repeat(70), 1, 0),
            ("ก".repeat(71), 2, 63),
            ("🙏".repeat(35), 1, 0),
            ("🙏".repeat(36), 2, 61),
        ] {
            let measured = measure(&text);
            assert_eq!((measured.parts, measured.left), (parts, left), "{text}");
        }
        assert_eq!(measure(&"a".repeat(161)).cost(350), 700);
    }

    proptest! {
        #[test]
        fn parts_give_the_text_back_and_fit(text in "(?s)[a-z€\\[🙏ก ]{0,400}|[a-z€\\[]{0,700}") {
            let Split { alphabet, parts } = split(&text);
            prop_assert_eq!(parts.concat(), text);
            let several = parts.len() > 1;
            for part in &parts {
                let used: usize = part.chars().map(|c| alphabet.units(c)).sum();
                prop_assert!(used <= room(alphabet, several));
            }
            // None could take the first letter of the next.
            for pair in parts.windows(2) {
                let used: usize = pair[0].chars().map(|c| alphabet.units(c)).sum();
                let next = pair[1].chars().next().map_or(0, |c| alphabet.units(c));
                prop_assert!(used + next > room(alphabet, true));
            }
        }
    }
}
