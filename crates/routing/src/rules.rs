//! What each step does to an item and to its agent: pure, with the time given.
//!
//! Each function changes both or refuses and changes neither. An agent's presence is moved here
//! and nowhere else, so that its intervals follow each other without gap or overlap.

use tanggap_kernel::id::UserId;
use tanggap_kernel::{Refusal, Timestamp};

use crate::model::{
    Agent, Item, ItemState, Need, Overflow, Presence, Queue, QueueId, Refused, SkillId, Wanted,
};

/// Who declined is not asked again for so long.
pub const REST_MICROS: i64 = 2 * Timestamp::MINUTE;
/// So long an item waits for the person to whom it was handed.
pub const HANDED_MICROS: i64 = 15 * Timestamp::MINUTE;
/// The most who are remembered as not having wanted an item: older ones may be asked again.
const REFUSED_MAX: usize = 20;
/// Those who are passed over because it is about them are of a reported unit: more than who
/// would not take it.
const CONCERNED_MAX: usize = 1_000;
/// So long before it is looked again whether it is about them.
const CONCERNED_MICROS: i64 = Timestamp::DAY;

/// What somebody carries at once, where nothing else is set: one whole person.
pub const CAPACITY: i64 = 100;

/// How much of a person one thing on a channel usually takes, in percent.
#[must_use]
pub fn usual_weight(channel: &str) -> i64 {
    match channel {
        "call" | "phone" | "voice" => 100,
        "email" | "letter" | "web" => 10,
        _ => 30,
    }
}

/// The refusal of a step that the state does not allow any more.
pub const GONE: Refusal = Refusal::Illegal("routing-gone");

/// When somebody should be at what came to `queue` and began to wait at `starts_at`.
#[must_use]
pub fn due(queue: &Queue, priority: bool, starts_at: Timestamp) -> Timestamp {
    let target_s = if priority { queue.priority_target_s } else { queue.target_s };
    starts_at.plus(target_s.max(0).saturating_mul(Timestamp::SECOND))
}

/// What an item asks for after having waited until `now`, and when that changes next.
#[must_use]
pub fn needs_at(item: &Item, queue: &Queue, now: Timestamp) -> (Vec<Need>, Option<Timestamp>) {
    let from = |after_s: i64| item.starts_at.plus(after_s.saturating_mul(Timestamp::SECOND));
    let lower = queue.relax.iter().filter(|step| from(step.after_s) <= now);
    let lower = lower.map(|step| step.lower).max().unwrap_or(0);
    let relaxed = |need: &Need| match need.firm {
        true => Some(*need),
        false => (need.level > lower).then(|| Need { level: need.level - lower, ..*need }),
    };
    let next = queue.relax.iter().map(|step| from(step.after_s)).filter(|at| *at > now).min();
    let mut needs: Vec<Need> = item.needs.iter().filter_map(relaxed).collect();
    needs.sort_unstable();
    (needs, next)
}

/// Whether somebody can do what is asked for.
#[must_use]
pub fn is_able(skills: &[(SkillId, i64)], needs: &[Need]) -> bool {
    let has =
        |need: &Need| skills.iter().any(|(id, level)| *id == need.skill && *level >= need.level);
    needs.iter().all(has)
}

/// Which queues' people may have an item now, in order: its own first, then the one that helps.
/// `open` tells whether a queue is open. With it comes when waiting alone changes that.
#[must_use]
pub fn places(
    item: &Item,
    queue: &Queue,
    now: Timestamp,
    open: impl Fn(QueueId) -> bool,
) -> (Vec<QueueId>, Option<Timestamp>) {
    let own = queue.active && open(queue.id);
    let mut places = if own { vec![queue.id] } else { Vec::new() };
    let mut next = None;
    if let Some(Overflow { queue: helps, after_s }) = queue.overflow.filter(|o| open(o.queue)) {
        let from = item.starts_at.plus(after_s.saturating_mul(Timestamp::SECOND));
        if from <= now || !own {
            places.push(helps);
        } else {
            next = Some(from);
        }
    }
    (places, next)
}

/// Offers an item to an agent: it rings there and takes its room from now on.
///
/// # Errors
/// [`GONE`] where the item does not wait, or the agent takes nothing or has no room.
pub fn offer(
    item: &mut Item,
    agent: &mut Agent,
    queue: &Queue,
    now: Timestamp,
) -> Result<(), Refusal> {
    if item.state != ItemState::Waiting || !agent.presence.takes() || agent.room() < item.weight {
        return Err(GONE);
    }
    let until = now.plus(queue.offer_s.max(1).saturating_mul(Timestamp::SECOND));
    item.state = ItemState::Offered { agent: agent.id, until };
    agent.load += item.weight;
    agent.idle_since = now;
    Ok(())
}

/// The agent takes what rings at them.
///
/// # Errors
/// [`GONE`] where it does not ring there, or not any more.
pub fn accept(item: &mut Item, agent: &mut Agent, now: Timestamp) -> Result<(), Refusal> {
    match item.state {
        ItemState::Offered { agent: at, until } if at == agent.id && now <= until => {}
        _ => return Err(GONE),
    }
    take(item, agent, now);
    Ok(())
}

/// The agent takes a waiting item from the list by themself; nobody asks for their skill, since
/// they know what they do.
///
/// # Errors
/// [`GONE`] where it does not wait; a refusal of its own where the agent has no room.
pub fn pick(item: &mut Item, agent: &mut Agent, now: Timestamp) -> Result<(), Refusal> {
    if item.state != ItemState::Waiting {
        return Err(GONE);
    }
    if agent.room() < item.weight {
        return Err(Refusal::Illegal("routing-no-room"));
    }
    agent.load += item.weight;
    take(item, agent, now);
    Ok(())
}

/// Somebody has it by their own or a supervisor's word, wherever it was: it takes their room as if
/// it had rung at them. Whoever does that knows what they do, so nobody asks for skill or room;
/// but nothing is offered to them until they have room again. `from` is whose room it took.
///
/// # Errors
/// [`GONE`] where it has ended.
pub fn take_by_hand(
    item: &mut Item,
    from: Option<&mut Agent>,
    agent: &mut Agent,
    now: Timestamp,
) -> Result<(), Refusal> {
    match item.state {
        ItemState::Ended => return Err(GONE),
        ItemState::Accepted { agent: at } if at == agent.id => return Ok(()),
        ItemState::Offered { agent: at, .. } if at == agent.id => {}
        state => {
            if let Some(from) = from {
                give_back(item, from);
                if matches!(state, ItemState::Accepted { .. }) {
                    let_go(from, 0, now);
                }
            }
            agent.load += item.weight;
        }
    }
    take(item, agent, now);
    Ok(())
}

fn take(item: &mut Item, agent: &mut Agent, now: Timestamp) {
    item.state = ItemState::Accepted { agent: agent.id };
    item.wanted = None;
    item.refused.clear();
    agent.held += 1;
    agent.idle_since = now;
    if matches!(agent.presence, Presence::Ready | Presence::WrapUp) {
        enter(agent, Presence::Busy, now);
    }
}

/// The agent does not want it: it goes back to its place, and rests from them for a while.
///
/// # Errors
/// [`GONE`] where it does not ring there.
pub fn decline(item: &mut Item, agent: &mut Agent, now: Timestamp) -> Result<(), Refusal> {
    rings_at(item, agent)?;
    give_back(item, agent);
    refuse(item, agent.id, now);
    Ok(())
}

/// Nobody answered: it goes back to its place, and the agent is away until they say otherwise.
///
/// # Errors
/// [`GONE`] where it does not ring there any more, or not yet long enough.
pub fn miss(item: &mut Item, agent: &mut Agent, now: Timestamp) -> Result<(), Refusal> {
    match item.state {
        ItemState::Offered { agent: at, until } if at == agent.id && until <= now => {}
        _ => return Err(GONE),
    }
    give_back(item, agent);
    refuse(item, agent.id, now);
    if agent.presence.takes() {
        enter(agent, Presence::Away, now);
    }
    Ok(())
}

/// What became of an item when its agent was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// It went back to its place.
    Returned,
    /// It stays theirs: nobody waits at the other end.
    Kept,
}

/// The agent's browser or machine is gone: what rang, and what somebody waits for at the other
/// end, goes back to its place. Call [`leave`] after the last one.
pub fn lose(item: &mut Item, agent: &mut Agent, queue: &Queue) -> Lost {
    match item.state {
        ItemState::Offered { agent: at, .. } if at == agent.id => give_back(item, agent),
        ItemState::Accepted { agent: at } if at == agent.id && queue.live => {
            give_back(item, agent);
            agent.held -= 1;
        }
        _ => return Lost::Kept,
    }
    Lost::Returned
}

/// The agent is gone, or goes.
pub fn leave(agent: &mut Agent, now: Timestamp) {
    enter(agent, Presence::Offline, now);
}

/// It is done, or the person has gone. An agent who held it and now holds nothing writes down
/// what it was about, where the queue gives time for that.
///
/// # Errors
/// [`GONE`] where it has ended already, or `agent` is not the one whose room it takes.
pub fn end(
    item: &mut Item,
    agent: Option<&mut Agent>,
    queue: &Queue,
    now: Timestamp,
) -> Result<(), Refusal> {
    let accepted = matches!(item.state, ItemState::Accepted { .. });
    if item.state == ItemState::Ended || item.state.agent() != agent.as_ref().map(|a| a.id) {
        return Err(GONE);
    }
    if let Some(agent) = agent {
        give_back(item, agent);
        if accepted {
            let_go(agent, queue.wrap_up_s, now);
        }
    }
    item.state = ItemState::Ended;
    Ok(())
}

/// The wrap-up is over, by the agent's word or by time.
///
/// # Errors
/// [`GONE`] where there is none.
pub fn wrapped_up(agent: &mut Agent, now: Timestamp) -> Result<(), Refusal> {
    if agent.presence != Presence::WrapUp {
        return Err(GONE);
    }
    enter(agent, Presence::Ready, now);
    Ok(())
}

/// Hands an item over: to the people of a queue, and within it to one person where one is named.
/// It keeps the time that it has waited, so it is among the first there.
///
/// # Errors
/// [`GONE`] where it has ended, rings, or is not the agent's who hands it over.
pub fn hand_over(
    item: &mut Item,
    from: Option<&mut Agent>,
    to: &Queue,
    person: Option<UserId>,
    now: Timestamp,
) -> Result<(), Refusal> {
    if !matches!(item.state, ItemState::Waiting | ItemState::Accepted { .. })
        || item.state.agent() != from.as_ref().map(|agent| agent.id)
    {
        return Err(GONE);
    }
    if let Some(agent) = from {
        give_back(item, agent);
        let_go(agent, 0, now);
        refuse(item, agent.id, now);
    }
    item.queue = to.id;
    item.due = item.due.min(due(to, item.priority, item.starts_at));
    item.wanted = person.map(|agent| Wanted { agent, until: now.plus(HANDED_MICROS) });
    item.refused.retain(|refused| Some(refused.agent) != person);
    Ok(())
}

/// The agent says what they are doing. Who says ready while at something is busy.
///
/// # Errors
/// A refusal where that is not theirs to choose.
pub fn choose(agent: &mut Agent, wish: Presence, now: Timestamp) -> Result<(), Refusal> {
    if !Presence::CHOSEN.contains(&wish) {
        return Err(Refusal::field("presence", "ui-invalid-choice"));
    }
    let busy = wish == Presence::Ready && agent.held > 0;
    enter(agent, if busy { Presence::Busy } else { wish }, now);
    Ok(())
}

fn rings_at(item: &Item, agent: &Agent) -> Result<(), Refusal> {
    match item.state {
        ItemState::Offered { agent: at, .. } if at == agent.id => Ok(()),
        _ => Err(GONE),
    }
}

/// Back to waiting; the agent's room is free again.
fn give_back(item: &mut Item, agent: &mut Agent) {
    item.state = ItemState::Waiting;
    item.wanted = None;
    agent.load -= item.weight;
}

/// It is about this person, who is not asked: whoever would have been next is.
pub fn pass_over(item: &mut Item, agent: UserId, now: Timestamp) {
    item.refused.retain(|refused| refused.until > now && refused.agent != agent);
    item.refused.truncate(CONCERNED_MAX);
    item.refused.push(Refused { agent, until: now.plus(CONCERNED_MICROS) });
    if item.wanted.is_some_and(|wanted| wanted.agent == agent) {
        item.wanted = None;
    }
}

fn refuse(item: &mut Item, agent: UserId, now: Timestamp) {
    item.refused.retain(|refused| refused.until > now && refused.agent != agent);
    if item.refused.len() >= REFUSED_MAX {
        item.refused.remove(0);
    }
    item.refused.push(Refused { agent, until: now.plus(REST_MICROS) });
}

/// One thing less to be at.
fn let_go(agent: &mut Agent, wrap_up_s: i64, now: Timestamp) {
    agent.held -= 1;
    agent.idle_since = now;
    if agent.held == 0 && agent.presence == Presence::Busy {
        enter(agent, if wrap_up_s > 0 { Presence::WrapUp } else { Presence::Ready }, now);
    }
}

fn enter(agent: &mut Agent, presence: Presence, now: Timestamp) {
    if agent.presence != presence {
        if presence == Presence::Ready && !agent.presence.at_work() {
            agent.idle_since = now;
        }
        agent.presence = presence;
        agent.since = now;
    }
}
