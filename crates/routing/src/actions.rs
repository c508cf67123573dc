//! Use cases of routing: load, decide by [`rules`], save, announce. Each is one transaction; what
//! another node, an agent or a timer did meanwhile makes it be refused as gone or stale.

use serde_json::json;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{
    Access, AgencyId, Event, Fault, Permission, Refusal, Result, Subject, Timestamp,
};
use tanggap_store::Tx;

use crate::matcher::Match;
use crate::model::{
    Agent, Item, ItemId, ItemState, Kind, Need, Presence, Queue, QueueId, SkillKind, Wanted,
};
use crate::{opening, rules, store};

/// The kind of job that ends an offer which nobody took; its key is the item's id.
pub const RING_OUT: &str = "routing_ring_out";
/// The kind of job that ends a wrap-up; its key is agency and person.
pub const WRAP_UP: &str = "routing_wrap_up";
/// The kind of job that looks who is gone; its key is the agency's id.
pub const LOOK: &str = "routing_look";
/// Who gives no sign for so long is gone. A browser may slow the clock of a page that is not in
/// sight down to a minute.
pub const GONE_AFTER_MICROS: i64 = 150 * Timestamp::SECOND;
/// How often that is looked at while anybody is on duty.
const LOOK_EVERY_MICROS: i64 = 30 * Timestamp::SECOND;
/// The longest note to whom something is handed.
const NOTE_MAX: usize = 2_000;

/// The refusal where a queue gives out its work by itself.
pub const NO_PICK: Refusal = Refusal::Illegal("routing-no-pick");

/// Why somebody does not take what rings at them.
pub const DECLINE_REASONS: [&str; 4] = ["other_topic", "language", "concerned", "overloaded"];

/// Something that needs somebody.
#[derive(Clone, Debug)]
pub struct NewItem<'a> {
    /// What it is.
    pub kind: Kind,
    /// Which one.
    pub subject: i64,
    /// Where it is to wait.
    pub queue: QueueId,
    /// By which channel it came: how much of a person it takes hangs on it.
    pub channel: &'a str,
    /// What it asks for; see [`needs_of`].
    pub needs: Vec<Need>,
    /// Whether a priority group waits.
    pub priority: bool,
    /// Who knows the person, where somebody does.
    pub last_agent: Option<UserId>,
}

/// To whom something is handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The people of another queue.
    Queue(QueueId),
    /// One person, who is asked first; then the others of its queue.
    Person(UserId),
    /// The people of a unit, by its queue.
    Unit(UnitId),
}

/// What an exchange in a language about a topic asks for, as far as the agency has such skills.
///
/// # Errors
/// A fault of the engine.
pub fn needs_of(
    tx: &mut Tx<'_>,
    access: &Access,
    topic: Option<&str>,
    language: Option<&str>,
) -> Result<Vec<Need>> {
    let asked = [(SkillKind::Topic, topic), (SkillKind::Language, language)];
    let skills = store::skills(tx, access)?;
    let known = skills.iter().filter(|skill| asked.contains(&(skill.kind, Some(&*skill.code))));
    Ok(known.map(|skill| Need { skill: skill.id, level: 3, firm: false }).collect())
}

/// Puts something into a queue. What waits or is worked at already stays where it is.
///
/// # Errors
/// [`Refusal::NotFound`] for the queue, [`Refusal::Illegal`] where it is closed down.
pub fn enqueue(tx: &mut Tx<'_>, access: &Access, new: &NewItem<'_>) -> Result<ItemId> {
    if let Some(known) = store::live(tx, access, new.kind, new.subject)? {
        return Ok(known);
    }
    let queue = store::queue(tx, access, new.queue)?;
    if !queue.active {
        return Err(Refusal::Illegal("routing-queue-closed-down").into());
    }
    let now = tx.now();
    let calendar = store::calendar(tx, access, &queue)?;
    let starts_at = opening::starts_at(&queue.hours, &calendar, now);
    let until = now.plus(queue.affinity_s.saturating_mul(Timestamp::SECOND));
    let wanted = new.last_agent.map(|agent| Wanted { agent, until });
    let item = Item {
        id: tx.id(),
        kind: new.kind,
        subject: new.subject,
        queue: queue.id,
        weight: store::weight(tx, access, new.channel)?,
        needs: new.needs.clone(),
        priority: new.priority,
        entered_at: now,
        starts_at,
        due: rules::due(&queue, new.priority, starts_at),
        wanted: wanted.filter(|wanted| wanted.until > now),
        refused: Vec::new(),
        state: ItemState::Waiting,
        version: 1,
    };
    store::insert_item(tx, access, &item, new.channel)?;
    announce_item(tx, access, "work.entered", &item, json!({}));
    Ok(item.id)
}

/// Offers what the matcher found. `false`: it was not so any more, and nothing was offered; where
/// it is about that person, they are not asked again.
///
/// # Errors
/// A fault of the engine.
pub fn offer(tx: &mut Tx<'_>, access: &Access, found: &Match) -> Result<bool> {
    let mut item = store::item(tx, access, found.item)?;
    let Some(before) = store::agent(tx, access, found.agent)? else { return Ok(false) };
    let queue = store::queue(tx, access, item.queue)?;
    let (mut agent, now) = (before.clone(), tx.now());
    let is_so = (item.version, agent.version) == (found.item_version, found.agent_version);
    if is_so && store::is_about(tx, access, &item, agent.id)? {
        rules::pass_over(&mut item, agent.id, now);
        store::save_item(tx, access, &item)?;
        announce_item(tx, access, "work.passed_over", &item, json!({}));
        return Ok(false);
    }
    if (item.version, agent.version) != (found.item_version, found.agent_version)
        || rules::offer(&mut item, &mut agent, &queue, now).is_err()
    {
        return Ok(false);
    }
    store::save_agent(tx, access, &before, &agent, "offered")?;
    store::save_item(tx, access, &item)?;
    store::open_offer(tx, access, &item)?;
    if let ItemState::Offered { until, .. } = item.state {
        tx.schedule(access.agency_id, RING_OUT, &item.id.to_string(), until, "{}")?;
    }
    announce_item(tx, access, "work.offered", &item, json!({ "owner": agent.id }));
    Ok(true)
}

/// Takes what rings at oneself.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], or [`rules::GONE`].
pub fn accept(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<Item> {
    let (mut item, before) = mine(tx, access, id)?;
    not_about(tx, access, &item, before.id)?;
    let mut agent = before.clone();
    rules::accept(&mut item, &mut agent, tx.now())?;
    store::end_offer(tx, access, id, "accepted", None)?;
    tx.unschedule(RING_OUT, &id.to_string())?;
    save(tx, access, &item, Some((&before, &agent)), "accepted")?;
    announce_item(tx, access, "work.accepted", &item, json!({ "owner": agent.id }));
    Ok(item)
}

/// Takes a waiting item from the list of a queue that one serves and that allows it.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`rules::GONE`], [`NO_PICK`], or no room.
pub fn pick(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<Item> {
    let (mut item, before) = mine(tx, access, id)?;
    not_about(tx, access, &item, before.id)?;
    if !access.can(Permission::RouteSupervise, None) {
        if !before.queues.contains(&item.queue) {
            return Err(Refusal::NotFound.into());
        }
        if !store::queue(tx, access, item.queue)?.may_pick {
            return Err(NO_PICK.into());
        }
    }
    let mut agent = before.clone();
    rules::pick(&mut item, &mut agent, tx.now())?;
    save(tx, access, &item, Some((&before, &agent)), "accepted")?;
    announce_item(tx, access, "work.accepted", &item, json!({ "owner": agent.id }));
    Ok(item)
}

/// Lets somebody have an item by their own or a supervisor's word; whether they may is asked
/// before.
pub(crate) fn take(tx: &mut Tx<'_>, access: &Access, id: ItemId, user: UserId) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    let state = item.state;
    if state == (ItemState::Accepted { agent: user }) {
        return Ok(());
    }
    store::make_agent(tx, access, user)?;
    let before = store::agent(tx, access, user)?.ok_or(Refusal::NotFound)?;
    let from = holder(tx, access, &item)?.filter(|holder| holder.id != user);
    let (mut agent, mut left) = (before.clone(), from.clone());
    rules::take_by_hand(&mut item, left.as_mut(), &mut agent, tx.now())?;
    let outcome = if state.agent() == Some(user) { "accepted" } else { "gone" };
    store::end_offer(tx, access, id, outcome, None)?;
    tx.unschedule(RING_OUT, &id.to_string())?;
    save(tx, access, &item, Some((&before, &agent)), "accepted")?;
    if let Some((from, left)) = from.as_ref().zip(left.as_ref()) {
        store::save_agent(tx, access, from, left, "ended")?;
        if from.presence != left.presence {
            announce_presence(tx, access, left, "ended");
        }
    }
    let facts = json!({ "owner": user, "from": from.map(|agent| agent.id) });
    announce_item(tx, access, "work.accepted", &item, facts);
    Ok(())
}

/// Asks for other skills from now on, wherever it is.
pub(crate) fn ask_for(
    tx: &mut Tx<'_>,
    access: &Access,
    id: ItemId,
    needs: Vec<Need>,
) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    if item.needs != needs {
        item.needs = needs;
        store::save_item(tx, access, &item)?;
        announce_item(tx, access, "work.relabelled", &item, json!({}));
    }
    Ok(())
}

/// Whoever was at it is not any more: it waits again in its queue, at its place.
pub(crate) fn put_back(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    let queue = store::queue(tx, access, item.queue)?;
    let Some(before) = holder(tx, access, &item)? else { return Ok(()) };
    let mut agent = before.clone();
    rules::hand_over(&mut item, Some(&mut agent), &queue, None, tx.now())?;
    save(tx, access, &item, Some((&before, &agent)), "ended")?;
    announce_item(tx, access, "work.returned", &item, json!({ "owner": before.id }));
    Ok(())
}

/// Does not take what rings at oneself, and says why.
///
/// # Errors
/// [`Refusal::Invalid`] without a reason, [`Refusal::Forbidden`], or [`rules::GONE`].
pub fn decline(tx: &mut Tx<'_>, access: &Access, id: ItemId, reason: &str) -> Result<()> {
    if !DECLINE_REASONS.contains(&reason) {
        return Err(Refusal::field("reason", "ui-invalid-choice").into());
    }
    let (mut item, before) = mine(tx, access, id)?;
    let mut agent = before.clone();
    rules::decline(&mut item, &mut agent, tx.now())?;
    store::end_offer(tx, access, id, "declined", Some(reason))?;
    tx.unschedule(RING_OUT, &id.to_string())?;
    save(tx, access, &item, Some((&before, &agent)), "declined")?;
    let facts = json!({ "owner": agent.id, "reason": reason });
    announce_item(tx, access, "work.declined", &item, facts);
    Ok(())
}

/// Ends an offer that nobody took, where its time is over; `in_vain` says that nobody could.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn ring_out(tx: &mut Tx<'_>, access: &Access, id: ItemId, in_vain: bool) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    let ItemState::Offered { agent: at, until } = item.state else { return Ok(()) };
    if in_vain && until <= tx.now() {
        return give_back(tx, access, id);
    }
    let Some(before) = store::agent(tx, access, at)? else { return Ok(()) };
    let mut agent = before.clone();
    if rules::miss(&mut item, &mut agent, tx.now()).is_err() {
        return Ok(());
    }
    store::end_offer(tx, access, id, "missed", None)?;
    save(tx, access, &item, Some((&before, &agent)), "missed")?;
    announce_item(tx, access, "work.missed", &item, json!({ "owner": at }));
    Ok(())
}

/// It is done, or nobody needs it any more. By whoever does it: the agent, the channel that lost
/// the person, a rule.
///
/// # Errors
/// [`Refusal::NotFound`], or [`rules::GONE`] where it has ended already.
pub fn end(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<()> {
    finish(tx, access, id, false)
}

/// It waits no longer, since somebody is at it who was not offered it: served, not gone.
///
/// # Errors
/// As [`end`].
pub fn end_served(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<()> {
    finish(tx, access, id, true)
}

fn finish(tx: &mut Tx<'_>, access: &Access, id: ItemId, served: bool) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    let queue = store::queue(tx, access, item.queue)?;
    let before = holder(tx, access, &item)?;
    let (mut after, now) = (before.clone(), tx.now());
    rules::end(&mut item, after.as_mut(), &queue, now)?;
    store::end_offer(tx, access, id, "gone", None)?;
    tx.unschedule(RING_OUT, &id.to_string())?;
    save(tx, access, &item, before.as_ref().zip(after.as_ref()), "ended")?;
    if served {
        store::note_served(tx, access, id)?;
    }
    if let Some(agent) = after.filter(|agent| agent.presence == Presence::WrapUp) {
        let until = now.plus(queue.wrap_up_s.saturating_mul(Timestamp::SECOND));
        let key = key_of(access.agency_id, agent.id);
        tx.schedule(access.agency_id, WRAP_UP, &key, until, "{}")?;
    }
    let facts = json!({ "owner": before.map(|agent| agent.id) });
    announce_item(tx, access, "work.ended", &item, facts);
    Ok(())
}

/// Hands an item over with a note to the next.
///
/// # Errors
/// [`Refusal::Forbidden`] where it is somebody else's and one does not supervise,
/// [`Refusal::NotFound`], [`Refusal::Invalid`], [`Refusal::Illegal`] where a unit has no queue, or
/// [`rules::GONE`].
pub fn hand_over(tx: &mut Tx<'_>, access: &Access, id: ItemId, to: To, note: &str) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    let before = holder(tx, access, &item)?;
    if before.as_ref().map(|agent| agent.id) != access.user() {
        access.require(Permission::RouteSupervise, None)?;
    }
    if note.chars().count() > NOTE_MAX {
        return Err(Refusal::Invalid(vec![
            Invalid::new("note", "ui-invalid-long").arg("max", NOTE_MAX),
        ])
        .into());
    }
    let (queue, person) = match to {
        To::Queue(queue) => (store::queue(tx, access, queue)?, None),
        To::Unit(unit) => {
            let queue = store::queue_of_unit(tx, access, unit)?;
            (queue.ok_or(Refusal::Illegal("routing-unit-without-queue"))?, None)
        }
        To::Person(person) => {
            let known = tanggap_org::user(tx, access, person)?.filter(|user| user.active);
            known.ok_or(Refusal::NotFound)?;
            if store::is_about(tx, access, &item, person)? {
                return Err(Refusal::field("to", "aside-invalid-concerned").into());
            }
            (store::queue(tx, access, item.queue)?, Some(person))
        }
    };
    if !queue.active {
        return Err(Refusal::Illegal("routing-queue-closed-down").into());
    }
    if queue.id != item.queue {
        // The topic was not theirs; the language of the person stays the same.
        let skills = store::skills(tx, access)?;
        let language = |need: &Need| {
            skills.iter().any(|s| s.id == need.skill && s.kind == SkillKind::Language)
        };
        item.needs.retain(language);
    }
    let mut after = before.clone();
    rules::hand_over(&mut item, after.as_mut(), &queue, person, tx.now())?;
    save(tx, access, &item, before.as_ref().zip(after.as_ref()), "ended")?;
    store::note(tx, access, id, note.trim())?;
    let facts = json!({ "from": before.map(|agent| agent.id), "owner": person });
    announce_item(tx, access, "work.handed_over", &item, facts);
    Ok(())
}

/// Says what one is doing.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn choose(tx: &mut Tx<'_>, access: &Access, presence: Presence) -> Result<()> {
    if !access.can_somewhere(Permission::RouteWork) {
        return Err(Refusal::Forbidden.into());
    }
    let user = access.user().ok_or(Refusal::Forbidden)?;
    store::make_agent(tx, access, user)?;
    store::seen(tx, access, user)?;
    be(tx, access, user, presence, "chosen")
}

/// Says what somebody else is doing: a supervisor who sees an empty chair.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], or [`Refusal::Invalid`].
pub fn set(tx: &mut Tx<'_>, access: &Access, user: UserId, presence: Presence) -> Result<()> {
    access.require(Permission::RouteSupervise, None)?;
    be(tx, access, user, presence, "set")
}

fn be(
    tx: &mut Tx<'_>,
    access: &Access,
    user: UserId,
    presence: Presence,
    cause: &str,
) -> Result<()> {
    let before = store::agent(tx, access, user)?.ok_or(Refusal::NotFound)?;
    let (mut agent, now) = (before.clone(), tx.now());
    rules::choose(&mut agent, presence, now)?;
    if agent.presence == before.presence {
        return Ok(());
    }
    store::save_agent(tx, access, &before, &agent, cause)?;
    announce_presence(tx, access, &agent, cause);
    // What rings at somebody who goes rings in vain.
    if !agent.presence.takes() {
        let rings = store::items_of(tx, access, user)?;
        for item in rings.iter().filter(|i| matches!(i.state, ItemState::Offered { .. })) {
            give_back(tx, access, item.id)?;
        }
    }
    if agent.presence != Presence::Offline {
        look_later(tx, access.agency_id, LOOK_EVERY_MICROS)?;
    }
    Ok(())
}

/// What rings at somebody goes back to its place, through no fault of theirs.
fn give_back(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<()> {
    let mut item = store::item(tx, access, id)?;
    let queue = store::queue(tx, access, item.queue)?;
    let Some(before) = holder(tx, access, &item)? else { return Ok(()) };
    let mut agent = before.clone();
    if rules::lose(&mut item, &mut agent, &queue) == rules::Lost::Kept {
        return Ok(());
    }
    store::end_offer(tx, access, id, "lost", None)?;
    tx.unschedule(RING_OUT, &id.to_string())?;
    save(tx, access, &item, Some((&before, &agent)), "lost")?;
    announce_item(tx, access, "work.returned", &item, json!({ "owner": agent.id }));
    Ok(())
}

/// A sign of somebody's browser.
///
/// # Errors
/// A fault of the engine.
pub fn beat(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    match access.user() {
        Some(user) => Ok(store::seen(tx, access, user)?),
        None => Ok(()),
    }
}

/// Takes those off duty who gave no sign for too long; what somebody waits for goes back to its
/// place. `unheard` says that nobody could give one: they get as long again.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn look(tx: &mut Tx<'_>, access: &Access, unheard: bool) -> Result<()> {
    if unheard {
        return Ok(look_later(tx, access.agency_id, GONE_AFTER_MICROS)?);
    }
    let before = tx.now().plus(-GONE_AFTER_MICROS);
    for user in store::unseen(tx, access, before)? {
        for item in store::items_of(tx, access, user)? {
            give_back(tx, access, item.id)?;
        }
        let Some(known) = store::agent(tx, access, user)? else { continue };
        let mut agent = known.clone();
        rules::leave(&mut agent, tx.now());
        store::save_agent(tx, access, &known, &agent, "lost")?;
        announce_presence(tx, access, &agent, "lost");
    }
    if store::anybody(tx, access)? {
        look_later(tx, access.agency_id, LOOK_EVERY_MICROS)?;
    }
    Ok(())
}

/// Looks after so long (microseconds), unless that is planned already: presence changes all the
/// time, and whoever is gone is to be noticed in between.
fn look_later(tx: &mut Tx<'_>, agency: AgencyId, after: i64) -> Result<(), Fault> {
    let at = tx.now().plus(after);
    tx.schedule_once(agency, LOOK, &agency.to_string(), at)
}

/// One's wrap-up is over.
///
/// # Errors
/// [`rules::GONE`] where there is none.
pub fn wrapped_up(tx: &mut Tx<'_>, access: &Access, user: UserId) -> Result<()> {
    let before = store::agent(tx, access, user)?.ok_or(Refusal::NotFound)?;
    let mut agent = before.clone();
    rules::wrapped_up(&mut agent, tx.now())?;
    tx.unschedule(WRAP_UP, &key_of(access.agency_id, user))?;
    store::save_agent(tx, access, &before, &agent, "ended")?;
    announce_presence(tx, access, &agent, "ended");
    Ok(())
}

/// An item with the agent who acts.
fn mine(tx: &mut Tx<'_>, access: &Access, id: ItemId) -> Result<(Item, Agent)> {
    if !access.can_somewhere(Permission::RouteWork) {
        return Err(Refusal::Forbidden.into());
    }
    let user = access.user().ok_or(Refusal::Forbidden)?;
    let item = store::item(tx, access, id)?;
    store::make_agent(tx, access, user)?;
    let agent = store::agent(tx, access, user)?;
    Ok((item, agent.ok_or(Refusal::NotFound)?))
}

/// What is about somebody does not exist for them.
fn not_about(tx: &mut Tx<'_>, access: &Access, item: &Item, agent: UserId) -> Result<()> {
    match store::is_about(tx, access, item, agent)? {
        true => Err(Refusal::NotFound.into()),
        false => Ok(()),
    }
}

/// Whose room an item takes.
fn holder(tx: &mut Tx<'_>, access: &Access, item: &Item) -> Result<Option<Agent>> {
    match item.state.agent() {
        Some(user) => store::agent(tx, access, user),
        None => Ok(None),
    }
}

/// Saves what a step changed; a changed presence is told.
fn save(
    tx: &mut Tx<'_>,
    access: &Access,
    item: &Item,
    agent: Option<(&Agent, &Agent)>,
    cause: &str,
) -> Result<()> {
    store::save_item(tx, access, item)?;
    if let Some((before, after)) = agent {
        store::save_agent(tx, access, before, after, cause)?;
        if before.presence != after.presence {
            announce_presence(tx, access, after, cause);
        }
    }
    Ok(())
}

fn announce_item(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    item: &Item,
    mut facts: serde_json::Value,
) {
    let subject = tanggap_kernel::id::to_text(item.subject);
    facts["queue"] = json!(item.queue);
    facts[item.kind.as_str()] = json!(subject);
    let about = Subject { kind: "work", id: item.id.0 };
    let event = Event::new(access.agency_id, kind, about, access.actor).with(facts);
    tx.announce(event);
}

fn announce_presence(tx: &mut Tx<'_>, access: &Access, agent: &Agent, cause: &str) {
    let about = Subject { kind: "presence", id: agent.id.0 };
    let facts = json!({ "presence": agent.presence.as_str(), "cause": cause });
    let event = Event::new(access.agency_id, "presence.changed", about, access.actor);
    tx.announce(event.with(facts));
}

/// The key of a job about somebody.
fn key_of(agency: AgencyId, user: UserId) -> String {
    format!("{agency}:{user}")
}

/// The person in such a key.
pub(crate) fn user_of_key(key: &str) -> Option<UserId> {
    UserId::parse(key.split_once(':')?.1)
}

/// What rings at somebody now.
///
/// # Errors
/// A fault of the engine.
pub fn ringing(tx: &mut Tx<'_>, access: &Access, user: UserId) -> Result<Vec<(Item, Queue)>> {
    let mut rings = Vec::new();
    for item in store::items_of(tx, access, user)? {
        if let ItemState::Offered { until, .. } = item.state
            && until > tx.now()
        {
            let queue = store::queue(tx, access, item.queue)?;
            rings.push((item, queue));
        }
    }
    Ok(rings)
}
