//! Lists, counts and figures over cases, by keyset and index.
//!
//! A list of open cases is driven by the index that fits what was asked for (status, unit, owner,
//! kind, or due date) and filtered by the rest; it never shows a complaint to those whom it is
//! about. Counts are made by the same conditions, so that they equal what the list shows.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;

use tanggap_calendar::Kind;
use tanggap_contacts::ContactId;
use tanggap_conversations::MessageId;
use tanggap_kernel::id::UnitId;
use tanggap_kernel::{Access, Permission, Result, Scope, Timestamp, Value, params};
use tanggap_store::{Tx, sql};

pub use crate::filter::{Filter, Order};
pub use crate::lists::{list, list_any};
use crate::model::{Case, CaseId, Status};
use crate::store::{columns, read};

/// The most rows that one page shows.
pub const PAGE_MAX: i64 = 100;

// Who asks decides what exists: $4 is the user, $5 their units and $6 the units in reach (null:
// the whole agency), both as `,id,id,`. Casts tell PostgreSQL the types of nulls.
macro_rules! not_about {
    () => {
        " and (reported_user_id is null or reported_user_id <> $4)
        and (reported_unit_id is null
            or $5 not like '%,' || cast(reported_unit_id as text) || ',%')"
    };
}

// `case`: where there is no $6 nothing is put together for each row. It leaves the plan as it is.
macro_rules! seen_by {
    () => {
        concat!(
            not_about!(),
            " and case when cast($6 as text) is null then true
            else $6 like '%,' || cast(unit_id as text) || ',%' end"
        )
    };
}
pub(crate) use {not_about, seen_by};

macro_rules! wanted {
    () => {
        " and (cast($7 as text) is null or status = $7)
        and (cast($8 as text) is null or kind = $8)
        and (cast($9 as bigint) is null or unit_id = $9)
        and (cast($10 as bigint) is null or owner_id = $10)
        and (cast($11 as bigint) is null or due_at < $11)
        and (cast($12 as bigint) is null or risk_at <= $12)
        and (cast($13 as bigint) is null or escalation >= $13)
        and (cast($14 as boolean) is null or awaiting = $14)
        and (cast($15 as bigint) is null or received_at >= $15)
        and (cast($16 as bigint) is null or received_at < $16)
        and (cast($18 as bigint) is null or due_at >= $18)
        and (cast($19 as boolean) is null or (unit_id is null) = $19)"
    };
}

macro_rules! open_list {
    ($driver:literal) => {
        concat!(
            "select ",
            columns!(),
            " from cases where agency_id = $1 and open and (due_at, id) > ($2, $3)",
            $driver,
            seen_by!(),
            wanted!(),
            " order by due_at, id limit $17"
        )
    };
}

// The usual lists of who sees the whole agency: one plan is good for all values of these.
macro_rules! usual_list {
    ($driver:literal) => {
        concat!(
            "select ",
            columns!(),
            " from cases where agency_id = $1 and open and (due_at, id) > ($2, $3)",
            $driver,
            not_about!(),
            " order by due_at, id limit $6"
        )
    };
}

// All whose reporter waits, ended ones last: those have no deadline any more.
macro_rules! awaiting_list {
    () => {
        concat!(
            "select ",
            columns!(),
            " from cases where agency_id = $1 and awaiting and (due_at, id) > ($2, $3)",
            seen_by!(),
            wanted!(),
            " order by due_at, id limit $17"
        )
    };
}

macro_rules! newest_list {
    ($driver:literal) => {
        concat!(
            "select ",
            columns!(),
            " from cases where agency_id = $1 and id < $2 and $3 = 0",
            $driver,
            seen_by!(),
            wanted!(),
            " order by id desc limit $17"
        )
    };
}

macro_rules! closed_list {
    ($driver:literal) => {
        concat!(
            "select ",
            columns!(),
            " from cases where agency_id = $1 and closed_at is not null
            and (closed_at, id) < ($2, $3)",
            $driver,
            seen_by!(),
            wanted!(),
            " order by closed_at desc, id desc limit $17"
        )
    };
}

sql! {
    OPEN = open_list!("");
    OPEN_BY_STATUS = open_list!(" and status = $7");
    OPEN_BY_KIND = open_list!(" and kind = $8");
    OPEN_BY_UNIT = open_list!(" and unit_id = $9");
    OPEN_BY_OWNER = open_list!(" and owner_id = $10");
    USUAL = usual_list!("");
    USUAL_BY_STATUS = usual_list!(" and status = $7");
    USUAL_BY_OWNER = usual_list!(" and owner_id = $7");
    USUAL_BEFORE = usual_list!(" and due_at < $7");
    // Both in their order: only as many rows are read as are shown.
    USUAL_BY_EITHER = concat!("select * from (", usual_list!(" and status = $7"),
        ") a union all select * from (", usual_list!(" and status = $8"),
        ") b order by due_at, id limit $6");
    AWAITING = awaiting_list!();
    NEWEST = newest_list!("");
    NEWEST_BY_STATUS = newest_list!(" and status = $7");
    NEWEST_BY_KIND = newest_list!(" and kind = $8");
    NEWEST_BY_UNIT = newest_list!(" and unit_id = $9");
    CLOSED = closed_list!("");
    CLOSED_BY_UNIT = closed_list!(" and unit_id = $9");
    COUNT_OPEN = concat!("select count(*) from cases where agency_id = $1 and open and $2 = 0
        and $3 = 0", seen_by!(), wanted!(), " and cast($17 as boolean)");
    COUNT_AWAITING = concat!("select count(*) from cases where agency_id = $1 and awaiting
        and $2 = 0 and $3 = 0", seen_by!(), wanted!(),
        " and (cast($17 as boolean) is null or open = $17)");
    AWAITING_ENDED = concat!("select count(*) from cases where agency_id = $1 and awaiting
        and not open and $2 = 0 and $3 = 0", seen_by!());
    COUNT = @scan("counts what one filter finds; bounded by the open cases or asked for by name")
        concat!("select count(*) from cases where agency_id = $1 and $2 = 0 and $3 = 0",
        seen_by!(), wanted!(), " and (cast($17 as boolean) is null or open = $17)");
    COUNT_PLAIN = @scan("one range of an index that holds all it asks for")
        concat!("select count(*) from cases where agency_id = $1 and $2 = 0 and $3 = 0",
        seen_by!(), " and (cast($7 as text) is null or status = $7)
        and (cast($8 as bigint) is null or unit_id = $8)");
    COUNT_OF_KIND = @scan("one range of an index that holds all it asks for")
        concat!("select count(*) from cases where agency_id = $1 and $2 = 0 and $3 = 0",
        seen_by!(), " and kind = $7");
    QUEUES = concat!("select status, count(*),
        cast(coalesce(sum(case when due_at < $2 then 1 else 0 end), 0) as bigint),
        cast(coalesce(sum(case when due_at >= $2 and risk_at <= $3 then 1 else 0 end), 0)
            as bigint),
        cast(coalesce(sum(case when escalation > 0 then 1 else 0 end), 0) as bigint),
        cast(coalesce(sum(case when awaiting then 1 else 0 end), 0) as bigint),
        cast(coalesce(sum(case when owner_id = $4 then 1 else 0 end), 0) as bigint)
        from cases where agency_id = $1 and open", seen_by!(), " group by status");
    // `+` keeps the planner from reading each row in the order of units.
    BOARD = concat!("select +unit_id, kind, count(*),
        cast(coalesce(sum(case when due_at < $2 then 1 else 0 end), 0) as bigint),
        cast(coalesce(sum(case when due_at >= $2 and risk_at <= $2 then 1 else 0 end), 0)
            as bigint),
        cast(coalesce(sum(case when received_at >= $3 then 1 else 0 end), 0) as bigint),
        cast(coalesce(sum(case when received_at < $3 and received_at >= $7 then 1 else 0 end), 0)
            as bigint),
        cast(coalesce(sum(case when received_at < $7 and received_at >= $8 then 1 else 0 end), 0)
            as bigint),
        cast(coalesce(sum(case when received_at < $8 then 1 else 0 end), 0) as bigint)
        from cases where agency_id = $1 and open", seen_by!(), " group by +unit_id, kind");
    BY_IDS = concat!("select ", columns!(), " from cases where agency_id = $1 and $3 = 0
        and id in (select cast(value as bigint)
        from json_array_elements_text(cast($2 as json)))", seen_by!()),
        sqlite: concat!("select ", columns!(), " from cases where agency_id = $1 and $3 = 0
        and id in (select value from json_each($2))", seen_by!());
    OF_CONTACTS = concat!("select ", columns!(), " from cases where agency_id = $1 and $2 = 0
        and $3 = 0 and contact_id is not null and contact_id in (
            select cast(value as bigint) from json_array_elements_text(cast($7 as json)))",
        seen_by!(), " order by +id desc limit $8"),
        sqlite: concat!("select ", columns!(), " from cases where agency_id = $1 and $2 = 0
        and $3 = 0 and contact_id is not null and contact_id in (
            select value from json_each($7))",
        seen_by!(), " order by +id desc limit $8");
}

pub(crate) struct Reach {
    pub user: i64,
    pub member_of: String,
    pub units: Option<String>,
}

impl Reach {
    pub(crate) fn of(access: &Access) -> Self {
        Self::by(access, Permission::CaseRead)
    }

    /// What somebody reaches with one permission.
    pub(crate) fn by(access: &Access, permission: Permission) -> Self {
        let units = match access.scope(permission) {
            Scope::Agency => None,
            Scope::Units(units) => Some(joined(&units)),
        };
        let user = access.user().map_or(0, |user| user.0);
        Self { user, member_of: joined(&access.member_of), units }
    }

    /// The first six parameters of every statement here: the agency, a moment for both of its
    /// own, and who asks.
    pub(crate) fn bound<'a>(&'a self, access: &Access, at: i64) -> Vec<Value<'a>> {
        vec![
            access.agency_id.into(),
            at.into(),
            at.into(),
            self.user.into(),
            self.member_of.as_str().into(),
            self.units.as_deref().into(),
        ]
    }
}

fn joined(units: &[UnitId]) -> String {
    units.iter().fold(String::from(","), |mut text, unit| {
        // Writing to a string never fails.
        let _ = write!(text, "{},", unit.0);
        text
    })
}

pub(crate) fn list_params<'a>(
    access: &Access,
    reach: &'a Reach,
    filter: &Filter,
    (first, second): (i64, i64),
    last: Value<'a>,
) -> Vec<Value<'a>> {
    vec![
        access.agency_id.into(),
        first.into(),
        second.into(),
        reach.user.into(),
        reach.member_of.as_str().into(),
        reach.units.as_deref().into(),
        filter.status.map(Status::as_str).into(),
        filter.kind.map(Kind::as_str).into(),
        filter.unit.into(),
        filter.owner.into(),
        filter.due_before.into(),
        filter.risk_by.into(),
        filter.escalation.into(),
        filter.awaiting.into(),
        filter.received_from.into(),
        filter.received_until.into(),
        last,
        filter.due_from.into(),
        filter.at_desk.into(),
    ]
}

/// How many cases a filter finds; `open` restricts it to open or ended ones.
///
/// # Errors
/// A fault of the engine.
pub fn count(tx: &mut Tx<'_>, access: &Access, filter: &Filter, open: Option<bool>) -> Result<i64> {
    let reach = Reach::of(access);
    let plain = Filter { status: filter.status, unit: filter.unit, ..Filter::default() };
    let of_kind = Filter { kind: filter.kind, ..Filter::default() };
    if open.is_none() && (*filter == plain || *filter == of_kind) {
        let mut bound = reach.bound(access, 0);
        if let Some(kind) = filter.kind {
            bound.push(kind.as_str().into());
            return Ok(tx.one(&COUNT_OF_KIND, &bound, |row| row.int())?);
        }
        bound.extend([filter.status.map(Status::as_str).into(), filter.unit.into()]);
        return Ok(tx.one(&COUNT_PLAIN, &bound, |row| row.int())?);
    }
    let bound = list_params(access, &reach, filter, (0, 0), open.into());
    let statement = match (filter.awaiting, open) {
        (Some(true), _) => &COUNT_AWAITING,
        (_, Some(true)) => &COUNT_OPEN,
        _ => &COUNT,
    };
    Ok(tx.one(statement, &bound, |row| row.int())?)
}

/// How many open cases wait in each state, and how many need somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// By state.
    pub by_status: Vec<(Status, i64)>,
    /// Past their deadline.
    pub overdue: i64,
    /// 80 % of the limit gone.
    pub at_risk: i64,
    /// Escalated.
    pub escalated: i64,
    /// The citizen wrote and waits; on an ended case too.
    pub awaiting: i64,
    /// One's own.
    pub mine: i64,
    /// Outsiders who were asked, of whom something came that nobody has called read.
    pub inquiries: i64,
}

impl Queues {
    /// How many are in a state.
    #[must_use]
    pub fn of(&self, status: Status) -> i64 {
        self.by_status.iter().find(|(s, _)| *s == status).map_or(0, |(_, n)| *n)
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.by_status.iter().map(|(_, n)| n).sum()
    }
}

/// Counts the queues of the desk.
///
/// # Errors
/// A fault of the engine.
pub fn queues(tx: &mut Tx<'_>, access: &Access) -> Result<Queues> {
    let (reach, now) = (Reach::of(access), tx.now());
    let rows: Vec<(String, [i64; 6])> =
        tx.all(&QUEUES, &reach.bound(access, now.as_micros()), |row| {
            let status = row.text()?;
            let mut figures = [0; 6];
            for figure in &mut figures {
                *figure = row.int()?;
            }
            Ok((status, figures))
        })?;
    let ended: i64 = tx.one(&AWAITING_ENDED, &reach.bound(access, 0), |row| row.int())?;
    let inquiries = crate::inquiries::store::news(tx, access)?;
    let mut queues = Queues { awaiting: ended, inquiries, ..Queues::default() };
    for (status, [count, overdue, at_risk, escalated, awaiting, mine]) in rows {
        queues.by_status.extend(Status::parse(&status).map(|status| (status, count)));
        queues.overdue += overdue;
        queues.at_risk += at_risk;
        queues.escalated += escalated;
        queues.awaiting += awaiting;
        queues.mine += mine;
    }
    Ok(queues)
}

/// One cell of the supervisor's board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The unit; `None`: the desk.
    pub unit: Option<UnitId>,
    /// The kind.
    pub kind: Kind,
    /// Open cases.
    pub open: i64,
    /// Past their deadline.
    pub overdue: i64,
    /// 80 % of the limit gone.
    pub at_risk: i64,
    /// By age: younger than the first bound, between the bounds, older than the last.
    pub ages: [i64; 4],
}

/// The bounds between the ages of the board, in days.
pub const AGE_DAYS: [i64; 3] = [3, 14, 60];

/// The figures of the board: open cases by unit and kind.
///
/// # Errors
/// A fault of the engine.
pub fn board(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Cell>> {
    let (reach, now) = (Reach::of(access), tx.now());
    let [young, middle, old] = AGE_DAYS.map(|days| now.plus(-days * Timestamp::DAY));
    let bound = params![
        access.agency_id,
        now,
        young,
        reach.user,
        &reach.member_of,
        reach.units.as_deref(),
        middle,
        old,
    ];
    let cells = tx.all(&BOARD, bound, |row| {
        let unit = row.opt_int()?;
        let kind = row.text()?.parse().map_err(|_| damaged())?;
        let (open, overdue, at_risk) = (row.int()?, row.int()?, row.int()?);
        let ages = [row.int()?, row.int()?, row.int()?, row.int()?];
        Ok(Cell { unit, kind, open, overdue, at_risk, ages })
    })?;
    Ok(cells)
}

fn damaged() -> tanggap_kernel::Fault {
    tanggap_kernel::Fault::new("cases.kind is damaged")
}

/// The newest cases of some contacts.
///
/// # Errors
/// A fault of the engine.
pub fn of_contacts(
    tx: &mut Tx<'_>,
    access: &Access,
    contacts: &[ContactId],
    limit: i64,
) -> Result<Vec<Case>> {
    if contacts.is_empty() {
        return Ok(Vec::new());
    }
    let reach = Reach::of(access);
    let ids: Vec<i64> = contacts.iter().map(|contact| contact.0).collect();
    let mut bound = reach.bound(access, 0);
    bound.extend([serde_json::to_string(&ids)?.into(), limit.into()]);
    Ok(tx.all(&OF_CONTACTS, &bound, read)?)
}

/// Cases in whose conversation all words of `query` stand, those that spoke of it last first.
/// `after` is the message where the page before ended.
///
/// # Errors
/// A fault of the engine.
pub fn search(
    tx: &mut Tx<'_>,
    access: &Access,
    query: &str,
    after: Option<MessageId>,
    limit: i64,
    sqlite: bool,
) -> Result<(Vec<Case>, Option<MessageId>)> {
    let limit = limit.clamp(1, PAGE_MAX);
    // A case may be found by several messages, and some hits are not this person's to see.
    let wanted = limit * 3;
    let hits = tanggap_conversations::cases_with(tx, access, query, after, wanted, sqlite)?;
    let more = hits.len() as i64 == wanted;
    let mut ids: Vec<i64> = hits.iter().filter_map(|(case, _)| *case).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut theirs: HashMap<i64, Case> =
        of_ids(tx, access, &ids)?.into_iter().map(|case| (case.id.0, case)).collect();
    let mut last = None;
    let mut found: Vec<Case> = Vec::new();
    for (case_id, message) in hits {
        if found.len() as i64 == limit {
            return Ok((found, last));
        }
        last = Some(message);
        found.extend(case_id.and_then(|id| theirs.remove(&id)));
    }
    Ok((found, if more { last } else { None }))
}

/// Those of some cases that somebody may see.
pub(crate) fn of_ids(tx: &mut Tx<'_>, access: &Access, ids: &[i64]) -> Result<Vec<Case>> {
    let reach = Reach::of(access);
    let bound = params![
        access.agency_id,
        serde_json::json!(ids).to_string(),
        0i64,
        reach.user,
        &reach.member_of,
        reach.units.as_deref(),
    ];
    Ok(tx.all(&BY_IDS, bound, read)?)
}

/// Which of some cases somebody may see.
///
/// # Errors
/// A fault of the engine.
pub fn visible(tx: &mut Tx<'_>, access: &Access, ids: &[i64]) -> Result<HashSet<CaseId>> {
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    Ok(of_ids(tx, access, ids)?.into_iter().map(|case| case.id).collect())
}
