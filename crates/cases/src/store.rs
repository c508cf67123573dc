//! Cases, deadlines and follow-ups as rows.

use tanggap_calendar::{Kind, Owner, Unit};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Fault, Refusal, Result, Timestamp, Value, params};
use tanggap_store::vouch::Vouched;
use tanggap_store::{Row, Tx, sql};

use crate::model::{
    Case, CaseDeadline, CaseId, Clock, Details, FollowUp, FollowUpState, NextDue, Status,
};

/// Where a case without a running deadline is sorted: after all others.
pub const NEVER: Timestamp = Timestamp::from_micros(i64::MAX);
/// Events of one case that are looked at.
const HISTORY_MAX: i64 = 5000;

macro_rules! columns {
    () => {
        "id, code, kind, status, subject, category_id, channel, unit_id, owner_id, contact_id,
        proxy_for, anonymous, confidential, region_code, place, details, reported_unit_id,
        reported_user_id, profile_id, profile_version, received_at, due_at, risk_at, due_policy,
        escalation, returns, reopens, objected_at, answered_at, closed_at, rating, unproven,
        awaiting, updated_at, version"
    };
}
pub(crate) use columns;

/// What a move may change, in the order of [`changing`].
macro_rules! changing {
    () => {
        "kind, status, open, category_id, unit_id, owner_id, anonymous, confidential, profile_id,
        profile_version, due_at, risk_at, due_policy, escalation, returns, reopens, objected_at,
        answered_at, closed_at, rating, awaiting, updated_at"
    };
}

sql! {
    INSERT = concat!("insert into cases (agency_id, id, version, ", changing!(), ", code, subject,
        channel, proxy_for, region_code, place, details, received_at, salt, pin_hash, contact_id,
        reported_unit_id, reported_user_id, unproven)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36,
        $37, $38, $39)");
    AS_WRITTEN = "select salt, code, subject, channel, proxy_for, region_code, place, details,
        received_at from cases where agency_id = $1 and id = $2";
    COUNT = @scan("the audit command counts everything") "select count(*) from cases
        where agency_id = $1 and id >= $2 and id < $3";
    UPDATE = concat!("update cases set (", changing!(), ") = ($4, $5, $6, $7, $8, $9, $10, $11,
        $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25),
        version = version + 1 where agency_id = $1 and id = $2 and version = $3");
    FIND = concat!("select ", columns!(), " from cases where agency_id = $1 and id = $2");
    BY_CODE = concat!("select ", columns!(), " from cases where agency_id = $1 and code = $2");
    OF_CONTACT = concat!("select ", columns!(), " from cases where agency_id = $1
        and contact_id = $2 and contact_id is not null order by id desc limit $3");
    SET_REPORTED = "update cases set reported_unit_id = $3, reported_user_id = $4
        where agency_id = $1 and id = $2";
    PIN = "select pin_hash from cases where agency_id = $1 and id = $2";
    PIN_REPLACED = "select 1 from events where agency_id = $1 and subject_id = $2 and id >= $3
        and at > $4 and kind = 'case.pin_replaced' limit 1";
    SET_PIN = "update cases set pin_hash = $3 where agency_id = $1 and id = $2";
    DEADLINES = "select policy, owner, starts_at, limit_count, unit, first_due_at, due_at,
        due_date, state, paused_at, pauses, extended, warned, warn_at, risk_at, ended_at, source
        from case_deadlines where agency_id = $1 and case_id = $2 order by starts_at, due_at";
    SAVE_DEADLINE = "insert into case_deadlines (agency_id, case_id, policy, owner, starts_at,
        limit_count, unit, first_due_at, due_at, due_date, state, paused_at, pauses, extended,
        warned, warn_at, risk_at, ended_at, source)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
        $19) on conflict (agency_id, case_id, policy, starts_at) do update set
        owner = excluded.owner, unit = excluded.unit, first_due_at = excluded.first_due_at,
        source = excluded.source, limit_count = excluded.limit_count, due_at = excluded.due_at,
        due_date = excluded.due_date, state = excluded.state, paused_at = excluded.paused_at,
        pauses = excluded.pauses, extended = excluded.extended, warned = excluded.warned,
        warn_at = excluded.warn_at, risk_at = excluded.risk_at, ended_at = excluded.ended_at";
    FOLLOW_UPS = "select id, unit_id, state, instruction, agreed_days, due_at, forwarded_at,
        accepted_at, ended_at, reason from follow_ups where agency_id = $1 and case_id = $2
        order by id";
    INSERT_FOLLOW_UP = "insert into follow_ups (agency_id, case_id, id, unit_id, state,
        instruction, agreed_days, due_at, forwarded_by, forwarded_at)
        values ($1, $2, $3, $4, 'pending', $5, $6, $7, $8, $9)";
    UPDATE_FOLLOW_UP = "update follow_ups set state = $4,
        accepted_by = coalesce(accepted_by, $5), accepted_at = $6,
        ended_at = $7, reason = $8 where agency_id = $1 and case_id = $2 and id = $3";
    MOVE_FOLLOW_UP = "update follow_ups set due_at = $4
        where agency_id = $1 and case_id = $2 and id = $3";
    HISTORY = "select kind, at, body from events where agency_id = $1 and subject_id = $2
        and subject_kind = 'case' order by id limit $3";
    DRAFT = "select body from drafts where agency_id = $1 and case_id = $2 and user_id = $3";
    SAVE_DRAFT = "insert into drafts (agency_id, case_id, user_id, body, updated_at)
        values ($1, $2, $3, $4, $5) on conflict (agency_id, case_id, user_id) do update set
        body = excluded.body, updated_at = excluded.updated_at";
    DROP_DRAFT = "delete from drafts where agency_id = $1 and case_id = $2 and user_id = $3";
}

/// The log vouches for what was reported.
pub static CASES: Vouched = Vouched { kind: "case", row: &AS_WRITTEN, count: &COUNT };

/// Stores a new case with what its PIN is kept as.
///
/// # Errors
/// A fault of the engine.
pub fn insert(tx: &mut Tx<'_>, access: &Access, case: &Case, pin_hash: &[u8]) -> Result<()> {
    let written = params![
        &case.code,
        &case.subject,
        &case.channel,
        case.proxy_for.as_deref(),
        case.region_code.as_deref(),
        &case.place,
        serde_json::to_string(&case.details)?,
        case.received_at,
    ];
    let salt = tx.vouch(access.agency_id, CASES.kind, case.id.0, written)?;
    let beside = params![
        salt,
        pin_hash,
        case.contact_id,
        case.reported_unit_id,
        case.reported_user_id,
        case.unproven,
    ];
    let row = [&changing(access, case), written, beside].concat();
    tx.put(&INSERT, &row)?;
    Ok(())
}

/// Stores whom a case is about; with it goes [`update`].
///
/// # Errors
/// A fault of the engine.
pub fn set_reported(tx: &mut Tx<'_>, access: &Access, case: &Case) -> Result<(), Fault> {
    let about = params![access.agency_id, case.id, case.reported_unit_id, case.reported_user_id];
    tx.put(&SET_REPORTED, about)
}

/// Stores a changed case.
///
/// # Errors
/// [`Refusal::Stale`] where somebody else changed it meanwhile, or a fault.
pub fn update(tx: &mut Tx<'_>, access: &Access, case: &Case) -> Result<()> {
    let changed = tx.exec(&UPDATE, &changing(access, case))?;
    if changed == 0 { Err(Refusal::Stale.into()) } else { Ok(()) }
}

/// Which case in which version, and the values of what may change.
fn changing<'c>(access: &Access, case: &'c Case) -> Vec<Value<'c>> {
    let (due_at, risk_at, policy) = match &case.due {
        Some(due) => (due.at, due.risk_at, Some(due.policy.as_str())),
        None => (NEVER, NEVER, None),
    };
    params![
        access.agency_id,
        case.id,
        case.version,
        case.kind.as_str(),
        case.status.as_str(),
        case.status.is_open(),
        case.category_id,
        case.unit_id,
        case.owner_id,
        case.anonymous,
        case.confidential,
        &case.profile.0,
        case.profile.1,
        due_at,
        risk_at,
        policy,
        case.escalation,
        case.returns,
        case.reopens,
        case.objected_at,
        case.answered_at,
        case.closed_at,
        case.rating,
        case.awaiting,
        case.updated_at,
    ]
    .to_vec()
}

/// A case of the agency, whoever asks. Use cases go through [`crate::actions::load`].
///
/// # Errors
/// A fault of the engine.
pub fn find(tx: &mut Tx<'_>, access: &Access, id: CaseId) -> Result<Option<Case>, Fault> {
    tx.opt(&FIND, params![access.agency_id, id], read)
}

/// A case by its code, as [`tanggap_kernel::code::parse`] gives it.
///
/// # Errors
/// A fault of the engine.
pub fn by_code(tx: &mut Tx<'_>, access: &Access, code: &str) -> Result<Option<Case>, Fault> {
    tx.opt(&BY_CODE, params![access.agency_id, code], read)
}

/// The newest cases of a contact.
///
/// # Errors
/// A fault of the engine.
pub fn of_contact(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: tanggap_contacts::ContactId,
    limit: i64,
) -> Result<Vec<Case>, Fault> {
    tx.all(&OF_CONTACT, params![access.agency_id, contact, limit], read)
}

/// Says that the newest cases of a contact will be read soon (see [`Tx::ahead`]).
///
/// # Errors
/// A fault of the engine.
pub fn of_contact_ahead(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: tanggap_contacts::ContactId,
    limit: i64,
) -> Result<(), Fault> {
    tx.ahead(&OF_CONTACT, params![access.agency_id, contact, limit])
}

/// What the PIN of a case is kept as.
///
/// # Errors
/// A fault of the engine.
pub fn pin_hash(tx: &mut Tx<'_>, access: &Access, id: CaseId) -> Result<Vec<u8>, Fault> {
    tx.one(&PIN, params![access.agency_id, id], |row| row.bytes())
}

/// Whether the PIN of a case was replaced after `at`.
///
/// # Errors
/// A fault of the engine.
pub fn pin_replaced_after(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CaseId,
    at: Timestamp,
) -> Result<bool, Fault> {
    // Ids are ordered by time.
    let floor = tanggap_kernel::id::floor_at(at);
    let args = params![access.agency_id, id, floor, at];
    Ok(tx.opt(&PIN_REPLACED, args, |row| row.int::<i64>())?.is_some())
}

/// Replaces what the PIN is kept as.
///
/// # Errors
/// A fault of the engine.
pub fn set_pin(tx: &mut Tx<'_>, access: &Access, id: CaseId, hash: &[u8]) -> Result<(), Fault> {
    tx.put(&SET_PIN, params![access.agency_id, id, hash])
}

pub(crate) fn read(row: &mut Row<'_>) -> Result<Case, Fault> {
    let bad = |what: &str| Fault::new(format!("cases.{what} is damaged"));
    let (id, code) = (row.int()?, row.text()?);
    let kind: Kind = row.text()?.parse().map_err(|_| bad("kind"))?;
    let status = Status::parse(&row.text()?).ok_or_else(|| bad("status"))?;
    Ok(Case {
        id,
        code,
        kind,
        status,
        subject: row.text()?,
        category_id: row.int()?,
        channel: row.text()?,
        unit_id: row.opt_int()?,
        owner_id: row.opt_int()?,
        contact_id: row.opt_int()?,
        proxy_for: row.opt_text()?,
        anonymous: row.bool()?,
        confidential: row.bool()?,
        region_code: row.opt_text()?,
        place: row.text()?,
        details: serde_json::from_str::<Details>(&row.text()?).map_err(|_| bad("details"))?,
        reported_unit_id: row.opt_int()?,
        reported_user_id: row.opt_int()?,
        profile: (row.text()?, u32::try_from(row.int::<i64>()?).map_err(|_| bad("profile"))?),
        received_at: row.int()?,
        due: read_due(row)?,
        escalation: row.int()?,
        returns: row.int()?,
        reopens: row.int()?,
        objected_at: row.opt_int()?,
        answered_at: row.opt_int()?,
        closed_at: row.opt_int()?,
        rating: row.opt_int()?,
        unproven: row.bool()?,
        awaiting: row.bool()?,
        updated_at: row.int()?,
        version: row.int()?,
    })
}

pub(crate) fn read_due(row: &mut Row<'_>) -> Result<Option<NextDue>, Fault> {
    let (at, risk_at, policy) = (row.int()?, row.int()?, row.opt_text()?);
    Ok(policy.map(|policy| NextDue { policy, at, risk_at }))
}

/// Says that what stands around a case will be read soon, for `user` who opened it (see
/// [`Tx::ahead`]).
///
/// # Errors
/// A fault of the engine.
pub fn ahead(tx: &mut Tx<'_>, access: &Access, case: CaseId, user: UserId) -> Result<(), Fault> {
    tx.ahead(&DEADLINES, params![access.agency_id, case])?;
    tx.ahead(&FOLLOW_UPS, params![access.agency_id, case])?;
    tx.ahead(&DRAFT, params![access.agency_id, case, user])
}

/// The deadlines of a case, oldest first.
///
/// # Errors
/// A fault of the engine.
pub fn deadlines(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
) -> Result<Vec<CaseDeadline>, Fault> {
    tx.all(&DEADLINES, params![access.agency_id, case], |row| {
        let bad = |what: &str| Fault::new(format!("case_deadlines.{what} is damaged"));
        Ok(CaseDeadline {
            policy: row.text()?,
            owner: row.text()?.parse::<Owner>().map_err(|_| bad("owner"))?,
            starts_at: row.int()?,
            limit: row.int()?,
            unit: row.text()?.parse::<Unit>().map_err(|_| bad("unit"))?,
            first_due_at: row.int()?,
            due_at: row.int()?,
            due_date: row.text()?,
            state: Clock::parse(&row.text()?),
            paused_at: row.opt_int()?,
            pauses: serde_json::from_str(&row.text()?).map_err(|_| bad("pauses"))?,
            extended: row.bool()?,
            warned: row.int()?,
            warn_at: row.opt_int()?,
            risk_at: row.int()?,
            ended_at: row.opt_int()?,
            source: row.text()?,
        })
    })
}

/// Stores deadlines, new or changed.
///
/// # Errors
/// A fault of the engine.
pub fn save_deadlines<'d>(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    deadlines: impl IntoIterator<Item = &'d CaseDeadline>,
) -> Result<()> {
    let mut rows = Vec::new();
    for d in deadlines {
        let row = params![
            access.agency_id,
            case,
            &d.policy,
            d.owner.as_str(),
            d.starts_at,
            d.limit,
            d.unit.as_str(),
            d.first_due_at,
            d.due_at,
            &d.due_date,
            d.state.as_str(),
            d.paused_at,
            serde_json::to_string(&d.pauses)?,
            d.extended,
            d.warned,
            d.warn_at,
            d.risk_at,
            d.ended_at,
            &d.source,
        ];
        rows.push(row.to_vec());
    }
    Ok(tx.put_all(&SAVE_DEADLINE, &rows)?)
}

/// What happened to a case, as its log tells it: what, when, and where it stood afterwards.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn history(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
) -> Result<Vec<(String, Timestamp, Option<Status>)>, Fault> {
    tx.all(&HISTORY, params![access.agency_id, case, HISTORY_MAX], |row| {
        let (kind, at, body) = (row.text()?, row.int()?, row.text()?);
        let facts: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        Ok((kind, at, facts["status"].as_str().and_then(Status::parse)))
    })
}

/// The follow-ups of a case, oldest first.
///
/// # Errors
/// A fault of the engine.
pub fn follow_ups(tx: &mut Tx<'_>, access: &Access, case: CaseId) -> Result<Vec<FollowUp>, Fault> {
    tx.all(&FOLLOW_UPS, params![access.agency_id, case], |row| {
        Ok(FollowUp {
            id: row.int()?,
            unit_id: row.int()?,
            state: FollowUpState::parse(&row.text()?),
            instruction: row.text()?,
            agreed_days: row.int()?,
            due_at: row.int()?,
            forwarded_at: row.int()?,
            accepted_at: row.opt_int()?,
            ended_at: row.opt_int()?,
            reason: row.opt_text()?,
        })
    })
}

/// Stores a new follow-up.
///
/// # Errors
/// A fault of the engine.
pub fn insert_follow_up(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    new: &FollowUp,
) -> Result<(), Fault> {
    let row = params![
        access.agency_id,
        case,
        new.id,
        new.unit_id,
        &new.instruction,
        new.agreed_days,
        new.due_at,
        access.actor,
        new.forwarded_at,
    ];
    tx.put(&INSERT_FOLLOW_UP, row)
}

/// Stores a changed follow-up.
///
/// # Errors
/// A fault of the engine.
pub fn update_follow_up(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    changed: &FollowUp,
) -> Result<(), Fault> {
    let accepted_by = changed.accepted_at.map(|_| access.actor.to_string());
    let row = params![
        access.agency_id,
        case,
        changed.id,
        changed.state.as_str(),
        accepted_by,
        changed.accepted_at,
        changed.ended_at,
        changed.reason.as_deref(),
    ];
    tx.put(&UPDATE_FOLLOW_UP, row)
}

/// Stores another end of a follow-up's agreed time.
///
/// # Errors
/// A fault of the engine.
pub fn move_follow_up(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    moved: &FollowUp,
) -> Result<(), Fault> {
    tx.put(&MOVE_FOLLOW_UP, params![access.agency_id, case, moved.id, moved.due_at])
}

/// What a member of staff was writing on a case; empty where nothing.
///
/// # Errors
/// A fault of the engine.
pub fn draft(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    user: UserId,
) -> Result<String, Fault> {
    let key = params![access.agency_id, case, user];
    Ok(tx.opt(&DRAFT, key, |row| row.text())?.unwrap_or_default())
}

/// Keeps what a member of staff is writing; an empty text is forgotten.
///
/// # Errors
/// A fault of the engine.
pub fn save_draft(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    user: UserId,
    body: &str,
) -> Result<(), Fault> {
    if body.trim().is_empty() {
        return tx.put(&DROP_DRAFT, params![access.agency_id, case, user]);
    }
    let now = tx.now();
    tx.put(&SAVE_DRAFT, params![access.agency_id, case, user, body, now])
}
