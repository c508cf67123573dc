//! The outbound ledger: what is to go out, what went, and what came of it.
//!
//! A message to somebody is one row for each recipient, made in the transaction that caused it;
//! the row is all there is. [`lanes`] hands rows out to whoever sends and takes their outcomes,
//! [`rules`] decides (pure), [`receipts`] notes what providers tell afterwards, [`suppressions`]
//! says who is not written to. What went out is never sent again by itself; where nobody can know
//! whether it went, the row says so.

pub mod lanes;
pub mod office;
pub mod receipts;
pub mod rules;
pub mod settings;
pub mod suppressions;

use serde::{Deserialize, Serialize};
use tanggap_kernel::{Access, Fault, Refusal, Result, Timestamp, id, params};
use tanggap_store::{Row, Tx, sql};

use crate::model::{InteractionId, MessageId};

id!(
    /// One message to one recipient.
    OutboundId
);

const SHOWN_MAX: i64 = 200;

/// The columns of [`Outbound`], in order.
macro_rules! columns {
    () => {
        "id, case_id, channel, account_id, recipient, subject, body, state, attempts, error,
        created_at, due_at, sent_at, delivered_at, read_at, priority, extra, instead_of,
        message_id"
    };
}
pub(crate) use columns;

sql! {
    INSERT = "insert into outbound (agency_id, id, case_id, message_id, channel, account_id,
        recipient, subject, body, state, attempts, created_at, key, priority, due_at, extra,
        instead_of, interaction_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', 0, $10,
        $11, $12, $13, $14, $15, $16) on conflict (agency_id, key) where key is not null
        do nothing";
    BY_KEY = "select id from outbound where agency_id = $1 and key = $2 and key is not null";
    OF_EXCHANGE = concat!("select ", columns!(), " from outbound where agency_id = $1
        and message_id in (select id from messages where agency_id = $1 and interaction_id = $2)
        and message_id is not null order by id desc limit $3");
    OF_CASE = concat!("select ", columns!(), " from outbound where agency_id = $1
        and case_id = $2 order by id desc limit $3");
    FIND = concat!("select ", columns!(), " from outbound where agency_id = $1 and id = $2");
    ACCOUNT_FOR = "select id from channel_accounts where agency_id = $1 and channel = $2
        and active order by id limit 1";
    OPEN = concat!("select ", columns!(), " from outbound where agency_id = $1 and state = $2
        and state in ('waiting', 'sending', 'failed', 'unsure', 'suppressed')
        and id > $3 order by id limit $4");
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SendState {
    /// To be sent, or to be tried again.
    Waiting,
    /// Being handed to the provider at this moment.
    Sending,
    /// Taken by the provider.
    Sent,
    /// The device or mailbox has it.
    Delivered,
    /// The person opened it.
    Read,
    /// It will not go out, or did not arrive.
    Failed,
    /// Handed over, but nobody knows whether the provider has it: a person decides.
    Unsure,
    /// Not sent, since the address is not written to.
    Suppressed,
}

impl SendState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Read,
        Self::Failed,
        Self::Unsure,
        Self::Suppressed,
    ];

    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Unsure => "unsure",
            Self::Suppressed => "suppressed",
        }
    }

    /// Reads what [`SendState::as_str`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// How urgent a message is. Of what is due, the more urgent goes first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// A person waits for it at the other end; no quiet hours, no earlier "stop".
    Live,
    /// Owed at once: a receipt that the law asks for, a code. No quiet hours.
    Owed,
    /// News about a case.
    #[default]
    Ordinary,
    /// The same to very many.
    Bulk,
}

impl Priority {
    /// All, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Live, Self::Owed, Self::Ordinary, Self::Bulk];

    /// The number that the database uses: 0, 2, 5 or 9.
    #[must_use]
    pub const fn as_int(self) -> i64 {
        match self {
            Self::Live => 0,
            Self::Owed => 2,
            Self::Ordinary => 5,
            Self::Bulk => 9,
        }
    }

    fn from_int(number: i64) -> Self {
        let found = Self::ALL.into_iter().find(|priority| priority.as_int() >= number);
        found.unwrap_or(Self::Bulk)
    }
}

/// What a message carries beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Extra {
    /// Files that go with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ExtraFile>,
    /// The approved template that it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<ExtraTemplate>,
    /// The provider's id of the message that it answers; for mail the Message-ID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// In answer to a comment: written to the person alone.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub private_reply: bool,
    /// A member of staff wrote it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_person: bool,
    /// The language that it is written in, where it is a letter with a link to its case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub letter: Option<String>,
    /// The inquiry of somebody outside that it belongs to: answers go to its own address, and
    /// nothing of the citizen's stands around the words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<String>,
}

/// A kept file that goes with a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraFile {
    /// Its name.
    pub name: String,
    /// Its type, found by its content.
    pub media_type: String,
    /// Where its bytes are kept.
    pub blob: String,
}

/// A text that the provider approved before, with its gaps filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtraTemplate {
    /// Its name at the provider.
    pub name: String,
    /// Its language as the provider writes it.
    pub language: String,
    /// What fills its gaps.
    pub values: Vec<String>,
}

/// A message that is to go out or went.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Its id.
    pub id: OutboundId,
    /// The case it is about.
    pub case_id: Option<i64>,
    /// `email`, `sms`, `whatsapp` …
    pub channel: String,
    /// The account through which it goes; 0 for the installation's own relay.
    pub account_id: i64,
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
    /// What the provider said last, or why it does not go out.
    pub error: Option<String>,
    /// When it was queued.
    pub created_at: Timestamp,
    /// When it may be tried.
    pub due_at: Timestamp,
    /// When the provider took it.
    pub sent_at: Option<Timestamp>,
    /// When it reached the device.
    pub delivered_at: Option<Timestamp>,
    /// When it was opened.
    pub read_at: Option<Timestamp>,
    /// How urgent it is.
    pub priority: Priority,
    /// What it carries beside its words.
    pub extra: Extra,
    /// The message on another channel that it takes the place of.
    pub instead_of: Option<OutboundId>,
    /// The message of the conversation that it carries.
    pub message_id: Option<MessageId>,
}

/// A message to be sent.
#[derive(Clone, Debug, Default)]
pub struct NewOutbound<'a> {
    /// The case it is about.
    pub case_id: Option<i64>,
    /// The message of the conversation that it carries.
    pub message_id: Option<MessageId>,
    /// The talk it tells of, where it carries no message of it.
    pub exchange: Option<InteractionId>,
    /// `email`, `sms`, `whatsapp` …
    pub channel: &'a str,
    /// The account through which it goes; 0 for the installation's own relay.
    pub account_id: i64,
    /// The address: mail address, number, thread.
    pub recipient: &'a str,
    /// Its subject.
    pub subject: &'a str,
    /// Its text.
    pub body: &'a str,
    /// Names it within the agency: the same key asked for twice goes out once. For something that
    /// goes to many, make the recipient part of it.
    pub key: Option<&'a str>,
    /// How urgent it is.
    pub priority: Priority,
    /// Not before this moment.
    pub not_before: Option<Timestamp>,
    /// What it carries beside its words.
    pub extra: Extra,
    /// The message on another channel that it takes the place of.
    pub instead_of: Option<OutboundId>,
}

/// Queues a message; where its key is known already, gives the message that was queued then.
///
/// # Errors
/// A fault of the engine.
pub fn queue(tx: &mut Tx<'_>, access: &Access, new: &NewOutbound<'_>) -> Result<OutboundId, Fault> {
    let (id, now): (OutboundId, _) = (tx.id(), tx.now());
    let extra = match &new.extra {
        nothing if *nothing == Extra::default() => None,
        extra => Some(serde_json::to_string(extra).map_err(|e| Fault::new(e.to_string()))?),
    };
    let row = params![
        access.agency_id,
        id,
        new.case_id,
        new.message_id,
        new.channel,
        new.account_id,
        new.recipient,
        new.subject,
        new.body,
        now,
        new.key,
        new.priority.as_int(),
        new.not_before.unwrap_or(now),
        extra,
        new.instead_of,
        new.exchange,
    ];
    let Some(key) = new.key else { return tx.put(&INSERT, row).map(|()| id) };
    match tx.exec(&INSERT, row)? {
        0 => tx.one(&BY_KEY, params![access.agency_id, key], |row| row.int()),
        _ => Ok(id),
    }
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

/// What went out of an exchange, oldest first: where there is very much, the newest.
///
/// # Errors
/// A fault of the engine.
pub fn of_exchange(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
) -> Result<Vec<Outbound>, Fault> {
    let key = params![access.agency_id, interaction, SHOWN_MAX];
    let mut found = tx.all(&OF_EXCHANGE, key, read)?;
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

/// Messages that did not go out, in one state, after `after`.
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
    tx.all(&OPEN, params![access.agency_id, state.as_str(), after, limit], read)
}

/// The account by which an agency writes first on a channel: its oldest that is in use.
///
/// # Errors
/// A fault of the engine.
pub fn account_for(tx: &mut Tx<'_>, access: &Access, channel: &str) -> Result<Option<i64>, Fault> {
    tx.opt(&ACCOUNT_FOR, params![access.agency_id, channel], |row| row.int())
}

pub(crate) fn read(row: &mut Row<'_>) -> Result<Outbound, Fault> {
    Ok(Outbound {
        id: row.int()?,
        case_id: row.opt_int()?,
        channel: row.text()?,
        account_id: row.int()?,
        recipient: row.text()?,
        subject: row.text()?,
        body: row.text()?,
        state: SendState::parse(&row.text()?).ok_or_else(|| Fault::new("a state of no kind"))?,
        attempts: row.int()?,
        error: row.opt_text()?,
        created_at: row.int()?,
        due_at: row.int()?,
        sent_at: row.opt_int()?,
        delivered_at: row.opt_int()?,
        read_at: row.opt_int()?,
        priority: Priority::from_int(row.int()?),
        extra: match row.opt_text()? {
            None => Extra::default(),
            Some(text) => {
                serde_json::from_str(&text).map_err(|e| Fault::new(format!("extra: {e}")))?
            }
        },
        instead_of: row.opt_int()?,
        message_id: row.opt_int()?,
    })
}
