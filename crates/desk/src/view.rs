//! One case as it is shown: what is read, in one view of the database, and the words made of it.

use std::collections::HashMap;
use std::sync::Arc;

use tanggap_calendar::{Owner, Profile, Zone};
use tanggap_cases::inquiries::{self, Inquiry};
use tanggap_cases::model::{Case, CaseDeadline, Clock, FollowUp, FollowUpState};
use tanggap_cases::sent::Telling;
use tanggap_cases::{actions, rules, store};
use tanggap_contacts::Contact;
use tanggap_conversations::outbound::settings::AllRules;
use tanggap_conversations::{Attachment, Message, Outbound, outbound};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Permission, Result, Timestamp};
use tanggap_lang::personal::redact;
use tanggap_org::{Category, People, Unit};
use tanggap_regions as regions;
use tanggap_store::Tx;
use tanggap_ui::Text;
use tanggap_ui::parts::{Health, initials};

use crate::forms::Around;
use crate::inquiries::panel::Line;
use crate::log::{self, Happened};
use crate::row::Row;
use crate::steps::Draft;
use crate::timeline::{Entry, FileView, Sources};
use crate::words;

/// The most other cases of the same person that the page names.
const RELATED_MAX: usize = 6;
/// The most other cases of the same person that are looked at.
const OTHERS_MAX: i64 = 40;
/// The most colleagues who are offered for a case.
const PEOPLE_MAX: usize = 200;

/// Everything about a case.
pub(crate) struct Loaded {
    pub case: Case,
    pub contact: Option<Contact>,
    pub categories: Vec<Category>,
    pub units: Vec<Unit>,
    pub names: HashMap<UserId, String>,
    pub people: Vec<(UserId, String)>,
    pub deadlines: Vec<CaseDeadline>,
    pub follow_ups: Vec<FollowUp>,
    pub messages: Vec<Message>,
    /// Whether one looks at the reporter: quotes and signatures of letters name them.
    pub identified: bool,
    pub files: Vec<Attachment>,
    pub events: Vec<Happened>,
    pub mails: Vec<Outbound>,
    /// Those outside who were asked, and what went to each.
    pub inquiries: Vec<Inquiry>,
    pub inquired: Vec<Vec<Outbound>>,
    pub sending: Arc<AllRules>,
    pub offset_hours: i64,
    pub related: Vec<Case>,
    pub draft: Draft,
    pub profile: Profile,
    pub head: i64,
}

impl Loaded {
    /// Reads what stands around a case for somebody who may see it.
    /// `people` only where somebody is to be chosen.
    pub(crate) fn read(
        tx: &mut Tx<'_>,
        access: &Access,
        case: Case,
        me: UserId,
        people: bool,
    ) -> Result<Self> {
        tanggap_conversations::ahead(tx, access, case.id.0)?;
        store::ahead(tx, access, case.id, me)?;
        log::ahead(tx, access, case.id)?;
        let known = case.contact_id.filter(|_| rules::may_recognise(&case, access));
        if let Some(id) = known {
            store::of_contact_ahead(tx, access, id, OTHERS_MAX)?;
        }
        let contact = match case.contact_id {
            Some(id) => Some(tanggap_contacts::get(tx, access, id)?),
            None => None,
        };
        let inquiries = inquiries::store::of_case(tx, access, case.id)?;
        let mut messages = tanggap_conversations::messages_of_case(tx, access, case.id.0)?;
        if !rules::may_recognise(&case, access) {
            // A letter's signature tells who wrote it.
            let own = |message: &&mut Message| {
                !inquiries.iter().any(|one| one.interaction == message.interaction_id)
            };
            for message in messages.iter_mut().filter(own) {
                message.beside = None;
                message.body = actions::without_traces(message, access);
            }
        }
        let mut mails = outbound::of_case(tx, access, case.id.0)?;
        let mut inquired = Vec::new();
        for one in &inquiries {
            inquired.push(outbound::of_exchange(tx, access, one.interaction)?);
        }
        mails.extend(inquired.iter().flatten().cloned());
        let events = log::of_case(tx, access, case.id)?;
        let mut ids: Vec<UserId> =
            messages.iter().filter_map(|m| words::user_of(&m.actor)).collect();
        ids.extend(events.iter().filter_map(|e| words::user_of(&e.actor)));
        let assigned = events.iter().filter_map(|e| UserId::parse(e.facts["owner"].as_str()?));
        ids.extend(assigned.chain(case.owner_id).chain(case.reported_user_id));
        ids.sort_unstable();
        ids.dedup();
        let mut related = match known {
            Some(id) => store::of_contact(tx, access, id, OTHERS_MAX)?,
            None => Vec::new(),
        };
        related.retain(|other| other.id != case.id && rules::may_recognise(other, access));
        related.truncate(RELATED_MAX);
        Ok(Self {
            contact,
            categories: tanggap_org::categories(tx, access)?,
            units: tanggap_org::units(tx, access)?,
            names: tanggap_org::names(tx, access, &ids)?,
            people: if people { colleagues(tx, access, &case)? } else { Vec::new() },
            deadlines: store::deadlines(tx, access, case.id)?,
            follow_ups: store::follow_ups(tx, access, case.id)?,
            files: tanggap_conversations::attachments_of_case(tx, access, case.id.0)?,
            mails,
            inquiries,
            inquired,
            sending: outbound::settings::all(tx, access)?,
            offset_hours: zone_of(tx, access)?.offset_hours(),
            draft: Draft::read(&store::draft(tx, access, case.id, me)?),
            profile: actions::profile_of(tx, access, &case)?.into_owned(),
            head: log::head(tx, access.agency_id)?,
            related,
            identified: false,
            messages,
            events,
            case,
        })
    }

    /// What the forms of steps are made from.
    pub(crate) fn around(&self, text: Text) -> Around<'_> {
        Around {
            text,
            case: &self.case,
            units: &self.units,
            categories: &self.categories,
            people: &self.people,
            deadlines: &self.deadlines,
            profile: &self.profile,
            draft: &self.draft,
            follow_ups: &self.follow_ups,
        }
    }
}

/// The zone of the agency, in which its rules are meant.
pub(crate) fn zone_of(tx: &mut Tx<'_>, access: &Access) -> Result<Zone> {
    let agency = tanggap_org::agency(tx, access.agency_id)?;
    Ok(agency.map_or_else(Zone::default, |agency| agency.zone))
}

/// Who can be given a case: those of its unit, or of the whole agency while it has none, as far as
/// they may see it.
fn colleagues(tx: &mut Tx<'_>, access: &Access, case: &Case) -> Result<Vec<(UserId, String)>> {
    if !access.can(Permission::CaseWrite, case.unit_id) || !case.status.is_open() {
        return Ok(Vec::new());
    }
    let wanted = People { unit_id: case.unit_id, limit: PEOPLE_MAX, ..People::default() };
    let mut people = Vec::new();
    for (user, roles) in tanggap_org::people(tx, access, &wanted)?.rows {
        let theirs = tanggap_org::access_by(tx, access.agency_id, &user, &roles)?;
        if rules::may_see(case, &theirs) {
            people.push((user.id, user.name));
        }
    }
    Ok(people)
}

/// Who reported, as far as they are shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct PersonView {
    pub id: String,
    pub name: String,
    pub initials: String,
    pub phone: String,
    pub email: String,
    pub address: String,
    pub revealed: bool,
    pub may_reveal: bool,
}

/// A deadline of a case.
#[derive(Clone, Debug)]
pub(crate) struct DeadlineView {
    pub label: String,
    pub due_at: Timestamp,
    pub health: Health,
    pub state: String,
    pub active: bool,
    pub source: String,
}

/// A follow-up of a case.
#[derive(Clone, Debug)]
pub(crate) struct FollowUpView {
    pub unit: String,
    pub state: String,
    pub owed: bool,
    pub agreed: String,
    pub due_at: Timestamp,
    pub health: Health,
    pub instruction: String,
    pub reason: String,
}

/// A case as it is shown.
#[derive(Clone, Debug)]
pub(crate) struct CaseView {
    pub id: String,
    pub code: String,
    pub version: i64,
    pub subject: String,
    pub status: &'static str,
    pub kind: String,
    pub category: String,
    pub channel: String,
    pub received_at: Timestamp,
    pub unit: String,
    pub owner: Option<String>,
    pub due: Option<(Timestamp, Health)>,
    pub marks: Vec<(tanggap_ui::Tone, &'static str, String)>,
    pub place: String,
    pub region: String,
    pub told: Vec<(String, String)>,
    pub reported: String,
    pub proxy_for: String,
    pub rating: Option<i64>,
    pub entries: Vec<Entry>,
    pub files: Vec<FileView>,
    pub person: Option<PersonView>,
    pub related: Vec<Row>,
    pub deadlines: Vec<DeadlineView>,
    pub follow_ups: Vec<FollowUpView>,
    /// Those outside who were asked, and whether one may ask.
    pub inquiries: Vec<Line>,
    pub may_ask: bool,
}

impl CaseView {
    pub(crate) fn new(
        loaded: &Loaded,
        access: &Access,
        text: Text,
        has_relay: bool,
        now: Timestamp,
    ) -> Self {
        let Loaded { case, units, names, profile, .. } = loaded;
        let telling = Telling {
            text,
            rules: &loaded.sending,
            offset_hours: loaded.offset_hours,
            has_relay,
            now,
            for_staff: true,
        };
        let sources = Sources {
            text,
            messages: &loaded.messages,
            files: &loaded.files,
            events: &loaded.events,
            mails: &loaded.mails,
            follow_ups: &loaded.follow_ups,
            units,
            names,
            profile,
            telling,
            inquiries: &loaded.inquiries,
        };
        let category = loaded.categories.iter().find(|c| c.id == case.category_id);
        let line = |other: &Case| {
            let owner = other.owner_id.and_then(|id| names.get(&id));
            Row::new(text, other, units, owner, now)
        };
        Self {
            id: case.id.to_string(),
            code: case.code.clone(),
            version: case.version,
            subject: case.subject.clone(),
            status: case.status.as_str(),
            kind: words::kind(text, case.kind),
            category: category.map(|c| c.name_in(text.locale).to_owned()).unwrap_or_default(),
            channel: words::channel(text, &case.channel),
            received_at: case.received_at,
            unit: words::unit(text, units, case.unit_id),
            owner: case.owner_id.and_then(|id| names.get(&id).cloned()),
            due: words::health(case, now),
            marks: marks(text, case),
            place: case.place.clone(),
            region: case.region_code.as_deref().map(region).unwrap_or_default(),
            told: told(text, case, rules::may_recognise(case, access)),
            reported: reported(text, loaded),
            proxy_for: case.proxy_for.as_deref().map(tanggap_contacts::masked).unwrap_or_default(),
            rating: case.rating,
            entries: entries(sources.story(), loaded, access),
            files: files(&loaded.files),
            inquiries: inquired(text, loaded),
            may_ask: access.can(Permission::CaseWrite, case.unit_id),
            person: loaded
                .contact
                .as_ref()
                .filter(|_| rules::may_recognise(case, access))
                .map(|contact| masked(contact, case, access)),
            related: loaded.related.iter().map(line).collect(),
            deadlines: loaded
                .deadlines
                .iter()
                .rev()
                .map(|d| deadline(text, profile, d, now))
                .collect(),
            follow_ups: loaded
                .follow_ups
                .iter()
                .rev()
                .map(|f| follow_up(text, units, f, now))
                .collect(),
        }
    }

    /// Shows who reported.
    pub(crate) fn reveal(&mut self, case: &Case, contact: &Contact) {
        self.proxy_for = case.proxy_for.clone().unwrap_or_default();
        self.person = Some(PersonView {
            id: contact.id.to_string(),
            name: contact.name.clone(),
            initials: initials(&contact.name),
            phone: contact.phone(false).unwrap_or_default(),
            email: contact.email(false).unwrap_or_default(),
            address: contact.address.clone(),
            revealed: true,
            may_reveal: true,
        });
    }

    /// What happened after `version` of the case, as who and what.
    pub(crate) fn since(&self, version: i64) -> Vec<(String, String)> {
        let news = self.entries.iter().filter(|entry| entry.version > version);
        news.map(|entry| (entry.who.clone(), entry.what.clone())).collect()
    }
}

/// What letters quote and how they are signed is shown with the reporter only.
fn entries(mut story: Vec<Entry>, loaded: &Loaded, access: &Access) -> Vec<Entry> {
    let case = &loaded.case;
    let may_identify = rules::may_identify(case, access);
    let is_shown = may_identify && (loaded.identified || case.contact_id.is_none());
    for entry in &mut story {
        if !is_shown && !entry.folded.is_empty() {
            entry.folded.clear();
            entry.sealed = true;
        }
        if !may_identify {
            entry.original.clear();
        }
    }
    story
}

/// Those outside who were asked, the newest first.
fn inquired(text: Text, loaded: &Loaded) -> Vec<Line> {
    let asked = loaded.inquiries.iter().zip(&loaded.inquired).rev();
    asked.map(|(one, sent)| Line::new(text, &loaded.case.code, one, sent)).collect()
}

/// Each file once: what went along to somebody outside is there already.
fn files(files: &[Attachment]) -> Vec<FileView> {
    let first = |(place, file): &(usize, &Attachment)| {
        !files[..*place].iter().any(|other| other.blob == file.blob)
    };
    files.iter().enumerate().filter(first).map(|(_, file)| FileView::new(file)).collect()
}

fn marks(text: Text, case: &Case) -> Vec<(tanggap_ui::Tone, &'static str, String)> {
    use tanggap_ui::Tone::{Bad, Neutral, Wait, Warn};
    let mark = |key: &str| text.t(key).into_owned();
    let mut marks = Vec::new();
    let mut add = |on: bool, tone, icon, key: &str| {
        if on {
            marks.push((tone, icon, mark(key)));
        }
    };
    add(case.awaiting, Wait, "message", "desk-mark-awaiting");
    add(case.escalation == 1, Bad, "megaphone", "desk-mark-superior");
    add(case.escalation > 1, Bad, "megaphone", "desk-mark-supervisor");
    add(case.objected_at.is_some(), Bad, "megaphone", "ui-state-objected");
    add(case.reopens > 0, Warn, "return", "ui-state-reopened");
    add(case.anonymous, Neutral, "eye-off", "case-anonymous");
    add(case.confidential, Neutral, "lock", "case-confidential");
    add(case.unproven, Neutral, "help", "desk-mark-unproven");
    marks
}

/// What else the reporter told, as question and answer.
fn told(text: Text, case: &Case, may_recognise: bool) -> Vec<(String, String)> {
    let details = &case.details;
    let word = |key: &str| text.t(key).into_owned();
    let mut told = Vec::new();
    if let Some(date) = &details.service_date {
        told.push((word("desk-service-date"), date_words(text, date)));
    }
    for (key, value) in [("desk-loss", &details.loss), ("desk-wish", &details.wish)] {
        if !value.is_empty() {
            told.push((word(key), value.clone()));
        }
    }
    told.extend(details.answers.iter().cloned());
    if !may_recognise {
        told.iter_mut().for_each(|(_, value)| *value = redact(value));
    }
    told
}

/// `2026-03-13` in words, or as it stands.
pub(crate) fn date_words(text: Text, date: &str) -> String {
    let mut parts = date.splitn(3, '-').map(str::parse::<i64>);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(year)), Some(Ok(month @ 1..=12)), Some(Ok(day @ 1..=31))) => {
            let small = |n: i64| u8::try_from(n).unwrap_or(1);
            tanggap_ui::format::date(text.locale, year, small(month), small(day))
        }
        _ => date.to_owned(),
    }
}

fn region(code: &str) -> String {
    match regions::lookup(code) {
        Ok(region) => {
            let names = regions::chain(region.code).into_iter().rev().map(|r| r.name.to_string());
            names.collect::<Vec<_>>().join(", ")
        }
        Err(_) => code.to_owned(),
    }
}

fn reported(text: Text, loaded: &Loaded) -> String {
    let case = &loaded.case;
    let unit = case.reported_unit_id.map(|id| words::unit(text, &loaded.units, Some(id)));
    let person = case.reported_user_id.and_then(|id| loaded.names.get(&id).cloned());
    unit.into_iter().chain(person).collect::<Vec<_>>().join(", ")
}

fn masked(contact: &Contact, case: &Case, access: &Access) -> PersonView {
    PersonView {
        id: contact.id.to_string(),
        name: contact.masked_name(),
        initials: contact.name.chars().take(1).flat_map(char::to_uppercase).collect(),
        phone: contact.phone(true).unwrap_or_default(),
        email: contact.email(true).unwrap_or_default(),
        address: String::new(),
        revealed: false,
        may_reveal: rules::may_identify(case, access),
    }
}

fn deadline(text: Text, profile: &Profile, d: &CaseDeadline, now: Timestamp) -> DeadlineView {
    let health = match d.state {
        // What the citizen owes is no risk of ours.
        Clock::Running if d.owner == Owner::Citizen => Health::Ok,
        Clock::Running if d.due_at < now => Health::Late,
        Clock::Running if d.risk_at <= now => Health::Warn,
        Clock::Running => Health::Ok,
        Clock::Paused => Health::Paused,
        Clock::Late if d.owner == Owner::Citizen => Health::Done,
        Clock::Late => Health::Late,
        Clock::Met | Clock::Cancelled => Health::Done,
    };
    DeadlineView {
        label: words::policy(text.locale, profile, &d.policy),
        due_at: d.due_at,
        health,
        state: words::clock(text, d),
        active: d.state.is_active(),
        source: words::source(text.locale, profile, d),
    }
}

fn follow_up(text: Text, units: &[Unit], f: &FollowUp, now: Timestamp) -> FollowUpView {
    let health = match f.state {
        state if !state.is_owed() => Health::Done,
        _ if f.due_at < now => Health::Late,
        FollowUpState::Pending | FollowUpState::Accepted => Health::Ok,
        _ => Health::Done,
    };
    FollowUpView {
        unit: words::unit(text, units, Some(f.unit_id)),
        state: text.t(format!("case-follow-up-{}", f.state.as_str())).into_owned(),
        owed: f.state.is_owed(),
        agreed: text.t1("case-limit-working-day", "n", f.agreed_days).into_owned(),
        due_at: f.due_at,
        health,
        instruction: f.instruction.clone(),
        reason: f.reason.clone().unwrap_or_default(),
    }
}
