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
    Access, Actor, Event, Fault, Permission, Refusal, Result, Subject, Timestamp, params,
};
use tanggap_store::{Row, Tx, sql};

use crate::accounts::AccountId;
use crate::chat;
use crate::messages::open_interaction;
use crate::model::InteractionId;
pub use crate::reply::{Reply, Turn};

mod model;

pub use model::{NewTalk, Shelf, Talk, TalkState};

/// Characters of the last message that a list shows.
const PREVIEW_MAX: usize = 140;
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
            t.reply_warn_at, t.reply_due_at, t.sort_at, t.noted_at, t.noted_by, t.note_due,
            t.language_guessed
            from talks t join interactions i
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
    UNNOTED = talks!(
        "where t.agency_id = $1 and t.owner_id = $2 and t.note_due
        and (t.ended_at, t.interaction_id) < ($3, $4)
        order by t.ended_at desc, t.interaction_id desc limit $5"
    );
    COUNT_UNNOTED = "select count(*) from (select 1 from talks where agency_id = $1
        and owner_id = $2 and note_due limit $3) few";
    COUNT_UNOWNED = "select count(*) from (select 1 from talks where agency_id = $1
        and state = 'open' and owner_id is null limit $2) few";
    COUNT_OWNED = "select count(*) from (select 1 from talks where agency_id = $1
        and state = 'open' and owner_id = $2 limit $3) few";
    SAVE = "update talks set contact_id = $3, state = $4, awaiting = $5, preview = $6,
        owner_id = $7, queue_id = $8, language = $9, topic = $10, reason = $11, last_in_at = $12,
        last_out_at = $13, window_until = $14, snoozed_until = $15, ended_at = $16,
        updated_at = $17, version = version + 1, reply_turn = $19, reply_from = $20,
        reply_warn_at = $21, reply_due_at = $22, sort_at = $23, noted_at = $24, noted_by = $25,
        note_due = $26, language_guessed = $27
        where agency_id = $1 and interaction_id = $2 and version = $18";
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
    let (agency, backwards) = (access.agency_id, matches!(shelf, Shelf::Ended | Shelf::Unnoted(_)));
    let first = if backwards { Cursor::END } else { Cursor::START };
    let Cursor { sort, id } = after.unwrap_or(first);
    let rows = limit as i64 + 1;
    let found = match shelf {
        Shelf::Unowned => tx.all(&UNOWNED, params![agency, sort, id, rows], read)?,
        Shelf::Of(user) => tx.all(&OF_OWNER, params![agency, user, sort, id, rows], read)?,
        Shelf::Open => tx.all(&OPEN, params![agency, sort, id, rows], read)?,
        Shelf::Snoozed => tx.all(&SNOOZED, params![agency, sort, id, rows], read)?,
        Shelf::Ended => tx.all(&ENDED, params![agency, sort, id, rows], read)?,
        Shelf::Unnoted(user) => tx.all(&UNNOTED, params![agency, user, sort, id, rows], read)?,
    };
    Ok(Page::from_rows(found, limit, |talk| {
        let at = match shelf {
            Shelf::Snoozed => talk.snoozed_until,
            Shelf::Ended | Shelf::Unnoted(_) => talk.ended_at,
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
    let talk = get_any(tx, access, id)?;
    let due = talk.snoozed_until.is_some_and(|until| until <= tx.now());
    if due { come_back(tx, access, id) } else { Ok(()) }
}

/// Brings a talk back that was laid aside, whether its time has come or not.
///
/// # Errors
/// A fault of the engine.
pub fn come_back(tx: &mut Tx<'_>, access: &Access, id: InteractionId) -> Result<()> {
    let mut talk = get_any(tx, access, id)?;
    if talk.state != TalkState::Snoozed {
        return Ok(());
    }
    (talk.state, talk.snoozed_until) = (TalkState::Open, None);
    save(tx, access, talk, "talk.woken").map(drop)
}

/// Ends a talk. `note_due`: whoever is at it is to note what it was about.
///
/// # Errors
/// As [`assign`].
pub fn end(tx: &mut Tx<'_>, access: &Access, mut talk: Talk, note_due: bool) -> Result<Talk> {
    write_on(access, &talk)?;
    talk.state = TalkState::Ended;
    talk.ended_at = Some(tx.now());
    talk.note_due = note_due && talk.owner_id.is_some();
    (talk.snoozed_until, talk.awaiting, talk.reply) = (None, false, None);
    save(tx, access, talk, "talk.ended")
}

/// Notes what a talk that is over was about, and why they wrote; whether these are known words is
/// asked before.
///
/// # Errors
/// [`Refusal::Forbidden`], [`Refusal::Illegal`] while it goes on, [`Refusal::Stale`], or a fault.
pub fn wrap_up(
    tx: &mut Tx<'_>,
    access: &Access,
    mut talk: Talk,
    topic: Option<String>,
    reason: Option<String>,
) -> Result<Talk> {
    access.require(Permission::TalkWrite, None)?;
    let user = access.user().ok_or(Refusal::Forbidden)?;
    if talk.state != TalkState::Ended {
        return Err(Refusal::Illegal("talk-illegal-going-on").into());
    }
    (talk.topic, talk.reason) = (topic, reason);
    (talk.noted, talk.note_due) = (Some((tx.now(), user)), false);
    let outcome = json!({ "topic": talk.topic, "reason": talk.reason });
    save_with(tx, access, talk, "talk.wrapped_up", outcome)
}

/// How many talks that are over are one's own to note; counted up to `most`.
///
/// # Errors
/// A fault of the engine.
pub fn count_unnoted(tx: &mut Tx<'_>, access: &Access, most: i64) -> Result<i64, Fault> {
    match access.user() {
        Some(user) => {
            tx.one(&COUNT_UNNOTED, params![access.agency_id, user, most], |row| row.int())
        }
        None => Ok(0),
    }
}

/// Marks the language in which somebody writes; `None`: it is not known.
///
/// # Errors
/// As [`assign`].
pub fn speak(
    tx: &mut Tx<'_>,
    access: &Access,
    mut talk: Talk,
    language: Option<String>,
) -> Result<Talk> {
    write_on(access, &talk)?;
    (talk.language, talk.language_guessed) = (language, false);
    let facts = json!({ "language": talk.language });
    save_with(tx, access, talk, "talk.language_set", facts)
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

fn save(tx: &mut Tx<'_>, access: &Access, talk: Talk, kind: &'static str) -> Result<Talk> {
    save_with(tx, access, talk, kind, json!({}))
}

/// Saves a talk and tells of it, with what `facts` add.
fn save_with(
    tx: &mut Tx<'_>,
    access: &Access,
    mut talk: Talk,
    kind: &'static str,
    mut facts: serde_json::Value,
) -> Result<Talk> {
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
        talk.noted.map(|(at, _)| at),
        talk.noted.map(|(_, by)| by),
        talk.note_due,
        talk.language_guessed,
    ];
    if tx.exec(&SAVE, row)? == 0 {
        return Err(Refusal::Stale.into());
    }
    talk.version += 1;
    let subject = Subject { kind: "talk", id: talk.id.0 };
    let event = Event::new(access.agency_id, kind, subject, access.actor);
    facts["channel"] = json!(talk.channel);
    facts["owner"] = json!(talk.owner_id.map(|id| id.to_string()));
    facts["case"] = json!(talk.case_id.map(tanggap_kernel::id::to_text));
    tx.announce(event.with(facts));
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
        noted: {
            let (at, by): (Option<Timestamp>, Option<UserId>) = (row.opt_int()?, row.opt_int()?);
            at.zip(by)
        },
        note_due: row.bool()?,
        language_guessed: row.bool()?,
    })
}
