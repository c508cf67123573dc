//! "Pada … menulis:" and its like: the lines that introduce a quote.

use std::borrow::Cow;

use super::words::{ON, SELF, WROTE};
use super::{bare, is_quoted};

/// Lines that an attribution may be broken over.
const LINES_MAX: usize = 4;
/// Bytes of an attribution.
const BYTES_MAX: usize = 400;
/// Bytes of a line whose end is looked at for an attribution that shares it.
const SHARED_BYTES_MAX: usize = 4_000;

/// Lines that an attribution starting here takes, if one starts here.
pub(super) fn attribution(lines: &[&str], at: usize) -> Option<usize> {
    let first = bare(lines[at]).trim_start_matches([' ', '-']);
    let lower = first.to_lowercase();
    let dated =
        ON.iter().any(|on| lower.strip_prefix(on).is_some_and(|r| r.starts_with([' ', ','])))
            || starts_with_date(&lower)
            || has_date(&lower);
    let opens = dated || has_year(&lower) || (lower.contains('@') && lower.contains('<'));
    if !opens || first.len() > BYTES_MAX {
        return None;
    }
    let mut joined = String::new();
    for (taken, line) in lines[at..].iter().take(LINES_MAX).enumerate() {
        let line = bare(line);
        if line.is_empty() || joined.len() + line.len() > BYTES_MAX {
            return None;
        }
        joined.push_str(line);
        joined.push(' ');
        let next = at + taken + 1;
        let quote = lines[next..].iter().find(|line| !line.trim().is_empty());
        let quote = quote.is_some_and(|line| is_quoted(line));
        if is_attribution(&joined.to_lowercase(), quote) {
            // A sentence before the attribution must not be taken with it.
            let later = (at + 1..next).any(|next| attribution(lines, next).is_some());
            return (dated || !later).then_some(taken + 1);
        }
    }
    None
}

/// Gives an attribution that shares its line with the answer before it, as some programs write
/// it, a line of its own.
pub(super) fn on_lines_of_their_own(text: &str) -> Cow<'_, str> {
    let lines: Vec<&str> = text.split('\n').collect();
    let shared = (0..lines.len()).find_map(|at| {
        let next = lines.get(at + 1).is_some_and(|line| is_quoted(line));
        let cut = (next && lines[at].len() <= SHARED_BYTES_MAX).then(|| shared_cut(lines[at]));
        cut.flatten().map(|cut| (at, cut))
    });
    let Some((at, cut)) = shared else { return Cow::Borrowed(text) };
    let (answer, introduction) = lines[at].split_at(cut);
    let (before, after) = (lines[..at].iter(), lines[at + 1..].iter());
    let parts = before.copied().chain([answer, introduction.trim_start()]).chain(after.copied());
    Cow::Owned(parts.collect::<Vec<_>>().join("\n"))
}

/// Where in a line an introduction begins that ends it.
fn shared_cut(line: &str) -> Option<usize> {
    let lower = line.to_lowercase();
    // Lower-casing may change lengths; then the places would not fit.
    if is_quoted(line) || lower.len() != line.len() {
        return None;
    }
    [" on ", " pada "].iter().find_map(|on| {
        let at = lower.find(on)?;
        let introduction = lower[at..].trim();
        let fits = introduction.len() <= BYTES_MAX && has_date(introduction);
        (at > 0 && fits && is_attribution(introduction, true))
            .then(|| line[..at].trim_end_matches(['-', ' ']).len())
            .filter(|cut| *cut > 0)
    })
}

/// The joined lines say when or who, and end with "wrote:" or, behind an address, a colon.
fn is_attribution(lower: &str, quote_follows: bool) -> bool {
    let text = lower.trim().trim_end_matches(['-', ' ', '*', '>']);
    let specific = text.bytes().any(|b| b.is_ascii_digit()) || text.contains('@');
    if !specific {
        return false;
    }
    let Some(body) = text.strip_suffix([':', '：']) else {
        let dashed = lower.trim_end().ends_with("--");
        let by_gmail = starts_with_date(lower) && has_clock(lower) && lower.contains("gmt+");
        let by_list = starts_with_date(lower) && quote_follows && lower.trim().ends_with('>');
        return (dashed && WROTE.iter().any(|w| text.ends_with(w))) || by_gmail || by_list;
    };
    let body = body.trim_end_matches([' ', '\u{a0}']);
    let mut words = body.rsplit(char::is_whitespace);
    let wrote = WROTE.iter().any(|w| body.ends_with(w));
    // "Pada 3 Maret 2026 saya menulis:" is the author speaking.
    let own = words.nth(1).is_some_and(|word| SELF.contains(&word)) && !body.contains('@');
    let verb_first = WROTE.iter().any(|w| body.contains(&format!(" {w} "))) && has_year(body);
    let dated_address = has_year(body) && body.contains('@') && body.ends_with(['>', ')']);
    let told = quote_follows && has_date(body);
    (wrote && (!own || quote_follows)) || verb_first || dated_address || told
}

fn starts_with_date(lower: &str) -> bool {
    let digits = lower.bytes().take_while(u8::is_ascii_digit).count();
    let year = digits == 4 && lower[digits..].starts_with(['-', '/', '.', '年']);
    let day = (1..=2).contains(&digits)
        && lower[digits..].starts_with([' ', '.', '/', '-'])
        && has_year(lower);
    let weekday = [
        "senin", "selasa", "rabu", "kamis", "jumat", "jum'at", "sabtu", "minggu", "sen,", "sel,",
        "rab,", "kam,", "jum,", "sab,", "min,", "ahad", "isnin", "mon", "tue", "wed", "thu", "fri",
        "sat", "sun",
    ];
    year || day || (has_year(lower) && weekday.iter().any(|w| lower.starts_with(w)))
}

/// A year in it, and the time of day.
pub(super) fn has_date(text: &str) -> bool {
    // Windows puts marks of direction between the digits.
    let marks = ['\u{200e}', '\u{200f}', '\u{202a}', '\u{202c}'];
    let plain: Cow<str> = match text.contains(marks) {
        true => text.replace(marks, "").into(),
        false => text.into(),
    };
    has_year(&plain) && has_clock(&plain)
}

fn has_year(text: &str) -> bool {
    text.as_bytes().windows(4).any(|w| {
        matches!(w[..2], [b'1', b'9'] | [b'2', b'0']) && w[2..].iter().all(u8::is_ascii_digit)
    })
}

/// `09:15` or `09.15` somewhere.
fn has_clock(text: &str) -> bool {
    text.as_bytes().windows(4).any(|w| {
        w[0].is_ascii_digit()
            && matches!(w[1], b':' | b'.')
            && w[2].is_ascii_digit()
            && w[3].is_ascii_digit()
    })
}
