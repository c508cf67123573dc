//! Times single decisions of routing: 1,000 agents, 10,000 waiting, and what happens all day.

use std::time::Instant;

use tanggap_calendar::{Base, WorkingCalendar, Zone};
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UserId;
use tanggap_routing::{
    Agent, Hours, Item, ItemId, ItemState, Kind, Matcher, Need, Presence, Queue, QueueId, SkillId,
    Step, rules,
};

const QUEUES: i64 = 20;
const SKILLS: i64 = 30;
const SECOND: i64 = Timestamp::SECOND;

/// How much is routed.
#[derive(clap::Args)]
pub struct RouteArgs {
    /// People who take work.
    #[arg(long, default_value_t = 1_000)]
    agents: i64,
    /// Items that wait all the time.
    #[arg(long, default_value_t = 10_000)]
    waiting: i64,
    /// Decisions that are timed.
    #[arg(long, default_value_t = 50_000)]
    decisions: usize,
}

/// Decides again and again who gets what: somebody becomes free, or something comes.
pub fn run(args: &RouteArgs) -> serde_json::Value {
    let mut now = Timestamp::from_micros(1_791_943_200_000_000);
    let (mut matcher, mut next) = (Matcher::new(), 0);
    let calendar = WorkingCalendar::plain(Base::Government, Zone::Wib);
    let queues: Vec<Queue> = (0..QUEUES).map(queue).collect();
    for queue in &queues {
        matcher.put_queue(queue.clone(), calendar.clone(), now);
    }
    for _ in 0..args.waiting {
        next += 1;
        matcher.put_item(item(next, &queues, now), now);
    }
    let mut agents: Vec<Agent> = (0..args.agents).map(|id| agent(id, now)).collect();
    for agent in &agents {
        matcher.put_agent(agent.clone(), now);
    }
    // Everybody is given what they can carry first.
    while matcher.decide(now, 1_000).len() == 1_000 {}
    let mut took_us: Vec<f64> = Vec::with_capacity(args.decisions);
    let mut matched = 0;
    while took_us.len() < args.decisions {
        now = now.plus(SECOND / 50);
        while (matcher.waiting() as i64) < args.waiting - 1 {
            next += 1;
            matcher.put_item(item(next, &queues, now), now);
            matcher.decide(now, 64);
        }
        let turn = took_us.len() % agents.len();
        let free = &mut agents[turn];
        free.idle_since = now;
        let comes = took_us.len().is_multiple_of(2);
        next += 1;
        let new = item(next, &queues, now);
        let began = Instant::now();
        if comes {
            matcher.put_item(new, now);
        } else {
            matcher.put_agent(free.clone(), now);
        }
        matched += matcher.decide(now, 64).len();
        took_us.push(began.elapsed().as_secs_f64() * 1e6);
    }
    took_us.sort_by(f64::total_cmp);
    let at = |share: f64| took_us[((took_us.len() - 1) as f64 * share) as usize];
    serde_json::json!({
        "agents": args.agents,
        "waiting": args.waiting,
        "decisions": took_us.len(),
        "matched": matched,
        "p50_us": at(0.5),
        "p99_us": at(0.99),
        "max_us": at(1.0),
    })
}

fn queue(id: i64) -> Queue {
    Queue {
        id: QueueId(id),
        name: String::new(),
        unit: None,
        active: true,
        hours: Hours::Always,
        target_s: 30 * (id + 1),
        priority_target_s: 15,
        offer_s: 20,
        wrap_up_s: 30,
        affinity_s: 10,
        overflow: None,
        relax: vec![Step { after_s: 60, lower: 1 }, Step { after_s: 180, lower: 5 }],
        live: true,
        may_pick: false,
        version: 1,
    }
}

fn item(id: i64, queues: &[Queue], now: Timestamp) -> Item {
    let queue = &queues[usize::try_from(id % QUEUES).unwrap_or(0)];
    let need = |skill, level| Need { skill: SkillId(skill % SKILLS), level, firm: false };
    Item {
        id: ItemId(id),
        kind: Kind::Talk,
        subject: id,
        queue: queue.id,
        weight: [10, 30, 100][usize::try_from(id / 7 % 3).unwrap_or(0)],
        needs: if id % 3 == 0 { vec![] } else { vec![need(id / 3, 1 + id % 4), need(id / 11, 2)] },
        priority: id % 9 == 0,
        entered_at: now,
        starts_at: now,
        due: rules::due(queue, id % 9 == 0, now),
        wanted: None,
        refused: Vec::new(),
        state: ItemState::Waiting,
        version: 1,
    }
}

fn agent(id: i64, now: Timestamp) -> Agent {
    Agent {
        id: UserId(id),
        presence: Presence::Ready,
        since: now,
        queues: (0..4).map(|n| QueueId((id + n * 5) % QUEUES)).collect(),
        skills: (0..8).map(|n| (SkillId((id * 7 + n) % SKILLS), 1 + (id + n) % 5)).collect(),
        capacity: 100,
        load: 0,
        held: 0,
        idle_since: now,
        version: 1,
    }
}
