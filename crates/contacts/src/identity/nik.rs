//! The population number (NIK): sixteen digits that say where and when somebody was first
//! registered (PP 40/2019 art. 31 and 32).
//!
//! Well-formedness only. Whether the number exists is known to Dukcapil alone.

use std::fmt;

use jiff::civil::Date;

use super::{DOT, INPUT_BYTES_MAX};

/// Province codes in force: Kepmendagri 300.2.2-2430/2025, 38 provinces.
const PROVINCES: [u8; 38] = [
    11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 31, 32, 33, 34, 35, 36, 51, 52, 53, 61, 62, 63, 64, 65,
    71, 72, 73, 74, 75, 76, 81, 82, 91, 92, 93, 94, 95, 96,
];

/// First digits of a number given out abroad (PP 40/2019 art. 32(3)).
const OVERSEAS: u8 = 99;

/// A well-formed population number (Nomor Induk Kependudukan, PP 40/2019 art. 31).
///
/// It carries the date of birth and the sex of its holder; both are checked and neither can be
/// read from here, because a NIK is personal data (UU 27/2022) and no task needs them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nik(String);

/// Why a text is not a NIK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NikError {
    /// Something other than digits, spaces, dots and hyphens.
    NotDigits,
    /// Not sixteen digits.
    Length {
        /// How many digits there are.
        found: usize,
    },
    /// The first two digits are no province and not 99 (abroad).
    Province,
    /// No such day of birth, after taking 40 off for women.
    BirthDate,
    /// The serial number is 0000.
    Serial,
}

impl Nik {
    /// Reads a NIK, with or without separators. `today` decides the century of the two-digit
    /// year: always the past. Unknown regencies and districts pass, since provinces were split
    /// and a NIK never changes; see [`Nik::district_code`].
    pub fn parse(text: &str, today: Date) -> Result<Self, NikError> {
        let digits = plain_digits(text).ok_or(NikError::NotDigits)?;
        if digits.len() != 16 {
            return Err(NikError::Length { found: digits.len() });
        }
        let province = two(&digits, 0);
        if province != OVERSEAS && !PROVINCES.contains(&province) {
            return Err(NikError::Province);
        }
        if birth(&digits, today).is_none() {
            return Err(NikError::BirthDate);
        }
        if digits.ends_with("0000") {
            return Err(NikError::Serial);
        }
        Ok(Self(digits))
    }

    /// The district of first registration as six digits, for a "we do not know this area"
    /// warning; `None` for a number given out abroad.
    pub fn district_code(&self) -> Option<&str> {
        (two(&self.0, 0) != OVERSEAS).then(|| &self.0[..6])
    }

    /// All sixteen digits. Showing them to a person is an event that the caller records.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `3171••••••••0001`: neither birth date nor sex can be read from it.
    pub fn masked(&self) -> String {
        format!("{}{}{}", &self.0[..4], DOT.to_string().repeat(8), &self.0[12..])
    }
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nik({})", self.masked())
    }
}

impl fmt::Display for NikError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotDigits => f.write_str("a NIK has digits only"),
            Self::Length { found } => write!(f, "a NIK has 16 digits, not {found}"),
            Self::Province => f.write_str("a NIK begins with a province code"),
            Self::BirthDate => f.write_str("the NIK holds no possible date of birth"),
            Self::Serial => f.write_str("the serial number of a NIK is never 0000"),
        }
    }
}

impl std::error::Error for NikError {}

/// Digits of `text` without the separators people type; `None` if anything else is in it.
fn plain_digits(text: &str) -> Option<String> {
    if text.len() > INPUT_BYTES_MAX {
        return None;
    }
    let mut digits = String::with_capacity(16);
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '-' | '.' | '\u{2010}'..='\u{2015}' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// The two digits at `at` as a number; `digits` is long enough and ASCII.
fn two(digits: &str, at: usize) -> u8 {
    digits.as_bytes()[at..at + 2].iter().fold(0, |n, b| n * 10 + (b - b'0'))
}

/// Date of birth and whether the day says "woman" (day + 40, PP 40/2019 art. 31), if it exists.
pub(super) fn birth(digits: &str, today: Date) -> Option<(Date, bool)> {
    let (day, month, year) = (two(digits, 6), two(digits, 8), two(digits, 10));
    let female = day > 40;
    let day = i8::try_from(if female { day - 40 } else { day }).ok()?;
    let month = i8::try_from(month).ok()?;
    let century = today.year() - today.year().rem_euclid(100);
    [century, century - 100]
        .into_iter()
        .filter_map(|century| Date::new(century + i16::from(year), month, day).ok())
        .find(|date| *date <= today)
        .map(|date| (date, female))
}
