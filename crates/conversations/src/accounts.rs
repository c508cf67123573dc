//! Accounts at providers: a mailbox, a number, a page, a bot; and how far each has been read.
//!
//! Tokens and passwords are sealed by the caller with the installation's key before they come
//! here, and no event or page ever holds them.

use serde_json::json;
use tanggap_kernel::error::Check;
use tanggap_kernel::{
    Access, AgencyId, Event, Fault, Invalid, Permission, Refusal, Result, Subject, Timestamp, id,
    params,
};
use tanggap_store::{Row, Tx, sql};

id!(
    /// One account at a provider.
    AccountId
);

/// Accounts that one agency may have.
const ACCOUNTS_MAX: i64 = 500;
/// Accounts that one node looks after.
const ALL_MAX: i64 = 10_000;
const TEXT_MAX: usize = 200;

sql! {
    INSERT = "insert into channel_accounts (agency_id, id, channel, name, address, settings,
        secrets, active, created_at, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
    UPDATE = "update channel_accounts set name = $3, address = $4, settings = $5, secrets = $6,
        active = $7, version = version + 1 where agency_id = $1 and id = $2 and version = $8";
    RENEW = "update channel_accounts set secrets = $3
        where agency_id = $1 and id = $2 and version = $4";
    OF_AGENCY = "select agency_id, id, channel, name, address, settings, secrets, active, trouble,
        trouble_at, version from channel_accounts where agency_id = $1 order by id limit $2";
    FIND = "select agency_id, id, channel, name, address, settings, secrets, active, trouble,
        trouble_at, version from channel_accounts where agency_id = $1 and id = $2";
    BY_ADDRESS = "select agency_id, id, channel, name, address, settings, secrets, active, trouble,
        trouble_at, version from channel_accounts where channel = $1 and address = $2";
    OF_CHANNEL = "select agency_id, id, channel, name, address, settings, secrets, active, trouble,
        trouble_at, version from channel_accounts where channel = $1 and active
        order by address limit $2";
    TROUBLE = "update channel_accounts set trouble = $3, trouble_at = $4
        where agency_id = $1 and id = $2";
    CURSOR = "select cursor from channel_cursors
        where agency_id = $1 and account_id = $2 and part = $3";
    SET_CURSOR = "insert into channel_cursors (agency_id, account_id, part, cursor, updated_at)
        values ($1, $2, $3, $4, $5) on conflict (agency_id, account_id, part)
        do update set cursor = excluded.cursor, updated_at = excluded.updated_at";
}

/// An account at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Whose it is.
    pub agency_id: AgencyId,
    /// Its id.
    pub id: AccountId,
    /// `email`, `sms`, `whatsapp`, `telegram`, `messenger`, `instagram`, `x` or `webchat`.
    pub channel: String,
    /// What people call it.
    pub name: String,
    /// Our own address there.
    pub address: String,
    /// Its settings, JSON without secrets.
    pub settings: String,
    /// Its tokens and passwords, sealed.
    pub secrets: Vec<u8>,
    /// Whether it is used.
    pub active: bool,
    /// The provider's last word, where it refuses us.
    pub trouble: Option<String>,
    /// Since when it does.
    pub trouble_at: Option<Timestamp>,
    /// How often it was changed.
    pub version: i64,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("channel", &self.channel)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// An account as somebody sets it up.
#[derive(Clone, Default)]
pub struct AccountInput {
    /// See [`Account::channel`].
    pub channel: &'static str,
    /// What people call it.
    pub name: String,
    /// Our own address there.
    pub address: String,
    /// JSON without secrets.
    pub settings: String,
    /// Tokens and passwords, sealed.
    pub secrets: Vec<u8>,
    /// Whether it is used.
    pub active: bool,
}

impl AccountInput {
    fn check(&self) -> Result<()> {
        let mut check = Check::new();
        for (field, text) in [("name", &self.name), ("address", &self.address)] {
            check.require(!text.trim().is_empty(), field, "ui-invalid-required");
            if text.chars().count() > TEXT_MAX {
                check.push(Invalid::new(field, "ui-invalid-long").arg("max", TEXT_MAX));
            }
        }
        check.done()
    }
}

/// Sets up an account.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Invalid`] (also where the address is set up already), or a
/// fault.
pub fn create(tx: &mut Tx<'_>, access: &Access, input: &AccountInput) -> Result<AccountId> {
    access.require(Permission::ChannelsManage, None)?;
    input.check()?;
    not_taken(tx, input, None)?;
    let (id, now): (AccountId, _) = (tx.id(), tx.now());
    tx.put(
        &INSERT,
        params![
            access.agency_id,
            id,
            input.channel,
            input.name.trim(),
            input.address.trim(),
            &input.settings,
            &input.secrets[..],
            input.active,
            now,
        ],
    )?;
    announce(tx, access, "account.created", id, input);
    Ok(id)
}

/// Changes an account.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::Invalid`], [`Refusal::Stale`], or a
/// fault.
pub fn update(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    version: i64,
    input: &AccountInput,
) -> Result<()> {
    access.require(Permission::ChannelsManage, None)?;
    input.check()?;
    if get(tx, access, id)?.channel != input.channel {
        return Err(Refusal::NotFound.into());
    }
    not_taken(tx, input, Some(id))?;
    let row = params![
        access.agency_id,
        id,
        input.name.trim(),
        input.address.trim(),
        &input.settings,
        &input.secrets[..],
        input.active,
        version,
    ];
    if tx.exec(&UPDATE, row)? == 0 {
        return Err(Refusal::Stale.into());
    }
    announce(tx, access, "account.changed", id, input);
    Ok(())
}

/// Keeps the secrets that a provider gave in place of older ones, while the account is still as
/// `version` says. It is the same account with the same rights, so this is no change of it.
///
/// # Errors
/// A fault of the engine.
pub fn renew_secrets(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    version: i64,
    secrets: &[u8],
) -> Result<(), Fault> {
    tx.put(&RENEW, params![access.agency_id, id, secrets, version])
}

fn not_taken(tx: &mut Tx<'_>, input: &AccountInput, but: Option<AccountId>) -> Result<()> {
    match by_address(tx, input.channel, input.address.trim())? {
        Some(other) if Some(other.id) != but => {
            Err(Refusal::field("address", "talk-invalid-address-taken").into())
        }
        _ => Ok(()),
    }
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    id: AccountId,
    input: &AccountInput,
) {
    let event =
        Event::new(access.agency_id, kind, Subject { kind: "account", id: id.0 }, access.actor);
    tx.announce(event.with(json!({
        "channel": input.channel,
        "name": input.name.trim(),
        "address": input.address.trim(),
        "active": input.active,
    })));
}

/// The accounts of an agency, the oldest first.
///
/// # Errors
/// A fault of the engine.
pub fn all(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Account>, Fault> {
    tx.all(&OF_AGENCY, params![access.agency_id, ACCOUNTS_MAX], read)
}

/// One account.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: AccountId) -> Result<Account> {
    Ok(tx.opt(&FIND, params![access.agency_id, id], read)?.ok_or(Refusal::NotFound)?)
}

/// The account of an address, whichever agency's it is: what a provider's call names.
///
/// # Errors
/// A fault of the engine.
pub fn by_address(tx: &mut Tx<'_>, channel: &str, address: &str) -> Result<Option<Account>, Fault> {
    tx.opt(&BY_ADDRESS, params![channel, address], read)
}

/// All accounts of a channel that are used, in all agencies: what a node looks after.
///
/// # Errors
/// A fault of the engine.
pub fn in_use(tx: &mut Tx<'_>, channel: &str) -> Result<Vec<Account>, Fault> {
    tx.all(&OF_CHANNEL, params![channel, ALL_MAX], read)
}

/// Notes that the provider refuses us, or no longer does; an event only where that changes.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn note_trouble(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    trouble: Option<&str>,
) -> Result<()> {
    let known = get(tx, access, id)?;
    if known.trouble.as_deref() == trouble {
        return Ok(());
    }
    let since = match (trouble, known.trouble_at) {
        (None, _) => None,
        (Some(_), Some(since)) => Some(since),
        (Some(_), None) => Some(tx.now()),
    };
    tx.put(&TROUBLE, params![access.agency_id, id, trouble, since])?;
    if known.trouble.is_some() != trouble.is_some() {
        let kind = if trouble.is_some() { "account.troubled" } else { "account.recovered" };
        let subject = Subject { kind: "account", id: id.0 };
        let event = Event::new(access.agency_id, kind, subject, access.actor);
        tx.announce(event.with(json!({ "channel": known.channel })));
    }
    Ok(())
}

/// How far a part of an account (a folder; empty where it has one only) has been read.
///
/// # Errors
/// A fault of the engine.
pub fn cursor(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    part: &str,
) -> Result<Option<String>, Fault> {
    tx.opt(&CURSOR, params![access.agency_id, id, part], |row| row.text())
}

/// Notes how far a part has been read, in the transaction that kept what was read.
///
/// # Errors
/// A fault of the engine.
pub fn set_cursor(
    tx: &mut Tx<'_>,
    access: &Access,
    id: AccountId,
    part: &str,
    cursor: &str,
) -> Result<(), Fault> {
    let now = tx.now();
    tx.put(&SET_CURSOR, params![access.agency_id, id, part, cursor, now])
}

fn read(row: &mut Row<'_>) -> Result<Account, Fault> {
    Ok(Account {
        agency_id: row.int()?,
        id: row.int()?,
        channel: row.text()?,
        name: row.text()?,
        address: row.text()?,
        settings: row.text()?,
        secrets: row.bytes()?,
        active: row.bool()?,
        trouble: row.opt_text()?,
        trouble_at: row.opt_int()?,
        version: row.int()?,
    })
}
