//! Rows of staff and their roles.

use std::collections::HashMap;

use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, AgencyId, Fault, Locale, Result, params};
use tanggap_store::{Row, Tx};

use crate::model::{RoleGrant, User};
use crate::rules::Role;
use crate::sessions::{self, SecretHash, Session};

tanggap_store::sql! {
    BY_ID = "select id, email, name, title, unit_id, locale, active, totp_salt is not null,
        created_at, version, temporary_password from users
        where agency_id = $1 and id = $2";
    OF_UNIT = "select id, email, name, title, unit_id, locale, active, totp_salt is not null,
        created_at, version, temporary_password from users
        where agency_id = $1 and unit_id = $2 and active order by name, id limit 1000";
    ACCOUNT = "select agency_id, id, password_hash, totp_salt, totp_step, active, name from users
        where email = $1";
    SECRETS = "select agency_id, id, password_hash, totp_salt, totp_step, active, name from users
        where agency_id = $1 and id = $2";
    NAMES = "select id, name from users where agency_id = $1
        and id in (select cast(value as bigint) from json_array_elements_text(cast($2 as json)))",
        sqlite: "select id, name from users where agency_id = $1
        and id in (select value from json_each($2))";
    SEARCH = "select id, email, name, title, unit_id, locale, active, totp_salt is not null,
        created_at, version, temporary_password from users
        where agency_id = $1 and (name, id) > ($2, $3)
        and (cast($4 as text) is null or lower(name) like $4 escape '!'
        or email like $4 escape '!' or lower(title) like $4 escape '!')
        and (cast($5 as bigint) is null or unit_id = $5)
        and (active or $6)
        order by name, id limit $7";
    ROLES = "select user_id, role, unit_id from user_roles where agency_id = $1 and user_id = $2
        order by role, unit_id";
    ROLES_OF_MANY = "select user_id, role, unit_id from user_roles where agency_id = $1
        and user_id in (select cast(value as bigint)
        from json_array_elements_text(cast($2 as json))) order by user_id, role, unit_id",
        sqlite: "select user_id, role, unit_id from user_roles where agency_id = $1
        and user_id in (select value from json_each($2)) order by user_id, role, unit_id";
    // One line for each role, and one where there is none.
    SIGNED_IN = "select u.id, u.email, u.name, u.title, u.unit_id, u.locale, u.active,
        u.totp_salt is not null, u.created_at, u.version, u.temporary_password, u.id,
        coalesce(r.role, ''), coalesce(r.unit_id, 0), s.agency_id, s.user_id, s.created_at,
        s.seen_at, s.expires_at, s.agent, s.token_hash
        from sessions s join users u on u.agency_id = s.agency_id and u.id = s.user_id
        left join user_roles r on r.agency_id = u.agency_id and r.user_id = u.id
        where s.token_hash = $1 and s.expires_at > $2 order by r.role, r.unit_id";
    OTHERS_WITH = "select count(*) from user_roles r join users u
        on u.agency_id = r.agency_id and u.id = r.user_id
        where r.agency_id = $1 and r.role = $3 and u.active and u.id <> $2";
    INSERT = "insert into users (agency_id, id, email, name, title, unit_id, password_hash,
        totp_salt, totp_step, locale, active, created_at, version, temporary_password)
        values ($1, $2, $3, $4, $5, $6, $7, null, 0, $8, true, $9, 1, $10)
        on conflict do nothing";
    UPDATE = "update users set email = $4, name = $5, title = $6, unit_id = $7,
        version = version + 1 where agency_id = $1 and id = $2 and version = $3";
    SET_OWN = "update users set name = $3, locale = $4, version = version + 1
        where agency_id = $1 and id = $2";
    SET_ACTIVE = "update users set active = $3, version = version + 1
        where agency_id = $1 and id = $2";
    SET_PASSWORD = "update users set password_hash = $3, temporary_password = $4,
        version = version + 1 where agency_id = $1 and id = $2";
    SET_TOTP = "update users set totp_salt = $3, totp_step = $4, version = version + 1
        where agency_id = $1 and id = $2";
    USE_TOTP_STEP = "update users set totp_step = $3
        where agency_id = $1 and id = $2 and totp_step < $3";
    CLEAR_ROLES = "delete from user_roles where agency_id = $1 and user_id = $2";
    ADD_ROLE = "insert into user_roles (agency_id, user_id, role, unit_id)
        values ($1, $2, $3, $4) on conflict do nothing";
}

/// A member of staff.
///
/// # Errors
/// A fault of the engine.
pub fn user(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<Option<User>> {
    Ok(tx.opt(&BY_ID, params![access.agency_id, id], read)?)
}

/// Those who belong to a unit and may sign in, by name.
///
/// # Errors
/// A fault of the engine.
pub fn users_of_unit(tx: &mut Tx<'_>, access: &Access, unit: UnitId) -> Result<Vec<User>> {
    Ok(tx.all(&OF_UNIT, params![access.agency_id, unit], read)?)
}

/// The names of many; who is of another agency is left out.
///
/// # Errors
/// A fault of the engine.
pub fn names(tx: &mut Tx<'_>, access: &Access, ids: &[UserId]) -> Result<HashMap<UserId, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = id_list(ids);
    let rows =
        tx.all(&NAMES, params![access.agency_id, ids], |row| Ok((row.int()?, row.text()?)))?;
    Ok(rows.into_iter().collect())
}

fn id_list(ids: &[UserId]) -> String {
    let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    serde_json::to_string(&ids).expect("invariant: numbers are JSON")
}

/// The session with this secret, if it has not ended, whose it is, and the roles they have.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn signed_in(
    tx: &mut Tx<'_>,
    hash: &SecretHash,
) -> Result<Option<(Session, User, Vec<RoleGrant>)>> {
    let now = tx.now();
    let lines = tx.all(&SIGNED_IN, params![&hash[..], now], |row| {
        Ok((read(row)?, read_role(row)?.1, sessions::read(row)?))
    })?;
    let mut roles = Vec::new();
    let mut found = None;
    for (user, role, session) in lines {
        roles.extend(role);
        found = Some((session, user));
    }
    Ok(found.map(|(session, user)| (session, user, roles)))
}

/// The roles of somebody.
///
/// # Errors
/// A fault of the engine.
pub fn roles_of(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<Vec<RoleGrant>> {
    let rows = tx.all(&ROLES, params![access.agency_id, id], read_role)?;
    Ok(rows.into_iter().filter_map(|(_, grant)| grant).collect())
}

/// A word that this program does not know (an older or newer one wrote it) grants nothing.
fn read_role(row: &mut Row<'_>) -> Result<(UserId, Option<RoleGrant>), Fault> {
    let user_id = row.int()?;
    let role = Role::parse(&row.text()?);
    let unit: i64 = row.int()?;
    let unit_id = (unit != 0).then_some(UnitId(unit));
    Ok((user_id, role.map(|role| RoleGrant { role, unit_id })))
}

/// What is looked for in the list of staff.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Part of a name, an address or an office; empty: all.
    pub text: String,
    /// Of this unit only.
    pub unit_id: Option<UnitId>,
    /// Also those who may no longer sign in.
    pub inactive: bool,
    /// Begin after this person.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: usize,
}

/// A page of staff by name.
#[derive(Clone, Debug)]
pub struct Found {
    /// The people with their roles.
    pub rows: Vec<(User, Vec<RoleGrant>)>,
    /// After whom the next page begins; `None` on the last.
    pub next: Option<UserId>,
}

/// A page of the list of staff.
///
/// # Errors
/// A fault of the engine.
pub fn people(tx: &mut Tx<'_>, access: &Access, wanted: &People) -> Result<Found> {
    let agency = access.agency_id;
    let after = match wanted.after {
        Some(id) => user(tx, access, id)?.map_or((String::new(), 0), |u| (u.name, u.id.0)),
        None => (String::new(), 0),
    };
    let text = wanted.text.trim().to_lowercase();
    let pattern = (!text.is_empty()).then(|| like(&text));
    let limit = i64::try_from(wanted.limit).unwrap_or(100) + 1;
    let args = params![agency, after.0, after.1, pattern, wanted.unit_id, wanted.inactive, limit];
    let mut rows = tx.all(&SEARCH, args, read)?;
    let more = rows.len() > wanted.limit;
    rows.truncate(wanted.limit);
    let ids: Vec<UserId> = rows.iter().map(|user| user.id).collect();
    let mut roles: HashMap<UserId, Vec<RoleGrant>> = HashMap::new();
    for (id, grant) in tx.all(&ROLES_OF_MANY, params![agency, id_list(&ids)], read_role)? {
        roles.entry(id).or_default().extend(grant);
    }
    let with_roles = |user: User| {
        let held = roles.remove(&user.id).unwrap_or_default();
        (user, held)
    };
    let next = if more { ids.last().copied() } else { None };
    Ok(Found { rows: rows.into_iter().map(with_roles).collect(), next })
}

/// `text` as a pattern that finds it anywhere, its own wildcards taken literally.
pub(crate) fn like(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// An account as sign-in needs it; never leaves the server.
#[derive(Clone)]
pub struct Account {
    /// The agency.
    pub agency_id: AgencyId,
    /// The person.
    pub user_id: UserId,
    /// The hash of their password.
    pub password_hash: String,
    /// The salt of their authenticator's secret, where they use one.
    pub totp_salt: Option<String>,
    /// The newest step of the authenticator that was used.
    pub totp_step: i64,
    /// Whether they may sign in.
    pub active: bool,
    /// Their name.
    pub name: String,
}

/// The account with a sign-in name, in whatever agency.
///
/// # Errors
/// A fault of the engine.
pub fn account_by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<Account>> {
    Ok(tx.opt(&ACCOUNT, params![email.trim().to_lowercase()], read_account)?)
}

/// One's own account.
pub(crate) fn account(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<Option<Account>> {
    Ok(tx.opt(&SECRETS, params![access.agency_id, id], read_account)?)
}

/// The member of this agency with a sign-in name.
///
/// # Errors
/// A fault of the engine.
pub fn user_by_email(tx: &mut Tx<'_>, access: &Access, email: &str) -> Result<Option<User>> {
    match account_by_email(tx, email)? {
        Some(account) if account.agency_id == access.agency_id => user(tx, access, account.user_id),
        _ => Ok(None),
    }
}

fn read_account(row: &mut Row<'_>) -> Result<Account, Fault> {
    Ok(Account {
        agency_id: row.int()?,
        user_id: row.int()?,
        password_hash: row.text()?,
        totp_salt: row.opt_text()?,
        totp_step: row.int()?,
        active: row.bool()?,
        name: row.text()?,
    })
}

fn read(row: &mut Row<'_>) -> Result<User, Fault> {
    Ok(User {
        id: row.int()?,
        email: row.text()?,
        name: row.text()?,
        title: row.text()?,
        unit_id: row.opt_int()?,
        locale: Locale::parse(&row.text()?).unwrap_or_default(),
        active: row.bool()?,
        has_totp: row.bool()?,
        created_at: row.int()?,
        version: row.int()?,
        must_change_password: row.bool()?,
    })
}
