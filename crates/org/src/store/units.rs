//! Rows of units: a tree, small enough to be read whole.

use std::sync::Arc;

use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Fault, Result, params};
use tanggap_store::{Row, Tx};

use crate::model::Unit;
use crate::rules;

tanggap_store::sql! {
    LIST = "select id, parent_id, code, name, name_en, phone, email, agreed_days, calendar_id,
        active, version from units where agency_id = $1 order by agency_id, code limit 5000";
    INSERT = "insert into units (agency_id, id, version, parent_id, code, name, name_en, phone,
        email, agreed_days, calendar_id, active)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing";
    UPDATE = "update units set parent_id = $4, code = $5, name = $6, name_en = $7, phone = $8,
        email = $9, agreed_days = $10, calendar_id = $11, active = $12, version = version + 1
        where agency_id = $1 and id = $2 and version = $3";
}

/// All units of the agency by code, also those no longer in use.
///
/// # Errors
/// A fault of the engine.
pub fn units(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Unit>> {
    Ok(kept(tx, access)?.to_vec())
}

/// A unit.
///
/// # Errors
/// A fault of the engine.
pub fn unit(tx: &mut Tx<'_>, access: &Access, id: UnitId) -> Result<Option<Unit>> {
    Ok(kept(tx, access)?.iter().find(|unit| unit.id == id).cloned())
}

/// A unit by its short code.
///
/// # Errors
/// A fault of the engine.
pub fn unit_by_code(tx: &mut Tx<'_>, access: &Access, code: &str) -> Result<Option<Unit>> {
    Ok(kept(tx, access)?.iter().find(|unit| unit.code == code).cloned())
}

/// A unit and all units under it, sorted by id.
///
/// # Errors
/// A fault of the engine.
pub fn units_under(tx: &mut Tx<'_>, access: &Access, unit: UnitId) -> Result<Vec<UnitId>> {
    Ok(rules::units_under(&kept(tx, access)?, unit))
}

/// The unit above a unit; `None` at the top. There an objection goes to the agency's supervisors.
///
/// # Errors
/// A fault of the engine.
pub fn superior(tx: &mut Tx<'_>, access: &Access, id: UnitId) -> Result<Option<Unit>> {
    match unit(tx, access, id)?.and_then(|found| found.parent_id) {
        Some(parent) => unit(tx, access, parent),
        None => Ok(None),
    }
}

fn kept(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<Vec<Unit>>> {
    let agency = access.agency_id;
    tx.kept(agency, "units", 0, |tx| Ok(tx.all(&LIST, params![agency], read)?))
}

fn read(row: &mut Row<'_>) -> Result<Unit, Fault> {
    Ok(Unit {
        id: row.int()?,
        parent_id: row.opt_int()?,
        code: row.text()?,
        name: row.text()?,
        name_en: row.text()?,
        phone: row.text()?,
        email: row.text()?,
        agreed_days: row.int()?,
        calendar_id: row.opt_int()?,
        active: row.bool()?,
        version: row.int()?,
    })
}
