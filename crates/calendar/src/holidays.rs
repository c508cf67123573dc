//! National holidays and joint leave (*cuti bersama*), year by year, each with its decree.
//!
//! The facts are data in `law/holidays`, compiled in. They are decided each year by a joint decree
//! of three ministers and amended during the year, so an agency can add days of its own
//! ([`crate::working::Override`]) or a whole year ([`Holidays::with_toml`]) without a new program.
//!
//! Invariant: a date carries at most one entry, and lies in the year of its file. A year without a
//! file is *unknown*, which is not the same as a year without holidays: see
//! [`Holidays::knows_year`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::text::Text;

/// The files of `law/holidays`, one for each year.
const EMBEDDED: [&str; 5] = [
    include_str!("../../../law/holidays/2023.toml"),
    include_str!("../../../law/holidays/2024.toml"),
    include_str!("../../../law/holidays/2025.toml"),
    include_str!("../../../law/holidays/2026.toml"),
    include_str!("../../../law/holidays/2027.toml"),
];

/// What sort of day off it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidayKind {
    /// *Libur nasional*: nobody has to work.
    NationalHoliday,
    /// *Cuti bersama*: government offices are closed, other bodies decide for themselves.
    JointLeave,
}

/// One holiday or day of joint leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holiday {
    /// The day.
    pub date: Date,
    /// National holiday or joint leave.
    pub kind: HolidayKind,
    /// What is celebrated.
    pub name: Arc<Text>,
    /// The decision that made it a day off.
    pub decree: Arc<str>,
    /// Whether the date waits for the sighting of the moon and a decree of the Minister of
    /// Religious Affairs.
    pub estimated: bool,
}

/// Why a holiday file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HolidayError {
    /// The text is not of the form described in `law/README.md`.
    #[error("not a holiday file: {0}")]
    Syntax(String),
    /// The file speaks of a day outside its own year.
    #[error("{date} is not in the year {year}")]
    OtherYear {
        /// The stray day.
        date: Date,
        /// The year that the file declares.
        year: i16,
    },
    /// The same day is listed twice.
    #[error("{0} is listed twice")]
    Twice(Date),
    /// A name or a decree is empty.
    #[error("{0} has no name in both languages, or no decree")]
    Nameless(Date),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    year: i16,
    decree: String,
    national_holiday: Vec<Entry>,
    joint_leave: Vec<Entry>,
    #[serde(default)]
    added: Vec<Added>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    date: Date,
    id: String,
    en: String,
    #[serde(default)]
    estimated: bool,
}

/// A day that a later decision of its own added to the year.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Added {
    kind: HolidayKind,
    date: Date,
    id: String,
    en: String,
    decree: String,
    #[serde(default)]
    estimated: bool,
}

/// How sure it is which days are off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// All were decreed.
    Known,
    /// Some follow the Islamic lunar calendar and are not decreed yet: they may move by a day.
    Estimated,
    /// A year has not been decided or is not in this release: only weekends count as days off.
    Unknown,
}

impl Certainty {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Known, Self::Estimated, Self::Unknown];

    /// The word that the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Estimated => "estimated",
            Self::Unknown => "unknown",
        }
    }
}

/// All holidays and days of joint leave that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holidays {
    by_date: BTreeMap<Date, Holiday>,
    years: BTreeSet<i16>,
}

impl Holidays {
    /// The holidays that come with the program.
    #[must_use]
    pub fn embedded() -> Arc<Self> {
        static EMBEDDED_HOLIDAYS: OnceLock<Arc<Holidays>> = OnceLock::new();
        let load = || {
            let all = EMBEDDED.iter().try_fold(Self::default(), |all, file| all.with_toml(file));
            Arc::new(all.expect("invariant: the embedded holiday files are valid, see the tests"))
        };
        Arc::clone(EMBEDDED_HOLIDAYS.get_or_init(load))
    }

    /// These holidays with one year more, or with that year replaced.
    ///
    /// # Errors
    /// The text is no holiday file, or contradicts itself.
    pub fn with_toml(&self, text: &str) -> Result<Self, HolidayError> {
        let File { year, decree, national_holiday, joint_leave, added } =
            toml::from_str(text).map_err(|error| HolidayError::Syntax(error.to_string()))?;
        let decree: Arc<str> = decree.into();
        let yearly = |kind, entries: Vec<Entry>| {
            let decree = Arc::clone(&decree);
            entries.into_iter().map(move |Entry { date, id, en, estimated }| {
                let decree = Arc::clone(&decree);
                Holiday { date, kind, name: Arc::new(Text { id, en }), decree, estimated }
            })
        };
        let added = added.into_iter().map(|Added { kind, date, id, en, decree, estimated }| {
            let decree = decree.into();
            Holiday { date, kind, name: Arc::new(Text { id, en }), decree, estimated }
        });
        let entries = yearly(HolidayKind::NationalHoliday, national_holiday)
            .chain(yearly(HolidayKind::JointLeave, joint_leave))
            .chain(added);

        let mut all = self.clone();
        all.years.insert(year);
        all.by_date.retain(|date, _| date.year() != year);
        for holiday in entries {
            let date = holiday.date;
            if date.year() != year {
                return Err(HolidayError::OtherYear { date, year });
            }
            if holiday.name.is_incomplete() || holiday.decree.trim().is_empty() {
                return Err(HolidayError::Nameless(date));
            }
            if all.by_date.insert(date, holiday).is_some() {
                return Err(HolidayError::Twice(date));
            }
        }
        Ok(all)
    }

    /// The holiday or joint leave on a date.
    #[must_use]
    pub fn get(&self, date: Date) -> Option<&Holiday> {
        self.by_date.get(&date)
    }

    /// All entries in the order of their dates.
    pub fn iter(&self) -> impl Iterator<Item = &Holiday> {
        self.by_date.values()
    }

    /// Whether the holidays of a year have been decided and are known here.
    #[must_use]
    pub fn knows_year(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// How sure a count over these days is; the day after the last counts too, since an estimated
    /// holiday may turn out to be a day earlier.
    #[must_use]
    pub fn certainty(&self, from: Date, through: Date) -> Certainty {
        if !(from.year()..=through.year()).all(|year| self.knows_year(year)) {
            return Certainty::Unknown;
        }
        let after = through.tomorrow().unwrap_or(through);
        match self.by_date.range(from..=after).any(|(_, holiday)| holiday.estimated) {
            true => Certainty::Estimated,
            false => Certainty::Known,
        }
    }

    /// The years whose holidays are known, ascending.
    pub fn known_years(&self) -> impl Iterator<Item = i16> {
        self.years.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const MINIMAL: &str = r#"
        year = 2028
        decree = "Keputusan Bersama tentang Hari Libur Nasional Tahun 2028"
        national_holiday = [{ date = "2028-01-01", id = "Tahun Baru", en = "New Year" }]
        joint_leave = []
    "#;

    #[test]
    fn embedded_years_have_the_published_numbers_of_days() {
        let holidays = Holidays::embedded();
        let expected =
            [(2023, 16, 11), (2024, 19, 10), (2025, 17, 11), (2026, 17, 8), (2027, 18, 8)];
        assert_eq!(holidays.known_years().collect::<Vec<_>>(), expected.map(|(year, ..)| year));
        for (year, national, joint) in expected {
            let count =
                |kind| holidays.iter().filter(|h| h.date.year() == year && h.kind == kind).count();
            assert_eq!(count(HolidayKind::NationalHoliday), national, "national holidays {year}");
            assert_eq!(count(HolidayKind::JointLeave), joint, "joint leave {year}");
        }
    }

    #[test]
    fn a_late_addition_has_its_own_decree() {
        let holidays = Holidays::embedded();
        let added = holidays.get(date(2025, 8, 18)).unwrap();
        assert_eq!(added.kind, HolidayKind::JointLeave);
        assert!(added.decree.contains("Nomor 933 Tahun 2025"), "{}", added.decree);
        assert!(holidays.get(date(2024, 2, 14)).unwrap().decree.contains("Presiden"));
    }

    #[test]
    fn only_lunar_dates_of_the_undecided_year_are_estimates() {
        let estimated: Vec<_> =
            Holidays::embedded().iter().filter(|h| h.estimated).map(|h| h.date).collect();
        assert_eq!(estimated.len(), 11);
        assert!(estimated.iter().all(|date| date.year() == 2027));
    }

    #[test]
    fn an_agency_can_add_or_replace_a_year() {
        let more = Holidays::embedded().with_toml(MINIMAL).unwrap();
        assert!(more.knows_year(2028) && !Holidays::embedded().knows_year(2028));
        assert_eq!(more.get(date(2028, 1, 1)).unwrap().name.get("en"), "New Year");

        let replaced = more.with_toml(&MINIMAL.replace("01-01", "01-02")).unwrap();
        assert_eq!(replaced.get(date(2028, 1, 1)), None);
        assert!(replaced.get(date(2028, 1, 2)).is_some());
    }

    #[test]
    fn contradictory_files_are_refused() {
        let refused = |text: &str| Holidays::default().with_toml(text).unwrap_err();
        assert!(matches!(refused("year = 2028"), HolidayError::Syntax(_)));
        assert_eq!(
            refused(&MINIMAL.replace("2028-01-01", "2029-01-01")),
            HolidayError::OtherYear { date: date(2029, 1, 1), year: 2028 }
        );
        assert_eq!(
            refused(&MINIMAL.replace(
                "joint_leave = []",
                r#"joint_leave = [{ date = "2028-01-01", id = "Cuti", en = "Leave" }]"#
            )),
            HolidayError::Twice(date(2028, 1, 1))
        );
        assert_eq!(
            refused(&MINIMAL.replace(r#""New Year""#, r#""""#)),
            HolidayError::Nameless(date(2028, 1, 1))
        );
    }
}
