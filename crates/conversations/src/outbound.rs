//! The outbound ledger: what is to go out, what went, and what came of it.
//!
//! A message to somebody is a row and a job in the transaction that caused it. Without a relay it
//! waits, visibly; nothing is ever sent twice in effect, since the row's id is the Message-ID.

use tanggap_kernel::{Access, Fault, Refusal, Result, Timestamp, id, params};
use tanggap_store::{Row, Tx, sql};

use crate::model::MessageId;

id!(
    /// One message to one recipient.
    OutboundId
);

/// The kind of job that sends one outbound message; its key is the message's id.
pub const SEND: &str = "outbound_send";
const SHOWN_MAX: i64 = 200;

sql! {
    INSERT = "insert into outbound (agency_id, id, case_id, message_id, channel, recipient,
        subject, body, state, attempts, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', 0, $9)";
    OF_CASE = "select id, case_id, channel, recipient, subject, body, state, attempts, error,
        created_at, sent_at from outbound where agency_id = $1 and case_id = $2
        order by id desc limit $3";
    FIND = "select id, case_id, channel, recipient, subject, body, state, attempts, error,
        created_at, sent_at from outbound where agency_id = $1 and id = $2";
    WAITING = "select id, case_id, channel, recipient, subject, body, state, attempts, error,
        created_at, sent_at from outbound where agency_id = $1 and state = $2 and state <> 'sent'
        and id > $3 order by id limit $4";
    RECORD = "update outbound set state = $3, attempts = attempts + 1, error = $4, sent_at = $5
        where agency_id = $1 and id = $2";
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendState {
    /// To be sent, or to be tried again.
    Waiting,
    /// Taken by the relay.
    Sent,
    /// Refused for good.
    Failed,
}

impl SendState {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "sent" => Self::Sent,
            "failed" => Self::Failed,
            _ => Self::Waiting,
        }
    }
}

/// A message that is to go out or went.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Its id.
    pub id: OutboundId,
    /// The case it is about.
    pub case_id: Option<i64>,
    /// `email` for now.
    pub channel: String,
    /// The address.
    pub recipient: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
    /// How far it is.
    pub state: SendState,
    /// How often it was tried.
    pub attempts: i64,
    /// What the relay said last.
    pub error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When the relay took it.
    pub sent_at: Option<Timestamp>,
}

/// A message to be sent.
#[derive(Clone, Debug)]
pub struct NewOutbound<'a> {
    /// The case it is about.
    pub case_id: Option<i64>,
    /// The message of the case that it carries.
    pub message_id: Option<MessageId>,
    /// `email` for now.
    pub channel: &'a str,
    /// The address.
    pub recipient: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// Its text.
    pub body: &'a str,
}

/// Queues a message: its row and the job that sends it.
///
/// # Errors
/// A fault of the engine.
pub fn queue(tx: &mut Tx<'_>, access: &Access, new: &NewOutbound<'_>) -> Result<OutboundId, Fault> {
    let (id, now): (OutboundId, _) = (tx.id(), tx.now());
    tx.put(
        &INSERT,
        params![
            access.agency_id,
            id,
            new.case_id,
            new.message_id,
            new.channel,
            new.recipient,
            new.subject,
            new.body,
            now,
        ],
    )?;
    tx.schedule(access.agency_id, SEND, &id.to_string(), now, "{}")?;
    Ok(id)
}

pub(crate) fn ahead(tx: &mut Tx<'_>, access: &Access, case_id: i64) -> Result<(), Fault> {
    tx.ahead(&OF_CASE, params![access.agency_id, case_id, SHOWN_MAX])
}

/// The messages about a case, oldest first: where there are very many, the newest.
///
/// # Errors
/// A fault of the engine.
pub fn of_case(tx: &mut Tx<'_>, access: &Access, case_id: i64) -> Result<Vec<Outbound>, Fault> {
    let mut found = tx.all(&OF_CASE, params![access.agency_id, case_id, SHOWN_MAX], read)?;
    found.reverse();
    Ok(found)
}

/// One message.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: OutboundId) -> Result<Outbound> {
    Ok(tx.opt(&FIND, params![access.agency_id, id], read)?.ok_or(Refusal::NotFound)?)
}

/// Messages that did not go out yet, in one state, after `after`.
///
/// # Errors
/// A fault of the engine.
pub fn waiting(
    tx: &mut Tx<'_>,
    access: &Access,
    state: SendState,
    after: Option<OutboundId>,
    limit: i64,
) -> Result<Vec<Outbound>, Fault> {
    let after = after.map_or(0, |id| id.0);
    tx.all(&WAITING, params![access.agency_id, state.as_str(), after, limit], read)
}

/// Notes what came of a try.
///
/// # Errors
/// A fault of the engine.
pub fn record(
    tx: &mut Tx<'_>,
    access: &Access,
    id: OutboundId,
    state: SendState,
    error: Option<&str>,
) -> Result<(), Fault> {
    let sent_at = (state == SendState::Sent).then_some(tx.now());
    tx.put(&RECORD, params![access.agency_id, id, state.as_str(), error, sent_at])
}

fn read(row: &mut Row<'_>) -> Result<Outbound, Fault> {
    Ok(Outbound {
        id: row.int()?,
        case_id: row.opt_int()?,
        channel: row.text()?,
        recipient: row.text()?,
        subject: row.text()?,
        body: row.text()?,
        state: SendState::parse(&row.text()?),
        attempts: row.int()?,
        error: row.opt_text()?,
        created_at: row.int()?,
        sent_at: row.opt_int()?,
    })
}
