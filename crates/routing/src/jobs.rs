//! What happens by itself: offers that nobody takes end, wrap-ups end, who is gone is noticed.
//!
//! A timer that comes late says that no node ran meanwhile. Then nobody could answer or give a
//! sign, and nobody is taken for absent because of it.

use tanggap_conversations::InteractionId;
use tanggap_kernel::{Access, Error, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_store::jobs::{Job, Runner};

use crate::model::ItemId;
use crate::{actions, replies};

/// An offer that ends so late rang where nobody could take it.
const RINGS_IN_VAIN: i64 = 5 * Timestamp::SECOND;
/// After so long without a node, signs of browsers are waited for anew. With the minute that a
/// page out of sight may take for its next sign it is less than [`actions::GONE_AFTER_MICROS`].
const SIGNS_MISSED: i64 = 75 * Timestamp::SECOND;

/// Adds the handlers of this slice.
#[must_use]
pub fn register(runner: Runner) -> Runner {
    runner
        .on(actions::RING_OUT, ring_out)
        .on(actions::WRAP_UP, wrap_up)
        .on(actions::LOOK, look)
        .on(replies::RING, reply)
}

fn ring_out(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match ItemId::parse(&job.key) {
        Some(id) => {
            let in_vain = late(tx, job) > RINGS_IN_VAIN;
            actions::ring_out(tx, &Access::system(job.agency_id), id, in_vain)
        }
        None => Ok(()),
    }
}

fn wrap_up(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let Some(user) = actions::user_of_key(&job.key) else { return Ok(()) };
    match actions::wrapped_up(tx, &Access::system(job.agency_id), user) {
        // They ended it themselves, or do something else.
        Err(Error::Refused(Refusal::Illegal(_) | Refusal::NotFound)) => Ok(()),
        other => other,
    }
}

fn look(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let unheard = late(tx, job) > SIGNS_MISSED;
    actions::look(tx, &Access::system(job.agency_id), unheard)
}

/// How late a timer comes (microseconds).
fn late(tx: &Tx<'_>, job: &Job) -> i64 {
    tx.now().as_micros() - job.run_at.as_micros()
}

fn reply(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match InteractionId::parse(&job.key) {
        Some(id) => replies::ring(tx, &Access::system(job.agency_id), id),
        None => Ok(()),
    }
}
