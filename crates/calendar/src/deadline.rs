//! When a limit falls due, and why on that day.
//!
//! Three clocks, never mixed: *hari kerja* (working days), *hari* (calendar days) and *jam*
//! (elapsed hours, which run through nights and holidays). The day of receipt D is day 0 in every
//! case, also when it is a day off or when the office has closed:
//!
//! * N working days: the N-th working day after D;
//! * N calendar days: D + N; rolled forward to a working day only where the term says so;
//! * N hours: the instant of receipt + N hours, exactly.
//!
//! An extension is counted from the first due date. A pause moves the due date by the working days
//! (calendar days) after the date of the pause through the date of resumption, or by the elapsed
//! time for hours.
//!
//! Invariant: the counted days of a [`Due`] in days number exactly limit + extension, however the
//! pauses lie; and no input makes it loop for longer than a century of days.

use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::holidays::Certainty;
use crate::working::{CalendarError, DayInfo, Reason, SCAN_DAYS_MAX, WorkingCalendar};
use crate::zone::{DAY_MICROS, HOUR_MICROS};

/// The longest limit in days, working or calendar: about ten years.
pub const LIMIT_DAYS_MAX: u32 = 3_660;
/// The longest limit in hours: as long as [`LIMIT_DAYS_MAX`].
pub const LIMIT_HOURS_MAX: u32 = LIMIT_DAYS_MAX * 24;
/// The most pauses that one deadline takes.
pub const PAUSES_MAX: usize = 1_000;
/// The shares of the limit at which people are warned, in percent.
pub const WARNING_PERCENTS: [u8; 3] = [50, 80, 100];

/// What a limit is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// *Hari kerja*.
    WorkingDay,
    /// *Hari*, counted in the calendar.
    CalendarDay,
    /// *Jam*, elapsed.
    Hour,
}

impl Unit {
    /// All units.
    pub const ALL: [Self; 3] = [Self::WorkingDay, Self::CalendarDay, Self::Hour];

    /// The word that the API and the database use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WorkingDay => "working_day",
            Self::CalendarDay => "calendar_day",
            Self::Hour => "hour",
        }
    }

    /// The official Indonesian code, as reports and exports carry it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::WorkingDay => "HARI_KERJA",
            Self::CalendarDay => "HARI_KALENDER",
            Self::Hour => "JAM",
        }
    }

    /// The longest limit in this unit.
    #[must_use]
    pub const fn limit_max(self) -> u32 {
        match self {
            Self::WorkingDay | Self::CalendarDay => LIMIT_DAYS_MAX,
            Self::Hour => LIMIT_HOURS_MAX,
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word is no unit of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a unit of time: {0:?} (working_day, calendar_day or hour)")]
pub struct UnknownUnit(pub String);

impl FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|unit| unit.as_str() == word);
        found.ok_or_else(|| UnknownUnit(word.to_owned()))
    }
}

/// Why a due date was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeadlineError {
    /// The limit, with its extension, is longer than [`Unit::limit_max`].
    #[error("a limit of {limit} is more than {max}")]
    LimitTooLong {
        /// What was asked for.
        limit: u32,
        /// The most there is in this unit.
        max: u32,
    },
    /// More pauses than [`PAUSES_MAX`], or one longer than a century.
    #[error("too many pauses, or a pause that is too long")]
    PausesTooLong,
    /// The calendar has no answer.
    #[error(transparent)]
    Calendar(#[from] CalendarError),
}

/// A limit as a rule states it: so many units, possibly extended, possibly rolled forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Term {
    limit: u32,
    extension: u32,
    unit: Unit,
    roll_forward: bool,
}

impl Term {
    /// A limit without extension that is not rolled forward.
    ///
    /// # Errors
    /// The limit is longer than [`Unit::limit_max`].
    pub fn new(limit: u32, unit: Unit) -> Result<Self, DeadlineError> {
        Self { limit: 0, extension: 0, unit, roll_forward: false }.lengthened(limit, 0)
    }

    /// The same limit, moved from a day off to the next working day or not. Off for what an agency
    /// owes, on for what a citizen owes; without effect on hours.
    #[must_use]
    pub const fn rolling_forward(self, roll_forward: bool) -> Self {
        Self { roll_forward, ..self }
    }

    /// The same limit, extended by so many units after its first due date.
    ///
    /// # Errors
    /// Both together are longer than [`Unit::limit_max`].
    pub fn extended_by(self, extension: u32) -> Result<Self, DeadlineError> {
        self.lengthened(self.limit, extension)
    }

    fn lengthened(self, limit: u32, extension: u32) -> Result<Self, DeadlineError> {
        let (total, max) = (limit.saturating_add(extension), self.unit.limit_max());
        if total > max {
            return Err(DeadlineError::LimitTooLong { limit: total, max });
        }
        Ok(Self { limit, extension, ..self })
    }

    /// What it is counted in.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// How many units it has, extension included.
    #[must_use]
    pub const fn units(self) -> u32 {
        self.limit + self.extension
    }

    /// When it falls due, counted from an instant (microseconds UTC) in the calendar's zone.
    ///
    /// # Errors
    /// The answer lies beyond the calendar.
    pub fn due(self, calendar: &WorkingCalendar, from_micros: i64) -> Result<Due, DeadlineError> {
        self.due_with_pauses(calendar, from_micros, &[])
    }

    /// When it falls due if the clock stood still meanwhile. Pauses may be given in any order and
    /// may overlap; a pause that is still open is given with the present as its end.
    ///
    /// # Errors
    /// There are too many pauses, or the answer lies beyond the calendar.
    pub fn due_with_pauses(
        self,
        calendar: &WorkingCalendar,
        from_micros: i64,
        pauses: &[Pause],
    ) -> Result<Due, DeadlineError> {
        let pauses = merged(from_micros, pauses)?;
        let count = Count { term: self, calendar, from_micros };
        match self.unit {
            Unit::WorkingDay | Unit::CalendarDay => count.days(&pauses),
            Unit::Hour => count.hours(&pauses),
        }
    }
}

/// A time during which the clock stood still, in microseconds UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Pause {
    /// When the reporter was asked for more.
    pub from_micros: i64,
    /// When the reporter had answered.
    pub until_micros: i64,
}

/// The moment by which a share of the limit is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// The share, one of [`WARNING_PERCENTS`].
    pub percent: u8,
    /// The instant (microseconds UTC). In days: the opening of the office on the day that brings
    /// the count to the share, when somebody reads it; at 100 % the moment it falls due.
    pub at_micros: i64,
}

/// A due date with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Due {
    /// The legal date of the start: day 0, which never counts.
    pub start_date: Date,
    /// The due date before any pause.
    pub original_due_date: Date,
    /// The due instant before any pause (microseconds UTC).
    pub original_due_at_micros: i64,
    /// The due date.
    pub due_date: Date,
    /// The instant at which it falls due (microseconds UTC).
    pub due_at_micros: i64,
    /// Each day after the start through the due date, and whether it counted.
    pub days: Vec<DayInfo>,
    /// When to warn, earliest first.
    pub warnings: [Warning; 3],
    /// Whether the days off that it hangs on are known. Where they are not, the date may change.
    pub holidays: Certainty,
}

/// One count under way: the term, the calendar and the start, which every step needs.
struct Count<'a> {
    term: Term,
    calendar: &'a WorkingCalendar,
    from_micros: i64,
}

/// Days that do not count, `(after, through]`: a pause, or the way to the next working day.
struct Idle {
    after: Date,
    through: Date,
    paused: bool,
}

impl Count<'_> {
    fn days(&self, pauses: &[Pause]) -> Result<Due, DeadlineError> {
        let (original, _) = self.run(&[])?;
        let (due_date, idle) = self.run(pauses)?;
        let days = self.explain(due_date, |day| {
            let idle = idle.iter().find(|idle| idle.after < day.date && day.date <= idle.through);
            day.counted |= self.term.unit == Unit::CalendarDay;
            if let Some(idle) = idle.filter(|_| day.counted) {
                day.counted = false;
                day.reason = if idle.paused { Reason::Paused } else { day.reason };
            }
        })?;

        let due_at_micros = self.calendar.due_micros(due_date);
        let counted: Vec<Date> = days.iter().filter(|day| day.counted).map(|d| d.date).collect();
        let warnings = WARNING_PERCENTS.map(|percent| {
            let nth = (counted.len() * usize::from(percent)).div_ceil(100);
            let opening = match nth.checked_sub(1) {
                Some(index) if percent < 100 => self.calendar.opening_micros(counted[index]),
                _ => due_at_micros,
            };
            Warning { percent, at_micros: opening.min(due_at_micros) }
        });
        let original_due_at_micros = self.calendar.due_micros(original);
        Ok(self.result(original, original_due_at_micros, due_date, due_at_micros, days, warnings))
    }

    fn hours(&self, pauses: &[Pause]) -> Result<Due, DeadlineError> {
        let span = i64::from(self.term.units()) * HOUR_MICROS;
        let out_of_range = || CalendarError::OutOfRange(self.start_date());
        let shifted = |span: i64, pauses: &[Pause]| {
            let end = self.from_micros.checked_add(span).ok_or_else(out_of_range)?;
            pauses.iter().try_fold(end, |end, pause| match pause.from_micros <= end {
                true => end.checked_add(pause.length()).ok_or_else(out_of_range),
                false => Ok(end),
            })
        };
        let zone = self.calendar.zone();
        let original_due_at_micros = shifted(span, &[])?;
        let due_at_micros = shifted(span, pauses)?;
        let due_date = zone.local_date(due_at_micros);
        let days = self.explain(due_date, |day| {
            let start = zone.start_of_day(day.date);
            let covers = |pause: &Pause| {
                pause.from_micros <= start && start + DAY_MICROS <= pause.until_micros
            };
            day.counted = !pauses.iter().any(covers);
            day.reason = if day.counted { day.reason } else { Reason::Paused };
        })?;
        let mut warnings = [Warning { percent: 100, at_micros: due_at_micros }; 3];
        for (warning, percent) in warnings.iter_mut().zip(WARNING_PERCENTS) {
            let at_micros = shifted(span / 100 * i64::from(percent), pauses)?;
            *warning = Warning { percent, at_micros };
        }
        let original = zone.local_date(original_due_at_micros);
        Ok(self.result(original, original_due_at_micros, due_date, due_at_micros, days, warnings))
    }

    /// Counts the limit and then its extension, each stretched by the pauses that began before it
    /// fell due. Gives the due date and the days that did not count.
    fn run(&self, pauses: &[Pause]) -> Result<(Date, Vec<Idle>), DeadlineError> {
        let zone = self.calendar.zone();
        let mut pauses = pauses.iter().peekable();
        let mut idle = Vec::new();
        let mut due = self.start_date();
        for (leg, units) in [self.term.limit, self.term.extension].into_iter().enumerate() {
            if leg > 0 && units == 0 {
                break;
            }
            let mut date = self.add(due, units)?;
            due = self.roll(date)?;
            while let Some(pause) =
                pauses.next_if(|pause| pause.from_micros <= self.calendar.due_micros(due))
            {
                let after = zone.local_date(pause.from_micros);
                let through = zone.local_date(pause.until_micros);
                let shift = self.count(after, through);
                if shift > 0 {
                    let resumed = date.max(after);
                    idle.push(Idle { after, through, paused: true });
                    idle.push(Idle { after: date, through: resumed, paused: false });
                    date = self.add(resumed, shift)?;
                    due = self.roll(date)?;
                }
            }
            idle.push(Idle { after: date, through: due, paused: false });
        }
        Ok((due, idle))
    }

    fn start_date(&self) -> Date {
        self.calendar.zone().local_date(self.from_micros)
    }

    fn add(&self, date: Date, units: u32) -> Result<Date, DeadlineError> {
        if self.term.unit == Unit::WorkingDay {
            return Ok(self.calendar.add_working_days(date, units)?);
        }
        let out_of_range = |_| CalendarError::OutOfRange(date);
        let days = Span::new().try_days(units).map_err(out_of_range)?;
        Ok(date.checked_add(days).map_err(out_of_range)?)
    }

    fn count(&self, after: Date, through: Date) -> u32 {
        match self.term.unit {
            Unit::WorkingDay => self.calendar.count_working_days(after, through),
            _ => u32::try_from(days_between(after, through)).unwrap_or_default(),
        }
    }

    fn roll(&self, date: Date) -> Result<Date, DeadlineError> {
        if self.term.roll_forward { Ok(self.calendar.roll_forward(date)?) } else { Ok(date) }
    }

    /// Each day after the start through the due date, as the calendar sees it and then as `mark`
    /// judges it.
    fn explain(
        &self,
        due_date: Date,
        mark: impl Fn(&mut DayInfo),
    ) -> Result<Vec<DayInfo>, DeadlineError> {
        let start = self.start_date();
        let span = days_between(start, due_date);
        if span > i64::from(SCAN_DAYS_MAX) {
            return Err(CalendarError::OutOfRange(start).into());
        }
        let dates = start.series(Span::new().days(1)).skip(1).take_while(|date| *date <= due_date);
        let marked = |date| {
            let mut day = self.calendar.day(date);
            mark(&mut day);
            day
        };
        Ok(dates.map(marked).collect())
    }

    fn result(
        &self,
        original_due_date: Date,
        original_due_at_micros: i64,
        due_date: Date,
        due_at_micros: i64,
        days: Vec<DayInfo>,
        warnings: [Warning; 3],
    ) -> Due {
        let start_date = self.start_date();
        // Hours and calendar days run through days off, but for an end that moves behind one.
        let hangs_on_days_off = self.term.unit == Unit::WorkingDay || self.term.roll_forward;
        let holidays = match hangs_on_days_off {
            true => self.calendar.holidays().certainty(start_date, due_date),
            false => Certainty::Known,
        };
        Due {
            start_date,
            original_due_date,
            original_due_at_micros,
            due_date,
            due_at_micros,
            days,
            warnings,
            holidays,
        }
    }
}

impl Pause {
    fn length(self) -> i64 {
        self.until_micros - self.from_micros
    }
}

fn days_between(after: Date, through: Date) -> i64 {
    through.duration_since(after).as_hours() / 24
}

/// The pauses after the start, in order and without overlap.
fn merged(from_micros: i64, pauses: &[Pause]) -> Result<Vec<Pause>, DeadlineError> {
    let longest = i64::from(SCAN_DAYS_MAX) * DAY_MICROS;
    let mut clipped: Vec<Pause> = pauses
        .iter()
        .map(|pause| Pause { from_micros: pause.from_micros.max(from_micros), ..*pause })
        .filter(|pause| pause.from_micros < pause.until_micros)
        .collect();
    let too_long =
        |p: &Pause| p.until_micros.checked_sub(p.from_micros).is_none_or(|l| l > longest);
    if clipped.len() > PAUSES_MAX || clipped.iter().any(too_long) {
        return Err(DeadlineError::PausesTooLong);
    }
    clipped.sort_by_key(|pause| pause.from_micros);
    let mut merged: Vec<Pause> = Vec::with_capacity(clipped.len());
    for pause in clipped {
        match merged.last_mut() {
            Some(last) if pause.from_micros <= last.until_micros => {
                last.until_micros = last.until_micros.max(pause.until_micros);
            }
            _ => merged.push(pause),
        }
    }
    Ok(merged)
}
