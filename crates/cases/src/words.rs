//! What is said on a case without moving it, and how words that came by a channel of their own
//! (an answer to a mail) reach it.

use serde_json::json;
use tanggap_calendar::Event as ClockEvent;
use tanggap_conversations::{self as talk, Direction, InteractionId, NewAttachment, NewMessage};
use tanggap_kernel::{Access, Actor, Error, Permission, Refusal, Result, Timestamp};
use tanggap_org as org;
use tanggap_store::Tx;

use crate::actions::{Move, act_from, announce, load, profile_of, ring_next};
use crate::clocks::{Law, next_due};
use crate::model::{Case, CaseId, Status};
use crate::notices::{self, Notice};
use crate::report::Report;
use crate::rules::{Action, Voice};
use crate::store;

/// Writes to the citizen, as the citizen, or among colleagues, without moving the case.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], an empty text, or a fault.
pub fn write(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CaseId,
    voice: Voice,
    text: &str,
    attachments: &[NewAttachment],
) -> Result<Case> {
    write_from(tx, access, id, &Words { voice, text, attachments }, None)
}

/// What is said on a case.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// Who to whom.
    pub voice: Voice,
    /// The text.
    pub text: &'a str,
    /// Files that go with it.
    pub attachments: &'a [NewAttachment],
}

/// The exchange on another channel in which words reached a case.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The exchange that goes on; `None`: they begin one.
    pub interaction: Option<InteractionId>,
    /// `email` ...
    pub channel: &'a str,
    /// The subject there.
    pub subject: &'a str,
    /// The message's id there, by which a second delivery is known.
    pub external_id: &'a str,
    /// The raw payload's blob.
    pub raw: Option<&'a str>,
    /// When it was said, where that was before now.
    pub at: Option<Timestamp>,
}

/// Takes in words that came by a channel of their own, such as an answer to a mail: what was
/// asked for where the case waits for its completion, a message otherwise.
///
/// # Errors
/// As [`write`].
pub fn receive(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CaseId,
    words: &Words<'_>,
    origin: &Origin<'_>,
) -> Result<Case> {
    let case = load(tx, access, id)?;
    let completes = words.voice == Voice::FromCitizen && case.status == Status::Incomplete;
    if !completes {
        return write_from(tx, access, id, words, Some(origin));
    }
    let action = Action::Complete { text: words.text.to_owned() };
    let attachments = words.attachments.to_vec();
    act_from(tx, access, &Move { case: id, version: None, action, attachments }, Some(origin))
}

/// Takes in what a reporter writes by a channel of their own after their case was closed: it is
/// reopened. `None`: the time for that is over, or it was reopened before; nothing has changed.
///
/// # Errors
/// As [`write`].
pub fn reopen(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CaseId,
    words: &Words<'_>,
    origin: &Origin<'_>,
) -> Result<Option<Case>> {
    let action = Action::Reopen { reason: words.text.to_owned() };
    let attachments = words.attachments.to_vec();
    let wanted = Move { case: id, version: None, action, attachments };
    match act_from(tx, access, &wanted, Some(origin)) {
        Ok(case) => Ok(Some(case)),
        Err(Error::Refused(Refusal::Illegal(_))) => Ok(None),
        Err(error) => Err(error),
    }
}

fn write_from(
    tx: &mut Tx<'_>,
    access: &Access,
    id: CaseId,
    words: &Words<'_>,
    origin: Option<&Origin<'_>>,
) -> Result<Case> {
    let Words { voice, text, attachments } = *words;
    let mut case = load(tx, access, id)?;
    if access.actor != Actor::Citizen {
        access.require(Permission::CaseWrite, case.unit_id)?;
    }
    if text.trim().is_empty() && attachments.is_empty() {
        return Err(Refusal::field("text", "case-invalid-empty").into());
    }
    if text.chars().count() > crate::report::DESCRIPTION_MAX {
        return Err(Refusal::field("text", "case-invalid-long").into());
    }
    say(tx, access, id, &Words { voice, text: text.trim(), attachments }, origin)?;
    let (awaiting, event) = match voice {
        // On an ended case too: it is not reopened by that, but somebody has to read it.
        Voice::FromCitizen => (true, "case.citizen_wrote"),
        Voice::ToCitizen => (false, "case.written_to_citizen"),
        Voice::Internal => (case.awaiting, "case.noted"),
    };
    case.updated_at = tx.now();
    case.awaiting = awaiting;
    if voice == Voice::FromCitizen && case.status == Status::Answered {
        let calendar = org::store::calendar_for(tx, access, None)?;
        let profile = profile_of(tx, access, &case)?;
        let mut deadlines = store::deadlines(tx, access, id)?;
        let law = Law { profile: &profile, calendar: &calendar };
        law.apply(&mut deadlines, ClockEvent::ReporterReplied, case.updated_at)?;
        case.due = next_due(&deadlines);
        store::save_deadlines(tx, access, id, &deadlines)?;
        ring_next(tx, access, id, &deadlines)?;
    }
    store::update(tx, access, &case)?;
    case.version += 1;
    if let (Some(user), true) = (access.user(), voice != Voice::FromCitizen) {
        store::save_draft(tx, access, id, user, "")?;
    }
    announce(tx, access, &case, event, json!({}));
    if voice == Voice::ToCitizen {
        notices::send(tx, access, &Notice { case: &case, event, pin: None, text })?;
    }
    Ok(case)
}

/// A message as somebody reads it to whom the reporter is to stay a stranger: numbers and
/// addresses in it would tell who that is. What one wrote oneself, and what the citizen was told,
/// stays as it is.
#[must_use]
pub fn without_traces(message: &talk::Message, reader: &Access) -> String {
    let own = message.actor == reader.actor.to_string();
    match message.direction {
        Direction::In => tanggap_lang::personal::redact(&message.body),
        Direction::Internal if !own => tanggap_lang::personal::redact(&message.body),
        Direction::Internal | Direction::Out => message.body.clone(),
    }
}

/// Keeps words as a message of the case.
pub(crate) fn say(
    tx: &mut Tx<'_>,
    access: &Access,
    case: CaseId,
    words: &Words<'_>,
    origin: Option<&Origin<'_>>,
) -> Result<()> {
    let direction = match words.voice {
        Voice::ToCitizen => Direction::Out,
        Voice::FromCitizen => Direction::In,
        Voice::Internal => Direction::Internal,
    };
    let known = match origin {
        Some(origin) => origin.interaction,
        None => talk::first_interaction(tx, access, case.0)?,
    };
    let (channel, subject) = origin.map_or(("web", ""), |origin| (origin.channel, origin.subject));
    let interaction = match known {
        Some(interaction) => interaction,
        None => talk::open_interaction(tx, access, None, Some(case.0), channel, subject)?,
    };
    let new = NewMessage {
        direction: Some(direction),
        body: words.text,
        found_by: subject,
        external_id: origin.map(|origin| origin.external_id),
        raw: origin.and_then(|origin| origin.raw),
        at: origin.and_then(|origin| origin.at),
    };
    let message = talk::add_message(tx, access, interaction, &new)?;
    for file in words.attachments {
        talk::attach(tx, access, interaction, message, file)?;
    }
    Ok(())
}

/// Keeps what a report tells as the first words of its case.
pub(crate) fn keep_story(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    report: &Report,
) -> Result<()> {
    let (contact, channel) = (case.contact_id, report.channel);
    // In a talk the citizen has told it already: what is written here is our summary of it.
    let (interaction, direction, teller) = match report.talk {
        Some(talk) => {
            talk::link_case(tx, access, talk, case.id.0, None)?;
            (talk, Direction::Internal, access.clone())
        }
        None => (
            talk::open_interaction(tx, access, contact, Some(case.id.0), channel, &case.subject)?,
            Direction::In,
            Access { actor: Actor::Citizen, ..access.clone() },
        ),
    };
    let found_by = format!("{} {}", case.subject, case.place);
    let message = NewMessage {
        direction: Some(direction),
        body: &report.description,
        found_by: &found_by,
        external_id: report.external_id.as_deref(),
        raw: report.raw.as_deref(),
        at: report.received_at,
    };
    let message = talk::add_message(tx, &teller, interaction, &message)?;
    for file in &report.attachments {
        talk::attach(tx, access, interaction, message, file)?;
    }
    Ok(())
}
