//! What administrators see of the outbound ledger and decide in it: how much waits, what did not
//! go out, what is tried again. Nothing is counted beyond [`COUNTED_MAX`], so that a million rows
//! do not make the page dear.

use tanggap_kernel::{Access, Event, Fault, Permission, Result, Subject, Timestamp, id, params};
use tanggap_store::{Tx, sql};

use super::{Outbound, OutboundId, SendState, columns, lanes, read};

/// Nothing is counted further than this.
pub const COUNTED_MAX: i64 = 10_000;
/// The most channels that are told apart.
const CHANNELS_MAX: usize = 32;
/// In these states a message can be sent again.
const OVER: [SendState; 3] = [SendState::Failed, SendState::Unsure, SendState::Suppressed];

sql! {
    NEXT_CHANNEL = "select channel from outbound where agency_id = $1 and state = $2
        and state in ('waiting', 'sending', 'failed', 'unsure', 'suppressed') and channel > $3
        order by channel limit 1";
    COUNT = "select count(*) from (select 1 from outbound where agency_id = $1 and state = $2
        and state in ('waiting', 'sending', 'failed', 'unsure', 'suppressed') and channel = $3
        limit $4) as counted";
    OLDEST = "select created_at from outbound where agency_id = $1 and state = 'waiting'
        and state in ('waiting', 'sending', 'failed', 'unsure', 'suppressed') and channel = $2
        order by id limit 1";
    SENT_SINCE = "select count(*) from (select 1 from outbound where agency_id = $1
        and channel = $2 and sent_at >= $3 and sent_at is not null limit $4) as counted";
    NEXT_SENT = "select channel from outbound where agency_id = $1 and channel > $2
        and sent_at is not null order by channel limit 1";
    LIST = concat!("select ", columns!(), " from outbound where agency_id = $1 and state = $2
        and state in ('waiting', 'sending', 'failed', 'unsure', 'suppressed') and channel = $3
        and id < $4 and (cast($5 as text) is null or lower(recipient) like $5
        or lower(coalesce(error, '')) like $5) order by id desc limit $6");
    AGAIN = "update outbound set state = 'waiting', attempts = 0, error = null, due_at = $3,
        lease_token = 0, sent_at = null where agency_id = $1 and id = $2
        and state in ('failed', 'unsure', 'suppressed')";
    AS_SENT = "update outbound set state = 'sent', sent_at = $3
        where agency_id = $1 and id = $2 and state = 'unsure'";
}

/// How a channel stands. Figures are at most [`COUNTED_MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Which.
    pub channel: String,
    /// To be sent.
    pub waiting: i64,
    /// Being handed over.
    pub sending: i64,
    /// Did not go out or did not arrive.
    pub failed: i64,
    /// Nobody knows.
    pub unsure: i64,
    /// Held back.
    pub suppressed: i64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
    /// Went out in the last hour.
    pub sent: i64,
}

/// How each channel stands that has, or had, anything to send.
///
/// # Errors
/// [`tanggap_kernel::Refusal::Forbidden`], or a fault.
pub fn standings(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<Standing>> {
    access.require(Permission::JobsManage, None)?;
    let mut names = Vec::new();
    for state in ["waiting", "sending", "failed", "unsure", "suppressed"] {
        names.extend(walk(tx, |tx, last| {
            tx.opt(&NEXT_CHANNEL, params![access.agency_id, state, last], |row| row.text())
        })?);
    }
    names.extend(walk(tx, |tx, last| {
        tx.opt(&NEXT_SENT, params![access.agency_id, last], |row| row.text())
    })?);
    names.sort_unstable();
    names.dedup();
    let mut found = Vec::new();
    for channel in names {
        let since = tx.now().plus(-Timestamp::HOUR);
        let mut count = |state: SendState| {
            let counted = params![access.agency_id, state.as_str(), &channel, COUNTED_MAX];
            tx.one(&COUNT, counted, |row| row.int())
        };
        let mut standing = Standing {
            waiting: count(SendState::Waiting)?,
            sending: count(SendState::Sending)?,
            failed: count(SendState::Failed)?,
            unsure: count(SendState::Unsure)?,
            suppressed: count(SendState::Suppressed)?,
            ..Standing::default()
        };
        let of_channel = params![access.agency_id, &channel];
        standing.oldest = tx.opt(&OLDEST, of_channel, |row| row.int())?;
        let counted = params![access.agency_id, &channel, since, COUNTED_MAX];
        standing.sent = tx.one(&SENT_SINCE, counted, |row| row.int())?;
        standing.channel = channel;
        found.push(standing);
    }
    Ok(found)
}

fn walk(
    tx: &mut Tx<'_>,
    mut next: impl FnMut(&mut Tx<'_>, &str) -> Result<Option<String>, Fault>,
) -> Result<Vec<String>, Fault> {
    let mut found: Vec<String> = Vec::new();
    while found.len() < CHANNELS_MAX {
        let last = found.last().map_or("", String::as_str).to_owned();
        match next(tx, &last)? {
            Some(name) => found.push(name),
            None => break,
        }
    }
    Ok(found)
}

/// Which messages are looked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of which channel.
    pub channel: String,
    /// In which state: one of those that did not go out.
    pub state: SendState,
    /// Words in the address or in what the provider said.
    pub words: String,
    /// Before this one.
    pub before: Option<OutboundId>,
    /// How many.
    pub limit: i64,
}

/// Messages that did not go out, the newest first.
///
/// # Errors
/// [`tanggap_kernel::Refusal::Forbidden`], or a fault.
pub fn list(tx: &mut Tx<'_>, access: &Access, wanted: &Wanted) -> Result<Vec<Outbound>> {
    access.require(Permission::JobsManage, None)?;
    let words = wanted.words.trim().to_lowercase().replace(['%', '_'], "");
    let like = (!words.is_empty()).then(|| format!("%{words}%"));
    let before = wanted.before.map_or(i64::MAX, |id| id.0);
    let (agency, state) = (access.agency_id, wanted.state.as_str());
    let asked = params![agency, state, &wanted.channel, before, like, wanted.limit];
    Ok(tx.all(&LIST, asked, read)?)
}

/// Sends messages again that did not go out; tells how many. What is not over yet is left alone,
/// so that pressing twice sends once.
///
/// # Errors
/// [`tanggap_kernel::Refusal::Forbidden`], or a fault.
pub fn resend(tx: &mut Tx<'_>, access: &Access, ids: &[OutboundId]) -> Result<usize> {
    access.require(Permission::JobsManage, None)?;
    let now = tx.now();
    let mut count = 0;
    for id in ids {
        let row = super::get(tx, access, *id)?;
        if OVER.contains(&row.state) && tx.exec(&AGAIN, params![access.agency_id, *id, now])? == 1 {
            lanes::announce(tx, access, &row, SendState::Waiting);
            count += 1;
        }
    }
    Ok(count)
}

/// Takes messages as sent of which nobody knows; tells how many.
///
/// # Errors
/// [`tanggap_kernel::Refusal::Forbidden`], or a fault.
pub fn take_as_sent(tx: &mut Tx<'_>, access: &Access, ids: &[OutboundId]) -> Result<usize> {
    access.require(Permission::JobsManage, None)?;
    let now = tx.now();
    let mut count = 0;
    for id in ids {
        let row = super::get(tx, access, *id)?;
        if tx.exec(&AS_SENT, params![access.agency_id, *id, now])? == 1 {
            let subject = Subject { kind: "outbound", id: row.id.0 };
            let event =
                Event::new(access.agency_id, "outbound.taken_as_sent", subject, access.actor);
            let case = row.case_id.map(id::to_text);
            tx.announce(event.with(serde_json::json!({ "case": case, "channel": row.channel })));
            count += 1;
        }
    }
    Ok(count)
}
