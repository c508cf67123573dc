//! Exchanges in writing as items: one that nobody has waits for somebody, and the one who had the
//! person's last exchange is asked first.

use tanggap_conversations::{Talk, TalkState, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Result};
use tanggap_store::Tx;

use crate::actions::{self, NewItem};
use crate::model::{ItemId, Kind, Queue, QueueId};
use crate::store;

/// So many earlier exchanges of a person are looked at.
const EARLIER_MAX: i64 = 5;

/// Lets a talk wait for somebody, where nobody has it and there is a queue for it.
///
/// # Errors
/// A fault of the engine.
pub fn seek(tx: &mut Tx<'_>, agency: AgencyId, talk: &Talk) -> Result<Option<ItemId>> {
    let access = Access::system(agency);
    if talk.owner_id.is_some() || talk.state == TalkState::Ended {
        return Ok(None);
    }
    let Some(queue) = queue_of(tx, &access, talk)? else { return Ok(None) };
    let needs = actions::needs_of(tx, &access, talk.topic.as_deref(), talk.language.as_deref())?;
    let last_agent = last_agent(tx, &access, talk)?;
    let new = NewItem {
        kind: Kind::Talk,
        subject: talk.id.0,
        queue: queue.id,
        channel: &talk.channel,
        needs,
        priority: false,
        last_agent,
    };
    actions::enqueue(tx, &access, &new).map(Some)
}

/// The queue of a talk: the one that it names, else the first that serves the whole agency.
pub(crate) fn queue_of(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Option<Queue>> {
    let queues = store::queues(tx, access)?;
    let named = |queue: &&Queue| queue.active && talk.queue_id.map(QueueId) == Some(queue.id);
    let general = |queue: &&Queue| queue.active && queue.unit.is_none();
    Ok(queues.iter().find(named).or_else(|| queues.iter().find(general)).cloned())
}

/// Who had the person's last exchange.
fn last_agent(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Option<UserId>> {
    let Some(contact) = talk.contact_id else { return Ok(None) };
    let earlier = talks::of_contact(tx, access, contact, EARLIER_MAX)?;
    Ok(earlier.into_iter().filter(|other| other.id != talk.id).find_map(|other| other.owner_id))
}

/// A talk is over, or somebody took it by themself: it waits no longer.
///
/// # Errors
/// A fault of the engine.
pub fn settle(tx: &mut Tx<'_>, agency: AgencyId, talk: &Talk) -> Result<()> {
    let access = Access::system(agency);
    match store::live(tx, &access, Kind::Talk, talk.id.0)? {
        Some(item) if talk.owner_id.is_some() => actions::end_served(tx, &access, item),
        Some(item) => actions::end(tx, &access, item),
        None => Ok(()),
    }
}
