//! One agency's calendar: which days count, and why the others do not.
//!
//! It is made of four things: the base (do we work on joint leave?), the zone of the office, its
//! hours, and its own exceptions by date, each with a name and a decree. Exceptions win over
//! holidays, holidays over the week.
//!
//! Not here: limits and due dates ([`crate::deadline`]).
//!
//! Invariant: every search for a day is bounded by [`SCAN_DAYS_MAX`].

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize, Serializer};

use crate::holidays::{HolidayKind, Holidays};
use crate::hours::{HoursError, Interval, OfficeHours};
use crate::text::Text;
use crate::zone::Zone;

/// The furthest that a search for a working day looks, in calendar days (about a century): far
/// beyond any limit, so that reaching it means a calendar without working days.
pub const SCAN_DAYS_MAX: u32 = 36_600;

/// The most exceptions that one calendar holds.
pub const OVERRIDES_MAX: usize = 5_000;

/// Who the calendar is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Government offices: closed on national holidays and on joint leave.
    Government,
    /// Other bodies (such as state-owned companies): closed on national holidays, open on joint
    /// leave.
    National,
}

/// What an agency's exception does to a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// A day off by regional decree.
    RegionalHoliday,
    /// A national holiday that the holiday files do not have yet.
    NationalHoliday,
    /// Joint leave that the holiday files do not have yet.
    JointLeave,
    /// Joint leave that was withdrawn, or that this office works through.
    JointLeaveRemoved,
    /// A day off that is worked after all, whatever it otherwise is.
    ExtraWorkingDay,
}

/// An agency's exception for one date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The day it is about.
    pub date: Date,
    /// What it does to the day.
    pub kind: OverrideKind,
    /// What people read as the reason.
    pub name: Text,
    /// The decision behind it.
    pub decree: String,
}

/// When on its date a deadline in days falls due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DueTime {
    /// 23:59:59 in the zone of the office.
    #[default]
    EndOfDay,
    /// When the office closes; at the end of the day where the office is not open.
    Closing,
}

/// A calendar as an agency sets it and as it is stored; [`WorkingCalendar::new`] checks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalendarSpec {
    /// Government or national.
    pub base: Base,
    /// The zone of the receiving office.
    pub zone: Zone,
    /// Working hours.
    #[serde(default = "OfficeHours::government")]
    pub hours: OfficeHours,
    /// When on its date a deadline falls due.
    #[serde(default)]
    pub due_time: DueTime,
    /// Exceptions, at most one for each date.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

impl CalendarSpec {
    /// A calendar with government hours and no exceptions.
    #[must_use]
    pub fn new(base: Base, zone: Zone) -> Self {
        Self {
            base,
            zone,
            hours: OfficeHours::government(),
            due_time: DueTime::default(),
            overrides: Vec::new(),
        }
    }
}

/// Why a calendar, or a question to it, was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The hours make no sense.
    #[error(transparent)]
    Hours(#[from] HoursError),
    /// Two exceptions for one date.
    #[error("{0} has two exceptions")]
    OverriddenTwice(Date),
    /// An exception lacks its name or its decree.
    #[error("the exception on {0} needs a name in both languages and a decree")]
    UnexplainedOverride(Date),
    /// More exceptions than a calendar holds.
    #[error("more than {OVERRIDES_MAX} exceptions")]
    TooManyOverrides,
    /// The answer lies beyond [`SCAN_DAYS_MAX`] or the end of the civil calendar.
    #[error("no such day within a century of {0}")]
    OutOfRange(Date),
}

/// What kind of day it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An ordinary working day.
    WorkingDay,
    /// A weekday on which this office never works.
    Weekend,
    /// *Libur nasional*.
    NationalHoliday,
    /// *Cuti bersama*.
    JointLeave,
    /// A day off by regional decree.
    RegionalHoliday,
    /// A day off that is worked.
    ExtraWorkingDay,
    /// The clock stood still, waiting for the reporter. Only deadlines say this.
    Paused,
}

impl Reason {
    /// The word that the API and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorkingDay => "working_day",
            Self::Weekend => "weekend",
            Self::NationalHoliday => "national_holiday",
            Self::JointLeave => "joint_leave",
            Self::RegionalHoliday => "regional_holiday",
            Self::ExtraWorkingDay => "extra_working_day",
            Self::Paused => "paused",
        }
    }
}

/// One day, whether it counts, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayInfo {
    /// The day.
    pub date: Date,
    /// Whether it counts towards the limit.
    pub counted: bool,
    /// What kind of day it is.
    pub reason: Reason,
    /// The holiday or exception, where there is one; also on days that are worked despite it.
    #[serde(serialize_with = "serialize_name")]
    pub name: Option<Arc<Text>>,
}

fn serialize_name<S: Serializer>(name: &Option<Arc<Text>>, to: S) -> Result<S::Ok, S::Error> {
    name.as_deref().serialize(to)
}

#[derive(Debug, Clone)]
struct Exception {
    kind: OverrideKind,
    name: Arc<Text>,
}

/// One agency's calendar, ready to be asked. Cheap to clone.
#[derive(Debug, Clone)]
pub struct WorkingCalendar {
    base: Base,
    zone: Zone,
    due_time: DueTime,
    hours: Arc<OfficeHours>,
    exceptions: Arc<BTreeMap<Date, Exception>>,
    holidays: Arc<Holidays>,
}

impl WorkingCalendar {
    /// A calendar over the holidays that come with the program.
    ///
    /// # Errors
    /// The hours make no sense, or an exception is doubled or unexplained.
    pub fn new(spec: CalendarSpec) -> Result<Self, CalendarError> {
        let CalendarSpec { base, zone, hours, due_time, overrides } = spec;
        hours.check()?;
        if overrides.len() > OVERRIDES_MAX {
            return Err(CalendarError::TooManyOverrides);
        }
        let mut exceptions = BTreeMap::new();
        for Override { date, kind, name, decree } in overrides {
            if name.is_incomplete() || decree.trim().is_empty() {
                return Err(CalendarError::UnexplainedOverride(date));
            }
            let exception = Exception { kind, name: Arc::new(name) };
            if exceptions.insert(date, exception).is_some() {
                return Err(CalendarError::OverriddenTwice(date));
            }
        }
        Ok(Self {
            base,
            zone,
            due_time,
            hours: Arc::new(hours),
            exceptions: Arc::new(exceptions),
            holidays: Holidays::embedded(),
        })
    }

    /// The plain calendar of a base and a zone, with government hours and no exceptions.
    #[must_use]
    pub fn plain(base: Base, zone: Zone) -> Self {
        Self::new(CalendarSpec::new(base, zone))
            .expect("invariant: government hours without exceptions are valid")
    }

    /// The same calendar over other holidays, for an agency that knows a year the program does not.
    #[must_use]
    pub fn over(self, holidays: Arc<Holidays>) -> Self {
        Self { holidays, ..self }
    }

    /// The zone of the receiving office.
    #[must_use]
    pub const fn zone(&self) -> Zone {
        self.zone
    }

    /// Government or national.
    #[must_use]
    pub const fn base(&self) -> Base {
        self.base
    }

    /// The holidays behind it.
    #[must_use]
    pub fn holidays(&self) -> &Holidays {
        &self.holidays
    }

    /// What kind of day a date is; `counted` says whether it is a working day.
    #[must_use]
    pub fn day(&self, date: Date) -> DayInfo {
        use OverrideKind as Exceptional;
        let exception = self.exceptions.get(&date);
        let holiday = self.holidays.get(date);
        let ordinary = if self.hours.works_on(date) { Reason::WorkingDay } else { Reason::Weekend };
        let joint_leave = match self.base {
            Base::Government => Reason::JointLeave,
            Base::National => ordinary,
        };
        let reason = match (exception.map(|e| e.kind), holiday.map(|h| h.kind)) {
            (Some(Exceptional::RegionalHoliday), _) => Reason::RegionalHoliday,
            (Some(Exceptional::ExtraWorkingDay), _) => Reason::ExtraWorkingDay,
            (Some(Exceptional::NationalHoliday), _) | (_, Some(HolidayKind::NationalHoliday)) => {
                Reason::NationalHoliday
            }
            (Some(Exceptional::JointLeaveRemoved), _) => ordinary,
            (Some(Exceptional::JointLeave), _) | (_, Some(HolidayKind::JointLeave)) => joint_leave,
            (None, None) => ordinary,
        };
        let name = exception.map(|e| &e.name).or(holiday.map(|h| &h.name)).cloned();
        let counted = matches!(reason, Reason::WorkingDay | Reason::ExtraWorkingDay);
        DayInfo { date, counted, reason, name }
    }

    /// Whether a date is a working day.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        self.day(date).counted
    }

    /// The `count`-th working day after a date; the date itself for 0.
    ///
    /// # Errors
    /// It lies more than a century ahead.
    pub fn add_working_days(&self, date: Date, count: u32) -> Result<Date, CalendarError> {
        self.walk(date, count, Date::tomorrow)
    }

    /// The `count`-th working day before a date; the date itself for 0.
    ///
    /// # Errors
    /// It lies more than a century back.
    pub fn subtract_working_days(&self, date: Date, count: u32) -> Result<Date, CalendarError> {
        self.walk(date, count, Date::yesterday)
    }

    fn walk(
        &self,
        from: Date,
        count: u32,
        step: impl Fn(Date) -> Result<Date, jiff::Error>,
    ) -> Result<Date, CalendarError> {
        let (mut date, mut left) = (from, count);
        for _ in 0..SCAN_DAYS_MAX {
            if left == 0 {
                return Ok(date);
            }
            date = step(date).map_err(|_| CalendarError::OutOfRange(from))?;
            left -= u32::from(self.is_working_day(date));
        }
        Err(CalendarError::OutOfRange(from))
    }

    /// The date itself if it is a working day, else the next one.
    ///
    /// # Errors
    /// There is none within a century.
    pub fn roll_forward(&self, date: Date) -> Result<Date, CalendarError> {
        if self.is_working_day(date) { Ok(date) } else { self.add_working_days(date, 1) }
    }

    /// How many working days lie after `after`, up to and including `through`; 0 if that is not
    /// later.
    #[must_use]
    pub fn count_working_days(&self, after: Date, through: Date) -> u32 {
        let days = after.series(jiff::Span::new().days(1)).skip(1).take_while(|d| *d <= through);
        days.fold(0, |count, date| count + u32::from(self.is_working_day(date)))
    }

    /// The hours that the office is open on a date: none on a day off.
    #[must_use]
    pub fn hours_on(&self, date: Date) -> &[Interval] {
        match self.day(date).reason {
            Reason::WorkingDay => self.hours.on(date),
            Reason::ExtraWorkingDay if self.hours.works_on(date) => self.hours.on(date),
            Reason::ExtraWorkingDay => self.hours.usual(),
            _ => &[],
        }
    }

    /// When the office opens on a date; on a day off, when it opens on its usual days.
    #[must_use]
    pub fn opening_micros(&self, date: Date) -> i64 {
        let hours = self.hours_on(date);
        let hours = if hours.is_empty() { self.hours.usual() } else { hours };
        let time = hours.first().map_or(Time::midnight(), |interval| interval.from());
        self.zone.instant(date.to_datetime(time))
    }

    /// Whether the office is open at an instant.
    #[must_use]
    pub fn is_open(&self, micros: i64) -> bool {
        let local = self.zone.local(micros);
        let time = local.time();
        self.hours_on(local.date()).iter().any(|hours| hours.from() <= time && time < hours.to())
    }

    /// The instant at which `minutes` of office hours have passed since `micros`; time in which the
    /// office is closed does not count.
    ///
    /// # Errors
    /// It lies more than a century ahead.
    pub fn add_working_minutes(&self, micros: i64, minutes: u32) -> Result<i64, CalendarError> {
        const MINUTE: i64 = 60_000_000;
        let first = self.zone.local_date(micros);
        let (mut date, mut left) = (first, i64::from(minutes) * MINUTE);
        for _ in 0..SCAN_DAYS_MAX {
            for hours in self.hours_on(date) {
                let opens = self.zone.instant(date.to_datetime(hours.from())).max(micros);
                let closes = self.zone.instant(date.to_datetime(hours.to()));
                let open = (closes - opens).max(0);
                // What ends with the hours is due then, not when they begin again.
                if left <= open && open > 0 {
                    return Ok(opens + left);
                }
                left -= open;
            }
            date = date.tomorrow().map_err(|_| CalendarError::OutOfRange(first))?;
        }
        Err(CalendarError::OutOfRange(first))
    }

    /// The instant at which a deadline on a date falls due.
    #[must_use]
    pub fn due_micros(&self, date: Date) -> i64 {
        match (self.due_time, self.hours_on(date).last()) {
            (DueTime::Closing, Some(last)) => self.zone.instant(date.to_datetime(last.to())),
            _ => self.zone.end_of_day(date),
        }
    }
}
