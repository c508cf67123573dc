//! What happens by itself: offers that nobody takes end, wrap-ups end, who is gone is noticed.

use tanggap_conversations::InteractionId;
use tanggap_kernel::{Access, Error, Refusal, Result};
use tanggap_store::Tx;
use tanggap_store::jobs::{Job, Runner};

use crate::model::ItemId;
use crate::{actions, replies};

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
        Some(id) => actions::ring_out(tx, &Access::system(job.agency_id), id),
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
    actions::look(tx, &Access::system(job.agency_id))
}

fn reply(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    match InteractionId::parse(&job.key) {
        Some(id) => replies::ring(tx, &Access::system(job.agency_id), id),
        None => Ok(()),
    }
}
