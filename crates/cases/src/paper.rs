//! What reached us on paper, at the counter or on a telephone that is not ours, registered by staff
//! as an exchange of a case, or of a person without one: with its real date, its scan, and what a
//! letter is filed under.
//!
//! What the reporter said so is the reporter's word, as by any channel: it waits for a reply, and
//! completes what they were asked to complete. What anybody else said is a note for staff. What
//! belongs to no case is a talk that is over; a case can still be made of it.

use serde_json::json;
use tanggap_contacts::{self as contacts, ContactId};
use tanggap_conversations::{
    self as talk, Beside, Direction, InteractionId, NewAttachment, NewMessage, NewTalk, Paper,
    talks,
};
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Invalid, Permission, Refusal, Result, Timestamp};
use tanggap_store::Tx;

use crate::actions::{announce, load};
use crate::model::{Case, CaseId};
use crate::report::DESCRIPTION_MAX;
use crate::rules::Voice;
use crate::words::{Origin, Words, receive};

/// By what something is registered.
pub const CHANNELS: [&str; 3] = ["letter", "counter", "phone"];
/// Characters of a sender's name, of a number and of an agenda entry.
pub const LINE_MAX: usize = 200;

/// Something that reached us.
#[derive(Clone, Debug)]
pub struct Came<'a> {
    /// One of [`CHANNELS`].
    pub channel: &'a str,
    /// When it was received or took place.
    pub at: Timestamp,
    /// The reporter said it, or whoever speaks for them.
    pub from_reporter: bool,
    /// What was said or asked.
    pub text: &'a str,
    /// Scans, already kept.
    pub files: &'a [NewAttachment],
    /// From whom, and how a letter is filed.
    pub paper: Paper,
    /// Names the form that it was written on: sent twice, it is registered once.
    pub once: &'a str,
}

/// Registers something that reached us on a case.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], fields to correct (`channel`, `at`, `text`,
/// `sender`, `number`, `agenda`), [`Refusal::Stale`], or a fault.
pub fn register(tx: &mut Tx<'_>, access: &Access, id: CaseId, came: &Came<'_>) -> Result<Case> {
    let case = load(tx, access, id)?;
    access.require(Permission::CaseWrite, case.unit_id)?;
    let user = access.user().ok_or(Refusal::Forbidden)?;
    check(came, tx.now())?;
    let once = format!("paper:{user}:{}", came.once);
    if talk::interaction_of_message(tx, access, &once)?.is_some() {
        return Ok(case);
    }
    let text = came.text.trim();
    let case = match came.from_reporter {
        true => {
            let voice = Voice::FromCitizen;
            let words = Words { voice, text, attachments: came.files };
            let origin = Origin {
                interaction: None,
                channel: came.channel,
                subject: &came.paper.number,
                external_id: &once,
                raw: None,
                at: Some(came.at),
            };
            receive(tx, access, id, &words, &origin)?
        }
        false => {
            let (of, number) = (Some(case.id.0), came.paper.number.as_str());
            let exchange = talk::open_interaction(tx, access, None, of, came.channel, number)?;
            keep(tx, access, exchange, Direction::Internal, came, &once)?;
            case
        }
    };
    file(tx, access, came, &once)?;
    let facts = json!({ "channel": came.channel, "reporter": came.from_reporter });
    announce(tx, access, &case, "case.contact_registered", facts);
    Ok(case)
}

fn check(came: &Came<'_>, now: Timestamp) -> Result<()> {
    let mut check = Check::new();
    check.require(CHANNELS.contains(&came.channel), "channel", "ui-invalid-choice");
    check.require(came.at <= now, "at", "paper-invalid-future");
    check.require(!came.text.trim().is_empty(), "text", "ui-invalid-required");
    for (field, value, max) in [
        ("text", came.text, DESCRIPTION_MAX),
        ("sender", came.paper.sender.as_str(), LINE_MAX),
        ("number", came.paper.number.as_str(), LINE_MAX),
        ("agenda", came.paper.agenda.as_str(), LINE_MAX),
    ] {
        if value.chars().count() > max {
            check.push(Invalid::new(field, "ui-invalid-long").arg("max", max));
        }
    }
    check.done()
}

/// Registers something that reached us from a person, without a case: a talk that is over,
/// whose topic and reason can be noted as of any.
///
/// # Errors
/// As [`register`].
pub fn register_alone(
    tx: &mut Tx<'_>,
    access: &Access,
    contact: ContactId,
    came: &Came<'_>,
) -> Result<InteractionId> {
    access.require(Permission::TalkWrite, None)?;
    let user = access.user().ok_or(Refusal::Forbidden)?;
    check(came, tx.now())?;
    let contact = contacts::get(tx, access, contact)?.id;
    let once = format!("paper:{user}:{}", came.once);
    if let Some((known, _)) = talk::interaction_of_message(tx, access, &once)? {
        return Ok(known);
    }
    let new = NewTalk {
        channel: came.channel,
        contact_id: Some(contact),
        subject: &came.paper.number,
        ..NewTalk::default()
    };
    let (going, _) = talks::find_or_begin(tx, access, &new)?;
    keep(tx, access, going.id, Direction::In, came, &once)?;
    file(tx, access, came, &once)?;
    let going = talks::heard(tx, access, going, came.text.trim(), came.at, None, true)?;
    Ok(talks::end(tx, access, going, false)?.id)
}

/// Keeps what was said as a message of an exchange.
fn keep(
    tx: &mut Tx<'_>,
    access: &Access,
    exchange: InteractionId,
    direction: Direction,
    came: &Came<'_>,
    once: &str,
) -> Result<()> {
    let new = NewMessage {
        direction: Some(direction),
        body: came.text.trim(),
        found_by: &came.paper.number,
        external_id: Some(once),
        raw: None,
        at: Some(came.at),
    };
    let message = talk::add_message(tx, access, exchange, &new)?;
    for file in came.files {
        talk::attach(tx, access, exchange, message, file)?;
    }
    Ok(())
}

/// Keeps from whom it came and how it is filed.
fn file(tx: &mut Tx<'_>, access: &Access, came: &Came<'_>, once: &str) -> Result<()> {
    let beside = Beside { paper: Some(came.paper.clone()), ..Beside::default() };
    talk::set_beside(tx, access, once, &beside)
}
