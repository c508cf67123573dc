//! Personal data in free text: where it stands, and the text without it.
//!
//! For the preview of what the public would see and as a warning to whoever publishes. It looks
//! for shapes (NIK and family card numbers, telephone numbers, e-mail addresses, bank accounts,
//! licence plates), so it finds what is written usually and misses what is written unusually:
//! it helps a person decide and does not replace one. Names and addresses are not looked for.
//!
//! Invariant: spans lie on character borders, in order, without overlap.

use std::ops::Range;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sixteen digits of a population or family card number.
    Nik,
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// Digits behind the name of a bank or the word for an account.
    BankAccount,
    /// A vehicle's licence plate.
    Plate,
}

/// A piece of personal data in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it looks like.
    pub kind: Kind,
    /// Where it is, in bytes.
    pub range: Range<usize>,
}

/// What stands in a redacted text; always the same length, so that nothing shows through.
const HIDDEN: &str = "••••••";

/// Most pieces reported; a text with more is a list and not a report.
pub const SPANS_MAX: usize = 1_000;

/// How far before a number, in bytes, a word such as "rekening" makes it an account.
const HINT_BYTES: usize = 40;

/// Words before an account number, in lower case.
const ACCOUNT_HINTS: [&str; 15] = [
    "rekening",
    "norek",
    "rek.",
    "rek ",
    "rek:",
    "bank ",
    "bri ",
    "bca ",
    "bni ",
    "mandiri ",
    "btn ",
    "bsi ",
    "cimb",
    "transfer",
    "virtual account",
];

/// Words before a licence plate that make even a short one certain, in lower case.
const PLATE_HINTS: [&str; 7] = ["plat", "nopol", "polisi", "motor", "mobil", "truk", "kendaraan"];

/// First letters of licence plates, by region of registration.
const PLATE_AREAS: [&str; 58] = [
    "A", "AA", "AB", "AD", "AE", "AG", "B", "BA", "BB", "BD", "BE", "BG", "BH", "BK", "BL", "BM",
    "BN", "BP", "D", "DA", "DB", "DC", "DD", "DE", "DG", "DH", "DK", "DL", "DM", "DN", "DP", "DR",
    "DT", "DW", "E", "EA", "EB", "ED", "F", "G", "H", "K", "KB", "KH", "KT", "KU", "L", "M", "N",
    "P", "PA", "PB", "R", "S", "T", "W", "Z", "DS",
];

/// Personal data in `text`, in order. At most [`SPANS_MAX`].
pub fn find(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while at < text.len() && spans.len() < SPANS_MAX {
        let rest = &text[at..];
        let found = match rest.as_bytes()[0] {
            b'@' => email(text, at, spans.last().map_or(0, |span: &Span| span.range.end)),
            b'0'..=b'9' | b'+' | b'(' if starts_here(text, at) => number(text, at),
            b'A'..=b'Z' | b'a'..=b'z' if starts_here(text, at) => plate(text, at),
            _ => None,
        };
        if let Some(span) = found {
            at = span.range.end;
            spans.push(span);
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    spans
}

/// The text with every piece of personal data replaced by dots.
///
/// ```
/// assert_eq!(tanggap_lang::personal::redact("Hubungi 0812-3456-7890 ya"), "Hubungi •••••• ya");
/// ```
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for span in find(text) {
        out.push_str(&text[from..span.range.start]);
        out.push_str(HIDDEN);
        from = span.range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Whether a word or number can begin at `at`: not in the middle of another.
fn starts_here(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_')
}

/// Whether the text ends or a break follows at `at`.
fn ends_here(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_none_or(|c| !c.is_alphanumeric())
}

/// An address around the `@` at `at`, not reaching back before `floor`.
fn email(text: &str, at: usize, floor: usize) -> Option<Span> {
    let local = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
    let domain = |c: char| c.is_alphanumeric() || c == '.' || c == '-';
    let before = &text[floor..at];
    let kept = before.trim_end_matches(local);
    let start = floor + kept.len();
    let after = &text[at + 1..];
    let length = after.find(|c| !domain(c)).unwrap_or(after.len());
    let name = after[..length].trim_end_matches(['.', '-']);
    let real = start < at && name.split('.').count() > 1 && !name.split('.').any(str::is_empty);
    real.then(|| Span { kind: Kind::Email, range: start..at + 1 + name.len() })
}

/// Digits from `at` on with where each group ends, as far as they can be one number.
struct Run {
    digits: String,
    /// (digits so far, end in the text) after each group.
    groups: Vec<(usize, usize)>,
    plus: bool,
}

/// Reads up to twenty digits in groups divided by one or two of space, dot, hyphen, brackets.
fn run(text: &str, at: usize) -> Run {
    let mut run = Run { digits: String::new(), groups: Vec::new(), plus: false };
    let mut breaks = 0;
    for (offset, c) in text[at..].char_indices() {
        match c {
            '0'..='9' if run.digits.len() < 20 => {
                run.digits.push(c);
                breaks = 0;
                let after = at + offset + 1;
                if !text[after..].starts_with(|c: char| c.is_ascii_digit()) {
                    run.groups.push((run.digits.len(), after));
                }
            }
            '+' if offset == 0 => run.plus = true,
            ' ' | '.' | '-' | '(' | ')' | '/' | '\u{A0}' if breaks < 2 => breaks += 1,
            _ => break,
        }
    }
    run
}

/// A number that means a person: the longest reading that fits a kind.
fn number(text: &str, at: usize) -> Option<Span> {
    let run = run(text, at);
    let account = hinted(text, at, &ACCOUNT_HINTS);
    run.groups.iter().enumerate().rev().find_map(|(last, &(digits, end))| {
        if !ends_here(text, end) {
            return None;
        }
        let kind = kind_of(&run, &run.digits[..digits], last, account)?;
        Some(Span { kind, range: at..end })
    })
}

/// What `digits` (the groups up to `last`) can be.
fn kind_of(run: &Run, digits: &str, last: usize, account: bool) -> Option<Kind> {
    let first = run.groups.first().map_or(0, |(digits, _)| *digits);
    if digits.len() == 16 && !run.plus && is_nik(digits) {
        return Some(Kind::Nik);
    }
    // "08-12-2024" is a date: a number begins with its whole prefix.
    let whole = last == 0 || first >= 3;
    let phone = match digits.as_bytes() {
        _ if run.plus => (8..=15).contains(&digits.len()),
        [b'0', b'8', ..] => (9..=14).contains(&digits.len()) && whole,
        [b'0', b'2'..=b'7' | b'9', ..] => (9..=13).contains(&digits.len()) && whole,
        [b'6', b'2', b'8', ..] => (11..=15).contains(&digits.len()),
        [b'8', ..] => (10..=12).contains(&digits.len()) && last == 0 && !account,
        _ => false,
    };
    if phone && !account {
        return Some(Kind::Phone);
    }
    if account && (8..=18).contains(&digits.len()) {
        return Some(Kind::BankAccount);
    }
    phone.then_some(Kind::Phone)
}

/// Whether sixteen digits are built like a NIK: area, day (women + 40), month.
fn is_nik(digits: &str) -> bool {
    let two = |at: usize| digits[at..at + 2].parse::<u8>().unwrap_or(0);
    two(0) >= 11 && matches!(two(6), 1..=31 | 41..=71) && matches!(two(8), 1..=12)
}

/// Whether one of `hints` stands shortly before `at`.
fn hinted(text: &str, at: usize, hints: &[&str]) -> bool {
    let mut from = at.saturating_sub(HINT_BYTES);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let before = text[from..at].to_lowercase();
    hints.iter().any(|hint| before.contains(hint))
}

/// `B 1234 XYZ`: area, one to four digits, up to three letters. In capitals, or announced.
fn plate(text: &str, at: usize) -> Option<Span> {
    let take = |from: usize, most: usize, wanted: fn(&u8) -> bool| {
        from + text.as_bytes()[from..].iter().take(most).take_while(|b| wanted(b)).count()
    };
    let gap = |from: usize| from + usize::from(text[from..].starts_with([' ', '-', '.']));
    let area = take(at, 2, u8::is_ascii_alphabetic);
    let digits = gap(area);
    let digits_end = take(digits, 4, u8::is_ascii_digit);
    let letters = gap(digits_end);
    let end = take(letters, 3, u8::is_ascii_alphabetic);
    let count = digits_end - digits;
    if count == 0 || end == letters || !ends_here(text, end) || text[digits..].starts_with('0') {
        return None;
    }
    let upper = |range: Range<usize>| text[range].bytes().all(|b| b.is_ascii_uppercase());
    if !PLATE_AREAS.contains(&text[at..area].to_ascii_uppercase().as_str()) {
        return None;
    }
    let capitals = upper(at..area) && upper(letters..end);
    let certain = (capitals && count >= 3) || hinted(text, at, &PLATE_HINTS);
    certain.then_some(Span { kind: Kind::Plate, range: at..end })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        find(text).into_iter().map(|span| (span.kind, &text[span.range])).collect()
    }

    #[test]
    fn finds_what_people_write() {
        for (text, kind, piece) in [
            ("NIK saya 3171011708900001.", Kind::Nik, "3171011708900001"),
            ("nik 3171 0157 0890 0001 ya", Kind::Nik, "3171 0157 0890 0001"),
            ("WA 081234567890", Kind::Phone, "081234567890"),
            ("hub. 0812-3456-7890/ibu", Kind::Phone, "0812-3456-7890"),
            ("ke +62 812 3456 7890.", Kind::Phone, "+62 812 3456 7890"),
            ("(021) 5265888 kantor", Kind::Phone, "(021) 5265888"),
            ("wa 6281234567890", Kind::Phone, "6281234567890"),
            ("kirim ke budi.s@contoh.co.id.", Kind::Email, "budi.s@contoh.co.id"),
            ("no rekening BRI 0123-01-001234-50-1", Kind::BankAccount, "0123-01-001234-50-1"),
            ("rek: 1234567890 an Budi", Kind::BankAccount, "1234567890"),
            ("mobil B 1234 XYZ kabur", Kind::Plate, "B 1234 XYZ"),
            ("plat ab 12 cd", Kind::Plate, "ab 12 cd"),
        ] {
            assert_eq!(kinds(text), [(kind, piece)], "{text}");
        }
    }

    #[test]
    fn leaves_the_rest() {
        for text in [
            "Rp1.500.000,00 sejak 17-08-2024",
            "tanggal 08-12-2024 10.30 WIB",
            "RT 05 RW 03 No 12 B",
            "Blok B 12 A",
            "UU 25 TAHUN 2009 pasal 36",
            "kode 123456, 50 orang, 2024",
            "@warga dan @kantor",
            "telepon 112 atau 14021",
            "",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }

    #[test]
    fn hides_all_of_several() {
        assert_eq!(
            redact("Budi 081234567890, budi@x.id, D 4321 AB"),
            "Budi ••••••, ••••••, ••••••"
        );
    }

    proptest! {
        #[test]
        fn spans_are_sound(text in "[0-9a-zA-Z@.+() éß-]{0,80}") {
            let mut end = 0;
            for span in find(&text) {
                prop_assert!(span.range.start >= end && span.range.end > span.range.start);
                prop_assert!(text.get(span.range.clone()).is_some());
                end = span.range.end;
            }
            let _ = redact(&text);
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,80}") {
            let _ = redact(&text);
        }

        #[test]
        fn no_mobile_number_survives(number in "08[1-9][0-9]{8,9}", before in "[a-z ]{0,20}") {
            let text = format!("{before} {number}");
            prop_assert!(!redact(&text).contains(&number));
        }
    }
}
