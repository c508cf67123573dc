//! What people change about themselves.

use serde_json::json;
use tanggap_kernel::error::Check;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Locale, Refusal, Result, params};
use tanggap_store::Tx;

use super::{event, text};
use crate::sessions::{self, SecretHash};
use crate::store::people as user_rows;

fn me(access: &Access) -> Result<UserId> {
    Ok(access.user().ok_or(Refusal::Forbidden)?)
}

/// Changes one's name and language.
///
/// # Errors
/// [`Refusal::Invalid`], or [`Refusal::Forbidden`] for anybody but staff.
pub fn update_own(tx: &mut Tx<'_>, access: &Access, name: &str, locale: Locale) -> Result<()> {
    let id = me(access)?;
    let mut check = Check::new();
    text(&mut check, "name", name, 120);
    check.done()?;
    let name = name.trim();
    tx.put(&user_rows::SET_OWN, params![access.agency_id, id, name, locale.tag()])?;
    let private = json!({ "name": name });
    let body = json!({ "locale": locale.tag() });
    tx.announce(event(access, "user.changed", "user", id.0).with(body).with_private(private));
    Ok(())
}

/// Sets one's new password (its hash) and ends all one's other sessions.
///
/// # Errors
/// [`Refusal::Forbidden`] for anybody but staff.
pub fn change_password(
    tx: &mut Tx<'_>,
    access: &Access,
    hash: &str,
    keep: &SecretHash,
) -> Result<()> {
    let id = me(access)?;
    tx.put(&user_rows::SET_PASSWORD, params![access.agency_id, id, hash, false])?;
    sessions::end_all(tx, access, id, Some(keep))?;
    tx.announce(event(access, "user.password_changed", "user", id.0));
    Ok(())
}

/// Sets up one's authenticator, with the step of the code that proved it, and ends all one's other
/// sessions: they began without it.
///
/// # Errors
/// [`Refusal::Forbidden`] for anybody but staff.
pub fn set_totp(
    tx: &mut Tx<'_>,
    access: &Access,
    salt: &str,
    step: i64,
    keep: &SecretHash,
) -> Result<()> {
    let id = me(access)?;
    sessions::end_all(tx, access, id, Some(keep))?;
    tx.put(&user_rows::SET_TOTP, params![access.agency_id, id, salt, step])?;
    tx.announce(event(access, "user.totp_set", "user", id.0));
    Ok(())
}

/// Takes one's authenticator off.
///
/// # Errors
/// [`Refusal::Forbidden`] for anybody but staff.
pub fn remove_totp(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    let id = me(access)?;
    tx.put(&user_rows::SET_TOTP, params![access.agency_id, id, None::<&str>, 0])?;
    tx.announce(event(access, "user.totp_removed", "user", id.0));
    Ok(())
}
