//! Which waiting item goes to which agent, decided in memory over what it was told.
//!
//! Told of queues, agents and items ([`Matcher::put_queue`] ...), it says who should be offered
//! what ([`Matcher::decide`]) and takes for granted that this is done; whoever finds that it could
//! not be done tells it of item and agent again. It knows no rows and no clock.
//!
//! Items that may go to the same people and ask for the same are one class, in the order of their
//! targets, so a decision looks at the first of each class and not at ten thousand items. An agent
//! who becomes free gets the item with the earliest target of all that they can do; an item that
//! comes goes to the emptiest, then longest idle agent who can do it.
//!
//! A heavy item (a call) could wait for ever while lighter ones (chats) fill every room that
//! opens. So the first of a class that is past its target without finding room reserves one agent,
//! who is given nothing of a later target until it fits.

use std::collections::{BTreeSet, HashMap, HashSet};

use tanggap_calendar::WorkingCalendar;
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UserId;

use crate::model::{Agent, Item, ItemId, ItemState, Need, Queue, QueueId};
use crate::{opening, rules};

/// Who should be offered what, and the versions on which that was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// What.
    pub item: ItemId,
    /// As of this version.
    pub item_version: i64,
    /// To whom.
    pub agent: UserId,
    /// As of this version.
    pub agent_version: i64,
}

/// Whose people may have an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Place {
    Queue(QueueId),
    Agent(UserId),
}

/// What makes items alike: whoever may have one may have the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Alike {
    places: Vec<Place>,
    needs: Vec<Need>,
    weight: i64,
    refused: Vec<UserId>,
}

#[derive(Debug)]
struct Class {
    alike: Alike,
    /// By target, then age.
    waiting: BTreeSet<(Timestamp, ItemId)>,
    reserved: Option<UserId>,
}

type ClassId = u64;
/// The first item of a class.
type First = (Timestamp, ItemId, ClassId);

#[derive(Debug)]
struct Held {
    item: Item,
    class: Option<ClassId>,
    wakes_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Line {
    queue: Queue,
    calendar: WorkingCalendar,
    open: bool,
    wakes_at: Option<Timestamp>,
}

/// What looks again at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Wake {
    Queue(QueueId),
    Item(ItemId),
}

/// The emptiest first, then who has been idle longest.
type Rank = (i64, Timestamp, UserId);

/// See the module.
#[derive(Debug, Default)]
pub struct Matcher {
    lines: HashMap<QueueId, Line>,
    agents: HashMap<UserId, Agent>,
    items: HashMap<ItemId, Held>,
    by_queue: HashMap<QueueId, HashSet<ItemId>>,
    wanting: HashMap<UserId, HashSet<ItemId>>,
    classes: HashMap<ClassId, Class>,
    ids: HashMap<Alike, ClassId>,
    last_id: ClassId,
    at_place: HashMap<Place, BTreeSet<ClassId>>,
    /// Who takes work, by queue.
    taking: HashMap<QueueId, BTreeSet<Rank>>,
    reserved: HashMap<UserId, ClassId>,
    wakes: BTreeSet<(Timestamp, Wake)>,
    /// Who may be able to have something now.
    fresh_agents: BTreeSet<Rank>,
    /// What may find somebody now.
    fresh_classes: BTreeSet<First>,
}

impl Matcher {
    /// One that was told nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.items.len()
    }

    /// When waiting alone changes something next.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// Tells of a queue, new or changed, and of the calendar it works by.
    pub fn put_queue(&mut self, queue: Queue, calendar: WorkingCalendar, now: Timestamp) {
        let id = queue.id;
        if let Some(old) = self.lines.remove(&id)
            && let Some(at) = old.wakes_at
        {
            self.wakes.remove(&(at, Wake::Queue(id)));
        }
        let line = Line { queue, calendar, open: false, wakes_at: None };
        self.lines.insert(id, line);
        self.look_at_hours(id, now);
    }

    /// Tells of an agent, new or changed.
    pub fn put_agent(&mut self, agent: Agent, now: Timestamp) {
        let id = agent.id;
        let known = self.agents.get(&id);
        let was_at_work = known.is_some_and(|known| known.presence.at_work());
        let at_work = agent.presence.at_work();
        self.unlist(id);
        let waits = self.reserved.get(&id).copied();
        let stays = |class: &Class| class.alike.is_for(&agent);
        if let Some(class) = waits.filter(|id| !self.classes.get(id).is_some_and(stays)) {
            self.unreserve(class);
        }
        self.agents.insert(id, agent);
        self.list(id);
        if was_at_work != at_work {
            self.look_at_wanting(id, now);
        }
    }

    /// Tells of an item; one that does not wait is forgotten.
    pub fn put_item(&mut self, item: Item, now: Timestamp) {
        let id = item.id;
        self.forget(id);
        if item.state != ItemState::Waiting {
            return;
        }
        self.by_queue.entry(item.queue).or_default().insert(id);
        if let Some(wanted) = item.wanted {
            self.wanting.entry(wanted.agent).or_default().insert(id);
        }
        self.items.insert(id, Held { item, class: None, wakes_at: None });
        self.place(id, now);
    }

    /// Says who should be offered what now, at most `limit`; with less than that nothing is left
    /// to be decided.
    pub fn decide(&mut self, now: Timestamp, limit: usize) -> Vec<Match> {
        self.wake(now);
        let mut found = Vec::new();
        while found.len() < limit {
            // Who became free comes first: they take the earliest of all, new items among them.
            if let Some((.., agent)) = self.fresh_agents.pop_first() {
                if let Some(class) = self.best_for(agent, now) {
                    found.extend(self.give(class, agent, now));
                }
            } else if let Some((noted_due, noted, class)) = self.fresh_classes.pop_first() {
                match (self.head(class), self.agent_for(class)) {
                    (None, _) => {}
                    // Its first item has gone since; others may be earlier now.
                    (Some((due, item)), _) if (due, item) > (noted_due, noted) => {
                        self.fresh_classes.insert((due, item, class));
                    }
                    (Some((due, item)), Some(agent)) => {
                        found.extend(self.give(class, agent, now));
                        self.fresh_classes.insert((due, item, class));
                    }
                    (Some((due, _)), None) => {
                        if let Some(agent) = self.hope(class).filter(|_| due <= now) {
                            self.reserve(class, agent);
                        }
                    }
                }
            } else {
                break;
            }
        }
        found
    }

    fn head(&self, class: ClassId) -> Option<(Timestamp, ItemId)> {
        self.classes.get(&class)?.waiting.first().copied()
    }

    /// The class whose first item has the earliest target of all that the agent can have. Where one
    /// that is past its target has an earlier one but finds no room here, the agent is kept free.
    fn best_for(&mut self, id: UserId, now: Timestamp) -> Option<ClassId> {
        let agent = self.agents.get(&id)?;
        if !agent.presence.takes() || agent.room() <= 0 {
            return None;
        }
        let places = agent.queues.iter().map(|queue| Place::Queue(*queue));
        let places = places.chain([Place::Agent(id)]);
        let classes = places.filter_map(|place| self.at_place.get(&place)).flatten();
        let (mut best, mut heavy): (Option<First>, Option<First>) = (None, None);
        for class_id in classes {
            let class = &self.classes[class_id];
            let Some((due, item)) = class.waiting.first() else { continue };
            let first = (*due, *item, *class_id);
            let fits = class.alike.weight <= agent.room();
            let earliest = if fits { &mut best } else { &mut heavy };
            let counts = fits || *due <= now && class.reserved.is_none();
            if counts && earliest.is_none_or(|known| first < known) && class.alike.is_for(agent) {
                *earliest = Some(first);
            }
        }
        if let Some((.., class)) = heavy
            && !self.reserved.contains_key(&id)
        {
            self.reserve(class, id);
        }
        let (due, item, class) = best?;
        (!self.is_kept_free(id, class, (due, item))).then_some(class)
    }

    /// The emptiest, then longest idle agent who can have the first item of a class.
    fn agent_for(&self, id: ClassId) -> Option<UserId> {
        let class = self.classes.get(&id)?;
        let first = *class.waiting.first()?;
        self.suitable(class).find(|agent| {
            let agent = &self.agents[agent];
            class.alike.weight <= agent.room() && !self.is_kept_free(agent.id, id, first)
        })
    }

    /// Who takes work and could do a class, the best first, whatever room they have.
    fn suitable<'m>(&'m self, class: &'m Class) -> impl Iterator<Item = UserId> + 'm {
        class.alike.places.iter().flat_map(move |place| {
            let (one, many) = match place {
                Place::Agent(id) => (Some(*id), None),
                Place::Queue(queue) => (None, self.taking.get(queue)),
            };
            let all = one.into_iter().chain(many.into_iter().flatten().map(|rank| rank.2));
            all.filter(move |id| {
                self.agents
                    .get(id)
                    .is_some_and(|agent| agent.presence.takes() && class.alike.suits(agent))
            })
        })
    }

    /// Whether an agent is kept free for a class whose first item comes before `first`.
    fn is_kept_free(&self, agent: UserId, class: ClassId, first: (Timestamp, ItemId)) -> bool {
        self.reserved.get(&agent).is_some_and(|waits| {
            *waits != class && self.head(*waits).is_some_and(|earlier| earlier < first)
        })
    }

    /// Who is to be kept free for the first item of a class: the emptiest who could do it.
    fn hope(&self, id: ClassId) -> Option<UserId> {
        let class = self.classes.get(&id).filter(|class| class.reserved.is_none())?;
        let free = |agent: &UserId| !self.reserved.contains_key(agent);
        self.suitable(class).find(|id| free(id) && class.alike.is_for(&self.agents[id]))
    }

    fn reserve(&mut self, id: ClassId, agent: UserId) {
        if let Some(class) = self.classes.get_mut(&id) {
            class.reserved = Some(agent);
            self.reserved.insert(agent, id);
        }
    }

    fn unreserve(&mut self, id: ClassId) {
        let Some(class) = self.classes.get_mut(&id) else { return };
        let Some(agent) = class.reserved.take() else { return };
        self.reserved.remove(&agent);
        let head = class.waiting.first().map(|(due, item)| (*due, *item, id));
        self.fresh_classes.extend(head);
        if let Some(agent) = self.agents.get(&agent) {
            self.fresh_agents.insert(rank(agent));
        }
    }

    /// Takes it for granted that the first item of a class is offered to the agent.
    fn give(&mut self, class: ClassId, agent: UserId, now: Timestamp) -> Option<Match> {
        let (_, item) = *self.classes.get(&class)?.waiting.first()?;
        let held = self.items.get(&item)?;
        let (item_version, weight) = (held.item.version, held.item.weight);
        self.unreserve(class);
        self.forget(item);
        self.unlist(agent);
        let known = self.agents.get_mut(&agent)?;
        known.load += weight;
        known.idle_since = now;
        let agent_version = known.version;
        // An item's version is that of its row; the agent's grows with what was given here.
        known.version += 1;
        self.list(agent);
        Some(Match { item, item_version, agent, agent_version })
    }

    /// Puts an agent into the order of those who take work.
    fn list(&mut self, id: UserId) {
        let agent = &self.agents[&id];
        if !agent.presence.takes() {
            return;
        }
        let rank = rank(agent);
        for queue in &agent.queues {
            self.taking.entry(*queue).or_default().insert(rank);
        }
        if agent.room() > 0 {
            self.fresh_agents.insert(rank);
        }
    }

    fn unlist(&mut self, id: UserId) {
        let Some(agent) = self.agents.get(&id) else { return };
        let rank = rank(agent);
        self.fresh_agents.remove(&rank);
        for queue in &agent.queues {
            if let Some(taking) = self.taking.get_mut(queue) {
                taking.remove(&rank);
            }
        }
    }

    fn forget(&mut self, id: ItemId) {
        let Some(held) = self.items.remove(&id) else { return };
        if let Some(items) = self.by_queue.get_mut(&held.item.queue) {
            items.remove(&id);
        }
        if let Some(wanted) = held.item.wanted
            && let Some(items) = self.wanting.get_mut(&wanted.agent)
        {
            items.remove(&id);
        }
        self.take_out(id, &held);
    }

    /// Takes an item out of its class and out of the wakes.
    fn take_out(&mut self, id: ItemId, held: &Held) {
        if let Some(at) = held.wakes_at {
            self.wakes.remove(&(at, Wake::Item(id)));
        }
        let Some(class_id) = held.class else { return };
        let Some(class) = self.classes.get_mut(&class_id) else { return };
        let was_first = class.waiting.first() == Some(&(held.item.due, id));
        class.waiting.remove(&(held.item.due, id));
        let empty = class.waiting.is_empty();
        if was_first {
            // The next may be far from its target, or nobody may be left to be kept free for.
            self.unreserve(class_id);
        }
        if empty && let Some(class) = self.classes.remove(&class_id) {
            self.ids.remove(&class.alike);
            for place in &class.alike.places {
                if let Some(classes) = self.at_place.get_mut(place) {
                    classes.remove(&class_id);
                }
            }
        }
    }

    /// Puts an item into the class where it belongs now.
    fn place(&mut self, id: ItemId, now: Timestamp) {
        let Some(mut held) = self.items.remove(&id) else { return };
        self.take_out(id, &held);
        let (alike, wakes_at) = self.alike(&held.item, now);
        held.wakes_at = wakes_at;
        held.class = alike.map(|alike| self.class(alike));
        if let Some(at) = wakes_at {
            self.wakes.insert((at, Wake::Item(id)));
        }
        if let Some(class_id) = held.class
            && let Some(class) = self.classes.get_mut(&class_id)
        {
            let entry = (held.item.due, id);
            class.waiting.insert(entry);
            // Whatever is not the first waits for it; once past its target it may reserve.
            if class.waiting.first() == Some(&entry) {
                self.fresh_classes.insert((held.item.due, id, class_id));
            }
        }
        self.items.insert(id, held);
    }

    fn class(&mut self, alike: Alike) -> ClassId {
        if let Some(id) = self.ids.get(&alike) {
            return *id;
        }
        self.last_id += 1;
        let id = self.last_id;
        for place in &alike.places {
            self.at_place.entry(*place).or_default().insert(id);
        }
        self.ids.insert(alike.clone(), id);
        self.classes.insert(id, Class { alike, waiting: BTreeSet::new(), reserved: None });
        id
    }

    /// What an item is like now, and when waiting alone changes that. `None`: nobody may have it.
    fn alike(&self, item: &Item, now: Timestamp) -> (Option<Alike>, Option<Timestamp>) {
        let Some(line) = self.lines.get(&item.queue) else { return (None, None) };
        let is_open = |id| self.lines.get(&id).is_some_and(|line| line.queue.active && line.open);
        let (needs, relaxes_at) = rules::needs_at(item, &line.queue, now);
        let (queues, overflows_at) = rules::places(item, &line.queue, now, is_open);
        let rest = item.refused.iter().filter(|refused| refused.until > now);
        let mut refused: Vec<UserId> = rest.clone().map(|refused| refused.agent).collect();
        refused.sort_unstable();
        let asked_at = rest.map(|refused| refused.until).min();
        let wanted = item.wanted.filter(|wanted| {
            let agent = self.agents.get(&wanted.agent);
            wanted.until > now && agent.is_some_and(|agent| agent.presence.at_work())
        });
        let late_at = (item.due > now).then_some(item.due);
        let wakes_at = [relaxes_at, overflows_at, asked_at, wanted.map(|w| w.until), late_at];
        let wakes_at = wakes_at.into_iter().flatten().min();
        let places: Vec<Place> = match wanted {
            Some(wanted) => vec![Place::Agent(wanted.agent)],
            None => queues.into_iter().map(Place::Queue).collect(),
        };
        // Whom it was handed to is asked whatever their skills are.
        let needs = if wanted.is_some() { Vec::new() } else { needs };
        let alike = Alike { places, needs, weight: item.weight, refused };
        ((!alike.places.is_empty()).then_some(alike), wakes_at)
    }

    fn wake(&mut self, now: Timestamp) {
        while let Some((at, wake)) = self.wakes.first().copied()
            && at <= now
        {
            self.wakes.pop_first();
            match wake {
                Wake::Queue(id) => self.look_at_hours(id, now),
                Wake::Item(id) => self.place(id, now),
            }
        }
    }

    fn look_at_hours(&mut self, id: QueueId, now: Timestamp) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let opening = opening::opening(&line.queue.hours, &line.calendar, now);
        line.open = opening.open;
        line.wakes_at = opening.until;
        if let Some(at) = opening.until {
            self.wakes.insert((at, Wake::Queue(id)));
        }
        // What waits in a queue that this one helps changes its places too.
        let helped = |line: &&Line| line.queue.overflow.is_some_and(|o| o.queue == id);
        let mut queues: Vec<QueueId> =
            self.lines.values().filter(helped).map(|line| line.queue.id).collect();
        queues.push(id);
        let waiting: Vec<ItemId> =
            queues.iter().filter_map(|id| self.by_queue.get(id)).flatten().copied().collect();
        for item in waiting {
            self.place(item, now);
        }
    }

    fn look_at_wanting(&mut self, agent: UserId, now: Timestamp) {
        let wanting = self.wanting.get(&agent).cloned().unwrap_or_default();
        for item in wanting {
            self.place(item, now);
        }
    }
}

impl Alike {
    /// Whether an agent could be kept free for it.
    fn is_for(&self, agent: &Agent) -> bool {
        let serves = |place: &Place| match place {
            Place::Queue(queue) => agent.queues.contains(queue),
            Place::Agent(id) => *id == agent.id,
        };
        agent.presence.takes()
            && agent.capacity >= self.weight
            && self.places.iter().any(serves)
            && self.suits(agent)
    }

    /// Whether an agent can do it and has not refused it.
    fn suits(&self, agent: &Agent) -> bool {
        !self.refused.contains(&agent.id) && rules::is_able(&agent.skills, &self.needs)
    }
}

fn rank(agent: &Agent) -> Rank {
    (agent.share(), agent.idle_since, agent.id)
}
