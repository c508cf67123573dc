//! A million random events, with every decision looked at: no agent is given more than fits, nothing
//! is offered twice, nobody is overtaken, nothing that somebody could take is left lying, and
//! what goes back keeps its place. Each seed is a history of its own that can be run again.

use std::collections::{BTreeMap, BTreeSet};

use tanggap_calendar::{Base, WorkingCalendar, Zone};
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UserId;
use tanggap_routing::rules::{self, Lost};
use tanggap_routing::{
    Agent, Hours, Item, ItemId, ItemState, Kind, Match, Matcher, Need, Overflow, Presence, Queue,
    QueueId, SkillId, Step, Wanted,
};

const SECOND: i64 = Timestamp::SECOND;
const QUEUES: i64 = 4;
const SKILLS: i64 = 4;
const AGENTS: i64 = 12;
const WAITING_MAX: usize = 60;

/// Enough of a generator for a history (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        i64::try_from((z ^ (z >> 31)) % end.unsigned_abs()).expect("it fits")
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> Option<T> {
        let len = i64::try_from(list.len()).expect("it fits");
        (len > 0).then(|| list[usize::try_from(self.below(len)).expect("it fits")])
    }
}

struct World {
    now: Timestamp,
    queues: BTreeMap<QueueId, Queue>,
    agents: BTreeMap<UserId, Agent>,
    items: BTreeMap<ItemId, Item>,
    /// When each came, kept apart from what the rules change.
    came_at: BTreeMap<ItemId, Timestamp>,
    /// Taken without an offer, whether they fitted or not.
    by_hand: BTreeSet<ItemId>,
    matcher: Matcher,
    next_item: i64,
    offers: u64,
}

fn queue(id: i64) -> Queue {
    Queue {
        id: QueueId(id),
        name: String::new(),
        unit: None,
        active: true,
        hours: Hours::Always,
        target_s: [30, 60, 300, 20][usize::try_from(id - 1).expect("it fits")],
        priority_target_s: 15,
        offer_s: 20,
        wrap_up_s: if id == 1 { 30 } else { 0 },
        affinity_s: 0,
        overflow: (id == 1).then_some(Overflow { queue: QueueId(2), after_s: 40 }),
        relax: vec![Step { after_s: 30, lower: 1 }, Step { after_s: 90, lower: 3 }],
        live: id != 3,
        may_pick: true,
        version: 1,
    }
}

impl World {
    fn new(dice: &mut Dice) -> Self {
        let now = Timestamp::from_micros(1_791_943_200_000_000);
        let mut world = Self {
            now,
            queues: (1..=QUEUES).map(|id| (QueueId(id), queue(id))).collect(),
            agents: BTreeMap::new(),
            items: BTreeMap::new(),
            came_at: BTreeMap::new(),
            by_hand: BTreeSet::new(),
            matcher: Matcher::new(),
            next_item: 0,
            offers: 0,
        };
        let calendar = WorkingCalendar::plain(Base::Government, Zone::Wib);
        for queue in world.queues.values() {
            world.matcher.put_queue(queue.clone(), calendar.clone(), now);
        }
        for id in 1..=AGENTS {
            // Everybody serves some queues; one of them all, so that nothing is without hope.
            let all = id == 1;
            let agent = Agent {
                id: UserId(id),
                presence: Presence::Offline,
                since: now,
                queues: (1..=QUEUES).filter(|_| all || dice.below(2) == 0).map(QueueId).collect(),
                skills: (1..=SKILLS).map(|s| (SkillId(s), dice.below(5) + 1)).collect(),
                capacity: if id % 4 == 0 { 60 } else { 100 },
                load: 0,
                held: 0,
                idle_since: now,
                version: 1,
            };
            world.matcher.put_agent(agent.clone(), now);
            world.agents.insert(agent.id, agent);
        }
        world
    }

    /// Runs one step of the rules on an item and, where it has one, its agent; tells the matcher.
    fn change<T>(
        &mut self,
        item: ItemId,
        agent: Option<UserId>,
        step: impl FnOnce(&mut Item, Option<&mut Agent>, &Queue, Timestamp) -> T,
    ) -> T {
        let item = self.items.get_mut(&item).expect("known");
        let agent = agent.map(|id| self.agents.get_mut(&id).expect("known"));
        let queue = &self.queues[&item.queue];
        let mut agent = agent;
        let done = step(item, agent.as_deref_mut(), queue, self.now);
        item.version += 1;
        self.matcher.put_item(item.clone(), self.now);
        if let Some(agent) = agent {
            agent.version += 1;
            self.matcher.put_agent(agent.clone(), self.now);
        }
        self.items.retain(|_, item| item.state != ItemState::Ended);
        let held = |id: &ItemId| {
            self.items.get(id).is_some_and(|item| matches!(item.state, ItemState::Accepted { .. }))
        };
        self.by_hand.retain(held);
        done
    }

    fn in_state(&self, of: impl Fn(ItemState) -> bool) -> Vec<ItemId> {
        self.items.values().filter(|item| of(item.state)).map(|item| item.id).collect()
    }

    fn enqueue(&mut self, dice: &mut Dice) {
        self.next_item += 1;
        let (id, queue) = (ItemId(self.next_item), &self.queues[&QueueId(dice.below(QUEUES) + 1)]);
        let priority = dice.below(5) == 0;
        let need = |skill, level, firm| Need { skill: SkillId(skill), level, firm };
        let needs = match dice.below(4) {
            0 => vec![need(dice.below(SKILLS) + 1, dice.below(5) + 1, false)],
            1 => vec![need(1, 1, true), need(2, dice.below(5) + 1, false)],
            _ => Vec::new(),
        };
        let wanted = (dice.below(6) == 0).then(|| Wanted {
            agent: UserId(dice.below(AGENTS) + 1),
            until: self.now.plus(20 * SECOND),
        });
        let item = Item {
            id,
            kind: Kind::Talk,
            subject: id.0,
            queue: queue.id,
            weight: [10, 30, 30, 100][usize::try_from(dice.below(4)).expect("it fits")],
            needs,
            priority,
            entered_at: self.now,
            starts_at: self.now,
            due: rules::due(queue, priority, self.now),
            wanted,
            refused: Vec::new(),
            state: ItemState::Waiting,
            version: 1,
        };
        self.came_at.insert(id, self.now);
        self.matcher.put_item(item.clone(), self.now);
        self.items.insert(id, item);
    }

    fn crash(&mut self, lost: UserId) {
        for item in self.in_state(|state| state.agent() == Some(lost)) {
            let before = self.items[&item].clone();
            let what = self.change(item, Some(lost), |item, agent, queue, _| {
                rules::lose(item, agent.expect("known"), queue)
            });
            let after = &self.items[&item];
            let live = self.queues[&before.queue].live;
            let rang = matches!(before.state, ItemState::Offered { .. });
            assert_eq!(what == Lost::Returned, live || rang);
            // Back to its place: as if it had never left.
            assert_eq!((after.entered_at, after.due), (before.entered_at, before.due));
            assert_eq!(after.state == ItemState::Waiting, live || rang);
        }
        let agent = self.agents.get_mut(&lost).expect("known");
        rules::leave(agent, self.now);
        self.matcher.put_agent(agent.clone(), self.now);
    }

    fn step(&mut self, dice: &mut Dice) {
        let waiting = self.in_state(|state| state == ItemState::Waiting);
        match dice.below(20) {
            0..=4 if waiting.len() < WAITING_MAX => self.enqueue(dice),
            0..=8 => self.answer(dice),
            9..=12 => {
                let accepted = self.in_state(|state| matches!(state, ItemState::Accepted { .. }));
                let Some(item) = dice.of(&accepted) else { return };
                let agent = self.items[&item].state.agent();
                self.change(item, agent, |item, agent, queue, now| {
                    rules::end(item, agent, queue, now).expect("known");
                });
            }
            13 => self.hand_over(dice),
            14 if dice.below(3) == 0 => self.take_by_hand(dice),
            14 => {
                let Some(item) = dice.of(&waiting) else { return };
                if dice.below(2) == 0 {
                    self.change(item, None, |i, _, q, now| rules::end(i, None, q, now))
                        .expect("known");
                } else {
                    // By hand: refused where there is no room.
                    let agent = UserId(dice.below(AGENTS) + 1);
                    let _ = self.change(item, Some(agent), |item, agent, _, now| {
                        rules::pick(item, agent.expect("known"), now)
                    });
                }
            }
            15 | 16 => {
                let id = UserId(dice.below(AGENTS) + 1);
                let wish = if dice.below(3) > 0 { Presence::Ready } else { Presence::Prayer };
                let agent = self.agents.get_mut(&id).expect("known");
                if agent.presence == Presence::WrapUp {
                    rules::wrapped_up(agent, self.now).expect("known");
                } else {
                    rules::choose(agent, wish, self.now).expect("known");
                }
                self.matcher.put_agent(agent.clone(), self.now);
            }
            17 if dice.below(10) == 0 => self.crash(UserId(dice.below(AGENTS) + 1)),
            _ => self.now = self.now.plus(dice.below(8) * SECOND),
        }
    }

    /// What rings is taken, declined or missed.
    fn answer(&mut self, dice: &mut Dice) {
        let ringing = self.in_state(|state| matches!(state, ItemState::Offered { .. }));
        let Some(item) = dice.of(&ringing) else { return };
        let ItemState::Offered { agent, until } = self.items[&item].state else { return };
        let choice = dice.below(10);
        self.change(item, Some(agent), |item, agent, _, now| {
            let agent = agent.expect("known");
            if until <= now {
                rules::miss(item, agent, now).expect("known");
                assert!(!agent.presence.takes(), "who does not answer is away");
            } else if choice < 8 {
                rules::accept(item, agent, now).expect("known");
            } else {
                rules::decline(item, agent, now).expect("known");
            }
        });
    }

    /// Somebody takes what waits, rings or is at somebody else.
    fn take_by_hand(&mut self, dice: &mut Dice) {
        let all = self.in_state(|_| true);
        let (Some(id), to) = (dice.of(&all), UserId(dice.below(AGENTS) + 1)) else { return };
        let from = self.items[&id].state.agent().filter(|from| *from != to);
        let mut left = from.map(|from| self.agents[&from].clone());
        self.change(id, Some(to), |item, agent, _, now| {
            let agent = agent.expect("known");
            rules::take_by_hand(item, left.as_mut(), agent, now).expect("it goes on");
            assert_eq!(item.state, ItemState::Accepted { agent: to });
        });
        if let Some(mut left) = left {
            left.version += 1;
            self.matcher.put_agent(left.clone(), self.now);
            self.agents.insert(left.id, left);
        }
        self.by_hand.insert(id);
    }

    fn hand_over(&mut self, dice: &mut Dice) {
        let accepted = self.in_state(|state| matches!(state, ItemState::Accepted { .. }));
        let Some(item) = dice.of(&accepted) else { return };
        let to = self.queues[&QueueId(dice.below(QUEUES) + 1)].clone();
        let person = (dice.below(2) == 0).then(|| UserId(dice.below(AGENTS) + 1));
        let agent = self.items[&item].state.agent();
        let person = person.filter(|person| Some(*person) != agent);
        self.change(item, agent, |item, agent, _, now| {
            rules::hand_over(item, agent, &to, person, now).expect("known");
        });
    }

    fn route(&mut self) {
        loop {
            let matches = self.matcher.decide(self.now, 8);
            for found in &matches {
                self.take_offer(*found);
            }
            if matches.len() < 8 {
                return;
            }
        }
    }

    /// Looks at a decision and carries it out.
    fn take_offer(&mut self, found: Match) {
        self.offers += 1;
        let item = &self.items[&found.item];
        let agent = &self.agents[&found.agent];
        assert!(self.may_have(item, agent), "{agent:?} cannot have {item:?}");
        for other in self.items.values().filter(|other| other.state == ItemState::Waiting) {
            let overtaken = (other.due, other.id) < (item.due, item.id);
            assert!(!(overtaken && self.may_have(other, agent)), "{other:?} is overtaken");
        }
        let (item, agent) = (found.item, found.agent);
        let item = self.items.get_mut(&item).expect("known");
        let agent = self.agents.get_mut(&agent).expect("known");
        assert_eq!((item.version, agent.version), (found.item_version, found.agent_version));
        // Refuses what is offered or held already, and what does not fit.
        rules::offer(item, agent, &self.queues[&item.queue], self.now).expect("known");
        item.version += 1;
        agent.version += 1;
    }

    /// The rules once more, written plainly.
    fn may_have(&self, item: &Item, agent: &Agent) -> bool {
        let queue = &self.queues[&item.queue];
        let (needs, _) = rules::needs_at(item, queue, self.now);
        let (places, _) = rules::places(item, queue, self.now, |_| true);
        let wanted = item.wanted.filter(|wanted| {
            wanted.until > self.now && self.agents[&wanted.agent].presence.at_work()
        });
        let theirs = match wanted {
            Some(wanted) => wanted.agent == agent.id,
            None => {
                places.iter().any(|place| agent.queues.contains(place))
                    && rules::is_able(&agent.skills, &needs)
            }
        };
        let refused = |r: &tanggap_routing::Refused| r.agent == agent.id && r.until > self.now;
        item.state == ItemState::Waiting
            && agent.presence.takes()
            && agent.load + item.weight <= agent.capacity
            && theirs
            && !item.refused.iter().any(refused)
    }

    /// What must hold after each step.
    fn check(&self) {
        for agent in self.agents.values() {
            let theirs = self.items.values().filter(|item| item.state.agent() == Some(agent.id));
            let load: i64 = theirs.clone().map(|item| item.weight).sum();
            let held =
                theirs.clone().filter(|i| matches!(i.state, ItemState::Accepted { .. })).count();
            assert_eq!((agent.load, agent.held), (load, i64::try_from(held).expect("it fits")));
            let offered = theirs.filter(|item| !self.by_hand.contains(&item.id));
            let offered: i64 = offered.map(|item| item.weight).sum();
            assert!(offered <= agent.capacity, "{agent:?} was offered too much");
            assert!((agent.presence == Presence::Busy) <= (held > 0), "{agent:?} is at nothing");
        }
        for item in self.items.values() {
            assert_eq!(item.entered_at, self.came_at[&item.id], "{item:?} lost its waiting time");
        }
        let waiting = self.items.values().filter(|item| item.state == ItemState::Waiting);
        assert_eq!(self.matcher.waiting(), waiting.count());
    }

    /// Nothing waits that somebody could have, but for those kept free for what is late.
    fn check_nothing_left(&self) {
        let waiting = || self.items.values().filter(|item| item.state == ItemState::Waiting);
        for item in waiting() {
            for agent in self.agents.values().filter(|agent| self.may_have(item, agent)) {
                let empty = Agent { load: 0, ..agent.clone() };
                let kept = |late: &Item| {
                    late.due <= item.due && late.due <= self.now && self.may_have(late, &empty)
                };
                assert!(waiting().any(kept), "{item:?} lies although {agent:?} could have it");
            }
        }
    }

    /// Everybody comes and works on: everything that waits gets somebody.
    fn drain(&mut self) {
        for id in 1..=AGENTS {
            let agent = self.agents.get_mut(&UserId(id)).expect("known");
            rules::choose(agent, Presence::Ready, self.now).expect("known");
            self.matcher.put_agent(agent.clone(), self.now);
        }
        for _ in 0..2_000 {
            self.route();
            let at_work = self.in_state(|state| state.agent().is_some());
            for item in at_work {
                let agent = self.items[&item].state.agent();
                self.change(item, agent, |item, agent, queue, now| {
                    let agent = agent.expect("known");
                    if let ItemState::Offered { until, .. } = item.state {
                        if until < now {
                            rules::miss(item, agent, now).expect("known");
                            rules::choose(agent, Presence::Ready, now).expect("known");
                        } else {
                            rules::accept(item, agent, now).expect("known");
                        }
                    } else {
                        rules::end(item, Some(agent), queue, now).expect("known");
                        let _ = rules::wrapped_up(agent, now);
                    }
                });
            }
            self.now = self.now.plus(SECOND);
            if self.items.is_empty() {
                return;
            }
        }
        panic!("{} wait for ever: {:?}", self.items.len(), self.items.first_key_value());
    }
}

fn history(seed: u64, events: usize) {
    println!("seed {seed}");
    let mut dice = Dice(seed);
    let mut world = World::new(&mut dice);
    for n in 0..events {
        world.step(&mut dice);
        world.route();
        world.check();
        if n % 16 == 0 {
            world.check_nothing_left();
        }
        if n % 5_000 == 4_999 {
            world.drain();
            world.came_at.clear();
        }
    }
    world.drain();
    assert!(
        world.offers > events as u64 / 10,
        "a history in which little happens: {}",
        world.offers
    );
}

macro_rules! histories {
    ($($name:ident: $seed:expr;)*) => {$(
        #[test]
        fn $name() {
            history($seed, 250_000);
        }
    )*};
}

histories! {
    a_million_events_first_quarter: 1;
    a_million_events_second_quarter: 2;
    a_million_events_third_quarter: 3;
    a_million_events_last_quarter: 4;
}

/// Chats fill every gap; the call needs a whole person and still gets one.
#[test]
fn a_call_does_not_starve_among_chats() {
    let mut dice = Dice(9);
    let mut world = World::new(&mut dice);
    for agent in world.agents.values_mut() {
        rules::choose(agent, Presence::Ready, world.now).expect("known");
        agent.queues = vec![QueueId(4)];
        agent.capacity = 100;
        world.matcher.put_agent(agent.clone(), world.now);
    }
    let mut call = None;
    let mut ends: BTreeMap<ItemId, Timestamp> = BTreeMap::new();
    for second in 0..2_000 {
        // Five of six places are taken all the time.
        if second % 4 == 0 {
            world.enqueue(&mut dice);
            let id = ItemId(world.next_item);
            let item = world.items.get_mut(&id).expect("known");
            item.queue = QueueId(4);
            item.needs.clear();
            item.wanted = None;
            item.priority = false;
            item.due = item.entered_at.plus(20 * SECOND);
            let calls = second == 600 && call.is_none();
            item.weight = if calls { 100 } else { 30 };
            call = call.or(calls.then_some(id));
            world.matcher.put_item(item.clone(), world.now);
        }
        world.route();
        for item in world.in_state(|state| matches!(state, ItemState::Offered { .. })) {
            let agent = world.items[&item].state.agent();
            world.change(item, agent, |item, agent, _, now| {
                rules::accept(item, agent.expect("known"), now).expect("known");
            });
            ends.insert(item, world.now.plus((60 + dice.below(120)) * SECOND));
        }
        if let Some(call) = call
            && world.items[&call].state.agent().is_some()
        {
            let waited = world.now.as_micros() - world.came_at[&call].as_micros();
            // Its target, and the longest chat that an agent still had.
            assert!(waited <= (20 + 180) * SECOND, "waited {} s", waited / SECOND);
            return;
        }
        let now = world.now;
        for (item, _) in ends.extract_if(.., |_, at| *at <= now).collect::<Vec<_>>() {
            let agent = world.items[&item].state.agent();
            world.change(item, agent, |item, agent, queue, now| {
                rules::end(item, agent, queue, now).expect("known");
            });
        }
        world.now = world.now.plus(SECOND);
    }
    panic!("the call was never offered");
}
