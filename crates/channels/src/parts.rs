//! Long texts in parts, and messages of several parts that go out one after another.

use std::time::Duration;

use crate::exchange::NotSent;

/// Tries of one part after the first, within one send.
const TRIES_MAX: u32 = 3;
/// The longest that is waited for within one send.
const WAIT_MAX: Duration = Duration::from_secs(8);

/// Cuts a text into parts of at most `max` units, preferably at the end of a line or a word;
/// `units` says how many a character takes.
pub(crate) fn split(text: &str, max: usize, units: fn(char) -> usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (mut used, mut end) = (0, rest.len());
        for (at, c) in rest.char_indices() {
            used += units(c);
            if used > max {
                end = if at == 0 { c.len_utf8() } else { at };
                break;
            }
        }
        if end < rest.len() {
            let fits = &rest[..end];
            // A cut in the last quarter is worth a shorter part.
            let late = |at: &usize| *at > end / 4 * 3;
            let line = fits.rfind('\n').filter(late);
            end = line.or_else(|| fits.rfind(' ').filter(late)).unwrap_or(end);
        }
        let part = rest[..end].trim_end();
        if !part.is_empty() {
            parts.push(part.to_owned());
        }
        rest = rest[end..].trim_start();
    }
    parts
}

/// The parts of one message that the provider has already.
#[derive(Default)]
pub(crate) struct Sent {
    /// The provider's ids of them.
    pub ids: Vec<String>,
    tries: u32,
}

impl Sent {
    /// Notes that a part went out.
    pub(crate) fn took(&mut self, id: String) {
        self.ids.push(id);
        self.tries = 0;
    }

    /// A part of `total` was not taken. The first one may fail as it likes; a later one is tried
    /// again here, and if it does not help nobody may send the whole again as if nothing had gone
    /// out.
    pub(crate) fn failed(&mut self, total: usize, error: NotSent) -> Result<Duration, NotSent> {
        if self.ids.is_empty() {
            return Err(error);
        }
        let so_far = format!("{} of {total} parts went out; then: {error}", self.ids.len());
        match error {
            NotSent::Later { after, .. } if self.tries < TRIES_MAX => {
                self.tries += 1;
                let wait = after.unwrap_or(Duration::from_secs(1 << (self.tries - 1)));
                if wait <= WAIT_MAX { Ok(wait) } else { Err(NotSent::Unsure { why: so_far }) }
            }
            NotSent::Never { code, .. } => Err(NotSent::Never { code, why: so_far }),
            _ => Err(NotSent::Unsure { why: so_far }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_end_at_lines_and_words() {
        assert_eq!(split("satu dua tiga", 9, |_| 1), ["satu dua", "tiga"]);
        assert_eq!(split("satu dua\ntiga", 9, |_| 1), ["satu dua", "tiga"]);
        assert_eq!(split("abcdefghij", 4, |_| 1), ["abcd", "efgh", "ij"]);
        assert_eq!(split("  ", 4, |_| 1), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn nothing_but_white_space_is_lost_and_no_part_is_too_long(
            text in ".{0,400}", max in 4usize..60,
        ) {
            let parts = split(&text, max, char::len_utf16);
            let bare = |s: &str| s.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&parts.concat()), bare(&text));
            for part in &parts {
                prop_assert!(part.encode_utf16().count() <= max);
            }
        }
    }

    #[test]
    fn a_message_half_out_is_never_sent_again_as_a_whole() {
        let later = || NotSent::Later { after: None, why: "busy".into() };
        let mut sent = Sent::default();
        assert_eq!(sent.failed(2, later()), Err(later()));
        sent.took("1".into());
        for _ in 0..3 {
            assert!(sent.failed(2, later()).is_ok());
        }
        assert!(matches!(sent.failed(2, later()), Err(NotSent::Unsure { .. })));
        let never = NotSent::Never { code: None, why: "no".into() };
        assert!(matches!(sent.failed(2, never), Err(NotSent::Never { .. })));
        let account = NotSent::Account { why: "no".into() };
        assert!(matches!(sent.failed(2, account), Err(NotSent::Unsure { .. })));
    }
}
