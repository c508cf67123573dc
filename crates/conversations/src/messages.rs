//! Interactions and messages as rows.

use tanggap_contacts::ContactId;
use tanggap_kernel::{Access, Fault, Result, Value, params};
use tanggap_store::vouch::Vouched;
use tanggap_store::{Row, Tx, sql};

use crate::model::{Beside, Direction, InteractionId, Message, MessageId, NewMessage};
use crate::search;

/// The most messages of a case that one page shows.
const SHOWN_MAX: i64 = 500;

sql! {
    INSERT_INTERACTION = "insert into interactions (agency_id, id, contact_id, case_id, channel,
        subject, started_at) values ($1, $2, $3, $4, $5, $6, $7)";
    LINK = "update interactions set case_id = $3, contact_id = coalesce($4, contact_id)
        where agency_id = $1 and id = $2";
    INSERT = "insert into messages (agency_id, id, interaction_id, at, direction, actor, body,
        external_id, raw, salt) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    AS_WRITTEN = "select salt, interaction_id, at, direction, actor, body, external_id, raw
        from messages where agency_id = $1 and id = $2";
    COUNT = @scan("the audit command counts everything") "select count(*) from messages
        where agency_id = $1 and id >= $2 and id < $3";
    OF_CASE = "select m.id, m.interaction_id, i.channel, m.at, m.direction, m.actor, m.body,
        m.beside
        from interactions i join messages m
        on m.agency_id = i.agency_id and m.interaction_id = i.id
        where i.agency_id = $1 and i.case_id = $2 order by m.id desc limit $3";
    OF_CASE_AFTER = "select m.id, m.interaction_id, i.channel, m.at, m.direction, m.actor, m.body,
        m.beside
        from interactions i join messages m
        on m.agency_id = i.agency_id and m.interaction_id = i.id
        where i.agency_id = $1 and i.case_id = $2 and m.id > $3 order by m.id limit $4";
    OF_CASE_FIRST = "select m.id, m.interaction_id, i.channel, m.at, m.direction, m.actor, m.body,
        m.beside
        from interactions i join messages m
        on m.agency_id = i.agency_id and m.interaction_id = i.id
        where i.agency_id = $1 and i.case_id = $2 order by m.id limit 1";
    OF_INTERACTION = "select m.id, m.interaction_id, i.channel, m.at, m.direction, m.actor, m.body,
        m.beside
        from interactions i join messages m
        on m.agency_id = i.agency_id and m.interaction_id = i.id
        where i.agency_id = $1 and i.id = $2 order by m.id desc limit $3";
    BESIDE = "update messages set beside = $3 where agency_id = $1 and external_id = $2";
    LETTER = "select i.case_id, m.raw, m.beside from messages m join interactions i
        on i.agency_id = m.agency_id and i.id = m.interaction_id
        where m.agency_id = $1 and m.id = $2 and i.case_id is not null and m.raw is not null";
    FIRST = "select id from interactions where agency_id = $1 and case_id = $2
        order by id limit 1";
    LETTER_BY_ID = "select i.case_id, m.beside from messages m join interactions i
        on i.agency_id = m.agency_id and i.id = m.interaction_id
        where m.agency_id = $1 and m.external_id = $2";
    BY_EXTERNAL = "select m.interaction_id, i.case_id from messages m join interactions i
        on i.agency_id = m.agency_id and i.id = m.interaction_id
        where m.agency_id = $1 and m.external_id = $2";
}

/// The log vouches for what was said.
pub static MESSAGES: Vouched = Vouched { kind: "message", row: &AS_WRITTEN, count: &COUNT };

/// Begins an exchange, for a case where there is one already.
///
/// # Errors
/// A fault of the engine.
pub fn open_interaction(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: Option<ContactId>,
    case_id: Option<i64>,
    channel: &str,
    subject: &str,
) -> Result<InteractionId, Fault> {
    let (id, now): (InteractionId, _) = (tx.id(), tx.now());
    let row = params![access.agency_id, id, contact, case_id, channel, subject, now];
    tx.put(&INSERT_INTERACTION, row)?;
    Ok(id)
}

/// Makes an exchange part of a case, as its reporter's where `contact` is given.
///
/// # Errors
/// A fault of the engine.
pub fn link_case(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
    case_id: i64,
    contact: Option<ContactId>,
) -> Result<(), Fault> {
    tx.put(&LINK, params![access.agency_id, interaction, case_id, contact])
}

/// Stores a message and makes it searchable.
///
/// # Errors
/// A fault of the engine.
pub fn add_message(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
    new: &NewMessage<'_>,
) -> Result<MessageId, Fault> {
    let (id, now): (MessageId, _) = (tx.id(), tx.now());
    let direction = new.direction.unwrap_or(Direction::Internal);
    let written = params![
        interaction,
        new.at.unwrap_or(now),
        direction.as_str(),
        Value::from(access.actor),
        new.body,
        new.external_id,
        new.raw,
    ];
    let salt = tx.vouch(access.agency_id, MESSAGES.kind, id.0, written)?;
    tx.put(&INSERT, &[params![access.agency_id, id], written, params![salt]].concat())?;
    search::index(tx, access, id, new.body, new.found_by)?;
    Ok(id)
}

pub(crate) fn ahead(tx: &mut Tx<'_>, access: &Access, case_id: i64) -> Result<(), Fault> {
    tx.ahead(&OF_CASE, params![access.agency_id, case_id, SHOWN_MAX])
}

/// The messages of a case, oldest first: where there are very many, the first and the newest.
///
/// # Errors
/// A fault of the engine.
pub fn messages_of_case(
    tx: &mut Tx<'_>,
    access: &Access,
    case_id: i64,
) -> Result<Vec<Message>, Fault> {
    let mut found = tx.all(&OF_CASE, params![access.agency_id, case_id, SHOWN_MAX], read)?;
    found.reverse();
    if found.len() as i64 == SHOWN_MAX {
        let first = tx.opt(&OF_CASE_FIRST, params![access.agency_id, case_id], read)?;
        if let (Some(first), Some(place)) = (first, found.first_mut()) {
            *place = first;
        }
    }
    Ok(found)
}

/// A page of a case's messages behind `after` (0: from the beginning), oldest first.
///
/// # Errors
/// A fault of the engine.
pub fn messages_of_case_after(
    tx: &mut Tx<'_>,
    access: &Access,
    case_id: i64,
    after: MessageId,
    limit: i64,
) -> Result<Vec<Message>, Fault> {
    tx.all(&OF_CASE_AFTER, params![access.agency_id, case_id, after, limit], read)
}

/// The messages of an exchange, oldest first: where there are very many, the newest.
///
/// # Errors
/// A fault of the engine.
pub fn messages_of(
    tx: &mut Tx<'_>,
    access: &Access,
    interaction: InteractionId,
) -> Result<Vec<Message>, Fault> {
    let key = params![access.agency_id, interaction, SHOWN_MAX];
    let mut found = tx.all(&OF_INTERACTION, key, read)?;
    found.reverse();
    Ok(found)
}

/// The exchange with which a case began.
///
/// # Errors
/// A fault of the engine.
pub fn first_interaction(
    tx: &mut Tx<'_>,
    access: &Access,
    case_id: i64,
) -> Result<Option<InteractionId>, Fault> {
    tx.opt(&FIRST, params![access.agency_id, case_id], |row| row.int())
}

/// The exchange (and its case) of the message that a provider knows by `external_id`: what makes
/// a second delivery of the same message harmless and finds the thread of a reply.
///
/// # Errors
/// A fault of the engine.
pub fn interaction_of_message(
    tx: &mut Tx<'_>,
    access: &Access,
    external_id: &str,
) -> Result<Option<(InteractionId, Option<i64>)>, Fault> {
    tx.opt(&BY_EXTERNAL, params![access.agency_id, external_id], |row| {
        Ok((row.int()?, row.opt_int()?))
    })
}

/// The letter that is known by `external_id`: its case, and what it says beside its words.
///
/// # Errors
/// A fault of the engine.
pub fn letter_by_id(
    tx: &mut Tx<'_>,
    access: &Access,
    external_id: &str,
) -> Result<Option<(Option<i64>, Beside)>, Fault> {
    tx.opt(&LETTER_BY_ID, params![access.agency_id, external_id], |row| {
        Ok((row.opt_int()?, beside(row)?.unwrap_or_default()))
    })
}

/// Notes what the letter `external_id` says beside its words.
///
/// # Errors
/// A fault of the engine.
pub fn set_beside(
    tx: &mut Tx<'_>,
    access: &Access,
    external_id: &str,
    beside: &Beside,
) -> Result<()> {
    let text = serde_json::to_string(beside)?;
    Ok(tx.put(&BESIDE, params![access.agency_id, external_id, text])?)
}

/// The case of a message that came as a letter, the blob of the letter, and what it says beside
/// its words.
///
/// # Errors
/// A fault of the engine.
pub fn letter_of(
    tx: &mut Tx<'_>,
    access: &Access,
    id: MessageId,
) -> Result<Option<(i64, String, Beside)>, Fault> {
    tx.opt(&LETTER, params![access.agency_id, id], |row| {
        Ok((row.int()?, row.text()?, beside(row)?.unwrap_or_default()))
    })
}

fn beside(row: &mut Row<'_>) -> Result<Option<Beside>, Fault> {
    Ok(row.opt_text()?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn read(row: &mut Row<'_>) -> Result<Message, Fault> {
    Ok(Message {
        id: row.int()?,
        interaction_id: row.int()?,
        channel: row.text()?,
        at: row.int()?,
        direction: Direction::parse(&row.text()?),
        actor: row.text()?,
        body: row.text()?,
        beside: beside(row)?,
    })
}
