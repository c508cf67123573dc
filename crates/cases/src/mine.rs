//! My reports: whoever lost code or PIN proves by a one-time code that a mail address or a number
//! is theirs, sees all that was reported with it, and has a new PIN sent there.
//!
//! Nothing tells whether an address is known: a code is drawn and kept for every address that is
//! asked for, and sent to known ones only. A code is kept as a keyed hash, lasts ten minutes and
//! bears five tries; a PIN is never shown again, since only its hash is kept, so it is replaced.

use serde_json::json;
use subtle::ConstantTimeEq as _;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_contacts::{self as contacts, ContactId};
use tanggap_conversations::outbound::{Extra, ExtraTemplate};
use tanggap_conversations::{AccountId, NewOutbound, Priority, accounts, outbound, templates};
use tanggap_kernel::{Access, Fault, Refusal, Result, Timestamp, code, params};
use tanggap_store::{Tx, sql};
use tanggap_ui::ctx::{Secrets, random};
use tanggap_ui::{Arg, t, t_args};

use crate::actions::announce;
use crate::model::{Case, CaseId};
use crate::report::hash_pin;
use crate::{addresses, notices, store};

/// How long a code lasts.
pub const CODE_MICROS: i64 = 10 * Timestamp::MINUTE;
/// How many tries a code bears.
const TRIES_MAX: i64 = 5;
/// The most people who share an address that are looked at.
const PEOPLE_MAX: i64 = 20;
/// The most reports of one person that are shown.
const CASES_MAX: i64 = 100;
/// The most codes that are forgotten with each new one.
const FORGOTTEN_MAX: i64 = 50;

sql! {
    KEEP = "insert into one_time_codes (agency_id, address_hash, code_hash, tries, expires_at)
        values ($1, $2, $3, 0, $4) on conflict (agency_id, address_hash)
        do update set code_hash = excluded.code_hash, tries = 0,
        expires_at = excluded.expires_at";
    TRY = "update one_time_codes set tries = tries + 1 where agency_id = $1 and address_hash = $2
        and expires_at > $3 and tries < $4 returning code_hash";
    USED = "delete from one_time_codes where agency_id = $1 and address_hash = $2";
    FORGET = "delete from one_time_codes where agency_id = $1 and address_hash in
        (select address_hash from one_time_codes where agency_id = $1 and expires_at < $2
        order by expires_at limit $3)";
}

/// An address that somebody says is theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A mail address, as its parser writes it.
    Email(String),
    /// A number, as its parser writes it.
    Phone(String),
}

impl Address {
    /// Reads what was typed; whatever holds an `@` is a mail address.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        match typed.contains('@') {
            true => Email::parse(typed).ok().map(|email| Self::Email(email.as_str().to_owned())),
            false => Phone::parse(typed).ok().map(|phone| Self::Phone(phone.e164().to_owned())),
        }
    }

    /// Its kind as identities name it, and its value.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Email(value) => ("email", value),
            Self::Phone(value) => ("phone", value),
        }
    }

    /// What it is kept as where somebody asked for a code.
    #[must_use]
    pub fn hash(&self, secrets: &Secrets, access: &Access) -> [u8; 32] {
        let (kind, value) = self.parts();
        let agency = access.agency_id.0.to_be_bytes();
        secrets.mac("one-time-address", &[&agency, kind.as_bytes(), value.as_bytes()])
    }
}

/// A one-time code, drawn before the transaction, so that a second run sends the same.
#[derive(Clone, Debug)]
pub struct OneTime(String);

impl OneTime {
    /// Draws six digits.
    ///
    /// # Errors
    /// A fault where the system has no random bytes to give.
    pub fn draw() -> Result<Self, Fault> {
        Ok(Self(code::pin_from_random(random()?)))
    }
}

fn hash_code(secrets: &Secrets, address: &[u8], code: &str) -> [u8; 32] {
    secrets.mac("one-time-code", &[address, code.as_bytes()])
}

/// The way to a number: which account, and the approved text where the channel wants one.
struct Way {
    channel: &'static str,
    account: AccountId,
    template: Option<(String, String)>,
}

/// How a number is reached: by SMS, else by WhatsApp with an approved text for codes.
fn way_to_phone(tx: &mut Tx<'_>, access: &Access) -> Result<Option<Way>> {
    let system = Access::system(access.agency_id);
    if let Some(account) = outbound::account_for(tx, &system, "sms")? {
        return Ok(Some(Way { channel: "sms", account: AccountId(account), template: None }));
    }
    let Some(account) = outbound::account_for(tx, &system, "whatsapp")? else { return Ok(None) };
    let account = accounts::get(tx, &system, AccountId(account))?.id;
    let approved = templates::all(tx, &system, account)?;
    let fits = |t: &&templates::Approved| t.category == "AUTHENTICATION" && t.gaps == 1;
    let ours = |t: &&templates::Approved| fits(t) && t.language.starts_with("id");
    let chosen = approved.iter().find(ours).or_else(|| approved.iter().find(fits));
    Ok(chosen.map(|t| Way {
        channel: "whatsapp",
        account,
        template: Some((t.name.clone(), t.language.clone())),
    }))
}

/// Whether codes can be sent to numbers.
///
/// # Errors
/// A fault of the engine.
pub fn reaches_phones(tx: &mut Tx<'_>, access: &Access) -> Result<bool> {
    Ok(way_to_phone(tx, access)?.is_some())
}

/// Keeps a code for an address, and sends it there where the agency knows the address.
///
/// # Errors
/// A fault of the engine.
pub fn ask(
    tx: &mut Tx<'_>,
    access: &Access,
    secrets: &Secrets,
    address: &Address,
    code: &OneTime,
) -> Result<()> {
    let (agency, now) = (access.agency_id, tx.now());
    let hash = address.hash(secrets, access);
    let kept = hash_code(secrets, &hash, &code.0);
    tx.put(&FORGET, params![agency, now, FORGOTTEN_MAX])?;
    tx.put(&KEEP, params![agency, &hash[..], &kept[..], now.plus(CODE_MICROS)])?;
    let (kind, value) = address.parts();
    if contacts::with_identity(tx, access, kind, value, 1)?.is_empty() {
        return Ok(());
    }
    let args: [(&str, Arg<'_>); 1] = [("code", code.0.as_str().into())];
    let subject = t(access.locale, "mine-mail-code.subject");
    let text = t_args(access.locale, "mine-mail-code", &args);
    // Whether it could be sent is told to nobody: it would tell that the address is known.
    tell(tx, access, address, (&subject, &text), &code.0, None).map(drop)
}

/// Sends words to an address that was asked for; `code` stands in them, and fills the approved
/// text where the channel wants one. Tells whether there is a way to that address.
fn tell(
    tx: &mut Tx<'_>,
    access: &Access,
    address: &Address,
    (subject, text): (&str, &str),
    code: &str,
    case: Option<CaseId>,
) -> Result<bool> {
    let (channel, account, template, recipient) = match address {
        Address::Email(email) => ("email", 0, None, email.as_str()),
        Address::Phone(phone) => {
            let Some(way) = way_to_phone(tx, access)? else { return Ok(false) };
            let filled =
                |(name, language)| ExtraTemplate { name, language, values: vec![code.to_owned()] };
            let template = way.template.map(filled);
            (way.channel, way.account.0, template, phone.trim_start_matches('+'))
        }
    };
    let mut body = text.to_owned();
    if channel == "email" {
        body.push_str(&t(access.locale, "mail-signature"));
    }
    let new = NewOutbound {
        case_id: case.map(|case| case.0),
        channel,
        account_id: account,
        recipient,
        subject,
        body: &body,
        priority: Priority::Live,
        extra: Extra { template, ..Extra::default() },
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &new)?;
    Ok(true)
}

/// Whether a code is the one that was sent. A try is counted before the code is looked at; the
/// right one is good once.
///
/// # Errors
/// A fault of the engine.
pub fn prove(
    tx: &mut Tx<'_>,
    access: &Access,
    secrets: &Secrets,
    address: &Address,
    code: &str,
) -> Result<bool> {
    let (agency, now) = (access.agency_id, tx.now());
    let hash = address.hash(secrets, access);
    let key = params![agency, &hash[..], now, TRIES_MAX];
    let Some(kept) = tx.opt(&TRY, key, |row| row.bytes())? else { return Ok(false) };
    let ours = hash_code(secrets, &hash, code);
    if !bool::from(ours.as_slice().ct_eq(&kept)) {
        return Ok(false);
    }
    tx.put(&USED, params![agency, &hash[..]])?;
    let (kind, value) = address.parts();
    Ok(addresses::proved(tx, access, (kind, value))?)
}

/// All that was reported by those who are reached by an address, the newest first. Who asks has
/// proved that it is theirs.
///
/// # Errors
/// A fault of the engine.
pub fn reports(tx: &mut Tx<'_>, access: &Access, address: &Address) -> Result<Vec<Case>> {
    let (kind, value) = address.parts();
    let mut people: Vec<ContactId> = contacts::with_identity(tx, access, kind, value, PEOPLE_MAX)?;
    people.dedup();
    let mut cases = Vec::new();
    for person in people {
        cases.extend(store::of_contact(tx, access, person, CASES_MAX)?);
    }
    cases.sort_by_key(|case| std::cmp::Reverse(case.received_at));
    Ok(cases)
}

/// Replaces the PIN of a report of an address, and sends code and new PIN there. The old PIN opens
/// nothing from then on.
///
/// # Errors
/// [`Refusal::NotFound`] where the report is none of theirs, [`Refusal::Illegal`] where nothing
/// can be sent to the address, or a fault.
pub fn renew_pin(
    tx: &mut Tx<'_>,
    access: &Access,
    secrets: &Secrets,
    address: &Address,
    id: CaseId,
    pin: &OneTime,
) -> Result<Case> {
    let theirs = reports(tx, access, address)?.into_iter().find(|case| case.id == id);
    let case = theirs.ok_or(Refusal::NotFound)?;
    store::set_pin(tx, access, case.id, &hash_pin(secrets, &case.code, &pin.0))?;
    let link = notices::case_link(tx, access, &case.code)?;
    let args: [(&str, Arg<'_>); 3] = [
        ("code", case.code.as_str().into()),
        ("pin", pin.0.as_str().into()),
        ("link", link.as_str().into()),
    ];
    let subject = t_args(access.locale, "mine-mail-pin.subject", &args);
    let text = t_args(access.locale, "mine-mail-pin", &args);
    // Without a way to send the new PIN the old one has to stay.
    if !tell(tx, access, address, (&subject, &text), &pin.0, Some(case.id))? {
        return Err(Refusal::Illegal("mine-no-way").into());
    }
    addresses::used(tx, access, &case, address.parts())?;
    announce(tx, access, &case, "case.pin_replaced", json!({ "by": address.parts().0 }));
    Ok(case)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_read_as_mail_address_or_number() {
        let email = Address::parse(" Siti@Contoh.ID ").expect("an address");
        assert_eq!(email.parts().0, "email");
        assert_eq!(Address::parse("0813 1111 2222"), Some(Address::Phone("+6281311112222".into())));
        for wrong in ["", "siti", "@", "12"] {
            assert_eq!(Address::parse(wrong), None, "{wrong}");
        }
    }
}
