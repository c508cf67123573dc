//! Builds the message that goes to the relay.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message};

use super::{SendError, one_line};

/// Identifiers in `References` at most: the first and the newest.
const REFERENCES_MAX: usize = 20;

/// A letter to send.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutgoingMail {
    /// Recipient's address.
    pub to: String,
    /// Recipient's name.
    pub to_name: Option<String>,
    /// Subject; control characters are taken out.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: Option<String>,
    /// `<unique@our.host>`: made by the caller before the first try and kept for all tries.
    pub message_id: String,
    /// When the letter was written, microseconds since 1970, UTC.
    pub date: i64,
    /// Identifier of the message this answers; left out where it is no identifier.
    pub in_reply_to: Option<String>,
    /// Identifiers of the thread, oldest first; what is no identifier is left out.
    pub references: Vec<String>,
    /// Where answers should go, if not to our address.
    pub reply_to: Option<String>,
    /// Where one click ends such mail (RFC 8058): an address that takes a POST.
    pub unsubscribe: Option<String>,
    /// Written by a machine, and how.
    pub auto_submitted: AutoSubmitted,
    /// Files.
    pub attachments: Vec<OutgoingFile>,
}

/// `Auto-Submitted` of RFC 3834.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AutoSubmitted {
    /// A person wrote it.
    #[default]
    No,
    /// The system wrote it of its own accord, such as a notice of a deadline.
    Generated,
    /// The system wrote it in answer to a message, such as a receipt.
    Replied,
}

/// A file to send.
#[derive(Debug, Clone, PartialEq)]
pub struct OutgoingFile {
    /// File name.
    pub name: String,
    /// Media type; `application/octet-stream` where it cannot be read.
    pub media_type: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// The message with its envelope.
pub(super) fn message(from: &Mailbox, mail: &OutgoingMail) -> Result<Message, SendError> {
    let to = mailbox(mail.to_name.as_deref(), &mail.to)?;
    let id = identifier(&mail.message_id)
        .ok_or_else(|| SendError::permanent("the Message-ID is no identifier"))?;
    let micros = u64::try_from(mail.date).map_err(SendError::permanent)?;
    let mut builder = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(one_line(&mail.subject))
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .message_id(Some(id));
    if let Some(answered) = mail.in_reply_to.as_deref().and_then(identifier) {
        builder = builder.in_reply_to(answered);
    }
    let references = references(&mail.references);
    if !references.is_empty() {
        builder = builder.references(references);
    }
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(mailbox(None, reply_to)?);
    }
    if let Some(address) = mail.unsubscribe.as_deref().filter(|a| is_address(a)) {
        builder = builder
            .raw_header(field("List-Unsubscribe", &format!("<{address}>")))
            .raw_header(field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"));
    }
    builder = automatic(builder, mail.auto_submitted);
    body(builder, mail)
}

fn is_address(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_graphic() && b != b'<' && b != b'>';
    text.starts_with("https://") && text.bytes().all(plain)
}

fn field(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn automatic(builder: MessageBuilder, kind: AutoSubmitted) -> MessageBuilder {
    let value = match kind {
        AutoSubmitted::No => return builder,
        AutoSubmitted::Generated => "auto-generated",
        AutoSubmitted::Replied => "auto-replied",
    };
    // Exchange does not know RFC 3834; its own field keeps its absence notes away from us.
    builder
        .raw_header(field("Auto-Submitted", value))
        .raw_header(field("X-Auto-Response-Suppress", "All"))
}

fn body(builder: MessageBuilder, mail: &OutgoingMail) -> Result<Message, SendError> {
    let text = SinglePart::plain(mail.text.clone());
    let letter = mail.html.clone().map(|html| {
        MultiPart::alternative().singlepart(text.clone()).singlepart(SinglePart::html(html))
    });
    if mail.attachments.is_empty() {
        return match letter {
            Some(letter) => builder.multipart(letter),
            None => builder.singlepart(text),
        }
        .map_err(SendError::permanent);
    }
    let mut mixed = match letter {
        Some(letter) => MultiPart::mixed().multipart(letter),
        None => MultiPart::mixed().singlepart(text),
    };
    for file in &mail.attachments {
        let kind = ContentType::parse(&file.media_type);
        let kind = kind.or_else(|_| ContentType::parse("application/octet-stream"));
        let kind = kind.map_err(SendError::permanent)?;
        mixed =
            mixed.singlepart(Attachment::new(one_line(&file.name)).body(file.bytes.clone(), kind));
    }
    builder.multipart(mixed).map_err(SendError::permanent)
}

fn mailbox(name: Option<&str>, address: &str) -> Result<Mailbox, SendError> {
    let address: Address = address.parse().map_err(SendError::permanent)?;
    let name = name.map(one_line).filter(|name| !name.is_empty());
    Ok(Mailbox::new(name, address))
}

/// `<left@right>` in printable ASCII, or nothing.
fn identifier(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix('<')?.strip_suffix('>')?;
    let plain = |b: u8| b.is_ascii_graphic() && b != b'<' && b != b'>';
    let fine = inner.len() <= 250 && inner.contains('@') && inner.bytes().all(plain);
    fine.then(|| text.to_owned())
}

fn references(list: &[String]) -> String {
    let ids: Vec<String> = list.iter().filter_map(|id| identifier(id)).collect();
    let newest = ids.len().saturating_sub(REFERENCES_MAX - 1).max(1);
    let kept = ids.iter().enumerate().filter(|(at, _)| *at == 0 || *at >= newest);
    kept.map(|(_, id)| id.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::email::parse;

    fn hostile() -> OutgoingMail {
        OutgoingMail {
            to: "warga@contoh.id".into(),
            to_name: Some("Budi\r\nBcc: korban@contoh.id".into()),
            subject: "Tanda terima\r\nBcc: korban@contoh.id\r\n\r\nisi — é".into(),
            text: "Yth. Bapak/Ibu,\n.\n.titik di awal baris\nFrom sini\n".into(),
            html: Some("<p>Yth. Bapak/Ibu — é</p>".into()),
            message_id: "<a1@contoh.go.id>".into(),
            date: 1_773_367_200_000_000,
            in_reply_to: Some("<x@y>\r\nBcc: korban@contoh.id".into()),
            references: vec!["<r1@y>".into(), "bukan id".into(), "<r2@y>\r\nX: y".into()],
            reply_to: Some("balas@contoh.go.id".into()),
            unsubscribe: Some("https://x/\r\nBcc: korban@contoh.id".into()),
            auto_submitted: AutoSubmitted::Replied,
            attachments: vec![OutgoingFile {
                name: "surat\r\nX-Evil: 1 é.pdf".into(),
                media_type: "application/pdf\r\nX-Evil: 1".into(),
                bytes: vec![0, 255, 13, 10, 46, 13, 10],
            }],
        }
    }

    #[test]
    fn what_is_built_reads_back_and_nothing_is_injected() {
        let from: Mailbox = "Dinas — PU <pu@contoh.go.id>".parse().unwrap();
        let raw = message(&from, &hostile()).unwrap().formatted();
        let head = String::from_utf8(raw.clone()).unwrap();
        for line in head.lines() {
            let lower = line.to_ascii_lowercase();
            assert!(!lower.starts_with("bcc:") && !lower.starts_with("x-evil"), "{line}");
        }
        let mail = parse::parse(&raw);
        assert_eq!(mail.subject.as_deref(), Some("Tanda terima Bcc: korban@contoh.id isi — é"));
        assert_eq!(mail.from.as_ref().map(|f| f.email.as_str()), Some("pu@contoh.go.id"));
        assert_eq!(mail.from.and_then(|f| f.name).as_deref(), Some("Dinas — PU"));
        assert_eq!(mail.to.len(), 1);
        assert_eq!(mail.cc, Vec::new());
        assert_eq!(mail.message_id.as_deref(), Some("<a1@contoh.go.id>"));
        assert_eq!(mail.in_reply_to, None);
        assert_eq!(mail.references, ["<r1@y>"]);
        assert_eq!(mail.date, Some(1_773_367_200_000_000));
        assert_eq!(mail.auto, parse::AutoKind::AutoReply);
        assert_eq!(mail.text.replace("\r\n", "\n"), hostile().text);
        assert_eq!(mail.attachments.len(), 1);
        assert_eq!(mail.attachments[0].name, "surat X-Evil: 1 é.pdf");
        assert_eq!(mail.attachments[0].bytes, hostile().attachments[0].bytes);
    }

    #[test]
    fn impossible_letters_are_refused_for_good() {
        let from: Mailbox = "pu@contoh.go.id".parse().unwrap();
        for change in [
            (|m: &mut OutgoingMail| m.to = "a@b.id\r\nRCPT TO:<x@y>".into())
                as fn(&mut OutgoingMail),
            |m| m.to = "tanpa-at".into(),
            |m| m.message_id = "<a b@c>".into(),
            |m| m.reply_to = Some("x".into()),
        ] {
            let mut mail = hostile();
            change(&mut mail);
            let error = message(&from, &mail).unwrap_err();
            assert_eq!(error.severity, super::super::Severity::Permanent);
        }
    }

    #[test]
    fn long_threads_keep_their_first_and_newest() {
        let list: Vec<String> = (0..50).map(|n| format!("<{n}@y>")).collect();
        let kept = references(&list);
        assert_eq!(kept.split(' ').count(), REFERENCES_MAX);
        assert!(kept.starts_with("<0@y> <31@y>") && kept.ends_with("<49@y>"));
        assert_eq!(references(&list[..1]), "<0@y>");
    }
}
