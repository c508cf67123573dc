//! What an administrator sets: queues, skills, weights of channels, and who serves what how well.

use serde_json::json;
use tanggap_kernel::error::{Check, Invalid};
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, Event, Permission, Refusal, Result, Subject, params};
use tanggap_store::{Tx, sql};

use crate::model::{Hours, Queue, QueueId, Skill, SkillId, SkillKind, Step};
use crate::rules;
use crate::store::{self, SETTINGS_MAX, json_of};

const NAME_MAX: usize = 80;
const SECONDS_MAX: i64 = 30 * 24 * 3600;
const LEVEL_MAX: i64 = 5;
/// What one may carry at most, in percent of a person.
const CAPACITY_MAX: i64 = 300;

sql! {
    INSERT_QUEUE = "insert into routing_queues (agency_id, id, version, name, unit_id, active,
        hours, target_s, priority_target_s, offer_s, wrap_up_s, affinity_s, overflow_id,
        overflow_s, relax, live, may_pick)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    UPDATE_QUEUE = "update routing_queues set name = $4, unit_id = $5, active = $6, hours = $7,
        target_s = $8, priority_target_s = $9, offer_s = $10, wrap_up_s = $11, affinity_s = $12,
        overflow_id = $13, overflow_s = $14, relax = $15, live = $16, may_pick = $17,
        version = version + 1
        where agency_id = $1 and id = $2 and version = $3";
    INSERT_SKILL = "insert into routing_skills (agency_id, id, kind, code, name, version)
        values ($1, $2, $3, $4, $5, 1) on conflict (agency_id, kind, code) do nothing";
    SET_WEIGHT = "insert into routing_weights (agency_id, channel, percent) values ($1, $2, $3)
        on conflict (agency_id, channel) do update set percent = excluded.percent";
    WEIGHTS = "select channel, percent from routing_weights where agency_id = $1
        order by channel limit 50";
    CLEAR_QUEUES = "delete from routing_agent_queues where agency_id = $1 and user_id = $2";
    ADD_QUEUE = "insert into routing_agent_queues (agency_id, user_id, queue_id)
        values ($1, $2, $3)";
    CLEAR_SKILLS = "delete from routing_agent_skills where agency_id = $1 and user_id = $2";
    ADD_SKILL = "insert into routing_agent_skills (agency_id, user_id, skill_id, level)
        values ($1, $2, $3, $4)";
    SET_CAPACITY = "update routing_agents set capacity = $3, version = version + 1
        where agency_id = $1 and user_id = $2";
}

/// A queue as it is set.
#[derive(Clone, Debug)]
pub struct QueueInput {
    /// What people call it.
    pub name: String,
    /// The unit whose people serve it.
    pub unit: Option<UnitId>,
    /// Whether it takes anything in.
    pub active: bool,
    /// When it is open.
    pub hours: Hours,
    /// Within so many seconds somebody should be at it.
    pub target_s: i64,
    /// The same for priority groups.
    pub priority_target_s: i64,
    /// So long an offer rings.
    pub offer_s: i64,
    /// So long one may write down what it was about.
    pub wrap_up_s: i64,
    /// So long it waits for the one who knows the person.
    pub affinity_s: i64,
    /// Which queue helps.
    pub overflow: Option<QueueId>,
    /// After so many seconds.
    pub overflow_s: i64,
    /// How skills are relaxed.
    pub relax: Vec<Step>,
    /// Somebody waits at the other end.
    pub live: bool,
    /// Its people may take what waits by themselves.
    pub may_pick: bool,
}

impl QueueInput {
    /// A queue for chats and calls with the usual times: answered within 20 seconds.
    #[must_use]
    pub fn live(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: None,
            active: true,
            hours: Hours::Always,
            target_s: 20,
            priority_target_s: 10,
            offer_s: 20,
            wrap_up_s: 60,
            affinity_s: 10,
            overflow: None,
            overflow_s: 0,
            relax: vec![Step { after_s: 30, lower: 1 }, Step { after_s: 90, lower: LEVEL_MAX }],
            live: true,
            may_pick: true,
        }
    }
}

/// Who serves what, and how well.
#[derive(Clone, Debug, Default)]
pub struct AgentInput {
    /// The queues they serve.
    pub queues: Vec<QueueId>,
    /// What they can do, levels from 1 to 5.
    pub skills: Vec<(SkillId, i64)>,
    /// How much they carry at once, in percent of a person.
    pub capacity: i64,
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: &'static str,
    id: i64,
    facts: serde_json::Value,
) {
    let about = kind.split_once('.').map_or(kind, |(about, _)| about);
    let event = Event::new(access.agency_id, kind, Subject { kind: about, id }, access.actor);
    tx.announce(event.with(facts));
}

fn named(check: &mut Check, name: &str) {
    check.require(!name.trim().is_empty(), "name", "ui-invalid-required");
    if name.chars().count() > NAME_MAX {
        check.push(Invalid::new("name", "ui-invalid-long").arg("max", NAME_MAX));
    }
}

fn check_queue(
    tx: &mut Tx<'_>,
    access: &Access,
    id: Option<QueueId>,
    input: &QueueInput,
) -> Result<()> {
    let mut check = Check::new();
    named(&mut check, &input.name);
    for (field, seconds, least) in [
        ("target", input.target_s, 1),
        ("priority_target", input.priority_target_s, 1),
        ("offer", input.offer_s, 5),
        ("wrap_up", input.wrap_up_s, 0),
        ("affinity", input.affinity_s, 0),
        ("overflow_after", input.overflow_s, 0),
    ] {
        check.require((least..=SECONDS_MAX).contains(&seconds), field, "ui-invalid-number");
    }
    let rising = input
        .relax
        .windows(2)
        .all(|two| two[0].after_s < two[1].after_s && two[0].lower <= two[1].lower);
    let sound = |step: &Step| (0..=SECONDS_MAX).contains(&step.after_s) && step.lower > 0;
    check.require(rising && input.relax.iter().all(sound), "relax", "routing-invalid-relax");
    let all = store::queues(tx, access)?;
    let helps = input.overflow.map(|helps| {
        Some(helps) != id && all.iter().any(|queue| queue.id == helps && queue.active)
    });
    check.require(helps.unwrap_or(true), "overflow", "ui-invalid-choice");
    let unit = match input.unit {
        Some(unit) => tanggap_org::unit(tx, access, unit)?.is_some(),
        None => true,
    };
    check.require(unit, "unit", "ui-invalid-choice");
    if id.is_none() {
        let room = i64::try_from(all.len()).unwrap_or(i64::MAX) < SETTINGS_MAX;
        check.require(room, "name", "routing-invalid-too-many");
    }
    check.done()
}

/// Adds a queue.
///
/// # Errors
/// [`Refusal::Forbidden`] or [`Refusal::Invalid`].
pub fn create_queue(tx: &mut Tx<'_>, access: &Access, input: &QueueInput) -> Result<QueueId> {
    access.require(Permission::OrgManage, None)?;
    check_queue(tx, access, None, input)?;
    let id: QueueId = tx.id();
    write_queue(tx, access, id, None, input)?;
    announce(tx, access, "queue.created", id.0, json!({ "name": input.name.trim() }));
    Ok(id)
}

/// Changes a queue.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], [`Refusal::Invalid`] or [`Refusal::Stale`].
pub fn update_queue(
    tx: &mut Tx<'_>,
    access: &Access,
    id: QueueId,
    version: i64,
    input: &QueueInput,
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    store::queue(tx, access, id)?;
    check_queue(tx, access, Some(id), input)?;
    write_queue(tx, access, id, Some(version), input)?;
    let facts = json!({ "name": input.name.trim(), "active": input.active });
    announce(tx, access, "queue.changed", id.0, facts);
    Ok(())
}

fn write_queue(
    tx: &mut Tx<'_>,
    access: &Access,
    id: QueueId,
    version: Option<i64>,
    input: &QueueInput,
) -> Result<()> {
    let (hours, relax) = (json_of(&input.hours)?, json_of(&input.relax)?);
    let row = params![
        access.agency_id,
        id,
        version.unwrap_or(1),
        input.name.trim(),
        input.unit,
        input.active,
        hours,
        input.target_s,
        input.priority_target_s,
        input.offer_s,
        input.wrap_up_s,
        input.affinity_s,
        input.overflow,
        input.overflow_s,
        relax,
        input.live,
        input.may_pick
    ];
    let sql = if version.is_some() { &UPDATE_QUEUE } else { &INSERT_QUEUE };
    if tx.exec(sql, row)? == 0 { Err(Refusal::Stale.into()) } else { Ok(()) }
}

/// Adds a skill; `code` is a category's word or a language's.
///
/// # Errors
/// [`Refusal::Forbidden`] or [`Refusal::Invalid`].
pub fn create_skill(
    tx: &mut Tx<'_>,
    access: &Access,
    kind: SkillKind,
    code: &str,
    name: &str,
) -> Result<SkillId> {
    access.require(Permission::OrgManage, None)?;
    let (code, mut check) = (code.trim().to_lowercase(), Check::new());
    named(&mut check, name);
    let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let coded = (1..=40).contains(&code.len()) && code.chars().all(sound);
    check.require(coded, "code", "routing-invalid-code");
    check.done()?;
    let id: SkillId = tx.id();
    let row = params![access.agency_id, id, kind.as_str(), &code, name.trim()];
    if tx.exec(&INSERT_SKILL, row)? == 0 {
        return Err(Refusal::field("code", "org-invalid-taken").into());
    }
    announce(tx, access, "skill.created", id.0, json!({ "name": name.trim() }));
    Ok(id)
}

/// Sets how much of a person one thing on a channel takes, in percent.
///
/// # Errors
/// [`Refusal::Forbidden`] or [`Refusal::Invalid`].
pub fn set_weight(tx: &mut Tx<'_>, access: &Access, channel: &str, percent: i64) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    if !(1..=100).contains(&percent) || !(1..=20).contains(&channel.len()) {
        return Err(Refusal::field("percent", "ui-invalid-number").into());
    }
    tx.put(&SET_WEIGHT, params![access.agency_id, channel, percent])?;
    let facts = json!({ "channel": channel, "percent": percent });
    announce(tx, access, "queue.weighed", access.agency_id.0, facts);
    Ok(())
}

/// The weights that were set, by channel.
///
/// # Errors
/// A fault of the engine.
pub fn weights(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<(String, i64)>> {
    Ok(tx.all(&WEIGHTS, params![access.agency_id], |row| Ok((row.text()?, row.int()?)))?)
}

/// Sets who serves what, and how well: an administrator's work, and a supervisor's who moves
/// people between queues.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`] or [`Refusal::Invalid`].
pub fn set_agent(tx: &mut Tx<'_>, access: &Access, user: UserId, input: &AgentInput) -> Result<()> {
    if !access.can(Permission::OrgManage, None) {
        access.require(Permission::RouteSupervise, None)?;
    }
    tanggap_org::user(tx, access, user)?.ok_or(Refusal::NotFound)?;
    let (queues, skills) = (store::queues(tx, access)?, store::skills(tx, access)?);
    let mut check = Check::new();
    let serves = |id: &QueueId| queues.iter().any(|queue| queue.id == *id);
    check.require(input.queues.iter().all(serves), "queues", "ui-invalid-choice");
    let can = |(id, level): &(SkillId, i64)| {
        (1..=LEVEL_MAX).contains(level) && skills.iter().any(|skill: &Skill| skill.id == *id)
    };
    check.require(input.skills.iter().all(can), "skills", "ui-invalid-choice");
    let carries = (1..=CAPACITY_MAX).contains(&input.capacity);
    check.require(carries, "capacity", "ui-invalid-number");
    check.done()?;
    store::make_agent(tx, access, user)?;
    let key = params![access.agency_id, user];
    tx.put(&CLEAR_QUEUES, key)?;
    tx.put(&CLEAR_SKILLS, key)?;
    let mut queues = input.queues.clone();
    queues.sort_unstable();
    queues.dedup();
    for queue in &queues {
        tx.put(&ADD_QUEUE, params![access.agency_id, user, *queue])?;
    }
    let mut skills = input.skills.clone();
    skills.sort_unstable();
    skills.dedup_by_key(|(id, _)| *id);
    for (skill, level) in &skills {
        tx.put(&ADD_SKILL, params![access.agency_id, user, *skill, *level])?;
    }
    tx.put(&SET_CAPACITY, params![access.agency_id, user, input.capacity])?;
    let facts = json!({ "queues": queues, "capacity": input.capacity });
    announce(tx, access, "presence.assigned", user.0, facts);
    Ok(())
}

/// Moves somebody to other queues; what they can do and carry stays.
///
/// # Errors
/// As [`set_agent`].
pub fn move_agent(
    tx: &mut Tx<'_>,
    access: &Access,
    user: UserId,
    queues: Vec<QueueId>,
) -> Result<()> {
    let known = store::agent(tx, access, user)?;
    let (skills, capacity) =
        known.map_or_else(|| (Vec::new(), rules::CAPACITY), |agent| (agent.skills, agent.capacity));
    set_agent(tx, access, user, &AgentInput { queues, skills, capacity })
}

/// A queue as it would be set again: for changing one thing of it.
#[must_use]
pub fn input_of(queue: &Queue) -> QueueInput {
    QueueInput {
        name: queue.name.clone(),
        unit: queue.unit,
        active: queue.active,
        hours: queue.hours.clone(),
        target_s: queue.target_s,
        priority_target_s: queue.priority_target_s,
        offer_s: queue.offer_s,
        wrap_up_s: queue.wrap_up_s,
        affinity_s: queue.affinity_s,
        overflow: queue.overflow.map(|overflow| overflow.queue),
        overflow_s: queue.overflow.map_or(0, |overflow| overflow.after_s),
        relax: queue.relax.clone(),
        live: queue.live,
        may_pick: queue.may_pick,
    }
}
