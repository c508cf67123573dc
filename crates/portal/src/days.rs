//! Why this date: a limit told day by day, on a case's page and as a calculator for everybody.

use askama::Template;
use axum::extract::Query;
use axum::http::StatusCode;
use serde::Deserialize;
use tanggap_calendar::{
    Base, Certainty, Date, DateTime, DayInfo, Due, Reason, Term, Unit, WorkingCalendar, Zone,
};
use tanggap_kernel::Timestamp;
use tanggap_kernel::error::Invalid;
use tanggap_ui::{Answer, Choice, FormState, Page, Text, format};

use crate::door::Door;

/// The longest limit that the calculator takes, in its unit.
const LIMIT_MAX: u32 = 400;
/// The most days that one table shows.
const DAYS_SHOWN: usize = 800;

/// `13 Maret 2026` of a civil date.
#[must_use]
pub fn written(text: Text, day: Date) -> String {
    let (month, date) = (day.month().unsigned_abs(), day.day().unsigned_abs());
    format::date(text.locale, i64::from(day.year()), month, date)
}

/// `Jumat, 13 Maret 2026` of a civil date.
#[must_use]
pub fn written_with_weekday(text: Text, day: Date) -> String {
    let weekday = text.t(format!("ui-weekday-{}", day.weekday().to_monday_one_offset()));
    format!("{weekday}, {}", written(text, day))
}

/// One day of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayRow {
    pub(crate) date: String,
    /// Its place in the count; empty where it does not count.
    pub(crate) number: String,
    pub(crate) reason: String,
    pub(crate) counted: bool,
}

/// The days of a limit, ready to be shown.
#[must_use]
pub fn rows(text: Text, due: &Due) -> Vec<DayRow> {
    let mut number = 0i64;
    let row = |day: &DayInfo| {
        number += i64::from(day.counted);
        DayRow {
            date: written_with_weekday(text, day.date),
            number: if day.counted { text.number(number) } else { String::new() },
            reason: reason(text, day),
            counted: day.counted,
        }
    };
    due.days.iter().take(DAYS_SHOWN).map(row).collect()
}

fn reason(text: Text, day: &DayInfo) -> String {
    let mut reason =
        text.t(format!("case-day-{}", day.reason.as_str().replace('_', "-"))).into_owned();
    if let (Some(name), true) = (&day.name, day.reason != Reason::Paused) {
        let name = name.get(text.locale.tag());
        let says_it = name.to_lowercase().starts_with(&reason.to_lowercase());
        reason = if says_it { name.to_owned() } else { format!("{reason}: {name}") };
    }
    reason
}

/// `10 hari kerja`.
#[must_use]
pub fn limit(text: Text, count: i64, unit: Unit) -> String {
    text.t1(format!("case-limit-{}", unit.as_str().replace('_', "-")), "n", count).into_owned()
}

/// What the calculator is asked for; everything may be missing.
#[derive(Default, Deserialize)]
pub struct Asked {
    from: Option<String>,
    limit: Option<String>,
    unit: Option<String>,
    calendar: Option<String>,
    zone: Option<String>,
}

#[derive(Template)]
#[template(path = "deadlines.html")]
struct DeadlinesPage {
    page: Page,
    base: String,
    form: FormState,
    units: Vec<Choice>,
    calendars: Vec<Choice>,
    zones: Vec<Choice>,
    answer: Option<Counted>,
}

struct Counted {
    limit: String,
    start: String,
    due: String,
    at: String,
    rows: Vec<DayRow>,
    doubt: Option<&'static str>,
}

/// `GET /tenggat`: counts a limit and explains it; the address holds the question.
pub async fn calculator(door: Door, Query(asked): Query<Asked>) -> Answer {
    let mut page = door.page("portal-deadlines");
    let zone = asked.zone.as_deref().and_then(|zone| zone.parse().ok()).unwrap_or(door.agency.zone);
    let local = zone.local(door.ctx.now().as_micros());
    let now = format!("{}T{:02}:{:02}", local.date(), local.hour(), local.minute());
    let asked_something = asked.limit.is_some();
    let typed = |value: &Option<String>, default: &str| {
        value.as_deref().filter(|v| !v.trim().is_empty()).unwrap_or(default).trim().to_owned()
    };
    let values = vec![
        ("from".to_owned(), typed(&asked.from, &now)),
        ("limit".to_owned(), typed(&asked.limit, "10")),
        ("unit".to_owned(), typed(&asked.unit, Unit::WorkingDay.as_str())),
        ("calendar".to_owned(), typed(&asked.calendar, "government")),
        ("zone".to_owned(), typed(&asked.zone, zone.iana())),
    ];
    page.text.zone = zone;
    let (answer, errors) = match asked_something.then(|| count(page.text, &values, zone)) {
        Some(Ok(counted)) => (Some(counted), Vec::new()),
        Some(Err(errors)) => (None, errors),
        None => (None, Vec::new()),
    };
    let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let units = Unit::ALL.map(|unit| {
        Choice::new(unit.as_str(), page.t(format!("portal-unit-{}", dashed(unit.as_str()))))
    });
    let calendars = ["government", "national"].map(|base| {
        Choice::new(base, page.t(format!("portal-calendar-{base}")))
            .hint(page.t(format!("portal-calendar-{base}.hint")))
    });
    let zones = Zone::ALL.map(|zone| {
        Choice::new(zone.iana(), page.t(format!("portal-zone-{}", zone.label().to_lowercase())))
    });
    let labels = [
        ("from", "portal-count-from"),
        ("limit", "portal-count-limit"),
        ("unit", "portal-count-unit"),
    ];
    let form = FormState::refused(page.locale, values, errors).labelled(&labels);
    let view = DeadlinesPage {
        page,
        base: door.base.clone(),
        form,
        units: units.into(),
        calendars: calendars.into(),
        zones: zones.into(),
        answer,
    };
    Ok(door.html_status(status, view))
}

fn dashed(word: &str) -> String {
    word.replace('_', "-")
}

fn count(text: Text, values: &[(String, String)], zone: Zone) -> Result<Counted, Vec<Invalid>> {
    let value = |name: &str| values.iter().find(|(key, _)| key == name).map_or("", |(_, v)| v);
    let mut wrong = Vec::new();
    let from = instant(value("from"), zone);
    if from.is_none() {
        wrong.push(Invalid::new("from", "portal-invalid-moment"));
    }
    let number = value("limit").parse::<u32>().ok().filter(|n| (1..=LIMIT_MAX).contains(n));
    if number.is_none() {
        wrong.push(Invalid::new("limit", "portal-invalid-limit").arg("max", LIMIT_MAX));
    }
    let unit = value("unit").parse::<Unit>().ok();
    if unit.is_none() {
        wrong.push(Invalid::new("unit", "ui-invalid-choice"));
    }
    let base = match value("calendar") {
        "government" => Some(Base::Government),
        "national" => Some(Base::National),
        _ => None,
    };
    if base.is_none() {
        wrong.push(Invalid::new("calendar", "ui-invalid-choice"));
    }
    let (Some(from), Some(number), Some(unit), Some(base)) = (from, number, unit, base) else {
        return Err(wrong);
    };
    let calendar = WorkingCalendar::plain(base, zone);
    let due = Term::new(number, unit).and_then(|term| term.due(&calendar, from.as_micros()));
    let Ok(due) = due else {
        return Err(vec![Invalid::new("limit", "portal-invalid-limit").arg("max", LIMIT_MAX)]);
    };
    let at = Timestamp::from_micros(due.due_at_micros);
    Ok(Counted {
        limit: limit(text, i64::from(number), unit),
        start: text.date_time(from),
        due: text.day(at),
        at: text.date_time(at),
        rows: rows(text, &due),
        doubt: doubt(&due),
    })
}

/// What is said where the days off that a date hangs on are not decreed.
#[must_use]
pub fn doubt(due: &Due) -> Option<&'static str> {
    match due.holidays {
        Certainty::Known => None,
        Certainty::Estimated => Some("portal-count-estimated"),
        Certainty::Unknown => Some("portal-count-unknown"),
    }
}

/// An instant from what a date-and-time field sends, or a date alone.
fn instant(typed: &str, zone: Zone) -> Option<Timestamp> {
    let typed = typed.replace(' ', "T");
    let local: DateTime = match typed.parse() {
        Ok(local) => local,
        Err(_) => typed.parse::<Date>().ok()?.at(9, 0, 0, 0),
    };
    let sound = (1990..=2100).contains(&local.date().year());
    sound.then(|| Timestamp::from_micros(zone.instant(local)))
}
