//! Reading the log for the audit page: newest first, by page, always inside a stretch of time, so
//! that a search for something rare does not walk through years.

use std::collections::HashMap;

use tanggap_kernel::id::{EventId, UserId};
use tanggap_kernel::{Access, Actor, Fault, Result, Timestamp, params};
use tanggap_store::{Row, Tx};

// Whoever a complaint is about reads nothing of it, here neither (UU 25/2009 art. 45): by the
// reader and their units as `,id,id,`.
macro_rules! about_reader {
    ($user:literal, $units:literal) => {
        concat!(
            "(coalesce(c.reported_user_id = ",
            $user,
            ", false) or coalesce(",
            $units,
            " like '%,' || cast(c.reported_unit_id as text) || ',%', false))"
        )
    };
}

macro_rules! matching {
    () => {
        concat!(
            " and id < $2 and id >= $3
            and (cast($4 as text) is null or kind like $4 escape '!')
            and (cast($5 as text) is null or actor = $5)
            and (subject_kind <> 'case' or not coalesce((select ",
            about_reader!("$7", "$8"),
            " from cases c where c.agency_id = $1 and c.id = subject_id), false))
            order by id desc limit $6"
        )
    };
}

tanggap_store::sql! {
    SEARCH = concat!("select id, seq, at, kind, subject_kind, subject_id, actor, on_behalf_of,
        body, hash from events where agency_id = $1", matching!());
    OF_SUBJECT = concat!("select id, seq, at, kind, subject_kind, subject_id, actor, on_behalf_of,
        body, hash from events where agency_id = $1 and subject_id = $9", matching!());
    CASE = concat!("select id from cases c where agency_id = $1 and code = $2 and not ",
        about_reader!("$3", "$4"));
    CODES = "select id, code from cases where agency_id = $1
        and id in (select cast(value as bigint) from json_array_elements_text(cast($2 as json)))",
        sqlite: "select id, code from cases where agency_id = $1
        and id in (select value from json_each($2))";
}

/// What events are about: the first part of their kinds.
pub(crate) const GROUPS: [&str; 18] = [
    "case", "message", "contact", "user", "unit", "agency", "calendar", "category", "profile",
    "token", "job", "mail", "work", "presence", "queue", "skill", "wall", "watch",
];

/// What is looked for.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// The first part of the kind; empty: all.
    pub group: String,
    /// Who did it.
    pub actor: Option<Actor>,
    /// What it happened to.
    pub subject_id: Option<i64>,
    /// Not before.
    pub from: Timestamp,
    /// Not after.
    pub to: Option<Timestamp>,
    /// Begin before this event.
    pub before: Option<EventId>,
    /// At most so many.
    pub limit: i64,
}

/// An event as the log has it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub id: EventId,
    /// Its number in the chain; none until it is sealed, a moment later.
    pub seq: Option<i64>,
    pub at: Timestamp,
    pub kind: String,
    pub subject_kind: String,
    pub subject_id: i64,
    pub actor: String,
    pub on_behalf_of: Option<String>,
    pub body: String,
    pub hash: Vec<u8>,
}

impl Entry {
    /// The member of staff who did it, where it was one.
    pub(crate) fn user(&self) -> Option<UserId> {
        match Actor::parse(&self.actor) {
            Some(Actor::User(id)) => Some(id),
            _ => None,
        }
    }
}

/// Events that match, the newest first.
pub(crate) fn search(tx: &mut Tx<'_>, access: &Access, search: &Search) -> Result<Vec<Entry>> {
    let before = search.before.map_or(i64::MAX, |id| id.0);
    // Ids are ordered by time, so that a stretch of time is a stretch of ids.
    let end = search.to.map_or(i64::MAX, |to| tanggap_kernel::id::floor_at(to.plus(1_000)));
    let (before, floor) = (before.min(end), tanggap_kernel::id::floor_at(search.from));
    let known = GROUPS.contains(&search.group.as_str());
    let pattern = known.then(|| format!("{}.%", search.group));
    let actor = search.actor.map(|actor| actor.to_string());
    let (agency, limit, (me, units)) = (access.agency_id, search.limit, reader(access));
    let entries = match search.subject_id {
        None => {
            let args = params![agency, before, floor, pattern, actor, limit, me, units];
            tx.all(&SEARCH, args, read)?
        }
        Some(subject) => {
            let args = params![agency, before, floor, pattern, actor, limit, me, units, subject];
            tx.all(&OF_SUBJECT, args, read)?
        }
    };
    Ok(entries)
}

/// Who reads: their id (0: nobody's), and their units as `,id,id,`.
fn reader(access: &Access) -> (i64, String) {
    let units: String = access.member_of.iter().map(|unit| format!("{},", unit.0)).collect();
    (access.user().map_or(0, |user| user.0), format!(",{units}"))
}

/// The id behind what somebody typed: a tracking code, or an id.
pub(crate) fn subject(tx: &mut Tx<'_>, access: &Access, typed: &str) -> Result<Option<i64>> {
    if let Some(code) = tanggap_kernel::code::parse(typed) {
        let (me, units) = reader(access);
        let args = params![access.agency_id, code, me, units];
        let case = tx.opt(&CASE, args, |row| row.int())?;
        if case.is_some() {
            return Ok(case);
        }
    }
    Ok(tanggap_kernel::id::from_text(typed.trim()))
}

/// The tracking codes of cases.
pub(crate) fn codes(tx: &mut Tx<'_>, access: &Access, ids: &[i64]) -> Result<HashMap<i64, String>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = serde_json::to_string(ids)?;
    let rows =
        tx.all(&CODES, params![access.agency_id, ids], |row| Ok((row.int()?, row.text()?)))?;
    Ok(rows.into_iter().collect())
}

/// Who is meant by what somebody typed: a sign-in name, part of a name that fits one person only,
/// or the words of the log (`citizen`, `system`).
pub(crate) fn actor(tx: &mut Tx<'_>, access: &Access, typed: &str) -> Result<Option<Actor>> {
    if let Some(actor) = Actor::parse(typed.trim()) {
        return Ok(Some(actor));
    }
    let wanted = super::People {
        text: typed.to_owned(),
        inactive: true,
        limit: 1,
        ..super::People::default()
    };
    let found = super::people(tx, access, &wanted)?;
    Ok(found.rows.first().map(|(user, _)| Actor::User(user.id)))
}

fn read(row: &mut Row<'_>) -> Result<Entry, Fault> {
    Ok(Entry {
        id: row.int()?,
        seq: row.opt_int()?,
        at: row.int()?,
        kind: row.text()?,
        subject_kind: row.text()?,
        subject_id: row.int()?,
        actor: row.text()?,
        on_behalf_of: row.opt_text()?,
        body: row.text()?,
        hash: row.opt_bytes()?.unwrap_or_default(),
    })
}
