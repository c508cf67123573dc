//! When a queue is open: hours of the week on the days that the agency's calendar works.

use tanggap_calendar::{Date, Reason, Week, WorkingCalendar, Zone};
use tanggap_kernel::Timestamp;

use crate::model::Hours;

/// So many days ahead an opening is looked for: longer than any row of holidays.
const DAYS_MAX: usize = 60;

/// Whether it is open, and until when that stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Whether it is open.
    pub open: bool,
    /// When that changes; `None` where it never does.
    pub until: Option<Timestamp>,
}

/// Whether `hours` are open at `at`.
#[must_use]
pub fn opening(hours: &Hours, calendar: &WorkingCalendar, at: Timestamp) -> Opening {
    let Hours::Week(week) = hours else { return Opening { open: true, until: None } };
    // What follows each other without a gap, over midnight too, is one stretch.
    let mut joined: Option<(Timestamp, Timestamp)> = None;
    for (from, to) in stretches(week, calendar, at) {
        match &mut joined {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            Some(_) => break,
            None => joined = Some((from, to)),
        }
    }
    match joined {
        Some((from, to)) if from <= at => Opening { open: true, until: Some(to) },
        Some((from, _)) => Opening { open: false, until: Some(from) },
        None => Opening { open: false, until: None },
    }
}

/// When waiting begins to count for what comes at `at`: then, or at the next opening.
#[must_use]
pub fn starts_at(hours: &Hours, calendar: &WorkingCalendar, at: Timestamp) -> Timestamp {
    match opening(hours, calendar, at) {
        Opening { open: false, until: Some(next) } => next,
        _ => at,
    }
}

/// The stretches that end after `at`, in order. One until 23:59 lasts until midnight.
fn stretches<'a>(
    week: &'a Week,
    calendar: &'a WorkingCalendar,
    at: Timestamp,
) -> impl Iterator<Item = (Timestamp, Timestamp)> + 'a {
    let zone: Zone = calendar.zone();
    let first = zone.local_date(at.as_micros());
    std::iter::successors(Some(first), |date| date.tomorrow().ok())
        .take(DAYS_MAX)
        .filter(|date| !is_holiday(calendar, *date))
        .flat_map(move |date| {
            week.on(date.weekday()).iter().map(move |interval| {
                let moment = |time| Timestamp::from_micros(zone.instant(date.to_datetime(time)));
                let last = interval.to().hour() == 23 && interval.to().minute() == 59;
                let more = if last { Timestamp::MINUTE } else { 0 };
                (moment(interval.from()), moment(interval.to()).plus(more))
            })
        })
        .filter(move |(_, to)| *to > at)
}

/// Whether the calendar closes that day, whatever weekday it is.
fn is_holiday(calendar: &WorkingCalendar, date: Date) -> bool {
    use Reason::{JointLeave, NationalHoliday, RegionalHoliday};
    matches!(calendar.day(date).reason, NationalHoliday | JointLeave | RegionalHoliday)
}

#[cfg(test)]
mod tests {
    use tanggap_calendar::Base;

    use super::*;

    fn moment(calendar: &WorkingCalendar, date: &str, time: &str) -> Timestamp {
        let local = format!("{date}T{time}:00").parse().unwrap();
        Timestamp::from_micros(calendar.zone().instant(local))
    }

    fn week() -> Hours {
        let hours = |text: &str| vec![text.parse().unwrap()];
        Hours::Week(Week {
            mon: hours("08:00-16:00"),
            tue: hours("08:00-16:00"),
            sat: hours("20:00-23:59"),
            sun: hours("00:00-04:00"),
            ..Week::default()
        })
    }

    #[test]
    fn opens_and_closes_in_the_offices_zone_and_not_on_holidays() {
        for zone in Zone::ALL {
            let calendar = WorkingCalendar::plain(Base::Government, zone);
            let at = |date, time| moment(&calendar, date, time);
            for (now, open, until) in [
                // Monday 12 October 2026.
                (at("2026-10-12", "07:59"), false, at("2026-10-12", "08:00")),
                (at("2026-10-12", "08:00"), true, at("2026-10-12", "16:00")),
                (at("2026-10-12", "16:00"), false, at("2026-10-13", "08:00")),
                (at("2026-10-13", "16:30"), false, at("2026-10-17", "20:00")),
                // Over midnight without a gap.
                (at("2026-10-17", "23:59"), true, at("2026-10-18", "04:00")),
                (at("2026-10-18", "03:59"), true, at("2026-10-18", "04:00")),
                // Monday 17 August is Independence Day.
                (at("2026-08-17", "09:00"), false, at("2026-08-18", "08:00")),
            ] {
                let found = opening(&week(), &calendar, now);
                assert_eq!(found, Opening { open, until: Some(until) });
                let starts = if open { now } else { until };
                assert_eq!(starts_at(&week(), &calendar, now), starts);
            }
        }
    }

    #[test]
    fn never_and_always() {
        let calendar = WorkingCalendar::plain(Base::Government, Zone::Wib);
        let now = moment(&calendar, "2026-08-17", "03:00");
        let always = opening(&Hours::Always, &calendar, now);
        assert_eq!(always, Opening { open: true, until: None });
        let never = opening(&Hours::Week(Week::default()), &calendar, now);
        assert_eq!(never, Opening { open: false, until: None });
    }
}
