//! Contacts as rows.

use tanggap_kernel::{Access, Fault, Refusal, Result, params};
use tanggap_store::{Row, Tx, sql};

use crate::model::{Contact, ContactId, IdentityKind, NewContact};

/// How many people who share a number are looked at.
const SHARED_MAX: i64 = 20;

sql! {
    INSERT = "insert into contacts (agency_id, id, name, address, nik, created_at, version)
        values ($1, $2, $3, $4, $5, $6, 1)";
    INSERT_IDENTITY = "insert into contact_identities (agency_id, contact_id, kind, value)
        values ($1, $2, $3, $4) on conflict do nothing";
    BY_IDENTITY = "select c.id, c.name from contact_identities i join contacts c
        on c.agency_id = i.agency_id and c.id = i.contact_id
        where i.agency_id = $1 and i.kind = $2 and i.value = $3 order by i.contact_id limit $4";
    REACHABLE = "select c.name, i.value from contact_identities i join contacts c
        on c.agency_id = i.agency_id and c.id = i.contact_id where i.agency_id = $1
        and i.contact_id = $2 and i.kind = $3 order by i.value limit 1";
    FIND = "select id, name, address, nik, created_at, version from contacts
        where agency_id = $1 and id = $2";
    IDENTITIES = "select kind, value from contact_identities
        where agency_id = $1 and contact_id = $2 order by kind, value";
    UPDATE = "update contacts set name = $3, address = $4, nik = $5, version = version + 1
        where agency_id = $1 and id = $2 and version = $6";
    FILL = "update contacts set
        address = case when address = '' then $3 else address end,
        nik = coalesce(nik, $4), version = version + 1
        where agency_id = $1 and id = $2 and (address = '' or nik is null)";
    HAS = "select 1 from contact_identities
        where agency_id = $1 and contact_id = $2 and kind = $3 and value = $4";
    DELETE_IDENTITIES = "delete from contact_identities where agency_id = $1 and contact_id = $2";
}

/// Finds the contact that `new` names, or makes it. What was unknown of a known contact is
/// filled in; nothing is overwritten.
///
/// A number or an address is added to a known contact only by a member of staff, who has the
/// person before them. From a form or a mail it could be a stranger's, who would then be sent
/// what is meant for the person; there a contact is the same only where all that is given is
/// known of it already.
///
/// # Errors
/// A fault of the engine.
pub fn find_or_create(
    tx: &mut Tx<'_>,
    access: &Access,
    new: &NewContact,
) -> Result<ContactId, Fault> {
    let found = match known(tx, access, new)? {
        Some(id) => {
            if !new.address.is_empty() || new.nik.is_some() {
                let filled = params![access.agency_id, id, &new.address, new.nik.as_deref()];
                tx.put(&FILL, filled)?;
            }
            id
        }
        None => {
            let (id, now): (ContactId, _) = (tx.id(), tx.now());
            let nik = new.nik.as_deref();
            tx.put(&INSERT, params![access.agency_id, id, &new.name, &new.address, nik, now])?;
            id
        }
    };
    for (kind, value) in [(IdentityKind::Phone, &new.phone), (IdentityKind::Email, &new.email)] {
        if let Some(value) = value {
            let row = params![access.agency_id, found, kind.as_str(), value];
            tx.put(&INSERT_IDENTITY, row)?;
        }
    }
    Ok(found)
}

fn known(tx: &mut Tx<'_>, access: &Access, new: &NewContact) -> Result<Option<ContactId>, Fault> {
    let same = |name: &str| name.trim().to_lowercase() == new.name.trim().to_lowercase();
    for (kind, value) in [(IdentityKind::Email, &new.email), (IdentityKind::Phone, &new.phone)] {
        let Some(value) = value else { continue };
        let key = params![access.agency_id, kind.as_str(), value, SHARED_MAX];
        let found: Vec<(ContactId, String)> =
            tx.all(&BY_IDENTITY, key, |row| Ok((row.int()?, row.text()?)))?;
        let fits = |name: &str| kind == IdentityKind::Email && new.name.is_empty() || same(name);
        for (id, _) in found.into_iter().filter(|(_, name)| fits(name)) {
            if access.user().is_some() || has_all(tx, access, id, new)? {
                return Ok(Some(id));
            }
        }
    }
    Ok(None)
}

fn has_all(
    tx: &mut Tx<'_>,
    access: &Access,
    id: ContactId,
    new: &NewContact,
) -> Result<bool, Fault> {
    for (kind, value) in [(IdentityKind::Email, &new.email), (IdentityKind::Phone, &new.phone)] {
        let Some(value) = value else { continue };
        let key = params![access.agency_id, id, kind.as_str(), value];
        if tx.opt(&HAS, key, |_| Ok(()))?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Those who are reached by `value`, as its parser writes it; `kind` is `phone` or `email`. One
/// number may serve a family, so there may be several.
///
/// # Errors
/// A fault of the engine.
pub fn with_identity(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &str,
    value: &str,
    limit: i64,
) -> Result<Vec<ContactId>, Fault> {
    tx.all(&BY_IDENTITY, params![access.agency_id, kind, value, limit], |row| row.int())
}

/// A contact with its numbers and addresses.
///
/// # Errors
/// [`Refusal::NotFound`] where the agency has none of this id, or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: ContactId) -> Result<Contact> {
    let mut contact =
        tx.opt(&FIND, params![access.agency_id, id], read)?.ok_or(Refusal::NotFound)?;
    let identities: Vec<(String, String)> =
        tx.all(&IDENTITIES, params![access.agency_id, id], |row| Ok((row.text()?, row.text()?)))?;
    for (kind, value) in identities {
        if kind == IdentityKind::Phone.as_str() {
            contact.phones.push(value);
        } else if kind == IdentityKind::Email.as_str() {
            contact.emails.push(value);
        }
    }
    Ok(contact)
}

/// A person's name and the first of their e-mail addresses: where to write to.
///
/// # Errors
/// A fault of the engine.
pub fn reachable(
    tx: &mut Tx<'_>,
    access: &Access,
    id: ContactId,
) -> Result<Option<(String, String)>, Fault> {
    let email = IdentityKind::Email.as_str();
    tx.opt(&REACHABLE, params![access.agency_id, id, email], |row| Ok((row.text()?, row.text()?)))
}

/// Changes name, address and population number.
///
/// # Errors
/// [`Refusal::Stale`] where somebody else changed it meanwhile, or a fault.
pub fn update(tx: &mut Tx<'_>, access: &Access, contact: &Contact) -> Result<()> {
    let row = params![
        access.agency_id,
        contact.id,
        &contact.name,
        &contact.address,
        contact.nik.as_deref(),
        contact.version,
    ];
    if tx.exec(&UPDATE, row)? == 0 { Err(Refusal::Stale.into()) } else { Ok(()) }
}

/// Forgets who a contact was: name, address, numbers and addresses are gone, the row stays so
/// that cases keep their history.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn erase(tx: &mut Tx<'_>, access: &Access, id: ContactId) -> Result<()> {
    let known = get(tx, access, id)?;
    let blank = Contact { name: String::new(), address: String::new(), nik: None, ..known };
    update(tx, access, &blank)?;
    Ok(tx.put(&DELETE_IDENTITIES, params![access.agency_id, id])?)
}

fn read(row: &mut Row<'_>) -> Result<Contact, Fault> {
    Ok(Contact {
        id: row.int()?,
        name: row.text()?,
        address: row.text()?,
        nik: row.opt_text()?,
        phones: Vec::new(),
        emails: Vec::new(),
        created_at: row.int()?,
        version: row.int()?,
    })
}
