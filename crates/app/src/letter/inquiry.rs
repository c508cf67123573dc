//! Letters of somebody outside who was asked about a case: notes for staff, whatever they say and
//! whoever wrote them. Known by the signed address of their inquiry, or by the letter of ours or
//! theirs that they answer.

use tanggap_cases::inquiries::{self, Heard, Inquiry, store};
use tanggap_cases::model::Case;
use tanggap_channels::email::parse::{AutoKind, DeliveryFailure, DeliveryKind};
use tanggap_conversations::{self as talk, Beside, Outbound};
use tanggap_kernel::{Access, Error, Refusal, Result};
use tanggap_store::Tx;

use super::{
    Letter, THREAD_MAX, beside, fitting, report, sender, sender_as_written, spoken, subject,
};
use crate::work::mail::row_of_message_id;

/// Takes in a letter that belongs to an inquiry; `None`: it does not.
///
/// # Errors
/// A fault of the engine.
pub(super) fn take_in(tx: &mut Tx<'_>, access: &Access, letter: &Letter) -> Result<Option<Case>> {
    let Some(inquiry) = of(tx, access, letter)? else { return Ok(None) };
    let mail = &letter.mail;
    let (said, folded) = spoken(mail);
    let is_asked = sender(mail).is_some_and(|sender| sender.as_str() == inquiry.address);
    let other_sender = match is_asked && !letter.forged {
        true => String::new(),
        false => sender_as_written(mail),
    };
    let beside = Beside {
        other_sender,
        automatic: mail.auto != AutoKind::None && mail.auto != AutoKind::List,
        ..beside(letter, folded)
    };
    let text = fitting(&said, mail.understood);
    let subject = subject(mail);
    let heard = heard(letter, &text, &subject, beside);
    Ok(Some(inquiries::heard(tx, access, &inquiry, &heard)?))
}

/// Takes note of what a mail system tells of a letter to an inquiry; `None`: it went to a citizen.
///
/// # Errors
/// A fault of the engine.
pub(super) fn reported(
    tx: &mut Tx<'_>,
    access: &Access,
    letter: &Letter,
    sent: &Outbound,
    kind: DeliveryKind,
    failure: &DeliveryFailure,
) -> Result<Option<Case>> {
    let Some(inquiry) = store::by_outbound(tx, access, sent.id)? else { return Ok(None) };
    let text = format!("{}\n\n{}", report::in_words(kind, failure), failure.why);
    let text = fitting(&text, true);
    let beside = Beside { automatic: true, ..beside(letter, String::new()) };
    let failed = kind == DeliveryKind::Failed;
    let subject = subject(&letter.mail);
    let heard = heard(letter, &text, &subject, beside);
    Ok(Some(inquiries::reported(tx, access, &inquiry, &heard, failed)?))
}

fn heard<'a>(letter: &'a Letter, text: &'a str, subject: &'a str, beside: Beside) -> Heard<'a> {
    Heard {
        text,
        files: &letter.files,
        subject,
        external_id: &letter.external_id,
        raw: &letter.raw,
        beside,
    }
}

/// The inquiry that a letter belongs to.
fn of(tx: &mut Tx<'_>, access: &Access, letter: &Letter) -> Result<Option<Inquiry>> {
    if let Some(id) = letter.inquiry {
        match store::get(tx, access, id) {
            Ok(inquiry) => return Ok(Some(inquiry)),
            Err(Error::Refused(Refusal::NotFound)) => {}
            Err(error) => return Err(error),
        }
    }
    // Whom only a citizen's signed address names is a citizen.
    if letter.answers.is_some() {
        return Ok(None);
    }
    let mail = &letter.mail;
    let thread = mail.in_reply_to.iter().chain(mail.references.iter().rev());
    for id in thread.take(THREAD_MAX) {
        let found = match (talk::interaction_of_message(tx, access, id)?, row_of_message_id(id)) {
            (Some((exchange, _)), _) => store::by_exchange(tx, access, exchange)?,
            (None, Some(row)) => store::by_outbound(tx, access, row)?,
            (None, None) => None,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
