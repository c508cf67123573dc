//! Cases that were worked out by hand or with other tools from the text of the law. Their numbers
//! (D for working days, E for the other clocks) are the ones used in discussions of the rules.

use jiff::Span;
use jiff::civil::{Date, Weekday, date, datetime};
use tanggap_calendar::{
    Base, CalendarError, CalendarSpec, Certainty, DeadlineError, Due, DueTime, Holidays,
    OverrideKind, Pause, Reason, Term, Unit, WorkingCalendar, Zone,
};

use crate::support::{at, due, exception, government, government_with, morning, working};

#[test]
fn years_have_the_published_numbers_of_working_days() {
    let national = WorkingCalendar::plain(Base::National, Zone::Wib);
    for (year, working_days) in [(2024, 238), (2025, 237), (2026, 240)] {
        let (eve, last) = (date(year - 1, 12, 31), date(year, 12, 31));
        assert_eq!(government().count_working_days(eve, last), working_days, "{year}");
        assert_eq!(national.count_working_days(eve, last), 248, "{year}, joint leave worked");
    }
    let months = [20, 18, 17, 21, 16, 20, 23, 19, 22, 22, 21, 21];
    for (month, working_days) in (1..).zip(months) {
        let first = date(2026, month, 1);
        let (eve, last) = (first.yesterday().unwrap(), first.last_of_month());
        assert_eq!(government().count_working_days(eve, last), working_days, "month {month}");
    }
}

#[test]
fn d1_d3_d4_d6_before_the_idulfitri_block() {
    let (calendar, received) = (government(), date(2026, 3, 13));
    assert_eq!(
        working(&calendar, received, [3, 10, 30, 60]),
        [date(2026, 3, 25), date(2026, 4, 6), date(2026, 5, 5), date(2026, 6, 24)]
    );

    let extended = Term::new(10, Unit::WorkingDay).unwrap().extended_by(7).unwrap();
    let due = extended.due(&calendar, morning(&calendar, received)).unwrap();
    assert_eq!(due.due_date, date(2026, 4, 15), "D4: +7 from the first due date");
}

#[test]
fn d7_a_body_that_works_on_joint_leave() {
    let national = WorkingCalendar::plain(Base::National, Zone::Wib);
    let dues = working(&national, date(2026, 3, 13), [3, 10]);
    assert_eq!(dues, [date(2026, 3, 18), date(2026, 3, 30)]);
}

#[test]
fn d10_d11_d16_over_other_holidays() {
    let calendar = government();
    assert_eq!(working(&calendar, date(2025, 12, 1), [30]), [date(2026, 1, 15)]);
    assert_eq!(
        working(&calendar, date(2026, 5, 13), [3, 5, 10, 14]),
        [date(2026, 5, 20), date(2026, 5, 22), date(2026, 6, 3), date(2026, 6, 9)]
    );
    assert_eq!(
        working(&calendar, date(2024, 11, 26), [1, 3]),
        [date(2024, 11, 28), date(2024, 12, 2)],
        "election day"
    );
}

#[test]
fn d13_d14_the_joint_leave_that_was_added_late() {
    let received = date(2025, 8, 15);
    assert_eq!(
        working(&government(), received, [1, 3, 5]),
        [date(2025, 8, 19), date(2025, 8, 21), date(2025, 8, 25)]
    );
    let before = exception(date(2025, 8, 18), OverrideKind::JointLeaveRemoved);
    assert_eq!(
        working(&government_with(vec![before]), received, [1, 3, 5]),
        [date(2025, 8, 18), date(2025, 8, 20), date(2025, 8, 22)]
    );
}

#[test]
fn d21_objection_and_its_reply() {
    let calendar = government();
    assert_eq!(working(&calendar, date(2026, 4, 6), [30]), [date(2026, 5, 21)]);
    assert_eq!(working(&calendar, date(2026, 5, 25), [30]), [date(2026, 7, 10)]);
}

#[test]
fn d22_counting_backwards() {
    let latest = government().subtract_working_days(date(2026, 12, 31), 30);
    assert_eq!(latest, Ok(date(2026, 11, 17)));
}

#[test]
fn d23_a_pause_moves_the_due_date() {
    let calendar = government();
    let pause = Pause {
        from_micros: at(&calendar, datetime(2026, 7, 8, 14, 0, 0, 0)),
        until_micros: at(&calendar, datetime(2026, 7, 13, 10, 0, 0, 0)),
    };
    let term = Term::new(14, Unit::WorkingDay).unwrap();
    let received = morning(&calendar, date(2026, 7, 6));
    let due = term.due_with_pauses(&calendar, received, &[pause]).unwrap();
    assert_eq!(due.original_due_date, date(2026, 7, 24));
    assert_eq!(due.due_date, date(2026, 7, 29));
    let paused: Vec<_> =
        due.days.iter().filter(|d| d.reason == Reason::Paused).map(|d| d.date).collect();
    assert_eq!(paused, [date(2026, 7, 9), date(2026, 7, 10), date(2026, 7, 13)]);
}

#[test]
fn d_tz_the_legal_date_is_the_one_of_the_office() {
    let instant = Zone::Wib.instant(datetime(2026, 3, 12, 23, 30, 0, 0));
    let dues = |zone| {
        let calendar = WorkingCalendar::plain(Base::Government, zone);
        [1, 3].map(|limit| {
            Term::new(limit, Unit::WorkingDay).unwrap().due(&calendar, instant).unwrap().due_date
        })
    };
    assert_eq!(dues(Zone::Wib), [date(2026, 3, 13), date(2026, 3, 17)]);
    assert_eq!(dues(Zone::Wita), [date(2026, 3, 16), date(2026, 3, 25)]);
    assert_eq!(dues(Zone::Wit), [date(2026, 3, 16), date(2026, 3, 25)]);
}

#[test]
fn e1_e3_e4_e7_calendar_days_of_an_agency_do_not_roll() {
    let calendar = government();
    for (started, limit, expected) in [
        (date(2026, 3, 13), 14, date(2026, 3, 27)),
        (date(2026, 4, 15), 60, date(2026, 6, 14)),
        (date(2026, 6, 14), 14, date(2026, 6, 28)),
        (date(2026, 3, 2), 14, date(2026, 3, 16)),
    ] {
        let due = due(&calendar, started, limit, Unit::CalendarDay);
        assert_eq!(due.due_date, expected);
        assert!(due.days.iter().all(|day| day.counted), "weekends and holidays count too");
    }
}

#[test]
fn e2_e11_calendar_days_of_a_citizen_roll_forward() {
    let calendar = government();
    let term = Term::new(30, Unit::CalendarDay).unwrap();
    let answered = morning(&calendar, date(2026, 3, 20));
    assert_eq!(term.due(&calendar, answered).unwrap().due_date, date(2026, 4, 19));

    let rolled = term.rolling_forward(true).due(&calendar, answered).unwrap();
    assert_eq!(rolled.due_date, date(2026, 4, 20));
    assert_eq!(rolled.days.iter().filter(|day| day.counted).count(), 30);

    let served = morning(&calendar, date(2026, 1, 31));
    assert_eq!(
        term.rolling_forward(true).due(&calendar, served).unwrap().due_date,
        date(2026, 3, 2)
    );
}

#[test]
fn e8_hours_ignore_nights_and_holidays() {
    let calendar = government();
    let due = due(&calendar, date(2026, 3, 20), 72, Unit::Hour);
    assert_eq!(due.due_at_micros, at(&calendar, datetime(2026, 3, 23, 9, 0, 0, 0)));
    let half = at(&calendar, datetime(2026, 3, 21, 21, 0, 0, 0));
    assert_eq!(due.warnings[0].at_micros, half);
}

#[test]
fn the_clocks_of_one_complaint_run_side_by_side() {
    let (calendar, received) = (government(), date(2026, 3, 13));
    assert_eq!(working(&calendar, received, [3, 5]), [date(2026, 3, 25), date(2026, 3, 27)]);
    assert_eq!(due(&calendar, received, 14, Unit::CalendarDay).due_date, date(2026, 3, 27));
    assert_eq!(working(&calendar, date(2026, 3, 25), [5]), [date(2026, 4, 1)]);
    assert_eq!(working(&calendar, received, [14]), [date(2026, 4, 10)]);
}

#[test]
fn every_day_is_explained() {
    let due = due(&government(), date(2026, 3, 13), 3, Unit::WorkingDay);
    let reasons: Vec<_> = due.days.iter().map(|d| (d.date.day(), d.counted, d.reason)).collect();
    assert_eq!(
        reasons,
        [
            (14, false, Reason::Weekend),
            (15, false, Reason::Weekend),
            (16, true, Reason::WorkingDay),
            (17, true, Reason::WorkingDay),
            (18, false, Reason::JointLeave),
            (19, false, Reason::NationalHoliday),
            (20, false, Reason::JointLeave),
            (21, false, Reason::NationalHoliday),
            (22, false, Reason::NationalHoliday),
            (23, false, Reason::JointLeave),
            (24, false, Reason::JointLeave),
            (25, true, Reason::WorkingDay),
        ]
    );
    assert_eq!(
        serde_json::to_string(&due.days[5]).unwrap(),
        r#"{"date":"2026-03-19","counted":false,"reason":"national_holiday","#.to_owned()
            + r#""name":{"id":"Hari Suci Nyepi, Tahun Baru Saka 1948","#
            + r#""en":"Nyepi, Saka New Year 1948"}}"#
    );
    assert_eq!(due.due_at_micros, Zone::Wib.instant(datetime(2026, 3, 25, 23, 59, 59, 0)));
    assert_eq!(due.holidays, Certainty::Known);
}

#[test]
fn warnings_come_at_the_opening_of_their_day() {
    let calendar = government();
    let due = due(&calendar, date(2026, 3, 27), 10, Unit::WorkingDay);
    assert_eq!(due.due_date, date(2026, 4, 13));
    let expected = [datetime(2026, 4, 6, 7, 30, 0, 0), datetime(2026, 4, 9, 7, 30, 0, 0)]
        .map(|local| at(&calendar, local));
    assert_eq!(due.warnings.map(|w| w.percent), [50, 80, 100]);
    assert_eq!(
        due.warnings.map(|w| w.at_micros),
        [expected[0], expected[1], due.due_at_micros],
        "the 5th and the 8th of 10 days, and the end"
    );
}

#[test]
fn an_agency_can_close_its_day_at_closing_time() {
    let spec = CalendarSpec {
        due_time: DueTime::Closing,
        ..CalendarSpec::new(Base::Government, Zone::Wita)
    };
    let calendar = WorkingCalendar::new(spec).unwrap();
    let friday = date(2026, 4, 10);
    assert_eq!(calendar.due_micros(friday), Zone::Wita.instant(friday.at(16, 30, 0, 0)));
    let ramadan = date(2026, 3, 9);
    assert_eq!(calendar.due_micros(ramadan), Zone::Wita.instant(ramadan.at(15, 0, 0, 0)));
    let sunday = date(2026, 4, 12);
    assert_eq!(calendar.due_micros(sunday), Zone::Wita.end_of_day(sunday));
    assert!(calendar.is_open(Zone::Wita.instant(friday.at(7, 30, 0, 0))));
    assert!(!calendar.is_open(Zone::Wita.instant(friday.at(12, 0, 0, 0))), "Friday break");
}

#[test]
fn exceptions_win_over_holidays_and_the_week() {
    let calendar = government_with(vec![
        exception(date(2026, 4, 8), OverrideKind::RegionalHoliday),
        exception(date(2026, 4, 11), OverrideKind::ExtraWorkingDay),
        exception(date(2026, 4, 14), OverrideKind::JointLeave),
        exception(date(2026, 4, 15), OverrideKind::NationalHoliday),
    ]);
    let reason = |day| calendar.day(date(2026, 4, day)).reason;
    assert_eq!(
        [8, 11, 14, 15].map(reason),
        [
            Reason::RegionalHoliday,
            Reason::ExtraWorkingDay,
            Reason::JointLeave,
            Reason::NationalHoliday,
        ]
    );
    assert_eq!(
        working(&calendar, date(2026, 4, 7), [3, 5]),
        [date(2026, 4, 11), date(2026, 4, 16)]
    );
    assert_eq!(date(2026, 4, 11).weekday(), Weekday::Saturday);
    assert!(!calendar.hours_on(date(2026, 4, 11)).is_empty(), "worked at usual hours");
}

#[test]
fn unexplained_or_doubled_exceptions_are_refused() {
    let day = date(2026, 4, 8);
    let refused = |overrides| {
        let spec = CalendarSpec { overrides, ..CalendarSpec::new(Base::Government, Zone::Wib) };
        WorkingCalendar::new(spec).unwrap_err()
    };
    let sound = exception(day, OverrideKind::RegionalHoliday);
    assert_eq!(refused(vec![sound.clone(), sound.clone()]), CalendarError::OverriddenTwice(day));
    let mut bare = sound;
    bare.decree.clear();
    assert_eq!(refused(vec![bare]), CalendarError::UnexplainedOverride(day));
}

#[test]
fn a_calendar_is_stored_as_a_short_text() {
    let stored = r#"{"base": "government", "zone": "Asia/Makassar"}"#;
    let spec: CalendarSpec = serde_json::from_str(stored).unwrap();
    assert_eq!(spec, CalendarSpec::new(Base::Government, Zone::Wita));
    let again = serde_json::from_str(&serde_json::to_string(&spec).unwrap()).unwrap();
    assert_eq!(spec, again);
}

#[test]
fn years_without_a_decree_count_weekends_only_and_say_so() {
    let due = due(&government(), date(2027, 12, 27), 10, Unit::WorkingDay);
    assert_eq!(due.due_date, date(2028, 1, 10));
    assert_eq!(due.holidays, Certainty::Unknown);
    // Calendar days run through days off, so nothing about them is unsure.
    let calendar_days = due_of(date(2027, 12, 27), 60, Unit::CalendarDay);
    assert_eq!(calendar_days.holidays, Certainty::Known);
}

#[test]
fn what_hangs_on_an_estimated_holiday_says_so() {
    let holiday = Holidays::embedded().iter().find(|holiday| holiday.estimated).unwrap().date;
    let days = |from: i64| holiday.saturating_add(Span::new().days(from));
    let sure = |from, limit| due_of(days(from), limit, Unit::WorkingDay).holidays;
    assert_eq!(sure(-40, 1), Certainty::Known);
    assert_eq!(sure(-10, 10), Certainty::Estimated);
    // It may turn out to be a day earlier, and then be the day that something is due on.
    let through = |date| Holidays::embedded().certainty(days(-9), date);
    assert_eq!(through(days(-1)), Certainty::Estimated);
    assert_eq!(through(days(-2)), Certainty::Known);
}

fn due_of(from: Date, limit: u32, unit: Unit) -> Due {
    due(&government(), from, limit, unit)
}

#[test]
fn impossible_limits_are_refused() {
    let refused = Term::new(3_661, Unit::WorkingDay).unwrap_err();
    assert_eq!(refused, DeadlineError::LimitTooLong { limit: 3_661, max: 3_660 });
    assert!(Term::new(3_660, Unit::CalendarDay).unwrap().extended_by(1).is_err());
    assert!(Term::new(u32::MAX, Unit::Hour).is_err());
    let end_of_time = Term::new(1, Unit::Hour).unwrap().due(&government(), i64::MAX);
    assert!(matches!(end_of_time, Err(DeadlineError::Calendar(CalendarError::OutOfRange(_)))));
    let eternal = Pause { from_micros: 0, until_micros: i64::MAX };
    let paused = Term::new(1, Unit::CalendarDay).unwrap();
    assert_eq!(
        paused.due_with_pauses(&government(), 0, &[eternal]),
        Err(DeadlineError::PausesTooLong)
    );
}

#[test]
fn a_limit_of_nothing_is_due_on_the_day_itself() {
    let calendar = government();
    for unit in [Unit::WorkingDay, Unit::CalendarDay] {
        let due = due(&calendar, date(2026, 3, 14), 0, unit);
        assert_eq!((due.due_date, due.days.len()), (date(2026, 3, 14), 0));
    }
}
