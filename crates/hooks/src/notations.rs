//! The notations that texts of a request follow, each as the pattern of the description and as
//! the reader that decides. A reader may take more than its pattern promises, never less.

use tanggap_calendar::{Date, Kind, Unit, Zone};
use tanggap_cases::model::Status;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_kernel::id;
use tanggap_regions::Code as Region;

use crate::fields::Notation;

/// A telephone number; also with blanks and dashes, and of any country with its `+`.
pub const PHONE: Notation = Notation {
    pattern: r"^(\+62|62|0)8[1-9][0-9]{7,9}$",
    message: "ui-invalid-phone",
    ok: |text| Phone::parse(text).is_ok(),
};

/// A mail address.
pub const EMAIL: Notation = Notation {
    pattern: concat!(
        r"^[A-Za-z0-9_+-]{1,20}(\.[A-Za-z0-9_+-]{1,20}){0,2}",
        r"@([A-Za-z0-9]{1,20}\.){1,4}[A-Za-z]{2,20}$"
    ),
    message: "ui-invalid-email",
    ok: |text| Email::parse(text).is_ok(),
};

/// A code of Kemendagri, from province to village.
pub const REGION: Notation = Notation {
    pattern: concat!(
        r"^[1-9][1-9](\.(0[1-9]|[1-6][0-9]|7[1-9])",
        r"(\.(0[1-9]|[1-9][0-9])(\.[12][0-9]{2}[1-9])?)?)?$"
    ),
    message: "hooks-invalid-region",
    ok: |text| Region::parse(text).is_ok(),
};

/// A day of the civil calendar.
pub const DATE: Notation = Notation {
    pattern: concat!(
        r"^([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
        r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))",
        r"|20([02468][048]|[13579][26])-02-29)$"
    ),
    message: "ui-invalid-date",
    ok: |text| text.len() == 10 && day(text).is_some(),
};

/// An instant with its offset, of this century.
pub const INSTANT: Notation = Notation {
    pattern: concat!(
        r"^(20[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
        r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))",
        r"|20([02468][048]|[13579][26])-02-29)",
        r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?",
        r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    ),
    message: "hooks-invalid-instant",
    ok: |text| instant(text).is_some(),
};

/// The name of a category.
pub const SLUG: Notation = Notation {
    pattern: "^[a-z0-9]+(-[a-z0-9]+)*$",
    message: "case-invalid-category",
    ok: tanggap_org::rules::is_slug,
};

/// Where a page begins.
pub const CURSOR: Notation = Notation {
    pattern: "^[0-7][0-9a-hjkmnp-tv-z]{12}$",
    message: "hooks-invalid-cursor",
    ok: |text| id::from_text(text).is_some(),
};

/// The words of the kinds.
pub fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|kind| kind.as_str()).collect()
}

/// The words of the states.
pub fn statuses() -> Vec<&'static str> {
    Status::ALL.iter().map(|status| status.as_str()).collect()
}

/// The words of the units of time.
pub fn units() -> Vec<&'static str> {
    Unit::ALL.iter().map(|unit| unit.as_str()).collect()
}

/// The names of the zones, also the former ones.
pub fn zones() -> Vec<&'static str> {
    let mut names: Vec<&str> = Zone::ALL.iter().map(|zone| zone.iana()).collect();
    names.extend(["Asia/Pontianak", "Asia/Ujung_Pandang"]);
    names.extend(Zone::ALL.iter().map(|zone| zone.label()));
    names
}

fn day(text: &str) -> Option<Date> {
    let (year, month, day) = (part(text, 0, 4)?, part(text, 5, 7)?, part(text, 8, 10)?);
    let dashed = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let date = Date::new(i16::try_from(year).ok()?, month, day).ok()?;
    dashed.then_some(date)
}

fn part(text: &str, from: usize, until: usize) -> Option<i64> {
    let digits = text.get(from..until).filter(|part| part.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Reads RFC 3339 into microseconds since 1970 (UTC); a blank stands for the `+` that a query
/// turned into one. `None` for anything else and for other centuries.
#[must_use]
pub fn instant(text: &str) -> Option<i64> {
    let date = day(text).filter(|date| (2000..2100).contains(&date.year()))?;
    let bytes = text.as_bytes();
    let marks = bytes.get(10) == Some(&b'T') && bytes.get(13) == Some(&b':');
    if !marks || bytes.get(16) != Some(&b':') {
        return None;
    }
    let (hour, minute, second) = (part(text, 11, 13)?, part(text, 14, 16)?, part(text, 17, 19)?);
    let rest = text.get(19..)?;
    let (fraction, offset) = match rest.strip_prefix('.') {
        Some(rest) => {
            let end = rest.bytes().position(|b| !b.is_ascii_digit())?;
            let digits = rest.get(..end).filter(|digits| (1..=9).contains(&digits.len()))?;
            let micros: i64 = format!("{digits:0<6}").get(..6)?.parse().ok()?;
            (micros, rest.get(end..)?)
        }
        None => (0, rest),
    };
    let time = hour * 3600 + minute * 60 + second;
    let days = Zone::Wib.start_of_day(date) + 7 * 3_600_000_000;
    let sound = hour < 24 && minute < 60 && second < 60;
    sound.then_some(days + (time - shift(offset)?) * 1_000_000 + fraction)
}

fn shift(offset: &str) -> Option<i64> {
    if offset == "Z" {
        return Some(0);
    }
    let sign = match offset.as_bytes().first()? {
        b'+' | b' ' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = (part(offset, 1, 3)?, part(offset, 4, 6)?);
    let sound = offset.len() == 6 && offset.as_bytes()[3] == b':' && hours < 24 && minutes < 60;
    sound.then_some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_read_to_the_microsecond() {
        for (text, expected) in [
            ("2026-03-12T16:30:00Z", 1_773_333_000_000_000),
            ("2026-03-12T23:30:00+07:00", 1_773_333_000_000_000),
            ("2026-03-12T23:30:00 07:00", 1_773_333_000_000_000),
            ("2026-03-12T16:30:00.1234567Z", 1_773_333_000_123_456),
            ("2026-03-12T15:00:00.5-01:30", 1_773_333_000_500_000),
        ] {
            assert_eq!(instant(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-03-12",
            "2026-02-29T00:00:00Z",
            "2026-03-12T24:00:00Z",
            "2026-03-12T23:30:60Z",
            "2026-03-12T23:30:00",
            "2026-03-12T23:30:00+7:00",
            "2026-03-12T23:30:00+07:60",
            "2026-03-12T23:30:00.Z",
            "1999-03-12T23:30:00Z",
            "2026-03-1２T23:30:00Z",
            "2026-03-12T23:30:00+07:00Z",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_patterns_promise_is_taken() {
        for phone in ["081100000000", "+6289999999", "62812345678901", "0819000000"] {
            let promised = phone.len() >= 10 && phone.len() <= 14;
            assert!(!promised || (PHONE.ok)(phone), "{phone}");
        }
        for email in ["a@b.co", "A_+-.b.c@1.2.3.4.Museum", "_@0.aa"] {
            assert!((EMAIL.ok)(email), "{email}");
        }
        for region in ["11", "99.01", "33.74.99", "33.79.01.2999", "33.74.01.1001"] {
            assert!((REGION.ok)(region), "{region}");
        }
        for date in ["1000-01-31", "2999-12-31", "2024-02-29", "2026-02-28"] {
            assert!((DATE.ok)(date), "{date}");
        }
        for cursor in ["0000000000000", "7zzzzzzzzzzzz"] {
            assert!((CURSOR.ok)(cursor), "{cursor}");
        }
        assert!(!(CURSOR.ok)("8000000000000") && !(DATE.ok)("2026-02-29"));
    }
}
