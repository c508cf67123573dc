//! Putting an agency's own law profile in place of the program's.

use serde_json::json;
use tanggap_calendar::{Kind, Profile, ProfileError, profile_for};
use tanggap_kernel::access::Permission;
use tanggap_kernel::{Access, Refusal, Result, params};
use tanggap_store::Tx;

use super::event;
use crate::store::law as law_rows;

/// Reads a profile for `kind` and checks it against the one that it replaces.
///
/// # Errors
/// What is wrong with it, in one message each.
pub fn read_profile(kind: Kind, text: &str) -> Result<Profile, ProfileError> {
    let profile = Profile::from_toml(text)?;
    profile.check_override(profile_for(kind, profile.valid_from))?;
    Ok(profile)
}

/// Puts a profile in place; it rules the cases that come in from then on. A version that exists is
/// never changed: later changes carry the next number.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`] where it must not be used ([`read_profile`]
/// tells why) or the version exists.
pub fn put_profile(tx: &mut Tx<'_>, access: &Access, kind: Kind, text: &str) -> Result<Profile> {
    access.require(Permission::OrgManage, None)?;
    let profile =
        read_profile(kind, text).map_err(|_| Refusal::field("text", "org-invalid-profile"))?;
    let (id, version, now) = (profile.id.as_str(), i64::from(profile.version), tx.now());
    let args = params![access.agency_id, id, version, kind.as_str(), text, now];
    if tx.exec(&law_rows::INSERT, args)? == 0 {
        return Err(Refusal::field("text", "org-invalid-profile-version").into());
    }
    let body = json!({ "profile": profile.key(), "kind": kind.as_str() });
    tx.announce(event(access, "profile.put", "agency", access.agency_id.0).with(body));
    Ok(profile)
}

/// Takes a profile out of force; cases that began under it keep it.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`].
pub fn retire_profile(tx: &mut Tx<'_>, access: &Access, id: &str, version: i64) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    let now = tx.now();
    if tx.exec(&law_rows::RETIRE, params![access.agency_id, id, version, now])? == 0 {
        return Err(Refusal::NotFound.into());
    }
    let body = json!({ "profile": format!("{id}@{version}") });
    tx.announce(event(access, "profile.retired", "agency", access.agency_id.0).with(body));
    Ok(())
}
