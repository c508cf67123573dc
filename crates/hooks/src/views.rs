//! What the API answers with; the structs are both the JSON and its schema.
//!
//! Moments are written in the zone of the agency. A reporter is masked but for tokens that may see
//! identities, and a message's personal data likewise.

use std::collections::HashMap;

use serde::Serialize;
use tanggap_calendar::{Certainty, Holidays, Owner, Unit, Zone};
use tanggap_cases::model::{Case, CaseDeadline, Clock};
use tanggap_cases::rules;
use tanggap_contacts::Contact;
use tanggap_conversations::{Direction, Message};
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Actor, Permission, Result, Timestamp};
use tanggap_org::CategoryId;
use tanggap_store::Tx;
use utoipa::ToSchema;

use crate::door::Caller;
use crate::moves;

/// Writes a moment as RFC 3339 in a zone.
#[must_use]
pub fn moment(at: Timestamp, zone: Zone) -> String {
    let local = zone.local(at.as_micros());
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+{:02}:00",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        zone.offset_hours()
    )
}

/// A unit, as other things name it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitRef {
    /// Its id.
    #[schema(example = "01h8x2k7m9q4r")]
    pub id: String,
    /// Its short code.
    #[schema(example = "PUPR")]
    pub code: String,
    /// Its name.
    pub name: String,
}

/// The nearest running deadline of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct DueView {
    /// Which limit of the law profile.
    #[schema(example = "verify")]
    pub policy: String,
    /// When it falls due.
    #[schema(format = DateTime)]
    pub due_at: String,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Case)]
pub struct CaseView {
    /// Its tracking code.
    #[schema(example = "TGP-7K2-M9Q-4RD")]
    pub code: String,
    /// complaint, supervisory_complaint, information_request, aspiration, appreciation or
    /// service_request.
    #[schema(example = "complaint")]
    pub kind: &'static str,
    /// received, incomplete, verified, forwarded, in_progress, answered, closed,
    /// outside_authority, duplicate, archived or withdrawn.
    #[schema(example = "received")]
    pub status: &'static str,
    /// In a few words.
    pub subject: String,
    /// The name of its category.
    #[schema(example = "umum")]
    pub category: String,
    /// How it came in: web, email, phone, counter, letter, api.
    #[schema(example = "api")]
    pub channel: String,
    /// The unit in charge; null is the desk of those who manage complaints.
    pub unit: Option<UnitRef>,
    /// Whether the reporter is hidden from the public and the reported party.
    pub anonymous: bool,
    /// Whether the content is not public.
    pub confidential: bool,
    /// Where, in words.
    pub place: String,
    /// Where, by the code of Kemendagri.
    pub region_code: Option<String>,
    /// When it came in.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// When it was changed last.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// When it was answered last.
    #[schema(format = DateTime)]
    pub answered_at: Option<String>,
    /// When the reporter objected.
    #[schema(format = DateTime)]
    pub objected_at: Option<String>,
    /// When it was closed.
    #[schema(format = DateTime)]
    pub closed_at: Option<String>,
    /// The nearest running deadline.
    pub due: Option<DueView>,
    /// Whether the citizen wrote and nobody answered yet.
    pub awaiting: bool,
    /// 0: nobody; 1: the unit's superior; 2: the agency's supervisors.
    pub escalation: i64,
    /// How often a unit sent it back.
    pub returns: i64,
    /// How often it was reopened after closing.
    pub reopens: i64,
    /// The reporter's mark, 1 to 5.
    pub rating: Option<i64>,
    /// How often it was changed: send it with a transition, and a change by somebody else in
    /// between refuses yours.
    #[schema(minimum = 1)]
    pub version: i64,
    /// Who reported; masked without the scope identity:read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporter: Option<ReporterView>,
    /// Its deadlines, oldest first; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadlines: Option<Vec<DeadlineView>>,
    /// What this token can do with it now; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub actions: Option<Vec<&'static str>>,
}

/// Who reported.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reporter)]
pub struct ReporterView {
    /// Their name.
    #[schema(example = "S••• R••••••••")]
    pub name: String,
    /// Their telephone number.
    #[schema(example = "0812-••••-••90")]
    pub phone: Option<String>,
    /// Their mail address.
    #[schema(example = "s•••@contoh.id")]
    pub email: Option<String>,
    /// Whether parts are hidden.
    pub masked: bool,
}

impl ReporterView {
    /// A contact as somebody may see it.
    #[must_use]
    pub fn of(contact: &Contact, masked: bool) -> Self {
        Self {
            name: if masked { contact.masked_name() } else { contact.name.clone() },
            phone: if masked { contact.phone(true) } else { contact.phones.first().cloned() },
            email: contact.email(masked),
            masked,
        }
    }
}

/// A deadline: a step, until when it is due, and by which article.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deadline)]
pub struct DeadlineView {
    /// Which limit of the law profile.
    #[schema(example = "verify")]
    pub policy: String,
    /// agency or citizen: whose limit it is.
    pub owner: &'static str,
    /// running, paused, met, late or cancelled.
    pub state: &'static str,
    /// When it began.
    #[schema(format = DateTime)]
    pub starts_at: String,
    /// How many units, extension included.
    pub limit: i64,
    /// working_day, calendar_day or hour.
    pub unit: &'static str,
    /// On which date it falls due, in the zone of the office.
    #[schema(format = Date, example = "2026-03-25")]
    pub due_date: String,
    /// When it falls due.
    #[schema(format = DateTime)]
    pub due_at: String,
    /// Whether the days off that the due date hangs on are known: known, estimated or unknown. The
    /// date may change where they are not.
    #[schema(value_type = crate::deadlines::Certainty)]
    pub holidays: &'static str,
    /// Whether it was extended.
    pub extended: bool,
    /// Its legal or agreed source.
    pub source: String,
}

impl DeadlineView {
    /// A deadline of a case.
    #[must_use]
    pub fn of(deadline: CaseDeadline, zone: Zone) -> Self {
        let state: Clock = deadline.state;
        let holidays = certainty(&deadline, zone).as_str();
        Self {
            policy: deadline.policy,
            holidays,
            owner: deadline.owner.as_str(),
            state: state.as_str(),
            starts_at: moment(deadline.starts_at, zone),
            limit: deadline.limit,
            unit: deadline.unit.as_str(),
            due_date: deadline.due_date,
            due_at: moment(deadline.due_at, zone),
            extended: deadline.extended,
            source: deadline.source,
        }
    }
}

/// How sure the days off are that a deadline hangs on: those of working days, and the citizen's,
/// whose end moves behind a day off.
fn certainty(deadline: &CaseDeadline, zone: Zone) -> Certainty {
    let from = zone.local_date(deadline.starts_at.as_micros());
    let through = zone.local_date(deadline.due_at.as_micros());
    match deadline.unit == Unit::WorkingDay || deadline.owner == Owner::Citizen {
        true => Holidays::embedded().certainty(from, through),
        false => Certainty::Known,
    }
}

/// What the reporter is handed, after UU 25/2009 art. 44(2).
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The registration number: the tracking code.
    pub number: String,
    /// When the report was received.
    #[schema(format = DateTime)]
    pub received_at: String,
    /// The agency that received it.
    pub received_by: String,
    /// What it is about.
    pub subject: String,
    /// Where the reporter follows it, with code and PIN.
    pub track_url: String,
}

/// A case that was just registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    /// What proves that one is the reporter; shown here only.
    #[schema(example = "204861", pattern = "^[0-9]{6}$")]
    pub pin: String,
    /// What the reporter is handed.
    pub receipt: Receipt,
    /// The case.
    #[serde(flatten)]
    pub case: CaseView,
}

/// One page of cases.
#[derive(Debug, Serialize, ToSchema)]
pub struct CasePage {
    /// The cases, the newest first; with `q` those that spoke of it last.
    pub items: Vec<CaseView>,
    /// Where the next page begins; null on the last. Also in the header Link.
    pub next_cursor: Option<String>,
    /// How many there are in all, where `count=true` (with `q` counted up to 1,000).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// True where counting with `q` ended before all was looked at, so that there may be more
    /// than `total`; left out where `total` is all there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_is_at_least: Option<bool>,
}

/// A message of a case's conversation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// When it was said.
    #[schema(format = DateTime)]
    pub at: String,
    /// public: the citizen reads it; internal: colleagues only.
    pub visibility: &'static str,
    /// citizen, staff, integration or system.
    pub author: &'static str,
    /// What was said.
    pub body: String,
}

impl MessageView {
    /// A message as somebody may read it.
    #[must_use]
    pub fn of(message: Message, caller: &Caller, masked: bool) -> Self {
        let author = match (message.direction, Actor::parse(&message.actor)) {
            (Direction::In, _) => "citizen",
            (_, Some(actor)) => actor_kind(actor),
            (_, None) => "system",
        };
        let body = match masked {
            true => tanggap_lang::personal::redact(&message.body),
            false => message.body,
        };
        Self {
            id: message.id.to_string(),
            at: moment(message.at, caller.zone),
            visibility: if message.direction == Direction::Internal {
                "internal"
            } else {
                "public"
            },
            author,
            body,
        }
    }
}

/// Who acted, without a name.
#[must_use]
pub fn actor_kind(actor: Actor) -> &'static str {
    match actor {
        Actor::User(_) => "staff",
        Actor::Citizen => "citizen",
        Actor::Token(_) => "integration",
        Actor::System => "system",
    }
}

/// The names of units and categories, each looked up once for an answer.
#[derive(Default)]
pub struct Names {
    units: HashMap<UnitId, UnitRef>,
    categories: HashMap<CategoryId, String>,
}

impl Names {
    /// Knows a category beforehand.
    pub fn category_is(&mut self, id: CategoryId, slug: &str) {
        self.categories.insert(id, slug.to_owned());
    }

    fn unit(&mut self, tx: &mut Tx<'_>, caller: &Caller, id: UnitId) -> Result<Option<UnitRef>> {
        if let Some(known) = self.units.get(&id) {
            return Ok(Some(known.clone()));
        }
        let Some(unit) = tanggap_org::unit(tx, &caller.access, id)? else { return Ok(None) };
        let named = UnitRef { id: id.to_string(), code: unit.code, name: unit.name };
        self.units.insert(id, named.clone());
        Ok(Some(named))
    }

    fn category(&mut self, tx: &mut Tx<'_>, caller: &Caller, id: CategoryId) -> Result<String> {
        if let Some(known) = self.categories.get(&id) {
            return Ok(known.clone());
        }
        let found = tanggap_org::category(tx, &caller.access, id)?;
        let slug = found.map(|category| category.slug).unwrap_or_default();
        self.categories.insert(id, slug.clone());
        Ok(slug)
    }

    /// A case as lists show it.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn view(&mut self, tx: &mut Tx<'_>, caller: &Caller, case: Case) -> Result<CaseView> {
        let at = |moment_of: Timestamp| moment(moment_of, caller.zone);
        let unit = match case.unit_id {
            Some(id) => self.unit(tx, caller, id)?,
            None => None,
        };
        Ok(CaseView {
            kind: case.kind.as_str(),
            status: case.status.as_str(),
            category: self.category(tx, caller, case.category_id)?,
            unit,
            received_at: at(case.received_at),
            updated_at: at(case.updated_at),
            answered_at: case.answered_at.map(at),
            objected_at: case.objected_at.map(at),
            closed_at: case.closed_at.map(at),
            due: case.due.map(|due| DueView { due_at: at(due.at), policy: due.policy }),
            code: case.code,
            subject: case.subject,
            channel: case.channel,
            anonymous: case.anonymous,
            confidential: case.confidential,
            place: case.place,
            region_code: case.region_code,
            awaiting: case.awaiting,
            escalation: case.escalation,
            returns: case.returns,
            reopens: case.reopens,
            rating: case.rating,
            version: case.version,
            reporter: None,
            deadlines: None,
            actions: None,
        })
    }

    /// A case with its deadlines and what can be done with it.
    ///
    /// # Errors
    /// A fault of the engine.
    pub fn whole(
        &mut self,
        tx: &mut Tx<'_>,
        caller: &Caller,
        case: Case,
        deadlines: Vec<CaseDeadline>,
    ) -> Result<CaseView> {
        let mut actions = rules::possible(&case, &caller.access);
        actions.retain(|name| moves::STEPS.iter().any(|step| step.name == *name));
        let mut view = self.view(tx, caller, case)?;
        let shown = deadlines.into_iter().map(|d| DeadlineView::of(d, caller.zone));
        (view.deadlines, view.actions) = (Some(shown.collect()), Some(actions));
        Ok(view)
    }
}

/// A case as one asks for it: with deadlines, actions and its masked reporter.
///
/// # Errors
/// A fault of the engine.
pub fn whole_case(tx: &mut Tx<'_>, caller: &Caller, case: Case) -> Result<CaseView> {
    let deadlines = tanggap_cases::store::deadlines(tx, &caller.access, case.id)?;
    let contact = case.contact_id;
    let mut view = Names::default().whole(tx, caller, case, deadlines)?;
    if let Some(contact) = contact {
        let contact = tanggap_contacts::get(tx, &caller.access, contact)?;
        view.reporter = Some(ReporterView::of(&contact, true));
    }
    Ok(view)
}

/// Whether personal data is hidden from this caller.
#[must_use]
pub fn is_masked(caller: &Caller, unit: Option<UnitId>) -> bool {
    !caller.access.can(Permission::IdentityRead, unit)
}
