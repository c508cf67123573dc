//! What happens by itself: a deadline's warnings, its end, and the recount of all open deadlines
//! and agreed times when a calendar changes, or the calendar or zone that somebody works by.

use serde_json::json;
use tanggap_calendar::{Event as ClockEvent, Expiry, Owner, WorkingCalendar};
use tanggap_conversations::{InteractionId, talks};
use tanggap_kernel::{Access, AgencyId, Result, Timestamp, params};
use tanggap_org as org;
use tanggap_org::actions::RECOUNT;
use tanggap_store::jobs::{Job, Runner};
use tanggap_store::{Tx, sql};

use crate::actions::{self, Move, RING};
use crate::clocks::{Law, agreed_due, next_due};
use crate::model::{Case, CaseId, Clock};
use crate::overdue;
use crate::reminders::{self, ReminderId};
use crate::rules::{self, Action};
use crate::store;

const RECOUNT_BATCH: i64 = 200;

sql! {
    OPEN_AFTER = "select id from cases where agency_id = $1 and open and id > $2
        order by id limit $3";
}

/// Adds the handlers of this slice.
#[must_use]
pub fn register(runner: Runner) -> Runner {
    runner
        .on(RING, ring)
        .on(RECOUNT, recount)
        .on(talks::WAKE, wake)
        .on(reminders::RING, remind)
        .on(overdue::RING, overdue::ring)
}

fn wake(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match InteractionId::parse(&job.key) {
        Some(id) => talks::wake(tx, &Access::system(job.agency_id), id),
        None => Ok(()),
    }
}

fn remind(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match ReminderId::parse(&job.key) {
        Some(id) => reminders::ring(tx, &Access::system(job.agency_id), id),
        None => Ok(()),
    }
}

fn ring(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match CaseId::parse(&job.key) {
        Some(id) => ring_case(tx, job.agency_id, id),
        None => Ok(()),
    }
}

/// Gives the warnings that are due and does what an expired deadline does.
pub(crate) fn ring_case(tx: &mut Tx<'_>, agency: AgencyId, id: CaseId) -> Result<()> {
    let access = Access::system(agency);
    let Some(mut case) = store::find(tx, &access, id)? else { return Ok(()) };
    let calendar = org::store::calendar_for(tx, &access, None)?;
    let profile = actions::profile_of(tx, &access, &case)?;
    let law = Law { profile: &profile, calendar: &calendar };
    let mut deadlines = store::deadlines(tx, &access, id)?;
    let now = tx.now();
    let (mut warned, mut expired) = (Vec::new(), None);
    for deadline in deadlines.iter_mut().filter(|d| d.state == Clock::Running) {
        let Some(percent) = law.warn(deadline, now)? else { continue };
        let rule = profile.deadline(&deadline.policy);
        // What ends the case goes before what only escalates, where both fall due at once.
        let does = rule.map(|rule| rule.on_expiry);
        if percent == 100 && !matches!(expired, Some(Expiry::Lapse | Expiry::Close)) {
            expired = does.or(expired);
        }
        if deadline.owner == Owner::Agency {
            let level = match percent {
                100 => rules::ESCALATED_TO_SUPERVISOR,
                80 => rules::ESCALATED_TO_SUPERIOR,
                _ => rules::ESCALATED_TO_NOBODY,
            };
            case.escalation = case.escalation.max(level);
            if percent == 100 {
                overdue::plan(tx, &access, &calendar)?;
            }
        }
        warned.push((deadline.policy.clone(), percent));
    }
    if warned.is_empty() {
        return Ok(actions::ring_next(tx, &access, id, &deadlines)?);
    }
    if expired == Some(Expiry::Close) && case.awaiting {
        // The reporter wrote after the answer and nobody has replied: silence is ours, not theirs.
        expired = None;
        case.escalation = rules::ESCALATED_TO_SUPERVISOR;
        law.apply(&mut deadlines, ClockEvent::ReporterReplied, now)?;
    }
    case.due = next_due(&deadlines);
    case.updated_at = now;
    store::save_deadlines(tx, &access, id, &deadlines)?;
    store::update(tx, &access, &case)?;
    case.version += 1;
    for (policy, percent) in warned {
        let facts = json!({ "policy": policy, "percent": percent });
        actions::announce(tx, &access, &case, "case.deadline_warned", facts);
    }
    actions::ring_next(tx, &access, id, &deadlines)?;
    let action = match expired {
        Some(Expiry::Lapse) => Action::Lapse,
        Some(Expiry::Close) => Action::AutoClose,
        _ => return Ok(()),
    };
    if rules::decide(&case, &action).is_ok() {
        let version = None;
        actions::act(tx, &access, &Move { case: id, version, action, attachments: vec![] })?;
    }
    Ok(())
}

/// Counts the deadlines of all open cases again, a batch at a time; old and new are in the event.
fn recount(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let access = Access::system(job.agency_id);
    let noted: serde_json::Value = serde_json::from_str(&job.body).unwrap_or_default();
    let after = noted["after"].as_i64().unwrap_or(0);
    let ids: Vec<CaseId> =
        tx.all(&OPEN_AFTER, params![job.agency_id, after, RECOUNT_BATCH], |row| row.int())?;
    let calendar = org::store::calendar_for(tx, &access, None)?;
    for id in &ids {
        if let Some(case) = store::find(tx, &access, *id)? {
            recount_case(tx, &access, case, &calendar)?;
        }
    }
    if let (Some(last), true) = (ids.last(), ids.len() as i64 == RECOUNT_BATCH) {
        let body = json!({ "after": last.0 }).to_string();
        let now = tx.now();
        tx.schedule(job.agency_id, RECOUNT, &job.key, now, &body)?;
    }
    Ok(())
}

/// Both moments and their dates: a new zone moves the moment and keeps the date.
fn moved(old: (Timestamp, &str), new: (Timestamp, &str)) -> serde_json::Value {
    json!({ "old": old.1, "new": new.1, "old_at": old.0, "new_at": new.0 })
}

fn recount_case(
    tx: &mut Tx<'_>,
    access: &Access,
    mut case: Case,
    calendar: &WorkingCalendar,
) -> Result<()> {
    let mut told = recount_follow_ups(tx, access, &case)?;
    let profile = actions::profile_of(tx, access, &case)?;
    let law = Law { profile: &profile, calendar };
    let mut deadlines = store::deadlines(tx, access, case.id)?;
    for deadline in deadlines.iter_mut().filter(|d| d.state.is_active()) {
        let old = (deadline.due_at, deadline.due_date.clone());
        let paused = deadline.state == Clock::Paused;
        law.recount(deadline)?;
        if deadline.warned == 100 && deadline.due_at > tx.now() {
            // Late no more: it is warned of again when it is.
            deadline.warned = 80;
            law.recount(deadline)?;
        }
        if paused {
            deadline.warn_at = None;
        }
        if old.0 != deadline.due_at {
            let new = (deadline.due_at, deadline.due_date.as_str());
            let mut facts = moved((old.0, &old.1), new);
            facts["policy"] = json!(deadline.policy);
            told.push(("case.deadline_moved", facts));
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    case.due = next_due(&deadlines);
    case.updated_at = tx.now();
    store::save_deadlines(tx, access, case.id, &deadlines)?;
    store::update(tx, access, &case)?;
    case.version += 1;
    actions::ring_next(tx, access, case.id, &deadlines)?;
    for (kind, facts) in told {
        actions::announce(tx, access, &case, kind, facts);
    }
    Ok(())
}

/// Counts the time that a unit agreed to again, by its own calendar; tells what moved.
fn recount_follow_ups(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
) -> Result<Vec<(&'static str, serde_json::Value)>> {
    let mut told = Vec::new();
    for mut owed in
        store::follow_ups(tx, access, case.id)?.into_iter().filter(|f| f.state.is_owed())
    {
        let calendar = org::store::calendar_for(tx, access, Some(owed.unit_id))?;
        let date = |at: Timestamp| calendar.zone().local_date(at.as_micros()).to_string();
        let old = owed.due_at;
        owed.due_at = agreed_due(&calendar, owed.forwarded_at, owed.agreed_days)?;
        if owed.due_at == old {
            continue;
        }
        let facts = moved((old, &date(old)), (owed.due_at, &date(owed.due_at)));
        told.push(("case.follow_up_moved", facts));
        store::move_follow_up(tx, access, case.id, &owed)?;
    }
    Ok(told)
}
