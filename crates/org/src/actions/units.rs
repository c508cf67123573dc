//! Adding and changing units.

use serde_json::json;
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Check;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Refusal, Result, Value};
use tanggap_store::Tx;

use super::{email, event, plan_recount, short, text};
use crate::model::UnitInput;
use crate::rules;
use crate::store::{self, units as unit_rows};

/// The most working days that a unit can agree to.
pub const AGREED_DAYS_MAX: i64 = 60;

/// Adds a unit.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn create_unit(tx: &mut Tx<'_>, access: &Access, input: &UnitInput) -> Result<UnitId> {
    access.require(Permission::OrgManage, None)?;
    check_unit(tx, access, input, None)?;
    let id: UnitId = tx.id();
    if tx.exec(&unit_rows::INSERT, &row(access, id, 1, input))? == 0 {
        return Err(Refusal::field("code", "org-invalid-taken").into());
    }
    tx.announce(event(access, "unit.created", "unit", id.0).with(body(input, false)));
    Ok(id)
}

/// Changes a unit. Where it works by another calendar from now on, the times it agreed to are
/// counted anew.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::Invalid`], or [`Refusal::Stale`].
pub fn update_unit(
    tx: &mut Tx<'_>,
    access: &Access,
    id: UnitId,
    version: i64,
    input: &UnitInput,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let old = store::unit(tx, access, id)?.ok_or(Refusal::NotFound)?;
    check_unit(tx, access, input, Some(id))?;
    if tx.exec(&unit_rows::UPDATE, &row(access, id, version, input))? == 0 {
        return Err(Refusal::Stale.into());
    }
    let recount = old.calendar_id != input.calendar_id;
    tx.announce(event(access, "unit.changed", "unit", id.0).with(body(input, recount)));
    if recount {
        plan_recount(tx, access)?;
    }
    Ok(())
}

/// What a new row and a changed one are made of.
fn row<'a>(access: &Access, id: UnitId, version: i64, input: &'a UnitInput) -> [Value<'a>; 12] {
    [
        access.agency_id.into(),
        id.into(),
        version.into(),
        input.parent_id.into(),
        input.code.trim().into(),
        input.name.trim().into(),
        input.name_en.trim().into(),
        input.phone.trim().into(),
        input.email.trim().into(),
        input.agreed_days.into(),
        input.calendar_id.into(),
        input.active.into(),
    ]
}

fn body(input: &UnitInput, recount: bool) -> serde_json::Value {
    json!({
        "code": input.code.trim(),
        "name": input.name.trim(),
        "parent": input.parent_id,
        "agreed_days": input.agreed_days,
        "calendar": input.calendar_id,
        "active": input.active,
        "recount": recount,
    })
}

fn check_unit(
    tx: &mut Tx<'_>,
    access: &Access,
    input: &UnitInput,
    id: Option<UnitId>,
) -> Result<()> {
    let mut check = Check::new();
    text(&mut check, "code", &input.code, 20);
    text(&mut check, "name", &input.name, 160);
    short(&mut check, "name_en", &input.name_en, 160);
    short(&mut check, "phone", &input.phone, 60);
    email(&mut check, "email", &input.email);
    let agreed = (1..=AGREED_DAYS_MAX).contains(&input.agreed_days);
    check.require(agreed, "agreed_days", "org-invalid-agreed-days");
    if let Some(taken) = store::unit_by_code(tx, access, input.code.trim())? {
        check.require(Some(taken.id) == id, "code", "org-invalid-taken");
    }
    if let Some(calendar) = input.calendar_id {
        let known = store::calendar(tx, access, calendar)?.is_some();
        check.require(known, "calendar", "ui-invalid-choice");
    }
    if let Some(parent) = input.parent_id {
        let units = store::units(tx, access)?;
        let known = units.iter().any(|unit| unit.id == parent);
        check.require(known, "parent", "ui-invalid-choice");
        let ring = id.is_some_and(|id| rules::units_under(&units, id).contains(&parent));
        check.require(!ring, "parent", "org-invalid-unit-ring");
    }
    check.done()
}
