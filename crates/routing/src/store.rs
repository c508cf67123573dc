//! Rows of routing.
//!
//! An item's and an agent's version are checked by every change, so two nodes, or an agent and a
//! timer, can never both decide about the same moment: who comes second is told that it is gone.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tanggap_calendar::WorkingCalendar;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Fault, Refusal, Result, Timestamp, params};
use tanggap_store::{Row, Tx, sql};

use crate::model::{
    Agent, Item, ItemId, ItemState, Kind, OfferId, Overflow, Presence, Queue, QueueId, Skill,
    SkillId, SkillKind, Wanted,
};

/// The most queues and skills of an agency.
pub const SETTINGS_MAX: i64 = 500;
/// The most people of an agency who take work.
pub const AGENTS_MAX: i64 = 20_000;
/// The most items that wait or are at somebody, in one agency.
pub const ITEMS_MAX: i64 = 200_000;

sql! {
    CASE_OF_TALK = "select case_id from interactions where agency_id = $1 and id = $2";
    REPORTED = "select reported_user_id, reported_unit_id from cases
        where agency_id = $1 and id = $2";
    SERVED = "update routing_items set answered_at = coalesce(answered_at, $3)
        where agency_id = $1 and id = $2";
    QUEUES = "select id, name, unit_id, active, hours, target_s, priority_target_s, offer_s,
        wrap_up_s, affinity_s, overflow_id, overflow_s, relax, live, may_pick, version
        from routing_queues where agency_id = $1 order by id limit $2";
    SKILLS = "select id, kind, code, name, version from routing_skills where agency_id = $1
        order by kind, name, id limit $2";
    WEIGHT = "select percent from routing_weights where agency_id = $1 and channel = $2";
    AGENT = "select user_id, presence, since, capacity, load, held, idle_since, version
        from routing_agents where agency_id = $1 and user_id = $2";
    AGENTS = "select user_id, presence, since, capacity, load, held, idle_since, version
        from routing_agents where agency_id = $1 and presence <> 'offline'
        order by user_id limit $2";
    QUEUES_OF = "select queue_id from routing_agent_queues where agency_id = $1 and user_id = $2
        order by queue_id";
    SKILLS_OF = "select skill_id, level from routing_agent_skills
        where agency_id = $1 and user_id = $2 order by skill_id";
    ITEM = "select id, kind, subject_id, queue_id, weight, needs, priority, entered_at, starts_at,
        due_at, wanted_id, wanted_until, refused, state, agent_id, offered_until, version
        from routing_items where agency_id = $1 and id = $2";
    LIVE = "select id from routing_items
        where agency_id = $1 and kind = $2 and subject_id = $3 and state <> 'ended'";
    WAITING = "select id, kind, subject_id, queue_id, weight, needs, priority, entered_at,
        starts_at, due_at, wanted_id, wanted_until, refused, state, agent_id, offered_until, version
        from routing_items where agency_id = $1 and queue_id = $2 and state = 'waiting'
        order by due_at, id limit $3";
    OF_AGENT = "select id, kind, subject_id, queue_id, weight, needs, priority, entered_at,
        starts_at, due_at, wanted_id, wanted_until, refused, state, agent_id, offered_until, version
        from routing_items where agency_id = $1 and agent_id = $2 order by id limit 200";
    INSERT_ITEM = "insert into routing_items (agency_id, id, kind, subject_id, queue_id, channel,
        weight, needs, priority, entered_at, starts_at, due_at, wanted_id, wanted_until, refused,
        state, since, note, version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
        $13, $14, '[]', 'waiting', $10, '', 1)";
    SAVE_ITEM = "update routing_items set queue_id = $4, needs = $5, due_at = $6, wanted_id = $7,
        wanted_until = $8, refused = $9,
        since = case when state = $10 then since else $13 end, state = $10, agent_id = $11,
        offered_until = $12,
        answered_at = case when $10 = 'accepted' then coalesce(answered_at, $13)
            else answered_at end,
        ended_at = case when $10 = 'ended' then $13 end,
        offer_id = case when $10 = 'offered' then offer_id end,
        note = case when $10 = 'ended' then '' else note end, version = version + 1
        where agency_id = $1 and id = $2 and version = $3";
    OFFERED_AS = "update routing_items set offer_id = $3 where agency_id = $1 and id = $2";
    NOTED = "update routing_items set note = $3 where agency_id = $1 and id = $2";
    CHANNEL_OF = "select channel, note from routing_items where agency_id = $1 and id = $2";
    OFFER_OF = "select offer_id from routing_items where agency_id = $1 and id = $2";
    INSERT_OFFER = "insert into routing_offers (agency_id, id, item_id, user_id, at, until)
        values ($1, $2, $3, $4, $5, $6)";
    END_OFFER = "update routing_offers set ended_at = $3, outcome = $4, reason = $5
        where agency_id = $1 and id = $2 and outcome is null";
    INSERT_AGENT = "insert into routing_agents (agency_id, user_id, presence, since, capacity,
        load, held, idle_since, seen_at, version)
        values ($1, $2, 'offline', $3, $4, 0, 0, $3, $3, 1)
        on conflict (agency_id, user_id) do nothing";
    SAVE_AGENT = "update routing_agents set presence = $4, since = $5, load = $6, held = $7,
        idle_since = $8, version = version + 1
        where agency_id = $1 and user_id = $2 and version = $3";
    SEEN = "update routing_agents set seen_at = $3 where agency_id = $1 and user_id = $2";
    UNSEEN = "select user_id from routing_agents where agency_id = $1 and presence <> 'offline'
        and seen_at < $2 order by user_id limit 100";
    ON_DUTY = "select user_id from routing_agents
        where agency_id = $1 and presence <> 'offline' limit 1";
    CLOSE_INTERVAL = "update presence_intervals set to_at = $3
        where agency_id = $1 and user_id = $2 and to_at is null";
    OPEN_INTERVAL = "insert into presence_intervals (agency_id, user_id, from_at, presence, cause)
        values ($1, $2, $3, $4, $5) on conflict (agency_id, user_id, from_at)
        do update set presence = excluded.presence, cause = excluded.cause, to_at = null";
    INTERVALS = "select presence, cause, from_at, to_at from presence_intervals
        where agency_id = $1 and user_id = $2 and from_at >= $3 order by from_at limit 1000";
}

fn read_json<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|e| Fault::new(format!("json: {e}")))
}

pub(crate) fn json_of(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|e| Fault::new(format!("json: {e}")))
}

fn read_queue(row: &mut Row<'_>) -> Result<Queue, Fault> {
    let (id, name, unit, active) = (row.int()?, row.text()?, row.opt_int()?, row.bool()?);
    let hours = read_json(&row.text()?)?;
    let (target_s, priority_target_s, offer_s) = (row.int()?, row.int()?, row.int()?);
    let (wrap_up_s, affinity_s) = (row.int()?, row.int()?);
    let (helps, after_s): (Option<QueueId>, i64) = (row.opt_int()?, row.int()?);
    Ok(Queue {
        id,
        name,
        unit,
        active,
        hours,
        target_s,
        priority_target_s,
        offer_s,
        wrap_up_s,
        affinity_s,
        overflow: helps.map(|queue| Overflow { queue, after_s }),
        relax: read_json(&row.text()?)?,
        live: row.bool()?,
        may_pick: row.bool()?,
        version: row.int()?,
    })
}

fn read_item(row: &mut Row<'_>) -> Result<Item, Fault> {
    let (id, kind) = (row.int()?, row.text()?);
    let kind = Kind::parse(&kind).ok_or_else(|| Fault::new(format!("kind of item: {kind}")))?;
    let (subject, queue, weight) = (row.int()?, row.int()?, row.int()?);
    let (needs, priority) = (read_json(&row.text()?)?, row.bool()?);
    let (entered_at, starts_at, due) = (row.int()?, row.int()?, row.int()?);
    let (wanted, until): (Option<UserId>, Option<Timestamp>) = (row.opt_int()?, row.opt_int()?);
    let (refused, state) = (read_json(&row.text()?)?, row.text()?);
    let (agent, offered): (Option<UserId>, Option<Timestamp>) = (row.opt_int()?, row.opt_int()?);
    let state = match (state.as_str(), agent, offered) {
        ("waiting", ..) => ItemState::Waiting,
        ("offered", Some(agent), Some(until)) => ItemState::Offered { agent, until },
        ("accepted", Some(agent), _) => ItemState::Accepted { agent },
        ("ended", ..) => ItemState::Ended,
        _ => return Err(Fault::new(format!("state of item: {state}"))),
    };
    let wanted = wanted.zip(until).map(|(agent, until)| Wanted { agent, until });
    Ok(Item {
        id,
        kind,
        subject,
        queue,
        weight,
        needs,
        priority,
        entered_at,
        starts_at,
        due,
        wanted,
        refused,
        state,
        version: row.int()?,
    })
}

fn read_agent(row: &mut Row<'_>) -> Result<Agent, Fault> {
    let (id, word) = (row.int()?, row.text()?);
    let presence = Presence::parse(&word).ok_or_else(|| Fault::new(format!("presence: {word}")))?;
    Ok(Agent {
        id,
        presence,
        since: row.int()?,
        queues: Vec::new(),
        skills: Vec::new(),
        capacity: row.int()?,
        load: row.int()?,
        held: row.int()?,
        idle_since: row.int()?,
        version: row.int()?,
    })
}

/// All queues of the agency, those that are closed down too.
///
/// # Errors
/// A fault of the engine.
pub fn queues(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<Vec<Queue>>> {
    let agency = access.agency_id;
    tx.kept(agency, "routing queues", 0, |tx| {
        Ok(tx.all(&QUEUES, params![agency, SETTINGS_MAX], read_queue)?)
    })
}

/// A queue.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn queue(tx: &mut Tx<'_>, access: &Access, id: QueueId) -> Result<Queue> {
    let all = queues(tx, access)?;
    Ok(all.iter().find(|queue| queue.id == id).cloned().ok_or(Refusal::NotFound)?)
}

/// The queue of a unit, where it has one that is open for work.
///
/// # Errors
/// A fault of the engine.
pub fn queue_of_unit(tx: &mut Tx<'_>, access: &Access, unit: UnitId) -> Result<Option<Queue>> {
    let all = queues(tx, access)?;
    Ok(all.iter().find(|queue| queue.active && queue.unit == Some(unit)).cloned())
}

/// All skills of the agency.
///
/// # Errors
/// A fault of the engine.
pub fn skills(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<Vec<Skill>>> {
    let agency = access.agency_id;
    tx.kept(agency, "routing skills", 0, |tx| {
        let all = tx.all(&SKILLS, params![agency, SETTINGS_MAX], |row| {
            let (id, word) = (row.int()?, row.text()?);
            let kind = SkillKind::parse(&word);
            let kind = kind.ok_or_else(|| Fault::new(format!("kind of skill: {word}")))?;
            let (code, name) = (row.text()?, row.text()?);
            Ok(Skill { id, kind, code, name, version: row.int()? })
        })?;
        Ok(all)
    })
}

/// The calendar by which a queue works.
///
/// # Errors
/// A fault of the engine.
pub fn calendar(tx: &mut Tx<'_>, access: &Access, queue: &Queue) -> Result<Arc<WorkingCalendar>> {
    tanggap_org::calendar_for(tx, access, queue.unit)
}

/// How much of a person one thing on a channel takes, in percent.
///
/// # Errors
/// A fault of the engine.
pub fn weight(tx: &mut Tx<'_>, access: &Access, channel: &str) -> Result<i64> {
    let set = tx.opt(&WEIGHT, params![access.agency_id, channel], |row| row.int())?;
    Ok(set.unwrap_or_else(|| crate::rules::usual_weight(channel)))
}

/// An item.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn item(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<Item> {
    let found = tx.opt(&ITEM, params![access.agency_id, id], read_item)?;
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// By which channel an item came, and what the one who handed it over wrote.
///
/// # Errors
/// [`Refusal::NotFound`].
pub fn channel_and_note(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<(String, String)> {
    let key = params![access.agency_id, id];
    let found = tx.opt(&CHANNEL_OF, key, |row| Ok((row.text()?, row.text()?)))?;
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// The item under which something waits or is worked at.
///
/// # Errors
/// A fault of the engine.
pub fn live(tx: &mut Tx<'_>, access: &Access, kind: Kind, subject: i64) -> Result<Option<ItemId>> {
    let key = params![access.agency_id, kind.as_str(), subject];
    Ok(tx.opt(&LIVE, key, |row| row.int())?)
}

/// What waits in a queue, the most urgent first.
///
/// # Errors
/// A fault of the engine.
pub fn waiting(tx: &mut Tx<'_>, access: &Access, queue: QueueId, max: i64) -> Result<Vec<Item>> {
    Ok(tx.all(&WAITING, params![access.agency_id, queue, max], read_item)?)
}

/// What rings at somebody or is theirs.
///
/// # Errors
/// A fault of the engine.
pub fn items_of(tx: &mut Tx<'_>, access: &Access, user: UserId) -> Result<Vec<Item>> {
    Ok(tx.all(&OF_AGENT, params![access.agency_id, user], read_item)?)
}

/// Somebody who takes work; `None` where they never did.
///
/// # Errors
/// A fault of the engine.
pub fn agent(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<Option<Agent>> {
    let key = params![access.agency_id, id];
    let Some(mut agent) = tx.opt(&AGENT, key, read_agent)? else { return Ok(None) };
    complete(tx, access, &mut agent)?;
    Ok(Some(agent))
}

/// All who are on duty.
///
/// # Errors
/// A fault of the engine.
pub fn agents(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Agent>> {
    let mut all = tx.all(&AGENTS, params![access.agency_id, AGENTS_MAX], read_agent)?;
    for agent in &mut all {
        complete(tx, access, agent)?;
    }
    Ok(all)
}

/// Adds what they serve and can do.
fn complete(tx: &mut Tx<'_>, access: &Access, agent: &mut Agent) -> Result<()> {
    let key = params![access.agency_id, agent.id];
    agent.queues = tx.all(&QUEUES_OF, key, |row| row.int())?;
    agent.skills = tx.all(&SKILLS_OF, key, |row| Ok((SkillId(row.int()?), row.int()?)))?;
    Ok(())
}

/// A row for somebody who has none yet.
pub(crate) fn make_agent(tx: &mut Tx<'_>, access: &Access, id: UserId) -> Result<(), Fault> {
    let (now, capacity) = (tx.now(), crate::rules::CAPACITY);
    let made = tx.exec(&INSERT_AGENT, params![access.agency_id, id, now, capacity])?;
    if made == 1 {
        let offline = Presence::Offline.as_str();
        tx.put(&OPEN_INTERVAL, params![access.agency_id, id, now, offline, "chosen"])?;
    }
    Ok(())
}

/// Saves an agent whom `before` was; where their presence changed, one interval ends and the next
/// begins, at the same moment.
///
/// # Errors
/// [`Refusal::Stale`] where somebody else changed them meanwhile.
pub(crate) fn save_agent(
    tx: &mut Tx<'_>,
    access: &Access,
    before: &Agent,
    after: &Agent,
    cause: &str,
) -> Result<()> {
    let (agency, now) = (access.agency_id, tx.now());
    let presence = after.presence.as_str();
    let row = params![
        agency,
        after.id,
        before.version,
        presence,
        after.since,
        after.load,
        after.held,
        after.idle_since
    ];
    if tx.exec(&SAVE_AGENT, row)? == 0 {
        return Err(Refusal::Stale.into());
    }
    if before.presence != after.presence {
        tx.put(&CLOSE_INTERVAL, params![agency, after.id, now])?;
        tx.put(&OPEN_INTERVAL, params![agency, after.id, now, presence, cause])?;
    }
    Ok(())
}

pub(crate) fn insert_item(
    tx: &mut Tx<'_>,
    access: &Access,
    item: &Item,
    channel: &str,
) -> Result<(), Fault> {
    let needs = json_of(&item.needs)?;
    let (wanted, until) = (item.wanted.map(|w| w.agent), item.wanted.map(|w| w.until));
    let row = params![
        access.agency_id,
        item.id,
        item.kind.as_str(),
        item.subject,
        item.queue,
        channel,
        item.weight,
        needs,
        item.priority,
        item.entered_at,
        item.starts_at,
        item.due,
        wanted,
        until
    ];
    tx.put(&INSERT_ITEM, row)
}

/// Whether an item is a complaint about somebody or a unit of theirs, who then must not handle it
/// (UU 25/2009 art. 45). Cases lean on routing, so their columns are asked for here.
///
/// # Errors
/// A fault of the engine.
pub fn is_about(tx: &mut Tx<'_>, access: &Access, item: &Item, agent: UserId) -> Result<bool> {
    let case: Option<i64> = match item.kind {
        Kind::Case => Some(item.subject),
        Kind::Talk => {
            let key = params![access.agency_id, item.subject];
            tx.opt(&CASE_OF_TALK, key, |row| row.opt_int())?.flatten()
        }
        Kind::Call => None,
    };
    let Some(case) = case else { return Ok(false) };
    let reported: Option<(Option<UserId>, Option<UnitId>)> =
        tx.opt(&REPORTED, params![access.agency_id, case], |row| {
            Ok((row.opt_int()?, row.opt_int()?))
        })?;
    let (person, unit) = reported.unwrap_or_default();
    if person == Some(agent) {
        return Ok(true);
    }
    let Some(unit) = unit else { return Ok(false) };
    let Some(user) = tanggap_org::user(tx, access, agent)? else { return Ok(false) };
    Ok(tanggap_org::access_of(tx, access.agency_id, &user)?.member_of.contains(&unit))
}

/// Saves an item that was loaded as `item.version`.
///
/// # Errors
/// [`Refusal::Stale`] where somebody else changed it meanwhile.
pub(crate) fn save_item(tx: &mut Tx<'_>, access: &Access, item: &Item) -> Result<()> {
    let (needs, refused) = (json_of(&item.needs)?, json_of(&item.refused)?);
    let (wanted, wanted_until) = (item.wanted.map(|w| w.agent), item.wanted.map(|w| w.until));
    let (state, until) = match item.state {
        ItemState::Waiting => ("waiting", None),
        ItemState::Offered { until, .. } => ("offered", Some(until)),
        ItemState::Accepted { .. } => ("accepted", None),
        ItemState::Ended => ("ended", None),
    };
    let now = tx.now();
    let row = params![
        access.agency_id,
        item.id,
        item.version,
        item.queue,
        needs,
        item.due,
        wanted,
        wanted_until,
        refused,
        state,
        item.state.agent(),
        until,
        now
    ];
    if tx.exec(&SAVE_ITEM, row)? == 0 {
        return Err(Refusal::Stale.into());
    }
    Ok(())
}

/// Notes that an item rings at somebody.
pub(crate) fn open_offer(
    tx: &mut Tx<'_>,
    access: &Access,
    item: &Item,
) -> Result<Option<OfferId>, Fault> {
    let ItemState::Offered { agent, until } = item.state else { return Ok(None) };
    let (id, now): (OfferId, _) = (tx.id(), tx.now());
    tx.put(&INSERT_OFFER, params![access.agency_id, id, item.id, agent, now, until])?;
    tx.put(&OFFERED_AS, params![access.agency_id, item.id, id])?;
    Ok(Some(id))
}

/// Notes how the offer of an item ended; call it before the item is saved.
pub(crate) fn end_offer(
    tx: &mut Tx<'_>,
    access: &Access,
    item: ItemId,
    outcome: &str,
    reason: Option<&str>,
) -> Result<(), Fault> {
    let (agency, now) = (access.agency_id, tx.now());
    let offer: Option<OfferId> =
        tx.opt(&OFFER_OF, params![agency, item], |row| row.opt_int())?.flatten();
    match offer {
        Some(offer) => tx.put(&END_OFFER, params![agency, offer, now, outcome, reason]),
        None => Ok(()),
    }
}

/// Keeps what the one who hands it over writes to the next.
pub(crate) fn note(tx: &mut Tx<'_>, access: &Access, id: ItemId, note: &str) -> Result<(), Fault> {
    tx.put(&NOTED, params![access.agency_id, id, note])
}

/// Notes a sign of somebody's browser.
pub(crate) fn seen(tx: &mut Tx<'_>, access: &Access, user: UserId) -> Result<(), Fault> {
    let now = tx.now();
    tx.put(&SEEN, params![access.agency_id, user, now])
}

/// Who is on duty and gave no sign since `before`.
pub(crate) fn unseen(
    tx: &mut Tx<'_>,
    access: &Access,
    before: Timestamp,
) -> Result<Vec<UserId>, Fault> {
    tx.all(&UNSEEN, params![access.agency_id, before], |row| row.int())
}

/// Whether anybody is on duty.
pub(crate) fn anybody(tx: &mut Tx<'_>, access: &Access) -> Result<bool, Fault> {
    Ok(tx.opt(&ON_DUTY, params![access.agency_id], |row| row.int::<i64>())?.is_some())
}

/// One stretch of somebody's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interval {
    /// What they were doing.
    pub presence: Presence,
    /// What led to it.
    pub cause: String,
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub to: Option<Timestamp>,
}

/// What somebody has been doing since `from`.
///
/// # Errors
/// A fault of the engine.
pub fn intervals(
    tx: &mut Tx<'_>,
    access: &Access,
    user: UserId,
    from: Timestamp,
) -> Result<Vec<Interval>> {
    Ok(tx.all(&INTERVALS, params![access.agency_id, user, from], |row| {
        let word = row.text()?;
        let presence = Presence::parse(&word);
        Ok(Interval {
            presence: presence.ok_or_else(|| Fault::new(format!("presence: {word}")))?,
            cause: row.text()?,
            from: row.int()?,
            to: row.opt_int()?,
        })
    })?)
}

/// Somebody was at it who was not offered it.
pub(crate) fn note_served(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<(), Fault> {
    let now = tx.now();
    tx.put(&SERVED, params![access.agency_id, id, now])
}
