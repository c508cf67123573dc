//! What the log says of one case, and how far the log is.

use tanggap_cases::model::CaseId;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Access, AgencyId, Fault, Timestamp, params};
use tanggap_store::{Tx, sql};

use crate::unit::Owed;

/// The most events of a case that one page shows.
const SHOWN_MAX: i64 = 500;

sql! {
    OF_CASE = "select at, kind, actor, body from events where agency_id = $1
        and subject_id = $2 and subject_kind = 'case' order by id limit $3";
    LAST = "select body from events where agency_id = $1 and subject_id = $2
        and subject_kind = 'case' order by id desc limit $3";
    OWED = "select case_id, due_at, instruction from follow_ups where agency_id = $1
        and unit_id = $2 and state in ('pending', 'accepted') order by due_at limit $3";
    ABOUT = "select 1 from cases where agency_id = $1 and open and reported_user_id = $2
        limit 1";
    TITLE_OF_CASE = "select subject, code from cases where agency_id = $1 and id = $2";
    TITLE_OF_TALK = "select i.subject, c.code from interactions i left join cases c
        on c.agency_id = i.agency_id and c.id = i.case_id where i.agency_id = $1 and i.id = $2";
    HEAD = "select seq from chain_heads where agency_id = $1";
    SINCE = "select subject_kind, subject_id from events where agency_id = $1 and seq > $2
        order by seq limit $3";
}

/// Something that happened to a case.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    /// When.
    pub at: Timestamp,
    /// What: `case.forwarded`.
    pub kind: String,
    /// Who, as text of an actor.
    pub actor: String,
    /// The facts.
    pub facts: serde_json::Value,
}

/// Says that the log of a case will be read soon (see [`Tx::ahead`]).
pub(crate) fn ahead(tx: &mut Tx<'_>, access: &Access, case: CaseId) -> Result<(), Fault> {
    tx.ahead(&OF_CASE, params![access.agency_id, case, SHOWN_MAX])?;
    head_ahead(tx, access.agency_id)
}

/// Says that the number of the newest event will be read soon (see [`Tx::ahead`]).
pub(crate) fn head_ahead(tx: &mut Tx<'_>, agency: AgencyId) -> Result<(), Fault> {
    tx.ahead(&HEAD, params![agency])
}

/// What happened to a case, oldest first.
pub(crate) fn of_case(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
) -> Result<Vec<Happened>, Fault> {
    tx.all(&OF_CASE, params![access.agency_id, case, SHOWN_MAX], |row| {
        Ok(Happened {
            at: row.int()?,
            kind: row.text()?,
            actor: row.text()?,
            facts: serde_json::from_str(&row.text()?).unwrap_or_default(),
        })
    })
}

/// Who had a case lately: those whose own lists its last few events may have changed.
pub(crate) fn owners_lately(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    case: CaseId,
) -> Result<Vec<UserId>, Fault> {
    let bodies = tx.all(&LAST, params![agency, case, 3], |row| row.text())?;
    let facts = bodies.iter().filter_map(|b| serde_json::from_str::<serde_json::Value>(b).ok());
    Ok(facts.filter_map(|facts| UserId::parse(facts["owner"].as_str()?)).collect())
}

/// What a unit still owes: until when, and what was asked for.
pub(crate) fn owed(tx: &mut Tx<'_>, agency: AgencyId, unit: UnitId) -> Result<Owed, Fault> {
    tx.all(&OWED, params![agency, unit, SHOWN_MAX], |row| {
        Ok((row.int()?, (row.int()?, row.text()?)))
    })
}

/// Whether an open complaint is about this person.
pub(crate) fn is_complained_of(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    user: UserId,
) -> Result<bool, Fault> {
    Ok(tx.opt(&ABOUT, params![agency, user], |_| Ok(()))?.is_some())
}

/// The number of the newest event of an agency.
pub(crate) fn head(tx: &mut Tx<'_>, agency: AgencyId) -> Result<i64, Fault> {
    Ok(tx.opt(&HEAD, params![agency], |row| row.int())?.unwrap_or(0))
}

/// The cases that events after `seq` are about; `None` where there are more events than `limit`.
pub(crate) fn cases_since(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    seq: i64,
    limit: i64,
) -> Result<Option<Vec<CaseId>>, Fault> {
    let rows: Vec<(String, i64)> =
        tx.all(&SINCE, params![agency, seq, limit + 1], |row| Ok((row.text()?, row.int()?)))?;
    if rows.len() as i64 > limit {
        return Ok(None);
    }
    let mut cases: Vec<CaseId> = Vec::new();
    for (kind, id) in rows {
        if kind == "case" && !cases.contains(&CaseId(id)) {
            cases.push(CaseId(id));
        }
    }
    Ok(Some(cases))
}

/// What a case is called, and its code.
pub(crate) fn title_of_case(
    tx: &mut Tx<'_>,
    access: &Access,
    case: i64,
) -> Result<(String, Option<String>), Fault> {
    let found = tx.opt(&TITLE_OF_CASE, params![access.agency_id, case], |row| {
        Ok((row.text()?, row.opt_text()?))
    })?;
    Ok(found.unwrap_or_default())
}

/// What an exchange is called, and the code of its case where it has one.
pub(crate) fn title_of_talk(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: i64,
) -> Result<(String, Option<String>), Fault> {
    let found = tx.opt(&TITLE_OF_TALK, params![access.agency_id, interaction], |row| {
        Ok((row.text()?, row.opt_text()?))
    })?;
    Ok(found.unwrap_or_default())
}
