//! The web chat: a talk with whoever holds its secret.
//!
//! A visitor has no account. Their browser holds a secret whose keyed hash names their talks; what
//! it sends carries a key of its own, so that sending again after a lost answer changes nothing.
//! Read marks are bookkeeping and no event: they decide what follows by mail and change at each
//! glance.

mod settings;
pub mod vouch;

use serde_json::json;
use tanggap_contacts::{ContactId, Met, NewContact};
use tanggap_kernel::{
    Access, Actor, Event, Fault, Refusal, Result, Subject, Timestamp, id, params,
};
use tanggap_store::{Row, Tx, sql};

pub use settings::{Hours, Settings, origin_of};

use crate::accounts::AccountId;
use crate::model::{Direction, InteractionId, MessageId, NewAttachment};
use crate::talks::{self, Talk, TalkState};

/// The channel's name.
pub const CHANNEL: &str = "webchat";
/// The longest message, in characters.
pub const TEXT_MAX: usize = 4000;
/// The most files of one message.
pub const FILES_MAX: usize = 5;
/// The most transcripts that go out of one talk.
pub const TRANSCRIPTS_MAX: i64 = 3;
/// The most messages that are shown at once.
const SHOWN_MAX: i64 = 300;
/// Who has not looked at an answer for so long gets it by mail.
const FOLLOW_AFTER: i64 = 3 * Timestamp::MINUTE;
/// Where ids begin to count (2020-01-01T00:00:00Z).
const EPOCH: Timestamp = Timestamp::from_micros(1_577_836_800_000_000);
/// The kind of job that sends answers after a visitor who left; its key is the talk's id.
pub const FOLLOW: &str = "chat_follow";

/// A visitor and what is to hold of them.
macro_rules! visitors {
    ($of:literal) => {
        concat!(
            "select v.interaction_id, v.account_id, v.locale, v.name, v.email, v.phone, v.vouched,
            v.page, v.unproven, v.read_by_visitor, v.read_by_staff, v.mailed, v.transcripts,
            t.state, t.rating from chat_visitors v join talks t
            on t.agency_id = v.agency_id and t.interaction_id = v.interaction_id ",
            $of
        )
    };
}

sql! {
    INSERT = "insert into chat_visitors (agency_id, interaction_id, account_id, token, locale,
        name, email, phone, vouched, page, unproven, read_by_visitor, read_by_staff, mailed,
        transcripts, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, 0, 0, 0,
        $12)";
    BY_TOKEN = visitors!("where v.agency_id = $1 and v.token = $2
        order by v.interaction_id desc limit 1");
    FIND = visitors!("where v.agency_id = $1 and v.interaction_id = $2");
    SINCE = "select m.id, m.at, m.direction, m.actor, m.body, m.external_id from messages m
        where m.agency_id = $1 and m.interaction_id = $2 and m.id >= $3
        and m.direction <> 'internal' order by m.id desc limit $4";
    BY_KEY = "select interaction_id, id from messages where agency_id = $1 and external_id = $2";
    READ_BY_VISITOR = "update chat_visitors set read_by_visitor = $3
        where agency_id = $1 and interaction_id = $2 and read_by_visitor < $3";
    READ_BY_STAFF = "update chat_visitors set read_by_staff = $3
        where agency_id = $1 and interaction_id = $2 and read_by_staff < $3";
    MAILED = "update chat_visitors set mailed = $3 where agency_id = $1 and interaction_id = $2";
    TRANSCRIBED = "update chat_visitors set transcripts = transcripts + 1
        where agency_id = $1 and interaction_id = $2 and transcripts < $3";
    REACH = "update chat_visitors set name = $3, email = $4, phone = $5
        where agency_id = $1 and interaction_id = $2";
    RATE = "update talks set rating = $3 where agency_id = $1 and interaction_id = $2";
}

/// Whose browser holds a talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// The talk.
    pub id: InteractionId,
    /// The account by which they came.
    pub account_id: AccountId,
    /// Their language's tag.
    pub locale: String,
    /// What they are called; empty where they did not say.
    pub name: String,
    /// Where an answer may follow.
    pub email: Option<String>,
    /// Their telephone.
    pub phone: Option<String>,
    /// Whom the host application vouches for.
    pub vouched: Option<String>,
    /// The page on which they wrote.
    pub page: String,
    /// Begun without proof of work.
    pub unproven: bool,
    /// The newest message that they have seen.
    pub read_by_visitor: MessageId,
    /// The newest message that staff have seen.
    pub read_by_staff: MessageId,
    /// The newest message that followed by mail.
    pub mailed: MessageId,
    /// How many transcripts went out.
    pub transcripts: i64,
    /// Whether the talk is over.
    pub ended: bool,
    /// How they rated it.
    pub rating: Option<i64>,
}

/// A visitor's first message makes one of these.
#[derive(Clone, Debug)]
pub struct NewVisitor {
    /// The account.
    pub account_id: AccountId,
    /// Keyed hash of the browser's secret.
    pub token: String,
    /// Their language's tag.
    pub locale: String,
    /// Who they say they are, or whom the host application vouches for.
    pub who: vouch::Vouched,
    /// The page on which they are.
    pub page: String,
    /// Without proof of work.
    pub unproven: bool,
}

/// One message as both sides see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Its id.
    pub id: MessageId,
    /// When.
    pub at: Timestamp,
    /// Whether the visitor wrote it.
    pub by_visitor: bool,
    /// Who wrote.
    pub actor: String,
    /// What.
    pub body: String,
    /// The key that the visitor's browser gave it.
    pub key: Option<String>,
}

/// A citizen's rights for what their secret opens: the checks are made by the secret.
#[must_use]
pub fn holder(access: &Access) -> Access {
    Access { actor: Actor::Citizen, locale: access.locale, ..Access::system(access.agency_id) }
}

/// The newest talk of a browser.
///
/// # Errors
/// A fault of the engine.
pub fn by_token(tx: &mut Tx<'_>, access: &Access, token: &str) -> Result<Option<Visitor>, Fault> {
    tx.opt(&BY_TOKEN, params![access.agency_id, token], read)
}

/// The visitor of a talk.
///
/// # Errors
/// A fault of the engine.
pub fn visitor(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
) -> Result<Option<Visitor>, Fault> {
    tx.opt(&FIND, params![access.agency_id, id], read)
}

/// What a visitor sends.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// The browser's own key of it; the same key is the same message.
    pub key: String,
    /// What.
    pub text: String,
    /// Files, already kept.
    pub files: Vec<NewAttachment>,
}

impl Words {
    /// Checks it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<()> {
        let key = self.key.len();
        let sound = self.key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !(8..=64).contains(&key) || !sound {
            return Err(Refusal::field("key", "ui-invalid-choice").into());
        }
        if self.text.trim().is_empty() && self.files.is_empty() {
            return Err(Refusal::field("text", "ui-invalid-required").into());
        }
        if self.text.chars().count() > TEXT_MAX {
            return Err(Refusal::Invalid(vec![
                tanggap_kernel::Invalid::new("text", "chat-invalid-long").arg("max", TEXT_MAX),
            ])
            .into());
        }
        if self.files.len() > FILES_MAX {
            return Err(Refusal::Invalid(vec![
                tanggap_kernel::Invalid::new("files", "chat-invalid-files").arg("max", FILES_MAX),
            ])
            .into());
        }
        Ok(())
    }

    /// How the message is known, once for each browser and key.
    #[must_use]
    pub fn external(&self, token: &str) -> String {
        format!("chat:{}:{}", token.get(..24).unwrap_or(token), self.key)
    }
}

/// The message that a browser sent by this key before.
///
/// # Errors
/// A fault of the engine.
pub fn sent_before(
    tx: &mut Tx<'_>,
    access: &Access,
    token: &str,
    words: &Words,
) -> Result<Option<(InteractionId, MessageId)>, Fault> {
    let key = params![access.agency_id, words.external(token)];
    tx.opt(&BY_KEY, key, |row| Ok((row.int()?, row.int()?)))
}

/// Notes whose browser holds a talk that its first message has just begun.
///
/// # Errors
/// [`Refusal::Stale`], or a fault.
pub fn register(tx: &mut Tx<'_>, access: &Access, talk: Talk, new: &NewVisitor) -> Result<()> {
    let (who, now) = (&new.who, tx.now());
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    tx.put(
        &INSERT,
        params![
            access.agency_id,
            talk.id,
            new.account_id,
            &new.token,
            &new.locale,
            &who.name,
            who.email.as_deref(),
            who.phone.as_deref(),
            some(&who.subject),
            &new.page,
            new.unproven,
            now,
        ],
    )?;
    let body = json!({ "vouched": !who.subject.is_empty() });
    announce(tx, &holder(access), talk.id, "chat.begun", body);
    talks::note(tx, access, Talk { language: some(&new.locale), ..talk }).map(drop)
}

/// Whom somebody names, where they name anybody at all.
#[must_use]
pub fn named(who: &vouch::Vouched) -> Option<NewContact> {
    if who.name.is_empty() && who.email.is_none() && who.phone.is_none() {
        return None;
    }
    Some(NewContact {
        name: who.name.clone(),
        email: who.email.clone(),
        phone: who.phone.clone(),
        ..NewContact::default()
    })
}

fn contact(tx: &mut Tx<'_>, access: &Access, who: &vouch::Vouched) -> Result<Option<ContactId>> {
    let Some(new) = named(who) else { return Ok(None) };
    // Nobody becomes somebody else by naming them.
    Ok(Some(tanggap_contacts::find_or_create(tx, access, &new, Met::ByThemself)?.id))
}

/// What was said in a talk from message `from` on, oldest first: where that is very much, the
/// newest. Notes among colleagues are never among it.
///
/// # Errors
/// A fault of the engine.
pub fn said(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    from: MessageId,
) -> Result<Vec<Said>, Fault> {
    let key = params![access.agency_id, id, from, SHOWN_MAX];
    let mut found = tx.all(&SINCE, key, |row| {
        Ok(Said {
            id: row.int()?,
            at: row.int()?,
            by_visitor: Direction::parse(&row.text()?) == Direction::In,
            actor: row.text()?,
            body: row.text()?,
            key: row.opt_text()?.and_then(|id| Some(id.rsplit_once(':')?.1.to_owned())),
        })
    })?;
    found.reverse();
    Ok(found)
}

/// The first id that a message said at `at` can have, with room for clocks that differ.
#[must_use]
pub fn about(at: Timestamp) -> MessageId {
    MessageId(id::floor_at(at.plus(-2 * Timestamp::SECOND)))
}

/// Where a browser that knows message `last` begins to read again: some seconds earlier, since two
/// who write at once may be kept in another order than their ids say.
#[must_use]
pub fn again_from(last: MessageId) -> MessageId {
    MessageId(last.0.saturating_sub(id::floor_at(EPOCH.plus(10 * Timestamp::SECOND))).max(0))
}

/// The topic of the room in which a talk's visitor listens.
#[must_use]
pub fn topic(id: InteractionId) -> String {
    format!("chat:{id}")
}

/// What the visitor's room is told while somebody writes to them.
pub const TYPING: &str = r#"{"t":"typing"}"#;

/// What the visitor's room is told when staff have read up to a message.
#[must_use]
pub fn seen(message: MessageId) -> String {
    json!({ "t": "seen", "id": message.to_string() }).to_string()
}

/// Notes how far the visitor has read; `false` where that was known.
///
/// # Errors
/// A fault of the engine.
pub fn read_by_visitor(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    message: MessageId,
) -> Result<bool, Fault> {
    Ok(tx.exec(&READ_BY_VISITOR, params![access.agency_id, id, message])? > 0)
}

/// Notes how far staff have read; `false` where that was known.
///
/// # Errors
/// A fault of the engine.
pub fn read_by_staff(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    message: MessageId,
) -> Result<bool, Fault> {
    Ok(tx.exec(&READ_BY_STAFF, params![access.agency_id, id, message])? > 0)
}

/// Staff (or a machine) answered: plans to send the answer after a visitor who does not look at it.
/// Who answers has read what stands above.
///
/// # Errors
/// A fault of the engine.
pub(crate) fn answered(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<(), Fault> {
    let now = tx.now();
    if access.user().is_some() {
        read_by_staff(tx, access, id, MessageId(id::floor_at(now)))?;
    }
    tx.schedule(access.agency_id, FOLLOW, &id.to_string(), now.plus(FOLLOW_AFTER), "{}")
}

/// Answers that their visitor has neither seen nor been sent, where there are such.
///
/// # Errors
/// A fault of the engine.
pub fn unread(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
) -> Result<Option<(Visitor, Vec<Said>)>, Fault> {
    let Some(visitor) = visitor(tx, access, id)? else { return Ok(None) };
    let seen = visitor.read_by_visitor.max(visitor.mailed);
    let mut unread = said(tx, access, id, seen)?;
    unread.retain(|said| said.id > seen && !said.by_visitor);
    Ok(Some((visitor, unread)).filter(|(_, unread)| !unread.is_empty()))
}

/// Notes that what was unread was sent to where its visitor can be reached.
///
/// # Errors
/// A fault of the engine.
pub fn followed(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    sent: &[Said],
) -> Result<(), Fault> {
    let Some(last) = sent.last() else { return Ok(()) };
    tx.put(&MAILED, params![access.agency_id, id, last.id])?;
    announce(tx, access, id, "chat.followed", json!({ "messages": sent.len() }));
    Ok(())
}

/// Notes where an answer may follow.
///
/// # Errors
/// [`Refusal::Stale`], or a fault.
pub fn reach(
    tx: &mut Tx<'_>,
    access: &Access,
    visitor: &Visitor,
    who: &vouch::Vouched,
) -> Result<()> {
    let by = holder(access);
    let name = if who.name.is_empty() { &visitor.name } else { &who.name };
    let email = who.email.as_ref().or(visitor.email.as_ref());
    let phone = who.phone.as_ref().or(visitor.phone.as_ref());
    let key = params![
        access.agency_id,
        visitor.id,
        name,
        email.map(String::as_str),
        phone.map(String::as_str),
    ];
    tx.put(&REACH, key)?;
    let named = vouch::Vouched {
        name: name.clone(),
        email: email.cloned(),
        phone: phone.cloned(),
        ..vouch::Vouched::default()
    };
    let mut talk = talks::get(tx, &by, visitor.id)?;
    let known = contact(tx, &by, &named)?;
    if known.is_some() && known != talk.contact_id {
        talk.contact_id = known;
        talks::note(tx, &by, talk)?;
    }
    Ok(())
}

/// Counts a transcript; `false` where there were enough.
///
/// # Errors
/// A fault of the engine.
pub fn count_transcript(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
) -> Result<bool, Fault> {
    Ok(tx.exec(&TRANSCRIBED, params![access.agency_id, id, TRANSCRIPTS_MAX])? > 0)
}

/// The visitor rates a talk that is over.
///
/// # Errors
/// [`Refusal::Illegal`] while it goes on, [`Refusal::Invalid`], or a fault.
pub fn rate(
    tx: &mut Tx<'_>,
    access: &Access,
    visitor: &Visitor,
    rating: i64,
    comment: &str,
) -> Result<()> {
    if !visitor.ended {
        return Err(Refusal::Illegal("chat-illegal-going-on").into());
    }
    if !(1..=5).contains(&rating) {
        return Err(Refusal::field("rating", "ui-invalid-required").into());
    }
    tx.put(&RATE, params![access.agency_id, visitor.id, rating])?;
    let comment: String = comment.trim().chars().take(TEXT_MAX).collect();
    let subject = Subject { kind: "talk", id: visitor.id.0 };
    let event = Event::new(access.agency_id, "chat.rated", subject, Actor::Citizen);
    tx.announce(
        event.with(json!({ "rating": rating })).with_private(json!({ "comment": comment })),
    );
    Ok(())
}

fn announce(
    tx: &mut Tx<'_>,
    access: &Access,
    id: InteractionId,
    kind: &'static str,
    body: serde_json::Value,
) {
    let subject = Subject { kind: "talk", id: id.0 };
    tx.announce(Event::new(access.agency_id, kind, subject, access.actor).with(body));
}

fn read(row: &mut Row<'_>) -> Result<Visitor, Fault> {
    Ok(Visitor {
        id: row.int()?,
        account_id: row.int()?,
        locale: row.text()?,
        name: row.text()?,
        email: row.opt_text()?,
        phone: row.opt_text()?,
        vouched: row.opt_text()?,
        page: row.text()?,
        unproven: row.bool()?,
        read_by_visitor: row.int()?,
        read_by_staff: row.int()?,
        mailed: row.int()?,
        transcripts: row.int()?,
        ended: row.text()? == TalkState::Ended.as_str(),
        rating: row.opt_int()?,
    })
}
