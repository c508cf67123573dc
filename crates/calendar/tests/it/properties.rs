//! Laws of counting that hold on every calendar, start and limit.

use jiff::civil::{Date, date};
use proptest::prelude::*;
use tanggap_calendar::{
    Base, CalendarSpec, DueTime, OverrideKind, Pause, Reason, Term, Unit, WorkingCalendar, Zone,
};

use crate::support::exception;

fn any_calendar() -> impl Strategy<Value = WorkingCalendar> {
    let kind = prop_oneof![
        Just(OverrideKind::RegionalHoliday),
        Just(OverrideKind::NationalHoliday),
        Just(OverrideKind::JointLeave),
        Just(OverrideKind::JointLeaveRemoved),
        Just(OverrideKind::ExtraWorkingDay),
    ];
    let base = prop_oneof![Just(Base::Government), Just(Base::National)];
    let due_time = prop_oneof![Just(DueTime::EndOfDay), Just(DueTime::Closing)];
    let overrides = prop::collection::btree_map(any_date(), kind, 0..40);
    (base, 0..3_usize, due_time, overrides).prop_map(|(base, zone, due_time, overrides)| {
        let overrides = overrides.into_iter().map(|(date, kind)| exception(date, kind)).collect();
        let spec = CalendarSpec::new(base, Zone::ALL[zone]);
        WorkingCalendar::new(CalendarSpec { due_time, overrides, ..spec }).unwrap()
    })
}

fn any_date() -> impl Strategy<Value = Date> {
    (0..365 * 5).prop_map(|days| date(2023, 6, 1) + jiff::Span::new().days(days))
}

/// Microseconds from June 2023 into 2028: known years and one beyond them.
fn any_instant() -> impl Strategy<Value = i64> {
    let from = Zone::Wib.start_of_day(date(2023, 6, 1));
    let to = Zone::Wib.start_of_day(date(2028, 6, 1));
    from..to
}

fn any_unit() -> impl Strategy<Value = Unit> {
    (0..3_usize).prop_map(|index| Unit::ALL[index])
}

fn any_pauses() -> impl Strategy<Value = Vec<Pause>> {
    let pause =
        (any_instant(), 0..90 * 24 * 3_600_000_000_i64).prop_map(|(from_micros, length)| Pause {
            from_micros,
            until_micros: from_micros + length,
        });
    prop::collection::vec(pause, 0..30)
}

proptest! {
    #[test]
    fn adding_then_subtracting_comes_back(
        calendar in any_calendar(), start in any_date(), count in 1_u32..400,
    ) {
        let start = calendar.roll_forward(start).unwrap();
        let there = calendar.add_working_days(start, count).unwrap();
        prop_assert_eq!(calendar.subtract_working_days(there, count), Ok(start));
        prop_assert_eq!(calendar.count_working_days(start, there), count);
    }

    #[test]
    fn working_day_limits_end_on_a_working_day(
        calendar in any_calendar(), from in any_instant(), limit in 1_u32..200,
        extension in 0_u32..20, pauses in any_pauses(),
    ) {
        let term = Term::new(limit, Unit::WorkingDay).unwrap().extended_by(extension).unwrap();
        let due = term.due_with_pauses(&calendar, from, &pauses).unwrap();
        prop_assert!(calendar.is_working_day(due.due_date));
        prop_assert!(calendar.is_working_day(due.original_due_date));
    }

    #[test]
    fn exactly_the_limit_is_counted(
        calendar in any_calendar(), from in any_instant(), limit in 1_u32..200,
        extension in 0_u32..20, roll in any::<bool>(), working in any::<bool>(),
        pauses in any_pauses(),
    ) {
        let unit = if working { Unit::WorkingDay } else { Unit::CalendarDay };
        let term = Term::new(limit, unit).unwrap().extended_by(extension).unwrap();
        let due = term.rolling_forward(roll).due_with_pauses(&calendar, from, &pauses).unwrap();
        let counted = due.days.iter().filter(|day| day.counted).count();
        prop_assert_eq!(counted, (limit + extension) as usize);
        prop_assert_eq!(due.days.last().map(|day| day.date), Some(due.due_date));
        prop_assert!(due.days.iter().all(|day| !(day.counted && day.reason == Reason::Paused)));
    }

    #[test]
    fn a_longer_limit_is_never_due_earlier(
        calendar in any_calendar(), from in any_instant(), limit in 0_u32..300,
        unit in any_unit(), roll in any::<bool>(), pauses in any_pauses(),
    ) {
        let due = |limit| {
            let term = Term::new(limit, unit).unwrap().rolling_forward(roll);
            term.due_with_pauses(&calendar, from, &pauses).unwrap().due_at_micros
        };
        prop_assert!(due(limit) <= due(limit + 1));
    }

    #[test]
    fn a_pause_never_takes_time_away(
        calendar in any_calendar(), from in any_instant(), limit in 1_u32..200,
        unit in any_unit(), pauses in any_pauses(),
    ) {
        let term = Term::new(limit, unit).unwrap();
        let due = term.due_with_pauses(&calendar, from, &pauses).unwrap();
        prop_assert!(due.due_at_micros >= due.original_due_at_micros);
        prop_assert!(due.original_due_at_micros > from);
    }

    #[test]
    fn warnings_come_in_order_and_within_the_limit(
        calendar in any_calendar(), from in any_instant(), limit in 1_u32..200,
        unit in any_unit(), pauses in any_pauses(),
    ) {
        let term = Term::new(limit, unit).unwrap();
        let due = term.due_with_pauses(&calendar, from, &pauses).unwrap();
        let at = due.warnings.map(|warning| warning.at_micros);
        prop_assert!(from < at[0] && at[0] <= at[1] && at[1] <= at[2]);
        prop_assert_eq!(at[2], due.due_at_micros);
    }

    #[test]
    fn zones_agree_on_the_hour_and_differ_by_a_day_at_most(
        from in any_instant(), limit in 1_u32..100,
    ) {
        let due = |zone, unit| {
            let calendar = WorkingCalendar::plain(Base::Government, zone);
            Term::new(limit, unit).unwrap().due(&calendar, from).unwrap()
        };
        let (west, east) = (due(Zone::Wib, Unit::Hour), due(Zone::Wit, Unit::Hour));
        prop_assert_eq!(west.due_at_micros, east.due_at_micros);

        let (west, east) = (due(Zone::Wib, Unit::WorkingDay), due(Zone::Wit, Unit::WorkingDay));
        if west.start_date == east.start_date {
            prop_assert_eq!(west.due_date, east.due_date);
        } else {
            prop_assert_eq!(west.start_date.tomorrow().unwrap(), east.start_date);
            prop_assert!(west.due_date <= east.due_date);
        }
    }
}
