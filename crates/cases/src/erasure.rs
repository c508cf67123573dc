//! Forgetting who somebody was, at their request (UU 27/2022 art. 8, 43 and 44).
//!
//! What tells who they are goes everywhere: name, addresses, population number, the index of
//! names, what a chat knew, raw letters, signatures, and to whom our letters went. What they said
//! in a talk that became no report goes with it, its files and its words in the search too. The
//! file of a report that has ended stays for its time in the archive, without them (art. 15; UU
//! 43/2009); the log stays and verifies, since personal data only ever lay beside it: an event
//! names the rows that it vouches for no longer. While a report is open its handling is owed, and
//! nothing is erased.

use serde_json::json;
use tanggap_contacts::identity::{Email, Phone};
use tanggap_contacts::{Contact, ContactId, IdentityKind};
use tanggap_conversations::{ATTACHMENTS, MESSAGES, TalkState, talks};
use tanggap_kernel::error::Check;
use tanggap_kernel::{
    Access, Error, Event, Invalid, Permission, Refusal, Result, Subject, code, params,
};
use tanggap_store::vouch::{self, Vouched};
use tanggap_store::{Tx, sql};

use crate::{rules, store};

/// The longest number of a request.
pub const REQUEST_MAX: usize = 80;
/// Rows that one event tells of.
const ROWS_TOLD: usize = 500;
/// The most people that one search finds, and cases and talks of one person that are looked at.
const FOUND_MAX: i64 = 20;
const LOOKED_MAX: i64 = 10_000;

// Who names themself in a chat that goes on already is known to the talk alone.
macro_rules! theirs {
    () => {
        " in (select id from interactions where agency_id = $1 and contact_id = $2
            union all select interaction_id from talks where agency_id = $1 and contact_id = $2)"
    };
}

// What belongs to no report, so to no file that is kept.
macro_rules! loose {
    () => {
        " in (select id from interactions where agency_id = $1 and contact_id = $2
            and case_id is null union all select i.id from talks t join interactions i
            on i.agency_id = t.agency_id and i.id = t.interaction_id
            where t.agency_id = $1 and t.contact_id = $2 and i.case_id is null)"
    };
}

macro_rules! of_their_cases {
    () => {
        " in (select id from cases where agency_id = $1 and contact_id = $2
            and contact_id is not null)"
    };
}

// What went out without a case or a message of a talk: codes, copies of a chat and what followed
// it, wherever they went.
macro_rules! beside_their_cases {
    () => {
        " and case_id is null and message_id is null and (interaction_id in (
        select id from interactions where agency_id = $1 and contact_id = $2
        union all select interaction_id from talks where agency_id = $1 and contact_id = $2)
        or interaction_id is null and recipient in (
        select case when kind = 'phone' then substr(value, 2) else value end
        from contact_identities where agency_id = $1 and contact_id = $2))"
    };
}

sql! {
    BY_VALUE = "select distinct contact_id from contact_identities
        where agency_id = $1 and kind = $2 and value = $3 order by contact_id limit $4";
    GOING_OUT = concat!("select count(*) from outbound where agency_id = $1
        and case_id", of_their_cases!(), " and state in ('waiting', 'sending')");
    GOING_OUT_OF_TALKS = concat!("select count(*) from outbound where agency_id = $1
        and message_id is not null and message_id in (select id from messages
        where agency_id = $1 and interaction_id", theirs!(), ")
        and state in ('waiting', 'sending')");
    GOING_OUT_BESIDE = concat!("select count(*) from outbound where agency_id = $1",
        beside_their_cases!(), " and state in ('waiting', 'sending')");
    // What the log vouches for and is to change or to go.
    SHORTENED = concat!("select id from messages where agency_id = $1 and salt is not null
        and (raw is not null or external_id is not null)
        and interaction_id", theirs!(), " and interaction_id not", loose!());
    LOOSE = concat!("select id from messages where agency_id = $1 and interaction_id", loose!());
    LOOSE_ATTACHED = concat!("select id from attachments where agency_id = $1
        and interaction_id", loose!());
    PROXIED = "select id from cases where agency_id = $1 and contact_id = $2
        and contact_id is not null and proxy_for is not null and salt is not null";
    SALT_MESSAGE = "update messages set salt = $3 where agency_id = $1 and id = $2";
    SALT_CASE = "update cases set salt = $3 where agency_id = $1 and id = $2";
    RAW_LETTERS = concat!("update inbound set raw = null, payload = null where agency_id = $1
        and raw is not null and raw in (select raw from messages where agency_id = $1
        and interaction_id", theirs!(), " and raw is not null)");
    // What a provider calls a message names its sender, or the number itself in other letters.
    LETTERS = concat!("update messages set raw = null, beside = null, external_id = null
        where agency_id = $1 and interaction_id", theirs!());
    // Deliveries that were understood, where they hold one of their numbers or accounts: too many
    // rather than too few, since nobody needs them.
    TOLD = @scan("deliveries of a month, at a request") "update inbound set payload = null
        where agency_id = $1 and payload is not null
        and state = 'done' and exists (select 1 from contact_identities i
        where i.agency_id = $1 and i.contact_id = $2 and position(convert_to(
        ltrim(substr(i.value, strpos(i.value, ':') + 1), '+'), 'UTF8') in inbound.payload) > 0)",
        sqlite: "update inbound set payload = null where agency_id = $1 and payload is not null
        and state = 'done' and exists (select 1 from contact_identities i
        where i.agency_id = $1 and i.contact_id = $2 and instr(inbound.payload, cast(
        ltrim(substr(i.value, instr(i.value, ':') + 1), '+') as blob)) > 0)";
    PARTS_OF_CASES = concat!("delete from outbound_parts where agency_id = $1
        and outbound_id in (select id from outbound where agency_id = $1
        and case_id", of_their_cases!(), ")");
    PARTS_OF_TALKS = concat!("delete from outbound_parts where agency_id = $1
        and outbound_id in (select id from outbound where agency_id = $1
        and message_id is not null and message_id in (select id from messages
        where agency_id = $1 and interaction_id", theirs!(), "))");
    SENT_OF_CASES = concat!("update outbound set recipient = '', subject = '', body = '',
        extra = null, error = null, external_id = null
        where agency_id = $1 and case_id", of_their_cases!());
    SENT_OF_TALKS = concat!("update outbound set recipient = '', subject = '', body = '',
        extra = null, error = null, external_id = null
        where agency_id = $1 and message_id is not null and message_id in (
        select id from messages where agency_id = $1 and interaction_id", theirs!(), ")");
    SENT_BESIDE = concat!("update outbound set recipient = '', subject = '', body = '',
        extra = null, error = null, external_id = null where agency_id = $1",
        beside_their_cases!());
    TALKS = concat!("update talks set thread = '', version = version + 1
        where agency_id = $1 and (contact_id = $2 or interaction_id", theirs!(), ")");
    // What staff wrote for themselves and for each other.
    REMINDERS = concat!("update reminders set note = '' where agency_id = $1 and done_at is null
        and (kind = 'talk' and subject_id", theirs!(), "
        or kind = 'case' and subject_id", of_their_cases!(), ")");
    LOOSE_ASIDES = concat!("delete from talk_asides where agency_id = $1
        and interaction_id", loose!());
    VISITORS = concat!("update chat_visitors set name = '', email = null, phone = null,
        vouched = null, page = '' where agency_id = $1 and interaction_id", theirs!());
    PROXIES = "update cases set proxy_for = null where agency_id = $1 and contact_id = $2
        and contact_id is not null and proxy_for is not null";
    ADDRESSES = concat!("delete from case_addresses where agency_id = $1
        and case_id", of_their_cases!());
    DRAFTS = concat!("delete from drafts where agency_id = $1
        and (case_id", of_their_cases!(), " or case_id", theirs!(), ")");
    BESIDE_THE_LOG = concat!("delete from event_private where agency_id = $1 and event_id in (
        select id from events where agency_id = $1 and (subject_id = $2 or subject_id", theirs!(),
        "))");
    LOOSE_WORDS = concat!("delete from message_search where agency_id = $1 and message_id in (
        select id from messages where agency_id = $1 and interaction_id", loose!(), ")"),
        sqlite: concat!("delete from message_search where rowid in (
        select id from messages where agency_id = $1 and interaction_id", loose!(), ")");
    LOOSE_FILES = concat!("delete from attachments where agency_id = $1
        and interaction_id", loose!());
    LOOSE_TEXTS = concat!("delete from messages where agency_id = $1
        and interaction_id", loose!());
    LOOSE_PREVIEWS = concat!("update talks set preview = '' where agency_id = $1
        and interaction_id", loose!());
    LOOSE_SUBJECTS = concat!("update interactions set subject = '' where agency_id = $1
        and id", loose!());
}

/// What is there of somebody, and what stands in the way of forgetting them.
#[derive(Clone, Debug)]
pub struct Outline {
    /// The person; to be shown masked.
    pub contact: Contact,
    /// The codes of their open reports: what is owed them is done first.
    pub open: Vec<String>,
    /// How many of their reports have ended.
    pub ended: usize,
    /// How many talks go on.
    pub talks_open: usize,
    /// How many talks became no report.
    pub talks_loose: usize,
    /// How many messages are on their way to them.
    pub going_out: i64,
}

impl Outline {
    /// Whether nothing stands in the way.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.open.is_empty() && self.talks_open == 0 && self.going_out == 0
    }

    /// Whether nothing is left that tells who they were.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        let Contact { name, address, nik, phones, emails, handles, .. } = &self.contact;
        name.is_empty()
            && address.is_empty()
            && nik.is_none()
            && [phones, emails, handles].iter().all(|list| list.is_empty())
            && self.talks_loose == 0
    }
}

/// Finds whom a request is about, by a tracking code, a mail address or a telephone number, each
/// as a whole: whoever carries out requests does not browse people.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn find(tx: &mut Tx<'_>, access: &Access, text: &str) -> Result<Vec<Outline>> {
    access.require(Permission::PersonErase, None)?;
    let text = text.trim();
    let mut found = Vec::new();
    if let Some(code) = code::parse(text) {
        found.extend(store::by_code(tx, access, &code)?.and_then(|case| case.contact_id));
    }
    let email = Email::parse(text).ok().map(|it| (IdentityKind::Email, it.as_str().to_owned()));
    let phone = Phone::parse(text).ok().map(|it| (IdentityKind::Phone, it.e164().to_owned()));
    for (kind, value) in email.into_iter().chain(phone) {
        let key = params![access.agency_id, kind.as_str(), value, FOUND_MAX];
        found.extend(tx.all(&BY_VALUE, key, |row| row.int::<ContactId>())?);
    }
    found.dedup();
    let looked = found.into_iter().map(|id| match look(tx, access, id) {
        Err(Error::Refused(Refusal::NotFound)) => Ok(None),
        other => other.map(Some),
    });
    looked.filter_map(Result::transpose).collect()
}

/// What is there of somebody. Whoever is complained about learns nothing of who complained, and
/// forgets nobody who did (UU 25/2009 art. 45): for them nobody of this name is here.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], or a fault.
pub fn look(tx: &mut Tx<'_>, access: &Access, id: ContactId) -> Result<Outline> {
    access.require(Permission::PersonErase, None)?;
    let contact = tanggap_contacts::get(tx, access, id)?;
    let cases = store::of_contact(tx, access, id, LOOKED_MAX)?;
    if cases.iter().any(|case| rules::is_about(case, access)) {
        return Err(Refusal::NotFound.into());
    }
    let (open, ended): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.status.is_open());
    let system = Access::system(access.agency_id);
    let talks = talks::of_contact(tx, &system, id, LOOKED_MAX)?;
    let mut going_out = 0;
    for statement in [&GOING_OUT, &GOING_OUT_OF_TALKS, &GOING_OUT_BESIDE] {
        let key = params![access.agency_id, id];
        going_out += tx.one(statement, key, |row| row.int::<i64>())?;
    }
    Ok(Outline {
        contact,
        open: open.into_iter().map(|case| case.code).collect(),
        ended: ended.len(),
        talks_open: talks.iter().filter(|talk| talk.state != TalkState::Ended).count(),
        talks_loose: talks
            .iter()
            .filter(|talk| talk.case_id.is_none() && !talk.preview.is_empty())
            .count(),
        going_out,
    })
}

/// Carries out a request. It cannot be undone.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], fields to correct (`request`, `checked`), or
/// [`Refusal::Illegal`] while something of theirs is open.
pub fn carry_out(
    tx: &mut Tx<'_>,
    access: &Access,
    id: ContactId,
    (request, is_checked): (&str, bool),
) -> Result<()> {
    let known = look(tx, access, id)?;
    let request = request.trim();
    let mut check = Check::new();
    check.require(!request.is_empty(), "request", "ui-invalid-required");
    if request.chars().count() > REQUEST_MAX {
        check.push(Invalid::new("request", "ui-invalid-long").arg("max", REQUEST_MAX));
    }
    check.require(is_checked, "checked", "erasure-invalid-checked");
    check.done()?;
    if !known.is_free() {
        return Err(Refusal::Illegal("erasure-illegal-open").into());
    }
    let subject = Subject { kind: "contact", id: id.0 };
    let event = |kind| Event::new(access.agency_id, kind, subject, access.actor);
    let key = params![access.agency_id, id];
    let mut rows = |statement, of: &'static Vouched| -> Result<Vec<(&'static Vouched, i64)>> {
        let ids: Vec<i64> = tx.all(statement, key, |row| row.int())?;
        Ok(ids.into_iter().map(|id| (of, id)).collect())
    };
    let mut shortened = rows(&SHORTENED, &MESSAGES)?;
    shortened.extend(rows(&PROXIED, &store::CASES)?);
    let gone = [rows(&LOOSE, &MESSAGES)?, rows(&LOOSE_ATTACHED, &ATTACHMENTS)?].concat();
    // The log says first which rows it vouches for no longer, then what is left of them.
    let names: Vec<String> =
        shortened.iter().chain(&gone).map(|(of, id)| vouch::name(of.kind, *id)).collect();
    for names in names.chunks(ROWS_TOLD) {
        tx.announce(event("contact.rows_erased").with(json!({ vouch::ERASES: names })));
    }
    forget(tx, access, id)?;
    for (of, row) in shortened {
        let salt = vouch::again(tx, access.agency_id, of, row)?;
        let statement = if of.kind == MESSAGES.kind { &SALT_MESSAGE } else { &SALT_CASE };
        tx.put(statement, params![access.agency_id, row, salt])?;
    }
    let facts = json!({ "cases": known.ended, "talks": known.talks_loose });
    let private = json!({ "request": request });
    tx.announce(event("contact.erased").with(facts).with_private(private));
    Ok(())
}

fn forget(tx: &mut Tx<'_>, access: &Access, id: ContactId) -> Result<()> {
    // What finds others by what goes itself comes first.
    let steps = [
        &RAW_LETTERS,
        &LETTERS,
        &TOLD,
        &PARTS_OF_CASES,
        &PARTS_OF_TALKS,
        &SENT_OF_CASES,
        &SENT_OF_TALKS,
        &SENT_BESIDE,
        &REMINDERS,
        &LOOSE_ASIDES,
        &TALKS,
        &VISITORS,
        &PROXIES,
        &ADDRESSES,
        &DRAFTS,
        &BESIDE_THE_LOG,
        &LOOSE_WORDS,
        &LOOSE_FILES,
        &LOOSE_TEXTS,
        &LOOSE_PREVIEWS,
        &LOOSE_SUBJECTS,
    ];
    for step in steps {
        tx.put(step, params![access.agency_id, id])?;
    }
    tanggap_contacts::erase(tx, access, id)
}
