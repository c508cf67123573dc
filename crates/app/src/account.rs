//! What the accounts of all channels have in common: settings and sealed secrets, and what their
//! pages of settings do alike.

use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tanggap_conversations::accounts::{self, Account, AccountId};
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{AgencyId, Error, Fault, Permission, Refusal, Result};
use tanggap_org::Staff;
use tanggap_org::door::Fields;
use tanggap_ui::ctx::Secrets as Keys;
use tanggap_ui::{Ctx, FormState};

/// What the sealed secrets of accounts are for.
const PURPOSE: &str = "channel account";

/// Settings and secrets of an account; one without secrets has none yet.
///
/// # Errors
/// A fault where they cannot be read.
pub fn open<S: DeserializeOwned, K: DeserializeOwned + Default>(
    keys: &Keys,
    account: &Account,
) -> Result<(S, K), Fault> {
    let wrong = |e: serde_json::Error| Fault::new(format!("account {}: {e}", account.name));
    let settings = serde_json::from_str(&account.settings).map_err(wrong)?;
    let Some(plain) = unseal(keys, account)? else { return Ok((settings, K::default())) };
    Ok((settings, serde_json::from_slice(&plain).map_err(wrong)?))
}

/// The secrets of an account as they were sealed; none where it has none yet.
///
/// # Errors
/// A fault where they were sealed with another key.
pub fn unseal(keys: &Keys, account: &Account) -> Result<Option<Vec<u8>>, Fault> {
    if account.secrets.is_empty() {
        return Ok(None);
    }
    let of = account.agency_id.to_string();
    keys.unseal(PURPOSE, of.as_bytes(), &account.secrets).map(Some)
}

/// Seals the secrets of an account of an agency.
///
/// # Errors
/// A fault of the system.
pub fn seal(keys: &Keys, agency: AgencyId, secrets: &impl Serialize) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(secrets).map_err(|e| Fault::new(format!("secrets: {e}")))?;
    keys.seal(PURPOSE, agency.to_string().as_bytes(), &plain)
}

/// Lets those through who set accounts up.
pub(crate) fn manage(staff: &Staff) -> Result<()> {
    Ok(staff.access.require(Permission::ChannelsManage, None)?)
}

/// The account that a page is about, where it is one of `channel`.
pub(crate) async fn load(ctx: &Ctx, staff: &Staff, id: &str, channel: &str) -> Result<Account> {
    let account = load_any(ctx, staff, id).await?;
    if account.channel == channel { Ok(account) } else { Err(Refusal::NotFound.into()) }
}

/// The same of any channel.
pub(crate) async fn load_any(ctx: &Ctx, staff: &Staff, id: &str) -> Result<Account> {
    let id = AccountId::parse(id).ok_or(Refusal::NotFound)?;
    let access = staff.access.clone();
    ctx.db.read(move |tx| accounts::get(tx, &access, id)).await
}

/// A form with what all accounts have.
pub(crate) fn filled(form: FormState, account: &Account) -> FormState {
    form.with("name", &account.name)
        .with("address", &account.address)
        .with("active", if account.active { "ya" } else { "" })
        .with("version", account.version)
}

/// The form as it is shown again, with what is wrong; everything else goes on as an error.
pub(crate) fn refused(
    error: Error,
    fields: Fields,
    staff: &Staff,
) -> Result<(StatusCode, FormState)> {
    let (status, errors) = match error {
        Error::Refused(Refusal::Invalid(errors)) => (StatusCode::UNPROCESSABLE_ENTITY, errors),
        Error::Refused(Refusal::Stale) => {
            (StatusCode::CONFLICT, vec![Invalid::new("name", "kanal-invalid-stale")])
        }
        error => return Err(error),
    };
    Ok((status, fields.refused(staff.prefs.locale, errors)))
}
