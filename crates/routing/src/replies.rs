//! By when a citizen's message is answered: the target of its channel and queue, counted in office
//! hours, for the first answer of a talk and for each further one.
//!
//! Pure rules first, then their rows. A clock runs from the first message that nobody has answered;
//! more messages do not move it. A machine's receipt does not end it, a person's answer does. The
//! timer is a job, so a warning outlasts any restart.

use std::sync::Arc;

use serde_json::json;
use tanggap_calendar::{CalendarError, WorkingCalendar};
use tanggap_conversations::talks::{self, Reply, Turn};
use tanggap_conversations::{InteractionId, Talk};
use tanggap_kernel::error::Check;
use tanggap_kernel::{
    Access, Event, Fault, Permission, Refusal, Result, Subject, Timestamp, params,
};
use tanggap_store::{Tx, sql};

use crate::model::QueueId;
use crate::store;
use crate::talks::queue_of;

/// The kind of job that looks at a talk whose answer is due; its key is the talk's id.
pub const RING: &str = "talk_reply";
/// The longest target: 30 working days of seven and a half hours.
pub const MINUTES_MAX: i64 = 30 * 450;
/// When a warning is given, in percent of the minutes.
const WARN_PERCENT: u32 = 80;
/// Whatever the queue.
const ANY: i64 = 0;
/// The most targets that an agency has.
const TARGETS_MAX: i64 = 1_000;

/// The channels whose targets are set.
pub const CHANNELS: [&str; 8] =
    ["webchat", "whatsapp", "telegram", "messenger", "instagram", "x", "sms", "email"];

sql! {
    TARGETS = "select queue_id, channel, first_minutes, next_minutes from reply_targets
        where agency_id = $1 order by queue_id, channel limit $2";
    SET = "insert into reply_targets (agency_id, queue_id, channel, first_minutes, next_minutes)
        values ($1, $2, $3, $4, $5) on conflict (agency_id, queue_id, channel)
        do update set first_minutes = excluded.first_minutes,
        next_minutes = excluded.next_minutes";
    UNSET = "delete from reply_targets where agency_id = $1 and queue_id = $2 and channel = $3";
    ASK = "insert into talk_turns (agency_id, interaction_id, asked_at, queue_id, channel, turn,
        due_at) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (agency_id, interaction_id, asked_at) do nothing";
    ANSWER = "update talk_turns set answered_at = $4 where agency_id = $1 and interaction_id = $2
        and asked_at = $3 and answered_at is null and dropped_at is null";
    DROP = "update talk_turns set dropped_at = $4 where agency_id = $1 and interaction_id = $2
        and asked_at = $3 and answered_at is null and dropped_at is null";
    ANSWERED = "select queue_id, turn, count(*),
        sum(case when answered_at <= due_at then 1 else 0 end) from talk_turns
        where agency_id = $1 and answered_at is not null and answered_at >= $2
        group by queue_id, turn order by queue_id, turn";
    LATE = "select queue_id, count(*) from talk_turns where agency_id = $1 and due_at < $2
        and answered_at is null and dropped_at is null group by queue_id order by queue_id";
}

/// Within how many minutes of office hours somebody answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Minutes {
    /// The first answer of a talk.
    pub first: i64,
    /// Each further one.
    pub next: i64,
}

impl Minutes {
    /// Those of a turn.
    #[must_use]
    pub const fn of(self, turn: Turn) -> i64 {
        match turn {
            Turn::First => self.first,
            Turn::Next => self.next,
        }
    }
}

/// A target as an agency sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// For one queue, or for all.
    pub queue: Option<QueueId>,
    /// For which channel.
    pub channel: String,
    /// The minutes.
    pub minutes: Minutes,
}

/// What holds where an agency has set nothing: who chats waits for a minute or two, who writes a
/// message for an hour, who writes a mail for a working day.
#[must_use]
pub fn usual(channel: &str) -> Minutes {
    match channel {
        "webchat" => Minutes { first: 1, next: 2 },
        "email" => Minutes { first: 450, next: 450 },
        _ => Minutes { first: 60, next: 60 },
    }
}

/// The target of a talk: its queue's, else that of all queues, else the usual one.
#[must_use]
pub fn target(targets: &[Target], queue: Option<QueueId>, channel: &str) -> Minutes {
    let of = |queue: Option<QueueId>| {
        targets.iter().find(|target| target.queue == queue && target.channel == channel)
    };
    let own = queue.and_then(|queue| of(Some(queue)));
    own.or_else(|| of(None)).map_or_else(|| usual(channel), |target| target.minutes)
}

/// The clock of what was asked at `from`.
///
/// # Errors
/// The calendar has no such moment.
pub fn clock(
    calendar: &WorkingCalendar,
    turn: Turn,
    minutes: i64,
    from: Timestamp,
) -> Result<Reply, CalendarError> {
    let minutes = u32::try_from(minutes.clamp(0, MINUTES_MAX)).unwrap_or(0);
    let after = |minutes| calendar.add_working_minutes(from.as_micros(), minutes);
    let due_at = Timestamp::from_micros(after(minutes)?);
    let warn_at = Timestamp::from_micros(after(minutes * WARN_PERCENT / 100)?);
    Ok(Reply { turn, from, warn_at, due_at })
}

/// All targets that an agency has set.
///
/// # Errors
/// A fault of the engine.
pub fn targets(tx: &mut Tx<'_>, access: &Access) -> Result<Arc<Vec<Target>>> {
    let agency = access.agency_id;
    tx.kept(agency, "reply_targets", 0, |tx| {
        Ok(tx.all(&TARGETS, params![agency, TARGETS_MAX], |row| {
            let queue: i64 = row.int()?;
            Ok(Target {
                queue: (queue != ANY).then_some(QueueId(queue)),
                channel: row.text()?,
                minutes: Minutes { first: row.int()?, next: row.int()? },
            })
        })?)
    })
}

/// Sets the targets of a queue, or of all; a channel without one has that of all queues, and there
/// the usual one.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::NotFound`], what is wrong with them, or a fault.
pub fn set(
    tx: &mut Tx<'_>,
    access: &Access,
    queue: Option<QueueId>,
    wanted: &[(&str, Option<Minutes>)],
) -> Result<()> {
    access.require(Permission::OrgManage, None)?;
    if let Some(queue) = queue {
        store::queue(tx, access, queue)?;
    }
    let mut check = Check::new();
    for (channel, minutes) in wanted {
        let Some(minutes) = minutes else { continue };
        for (word, n) in [("first", minutes.first), ("next", minutes.next)] {
            let field = format!("{word}_{channel}");
            check.require((1..=MINUTES_MAX).contains(&n), &field, "routing-invalid-minutes");
        }
    }
    check.done()?;
    let place = queue.map_or(ANY, |queue| queue.0);
    for (channel, minutes) in wanted {
        match minutes {
            Some(Minutes { first, next }) => {
                tx.put(&SET, params![access.agency_id, place, *channel, *first, *next])?;
            }
            None => tx.put(&UNSET, params![access.agency_id, place, *channel])?,
        }
    }
    let subject = Subject { kind: "agency", id: access.agency_id.0 };
    let event = Event::new(access.agency_id, "reply.targets_set", subject, access.actor);
    tx.announce(event.with(json!({ "queue": queue.map(|queue| queue.to_string()) })));
    Ok(())
}

/// Begins the clock of a talk in which a citizen wrote at `at`, where none runs yet. The talk is
/// saved by the caller.
///
/// # Errors
/// A fault of the engine.
pub fn asked(tx: &mut Tx<'_>, access: &Access, talk: &mut Talk, at: Timestamp) -> Result<()> {
    if talk.reply.is_some() && talk.awaiting {
        return Ok(());
    }
    let queue = queue_of(tx, access, talk)?;
    let turn = if talk.last_out_at.is_none() { Turn::First } else { Turn::Next };
    let id = queue.as_ref().map(|queue| queue.id);
    let minutes = target(&targets(tx, access)?, id, &talk.channel).of(turn);
    let calendar = tanggap_org::calendar_for(tx, access, queue.and_then(|queue| queue.unit))?;
    let from = at.min(tx.now());
    let reply = clock(&calendar, turn, minutes, from)
        .map_err(|e| Fault::new(format!("the clock of an answer: {e}")))?;
    let place = id.map_or(ANY, |id| id.0);
    tx.put(
        &ASK,
        params![
            access.agency_id,
            talk.id,
            from,
            place,
            &talk.channel,
            turn.as_str(),
            reply.due_at,
        ],
    )?;
    tx.schedule(access.agency_id, RING, &talk.id.to_string(), reply.warn_at, "{}")?;
    talk.reply = Some(reply);
    Ok(())
}

/// A person has answered what `reply` waited for.
///
/// # Errors
/// A fault of the engine.
pub fn answered(tx: &mut Tx<'_>, access: &Access, id: InteractionId, reply: Reply) -> Result<()> {
    let now = tx.now();
    tx.exec(&ANSWER, params![access.agency_id, id, reply.from, now])?;
    Ok(tx.unschedule(RING, &id.to_string())?)
}

/// A talk has ended while `reply` was waited for.
///
/// # Errors
/// A fault of the engine.
pub fn dropped(tx: &mut Tx<'_>, access: &Access, id: InteractionId, reply: Reply) -> Result<()> {
    let now = tx.now();
    tx.exec(&DROP, params![access.agency_id, id, reply.from, now])?;
    Ok(tx.unschedule(RING, &id.to_string())?)
}

/// Warns of an answer that is nearly due, and tells when it is overdue.
///
/// # Errors
/// A fault of the engine.
pub fn ring(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<()> {
    let talk = match talks::get(tx, access, id) {
        Err(tanggap_kernel::Error::Refused(Refusal::NotFound)) => return Ok(()),
        other => other?,
    };
    let Some(reply) = talk.reply.filter(|_| talk.awaiting) else { return Ok(()) };
    let now = tx.now();
    let percent = match now {
        now if now >= reply.due_at => 100,
        now if now >= reply.warn_at => WARN_PERCENT,
        // It was answered and asked again meanwhile.
        _ => 0,
    };
    if percent > 0 {
        let subject = Subject { kind: "talk", id: id.0 };
        let event = Event::new(access.agency_id, "talk.reply_warned", subject, access.actor);
        let owner = talk.owner_id.map(|owner| owner.to_string());
        tx.announce(event.with(json!({ "owner": owner, "percent": percent })));
    }
    let next = match percent {
        100 => return Ok(()),
        0 => reply.warn_at,
        _ => reply.due_at,
    };
    Ok(tx.schedule(access.agency_id, RING, &id.to_string(), next, "{}")?)
}

/// How answers went: of one queue, or of what came without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// First answers.
    pub first: i64,
    /// How many of them in time.
    pub first_in_time: i64,
    /// Further answers.
    pub next: i64,
    /// How many of them in time.
    pub next_in_time: i64,
    /// How many are overdue now.
    pub late: i64,
}

impl Answers {
    /// First and further answers in time, in percent; what is overdue now counts as late.
    #[must_use]
    pub fn level(&self) -> Option<i64> {
        let all = self.first + self.next + self.late;
        (all > 0).then(|| (self.first_in_time + self.next_in_time) * 100 / all)
    }
}

/// How answers since `from` went, by queue.
///
/// # Errors
/// A fault of the engine.
pub fn figures(
    tx: &mut Tx<'_>,
    access: &Access,
    from: Timestamp,
) -> Result<std::collections::BTreeMap<QueueId, Answers>> {
    let (agency, now) = (access.agency_id, tx.now());
    let mut all = std::collections::BTreeMap::<QueueId, Answers>::new();
    let rows = tx.all(&ANSWERED, params![agency, from], |row| {
        Ok((QueueId(row.int()?), row.text()?, row.int::<i64>()?, row.int::<i64>()?))
    })?;
    for (queue, turn, count, in_time) in rows {
        let answers = all.entry(queue).or_default();
        match Turn::parse(&turn) {
            Some(Turn::First) => (answers.first, answers.first_in_time) = (count, in_time),
            _ => (answers.next, answers.next_in_time) = (count, in_time),
        }
    }
    let late = |row: &mut tanggap_store::Row<'_>| Ok((QueueId(row.int()?), row.int::<i64>()?));
    for (queue, count) in tx.all(&LATE, params![agency, now], late)? {
        all.entry(queue).or_default().late = count;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use tanggap_calendar::{Base, Zone};

    use super::*;

    fn set(queue: Option<i64>, channel: &str, first: i64) -> Target {
        let minutes = Minutes { first, next: first + 1 };
        Target { queue: queue.map(QueueId), channel: channel.to_owned(), minutes }
    }

    #[test]
    fn a_queues_own_target_goes_before_that_of_all() {
        let targets = [set(None, "whatsapp", 30), set(Some(7), "whatsapp", 5)];
        let first = |queue: Option<i64>, channel: &str| {
            target(&targets, queue.map(QueueId), channel).of(Turn::First)
        };
        assert_eq!(first(Some(7), "whatsapp"), 5);
        assert_eq!(first(Some(8), "whatsapp"), 30);
        assert_eq!(first(None, "whatsapp"), 30);
        assert_eq!(first(Some(7), "email"), usual("email").first);
        assert_eq!(target(&targets, None, "whatsapp").of(Turn::Next), 31);
    }

    #[test]
    fn office_hours_only_count() {
        let calendar = WorkingCalendar::plain(Base::Government, Zone::Wib);
        let at = |text: &str| {
            let local = text.parse().unwrap();
            Timestamp::from_micros(calendar.zone().instant(local))
        };
        for (from, minutes, warn, due) in [
            // Monday 12 October 2026: 07:30-12:00, 13:00-16:00.
            ("2026-10-12T09:00:00", 60, "2026-10-12T09:48:00", "2026-10-12T10:00:00"),
            ("2026-10-12T11:30:00", 60, "2026-10-12T13:18:00", "2026-10-12T13:30:00"),
            ("2026-10-12T15:30:00", 60, "2026-10-13T07:48:00", "2026-10-13T08:00:00"),
            ("2026-10-12T20:00:00", 60, "2026-10-13T08:18:00", "2026-10-13T08:30:00"),
            // What ends with the hours is due then.
            ("2026-10-12T15:00:00", 60, "2026-10-12T15:48:00", "2026-10-12T16:00:00"),
            // Friday's evening is Monday's morning.
            ("2026-10-16T17:00:00", 30, "2026-10-19T07:54:00", "2026-10-19T08:00:00"),
            // A working day of 450 minutes, over Independence Day (Monday).
            ("2026-08-14T16:30:00", 450, "2026-08-18T14:30:00", "2026-08-18T16:00:00"),
        ] {
            let found = clock(&calendar, Turn::First, minutes, at(from)).unwrap();
            assert_eq!((found.warn_at, found.due_at), (at(warn), at(due)), "{from} + {minutes}");
        }
    }

    #[test]
    fn what_is_overdue_counts_as_late() {
        let answers = Answers { first: 6, first_in_time: 5, next: 2, next_in_time: 2, late: 2 };
        assert_eq!(answers.level(), Some(70));
        assert_eq!(Answers::default().level(), None);
    }
}
