//! Kemendagri area codes: reading, writing, and what the digits themselves say.

use std::fmt;

/// How deep a region lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Provinsi, two digits.
    Province,
    /// Kabupaten or kota, four digits.
    Regency,
    /// Kecamatan (distrik in Papua), six digits.
    District,
    /// Kelurahan, desa or desa adat, ten digits.
    Village,
}

/// What a region is called by law, as its code tells (Permendagri 58/2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Provinsi.
    Province,
    /// Kabupaten: 01 to 69.
    Regency,
    /// Kota: 71 to 99.
    City,
    /// Kecamatan.
    District,
    /// Kelurahan: village part begins with 1.
    UrbanVillage,
    /// Desa: 2.
    Village,
    /// Desa adat: 3.
    CustomaryVillage,
}

/// A well-formed area code. Ordered like the tree: a region stands before what lies in it.
///
/// Inside: ten digits, right-filled with zeros, which no part of a code ever is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u64);

/// Why a text is not an area code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeError {
    /// Neither `31`, `31.71`, `31.71.01`, `31.71.01.1001` nor the same without dots.
    Malformed,
    /// The digits are in no range that the numbering has: kabupaten 01-69, kota 71-99, kelurahan
    /// 1xxx, desa 2xxx, desa adat 3xxx, nothing 00.
    OutOfRange(Level),
}

/// What each level's digits are worth in the ten-digit number.
const UNITS: [u64; 4] = [100_000_000, 1_000_000, 10_000, 1];

impl Code {
    /// Reads `31.71.01.1001` or `3171011001`, and the shorter codes above it.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let text = text.trim();
        let well_formed = match text.len() {
            2 | 4 | 6 | 10 => text.bytes().all(|b| b.is_ascii_digit()),
            5 | 8 | 13 => text.bytes().enumerate().all(|(at, b)| match at {
                2 | 5 | 8 => b == b'.',
                _ => b.is_ascii_digit(),
            }),
            _ => false,
        };
        if !well_formed {
            return Err(CodeError::Malformed);
        }
        let digits = text.bytes().filter(u8::is_ascii_digit);
        let (number, count) =
            digits.fold((0u64, 0u32), |(n, count), b| (n * 10 + u64::from(b - b'0'), count + 1));
        let code = Self(number * 10u64.pow(10 - count));
        let level = match count {
            2 => Level::Province,
            4 => Level::Regency,
            6 => Level::District,
            _ => Level::Village,
        };
        code.check(level)
    }

    /// The code if every part down to `level` is in range.
    fn check(self, level: Level) -> Result<Self, CodeError> {
        let part = |level: Level| self.part(level);
        let fits = |l: Level| match l {
            Level::Province => (11..=99).contains(&part(l)),
            Level::Regency => part(l) != 0 && part(l) != 70,
            Level::District => part(l) != 0,
            Level::Village => (1001..=3999).contains(&part(l)) && part(l) % 1000 != 0,
        };
        let levels = [Level::Province, Level::Regency, Level::District, Level::Village];
        match levels.into_iter().take(level as usize + 1).find(|level| !fits(*level)) {
            Some(level) => Err(CodeError::OutOfRange(level)),
            None => Ok(self),
        }
    }

    /// The digits of one level as a number; 0 below the code's own level.
    fn part(self, level: Level) -> u64 {
        let width = if level == Level::Village { 10_000 } else { 100 };
        self.0 / UNITS[level as usize] % width
    }

    /// How deep the region lies.
    pub fn level(self) -> Level {
        if self.part(Level::Village) != 0 {
            Level::Village
        } else if self.part(Level::District) != 0 {
            Level::District
        } else if self.part(Level::Regency) != 0 {
            Level::Regency
        } else {
            Level::Province
        }
    }

    /// What the region is called by law.
    pub fn kind(self) -> Kind {
        match self.level() {
            Level::Province => Kind::Province,
            Level::Regency if self.part(Level::Regency) >= 71 => Kind::City,
            Level::Regency => Kind::Regency,
            Level::District => Kind::District,
            Level::Village => match self.part(Level::Village) / 1000 {
                1 => Kind::UrbanVillage,
                2 => Kind::Village,
                _ => Kind::CustomaryVillage,
            },
        }
    }

    /// The code one level up; `None` for a province.
    pub fn parent(self) -> Option<Self> {
        let unit = match self.level() {
            Level::Province => return None,
            level => UNITS[level as usize - 1],
        };
        Some(Self(self.0 / unit * unit))
    }

    /// `3171011001`: without dots.
    pub fn digits(self) -> String {
        let digits = [2, 4, 6, 10][self.level() as usize];
        let mut text = format!("{:010}", self.0);
        text.truncate(digits);
        text
    }

    /// The first number that is not inside this region.
    pub(crate) fn end(self) -> u64 {
        self.0 + UNITS[self.level() as usize]
    }

    /// The ten-digit number.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// A code from the data file, which holds well-formed ones only.
    pub(crate) fn from_number(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.digits();
        for (at, digit) in digits.chars().enumerate() {
            if matches!(at, 2 | 4 | 6) {
                f.write_str(".")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({self})")
    }
}

impl std::str::FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        Self::parse(text)
    }
}

impl fmt::Display for CodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not an area code"),
            Self::OutOfRange(level) => write!(f, "no area code has these digits ({level:?})"),
        }
    }
}

impl std::error::Error for CodeError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_both_spellings() {
        for (text, digits, kind) in [
            ("31", "31", Kind::Province),
            ("64.01", "6401", Kind::Regency),
            ("3171", "3171", Kind::City),
            ("31.71.01", "317101", Kind::District),
            ("31.71.01.1001", "3171011001", Kind::UrbanVillage),
            ("1101012001", "1101012001", Kind::Village),
            (" 91.03.01.3001 ", "9103013001", Kind::CustomaryVillage),
        ] {
            let code = Code::parse(text).unwrap();
            assert_eq!((code.digits().as_str(), code.kind()), (digits, kind), "{text}");
            assert_eq!(Code::parse(&code.to_string()), Ok(code));
        }
    }

    #[test]
    fn tells_malformed_from_out_of_range() {
        for (text, why) in [
            ("31.70", CodeError::OutOfRange(Level::Regency)),
            ("31.00", CodeError::OutOfRange(Level::Regency)),
            ("00", CodeError::OutOfRange(Level::Province)),
            ("317100", CodeError::OutOfRange(Level::District)),
            ("31.71.01.4001", CodeError::OutOfRange(Level::Village)),
            ("31.71.01.0001", CodeError::OutOfRange(Level::Village)),
            ("31.71.1.1001", CodeError::Malformed),
            ("31.71.01.101", CodeError::Malformed),
            ("31-71", CodeError::Malformed),
            ("3171.01", CodeError::Malformed),
            ("", CodeError::Malformed),
            ("abc", CodeError::Malformed),
            ("３１", CodeError::Malformed),
        ] {
            assert_eq!(Code::parse(text), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9. é]{0,15}") {
            if let Ok(code) = Code::parse(&text) {
                prop_assert_eq!(Code::parse(&code.to_string()), Ok(code));
                prop_assert_eq!(Code::parse(&code.digits()), Ok(code));
                if let Some(parent) = code.parent() {
                    prop_assert!(parent < code && code.number() < parent.end());
                }
            }
        }
    }
}
