//! Exchanges in writing as items: one that nobody has waits for somebody, and the one who had the
//! person's last exchange is asked first.

use tanggap_conversations::{Talk, TalkState, talks};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, AgencyId, Permission, Result};
use tanggap_store::Tx;

use crate::actions::{self, NewItem};
use crate::model::{Agent, ItemId, ItemState, Kind, Presence, Queue, QueueId, SkillKind};
use crate::store;

/// The languages of the program itself.
const OWN_LANGUAGES: [&str; 2] = ["id", "en"];
/// So many earlier exchanges of a person are looked at.
const EARLIER_MAX: i64 = 5;

/// Lets a talk wait for somebody, where nobody has it and there is a queue for it.
///
/// # Errors
/// A fault of the engine.
pub fn seek(tx: &mut Tx<'_>, agency: AgencyId, talk: &Talk) -> Result<Option<ItemId>> {
    if talk.owner_id.is_some() || talk.state == TalkState::Ended {
        return Ok(None);
    }
    place(tx, &Access::system(agency), talk)
}

/// Puts a talk into its queue, where there is one.
fn place(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<Option<ItemId>> {
    let Some(queue) = queue_of(tx, access, talk)? else { return Ok(None) };
    let needs = actions::needs_of(tx, access, talk.topic.as_deref(), talk.language.as_deref())?;
    let last_agent = last_agent(tx, access, talk)?;
    let new = NewItem {
        kind: Kind::Talk,
        subject: talk.id.0,
        queue: queue.id,
        channel: &talk.channel,
        needs,
        priority: false,
        last_agent,
    };
    actions::enqueue(tx, access, &new).map(Some)
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

/// Somebody took a talk, or was given it, without its having rung at them: it takes their room
/// all the same. Where it waited nowhere it does so by the queue that would have had it.
///
/// # Errors
/// A refusal where it has ended meanwhile, or a fault.
pub fn take(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<()> {
    let Some(owner) = talk.owner_id else { return Ok(()) };
    let known = store::live(tx, access, Kind::Talk, talk.id.0)?;
    let item = match known {
        Some(item) => Some(item),
        None => place(tx, &Access::system(access.agency_id), talk)?,
    };
    match item {
        Some(item) => actions::take(tx, access, item, owner),
        None => Ok(()),
    }
}

/// The languages that a talk can be marked with: the two of the program, then those that the
/// agency has as skills, with the names that it gave them.
///
/// # Errors
/// A fault of the engine.
pub fn languages(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<(String, Option<String>)>> {
    let mut all: Vec<(String, Option<String>)> =
        OWN_LANGUAGES.map(|code| (code.to_owned(), None)).into();
    let skills = store::skills(tx, access)?;
    for skill in skills.iter().filter(|skill| skill.kind == SkillKind::Language) {
        match all.iter_mut().find(|(code, _)| *code == skill.code) {
            Some((_, name)) => *name = Some(skill.name.clone()),
            None => all.push((skill.code.clone(), Some(skill.name.clone()))),
        }
    }
    Ok(all)
}

/// Topic or language of a talk changed: where it waits, something else is asked for.
///
/// # Errors
/// A fault of the engine, or a refusal where another changed it meanwhile.
pub fn relabel(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<()> {
    let Some(item) = store::live(tx, access, Kind::Talk, talk.id.0)? else { return Ok(()) };
    let needs = actions::needs_of(tx, access, talk.topic.as_deref(), talk.language.as_deref())?;
    actions::ask_for(tx, access, item, needs)
}

/// Whether somebody may take a talk by themself: in some queues what waits is only offered.
///
/// # Errors
/// A fault of the engine.
pub fn may_take(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<bool> {
    if talk.owner_id.is_some() || access.can(Permission::RouteSupervise, None) {
        return Ok(true);
    }
    let Some(item) = store::live(tx, access, Kind::Talk, talk.id.0)? else { return Ok(true) };
    let item = store::item(tx, access, item)?;
    Ok(item.state.agent() == access.user() || store::queue(tx, access, item.queue)?.may_pick)
}

/// Nobody is at a talk any more: it waits for the next, at its place.
///
/// # Errors
/// A fault of the engine.
pub fn release(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<()> {
    let Some(item) = store::live(tx, access, Kind::Talk, talk.id.0)? else {
        return seek(tx, access.agency_id, talk).map(drop);
    };
    match store::item(tx, access, item)?.state {
        ItemState::Accepted { .. } => actions::put_back(tx, access, item),
        _ => Ok(()),
    }
}

/// A talk is over: it waits no longer, and whoever was at it is free.
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

/// What was noted about a talk is saved: the wrap-up that began when it ended is over.
///
/// # Errors
/// A fault of the engine.
pub fn wrapped_up(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<()> {
    match access.user() {
        Some(user) if is_wrapping_up(tx, access, talk)? => actions::wrapped_up(tx, access, user),
        _ => Ok(()),
    }
}

/// Whether one is in the wrap-up that began when this talk of one's own ended.
///
/// # Errors
/// A fault of the engine.
pub fn is_wrapping_up(tx: &mut Tx<'_>, access: &Access, talk: &Talk) -> Result<bool> {
    let Some(user) = access.user().filter(|user| talk.owner_id == Some(*user)) else {
        return Ok(false);
    };
    let theirs =
        |agent: &Agent| agent.presence == Presence::WrapUp && talk.ended_at == Some(agent.since);
    Ok(store::agent(tx, access, user)?.is_some_and(|agent| theirs(&agent)))
}
