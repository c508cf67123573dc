//! Numbers, money, sizes, dates and spans of time as Indonesians (and English readers) write
//! them: `1.234,56`, `Rp1.500.000`, `13 Maret 2026, 14.30 WIB`, `3 hari lagi`.
//!
//! Pure: the present is always an argument. Indonesia has no summer time, so a local time is an
//! offset of whole hours.

use tanggap_calendar::Zone;
use tanggap_kernel::{Locale, Timestamp};

use crate::i18n::{Arg, t, t_args};

/// A day and time on the wall in some zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wall {
    /// Year of the common era.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 is Monday.
    pub weekday: u8,
}

/// What the calendar and the clock on the wall show at `at` in `zone`.
#[must_use]
pub fn wall(at: Timestamp, zone: Zone) -> Wall {
    let minutes = at.as_micros().div_euclid(Timestamp::MINUTE) + zone.offset_hours() * 60;
    let (days, minute) = (minutes.div_euclid(1440), minutes.rem_euclid(1440));
    let (year, month, day) = civil(days);
    Wall {
        year,
        month,
        day,
        hour: small(minute / 60),
        minute: small(minute % 60),
        weekday: small((days + 3).rem_euclid(7)),
    }
}

/// Days since 1970-01-01 to year, month and day (proleptic Gregorian; H. Hinnant's method of
/// counting from 1 March, so that the leap day ends the year).
fn civil(days: i64) -> (i64, u8, u8) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), small(month), small(day))
}

fn small(number: i64) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

/// `13 Maret 2026` from its parts; `month` is 1 to 12.
#[must_use]
pub fn date(locale: Locale, year: i64, month: u8, day: u8) -> String {
    format!("{day} {} {year}", t(locale, &format!("ui-month-{month}")))
}

/// `13 Mar 2026` from its parts; `month` is 1 to 12.
#[must_use]
pub fn date_short(locale: Locale, year: i64, month: u8, day: u8) -> String {
    format!("{day} {} {year}", t(locale, &format!("ui-month-short-{month}")))
}

/// `Jumat, 13 Maret 2026`: the day `at` falls on in `zone`, with its weekday.
#[must_use]
pub fn day_of(locale: Locale, at: Timestamp, zone: Zone) -> String {
    let wall = wall(at, zone);
    let weekday = t(locale, &format!("ui-weekday-{}", wall.weekday + 1));
    format!("{weekday}, {}", date(locale, wall.year, wall.month, wall.day))
}

/// `13 Maret 2026`: the day `at` falls on in `zone`.
#[must_use]
pub fn date_of(locale: Locale, at: Timestamp, zone: Zone) -> String {
    let wall = wall(at, zone);
    date(locale, wall.year, wall.month, wall.day)
}

/// `13 Mar 2026`: the day `at` falls on in `zone`, for tight places.
#[must_use]
pub fn date_short_of(locale: Locale, at: Timestamp, zone: Zone) -> String {
    let wall = wall(at, zone);
    date_short(locale, wall.year, wall.month, wall.day)
}

/// `14.30` (English: `14:30`): the time of day in `zone`.
#[must_use]
pub fn time_of(locale: Locale, at: Timestamp, zone: Zone) -> String {
    let wall = wall(at, zone);
    let point = if locale == Locale::Id { '.' } else { ':' };
    format!("{:02}{point}{:02}", wall.hour, wall.minute)
}

/// `13 Maret 2026, 14.30 WIB`.
#[must_use]
pub fn date_time(locale: Locale, at: Timestamp, zone: Zone) -> String {
    let (day, time) = (date_of(locale, at, zone), time_of(locale, at, zone));
    format!("{day}, {time} {}", zone.label())
}

/// `13 Mar 2026, 14.30`, for tight places that name the zone elsewhere.
#[must_use]
pub fn date_time_short(locale: Locale, at: Timestamp, zone: Zone) -> String {
    format!("{}, {}", date_short_of(locale, at, zone), time_of(locale, at, zone))
}

/// `2026-03-13T14:30:00+07:00`, for the `datetime` attribute of `<time>`.
#[must_use]
pub fn machine(at: Timestamp, zone: Zone) -> String {
    let wall = wall(at, zone);
    let second = at.as_micros().div_euclid(Timestamp::SECOND).rem_euclid(60);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{second:02}+{:02}:00",
        wall.year,
        wall.month,
        wall.day,
        wall.hour,
        wall.minute,
        zone.offset_hours()
    )
}

/// `1.234` (English: `1,234`).
#[must_use]
pub fn number(locale: Locale, number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let separator = if locale == Locale::Id { '.' } else { ',' };
    let digits = number.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    out.push_str(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(separator);
        }
        out.push(digit);
    }
    out
}

/// `1.234,56` (English: `1,234.56`), at most `digits` decimals, none that are zero at the end.
#[must_use]
pub fn decimal(locale: Locale, value: f64, digits: usize) -> String {
    let fixed = format!("{:.digits$}", value.abs());
    let (whole, fraction) = fixed.split_once('.').unwrap_or((&fixed, ""));
    let fraction = fraction.trim_end_matches('0');
    let whole = number(locale, whole.parse().unwrap_or(i64::MAX));
    let sign = if value < 0.0 && (whole != "0" || !fraction.is_empty()) { "-" } else { "" };
    let point = if locale == Locale::Id { ',' } else { '.' };
    if fraction.is_empty() {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}{point}{fraction}")
    }
}

/// `Rp1.500.000` from whole rupiah.
#[must_use]
pub fn rupiah(locale: Locale, amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let amount = i64::try_from(amount.unsigned_abs()).unwrap_or(i64::MAX);
    format!("{sign}Rp{}", number(locale, amount))
}

/// `1,5 MB` from bytes, in powers of 1000 as phones and file managers count.
#[must_use]
pub fn file_size(locale: Locale, bytes: u64) -> String {
    let mut unit = 0;
    #[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
    let mut size = bytes as f64;
    while size >= 999.95 && unit < 4 {
        size /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0);
    format!("{} {}", decimal(locale, size, digits), ["B", "kB", "MB", "GB", "TB"][unit])
}

/// How far a due moment is: `3 hari lagi`, `terlambat 2 hari`; minutes below an hour, hours
/// below two days, whole days from there.
#[must_use]
pub fn due_in(locale: Locale, at: Timestamp, now: Timestamp) -> String {
    let left = at.as_micros().saturating_sub(now.as_micros());
    span(locale, left, if left < 0 { "ui-late" } else { "ui-due" })
}

/// How long ago something was: `5 menit lalu`; below a minute `baru saja`.
#[must_use]
pub fn ago(locale: Locale, at: Timestamp, now: Timestamp) -> String {
    let since = now.as_micros().saturating_sub(at.as_micros()).max(0);
    if since < Timestamp::MINUTE {
        return t(locale, "ui-just-now").into_owned();
    }
    span(locale, since, "ui-ago")
}

fn span(locale: Locale, micros: i64, key: &str) -> String {
    let micros = i64::try_from(micros.unsigned_abs()).unwrap_or(i64::MAX);
    let (unit, n) = if micros < Timestamp::HOUR {
        ("minutes", micros / Timestamp::MINUTE)
    } else if micros < 2 * Timestamp::DAY {
        ("hours", micros / Timestamp::HOUR)
    } else {
        ("days", micros / Timestamp::DAY)
    };
    t_args(locale, &format!("{key}-{unit}"), &[("n", Arg::Int(n))]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-03-13T07:30:00Z
    const AT: Timestamp = Timestamp::from_micros(1_773_387_000_000_000);

    #[test]
    fn dates_are_written_the_indonesian_way() {
        assert_eq!(date_time(Locale::Id, AT, Zone::Wib), "13 Maret 2026, 14.30 WIB");
        assert_eq!(date_time(Locale::Id, AT, Zone::Wit), "13 Maret 2026, 16.30 WIT");
        assert_eq!(date_time(Locale::En, AT, Zone::Wita), "13 March 2026, 15:30 WITA");
        assert_eq!(day_of(Locale::Id, AT, Zone::Wib), "Jumat, 13 Maret 2026");
        assert_eq!(date_time_short(Locale::Id, AT, Zone::Wib), "13 Mar 2026, 14.30");
        assert_eq!(machine(AT, Zone::Wib), "2026-03-13T14:30:00+07:00");
    }

    #[test]
    fn a_day_begins_at_midnight_of_its_zone() {
        let late = AT.plus(10 * Timestamp::HOUR);
        assert_eq!(date_of(Locale::Id, late, Zone::Wib), "14 Maret 2026");
        assert_eq!(date_of(Locale::Id, AT.plus(9 * Timestamp::HOUR), Zone::Wib), "13 Maret 2026");
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(19_782), (2024, 2, 29));
    }

    #[test]
    fn numbers_are_written_the_indonesian_way() {
        let cases = [(0.0, "0"), (1234.56, "1.234,56"), (-0.001, "0"), (-1234.5, "-1.234,5")];
        for (value, expected) in cases {
            assert_eq!(decimal(Locale::Id, value, 2), expected);
        }
        assert_eq!(decimal(Locale::En, 1234.56, 2), "1,234.56");
        assert_eq!(number(Locale::Id, -1_234_567), "-1.234.567");
        assert_eq!(rupiah(Locale::Id, 1_500_000), "Rp1.500.000");
        assert_eq!(file_size(Locale::Id, 1_536_000), "1,5 MB");
        assert_eq!(file_size(Locale::Id, 999), "999 B");
        assert_eq!(file_size(Locale::Id, 999_999), "1 MB");
    }

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let cases = [
            (3 * Timestamp::DAY, "3 hari lagi"),
            (-2 * Timestamp::DAY - 5, "terlambat 2 hari"),
            (5 * Timestamp::HOUR, "5 jam lagi"),
            (-40 * Timestamp::MINUTE, "terlambat 40 menit"),
        ];
        for (left, expected) in cases {
            assert_eq!(due_in(Locale::Id, AT.plus(left), AT), expected);
        }
        assert_eq!(ago(Locale::Id, AT, AT.plus(10)), "baru saja");
        assert_eq!(ago(Locale::En, AT, AT.plus(Timestamp::HOUR)), "1 hour ago");
    }
}
