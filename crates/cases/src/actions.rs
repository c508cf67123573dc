//! The use cases: each loads inside the agency, decides (see [`crate::rules`]), saves and
//! announces, in one transaction.

use serde_json::json;
use tanggap_calendar::{Event as ClockEvent, Profile, WorkingCalendar};
use tanggap_contacts as contacts;
use tanggap_conversations::NewAttachment;
use tanggap_kernel::{Access, Actor, Event, Fault, Permission, Refusal, Result, Timestamp};
use tanggap_org as org;
use tanggap_store::Tx;

use crate::clocks::{Law, agreed_due, heard_in, next_due, next_ring};
use crate::model::{Case, CaseDeadline, CaseId, Clock, FollowUp, FollowUpState, Status};
use crate::notices::{self, Notice};
use crate::report::{DESCRIPTION_MAX, LINE_MAX, Report};
use crate::reported;
use crate::rules::{self, Action, FollowUpChange, Plan, Voice};
use crate::store;
use crate::words::{keep_story, say};

pub use crate::words::{Origin, Words, receive, reopen, without_traces, write};

/// The kind of job that rings when a deadline of a case is due; its key is the case's id.
pub const RING: &str = "case_deadline";

/// A case that was just registered.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The case.
    pub case: Case,
    /// Its deadlines.
    pub deadlines: Vec<CaseDeadline>,
}

/// Registers a report: the case, its contact, its first message and files, its clocks, its
/// receipt. It is acknowledged when this is committed, not before.
///
/// # Errors
/// Fields to correct; [`Refusal::Forbidden`]; or a fault.
pub fn open(tx: &mut Tx<'_>, access: &Access, report: &Report) -> Result<Opened> {
    if access.actor != Actor::Citizen && access.actor != Actor::System {
        access.require(Permission::CaseCreate, None)?;
    }
    report.check()?;
    reported::check(tx, access, report.reported_unit, report.reported_user)?;
    let category = org::store::category_by_slug(tx, access, &report.category)?
        .filter(|category| category.active)
        .ok_or_else(|| Refusal::field("category", "case-invalid-category"))?;
    let calendar = org::store::calendar_for(tx, access, None)?;
    // A report cannot have come in later than now, or its deadlines would.
    let received_at = report.received_at.unwrap_or(tx.now()).min(tx.now());
    let received_on = calendar.zone().local_date(received_at.as_micros());
    let profile = org::store::profile_for(tx, access, report.kind, received_on)?;
    let mut deadlines = Vec::new();
    let law = Law { profile: &profile, calendar: &calendar };
    law.apply(&mut deadlines, ClockEvent::Received, received_at)?;

    let reporter = match (report.contact, &report.reporter) {
        (None, Some(new)) => Some(contacts::find_or_create(tx, access, new, report.met(access))?),
        _ => None,
    };
    let contact_id = report.contact.or(reporter.as_ref().map(|known| known.id));
    let case = Case {
        id: tx.id(),
        code: report.ticket.code.clone(),
        kind: report.kind,
        status: Status::Received,
        subject: report.subject.clone(),
        category_id: category.id,
        channel: report.channel.to_owned(),
        unit_id: None,
        owner_id: None,
        contact_id,
        proxy_for: report.proxy_for.clone(),
        anonymous: report.anonymous,
        confidential: report.confidential,
        region_code: report.region_code.clone(),
        place: report.place.clone(),
        details: report.details.clone(),
        reported_unit_id: report.reported_unit,
        reported_user_id: report.reported_user,
        profile: (profile.id.clone(), profile.version),
        received_at,
        due: next_due(&deadlines),
        escalation: rules::ESCALATED_TO_NOBODY,
        returns: 0,
        reopens: 0,
        objected_at: None,
        answered_at: None,
        closed_at: None,
        rating: None,
        unproven: report.unproven,
        awaiting: false,
        updated_at: tx.now(),
        version: 1,
    };
    store::insert(tx, access, &case, &report.ticket.pin_hash)?;
    store::save_deadlines(tx, access, case.id, &deadlines)?;
    keep_story(tx, access, &case, report)?;
    ring_next(tx, access, case.id, &deadlines)?;
    announce(tx, access, &case, "case.received", json!({ "channel": report.channel }));
    let pin = Some(report.ticket.pin.as_str());
    let receipt = Notice { case: &case, event: "case.received", pin, text: "" };
    match report.talk {
        Some(_) => notices::send(tx, access, &receipt)?,
        // A new case has no other talk to be looked for, and who left no address gets no mail.
        None if reporter.is_some_and(|known| known.emails.is_empty()) => {}
        None => notices::by_mail(tx, access, &receipt)?,
    }
    Ok(Opened { case, deadlines })
}

/// One move of a case.
#[derive(Clone, Debug)]
pub struct Move {
    /// The case.
    pub case: CaseId,
    /// The version that was seen; a newer one refuses the move.
    pub version: Option<i64>,
    /// What to do.
    pub action: Action,
    /// Files that go with its words.
    pub attachments: Vec<NewAttachment>,
}

/// Makes one move of a case.
///
/// # Errors
/// [`Refusal::NotFound`] where it is not this person's to see, [`Refusal::Forbidden`],
/// [`Refusal::Stale`], [`Refusal::Illegal`], fields to correct, or a fault.
pub fn act(tx: &mut Tx<'_>, access: &Access, wanted: &Move) -> Result<Case> {
    act_from(tx, access, wanted, None)
}

pub(crate) fn act_from(
    tx: &mut Tx<'_>,
    access: &Access,
    wanted: &Move,
    origin: Option<&Origin<'_>>,
) -> Result<Case> {
    let mut case = load(tx, access, wanted.case)?;
    if wanted.version.is_some_and(|seen| seen != case.version) {
        return Err(Refusal::Stale.into());
    }
    rules::authorise(&case, access, &wanted.action)?;
    let mut plan = rules::decide(&case, &wanted.action)?;

    let calendar = org::store::calendar_for(tx, access, None)?;
    let profile = profile_of(tx, access, &case)?;
    let law = Law { profile: &profile, calendar: &calendar };
    check_move(tx, access, &case, &wanted.action, &law)?;
    if let Action::Concern { unit, user } = wanted.action {
        (case.reported_unit_id, case.reported_user_id) = (unit, user);
        store::set_reported(tx, access, &case)?;
        plan = reported::take_away(tx, access, &case, plan)?;
    }
    let mut deadlines = store::deadlines(tx, access, case.id)?;
    let now = tx.now();
    for event in &plan.clocks {
        law.apply(&mut deadlines, *event, now)?;
    }
    let (from, owner) = (case.status, case.owner_id);
    change(&mut case, &plan, &wanted.action, now);
    if let Action::Extend { policy, .. } = &wanted.action {
        extend(&law, &mut deadlines, policy)?;
    }
    if let Action::Reclassify { kind, category } = &wanted.action {
        case.category_id = *category;
        if case.kind != *kind {
            case.kind = *kind;
            rule_anew(tx, access, &mut case, &mut deadlines, &calendar)?;
        }
    }
    case.due = next_due(&deadlines);
    follow_up(tx, access, &case, &plan, &wanted.action)?;
    store::save_deadlines(tx, access, case.id, &deadlines)?;
    store::update(tx, access, &case)?;
    case.version += 1;
    ring_next(tx, access, case.id, &deadlines)?;
    let is_open = case.status.is_open();
    if case.owner_id != owner || from.is_open() != is_open {
        tanggap_routing::cases::follow(tx, access, case.id.0, case.owner_id, is_open)?;
    }

    let said = plan.says.as_ref().map(|(voice, text)| (*voice, text.as_str()));
    if let Some((voice, text)) = said {
        say(tx, access, case.id, &Words { voice, text, attachments: &wanted.attachments }, origin)?;
    }
    if let (Some(user), Voice::ToCitizen) = (access.user(), said.map_or(Voice::Internal, |s| s.0)) {
        store::save_draft(tx, access, case.id, user, "")?;
    }
    let mut teller = access.clone();
    if rules::is_the_reporters(&wanted.action) && access.actor != Actor::Citizen {
        teller.on_behalf_of = Some(Actor::Citizen);
    }
    let mut event = told(&teller, &case, plan.event, facts(from, &wanted.action));
    if let Action::Refer { target, .. } = &wanted.action {
        // Whoever it is named after: a place for words is one for personal data.
        event = event.with_private(json!({ "target": target }));
    }
    tx.announce(event);
    if plan.notify {
        let text = said.map_or("", |(_, text)| text);
        notices::send(tx, access, &Notice { case: &case, event: plan.event, pin: None, text })?;
    }
    Ok(case)
}

fn change(case: &mut Case, plan: &Plan, action: &Action, now: Timestamp) {
    let was = case.status;
    case.status = plan.status;
    case.unit_id = plan.unit.unwrap_or(case.unit_id);
    case.owner_id = plan.owner.unwrap_or(case.owner_id);
    case.escalation = plan.escalation.unwrap_or(case.escalation);
    case.updated_at = now;
    match action {
        Action::Answer { .. } => (case.answered_at, case.awaiting) = (Some(now), false),
        Action::Progress { .. } | Action::AskCompletion { .. } | Action::Settle => {
            case.awaiting = false;
        }
        Action::Complete { .. } => case.awaiting = true,
        Action::Return { .. } => case.returns += 1,
        Action::Reopen { .. } => {
            case.reopens += i64::from(was == Status::Closed);
            (case.closed_at, case.awaiting) = (None, true);
        }
        Action::Object { .. } => {
            (case.objected_at, case.closed_at, case.awaiting) = (Some(now), None, true);
        }
        Action::Conceal { anonymous, confidential } => {
            (case.anonymous, case.confidential) = (*anonymous, *confidential);
        }
        Action::Rate { rating, .. } => case.rating = Some(*rating),
        _ => {}
    }
    if was.is_open() && !case.status.is_open() {
        (case.closed_at, case.awaiting) = (Some(now), false);
        case.escalation = rules::ESCALATED_TO_NOBODY;
    }
}

/// No text of a move is longer than a report may be.
fn check_length(action: &Action) -> Result<(), Refusal> {
    let (text, field) = match action {
        Action::AskCompletion { question: text }
        | Action::Progress { text }
        | Action::Answer { text }
        | Action::Complete { text }
        | Action::Refer { text, .. } => (text, "text"),
        Action::Return { reason }
        | Action::Reopen { reason }
        | Action::Object { reason }
        | Action::Archive { reason }
        | Action::Withdraw { reason }
        | Action::Extend { reason, .. }
        | Action::Escalate { reason } => (reason, "reason"),
        Action::Forward { instruction, .. } => (instruction, "instruction"),
        Action::Rate { comment, .. } => (comment, "comment"),
        _ => return Ok(()),
    };
    let target = match action {
        Action::Refer { target, .. } => target.as_str(),
        _ => "",
    };
    if target.chars().count() > LINE_MAX {
        return Err(Refusal::field("target", "case-invalid-long"));
    }
    if text.chars().count() > DESCRIPTION_MAX {
        return Err(Refusal::field(field, "case-invalid-long"));
    }
    Ok(())
}

/// What a move needs that only the rows can tell.
fn check_move(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    action: &Action,
    law: &Law<'_>,
) -> Result<()> {
    let needs = |text: &str, field: &str| match text.trim().is_empty() {
        true => Err(Refusal::field(field, "case-invalid-empty")),
        false => Ok(()),
    };
    check_length(action)?;
    match action {
        Action::AskCompletion { question: text }
        | Action::Progress { text }
        | Action::Answer { text }
        | Action::Complete { text } => needs(text, "text")?,
        Action::Return { reason }
        | Action::Reopen { reason }
        | Action::Object { reason }
        | Action::Archive { reason }
        | Action::Extend { reason, .. }
        | Action::Escalate { reason } => needs(reason, "reason")?,
        Action::Refer { target, .. } => needs(target, "target")?,
        Action::Forward { unit, .. } => {
            let unit = org::store::unit(tx, access, *unit)?.filter(|unit| unit.active);
            let unit = unit.ok_or_else(|| Refusal::field("unit", "case-invalid-unit"))?;
            if reported::includes(tx, access, case, unit.id)? {
                return Err(Refusal::Illegal("case-illegal-reported-unit").into());
            }
        }
        Action::Duplicate { of } => {
            let code = tanggap_kernel::code::parse(of).filter(|code| *code != case.code);
            let known = match code {
                Some(code) => store::by_code(tx, access, &code)?.is_some(),
                None => false,
            };
            if !known {
                return Err(Refusal::field("of", "case-invalid-code").into());
            }
        }
        Action::Assign { user: Some(user) } => {
            let user = org::store::user(tx, access, *user)?.filter(|user| user.active);
            let user = user.ok_or_else(|| Refusal::field("user", "case-invalid-user"))?;
            let theirs = org::access_of(tx, access.agency_id, &user)?;
            if rules::is_about(case, &theirs) {
                return Err(Refusal::Illegal("case-illegal-reported-unit").into());
            }
            if !rules::may_see(case, &theirs) {
                return Err(Refusal::field("user", "case-invalid-owner").into());
            }
        }
        Action::Concern { unit, user } => reported::check(tx, access, *unit, *user)?,
        Action::Reclassify { category, .. } => {
            org::store::category(tx, access, *category)?
                .ok_or_else(|| Refusal::field("category", "case-invalid-category"))?;
        }
        _ => {}
    }
    if let (Action::Reopen { .. }, Some(closed_at)) = (action, case.closed_at) {
        let term = law.profile.reopen.term().map_err(|e| Fault::new(e.to_string()))?;
        let due =
            term.due(law.calendar, closed_at.as_micros()).map_err(|e| Fault::new(e.to_string()))?;
        if tx.now().as_micros() > due.due_at_micros {
            return Err(Refusal::Illegal("case-illegal-too-late").into());
        }
    }
    Ok(())
}

fn extend(law: &Law<'_>, deadlines: &mut [CaseDeadline], policy: &str) -> Result<()> {
    let running = deadlines.iter_mut().find(|d| d.policy == policy && d.state == Clock::Running);
    let allowed = law.profile.deadline(policy).is_some_and(|rule| rule.extension.is_some());
    match running {
        Some(deadline) if allowed && !deadline.extended => {
            deadline.extended = true;
            deadline.warned = 0;
            Ok(law.recount(deadline)?)
        }
        _ => Err(Refusal::Illegal("case-illegal-extension").into()),
    }
}

/// Puts a case under the profile of its new kind, as if it had come in as that: what its log
/// tells is played to the new clocks, each step at its own time.
fn rule_anew(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &mut Case,
    deadlines: &mut Vec<CaseDeadline>,
    calendar: &WorkingCalendar,
) -> Result<()> {
    let now = tx.now();
    let on = calendar.zone().local_date(case.received_at.as_micros());
    let profile = org::store::profile_for(tx, access, case.kind, on)?;
    case.profile = (profile.id.clone(), profile.version);
    for deadline in deadlines.iter_mut().filter(|d| d.state.is_active()) {
        (deadline.state, deadline.ended_at, deadline.warn_at) = (Clock::Cancelled, Some(now), None);
    }
    store::save_deadlines(tx, access, case.id, deadlines.iter())?;
    let law = Law { profile: &profile, calendar };
    let mut anew = Vec::new();
    law.apply(&mut anew, ClockEvent::Received, case.received_at)?;
    for (kind, at, status) in store::history(tx, access, case.id)? {
        for event in heard_in(&kind, status) {
            law.apply(&mut anew, *event, at.max(case.received_at))?;
        }
    }
    // What was warned of and extended already under the same limit stays so.
    for new in &mut anew {
        let same = |d: &&CaseDeadline| d.policy == new.policy && d.starts_at == new.starts_at;
        if let (Some(old), true) = (deadlines.iter().find(same), new.state.is_active()) {
            (new.warned, new.extended) = (old.warned, old.extended);
            law.recount(new)?;
            if new.state == Clock::Paused {
                new.warn_at = None;
            }
        }
    }
    *deadlines = anew;
    Ok(())
}

fn follow_up(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    plan: &Plan,
    action: &Action,
) -> Result<()> {
    if plan.follow_up == FollowUpChange::Keep {
        return Ok(());
    }
    let now = tx.now();
    let owed = store::follow_ups(tx, access, case.id)?.into_iter().find(|f| f.state.is_owed());
    if let Some(mut owed) = owed {
        match plan.follow_up {
            FollowUpChange::Accept => {
                (owed.state, owed.accepted_at) = (FollowUpState::Accepted, Some(now));
            }
            FollowUpChange::Return => {
                (owed.state, owed.ended_at) = (FollowUpState::Returned, Some(now));
                owed.reason = plan.says.as_ref().map(|(_, text)| text.clone());
            }
            FollowUpChange::Finish => {
                (owed.state, owed.ended_at) = (FollowUpState::Done, Some(now))
            }
            FollowUpChange::Open | FollowUpChange::Cancel => {
                (owed.state, owed.ended_at) = (FollowUpState::Cancelled, Some(now));
            }
            FollowUpChange::Keep => {}
        }
        store::update_follow_up(tx, access, case.id, &owed)?;
    }
    let (FollowUpChange::Open, Some(unit_id)) = (plan.follow_up, case.unit_id) else {
        return Ok(());
    };
    let unit = org::store::unit(tx, access, unit_id)?.ok_or(Refusal::NotFound)?;
    let (instruction, agreed) = match action {
        Action::Forward { instruction, agreed_days, .. } => (instruction.as_str(), *agreed_days),
        _ => ("", None),
    };
    let agreed_days = agreed.unwrap_or(unit.agreed_days).clamp(1, 365);
    let calendar = org::store::calendar_for(tx, access, Some(unit_id))?;
    let new = FollowUp {
        id: tx.id(),
        unit_id,
        state: FollowUpState::Pending,
        instruction: instruction.trim().to_owned(),
        agreed_days,
        due_at: agreed_due(&calendar, now, agreed_days)?,
        forwarded_at: now,
        accepted_at: None,
        ended_at: None,
        reason: None,
    };
    Ok(store::insert_follow_up(tx, access, case.id, &new)?)
}

/// Shows the reporter unmasked; the look itself is an event.
///
/// # Errors
/// [`Refusal::NotFound`] where the case is not this person's to see or nobody is known,
/// [`Refusal::Forbidden`], or a fault.
pub fn look_at_identity(tx: &mut Tx<'_>, access: &Access, id: CaseId) -> Result<contacts::Contact> {
    let case = load(tx, access, id)?;
    if !rules::may_identify(&case, access) {
        return Err(Refusal::Forbidden.into());
    }
    let contact = contacts::get(tx, access, case.contact_id.ok_or(Refusal::NotFound)?)?;
    announce(tx, access, &case, "case.identity_seen", json!({}));
    Ok(contact)
}

/// A case that `access` may see. For a citizen, whoever calls has checked code and PIN.
///
/// # Errors
/// [`Refusal::NotFound`] where there is none for this person, or a fault.
pub fn load(tx: &mut Tx<'_>, access: &Access, id: CaseId) -> Result<Case> {
    let case = store::find(tx, access, id)?.ok_or(Refusal::NotFound)?;
    if access.actor == Actor::Citizen || rules::may_see(&case, access) {
        Ok(case)
    } else {
        Err(Refusal::NotFound.into())
    }
}

/// A case by its code, for somebody who may see it.
///
/// # Errors
/// As [`load`].
pub fn load_by_code(tx: &mut Tx<'_>, access: &Access, code: &str) -> Result<Case> {
    let code = tanggap_kernel::code::parse(code).ok_or(Refusal::NotFound)?;
    let case = store::by_code(tx, access, &code)?.ok_or(Refusal::NotFound)?;
    if access.actor == Actor::Citizen || rules::may_see(&case, access) {
        Ok(case)
    } else {
        Err(Refusal::NotFound.into())
    }
}

/// The profile that a case began under.
///
/// # Errors
/// A fault where it is gone.
pub fn profile_of(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
) -> Result<std::borrow::Cow<'static, Profile>> {
    let key = format!("{}@{}", case.profile.0, case.profile.1);
    let found = org::store::profile_by_key(tx, access, &key)?;
    Ok(found.ok_or_else(|| Fault::new(format!("profile {key} is gone")))?)
}

/// Sets the case's timer to the next moment at which one of its deadlines has something to say.
///
/// # Errors
/// A fault of the engine.
pub fn ring_next(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    deadlines: &[CaseDeadline],
) -> Result<(), Fault> {
    match next_ring(deadlines) {
        Some(at) => tx.schedule(access.agency_id, RING, &case.to_string(), at, "{}"),
        None => tx.unschedule(RING, &case.to_string()),
    }
}

/// Announces what became of a case, with all that is needed to rebuild its state.
pub fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    kind: &'static str,
    facts: serde_json::Value,
) {
    tx.announce(told(access, case, kind, facts));
}

fn told(access: &Access, case: &Case, kind: &'static str, mut facts: serde_json::Value) -> Event {
    if let Some(map) = facts.as_object_mut() {
        map.insert("code".into(), json!(case.code));
        map.insert("status".into(), json!(case.status.as_str()));
        map.insert("kind".into(), json!(case.kind.as_str()));
        map.insert("unit".into(), json!(case.unit_id));
        map.insert("owner".into(), json!(case.owner_id));
        map.insert("escalation".into(), json!(case.escalation));
        map.insert("due".into(), json!(case.due.as_ref().map(|due| due.at)));
        map.insert("version".into(), json!(case.version));
    }
    let mut event = Event::new(access.agency_id, kind, case.id.subject(), access.actor).with(facts);
    event.on_behalf_of = access.on_behalf_of;
    event
}

fn facts(from: Status, action: &Action) -> serde_json::Value {
    let mut facts = json!({ "from": from.as_str() });
    let more = match action {
        Action::Duplicate { of } => Some(("of", json!(of))),
        Action::Rate { rating, .. } => Some(("rating", json!(rating))),
        Action::Extend { policy, .. } => Some(("policy", json!(policy))),
        Action::Conceal { anonymous, confidential } => {
            Some(("secrecy", json!({ "anonymous": anonymous, "confidential": confidential })))
        }
        Action::Concern { unit, user } => Some(("about", json!({ "unit": unit, "user": user }))),
        _ => None,
    };
    if let (Some((name, value)), Some(map)) = (more, facts.as_object_mut()) {
        map.insert(name.into(), value);
    }
    facts
}
