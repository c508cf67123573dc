//! Asking somebody outside about a case by mail: a contractor, a bank, another body. They are not
//! the citizen and have no account here.
//!
//! [`letter`] makes the words that go out and keeps the reporter out of them, [`store`] holds who
//! was asked. What is said is an exchange of the case with internal messages, and a row of the
//! outbound ledger that names no case: nothing that the citizen reads, and nothing that stands in
//! for news to them, ever looks there.
//!
//! **Invariant: whatever comes to an inquiry's address is a note for staff.** It moves no state,
//! stops no clock, answers nothing for the citizen, and makes nobody a contact.

pub mod letter;
pub mod store;

use serde_json::json;
use tanggap_conversations::outbound::{self, Extra, ExtraFile};
use tanggap_conversations::{
    self as talk, Beside, Direction, NewAttachment, NewMessage, NewOutbound,
};
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Refusal, Result};
use tanggap_store::Tx;

use crate::actions::{announce, load};
use crate::model::{Case, CaseId};
use crate::report::DESCRIPTION_MAX;

pub use letter::{Ask, Letter, Offered, Whom, compose, may_give_identity, offered};
pub use store::{Inquiry, InquiryId, Standing};

const CHANNEL: &str = "email";

/// Sends the letter that [`compose`] makes of `ask`.
///
/// # Errors
/// As [`compose`].
pub fn send(tx: &mut Tx<'_>, access: &Access, ask: &Ask<'_>) -> Result<Inquiry> {
    let user = access.user().ok_or(Refusal::Forbidden)?;
    let case = load(tx, access, ask.case)?;
    let letter = compose(tx, access, ask)?;
    let once = format!("inquiry:{user}:{}", ask.once);
    if let Some((exchange, _)) = talk::interaction_of_message(tx, access, &once)? {
        let known = store::by_exchange(tx, access, exchange)?;
        return Ok(known.ok_or(Refusal::NotFound)?);
    }
    let (inquiry, again) = match &ask.whom {
        Whom::Again(id) => (store::get(tx, access, *id)?, true),
        Whom::New { .. } => (begin(tx, access, &case, &letter, user)?, false),
    };
    let found_by = format!("{} {}", letter.subject, inquiry.name);
    let new = NewMessage {
        direction: Some(Direction::Internal),
        body: &letter.body,
        found_by: &found_by,
        external_id: Some(&once),
        ..NewMessage::default()
    };
    let message = talk::add_message(tx, access, inquiry.interaction, &new)?;
    for file in &letter.files {
        talk::attach(tx, access, inquiry.interaction, message, file)?;
    }
    let extra = Extra {
        files: letter.files.iter().map(extra_file).collect(),
        reply_to: inquiry.heard.clone(),
        by_person: true,
        inquiry: Some(inquiry.id.to_string()),
        ..Extra::default()
    };
    let key = format!("inquiry:{message}");
    // It names no case: what looks for a case's mail looks for what its reporter is told.
    let queued = NewOutbound {
        message_id: Some(message),
        channel: CHANNEL,
        recipient: &inquiry.address,
        subject: &letter.subject,
        body: &letter.body,
        key: Some(&key),
        extra,
        ..NewOutbound::default()
    };
    outbound::queue(tx, access, &queued)?;
    store::note(tx, access, inquiry.id, Standing::Waiting, None, false)?;
    let facts = json!({
        "inquiry": inquiry.id,
        "again": again,
        "messages": ask.messages.len(),
        "files": letter.files.len(),
    });
    announce(tx, access, &case, "case.inquiry_sent", facts);
    if letter.identity {
        announce(tx, access, &case, "case.identity_given", json!({ "inquiry": inquiry.id }));
    }
    store::get(tx, access, inquiry.id)
}

fn begin(
    tx: &mut Tx<'_>,
    access: &Access,
    case: &Case,
    letter: &Letter,
    user: UserId,
) -> Result<Inquiry> {
    let id = case.id.0;
    let interaction = talk::open_interaction(tx, access, None, Some(id), CHANNEL, &letter.subject)?;
    let now = tx.now();
    let inquiry = Inquiry {
        id: tx.id(),
        case_id: case.id,
        interaction,
        name: letter.name.clone(),
        address: letter.to.clone(),
        asked_by: user,
        begun_at: now,
        standing: Standing::Waiting,
        standing_at: now,
        heard: None,
        news: false,
    };
    store::insert(tx, access, &inquiry)?;
    Ok(inquiry)
}

fn extra_file(file: &NewAttachment) -> ExtraFile {
    ExtraFile {
        name: file.name.clone(),
        media_type: file.media_type.clone(),
        blob: file.blob.clone(),
    }
}

/// A letter that came to an inquiry.
#[derive(Clone, Debug)]
pub struct Heard<'a> {
    /// What it says; never empty.
    pub text: &'a str,
    /// Its files, already kept.
    pub files: &'a [NewAttachment],
    /// Its subject.
    pub subject: &'a str,
    /// Its Message-ID.
    pub external_id: &'a str,
    /// The blob of the letter.
    pub raw: &'a str,
    /// What it says beside: among it whether somebody else than the one asked, or a machine,
    /// wrote it.
    pub beside: Beside,
}

/// Keeps a letter that came to an inquiry as a note for staff, and tells who asked.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn heard(
    tx: &mut Tx<'_>,
    access: &Access,
    inquiry: &Inquiry,
    letter: &Heard<'_>,
) -> Result<Case> {
    let case = load(tx, access, inquiry.case_id)?;
    keep(tx, access, inquiry, letter)?;
    if letter.beside.automatic {
        // That somebody is on leave is no answer.
        announce(tx, access, &case, "case.inquiry_noted", facts(inquiry, &case));
        return Ok(case);
    }
    let named = Some(letter.external_id);
    store::note(tx, access, inquiry.id, Standing::Answered, named, true)?;
    announce(tx, access, &case, "case.inquiry_answered", facts(inquiry, &case));
    Ok(case)
}

/// Keeps what a mail system tells of a letter of ours to an inquiry; `failed`: it did not arrive.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub fn reported(
    tx: &mut Tx<'_>,
    access: &Access,
    inquiry: &Inquiry,
    letter: &Heard<'_>,
    failed: bool,
) -> Result<Case> {
    let case = load(tx, access, inquiry.case_id)?;
    keep(tx, access, inquiry, letter)?;
    let kind = match failed {
        true => "case.inquiry_bounced",
        false => "case.inquiry_noted",
    };
    if failed {
        store::note(tx, access, inquiry.id, Standing::Bounced, None, true)?;
    }
    announce(tx, access, &case, kind, facts(inquiry, &case));
    Ok(case)
}

/// Who is told: whoever asked, and whoever has the case.
fn facts(inquiry: &Inquiry, case: &Case) -> serde_json::Value {
    let mut told = vec![inquiry.asked_by];
    told.extend(case.owner_id.filter(|owner| *owner != inquiry.asked_by));
    json!({ "inquiry": inquiry.id, "told": told })
}

fn keep(tx: &mut Tx<'_>, access: &Access, inquiry: &Inquiry, letter: &Heard<'_>) -> Result<()> {
    let body: String = letter.text.chars().take(DESCRIPTION_MAX).collect();
    let new = NewMessage {
        direction: Some(Direction::Internal),
        body: &body,
        found_by: letter.subject,
        external_id: Some(letter.external_id),
        raw: Some(letter.raw),
        at: None,
    };
    let message = talk::add_message(tx, access, inquiry.interaction, &new)?;
    for file in letter.files {
        talk::attach(tx, access, inquiry.interaction, message, file)?;
    }
    if letter.beside != Beside::default() {
        talk::set_beside(tx, access, letter.external_id, &letter.beside)?;
    }
    Ok(())
}

/// Calls what came of an inquiry read.
///
/// # Errors
/// [`Refusal::NotFound`], [`Refusal::Forbidden`], or a fault.
pub fn read(tx: &mut Tx<'_>, access: &Access, case: CaseId, id: InquiryId) -> Result<()> {
    let case = load(tx, access, case)?;
    access.require(tanggap_kernel::Permission::CaseWrite, case.unit_id)?;
    let inquiry = store::of(tx, access, case.id, id)?;
    if inquiry.news {
        store::set_read(tx, access, inquiry.id)?;
        announce(tx, access, &case, "case.inquiry_read", json!({ "inquiry": inquiry.id }));
    }
    Ok(())
}
