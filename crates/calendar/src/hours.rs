//! The working week: which weekdays are worked and at what hours, also in Ramadan.
//!
//! The default is the week of government offices (Perpres 21/2023), data in `law/hours`. Direct
//! services are exempt from it (article 7) and set their own. Hours decide which weekdays count as
//! working days, when an agency's day closes and when people look at a warning; a legal deadline is
//! never counted in working hours.
//!
//! Invariant: the intervals of a day are in order, do not overlap, and a week has a working day.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use jiff::civil::{Date, Time, Weekday};
use serde::{Deserialize, Serialize};

/// A stretch of one working day, to the minute, written `07:30-12:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Interval {
    from: Time,
    to: Time,
}

/// Why hours were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not of the form `07:30-12:00` with an end after its start.
    #[error("not a stretch of hours like 07:30-12:00: {0:?}")]
    Interval(String),
    /// The stretches of one day overlap or are out of order.
    #[error("the hours of {0:?} overlap or are out of order")]
    Overlap(Weekday),
    /// A weekday is worked in Ramadan and not otherwise, or the other way round.
    #[error("{0:?} is worked either in Ramadan only or outside of it only")]
    RamadanOnly(Weekday),
    /// No weekday is worked, so no working day would ever come.
    #[error("no day of the week has working hours")]
    NoWorkingDay,
}

impl Interval {
    /// When it begins.
    #[must_use]
    pub const fn from(self) -> Time {
        self.from
    }

    /// When it ends.
    #[must_use]
    pub const fn to(self) -> Time {
        self.to
    }

    /// Its length in minutes.
    #[must_use]
    pub fn minutes(self) -> i64 {
        self.to.duration_since(self.from).as_mins()
    }
}

impl FromStr for Interval {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || HoursError::Interval(text.to_owned());
        let minute = |part: &str| {
            let (hour, minute) = part.trim().split_once(':')?;
            Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
        };
        let (from, to) = text.split_once('-').ok_or_else(refused)?;
        let (from, to) = minute(from).zip(minute(to)).ok_or_else(refused)?;
        if from < to { Ok(Self { from, to }) } else { Err(refused()) }
    }
}

impl TryFrom<String> for Interval {
    type Error = HoursError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        let (from_hour, from_minute) = (from.hour(), from.minute());
        write!(f, "{from_hour:02}:{from_minute:02}-{:02}:{:02}", to.hour(), to.minute())
    }
}

impl From<Interval> for String {
    fn from(interval: Interval) -> Self {
        interval.to_string()
    }
}

/// The working hours of each weekday; a weekday without hours is not worked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Week {
    /// Monday.
    pub mon: Vec<Interval>,
    /// Tuesday.
    pub tue: Vec<Interval>,
    /// Wednesday.
    pub wed: Vec<Interval>,
    /// Thursday.
    pub thu: Vec<Interval>,
    /// Friday.
    pub fri: Vec<Interval>,
    /// Saturday.
    pub sat: Vec<Interval>,
    /// Sunday.
    pub sun: Vec<Interval>,
}

impl Week {
    /// The hours of a weekday.
    #[must_use]
    pub fn on(&self, weekday: Weekday) -> &[Interval] {
        match weekday {
            Weekday::Monday => &self.mon,
            Weekday::Tuesday => &self.tue,
            Weekday::Wednesday => &self.wed,
            Weekday::Thursday => &self.thu,
            Weekday::Friday => &self.fri,
            Weekday::Saturday => &self.sat,
            Weekday::Sunday => &self.sun,
        }
    }

    /// Working minutes in the week, breaks excluded.
    #[must_use]
    pub fn minutes(&self) -> i64 {
        weekdays().flat_map(|day| self.on(day)).map(|interval| interval.minutes()).sum()
    }

    fn check(&self) -> Result<(), HoursError> {
        for weekday in weekdays() {
            if self.on(weekday).windows(2).any(|pair| pair[1].from < pair[0].to) {
                return Err(HoursError::Overlap(weekday));
            }
        }
        if self.minutes() == 0 { Err(HoursError::NoWorkingDay) } else { Ok(()) }
    }
}

/// An agency's hours through the year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficeHours {
    /// The rule or decree that sets these hours.
    pub source: String,
    /// The ordinary week. It alone decides which weekdays are working days.
    pub normal: Week,
    /// The week in Ramadan, where it differs: other hours on the same weekdays, since the month
    /// does not change which days count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramadan: Option<Week>,
}

impl OfficeHours {
    /// The hours of government offices: Perpres 21/2023, articles 3 and 4.
    #[must_use]
    pub fn government() -> Self {
        static GOVERNMENT: OnceLock<OfficeHours> = OnceLock::new();
        let text = include_str!("../../../law/hours/perpres-21-2023.toml");
        let load = || toml::from_str(text).expect("invariant: the embedded hours are valid");
        GOVERNMENT.get_or_init(load).clone()
    }

    /// Whether the weekday of this date is a working weekday, holidays aside.
    #[must_use]
    pub fn works_on(&self, date: Date) -> bool {
        !self.normal.on(date.weekday()).is_empty()
    }

    /// The hours of this date's weekday, of Ramadan where that applies, holidays aside.
    #[must_use]
    pub fn on(&self, date: Date) -> &[Interval] {
        let weekday = date.weekday();
        match &self.ramadan {
            Some(ramadan) if ramadan_at(date).is_some() => ramadan.on(weekday),
            _ => self.normal.on(weekday),
        }
    }

    /// The hours of the first working weekday: what a worked day off uses if nothing else is said.
    #[must_use]
    pub fn usual(&self) -> &[Interval] {
        weekdays().map(|day| self.normal.on(day)).find(|hours| !hours.is_empty()).unwrap_or(&[])
    }

    /// Whether the hours make sense.
    ///
    /// # Errors
    /// Stretches overlap, no weekday is worked, or Ramadan has other weekdays.
    pub fn check(&self) -> Result<(), HoursError> {
        self.normal.check()?;
        let Some(ramadan) = &self.ramadan else { return Ok(()) };
        ramadan.check()?;
        let differs =
            |day: &Weekday| ramadan.on(*day).is_empty() != self.normal.on(*day).is_empty();
        weekdays().find(differs).map_or(Ok(()), |day| Err(HoursError::RamadanOnly(day)))
    }
}

/// One month of Ramadan in the civil calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ramadan {
    /// The Islamic year.
    pub hijri: i16,
    /// First day of fasting.
    pub first: Date,
    /// Last day of fasting.
    pub last: Date,
    /// Whether the Minister of Religious Affairs has yet to decree it.
    #[serde(default)]
    pub estimated: bool,
}

/// The Ramadan that contains a date, where the program knows it.
#[must_use]
pub fn ramadan_at(date: Date) -> Option<Ramadan> {
    periods().iter().find(|period| (period.first..=period.last).contains(&date)).copied()
}

/// The months of Ramadan that lie in a civil year, as far as the program knows them: one, rarely
/// two.
pub fn ramadan_in(year: i16) -> impl Iterator<Item = Ramadan> {
    let within = move |period: &&Ramadan| period.first.year() <= year && year <= period.last.year();
    periods().iter().filter(within).copied()
}

fn periods() -> &'static [Ramadan] {
    #[derive(Deserialize)]
    struct File {
        period: Vec<Ramadan>,
    }
    static PERIODS: OnceLock<Arc<[Ramadan]>> = OnceLock::new();
    let load = || {
        let file: File = toml::from_str(include_str!("../../../law/hours/ramadan.toml"))
            .expect("invariant: the embedded periods of Ramadan are valid");
        file.period.into()
    };
    PERIODS.get_or_init(load)
}

fn weekdays() -> impl Iterator<Item = Weekday> {
    Weekday::Monday.cycle_forward().take(7)
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    #[test]
    fn the_government_week_has_the_hours_of_the_regulation() {
        let hours = OfficeHours::government();
        assert_eq!(hours.check(), Ok(()));
        assert_eq!(hours.normal.minutes(), 37 * 60 + 30);
        assert_eq!(hours.ramadan.as_ref().unwrap().minutes(), 32 * 60 + 30);
        assert_eq!(hours.on(date(2026, 3, 9))[0].from(), time(8, 0, 0, 0), "in Ramadan");
        assert_eq!(hours.on(date(2026, 3, 30))[0].from(), time(7, 30, 0, 0));
        let friday = hours.on(date(2026, 4, 10));
        assert_eq!(friday[1].from().duration_since(friday[0].to()).as_mins(), 90);
        assert_eq!(friday[1].to(), time(16, 30, 0, 0));
        assert!(!hours.works_on(date(2026, 4, 11)));
    }

    #[test]
    fn intervals_are_read_and_written() {
        let interval: Interval = "07:30-12:00".parse().unwrap();
        assert_eq!((interval.minutes(), interval.to_string().as_str()), (270, "07:30-12:00"));
        for wrong in ["", "07:30", "12:00-07:30", "07:30-25:00", "08:00-08:00", "a-b"] {
            assert_eq!(wrong.parse::<Interval>(), Err(HoursError::Interval(wrong.into())));
        }
    }

    #[test]
    fn impossible_weeks_are_refused() {
        let mut hours = OfficeHours::government();
        hours.normal.mon.reverse();
        assert_eq!(hours.check(), Err(HoursError::Overlap(Weekday::Monday)));
        hours.normal = Week::default();
        assert_eq!(hours.check(), Err(HoursError::NoWorkingDay));
        let mut hours = OfficeHours::government();
        hours.normal.sat = hours.normal.fri.clone();
        assert_eq!(hours.check(), Err(HoursError::RamadanOnly(Weekday::Saturday)));
    }

    #[test]
    fn ramadan_ends_before_idulfitri() {
        for (last, eid) in [
            (date(2024, 4, 9), date(2024, 4, 10)),
            (date(2025, 3, 30), date(2025, 3, 31)),
            (date(2026, 3, 20), date(2026, 3, 21)),
            (date(2027, 3, 9), date(2027, 3, 10)),
        ] {
            assert_eq!(ramadan_at(last).map(|period| period.last), Some(last));
            assert_eq!(ramadan_at(eid), None);
            assert_eq!(ramadan_in(last.year()).map(|p| p.last).collect::<Vec<_>>(), [last]);
        }
    }
}
