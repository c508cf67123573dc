//! Rows of calendars and their exceptions, and the calendar that is made of them.

use std::sync::Arc;

use tanggap_calendar::{
    Base, CalendarSpec, Date, OfficeHours, Override, OverrideKind, Text, WorkingCalendar, Zone,
};
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Fault, Refusal, Result, params};
use tanggap_store::{Row, Tx};

use crate::model::{Calendar, CalendarDay, CalendarId};

tanggap_store::sql! {
    LIST = "select id, name, base, hours, version from calendars where agency_id = $1
        order by agency_id, id limit 200";
    BY_ID = "select id, name, base, hours, version from calendars
        where agency_id = $1 and id = $2";
    FOR_UNIT = "select a.zone, c.id, c.base, c.hours from agencies a
        left join units u on u.agency_id = a.id and u.id = $2
        left join calendars c on c.agency_id = a.id
        and c.id = coalesce(u.calendar_id, a.calendar_id)
        where a.id = $1";
    WITH_ZONE = "select a.zone, c.id, c.base, c.hours from agencies a
        join calendars c on c.agency_id = a.id and c.id = $2 where a.id = $1";
    DAYS = "select date, kind, name, decree from calendar_days
        where agency_id = $1 and calendar_id = $2 order by date limit 5000";
    INSERT = "insert into calendars (agency_id, id, name, base, hours, version)
        values ($1, $2, $3, $4, $5, 1)";
    UPDATE = "update calendars set name = $4, base = $5, hours = $6, version = version + 1
        where agency_id = $1 and id = $2 and version = $3";
    TOUCH = "update calendars set version = version + 1 where agency_id = $1 and id = $2";
    SET_DAY = "insert into calendar_days (agency_id, calendar_id, date, kind, name, decree)
        values ($1, $2, $3, $4, $5, $6) on conflict (agency_id, calendar_id, date)
        do update set kind = excluded.kind, name = excluded.name, decree = excluded.decree";
    REMOVE_DAY = "delete from calendar_days
        where agency_id = $1 and calendar_id = $2 and date = $3";
}

/// All calendars of the agency.
///
/// # Errors
/// A fault of the engine.
pub fn calendars(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Calendar>> {
    Ok(tx.all(&LIST, params![access.agency_id], read)?)
}

/// A calendar.
///
/// # Errors
/// A fault of the engine.
pub fn calendar(tx: &mut Tx<'_>, access: &Access, id: CalendarId) -> Result<Option<Calendar>> {
    Ok(tx.opt(&BY_ID, params![access.agency_id, id], read)?)
}

/// The exceptions of a calendar by date.
///
/// # Errors
/// A fault of the engine.
pub fn calendar_days(tx: &mut Tx<'_>, access: &Access, id: CalendarId) -> Result<Vec<CalendarDay>> {
    Ok(tx.all(&DAYS, params![access.agency_id, id], read_day)?)
}

/// The calendar by which a unit works (its own, else the agency's); for `None` the agency's.
///
/// # Errors
/// [`Refusal::NotFound`] without the agency, or a fault.
pub fn calendar_for(
    tx: &mut Tx<'_>,
    access: &Access,
    unit: Option<UnitId>,
) -> Result<Arc<WorkingCalendar>> {
    let unit = unit.unwrap_or(UnitId(0));
    tx.kept(access.agency_id, "calendar", unit.0, |tx| {
        let found = tx.opt(&FOR_UNIT, params![access.agency_id, unit], read_parts)?;
        build(tx, access, found.ok_or(Refusal::NotFound)?)
    })
}

/// A calendar, ready to be asked.
///
/// # Errors
/// [`Refusal::NotFound`] where it is not the agency's, or a fault.
pub fn working_calendar(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CalendarId,
) -> Result<WorkingCalendar> {
    let found = tx.opt(&WITH_ZONE, params![access.agency_id, id], read_parts)?;
    build(tx, access, found.ok_or(Refusal::NotFound)?)
}

type Parts = (Zone, Option<(CalendarId, Base, OfficeHours)>);

fn read_parts(row: &mut Row<'_>) -> Result<Parts, Fault> {
    let zone = row.text()?.parse().map_err(|e| Fault::new(format!("zone: {e}")))?;
    let Some(id) = row.opt_int()? else { return Ok((zone, None)) };
    let base = base(&row.text()?)?;
    let hours = hours(&row.text()?)?;
    Ok((zone, Some((id, base, hours))))
}

fn build(tx: &mut Tx<'_>, access: &Access, parts: Parts) -> Result<WorkingCalendar> {
    let (zone, Some((id, base, hours))) = parts else {
        return Ok(WorkingCalendar::plain(Base::Government, parts.0));
    };
    let overrides = calendar_days(tx, access, id)?
        .into_iter()
        .map(|day| Override {
            date: day.date,
            kind: day.kind,
            name: Text::new(&day.name, &day.name),
            decree: day.decree,
        })
        .collect();
    let spec = CalendarSpec { hours, overrides, ..CalendarSpec::new(base, zone) };
    WorkingCalendar::new(spec).map_err(|e| Fault::new(format!("calendar {id}: {e}")).into())
}

/// Reads hours as they are stored; empty text is the week of government offices.
pub(crate) fn hours(text: &str) -> Result<OfficeHours, Fault> {
    if text.is_empty() {
        return Ok(OfficeHours::government());
    }
    crate::json(text)
}

fn base(word: &str) -> Result<Base, Fault> {
    crate::word(word)
}

fn read(row: &mut Row<'_>) -> Result<Calendar, Fault> {
    Ok(Calendar {
        id: row.int()?,
        name: row.text()?,
        base: base(&row.text()?)?,
        hours: row.text()?,
        version: row.int()?,
    })
}

fn read_day(row: &mut Row<'_>) -> Result<CalendarDay, Fault> {
    let date: Date = row.text()?.parse().map_err(|e| Fault::new(format!("date: {e}")))?;
    let kind: OverrideKind = crate::word(&row.text()?)?;
    Ok(CalendarDay { date, kind, name: row.text()?, decree: row.text()? })
}
