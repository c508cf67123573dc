//! The public calculator: when a limit falls due, and why on that day. Needs no token and reads no
//! row; the same counting serves every case.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tanggap_calendar::{Base, DayInfo, Reason, Term, Unit, WorkingCalendar, Zone};
use tanggap_kernel::{Refusal, Result, Timestamp};
use tanggap_ui::Ctx;
use utoipa::ToSchema;

use crate::body::{Head, query};
use crate::fields::{Field, Query, Shape, may};
use crate::notations::{INSTANT, instant, units, zones};
use crate::problem::Problem;
use crate::views::moment;

/// The longest limit: about ten years of days.
const LIMIT_MAX: i64 = 3_660;
/// The limit where nobody says.
const LIMIT: i64 = 10;

/// The query.
pub const QUERY: &[Field] = &[
    may("from", Shape::Noted(40, &INSTANT), "When it begins, RFC 3339; now where left out."),
    may("limit", Shape::Int(0, LIMIT_MAX), "How many units; 10 where left out."),
    may("unit", Shape::Word(units), "What is counted; working_day where left out."),
    may(
        "calendar",
        Shape::Word(bases),
        "government leaves out national holidays and joint leave (cuti bersama), national works \
         on joint leave; government where left out.",
    ),
    may("zone", Shape::Word(zones), "The zone of the office; Asia/Jakarta where left out."),
];

fn bases() -> Vec<&'static str> {
    vec!["government", "national"]
}

/// A due date with its explanation.
#[derive(Debug, Serialize, ToSchema)]
pub struct DueDate {
    /// The date on which it falls due.
    #[schema(format = Date, example = "2026-04-06")]
    pub due_date: String,
    /// The moment at which it falls due.
    #[schema(format = DateTime, example = "2026-04-06T23:59:59+07:00")]
    pub due_at: String,
    /// Whether the days off that it hangs on are known. known: all were decreed; estimated: some
    /// follow the Islamic lunar calendar and may move by a day; unknown: a year is not decreed yet
    /// or not in this release, so that only weekends count as days off. The date may change where
    /// it is not known.
    #[schema(value_type = Certainty)]
    pub holidays: &'static str,
    /// Each day after the start through the due date.
    pub days: Vec<DayView>,
}

/// How sure it is which days are off.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// All were decreed.
    Known,
    /// Some may move by a day.
    Estimated,
    /// A year is not decreed yet, or not in this release.
    Unknown,
}

/// One day, whether it counts, and why.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Day)]
pub struct DayView {
    /// The day.
    #[schema(format = Date, example = "2026-03-16")]
    pub date: String,
    /// Whether it counts towards the limit.
    pub counted: bool,
    /// working_day, weekend, national_holiday, joint_leave or regional_holiday.
    pub reason: &'static str,
}

/// `GET /api/v1/deadlines`.
///
/// # Errors
/// 422 with all that is wrong.
pub async fn due(State(ctx): State<Ctx>, Head(parts): Head) -> Result<Response, Problem> {
    let asked = query(&parts, QUERY)?;
    let due = compute(&asked, ctx.now())?;
    Ok(axum::Json(due).into_response())
}

fn compute(asked: &Query, now: Timestamp) -> Result<DueDate, Refusal> {
    let zone: Zone = asked.text("zone").and_then(|name| name.parse().ok()).unwrap_or(Zone::Wib);
    let unit: Unit =
        asked.text("unit").and_then(|word| word.parse().ok()).unwrap_or(Unit::WorkingDay);
    let base = match asked.text("calendar") {
        Some("national") => Base::National,
        _ => Base::Government,
    };
    let from = asked.text("from").and_then(instant).unwrap_or(now.as_micros());
    let limit = u32::try_from(asked.int("limit").unwrap_or(LIMIT)).unwrap_or(0);
    let too_far = |_| Refusal::field("limit", "hooks-invalid-far");
    let term = Term::new(limit, unit).map_err(too_far)?;
    let due = term.due(&WorkingCalendar::plain(base, zone), from).map_err(too_far)?;
    Ok(DueDate {
        due_date: due.due_date.to_string(),
        due_at: moment(Timestamp::from_micros(due.due_at_micros), zone),
        holidays: due.holidays.as_str(),
        days: due.days.iter().map(day).collect(),
    })
}

fn day(day: &DayInfo) -> DayView {
    let reason = match day.reason {
        // A day off that an office works is a working day of that office.
        Reason::ExtraWorkingDay => Reason::WorkingDay,
        other => other,
    };
    DayView { date: day.date.to_string(), counted: day.counted, reason: reason.as_str() }
}
