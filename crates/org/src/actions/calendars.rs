//! Changing calendars. Each change announces `calendar.changed` with the calendar's id as its
//! subject, on which running deadlines are counted anew.

use serde_json::json;
use tanggap_calendar::{Base, Date, OverrideKind};
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Refusal, Result, params};
use tanggap_store::Tx;

use super::{event, plan_recount, text};
use crate::model::{CalendarDay, CalendarId};
use crate::store::{self, calendars as calendar_rows};

/// What somebody enters about a calendar.
#[derive(Clone, Debug)]
pub struct CalendarInput {
    /// What people call it.
    pub name: String,
    /// Whether it is closed on joint leave.
    pub base: Base,
    /// Working hours as JSON; empty: those of government offices.
    pub hours: String,
}

/// Adds a calendar.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn create_calendar(
    tx: &mut Tx<'_>,
    access: &Access,
    input: &CalendarInput,
) -> Result<CalendarId> {
    access.require(Permission::OrgManage, None)?;
    check_calendar(input)?;
    let id: CalendarId = tx.id();
    let base = crate::word_of(input.base);
    let args = params![access.agency_id, id, input.name.trim(), &base, &input.hours];
    tx.put(&calendar_rows::INSERT, args)?;
    let body = json!({ "name": input.name.trim(), "base": base });
    tx.announce(event(access, "calendar.created", "calendar", id.0).with(body));
    Ok(id)
}

/// Changes a calendar.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Invalid`], or [`Refusal::Stale`].
pub fn update_calendar(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CalendarId,
    version: i64,
    input: &CalendarInput,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    store::calendar(tx, access, id)?.ok_or(Refusal::NotFound)?;
    check_calendar(input)?;
    let base = crate::word_of(input.base);
    let args = params![access.agency_id, id, version, input.name.trim(), &base, &input.hours];
    if tx.exec(&calendar_rows::UPDATE, args)? == 0 {
        return Err(Refusal::Stale.into());
    }
    let body = json!({ "name": input.name.trim(), "base": base, "recount": true });
    changed(tx, access, id, body)
}

/// Puts an exception on a date, in place of the one that was there.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], or [`Refusal::Invalid`] without a name and a
/// decree.
pub fn set_calendar_day(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CalendarId,
    day: &CalendarDay,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    store::calendar(tx, access, id)?.ok_or(Refusal::NotFound)?;
    let mut check = Check::new();
    text(&mut check, "name", &day.name, 160);
    text(&mut check, "decree", &day.decree, 240);
    let in_reach = (2000..2100).contains(&day.date.year());
    check.require(in_reach, "date", "ui-invalid-date");
    check.done()?;
    let (date, kind) = (day.date.to_string(), crate::word_of(day.kind));
    let (name, decree) = (day.name.trim(), day.decree.trim());
    let args = params![access.agency_id, id, &date, &kind, name, decree];
    tx.put(&calendar_rows::SET_DAY, args)?;
    tx.put(&calendar_rows::TOUCH, params![access.agency_id, id])?;
    let body =
        json!({ "date": date, "kind": kind, "name": name, "decree": decree, "recount": true });
    changed(tx, access, id, body)
}

/// Takes an exception away.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`].
pub fn remove_calendar_day(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CalendarId,
    date: Date,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let date = date.to_string();
    let gone = tx.exec(&calendar_rows::REMOVE_DAY, params![access.agency_id, id, &date])?;
    if gone == 0 {
        return Err(Refusal::NotFound.into());
    }
    tx.put(&calendar_rows::TOUCH, params![access.agency_id, id])?;
    let body = json!({ "date": date, "removed": true, "recount": true });
    changed(tx, access, id, body)
}

/// Announces the change, which may move open deadlines.
fn changed(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CalendarId,
    body: serde_json::Value,
) -> Result<()> {
    tx.announce(event(access, "calendar.changed", "calendar", id.0).with(body));
    plan_recount(tx, access)
}

/// The exceptions that an administrator can put on a date, the most usual first.
pub const DAY_KINDS: [OverrideKind; 5] = [
    OverrideKind::RegionalHoliday,
    OverrideKind::ExtraWorkingDay,
    OverrideKind::NationalHoliday,
    OverrideKind::JointLeave,
    OverrideKind::JointLeaveRemoved,
];

fn check_calendar(input: &CalendarInput) -> Result<()> {
    let mut check = Check::new();
    text(&mut check, "name", &input.name, 120);
    let hours = calendar_rows::hours(&input.hours);
    let sound = hours.is_ok_and(|hours| hours.check().is_ok());
    check.require(sound, "hours", "org-invalid-hours");
    check.done()
}
