//! On which day somebody comes back to a talk or a case, and why: their own list, for nobody else.
//!
//! A timer brings it back in the morning of that day: a talk that was laid aside goes on, and its
//! agent is told. What the note says is in no event.

use serde_json::json;
use tanggap_calendar::Date;
use tanggap_conversations::{InteractionId, talks};
use tanggap_kernel::error::Check;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{
    Access, Event, Fault, Invalid, Permission, Refusal, Result, Subject, Timestamp, id, params,
};
use tanggap_store::{Row, Tx, sql};

use crate::model::CaseId;
use crate::{actions, talking};

/// The kind of job that brings one back; its key is the reminder's id.
pub const RING: &str = "reminder";
/// The longest note.
pub const NOTE_MAX: usize = 500;
/// At this hour of the local day.
const MORNING: i64 = 7 * Timestamp::HOUR;
/// Nobody plans further ahead, in days.
const AHEAD_MAX: i64 = 366;
/// The most that one has open, and that are listed.
const MANY: i64 = 500;

id!(
    /// A reminder.
    ReminderId
);

sql! {
    MINE = "select id, user_id, kind, subject_id, at, note, rang_at from reminders
        where agency_id = $1 and user_id = $2 and done_at is null order by at, id limit $3";
    OPEN = "select id, user_id, kind, subject_id, at, note, rang_at from reminders
        where agency_id = $1 and user_id = $2 and kind = $3 and subject_id = $4
        and done_at is null";
    GET = "select id, user_id, kind, subject_id, at, note, rang_at from reminders
        where agency_id = $1 and id = $2 and done_at is null";
    DUE = "select count(*) from (select 1 from reminders where agency_id = $1 and user_id = $2
        and done_at is null and at <= $3 limit $4) few";
    COUNT = "select count(*) from (select 1 from reminders where agency_id = $1 and user_id = $2
        and done_at is null limit $3) few";
    INSERT = "insert into reminders (agency_id, id, user_id, kind, subject_id, at, note,
        created_at) values ($1, $2, $3, $4, $5, $6, $7, $8)";
    CHANGE = "update reminders set at = $3, note = $4, rang_at = null
        where agency_id = $1 and id = $2 and done_at is null";
    RANG = "update reminders set rang_at = $3 where agency_id = $1 and id = $2";
    // What they wrote for themselves has done its service.
    DONE = "update reminders set done_at = $3, note = '' where agency_id = $1 and id = $2
        and done_at is null";
}

/// What somebody comes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A talk.
    Talk(InteractionId),
    /// A case.
    Case(CaseId),
}

impl About {
    /// Its word in the database and in addresses, and its id.
    #[must_use]
    pub const fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Talk(id) => ("talk", id.0),
            Self::Case(id) => ("case", id.0),
        }
    }

    /// Reads what [`About::parts`] gives.
    #[must_use]
    pub fn of(kind: &str, id: i64) -> Option<Self> {
        match kind {
            "talk" => Some(Self::Talk(InteractionId(id))),
            "case" => Some(Self::Case(CaseId(id))),
            _ => None,
        }
    }
}

/// One reminder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reminder {
    /// Its id.
    pub id: ReminderId,
    /// Whose.
    pub user: UserId,
    /// Of what.
    pub about: About,
    /// In the morning of which day.
    pub at: Timestamp,
    /// Why.
    pub note: String,
    /// When it came back.
    pub rang_at: Option<Timestamp>,
}

/// Refuses what one may not see.
fn see(tx: &mut Tx<'_>, access: &Access, about: About) -> Result<()> {
    match about {
        About::Talk(id) => talking::open(tx, access, id).map(drop),
        About::Case(id) => actions::load(tx, access, id).map(drop),
    }
}

fn me(access: &Access) -> Result<UserId> {
    let staff =
        access.can_somewhere(Permission::CaseRead) || access.can(Permission::TalkRead, None);
    let user = access.user().filter(|_| staff);
    Ok(user.ok_or(Refusal::Forbidden)?)
}

/// One's open reminder of something; whether one may see that is asked before.
///
/// # Errors
/// A fault of the engine.
pub fn open(tx: &mut Tx<'_>, access: &Access, about: About) -> Result<Option<Reminder>, Fault> {
    let Some(user) = access.user() else { return Ok(None) };
    let (kind, id) = about.parts();
    tx.opt(&OPEN, params![access.agency_id, user, kind, id], read)
}

/// One's open reminders, by their day.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn mine(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Reminder>> {
    let user = me(access)?;
    Ok(tx.all(&MINE, params![access.agency_id, user, MANY], read)?)
}

/// How many of one's reminders have come; counted up to `most`.
///
/// # Errors
/// A fault of the engine.
pub fn count_due(tx: &mut Tx<'_>, access: &Access, most: i64) -> Result<i64, Fault> {
    let Some(user) = access.user() else { return Ok(0) };
    let now = tx.now();
    tx.one(&DUE, params![access.agency_id, user, now, most], |row| row.int())
}

/// Sets on which day one comes back to something, anew where it was set before.
///
/// # Errors
/// [`Refusal::NotFound`] where one may not see it, [`Refusal::Forbidden`], or fields to correct
/// (`day`, `note`).
pub fn set(
    tx: &mut Tx<'_>,
    access: &Access,
    about: About,
    (day, note): (&str, &str),
) -> Result<Reminder> {
    see(tx, access, about)?;
    let (user, now, note) = (me(access)?, tx.now(), note.trim());
    let zone = tanggap_org::agency(tx, access.agency_id)?.map(|it| it.zone).unwrap_or_default();
    let today = zone.local_date(now.as_micros());
    let date = day.trim().parse::<Date>().ok();
    let mut check = Check::new();
    match date {
        None => check.require(false, "day", "ui-invalid-required"),
        Some(date) => {
            let start = |date| zone.start_of_day(date);
            let ahead = (start(date) - start(today)) / Timestamp::DAY;
            check.require((1..=AHEAD_MAX).contains(&ahead), "day", "desk-invalid-reminder-day")
        }
    };
    if note.chars().count() > NOTE_MAX {
        check.push(Invalid::new("note", "ui-invalid-long").arg("max", NOTE_MAX));
    }
    let known = open(tx, access, about)?;
    let many = tx.one(&COUNT, params![access.agency_id, user, MANY], |row| row.int::<i64>())?;
    check.require(known.is_some() || many < MANY, "day", "desk-invalid-reminder-many");
    check.done()?;
    let date = date.ok_or(Refusal::NotFound)?;
    let at = Timestamp::from_micros(zone.start_of_day(date)).plus(MORNING);
    let id = match &known {
        Some(known) => {
            tx.put(&CHANGE, params![access.agency_id, known.id, at, note])?;
            known.id
        }
        None => {
            let (id, (kind, subject)): (ReminderId, _) = (tx.id(), about.parts());
            tx.put(&INSERT, params![access.agency_id, id, user, kind, subject, at, note, now])?;
            id
        }
    };
    tx.schedule(access.agency_id, RING, &id.to_string(), at, "{}")?;
    let set = Reminder { id, user, about, at, note: note.to_owned(), rang_at: None };
    announce(tx, access, "reminder.set", &set);
    Ok(set)
}

/// One is through with it, or needs it no more.
///
/// # Errors
/// [`Refusal::NotFound`] where there is none of one's own.
pub fn clear(tx: &mut Tx<'_>, access: &Access, about: About) -> Result<()> {
    let known = open(tx, access, about)?.ok_or(Refusal::NotFound)?;
    let now = tx.now();
    tx.put(&DONE, params![access.agency_id, known.id, now])?;
    tx.unschedule(RING, &known.id.to_string())?;
    let kind = if known.at <= now { "reminder.done" } else { "reminder.removed" };
    announce(tx, access, kind, &known);
    Ok(())
}

/// Its day has come: a talk that was laid aside goes on, and whose it is is told.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn ring(tx: &mut Tx<'_>, access: &Access, id: ReminderId) -> Result<()> {
    let known = tx.opt(&GET, params![access.agency_id, id], read)?;
    let Some(known) = known.filter(|known| known.at <= tx.now() && known.rang_at.is_none()) else {
        return Ok(());
    };
    let now = tx.now();
    tx.put(&RANG, params![access.agency_id, id, now])?;
    if let About::Talk(talk) = known.about {
        talks::come_back(tx, access, talk)?;
    }
    announce(tx, access, "reminder.rang", &known);
    Ok(())
}

fn announce(tx: &mut Tx<'_>, access: &Access, kind: &'static str, of: &Reminder) {
    let subject = Subject { kind: "reminder", id: of.id.0 };
    let (about, id) = of.about.parts();
    let facts = json!({ about: id::to_text(id), "owner": of.user, "at": of.at });
    tx.announce(Event::new(access.agency_id, kind, subject, access.actor).with(facts));
}

fn read(row: &mut Row<'_>) -> Result<Reminder, Fault> {
    let (id, user, kind, subject) = (row.int()?, row.int()?, row.text()?, row.int()?);
    Ok(Reminder {
        id,
        user,
        about: About::of(&kind, subject)
            .ok_or_else(|| Fault::new(format!("kind of reminder: {kind}")))?,
        at: row.int()?,
        note: row.text()?,
        rang_at: row.opt_int()?,
    })
}
