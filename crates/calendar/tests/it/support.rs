//! Short words for the tests: calendars, instants and terms.

use tanggap_calendar::{
    Base, CalendarSpec, Date, DateTime, Due, Override, OverrideKind, Term, Text, Unit,
    WorkingCalendar, Zone,
};

/// The government calendar in Western Indonesia.
pub fn government() -> WorkingCalendar {
    WorkingCalendar::plain(Base::Government, Zone::Wib)
}

/// The government calendar with exceptions.
pub fn government_with(overrides: Vec<Override>) -> WorkingCalendar {
    let spec = CalendarSpec { overrides, ..CalendarSpec::new(Base::Government, Zone::Wib) };
    WorkingCalendar::new(spec).unwrap()
}

/// An exception with a name and a decree.
pub fn exception(date: Date, kind: OverrideKind) -> Override {
    let name = Text::new("Keputusan daerah", "Regional decision");
    Override { date, kind, name, decree: "Keputusan Bupati".into() }
}

/// Nine o'clock in the morning of a date in the calendar's zone.
pub fn morning(calendar: &WorkingCalendar, date: Date) -> i64 {
    calendar.zone().instant(date.at(9, 0, 0, 0))
}

/// An instant given in the calendar's zone.
pub fn at(calendar: &WorkingCalendar, local: DateTime) -> i64 {
    calendar.zone().instant(local)
}

/// The due date of a limit counted from a morning.
pub fn due(calendar: &WorkingCalendar, received: Date, limit: u32, unit: Unit) -> Due {
    Term::new(limit, unit).unwrap().due(calendar, morning(calendar, received)).unwrap()
}

/// The due dates of several limits in working days counted from a morning.
pub fn working<const N: usize>(
    calendar: &WorkingCalendar,
    received: Date,
    limits: [u32; N],
) -> [Date; N] {
    limits.map(|limit| due(calendar, received, limit, Unit::WorkingDay).due_date)
}
