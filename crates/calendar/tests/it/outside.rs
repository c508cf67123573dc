//! Comparison with lists and due dates that others computed, read from the folder named by
//! `TANGGAP_TESTDATA`. Without the variable these tests say that they were skipped.

use std::path::PathBuf;

use jiff::civil::Date;
use tanggap_calendar::{HolidayKind, Holidays, Unit};

use crate::support::{due, government};

/// The rows of a file in the outside set, split at commas, without the heading.
fn rows(file: &str) -> Option<Vec<Vec<String>>> {
    let Some(root) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let path = PathBuf::from(root).join("id-holidays").join(file);
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("outside data {}: {error}", path.display()));
    Some(text.lines().skip(1).map(|row| row.split(',').map(str::to_owned).collect()).collect())
}

#[test]
fn holidays_equal_the_outside_list() {
    let Some(rows) = rows("holidays.csv") else { return };
    let holidays = Holidays::embedded();
    let years: Vec<i16> = rows.iter().map(|row| row[0][..4].parse().unwrap()).collect();
    let theirs: Vec<(String, HolidayKind)> = rows
        .iter()
        .map(|row| match row[1].as_str() {
            "libur_nasional" => (row[0].clone(), HolidayKind::NationalHoliday),
            "cuti_bersama" => (row[0].clone(), HolidayKind::JointLeave),
            other => panic!("unknown kind {other}"),
        })
        .collect();
    let ours: Vec<(String, HolidayKind)> = holidays
        .iter()
        .filter(|holiday| years.contains(&holiday.date.year()))
        .map(|holiday| (holiday.date.to_string(), holiday.kind))
        .collect();
    assert!(!theirs.is_empty());
    assert_eq!(ours, theirs);
}

#[test]
fn due_dates_equal_the_outside_computation() {
    let Some(rows) = rows("working-days.csv") else { return };
    assert!(!rows.is_empty());
    let calendar = government();
    for row in rows {
        let (received, expected): (Date, Date) = (row[0].parse().unwrap(), row[2].parse().unwrap());
        let due = due(&calendar, received, row[1].parse().unwrap(), Unit::WorkingDay);
        assert_eq!(due.due_date, expected, "{} working days after {received}", row[1]);
    }
}
