//! SMS: accounts at message centres, and the worker that keeps each of them bound.
//!
//! An account is kept bound by one node at a time, which holds a lease meanwhile; another node
//! takes it over where that one dies.

mod answers;
pub mod pages;
pub mod understand;
pub mod worker;

use serde::{Deserialize, Serialize};
use tanggap_channels::sms::wire::Settings;
use tanggap_conversations::accounts::Account;
use tanggap_kernel::{AgencyId, Fault};
use tanggap_ui::ctx::Secrets as Keys;

/// The channel's name.
pub const CHANNEL: &str = "sms";
/// What the sealed secrets of accounts are for.
const PURPOSE: &str = "channel account";

/// What is kept sealed.
#[derive(Default, Serialize, Deserialize)]
pub struct Secrets {
    /// The account's password at the centre.
    pub password: String,
}

/// What an account is set to, beside its secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// How to reach the centre.
    pub centre: Settings,
    /// What one part costs, rupiah; shown before sending.
    pub price: i64,
}

/// What is kept of an account, its secrets opened.
///
/// # Errors
/// A fault where they cannot be read.
pub fn open(keys: &Keys, account: &Account) -> Result<(Kept, Secrets), Fault> {
    let wrong = |e: serde_json::Error| Fault::new(format!("account {}: {e}", account.name));
    let kept = serde_json::from_str(&account.settings).map_err(wrong)?;
    if account.secrets.is_empty() {
        return Ok((kept, Secrets::default()));
    }
    let of = account.agency_id.to_string();
    let plain = keys.unseal(PURPOSE, of.as_bytes(), &account.secrets)?;
    Ok((kept, serde_json::from_slice(&plain).map_err(wrong)?))
}

/// Seals the secrets of an account of an agency.
///
/// # Errors
/// A fault of the system.
pub fn seal(keys: &Keys, agency: AgencyId, secrets: &Secrets) -> Result<Vec<u8>, Fault> {
    let plain = serde_json::to_vec(secrets).map_err(|e| Fault::new(format!("secrets: {e}")))?;
    keys.seal(PURPOSE, agency.to_string().as_bytes(), &plain)
}
