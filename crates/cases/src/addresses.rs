//! Where the reporter of a case is written to, who may have several addresses: to the one by which
//! they last wrote about it or proved to be themself; else where its last message went; else to
//! the one that was proved last.

use tanggap_contacts as contacts;
use tanggap_kernel::{Access, Fault, params};
use tanggap_store::{Tx, sql};

use crate::model::Case;

/// The most people who share an address that are looked at.
const SHARING_MAX: i64 = 50;

sql! {
    TO = "select c.name, i.value from contact_identities i join contacts c
        on c.agency_id = i.agency_id and c.id = i.contact_id
        where i.agency_id = $1 and i.contact_id = $2 and i.kind = $3
        order by case
            when i.value = (select value from case_addresses
                where agency_id = $1 and case_id = $4 and kind = $3) then 0
            when i.value = (select recipient from outbound where agency_id = $1 and case_id = $4
                and channel = $5 and state not in ('failed', 'suppressed')
                order by id desc limit 1) then 1
            else 2 end,
            coalesce(i.verified_at, 0) desc, i.value limit 1";
    USE = "insert into case_addresses (agency_id, case_id, kind, value, used_at)
        values ($1, $2, $3, $4, $5) on conflict (agency_id, case_id, kind) do update set
        value = excluded.value, used_at = excluded.used_at";
    PROVE = "update contact_identities set verified_at = $5
        where agency_id = $1 and contact_id = $2 and kind = $3 and value = $4";
}

/// The reporter's name and where they are written to by `email` or `sms`, where they left such an
/// address.
///
/// # Errors
/// A fault of the engine.
pub fn of(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    channel: &str,
) -> Result<Option<(String, String)>, Fault> {
    let Some(contact) = case.contact_id else { return Ok(None) };
    let kind = if channel == "sms" { "phone" } else { "email" };
    let key = params![access.agency_id, contact, kind, case.id, channel];
    tx.opt(&TO, key, |row| Ok((row.text()?, row.text()?)))
}

/// The reporter wrote about the case by this address, or had something of it sent there; `kind` is
/// `email` or `phone`.
///
/// # Errors
/// A fault of the engine.
pub fn used(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    (kind, value): (&str, &str),
) -> Result<(), Fault> {
    let now = tx.now();
    tx.put(&USE, params![access.agency_id, case.id, kind, value, now])
}

/// Whoever is reached by this address proved just now that it is theirs.
///
/// # Errors
/// A fault of the engine.
pub fn proved(
    tx: &mut Tx<'_>,
    access: &Access,
    (kind, value): (&str, &str),
) -> Result<bool, Fault> {
    let (people, now) = (contacts::with_identity(tx, access, kind, value, SHARING_MAX)?, tx.now());
    for person in &people {
        tx.put(&PROVE, params![access.agency_id, *person, kind, value, now])?;
    }
    Ok(!people.is_empty())
}
