//! A message that is left while nobody is there: it becomes a case at once, with code and PIN, so
//! that it has an owner and a deadline like any report.

use tanggap_calendar::Kind;
use tanggap_cases::report::{Report, Ticket, hash_pin};
use tanggap_contacts::NewContact;
use tanggap_conversations::chat::CHANNEL;
use tanggap_kernel::{Refusal, Result, code};

use super::acts::{self, Tools, kept, named};
use crate::door::Door;
use crate::report::register;
use crate::sent::{Sent, Values};

/// The shortest key of a browser: twelve random bytes.
const KEY_MIN: usize = 16;
/// How many codes are tried before we give up finding a free one.
const TICKETS: u8 = 3;
/// So much of the first line becomes the subject, in characters.
const SUBJECT_MAX: usize = 80;

/// What the visitor is given.
pub struct Left {
    /// The code.
    pub code: String,
    /// The PIN.
    pub pin: String,
}

/// Registers a message that was left; the same key and words are the same case.
///
/// # Errors
/// [`Refusal::Invalid`], [`Refusal::TooMany`], or a fault.
pub async fn leave(tools: &Tools, door: &Door, sent: Sent) -> Result<Left> {
    let Sent { values, files, problems } = sent;
    if !problems.is_empty() {
        return Err(Refusal::Invalid(problems).into());
    }
    let text = values.get("text");
    if text.is_empty() {
        return Err(Refusal::field("text", "ui-invalid-required").into());
    }
    // Whoever guesses the words must not be given somebody else's code and PIN.
    if values.get("key").len() < KEY_MIN {
        return Err(Refusal::field("key", "ui-invalid-required").into());
    }
    let who = named(&values)?;
    let proven = acts::prove(door, values.get("altcha")).await?;
    let gate = if proven { &tools.limits.proven } else { &tools.limits.unproven };
    gate.pass(door.visitor.address, door.ctx.now())
        .map_err(|retry_after_s| Refusal::TooMany { retry_after_s })?;
    let tickets: Vec<Ticket> = (0..TICKETS).map(|n| ticket(door, &values, n)).collect();
    let kind = match values.get("kind") {
        "complaint" => Kind::Complaint,
        _ => Kind::InformationRequest,
    };
    let mut report = Report::new(kind, &subject_of(text), text, tickets[0].clone());
    report.channel = CHANNEL;
    report.unproven = !proven;
    report.attachments = kept(tools, door, files).await?;
    if !who.name.is_empty() || who.email.is_some() || who.phone.is_some() {
        report.reporter = Some(NewContact {
            name: who.name,
            email: who.email,
            phone: who.phone,
            ..NewContact::default()
        });
    }
    let (_, ticket) = register(door, &report, &tickets).await?;
    Ok(Left { code: ticket.code.clone(), pin: ticket.pin.clone() })
}

/// Code and PIN that this message gives, so that sending it again gives the same.
fn ticket(door: &Door, values: &Values, attempt: u8) -> Ticket {
    let secrets = &door.ctx.secrets;
    let agency = door.agency.id.0.to_be_bytes();
    let mut parts: Vec<&[u8]> = vec![&agency];
    for name in ["key", "kind", "text", "name", "email", "phone"] {
        parts.push(values.get(name).as_bytes());
    }
    let attempt = [attempt];
    parts.push(&attempt);
    let (for_code, for_pin) =
        (secrets.mac("draw-chat-code", &parts), secrets.mac("draw-chat-pin", &parts));
    let (mut wide, mut narrow) = ([0; 16], [0; 8]);
    wide.copy_from_slice(&for_code[..16]);
    narrow.copy_from_slice(&for_pin[..8]);
    let (code, pin) = (code::from_random(wide), code::pin_from_random(narrow));
    let pin_hash = hash_pin(secrets, &code, &pin);
    Ticket { code, pin, pin_hash }
}

/// The first line, cut at a word.
fn subject_of(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.chars().count() <= SUBJECT_MAX {
        return line.to_owned();
    }
    let mut kept: String = line.chars().take(SUBJECT_MAX).collect();
    if let Some(at) = kept.rfind(' ').filter(|at| *at > SUBJECT_MAX / 2) {
        kept.truncate(at);
    }
    format!("{kept} …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_the_first_line_cut_at_a_word() {
        assert_eq!(subject_of("\n  Lampu padam \nSejak kemarin"), "Lampu padam");
        let long = "Sudah tiga malam lampu di depan Pasar Lama padam sehingga para pedagang pulang \
            dalam gelap";
        let subject = subject_of(long);
        assert!(subject.ends_with(" …") && subject.chars().count() <= SUBJECT_MAX + 2, "{subject}");
        assert!(long.starts_with(subject.trim_end_matches(" …")));
        let unbroken = "é".repeat(200);
        assert_eq!(subject_of(&unbroken).chars().count(), SUBJECT_MAX + 2);
    }
}
