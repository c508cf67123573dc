//! From a person to what they may do: roles, with units expanded to those under them.

use tanggap_kernel::access::Grant;
use tanggap_kernel::{Access, Actor, AgencyId, Locale, Result};
use tanggap_store::Tx;

use crate::model::{RoleGrant, Unit, User};
use crate::rules;
use crate::store;

/// What `user` of `agency` may do now. Somebody who may no longer sign in may do nothing; neither
/// may somebody whose password another person knows, until they have chosen their own.
///
/// # Errors
/// A fault of the engine.
pub fn access_of(tx: &mut Tx<'_>, agency: AgencyId, user: &User) -> Result<Access> {
    let roles = store::roles_of(tx, &Access::citizen(agency, user.locale), user.id)?;
    access_by(tx, agency, user, &roles)
}

/// What `user` may do by `roles`, which are theirs.
///
/// # Errors
/// A fault of the engine.
pub fn access_by(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    user: &User,
    roles: &[RoleGrant],
) -> Result<Access> {
    let base = Access {
        actor: Actor::User(user.id),
        member_of: user.unit_id.into_iter().collect(),
        ..Access::citizen(agency, user.locale)
    };
    if !user.active || user.must_change_password {
        return Ok(base);
    }
    // Who speaks for a unit belongs to it, wherever their desk stands.
    let mut member_of = base.member_of.clone();
    member_of.extend(roles.iter().filter_map(|grant| grant.unit_id));
    member_of.sort_unstable();
    member_of.dedup();
    let units = if roles.iter().any(|grant| grant.unit_id.is_some()) {
        store::units(tx, &base)?
    } else {
        Vec::new()
    };
    Ok(Access { grants: grants(roles, &units), member_of, ..base })
}

/// The grants that a set of roles gives. A role that must be held for a unit and is not, gives
/// nothing.
#[must_use]
pub fn grants(roles: &[RoleGrant], units: &[Unit]) -> Vec<Grant> {
    roles
        .iter()
        .filter(|grant| grant.unit_id.is_some() || !grant.role.needs_unit())
        .map(|grant| Grant {
            permissions: rules::permissions(grant.role),
            units: grant.unit_id.map(|unit| rules::units_under(units, unit)),
        })
        .collect()
}

/// The same access in another language.
#[must_use]
pub fn in_locale(access: Access, locale: Locale) -> Access {
    Access { locale, ..access }
}
