//! Hands rows that are due out to whoever sends, and takes their outcomes.
//!
//! A lane is an agency's account of a channel. One session at a time holds a lane, over all nodes,
//! by a lease; every row that it has in hand carries the session's token. So a node that died
//! leaves rows that the next session finds at once: what was only taken is free again, and what
//! was already being handed over is settled as [`rules::Assurance`] says. A node that stood still
//! and lost its lane cannot hand anything over, since [`turn`] tells it so before.

use std::collections::HashSet;

use serde_json::json;
use tanggap_kernel::{Access, AgencyId, Event, Fault, Result, Subject, Timestamp, id, params};
use tanggap_store::{Row, Tx, sql};

use super::receipts;
use super::rules::{self, Assurance, Outcome, Settled};
use super::suppressions::{self, Reason};
use super::{Outbound, OutboundId, Priority, SendState, columns, read};
use crate::window;

/// How long a lane is held without a sign of life (microseconds).
const LEASE_MICROS: i64 = 15 * Timestamp::SECOND;
/// Rows of a dead session that are looked at in one go.
const ORPHANS_AT_ONCE: i64 = 500;

sql! {
    NEXT_DUE_LANE = "select agency_id, channel, account_id from outbound
        where state = 'waiting' and lease_token = 0
        and (agency_id, channel, account_id) > ($1, $2, $3)
        order by agency_id, channel, account_id limit 1";
    NEXT_HELD_LANE = "select agency_id, channel, account_id from outbound
        where lease_token <> 0 and (agency_id, channel, account_id) > ($1, $2, $3)
        order by agency_id, channel, account_id limit 1";
    IS_DUE = "select due_at from outbound where agency_id = $1 and channel = $2
        and account_id = $3 and priority = $4 and state = 'waiting' and lease_token = 0
        order by due_at limit 1";
    DUE = concat!("select ", columns!(), " from outbound where agency_id = $1 and channel = $2
        and account_id = $3 and priority = $4 and state = 'waiting' and lease_token = 0
        and due_at <= $5 order by due_at, id limit $6");
    TAKE = "update outbound set lease_token = $3 where agency_id = $1 and id = $2
        and lease_token = 0 and state = 'waiting'";
    HOLD_BACK = "update outbound set state = 'suppressed', error = $3
        where agency_id = $1 and id = $2 and lease_token = 0 and state = 'waiting'";
    HAND_OVER = "update outbound set state = 'sending' where agency_id = $1 and id = $2
        and lease_token = $3 and state = 'waiting'";
    SETTLE = "update outbound set state = $4, attempts = attempts + $5, error = $6, due_at = $7,
        external_id = coalesce($8, external_id), parts = $9, sent_at = $10, lease_token = 0
        where agency_id = $1 and id = $2 and lease_token = $3";
    ORPHANS = concat!("select ", columns!(), ", lease_token from outbound where agency_id = $1
        and channel = $2 and account_id = $3 and lease_token <> 0 and lease_token <> $4
        order by id limit $5");
    NOTE = "update outbound set state = $3, attempts = attempts + 1, sent_at = $4, error = $5
        where agency_id = $1 and id = $2 and state = 'waiting' and lease_token = 0";
    HOLD = "insert into leases (name, holder, until) values ($1, $2, $3)
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.until <= $4 or leases.until > $5";
    RENEW = "update leases set until = $3 where name = $1 and holder = $2";
    LET_GO = "delete from leases where name = $1 and holder = $2";
}

/// An agency's account of a channel.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// Whose.
    pub agency_id: AgencyId,
    /// `email`, `sms`, `whatsapp` …
    pub channel: String,
    /// Which account; 0 for what the installation itself is configured with.
    pub account_id: i64,
}

impl Lane {
    fn lease(&self) -> String {
        format!("out:{}:{}:{}", self.agency_id, self.channel, id::to_text(self.account_id))
    }

    fn read(row: &mut Row<'_>) -> Result<Self, Fault> {
        Ok(Self { agency_id: row.int()?, channel: row.text()?, account_id: row.int()? })
    }
}

/// One holding of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which.
    pub lane: Lane,
    token: i64,
}

/// Lanes in which something is due, or was left by somebody who died.
///
/// # Errors
/// A fault of the engine.
pub fn due(tx: &mut Tx<'_>) -> Result<Vec<Lane>, Fault> {
    let now = tx.now();
    let mut found = all(tx, &NEXT_HELD_LANE)?;
    let held: HashSet<Lane> = found.iter().cloned().collect();
    for lane in all(tx, &NEXT_DUE_LANE)?.into_iter().filter(|lane| !held.contains(lane)) {
        for priority in Priority::ALL {
            let first: Option<Timestamp> = tx.opt(
                &IS_DUE,
                params![lane.agency_id, &lane.channel, lane.account_id, priority.as_int()],
                |row| row.int(),
            )?;
            if first.is_some_and(|at| at <= now) {
                found.push(lane);
                break;
            }
        }
    }
    Ok(found)
}

/// From lane to lane by the index, whatever the number of rows in each.
fn all(tx: &mut Tx<'_>, next: &'static tanggap_store::Sql) -> Result<Vec<Lane>, Fault> {
    let mut found: Vec<Lane> = Vec::new();
    loop {
        let after = found.last().map(|l| (l.agency_id, l.channel.clone(), l.account_id));
        let (agency, channel, account) = after.unwrap_or((AgencyId(0), String::new(), 0));
        match tx.opt(next, params![agency, channel, account], Lane::read)? {
            Some(lane) => found.push(lane),
            None => return Ok(found),
        }
    }
}

/// Takes a lane, unless somebody else holds it, and settles what a dead session left behind; gives
/// the messages that ended by it.
///
/// # Errors
/// A fault of the engine.
pub fn hold(
    tx: &mut Tx<'_>,
    lane: &Lane,
    of: Assurance,
) -> Result<Option<(Session, Vec<Ended>)>, Fault> {
    let (token, now): (i64, _) = (tx.id(), tx.now());
    let until = now.plus(LEASE_MICROS);
    // A lease far ahead of us was taken before the clock went back.
    let bogus = now.plus(4 * LEASE_MICROS);
    let taken = params![lane.lease(), id::to_text(token), until, now, bogus];
    if tx.exec(&HOLD, taken)? == 0 {
        return Ok(None);
    }
    let session = Session { lane: lane.clone(), token };
    let mut ended = Vec::new();
    loop {
        let orphans = tx.all(
            &ORPHANS,
            params![lane.agency_id, &lane.channel, lane.account_id, token, ORPHANS_AT_ONCE],
            |row| Ok((read(row)?, row.int::<i64>()?)),
        )?;
        if orphans.is_empty() {
            return Ok(Some((session, ended)));
        }
        for (row, left_by) in orphans {
            let settled = match row.state {
                SendState::Sending => {
                    let why = "the node ended while it was being handed over".to_owned();
                    rules::settle(&row, Outcome::Unsure { why }, of, now)
                }
                state => Settled { tried: false, due_at: row.due_at, ..as_it_was(&row, state) },
            };
            save(tx, lane, left_by, &row, &settled)?;
            if settled.state != SendState::Waiting {
                ended.push((row, settled.state));
            }
        }
    }
}

fn as_it_was(row: &Outbound, state: SendState) -> Settled {
    Settled {
        state,
        due_at: row.due_at,
        tried: false,
        error: row.error.clone(),
        external_ids: Vec::new(),
    }
}

/// Gives a lane back.
///
/// # Errors
/// A fault of the engine.
pub fn let_go(tx: &mut Tx<'_>, session: &Session) -> Result<(), Fault> {
    tx.put(&LET_GO, params![session.lane.lease(), id::to_text(session.token)])
}

/// A message and the state in which its way out ended.
pub type Ended = (Outbound, SendState);

/// What a turn gave.
#[derive(Clone, Debug, Default)]
pub struct Took {
    /// The messages that the session has in hand now.
    pub rows: Vec<Outbound>,
    /// Those whose way out ended: sent, failed, unsure, held back.
    pub ended: Vec<Ended>,
}

/// What a session tells and asks in one turn.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// What came of messages, with the rows as they were taken.
    pub outcomes: Vec<(Outbound, Outcome)>,
    /// Messages that are given back untried.
    pub untried: Vec<Outbound>,
    /// Messages that are to be handed over now.
    pub handed: Vec<OutboundId>,
    /// How many more are wanted.
    pub wanted: i64,
    /// Of which priorities.
    pub priorities: Vec<Priority>,
}

/// Notes what came of messages, marks those that are handed over, and takes further ones: all in
/// one transaction. `None` where the lane was lost: then nothing more may be handed over.
///
/// # Errors
/// A fault of the engine.
pub fn turn(
    tx: &mut Tx<'_>,
    session: &Session,
    of: Assurance,
    turn: &Turn,
) -> Result<Option<Took>, Fault> {
    let (lane, token, now) = (&session.lane, session.token, tx.now());
    let until = now.plus(LEASE_MICROS);
    if tx.exec(&RENEW, params![lane.lease(), id::to_text(token), until])? == 0 {
        return Ok(None);
    }
    let mut ended = Vec::new();
    for (row, outcome) in &turn.outcomes {
        let settled = rules::settle(row, outcome.clone(), of, now);
        save(tx, lane, token, row, &settled)?;
        if settled.state != SendState::Waiting {
            ended.push((row.clone(), settled.state));
        }
        if let Outcome::Never { why } = outcome {
            learn(tx, lane, row, why)?;
        }
    }
    for row in &turn.untried {
        save(tx, lane, token, row, &as_it_was(row, SendState::Waiting))?;
    }
    for id in &turn.handed {
        tx.put(&HAND_OVER, params![lane.agency_id, *id, token])?;
    }
    let mut taken = Vec::new();
    for priority in &turn.priorities {
        let room = turn.wanted - i64::try_from(taken.len()).unwrap_or(i64::MAX);
        if room <= 0 {
            break;
        }
        let (agency, number) = (lane.agency_id, priority.as_int());
        let asked = params![agency, &lane.channel, lane.account_id, number, now, room];
        taken.extend(tx.all(&DUE, asked, read)?);
    }
    let rows = take(tx, session, taken, &mut ended)?;
    Ok(Some(Took { rows, ended }))
}

/// What a refusal says beyond its message.
fn learn(tx: &mut Tx<'_>, lane: &Lane, row: &Outbound, why: &str) -> Result<(), Fault> {
    let access = Access::system(lane.agency_id);
    if lane.channel == "email" && rules::is_no_mailbox(why) {
        suppressions::add(tx, &access, "email", &row.recipient, Reason::Bounce, why)?;
    }
    if window::is_refusal(&lane.channel, why) {
        window::close(tx, &access, row)?;
    }
    Ok(())
}

/// Takes rows in hand, but for those whose address is not written to.
fn take(
    tx: &mut Tx<'_>,
    session: &Session,
    rows: Vec<Outbound>,
    ended: &mut Vec<Ended>,
) -> Result<Vec<Outbound>, Fault> {
    let (lane, access) = (&session.lane, Access::system(session.lane.agency_id));
    for row in &rows {
        suppressions::ahead(tx, &access, &lane.channel, &row.recipient)?;
    }
    let mut taken = Vec::new();
    for row in rows {
        let held = suppressions::of(tx, &access, &lane.channel, &row.recipient)?;
        match held.filter(|held| rules::suppresses(held.reason, &row.channel, row.priority)) {
            None => {
                tx.put(&TAKE, params![lane.agency_id, row.id, session.token])?;
                taken.push(row);
            }
            Some(held) => {
                tx.put(&HOLD_BACK, params![lane.agency_id, row.id, held.reason.as_str()])?;
                announce(tx, &access, &row, SendState::Suppressed);
                ended.push((row, SendState::Suppressed));
            }
        }
    }
    Ok(taken)
}

/// Notes what came of a waiting message by other means than a session: for replaying a history.
///
/// # Errors
/// A fault of the engine.
pub fn note(
    tx: &mut Tx<'_>,
    access: &Access,
    row: &Outbound,
    failed: Option<&str>,
) -> Result<(), Fault> {
    let held = suppressions::of(tx, access, &row.channel, &row.recipient)?;
    let (state, error) = match (held, failed) {
        (Some(held), _) => (SendState::Suppressed, Some(held.reason.as_str())),
        (None, Some(why)) => (SendState::Failed, Some(why)),
        (None, None) => (SendState::Sent, None),
    };
    let sent_at = (state == SendState::Sent).then_some(tx.now());
    tx.put(&NOTE, params![access.agency_id, row.id, state.as_str(), sent_at, error])?;
    if let Some(why) = failed.filter(|_| state == SendState::Failed) {
        suppressions::add(tx, access, &row.channel, &row.recipient, Reason::Bounce, why)?;
    }
    announce(tx, access, row, state);
    Ok(())
}

fn save(
    tx: &mut Tx<'_>,
    lane: &Lane,
    token: i64,
    row: &Outbound,
    settled: &Settled,
) -> Result<(), Fault> {
    let Settled { state, due_at, tried, error, external_ids } = settled;
    let parts = i64::try_from(external_ids.len()).ok().filter(|parts| *parts > 0);
    let sent_at = (*state == SendState::Sent).then_some(tx.now());
    tx.put(
        &SETTLE,
        params![
            lane.agency_id,
            row.id,
            token,
            state.as_str(),
            i64::from(*tried),
            error.as_deref(),
            *due_at,
            external_ids.first().map(String::as_str),
            parts,
            sent_at,
        ],
    )?;
    if external_ids.len() > 1 {
        receipts::expect(tx, lane, row.id, external_ids)?;
    }
    if *state != SendState::Waiting {
        announce(tx, &Access::system(lane.agency_id), row, *state);
    }
    Ok(())
}

/// Tells whoever listens how far a message is. The address stays in the ledger.
pub(crate) fn announce(tx: &mut Tx<'_>, access: &Access, row: &Outbound, state: SendState) {
    let kind = match state {
        SendState::Waiting => "outbound.queued",
        SendState::Sending => "outbound.handed_over",
        SendState::Sent => "outbound.sent",
        SendState::Delivered => "outbound.delivered",
        SendState::Read => "outbound.read",
        SendState::Failed => "outbound.failed",
        SendState::Unsure => "outbound.unsure",
        SendState::Suppressed => "outbound.suppressed",
    };
    let subject = Subject { kind: "outbound", id: row.id.0 };
    let case = row.case_id.map(id::to_text);
    let event = Event::new(access.agency_id, kind, subject, access.actor);
    tx.announce(event.with(json!({ "case": case, "channel": row.channel })));
}
