//! Adding people, giving roles, taking access away.

use serde_json::json;
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Check;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Refusal, Result, params};
use tanggap_store::Tx;

use super::{event, short, text, trimmed};
use crate::model::{NewUser, RoleGrant, User};
use crate::rules::{self, Role};
use crate::sessions;
use crate::store::{self, people as user_rows};

/// Adds a member of staff.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn create_user(tx: &mut Tx<'_>, access: &Access, input: &NewUser) -> Result<UserId> {
    access.require(Permission::OrgManage, None)?;
    let email = input.email.trim().to_lowercase();
    check_user(tx, access, &email, &input.name, &input.title, input.unit_id)?;
    check_roles(tx, access, &input.roles)?;
    may_give(access, &input.roles)?;

    let id: UserId = tx.id();
    let now = tx.now();
    let added = tx.exec(
        &user_rows::INSERT,
        params![
            access.agency_id,
            id,
            &email,
            input.name.trim(),
            input.title.trim(),
            input.unit_id,
            &input.password_hash,
            input.locale.tag(),
            now,
            input.is_temporary
        ],
    )?;
    if added == 0 {
        return Err(Refusal::field("email", "org-invalid-taken").into());
    }
    save_roles(tx, access, id, &input.roles)?;
    let body = json!({ "unit": input.unit_id, "roles": role_words(&input.roles) });
    let private = json!({ "email": email, "name": trimmed(&input.name) });
    tx.announce(event(access, "user.created", "user", id.0).with(body).with_private(private));
    Ok(id)
}

/// What an administrator changes about somebody.
#[derive(Clone, Debug)]
pub struct UserInput {
    /// Their sign-in name.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their office; may be empty.
    pub title: String,
    /// The unit they belong to.
    pub unit_id: Option<UnitId>,
    /// The version that was changed.
    pub version: i64,
}

/// Changes what is known of somebody.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::Invalid`], or [`Refusal::Stale`].
pub fn update_user(tx: &mut Tx<'_>, access: &Access, id: UserId, input: &UserInput) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let old = load_mine(tx, access, id)?;
    let email = input.email.trim().to_lowercase();
    check_user(tx, access, &email, &input.name, &input.title, input.unit_id)?;
    let taken = email != old.email && store::account_by_email(tx, &email)?.is_some();
    if taken {
        return Err(Refusal::field("email", "org-invalid-taken").into());
    }
    let (name, title) = (input.name.trim(), input.title.trim());
    let args = params![access.agency_id, id, input.version, &email, name, title, input.unit_id];
    if tx.exec(&user_rows::UPDATE, args)? == 0 {
        return Err(Refusal::Stale.into());
    }
    let private = json!({ "email": email, "name": name });
    let body = json!({ "unit": input.unit_id });
    tx.announce(event(access, "user.changed", "user", id.0).with(body).with_private(private));
    Ok(())
}

/// Gives somebody exactly these roles.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::Invalid`], or [`Refusal::Illegal`]
/// where the agency would be left without an administrator.
pub fn set_roles(tx: &mut Tx<'_>, access: &Access, id: UserId, roles: &[RoleGrant]) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    load_mine(tx, access, id)?;
    check_roles(tx, access, roles)?;
    may_give(access, roles)?;
    for kept in KEPT {
        if !roles.iter().any(|grant| grant.role == kept.0) {
            keep_the_last(tx, access, id, kept)?;
        }
    }
    tx.put(&user_rows::CLEAR_ROLES, params![access.agency_id, id])?;
    save_roles(tx, access, id, roles)?;
    let body = json!({ "roles": role_words(roles) });
    tx.announce(event(access, "user.roles_set", "user", id.0).with(body));
    Ok(())
}

/// Takes somebody's access away at once, with all their sessions. What they did stays theirs.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], or [`Refusal::Illegal`] for oneself and for the
/// last administrator.
pub fn deactivate_user(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    load_mine(tx, access, id)?;
    if access.user() == Some(id) {
        return Err(Refusal::Illegal("org-illegal-self").into());
    }
    for kept in KEPT {
        keep_the_last(tx, access, id, kept)?;
    }
    tx.put(&user_rows::SET_ACTIVE, params![access.agency_id, id, false])?;
    sessions::end_all(tx, access, id, None)?;
    tx.announce(event(access, "user.deactivated", "user", id.0));
    Ok(())
}

/// Lets somebody sign in again.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`].
pub fn reactivate_user(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    load_mine(tx, access, id)?;
    tx.put(&user_rows::SET_ACTIVE, params![access.agency_id, id, true])?;
    tx.announce(event(access, "user.reactivated", "user", id.0));
    Ok(())
}

/// Gives somebody a new password (its hash) that they must change when they sign in, and ends all
/// their sessions.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`].
pub fn reset_password(
    tx: &mut Tx<'_>,
    access: &Access,
    id: UserId,
    password_hash: &str,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    load_mine(tx, access, id)?;
    tx.put(&user_rows::SET_PASSWORD, params![access.agency_id, id, password_hash, true])?;
    sessions::end_all(tx, access, id, None)?;
    tx.announce(event(access, "user.password_reset", "user", id.0));
    Ok(())
}

/// Takes a lost authenticator off somebody's account.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`].
pub fn reset_totp(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    load_mine(tx, access, id)?;
    tx.put(&user_rows::SET_TOTP, params![access.agency_id, id, None::<&str>, 0])?;
    tx.announce(event(access, "user.totp_reset", "user", id.0));
    Ok(())
}

/// Somebody whom this access may change. Who may add agencies is changed by their like only, or an
/// administrator could take their place by a new password.
fn load_mine(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<User> {
    let user = store::user(tx, access, id)?.ok_or(Refusal::NotFound)?;
    may_give(access, &store::roles_of(tx, access, id)?)?;
    Ok(user)
}

/// Refuses roles that are not this access's to give or take.
fn may_give(access: &Access, roles: &[RoleGrant]) -> Result<()> {
    if roles.iter().any(|grant| grant.role == Role::Host) {
        access.require(Permission::AgenciesManage, None)?;
    }
    Ok(())
}

/// Roles that somebody must always hold, with what is said to whoever would take the last.
const KEPT: [(Role, &str); 2] = [
    (Role::Administrator, "org-illegal-last-administrator"),
    (Role::Host, "org-illegal-last-host"),
];

/// Refuses where nobody but `id` holds the role.
fn keep_the_last(
    tx: &mut Tx<'_>,
    access: &Access,
    id: UserId,
    (role, problem): (Role, &'static str),
) -> Result<()> {
    let held = store::roles_of(tx, access, id)?;
    if !held.iter().any(|grant| grant.role == role) {
        return Ok(());
    }
    let args = params![access.agency_id, id, role.as_str()];
    let others: i64 = tx.one(&user_rows::OTHERS_WITH, args, |row| row.int())?;
    if others == 0 { Err(Refusal::Illegal(problem).into()) } else { Ok(()) }
}

fn save_roles(tx: &mut Tx<'_>, access: &Access, id: UserId, roles: &[RoleGrant]) -> Result<()> {
    for grant in roles {
        let unit = grant.unit_id.unwrap_or(UnitId(0));
        let role = grant.role.as_str();
        tx.put(&user_rows::ADD_ROLE, params![access.agency_id, id, role, unit])?;
    }
    Ok(())
}

fn role_words(roles: &[RoleGrant]) -> Vec<serde_json::Value> {
    roles.iter().map(|g| json!({ "role": g.role.as_str(), "unit": g.unit_id })).collect()
}

fn check_user(
    tx: &mut Tx<'_>,
    access: &Access,
    email: &str,
    name: &str,
    title: &str,
    unit: Option<UnitId>,
) -> Result<()> {
    let mut check = Check::new();
    text(&mut check, "name", name, 120);
    short(&mut check, "title", title, 160);
    check.require(rules::is_email(email), "email", "ui-invalid-email");
    if let Some(unit) = unit {
        let known = store::unit(tx, access, unit)?.is_some();
        check.require(known, "unit", "ui-invalid-choice");
    }
    check.done()
}

fn check_roles(tx: &mut Tx<'_>, access: &Access, roles: &[RoleGrant]) -> Result<()> {
    if let Some(problem) = rules::roles_problem(roles) {
        return Err(Refusal::field("roles", problem).into());
    }
    for unit in roles.iter().filter_map(|grant| grant.unit_id) {
        if store::unit(tx, access, unit)?.is_none() {
            return Err(Refusal::field("roles", "ui-invalid-choice").into());
        }
    }
    Ok(())
}
