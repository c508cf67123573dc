//! Takes the planned steps in the order of time, each at its hour, by the same use cases as people
//! do; timers ring and mail goes out in between, as they would have.

use std::sync::{Arc, Mutex, PoisonError};

use tanggap_conversations::outbound::{self, SendState, lanes};
use tanggap_kernel::{Access, Error, Fault, Locale, Result, Timestamp, params};
use tanggap_store::{Db, Tx, sql};

use super::agency::Cast;
use super::story::{Planned, Step, Who};
use crate::actions::{self, Move, RING};
use crate::model::CaseId;
use crate::rules::Action;
use crate::{jobs, overdue, store};

/// How many steps are taken in one transaction.
const BATCH: usize = 100;
/// How long a relay takes to pass a letter on.
const RELAY_TAKES: i64 = 4 * Timestamp::SECOND;

/// Of so many letters one has a mailbox that is not there.
const ONE_IN: i64 = 211;

sql! {
    NEXT_RING = "select key, run_at from jobs where agency_id = $1 and run_at <= $2
        and dead_at is null and kind = 'case_deadline' order by run_at limit 1";
}

/// The cases opened so far, by their place in the plan.
type Known = Arc<Mutex<Vec<Option<CaseId>>>>;

/// Takes all steps; returns how many the rules refused, which should be none.
pub(super) async fn replay(
    db: &Db,
    cast: &Arc<Cast>,
    steps: Vec<Planned>,
    progress: impl Fn(&str),
) -> Result<usize> {
    let cases = steps.iter().map(|step| step.case + 1).max().unwrap_or(0);
    let known: Known = Arc::new(Mutex::new(vec![None; cases]));
    let all = steps.len();
    let (mut done, mut refused, mut last) = (0, 0, Timestamp::default());
    let mut steps = steps.into_iter().peekable();
    while steps.peek().is_some() {
        let batch: Vec<Planned> = steps.by_ref().take(BATCH).collect();
        done += batch.len();
        let (cast, known) = (Arc::clone(cast), Arc::clone(&known));
        let reached = batch.last().map_or(last, |step| step.at);
        refused += db
            .write(move |tx| {
                let (mut refused, mut last) = (0, last);
                for step in &batch {
                    ring_until(tx, &cast, last, step.at)?;
                    last = step.at;
                    match tx.at(step.at, |tx| take(tx, &cast, &known, step)) {
                        Err(Error::Refused(refusal)) => {
                            tracing::warn!(?refusal, step = ?step.step, "a step was refused");
                            refused += 1;
                        }
                        other => other?,
                    }
                }
                Ok(refused)
            })
            .await?;
        last = reached;
        if (done / BATCH).is_multiple_of(50) {
            progress(&format!("{done} of {all} steps"));
        }
    }
    let (now, cast) = (db.now(), Arc::clone(cast));
    db.write(move |tx| {
        ring_until(tx, &cast, last, now)?;
        overdue::tell_now(tx, cast.agency)
    })
    .await?;
    Ok(refused)
}

/// Does what timers and the mail's relay would have done after `last` and up to `at`.
fn ring_until(tx: &mut Tx<'_>, cast: &Cast, mut last: Timestamp, at: Timestamp) -> Result<()> {
    let access = Access::system(cast.agency);
    loop {
        let ring = tx.opt(&NEXT_RING, params![cast.agency, at], |row| {
            Ok((row.text()?, row.int::<Timestamp>()?))
        })?;
        let mail = outbound::waiting(tx, &access, SendState::Waiting, None, 1)?.pop();
        let mail = mail.filter(|mail| mail.created_at <= at);
        match (ring, mail) {
            (None, None) => return Ok(()),
            (ring, Some(mail)) if ring.as_ref().is_none_or(|(_, r)| mail.created_at <= *r) => {
                last = last.max(mail.created_at);
                let gone = mail.id.0 % ONE_IN == 0;
                let failed = gone.then_some("550 5.1.1 mailbox unavailable");
                tx.at(last.plus(RELAY_TAKES), |tx| lanes::note(tx, &access, &mail, failed))?;
            }
            (Some((key, run_at)), _) => {
                // What was overdue when it was planned runs at once, not before.
                last = last.max(run_at);
                tx.unschedule(RING, &key)?;
                let id = CaseId::parse(&key).ok_or_else(|| Fault::new("a timer names no case"))?;
                tx.at(last, |tx| jobs::ring_case(tx, cast.agency, id))?;
            }
            (None, Some(_)) => unreachable!("without a ring the mail is next"),
        }
    }
}

fn take(tx: &mut Tx<'_>, cast: &Cast, known: &Known, planned: &Planned) -> Result<()> {
    let citizen = Access::citizen(cast.agency, Locale::Id);
    let access = match planned.who {
        Who::Staff(at) => cast.staff.get(at).unwrap_or(&citizen),
        Who::Citizen => &citizen,
    };
    if let Step::Open(report) = &planned.step {
        let opened = actions::open(tx, access, report)?;
        // A second run of the transaction is handed the same ids.
        known.lock().unwrap_or_else(PoisonError::into_inner)[planned.case] = Some(opened.case.id);
        return Ok(());
    }
    let case = known.lock().unwrap_or_else(PoisonError::into_inner)[planned.case];
    let case = case.ok_or_else(|| Fault::new("a step before its case"))?;
    let act = |tx: &mut Tx<'_>, action: Action| {
        let wanted = Move { case, version: None, action, attachments: Vec::new() };
        actions::act(tx, access, &wanted).map(drop)
    };
    match &planned.step {
        Step::Open(_) => Ok(()),
        Step::Act(action) => act(tx, action.clone()),
        Step::Take => act(tx, Action::Assign { user: access.user() }),
        Step::Write(voice, text) => actions::write(tx, access, case, *voice, text, &[]).map(drop),
        Step::Look => actions::look_at_identity(tx, access, case).map(drop),
        Step::Draft(text) => match access.user() {
            Some(user) => Ok(store::save_draft(tx, access, case, user, text)?),
            None => Ok(()),
        },
    }
}
