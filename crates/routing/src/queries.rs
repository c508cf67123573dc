//! Figures for those who watch over queues: what waits, how long, who is at what.

use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Fault, Permission, Result, Timestamp, params};
use tanggap_store::{Tx, sql};

use crate::model::{Kind, Presence, Queue, QueueId};
use crate::store::{self, AGENTS_MAX, ITEMS_MAX};

sql! {
    NOW = "select queue_id, state, count(*), min(entered_at), min(due_at) from routing_items
        where agency_id = $1 and state <> 'ended' group by queue_id, state
        order by queue_id, state";
    AT_WORK = "select agent_id, kind, subject_id, channel, state, since from routing_items
        where agency_id = $1 and agent_id is not null order by agent_id, id limit $2";
    SERVES = "select q.user_id, q.queue_id from routing_agent_queues q join routing_agents a
        on a.agency_id = q.agency_id and a.user_id = q.user_id
        where q.agency_id = $1 and a.presence <> 'offline' order by q.user_id, q.queue_id limit $2";
    ANSWERED = "select queue_id, count(*), sum(case when answered_at <= due_at then 1 else 0 end)
        from routing_items where agency_id = $1 and answered_at is not null and answered_at >= $2
        group by queue_id order by queue_id";
    GONE = "select queue_id, count(*), sum(case when ended_at <= due_at then 1 else 0 end)
        from routing_items where agency_id = $1 and ended_at is not null and answered_at is null
        and ended_at >= $2 group by queue_id order by queue_id";
    ON_DUTY = "select a.user_id, u.name, a.presence, a.since, a.load, a.capacity, a.held
        from routing_agents a join users u on u.agency_id = a.agency_id and u.id = a.user_id
        where a.agency_id = $1 and a.presence <> 'offline' order by u.name, a.user_id limit $2";
}

/// A queue now and today.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How much waits for somebody, what rings included.
    pub waiting: i64,
    /// Since when the oldest of these has waited.
    pub oldest: Option<Timestamp>,
    /// When the first of these should have somebody.
    pub due: Option<Timestamp>,
    /// How much somebody is at.
    pub at_work: i64,
    /// To how much somebody came.
    pub answered: i64,
    /// How much of that within its target.
    pub in_time: i64,
    /// How much went before somebody came.
    pub gone: i64,
    /// How much of that within the target.
    pub gone_early: i64,
}

impl Figures {
    /// Service level in percent, variant B: answered within the target, of all that did not go
    /// within it. `None` where there was nothing.
    #[must_use]
    pub fn service_level(&self) -> Option<i64> {
        let counted = self.answered + self.gone - self.gone_early;
        (counted > 0).then(|| self.in_time * 100 / counted)
    }
}

/// Somebody who is on duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDuty {
    /// Who.
    pub user: UserId,
    /// Their name.
    pub name: String,
    /// What they are doing.
    pub presence: Presence,
    /// Since when.
    pub since: Timestamp,
    /// How much they carry, in percent of a person.
    pub load: i64,
    /// How much they carry at most.
    pub capacity: i64,
    /// How many things they are at.
    pub held: i64,
}

/// The figures of each queue that had something since `from`.
///
/// # Errors
/// A fault of the engine.
pub fn figures(
    tx: &mut Tx<'_>,
    access: &Access,
    from: Timestamp,
) -> Result<Vec<(QueueId, Figures)>> {
    let agency = access.agency_id;
    let mut all: std::collections::BTreeMap<QueueId, Figures> = std::collections::BTreeMap::new();
    let now = tx.all(&NOW, params![agency], |row| {
        let (queue, state, count) = (QueueId(row.int()?), row.text()?, row.int::<i64>()?);
        Ok((queue, state, count, row.opt_int::<Timestamp>()?, row.opt_int::<Timestamp>()?))
    })?;
    for (queue, state, count, oldest, due) in now {
        let figures = all.entry(queue).or_default();
        if state == "accepted" {
            figures.at_work = count;
        } else {
            figures.waiting += count;
            figures.oldest = [figures.oldest, oldest].into_iter().flatten().min();
            figures.due = [figures.due, due].into_iter().flatten().min();
        }
    }
    let two = |row: &mut tanggap_store::Row<'_>| {
        Ok::<_, Fault>((QueueId(row.int()?), row.int::<i64>()?, row.int::<i64>()?))
    };
    for (queue, count, in_time) in tx.all(&ANSWERED, params![agency, from], two)? {
        let figures = all.entry(queue).or_default();
        (figures.answered, figures.in_time) = (count, in_time);
    }
    for (queue, count, early) in tx.all(&GONE, params![agency, from], two)? {
        let figures = all.entry(queue).or_default();
        (figures.gone, figures.gone_early) = (count, early);
    }
    Ok(all.into_iter().collect())
}

/// Who is on duty, by name.
///
/// # Errors
/// A fault of the engine.
pub fn on_duty(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<OnDuty>> {
    Ok(tx.all(&ON_DUTY, params![access.agency_id, AGENTS_MAX], |row| {
        let (user, name, word) = (row.int()?, row.text()?, row.text()?);
        let presence = Presence::parse(&word);
        Ok(OnDuty {
            user,
            name,
            presence: presence.ok_or_else(|| Fault::new(format!("presence: {word}")))?,
            since: row.int()?,
            load: row.int()?,
            capacity: row.int()?,
            held: row.int()?,
        })
    })?)
}

/// Something that rings at somebody or that they are at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtWork {
    /// Whose.
    pub user: UserId,
    /// What it is.
    pub kind: Kind,
    /// Which one of that kind.
    pub subject: i64,
    /// By which channel it came.
    pub channel: String,
    /// Whether it still rings.
    pub rings: bool,
    /// Since when it rings or they are at it.
    pub since: Timestamp,
}

/// What everybody is at, by person.
///
/// # Errors
/// A fault of the engine.
pub fn at_work(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<AtWork>> {
    Ok(tx.all(&AT_WORK, params![access.agency_id, ITEMS_MAX], |row| {
        let (user, word, subject) = (row.int()?, row.text()?, row.int()?);
        Ok(AtWork {
            user,
            kind: Kind::parse(&word).ok_or_else(|| Fault::new(format!("kind: {word}")))?,
            subject,
            channel: row.text()?,
            rings: row.text()? == "offered",
            since: row.int()?,
        })
    })?)
}

/// The queues from which somebody may take what waits: those that they serve and that allow it; a
/// supervisor from all.
///
/// # Errors
/// A fault of the engine.
pub fn pickable(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Queue>> {
    let all = store::queues(tx, access)?;
    if access.can(Permission::RouteSupervise, None) {
        return Ok(all.iter().filter(|queue| queue.active).cloned().collect());
    }
    let Some(user) = access.user() else { return Ok(Vec::new()) };
    let serves = store::agent(tx, access, user)?.map(|agent| agent.queues).unwrap_or_default();
    let open = |queue: &&Queue| queue.may_pick && serves.contains(&queue.id);
    Ok(all.iter().filter(open).cloned().collect())
}

/// Who of those on duty serves which queue.
///
/// # Errors
/// A fault of the engine.
pub fn serves(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<(UserId, QueueId)>> {
    let key = params![access.agency_id, ITEMS_MAX];
    Ok(tx.all(&SERVES, key, |row| Ok((row.int()?, QueueId(row.int()?))))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_level_leaves_out_who_went_within_the_target() {
        let day =
            Figures { answered: 90, in_time: 76, gone: 10, gone_early: 5, ..Figures::default() };
        assert_eq!(day.service_level(), Some(80));
        assert_eq!(Figures::default().service_level(), None);
        let early = Figures { gone: 3, gone_early: 3, ..Figures::default() };
        assert_eq!(early.service_level(), None);
    }
}
