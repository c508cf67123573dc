//! Exchanges that go on: who wrote last, where an answer goes, who is at it, and until when the
//! channel lets us write freely.
//!
//! A talk is the living side of an interaction on a channel where both write in turns. It ends
//! with a topic and the reason for which somebody wrote; what they write later begins another.

use serde_json::json;
use tanggap_contacts::ContactId;
use tanggap_kernel::id::UserId;
use tanggap_kernel::paging::{Cursor, Page};
use tanggap_kernel::{
    Access, Actor, Event, Fault, Invalid, Permission, Refusal, Result, Subject, Timestamp, params,
};
use tanggap_store::{Row, Tx, sql};

use crate::accounts::AccountId;
use crate::chat;
use crate::messages::open_interaction;
use crate::model::InteractionId;
pub use crate::reply::{Reply, Turn};
use crate::window::{self, MayWrite};

/// Characters of the last message that a list shows.
const PREVIEW_MAX: usize = 140;
const WORDS_MAX: usize = 200;
/// What nobody waits for comes in lists after all that somebody waits for: a century later.
const AFTER_ALL: i64 = 36_500 * Timestamp::DAY;

/// All of a talk, and what is to hold of it.
macro_rules! talks {
    ($of:literal) => {
        concat!(
            "select t.interaction_id, i.case_id, i.subject, t.account_id, t.channel, t.thread,
            t.contact_id, t.state, t.awaiting, t.preview, t.owner_id, t.queue_id, t.language,
            t.topic, t.reason, t.last_in_at, t.last_out_at, t.window_until, t.snoozed_until,
            t.ended_at, t.started_at, t.updated_at, t.version, t.reply_turn, t.reply_from,
            t.reply_warn_at, t.reply_due_at, t.sort_at from talks t join interactions i
            on i.agency_id = t.agency_id and i.id = t.interaction_id ",
            $of
        )
    };
}

sql! {
    INSERT = "insert into talks (agency_id, interaction_id, account_id, channel, thread,
        contact_id, state, awaiting, preview, started_at, updated_at, version, sort_at)
        values ($1, $2, $3, $4, $5, $6, 'open', false, '', $7, $7, 1, $8)
        on conflict do nothing";
    FIND = talks!("where t.agency_id = $1 and t.interaction_id = $2");
    OF_THREAD = talks!(
        "where t.agency_id = $1 and t.account_id = $2 and t.thread = $3
        and t.state <> 'ended' and t.thread <> ''"
    );
    OF_CASE = talks!("where i.agency_id = $1 and i.case_id = $2 order by i.id desc limit $3");
    OF_CONTACT = talks!(
        "where t.agency_id = $1 and t.contact_id = $2
        order by t.interaction_id desc limit $3"
    );
    UNOWNED = talks!(
        "where t.agency_id = $1 and t.state = 'open' and t.owner_id is null
        and (t.sort_at, t.interaction_id) > ($2, $3)
        order by t.sort_at, t.interaction_id limit $4"
    );
    OF_OWNER = talks!(
        "where t.agency_id = $1 and t.state = 'open' and t.owner_id = $2
        and (t.sort_at, t.interaction_id) > ($3, $4)
        order by t.sort_at, t.interaction_id limit $5"
    );
    OPEN = talks!(
        "where t.agency_id = $1 and t.state = 'open'
        and (t.sort_at, t.interaction_id) > ($2, $3)
        order by t.sort_at, t.interaction_id limit $4"
    );
    SNOOZED = talks!(
        "where t.agency_id = $1 and t.state = 'snoozed'
        and (t.snoozed_until, t.interaction_id) > ($2, $3)
        order by t.snoozed_until, t.interaction_id limit $4"
    );
    ENDED = talks!(
        "where t.agency_id = $1 and t.state = 'ended'
        and (t.ended_at, t.interaction_id) < ($2, $3)
        order by t.ended_at desc, t.interaction_id desc limit $4"
    );
    COUNT_UNOWNED = "select count(*) from (select 1 from talks where agency_id = $1
        and state = 'open' and owner_id is null limit $2) few";
    COUNT_OWNED = "select count(*) from (select 1 from talks where agency_id = $1
        and state = 'open' and owner_id = $2 limit $3) few";
    SAVE = "update talks set contact_id = $3, state = $4, awaiting = $5, preview = $6,
        owner_id = $7, queue_id = $8, language = $9, topic = $10, reason = $11, last_in_at = $12,
        last_out_at = $13, window_until = $14, snoozed_until = $15, ended_at = $16,
        updated_at = $17, version = version + 1, reply_turn = $19, reply_from = $20,
        reply_warn_at = $21, reply_due_at = $22, sort_at = $23
        where agency_id = $1 and interaction_id = $2 and version = $18";
}

/// How a talk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalkState {
    /// It goes on.
    Open,
    /// Laid aside until a moment, or until the citizen writes.
    Snoozed,
    /// Over.
    Ended,
}

impl TalkState {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Ended => "ended",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "open" => Self::Open,
            "snoozed" => Self::Snoozed,
            _ => Self::Ended,
        }
    }
}

/// An exchange that goes on, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// Its interaction.
    pub id: InteractionId,
    /// The case that it belongs to.
    pub case_id: Option<i64>,
    /// Its subject, where its channel has such a thing.
    pub subject: String,
    /// By which account of ours.
    pub account_id: Option<AccountId>,
    /// `email`, `sms`, `whatsapp` ...
    pub channel: String,
    /// Where an answer goes.
    pub thread: String,
    /// With whom.
    pub contact_id: Option<ContactId>,
    /// How it is.
    pub state: TalkState,
    /// The citizen wrote last and nobody has answered.
    pub awaiting: bool,
    /// How the last message begins.
    pub preview: String,
    /// Who is at it.
    pub owner_id: Option<UserId>,
    /// In which queue it waits or came.
    pub queue_id: Option<i64>,
    /// In which language, where somebody or something has noted it.
    pub language: Option<String>,
    /// What it was about.
    pub topic: Option<String>,
    /// Why they wrote (rules.md 16).
    pub reason: Option<String>,
    /// When the citizen wrote last.
    pub last_in_at: Option<Timestamp>,
    /// When we did.
    pub last_out_at: Option<Timestamp>,
    /// The end of the time in which the channel lets us write freely.
    pub window_until: Option<Timestamp>,
    /// Until when it is laid aside.
    pub snoozed_until: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// How often it did.
    pub version: i64,
    /// By when the citizen's message is answered, while they wait.
    pub reply: Option<Reply>,
    /// Its place in lists of talks that go on.
    pub sort_at: Timestamp,
}

impl Talk {
    /// Whether the channel lets us write freely at `now`.
    #[must_use]
    pub fn is_window_open(&self, now: Timestamp) -> bool {
        self.window_until.is_none_or(|until| now <= until)
    }

    /// What a member of staff may write at `now`.
    #[must_use]
    pub fn may_write(&self, now: Timestamp) -> MayWrite {
        if self.is_window_open(now) {
            return self.window_until.map_or(MayWrite::Always, MayWrite::Until);
        }
        match window::may_write(&self.channel, self.last_in_at, now) {
            // What was heard last was a comment, whose time was another.
            MayWrite::Always | MayWrite::Until(_) => MayWrite::Nothing,
            less => less,
        }
    }
}

/// With whom, and by which way.
#[derive(Clone, Debug, Default)]
pub struct NewTalk<'a> {
    /// By which account of ours.
    pub account_id: Option<AccountId>,
    /// `email`, `sms`, `whatsapp` ...
    pub channel: &'a str,
    /// Where an answer goes.
    pub thread: &'a str,
    /// With whom.
    pub contact_id: Option<ContactId>,
    /// Its subject, where the channel has one.
    pub subject: &'a str,
    /// The case that it belongs to from the start.
    pub case_id: Option<i64>,
}

/// Which talks a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Nobody is at them; what is due first comes first.
    Unowned,
    /// One's own.
    Of(UserId),
    /// All that go on; what is due first comes first.
    Open,
    /// Laid aside; the next to come back first.
    Snoozed,
    /// Over; the newest first.
    Ended,
}

/// The open talk of a thread, or a new one; `true` where it is new.
///
/// # Errors
/// [`Refusal::Stale`] where another message began it at the same time, or a fault.
pub fn find_or_begin(tx: &mut Tx<'_>, access: &Access, new: &NewTalk<'_>) -> Result<(Talk, bool)> {
    if let Some(account) = new.account_id
        && !new.thread.is_empty()
    {
        let key = params![access.agency_id, account, new.thread];
        if let Some(talk) = tx.opt(&OF_THREAD, key, read)? {
            return Ok((talk, false));
        }
    }
    let id = open_interaction(tx, access, new.contact_id, new.case_id, new.channel, new.subject)?;
    let now = tx.now();
    let row = params![
        access.agency_id,
        id,
        new.account_id,
        new.channel,
        new.thread,
        new.contact_id,
        now,
        now.plus(AFTER_ALL),
    ];
    if tx.exec(&INSERT, row)? == 0 {
        // Another message of theirs began it meanwhile.
        return Err(Refusal::Stale.into());
    }
    Ok((get_any(tx, access, id)?, true))
}

/// The open talk of a thread at an account.
///
/// # Errors
/// A fault of the engine.
pub fn of_thread(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    thread: &str,
) -> Result<Option<Talk>, Fault> {
    tx.opt(&OF_THREAD, params![access.agency_id, account, thread], read)
}

/// One talk, for those who may read them.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn get(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<Talk> {
    if !access.can(Permission::TalkRead, None) {
        return Err(Refusal::NotFound.into());
    }
    get_any(tx, access, id)
}

fn get_any(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<Talk> {
    Ok(tx.opt(&FIND, params![access.agency_id, id], read)?.ok_or(Refusal::NotFound)?)
}

/// The talks of a case, the newest first. Whether one may see the case is asked before.
///
/// # Errors
/// A fault of the engine.
pub fn of_case(
    tx: &mut Tx<'_>,
    access: &Access,
    case_id: i64,
    limit: i64,
) -> Result<Vec<Talk>, Fault> {
    tx.all(&OF_CASE, params![access.agency_id, case_id, limit], read)
}

/// The talks of a person, the newest first.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn of_contact(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: ContactId,
    limit: i64,
) -> Result<Vec<Talk>> {
    access.require(Permission::TalkRead, None)?;
    Ok(tx.all(&OF_CONTACT, params![access.agency_id, contact, limit], read)?)
}

/// A page of talks.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn list(
    tx: &mut Tx<'_>,
    access: &Access,
    shelf: Shelf,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Page<Talk>> {
    access.require(Permission::TalkRead, None)?;
    let (agency, first) =
        (access.agency_id, if shelf == Shelf::Ended { Cursor::END } else { Cursor::START });
    let Cursor { sort, id } = after.unwrap_or(first);
    let rows = limit as i64 + 1;
    let found = match shelf {
        Shelf::Unowned => tx.all(&UNOWNED, params![agency, sort, id, rows], read)?,
        Shelf::Of(user) => tx.all(&OF_OWNER, params![agency, user, sort, id, rows], read)?,
        Shelf::Open => tx.all(&OPEN, params![agency, sort, id, rows], read)?,
        Shelf::Snoozed => tx.all(&SNOOZED, params![agency, sort, id, rows], read)?,
        Shelf::Ended => tx.all(&ENDED, params![agency, sort, id, rows], read)?,
    };
    Ok(Page::from_rows(found, limit, |talk| {
        let at = match shelf {
            Shelf::Snoozed => talk.snoozed_until,
            Shelf::Ended => talk.ended_at,
            _ => None,
        };
        Cursor { sort: at.unwrap_or(talk.sort_at).as_micros(), id: talk.id.0 }
    }))
}

/// How many wait for somebody, and how many are one's own; counted up to `most`.
///
/// # Errors
/// [`Refusal::Forbidden`], or a fault.
pub fn counts(tx: &mut Tx<'_>, access: &Access, most: i64) -> Result<(i64, i64)> {
    access.require(Permission::TalkRead, None)?;
    let waiting = tx.one(&COUNT_UNOWNED, params![access.agency_id, most], |row| row.int())?;
    let own = match access.user() {
        Some(user) => {
            tx.one(&COUNT_OWNED, params![access.agency_id, user, most], |row| row.int())?
        }
        None => 0,
    };
    Ok((waiting, own))
}

/// Notes that the citizen wrote: it waits for an answer, wherever it was laid, unless `by_itself`
/// says that the program answers.
///
/// # Errors
/// [`Refusal::Stale`], or a fault.
pub fn heard(
    tx: &mut Tx<'_>,
    access: &Access,
    mut talk: Talk,
    text: &str,
    at: Timestamp,
    window_until: Option<Timestamp>,
    by_itself: bool,
) -> Result<Talk> {
    if !by_itself {
        talk.state = TalkState::Open;
        (talk.snoozed_until, talk.awaiting) = (None, true);
    }
    talk.preview = preview(text);
    // A late delivery does not shorten what a newer message opened.
    talk.last_in_at = talk.last_in_at.max(Some(at));
    talk.window_until = talk.window_until.max(window_until);
    save(tx, access, talk, "talk.heard")
}

/// Notes that we wrote. Who answers what nobody is at, is at it.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Stale`], or a fault.
pub fn answered(tx: &mut Tx<'_>, access: &Access, mut talk: Talk, text: &str) -> Result<Talk> {
    if access.actor != Actor::System {
        access.require(Permission::TalkWrite, None)?;
    }
    (talk.awaiting, talk.reply) = (false, None);
    talk.preview = preview(text);
    talk.last_out_at = Some(tx.now());
    talk.owner_id = talk.owner_id.or(access.user());
    if talk.channel == chat::CHANNEL {
        chat::answered(tx, access, talk.id)?;
    }
    save(tx, access, talk, "talk.answered")
}

/// Gives a talk to somebody, or to nobody.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Illegal`] where it is over, [`Refusal::Stale`], or a fault.
pub fn assign(
    tx: &mut Tx<'_>,
    access: &Access,
    mut talk: Talk,
    owner: Option<UserId>,
) -> Result<Talk> {
    write_on(access, &talk)?;
    talk.owner_id = owner;
    save(tx, access, talk, "talk.assigned")
}

/// Lays a talk aside until `until`, or until the citizen writes.
///
/// # Errors
/// As [`assign`]; [`Refusal::Invalid`] where `until` is over.
pub fn snooze(tx: &mut Tx<'_>, access: &Access, mut talk: Talk, until: Timestamp) -> Result<Talk> {
    write_on(access, &talk)?;
    if until <= tx.now() {
        return Err(Refusal::field("until", "talk-invalid-until").into());
    }
    talk.state = TalkState::Snoozed;
    talk.snoozed_until = Some(until);
    let id = talk.id;
    let talk = save(tx, access, talk, "talk.snoozed")?;
    tx.schedule(access.agency_id, WAKE, &id.to_string(), until, "{}")?;
    Ok(talk)
}

/// The kind of job that brings a talk back; its key is the talk's id.
pub const WAKE: &str = "talk_wake";

/// Brings a talk back whose time has come.
///
/// # Errors
/// A fault of the engine.
pub fn wake(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<()> {
    let mut talk = get_any(tx, access, id)?;
    let due = talk.snoozed_until.is_some_and(|until| until <= tx.now());
    if talk.state != TalkState::Snoozed || !due {
        return Ok(());
    }
    (talk.state, talk.snoozed_until) = (TalkState::Open, None);
    save(tx, access, talk, "talk.woken").map(drop)
}

/// Ends a talk, with its topic and the reason for which they wrote.
///
/// # Errors
/// As [`assign`]; [`Refusal::Invalid`] where a word is too long.
pub fn end(
    tx: &mut Tx<'_>,
    access: &Access,
    mut talk: Talk,
    topic: &str,
    reason: &str,
) -> Result<Talk> {
    write_on(access, &talk)?;
    for (field, text) in [("topic", topic), ("reason", reason)] {
        if text.chars().count() > WORDS_MAX {
            let long = Invalid::new(field, "ui-invalid-long").arg("max", WORDS_MAX);
            return Err(Refusal::Invalid(vec![long]).into());
        }
    }
    let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    (talk.topic, talk.reason) = (some(topic), some(reason));
    talk.state = TalkState::Ended;
    talk.ended_at = Some(tx.now());
    (talk.snoozed_until, talk.awaiting, talk.reply) = (None, false, None);
    save(tx, access, talk, "talk.ended")
}

/// Notes who it is with, in which language and in which queue.
///
/// # Errors
/// [`Refusal::Stale`], or a fault.
pub fn note(tx: &mut Tx<'_>, access: &Access, talk: Talk) -> Result<Talk> {
    save(tx, access, talk, "talk.noted")
}

fn write_on(access: &Access, talk: &Talk) -> Result<()> {
    if access.actor != Actor::System {
        access.require(Permission::TalkWrite, None)?;
    }
    match talk.state {
        TalkState::Ended => Err(Refusal::Illegal("talk-illegal-ended").into()),
        _ => Ok(()),
    }
}

fn save(tx: &mut Tx<'_>, access: &Access, mut talk: Talk, kind: &'static str) -> Result<Talk> {
    talk.updated_at = tx.now();
    talk.sort_at = match (talk.awaiting, talk.reply) {
        (true, Some(reply)) => reply.due_at,
        (true, None) => talk.updated_at,
        (false, _) => talk.updated_at.plus(AFTER_ALL),
    };
    let row = params![
        access.agency_id,
        talk.id,
        talk.contact_id,
        talk.state.as_str(),
        talk.awaiting,
        &talk.preview,
        talk.owner_id,
        talk.queue_id,
        talk.language.as_deref(),
        talk.topic.as_deref(),
        talk.reason.as_deref(),
        talk.last_in_at,
        talk.last_out_at,
        talk.window_until,
        talk.snoozed_until,
        talk.ended_at,
        talk.updated_at,
        talk.version,
        talk.reply.map(|reply| reply.turn.as_str()),
        talk.reply.map(|reply| reply.from),
        talk.reply.map(|reply| reply.warn_at),
        talk.reply.map(|reply| reply.due_at),
        talk.sort_at,
    ];
    if tx.exec(&SAVE, row)? == 0 {
        return Err(Refusal::Stale.into());
    }
    talk.version += 1;
    let subject = Subject { kind: "talk", id: talk.id.0 };
    let event = Event::new(access.agency_id, kind, subject, access.actor);
    tx.announce(event.with(json!({
        "channel": talk.channel,
        "owner": talk.owner_id.map(|id| id.to_string()),
        "case": talk.case_id.map(tanggap_kernel::id::to_text),
    })));
    Ok(talk)
}

fn preview(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(PREVIEW_MAX).collect()
}

fn read(row: &mut Row<'_>) -> Result<Talk, Fault> {
    Ok(Talk {
        id: row.int()?,
        case_id: row.opt_int()?,
        subject: row.text()?,
        account_id: row.opt_int()?,
        channel: row.text()?,
        thread: row.text()?,
        contact_id: row.opt_int()?,
        state: TalkState::parse(&row.text()?),
        awaiting: row.bool()?,
        preview: row.text()?,
        owner_id: row.opt_int()?,
        queue_id: row.opt_int()?,
        language: row.opt_text()?,
        topic: row.opt_text()?,
        reason: row.opt_text()?,
        last_in_at: row.opt_int()?,
        last_out_at: row.opt_int()?,
        window_until: row.opt_int()?,
        snoozed_until: row.opt_int()?,
        ended_at: row.opt_int()?,
        started_at: row.int()?,
        updated_at: row.int()?,
        version: row.int()?,
        reply: Reply::read(row)?,
        sort_at: row.int()?,
    })
}
