//! When things happen: reports come at the hours and on the weekdays at which a city's did, the
//! contact centre is awake from early to late, offices work in office hours.

use tanggap_calendar::{Base, Weekday, WorkingCalendar};
use tanggap_kernel::{Locale, Timestamp};
use tanggap_ui::format;

use super::agency::ZONE;
use super::chance::Chance;

/// How far back the demo's history goes.
pub(super) const HISTORY_DAYS: i64 = 273;
/// Part of a week's reports by weekday, from Monday.
const BY_WEEKDAY: [f64; 7] = [0.16, 0.16, 0.16, 0.16, 0.15, 0.11, 0.09];
/// Part of a day's reports by hour, in per cent.
const BY_HOUR: [f64; 24] = [
    2.2, 1.4, 0.8, 0.6, 0.8, 1.3, 2.3, 4.0, 6.0, 7.6, 7.8, 7.3, 6.1, 6.0, 6.2, 5.8, 5.2, 4.6, 4.6,
    5.2, 5.0, 4.2, 3.2, 1.8,
];

/// The hours of the demo.
pub(super) struct Hours {
    calendar: WorkingCalendar,
}

impl Hours {
    pub(super) fn new() -> Self {
        Self { calendar: WorkingCalendar::plain(Base::Government, ZONE) }
    }

    /// When the next of the reports of the past months came in.
    pub(super) fn arrival(&self, now: Timestamp, chance: &mut Chance) -> Timestamp {
        loop {
            let back = chance.unit() * (HISTORY_DAYS * Timestamp::DAY) as f64;
            let day = ZONE.local_date(now.plus(-(back as i64)).as_micros());
            let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
            if !chance.of(BY_WEEKDAY[weekday] / BY_WEEKDAY[0]) {
                continue;
            }
            let hour = chance.weighted(&BY_HOUR) as i64;
            let within = hour * Timestamp::HOUR + chance.between(0, Timestamp::HOUR - 1);
            let at = Timestamp::from_micros(ZONE.start_of_day(day)).plus(within);
            if at < now {
                return at;
            }
        }
    }

    /// `at`, or the next morning where it is night.
    pub(super) fn awake(&self, at: Timestamp, chance: &mut Chance) -> Timestamp {
        let hour = local_minutes(at) / 60;
        if (6..21).contains(&hour) {
            return at;
        }
        let day = ZONE.local_date(at.as_micros());
        let morning = Timestamp::from_micros(ZONE.start_of_day(day)).plus(6 * Timestamp::HOUR);
        let morning = if hour < 6 { morning } else { morning.plus(Timestamp::DAY) };
        morning.plus(chance.between(20, 120) * Timestamp::MINUTE)
    }

    /// `at`, or the next time at which offices are open.
    pub(super) fn office(&self, at: Timestamp, chance: &mut Chance) -> Timestamp {
        let day = ZONE.local_date(at.as_micros());
        let open = self.calendar.is_working_day(day) && day.weekday() != Weekday::Sunday;
        if open && (450..960).contains(&local_minutes(at)) {
            return at;
        }
        let mut next =
            if open && local_minutes(at) < 450 { Some(day) } else { day.tomorrow().ok() };
        while let Some(day) = next.filter(|day| !self.calendar.is_working_day(*day)) {
            next = day.tomorrow().ok();
        }
        let day = next.unwrap_or(day);
        let opening = Timestamp::from_micros(ZONE.start_of_day(day)).plus(450 * Timestamp::MINUTE);
        opening.plus(chance.between(5, 330) * Timestamp::MINUTE)
    }
}

pub(super) fn local_minutes(at: Timestamp) -> i64 {
    let local = ZONE.local(at.as_micros());
    i64::from(local.hour()) * 60 + i64::from(local.minute())
}

/// `13 Maret 2026`.
pub(super) fn date(at: Timestamp) -> String {
    format::date_of(Locale::Id, at, tanggap_calendar::Zone::Wib)
}

/// `2026-03-13`.
pub(super) fn iso_date(at: Timestamp) -> String {
    ZONE.local_date(at.as_micros()).to_string()
}

/// `14.35`, to five minutes.
pub(super) fn clock(at: Timestamp) -> String {
    let minutes = local_minutes(at) / 5 * 5;
    format!("{:02}.{:02}", minutes / 60, minutes % 60)
}

/// A moment in daytime, one to six days before `at`.
pub(super) fn daytime_before(at: Timestamp, chance: &mut Chance) -> Timestamp {
    let day = ZONE.local_date(at.plus(-chance.between(1, 6) * Timestamp::DAY).as_micros());
    Timestamp::from_micros(ZONE.start_of_day(day))
        .plus(chance.between(7 * 60, 15 * 60 + 55) * Timestamp::MINUTE)
}
