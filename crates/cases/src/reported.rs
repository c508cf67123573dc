//! Whom a complaint is about: they neither see nor handle it (UU 25/2009 art. 45).

use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Refusal, Result};
use tanggap_org as org;
use tanggap_store::Tx;

use crate::model::Case;
use crate::rules::{self, Plan};

/// The party that a report is about must be one that we know.
///
/// # Errors
/// The field that names nobody, or a fault.
pub(crate) fn check(
    tx: &mut Tx<'_>,
    access: &Access,
    unit: Option<UnitId>,
    user: Option<UserId>,
) -> Result<()> {
    if let Some(unit) = unit {
        let known = org::store::unit(tx, access, unit)?;
        known.ok_or_else(|| Refusal::field("reported_unit", "case-invalid-unit"))?;
    }
    if let Some(user) = user {
        let known = org::store::user(tx, access, user)?;
        known.ok_or_else(|| Refusal::field("reported_user", "case-invalid-user"))?;
    }
    Ok(())
}

/// Whether a unit is the one that a case is about, or a part of it: a part does not handle the
/// complaint about the whole either. At the top, where all units are under the reported one, that
/// would leave nobody.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn includes(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    unit: UnitId,
) -> Result<bool> {
    let Some(reported) = case.reported_unit_id else { return Ok(false) };
    let at_the_top = org::store::superior(tx, access, reported)?.is_none();
    Ok(unit == reported
        || !at_the_top && org::store::units_under(tx, access, reported)?.contains(&unit))
}

/// Takes a case from those whom it turns out to be about.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn take_away(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    mut plan: Plan,
) -> Result<Plan> {
    if let Some(unit) = case.unit_id
        && includes(tx, access, case, unit)?
    {
        return Ok(plan.taken_from_unit(case));
    }
    if let Some(owner) = case.owner_id
        && let Some(user) = org::store::user(tx, access, owner)?
        && rules::is_about(case, &org::access_of(tx, access.agency_id, &user)?)
    {
        plan.owner = Some(None);
    }
    Ok(plan)
}
