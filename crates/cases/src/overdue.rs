//! What is overdue is told anew on every working day, until it is no more: to whoever has it, to
//! those who could take what nobody has, and to those to whom it was escalated.
//!
//! One job of each agency rings when its office opens, and only while something is overdue, so a
//! million open deadlines cost nothing while none is past. It walks through the people a batch at a
//! time and leaves each at most one notice, in place of the day before's; a notice counts and names
//! nothing, so it tells nobody of a case that they may not see.

use serde_json::json;
use tanggap_calendar::WorkingCalendar;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{
    Access, AgencyId, Event, Fault, Permission, Refusal, Result, Subject, Timestamp, params,
};
use tanggap_org as org;
use tanggap_store::jobs::Job;
use tanggap_store::{Tx, sql};

use crate::queries::{Reach, not_about, seen_by};
use crate::rules::ESCALATED_TO_SUPERIOR;
use crate::store::NEVER;

/// The kind of job that tells it; its key is the agency.
pub const RING: &str = "overdue_day";
/// So many people are told in one transaction: others write meanwhile.
const PEOPLE_BATCH: i64 = 10;

// While the citizen has the word, `risk_at` lies beyond all time and nobody here is late.
sql! {
    ANY = "select 1 from cases where agency_id = $1 and open and due_at < $2 and risk_at < $3
        limit 1";
    FIGURES = concat!("select
        cast(coalesce(sum(case when owner_id = $4 then 1 else 0 end), 0) as bigint),
        cast(coalesce(sum(case when owner_id is null and unit_id is null then 1 else 0 end), 0)
            as bigint),
        cast(coalesce(sum(case when owner_id is null and unit_id is not null then 1 else 0 end), 0)
            as bigint),
        cast(coalesce(sum(case when escalation >= $7 then 1 else 0 end), 0) as bigint)
        from cases where agency_id = $1 and open and due_at < $2 and risk_at < $3", seen_by!());
    PEOPLE = "select id from users where agency_id = $1 and id > $2 and active
        order by id limit $3";
    TELL = "insert into overdue_notices (agency_id, user_id, day, own, untaken, escalated, told_at)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (agency_id, user_id) do update set
        day = excluded.day, own = excluded.own, untaken = excluded.untaken,
        escalated = excluded.escalated, told_at = excluded.told_at, read_at = null
        where overdue_notices.day <> excluded.day";
    MINE = "select own, untaken, escalated from overdue_notices
        where agency_id = $1 and user_id = $2 and read_at is null";
    READ = "update overdue_notices set read_at = $3
        where agency_id = $1 and user_id = $2 and read_at is null";
}

/// What somebody is told: how many cases are overdue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notice {
    /// Their own.
    pub own: i64,
    /// Nobody's yet, where they could take them: at the desk, or at their units.
    pub untaken: i64,
    /// Those that were escalated, where they supervise.
    pub escalated: i64,
}

/// When the office opens next, later than `after`: today still, or on the next working day.
///
/// # Errors
/// A fault where the calendar knows of no further working day.
pub fn next_opening(calendar: &WorkingCalendar, after: Timestamp) -> Result<Timestamp, Fault> {
    let today = calendar.zone().local_date(after.as_micros());
    let opens = calendar.opening_micros(today);
    if calendar.is_working_day(today) && opens > after.as_micros() {
        return Ok(Timestamp::from_micros(opens));
    }
    let next = calendar.add_working_days(today, 1).map_err(|e| Fault::new(e.to_string()))?;
    Ok(Timestamp::from_micros(calendar.opening_micros(next)))
}

/// Whether people are at work: between the first and the last hour of a working day.
fn is_office_time(calendar: &WorkingCalendar, now: Timestamp) -> bool {
    let local = calendar.zone().local(now.as_micros());
    let (hours, time) = (calendar.hours_on(local.date()), local.time());
    let (first, last) = (hours.first(), hours.last());
    first.zip(last).is_some_and(|(first, last)| first.from() <= time && time < last.to())
}

/// Something became overdue: it is told when the office opens next, if it still is then.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn plan(tx: &mut Tx<'_>, access: &Access, calendar: &WorkingCalendar) -> Result<()> {
    let at = next_opening(calendar, tx.now())?;
    Ok(tx.schedule_once(access.agency_id, RING, &access.agency_id.0.to_string(), at)?)
}

/// Tells a batch of people, and plans the next batch or the next day.
pub(crate) fn ring(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let access = Access::system(job.agency_id);
    let (now, never) = (tx.now(), NEVER);
    let is_any = tx.opt(&ANY, params![job.agency_id, now, never], |row| row.int::<i64>())?;
    if is_any.is_none() {
        return Ok(());
    }
    let calendar = org::store::calendar_for(tx, &access, None)?;
    let noted: serde_json::Value = serde_json::from_str(&job.body).unwrap_or_default();
    let after = noted["after"].as_i64().unwrap_or(0);
    // A timer that rings late, or that was set by another calendar, disturbs nobody's evening.
    if is_office_time(&calendar, now) {
        let last = tell_after(tx, &access, &calendar, after)?;
        if let Some(last) = last {
            let body = json!({ "after": last.0 }).to_string();
            return Ok(tx.schedule(job.agency_id, RING, &job.key, now, &body)?);
        }
    }
    let next = next_opening(&calendar, now)?;
    Ok(tx.schedule(job.agency_id, RING, &job.key, next, "{}")?)
}

/// Tells a batch of people at once, whatever the hour: for the demo, whose history has no mornings.
pub(crate) fn tell_now(tx: &mut Tx<'_>, agency: AgencyId) -> Result<()> {
    let access = Access::system(agency);
    let calendar = org::store::calendar_for(tx, &access, None)?;
    tell_after(tx, &access, &calendar, 0)?;
    let next = next_opening(&calendar, tx.now())?;
    Ok(tx.schedule(agency, RING, &agency.0.to_string(), next, "{}")?)
}

/// Tells the people behind `after`; gives the last of them where there may be more.
fn tell_after(
    tx: &mut Tx<'_>,
    access: &Access,
    calendar: &WorkingCalendar,
    after: i64,
) -> Result<Option<UserId>> {
    let day = calendar.zone().local_date(tx.now().as_micros()).to_string();
    let batch = params![access.agency_id, after, PEOPLE_BATCH];
    let people: Vec<UserId> = tx.all(&PEOPLE, batch, |row| row.int())?;
    for user in &people {
        tell(tx, access, *user, &day)?;
    }
    Ok(people.last().copied().filter(|_| people.len() as i64 == PEOPLE_BATCH))
}

fn tell(tx: &mut Tx<'_>, system: &Access, id: UserId, day: &str) -> Result<()> {
    let agency = system.agency_id;
    let Some(user) = org::store::user(tx, system, id)? else { return Ok(()) };
    let access = org::access_of(tx, agency, &user)?;
    let notice = figures(tx, &access)?;
    if notice == Notice::default() {
        return Ok(());
    }
    let (Notice { own, untaken, escalated }, now) = (notice, tx.now());
    let row = params![agency, id, day, own, untaken, escalated, now];
    // Once a day, whoever rings how often.
    if tx.exec(&TELL, row)? > 0 {
        let facts = json!({ "owner": id, "day": day, "own": own, "untaken": untaken,
            "escalated": escalated });
        announce(tx, system, agency, "overdue.told", id, facts);
    }
    Ok(())
}

/// What of all that is overdue concerns somebody now.
fn figures(tx: &mut Tx<'_>, access: &Access) -> Result<Notice> {
    let mut notice = Notice::default();
    let within = |tx: &mut Tx<'_>, permission| -> Result<[i64; 4]> {
        if !access.can_somewhere(permission) {
            return Ok([0; 4]);
        }
        let reach = Reach::by(access, permission);
        let mut bound = reach.bound(access, tx.now().as_micros());
        bound[2] = NEVER.into();
        bound.push(ESCALATED_TO_SUPERIOR.into());
        Ok(tx.one(&FIGURES, &bound, |row| Ok([row.int()?, row.int()?, row.int()?, row.int()?]))?)
    };
    let [own, ..] = within(tx, Permission::CaseWrite)?;
    let [_, at_desk, ..] = within(tx, Permission::CaseForward)?;
    let [_, _, at_units, _] = within(tx, Permission::CaseFollowUp)?;
    let [.., escalated] = within(tx, Permission::CaseSupervise)?;
    (notice.own, notice.untaken, notice.escalated) = (own, at_desk + at_units, escalated);
    Ok(notice)
}

/// One's notice of today or of the last working day, until one has read it.
///
/// # Errors
/// A fault of the engine.
pub fn mine(tx: &mut Tx<'_>, access: &Access) -> Result<Option<Notice>> {
    let Some(user) = access.user() else { return Ok(None) };
    Ok(tx.opt(&MINE, params![access.agency_id, user], |row| {
        Ok(Notice { own: row.int()?, untaken: row.int()?, escalated: row.int()? })
    })?)
}

/// One has read it; the next one comes on the next working day.
///
/// # Errors
/// [`Refusal::Forbidden`] where nobody reads, or a fault.
pub fn read(tx: &mut Tx<'_>, access: &Access) -> Result<()> {
    let (user, now) = (access.user().ok_or(Refusal::Forbidden)?, tx.now());
    if tx.exec(&READ, params![access.agency_id, user, now])? > 0 {
        let facts = json!({ "owner": user });
        announce(tx, access, access.agency_id, "overdue.read", user, facts);
    }
    Ok(())
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    agency: AgencyId,
    kind: &'static str,
    user: UserId,
    facts: serde_json::Value,
) {
    let subject = Subject { kind: "overdue", id: user.0 };
    tx.announce(Event::new(agency, kind, subject, access.actor).with(facts));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tanggap_calendar::{Base, Zone};

    use super::*;

    fn wib(day: i64, hour: i64, minute: i64) -> Timestamp {
        // 1 March 2026, 00.00 WIB, a Sunday.
        let march = Timestamp::from_micros(1_772_298_000_000_000);
        march.plus((day - 1) * Timestamp::DAY + hour * Timestamp::HOUR + minute * Timestamp::MINUTE)
    }

    #[test]
    fn it_is_told_when_the_office_opens_and_on_no_day_off() {
        let calendar = WorkingCalendar::plain(Base::Government, Zone::Wib);
        let next = |at| next_opening(&calendar, at).expect("a day");
        // In Ramadan offices open at eight.
        assert_eq!(next(wib(2, 6, 0)), wib(2, 8, 0), "still this morning");
        assert_eq!(next(wib(2, 8, 0)), wib(3, 8, 0), "once a day");
        assert_eq!(next(wib(2, 23, 59)), wib(3, 8, 0));
        assert_eq!(next(wib(6, 9, 0)), wib(9, 8, 0), "over the weekend");
        // Nyepi, joint leave and Idulfitri: 18 to 24 March 2026.
        assert_eq!(next(wib(17, 9, 0)), wib(25, 7, 30), "over all days off");
        assert!(
            is_office_time(&calendar, wib(2, 8, 0)) && is_office_time(&calendar, wib(2, 12, 15))
        );
        assert!(
            !is_office_time(&calendar, wib(2, 7, 59)) && !is_office_time(&calendar, wib(2, 20, 0))
        );
        assert!(!is_office_time(&calendar, wib(19, 9, 0)), "a holiday");
    }

    proptest! {
        #[test]
        fn one_opening_for_each_working_day(
            zone in 0..3_usize,
            start in 0..700_i64,
            hours in 1..900_i64,
        ) {
            let zone = [Zone::Wib, Zone::Wita, Zone::Wit][zone];
            let calendar = WorkingCalendar::plain(Base::Government, zone);
            let first = wib(1, 0, 0).plus(start * Timestamp::HOUR);
            let until = first.plus(hours * Timestamp::HOUR);
            let (mut at, mut told) = (next_opening(&calendar, first).expect("a day"), Vec::new());
            while at <= until {
                prop_assert!(is_office_time(&calendar, at));
                told.push(zone.local_date(at.as_micros()));
                at = next_opening(&calendar, at).expect("a day");
            }
            let mut days = Vec::new();
            let mut day = zone.local_date(first.as_micros());
            while day <= zone.local_date(until.as_micros()) {
                let opens = Timestamp::from_micros(calendar.opening_micros(day));
                if calendar.is_working_day(day) && opens > first && opens <= until {
                    days.push(day);
                }
                day = day.tomorrow().expect("a day");
            }
            prop_assert_eq!(told, days);
        }
    }
}
