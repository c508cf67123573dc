//! Contacts as rows.

use tanggap_kernel::{Access, Fault, Refusal, Result, params};
use tanggap_store::{Row, Tx, sql};

use crate::model::{Contact, ContactId, IdentityKind, Met, NewContact};
use crate::names;

/// How many people who share a number are looked at.
const SHARED_MAX: i64 = 20;

sql! {
    INSERT = "insert into contacts (agency_id, id, name, address, nik, created_at, same_as, version)
        values ($1, $2, $3, $4, $5, $6, $7, 1)";
    INSERT_IDENTITY = "insert into contact_identities (agency_id, contact_id, kind, value)
        values ($1, $2, $3, $4) on conflict do nothing";
    BY_IDENTITY = "select contact_id from contact_identities
        where agency_id = $1 and kind = $2 and value = $3 order by contact_id limit $4";
    // All that is known of all who share a number, at once: asking for each costs turns.
    SHARING = "select c.id, c.name, c.address, c.nik, c.same_as, c.created_at, c.version,
        o.kind, o.value from (select agency_id, contact_id from contact_identities
            where agency_id = $1 and kind = $2 and value = $3 order by contact_id limit $4) i
        join contacts c on c.agency_id = i.agency_id and c.id = i.contact_id
        join contact_identities o on o.agency_id = i.agency_id and o.contact_id = i.contact_id
        order by i.contact_id, o.kind, o.value";
    // One statement, since each is a wake-up more for whoever reads: a row for each identity, or
    // one without.
    FIND = "select c.id, c.name, c.address, c.nik, c.same_as, c.created_at, c.version,
        i.kind, i.value from contacts c left join contact_identities i
        on i.agency_id = c.agency_id and i.contact_id = c.id
        where c.agency_id = $1 and c.id = $2 order by i.kind, i.value";
    SAME_AS = "select id from contacts where agency_id = $1 and same_as = $2
        order by id desc limit $3";
    UPDATE = "update contacts set name = $3, address = $4, nik = $5, version = version + 1
        where agency_id = $1 and id = $2 and version = $6";
    FILL = "update contacts set
        address = case when address = '' then $3 else address end,
        nik = coalesce(nik, $4), version = version + 1
        where agency_id = $1 and id = $2 and (address = '' or nik is null)";
    COPY_IDENTITIES = "insert into contact_identities (agency_id, contact_id, kind, value)
        select agency_id, $3, kind, value from contact_identities
        where agency_id = $1 and contact_id = $2 on conflict do nothing";
    DELETE_HANDLES = "delete from contact_identities
        where agency_id = $1 and contact_id = $2 and kind = 'handle'";
    DELETE_IDENTITIES = "delete from contact_identities where agency_id = $1 and contact_id = $2";
}

/// Finds the contact that `new` names, or makes it.
///
/// Whoever stands at the counter is before a member of staff: what they add to a known contact is
/// its own from then on, but for a second address to write to, since the news of all its cases
/// would go to one of the two. On the phone, by letter, in a form or a mail it could be a stranger
/// who gives somebody's name and number, and who would then be shown and sent what is meant for
/// the person. There nothing is added to anybody: who gives something that is not known, and in a
/// form something less, becomes a contact by itself, which says whom it says to be.
///
/// # Errors
/// A fault of the engine.
pub fn find_or_create(
    tx: &mut Tx<'_>,
    access: &Access,
    new: &NewContact,
    met: Met,
) -> Result<Contact, Fault> {
    let mut contact = match known(tx, access, new, met)? {
        Known::Same(mut contact) => {
            if met == Met::AtTheCounter {
                fill(tx, access, &mut contact, new)?;
            }
            contact
        }
        Known::Perhaps(same_as) => insert(tx, access, new, same_as)?,
    };
    let mut rows = Vec::new();
    for (kind, value) in given(new) {
        let known = contact.values_mut(kind);
        if !known.iter().any(|it| it == value) {
            known.push(value.to_owned());
            rows.push(params![access.agency_id, contact.id, kind.as_str(), value].to_vec());
        }
    }
    tx.put_all(&INSERT_IDENTITY, &rows)?;
    Ok(contact)
}

/// Adds what was missing of a known contact.
fn fill(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: &mut Contact,
    new: &NewContact,
) -> Result<(), Fault> {
    let adds_address = contact.address.is_empty() && !new.address.is_empty();
    let adds_nik = contact.nik.is_none() && new.nik.is_some();
    if !adds_address && !adds_nik {
        return Ok(());
    }
    tx.put(&FILL, params![access.agency_id, contact.id, &new.address, new.nik.as_deref()])?;
    contact.version += 1;
    if adds_address {
        contact.address.clone_from(&new.address);
    }
    if adds_nik {
        contact.nik.clone_from(&new.nik);
    }
    Ok(())
}

/// Makes a contact, without its numbers and addresses.
fn insert(
    tx: &mut Tx<'_>,
    access: &Access,
    new: &NewContact,
    same_as: Option<ContactId>,
) -> Result<Contact, Fault> {
    let contact = Contact {
        id: tx.id(),
        name: new.name.clone(),
        address: new.address.clone(),
        nik: new.nik.clone(),
        phones: Vec::new(),
        emails: Vec::new(),
        handles: Vec::new(),
        same_as,
        created_at: tx.now(),
        version: 1,
    };
    let Contact { id, name, address, nik, created_at, .. } = &contact;
    let row = params![access.agency_id, *id, name, address, nik.as_deref(), *created_at, same_as];
    tx.put(&INSERT, row)?;
    names::index(tx, access.agency_id, *id, name)?;
    Ok(contact)
}

/// What is known of somebody who names themself.
enum Known {
    /// They are this contact.
    Same(Contact),
    /// They may be this one, or nobody that we know.
    Perhaps(Option<ContactId>),
}

fn known(tx: &mut Tx<'_>, access: &Access, new: &NewContact, met: Met) -> Result<Known, Fault> {
    let same = |name: &str| name.trim().to_lowercase() == new.name.trim().to_lowercase();
    let mut perhaps = None;
    for (kind, value) in given(new) {
        let key = params![access.agency_id, kind.as_str(), value, SHARED_MAX];
        let fits = |name: &str| match kind {
            // The provider says who it is, whatever they call themself today.
            IdentityKind::Handle => true,
            IdentityKind::Email => new.name.is_empty() || same(name),
            IdentityKind::Phone => same(name),
        };
        let sharing = gathered(tx.all(&SHARING, key, identity)?);
        for contact in sharing.into_iter().filter(|contact| fits(&contact.name)) {
            if kind == IdentityKind::Handle || is_same(&contact, new, met) {
                return Ok(Known::Same(contact));
            }
            perhaps = perhaps.or(contact.same_as).or(Some(contact.id));
        }
    }
    Ok(Known::Perhaps(perhaps))
}

/// What proves most first: a telephone may serve a family.
fn given(new: &NewContact) -> impl Iterator<Item = (IdentityKind, &str)> {
    let handle = new.handle.as_deref().map(|value| (IdentityKind::Handle, value));
    let email = new.email.as_deref().map(|value| (IdentityKind::Email, value));
    let phone = new.phone.as_deref().map(|value| (IdentityKind::Phone, value));
    handle.into_iter().chain(email).chain(phone)
}

/// Whether who gives this is the contact of that name or address, by how they are met.
fn is_same(known: &Contact, new: &NewContact, met: Met) -> bool {
    let holds = |known: &[String], given: &Option<String>| {
        given.as_ref().is_none_or(|given| known.contains(given))
    };
    match met {
        Met::AtTheCounter => known.emails.is_empty() || holds(&known.emails, &new.email),
        Met::ByStaff => {
            holds(&known.emails, &new.email)
                && holds(&known.phones, &new.phone)
                && holds(&known.handles, &new.handle)
                && (new.address.is_empty() || new.address == known.address)
                && (new.nik.is_none() || new.nik == known.nik)
        }
        Met::ByThemself => {
            known.name.trim().to_lowercase() == new.name.trim().to_lowercase()
                && known.emails.iter().eq(&new.email)
                && known.handles.iter().eq(&new.handle)
                && known.phones.iter().eq(&new.phone)
                && known.address == new.address
                && known.nik == new.nik
        }
    }
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
    Ok(find(tx, access, id)?.ok_or(Refusal::NotFound)?)
}

fn find(tx: &mut Tx<'_>, access: &Access, id: ContactId) -> Result<Option<Contact>, Fault> {
    let rows = tx.all(&FIND, params![access.agency_id, id], identity)?;
    Ok(gathered(rows).pop())
}

/// A contact without its numbers and addresses, and one of them.
type Identity = (Contact, Option<String>, Option<String>);

fn identity(row: &mut Row<'_>) -> Result<Identity, Fault> {
    Ok((read(row)?, row.opt_text()?, row.opt_text()?))
}

/// The contacts of rows that come contact by contact.
fn gathered(rows: Vec<Identity>) -> Vec<Contact> {
    let mut found: Vec<Contact> = Vec::new();
    for (contact, kind, value) in rows {
        if found.last().is_none_or(|last| last.id != contact.id) {
            found.push(contact);
        }
        let last = found.last_mut().expect("invariant: pushed just above");
        if let (Some(kind), Some(value)) = (kind.as_deref().and_then(IdentityKind::parse), value) {
            last.values_mut(kind).push(value);
        }
    }
    found
}

/// Those who may be the same person as a contact, the newest first: they gave its name and one of
/// its numbers or addresses. Nothing proves it.
///
/// # Errors
/// A fault of the engine.
pub fn perhaps_same(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: &Contact,
) -> Result<Vec<ContactId>, Fault> {
    let first = contact.same_as.unwrap_or(contact.id);
    let key = params![access.agency_id, first, SHARED_MAX];
    let mut others: Vec<ContactId> = tx.all(&SAME_AS, key, |row| row.int())?;
    others.push(first);
    others.retain(|other| *other != contact.id);
    Ok(others)
}

/// A member of staff says that two contacts are one person: the numbers and addresses of `other`
/// are `known`'s too from then on, and who writes by one of its accounts is `known`.
///
/// # Errors
/// [`Refusal::Forbidden`] where nobody of the staff says so, or a fault.
pub fn adopt(tx: &mut Tx<'_>, access: &Access, known: ContactId, other: ContactId) -> Result<()> {
    access.user().ok_or(Refusal::Forbidden)?;
    tx.put(&COPY_IDENTITIES, params![access.agency_id, other, known])?;
    Ok(tx.put(&DELETE_HANDLES, params![access.agency_id, other])?)
}

/// Changes name, address and population number.
///
/// # Errors
/// [`Refusal::Stale`] where somebody else changed it meanwhile, or a fault.
pub fn update(tx: &mut Tx<'_>, access: &Access, contact: &Contact) -> Result<()> {
    let known = get(tx, access, contact.id)?;
    names::forget(tx, access.agency_id, known.id, &known.name)?;
    names::index(tx, access.agency_id, contact.id, &contact.name)?;
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
        same_as: row.opt_int()?,
        phones: Vec::new(),
        emails: Vec::new(),
        handles: Vec::new(),
        created_at: row.int()?,
        version: row.int()?,
    })
}
