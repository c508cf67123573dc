//! The gateway of the mail relay that the installation is configured with.
//!
//! The message's id is its Message-ID: where nobody can know whether the relay took a message, a
//! second try carries the same one, so that mailboxes show it once.

use askama::Template;
use futures_util::future::BoxFuture;
use subtle::ConstantTimeEq as _;
use tanggap_cases::inquiries::InquiryId;
use tanggap_channels::email::wire::{AutoSubmitted, OutgoingFile, OutgoingMail, Relay};
use tanggap_channels::exchange::{Accepted, Letterhead, NotSent, Outgoing};
use tanggap_conversations::outbound::OutboundId;
use tanggap_conversations::outbound::rules::Assurance;
use tanggap_kernel::Locale;
use tanggap_ui::ctx::Secrets;
use tanggap_ui::t;

use super::gateways::{Gateway, Handing};

/// The relay as a gateway.
pub struct RelayGateway {
    relay: Relay,
    window: usize,
    secrets: Secrets,
}

impl RelayGateway {
    /// Sends through `relay`, at most `window` messages at the same time.
    #[must_use]
    pub fn new(relay: Relay, window: usize, secrets: Secrets) -> Self {
        Self { relay, window, secrets }
    }
}

impl Gateway for RelayGateway {
    fn assurance(&self) -> Assurance {
        Assurance::Folds
    }

    fn window(&self) -> usize {
        self.window
    }

    fn send(
        &self,
        outgoing: Outgoing,
        handing: Handing,
    ) -> BoxFuture<'static, Result<Accepted, NotSent>> {
        let relay = self.relay.clone();
        let tagged = relay.tagged_address();
        let reply_to = tagged.and_then(|ours| match &outgoing.correspondence {
            Some(inquiry) => inquiry_address(&self.secrets, &ours, inquiry),
            None => reply_address(&self.secrets, &ours, &outgoing.key),
        });
        Box::pin(async move {
            let mail = OutgoingMail { reply_to, ..letter(outgoing, &relay.domain()) };
            relay.hand_over(&mail, handing.over()).await
        })
    }
}

/// The letter of a message. Its id is made of the row's, so that an answer finds its way back.
#[must_use]
pub fn letter(outgoing: Outgoing, domain: &str) -> OutgoingMail {
    let auto_submitted = match outgoing.by_person {
        true => AutoSubmitted::No,
        false => AutoSubmitted::Generated,
    };
    let file = |file: tanggap_channels::exchange::OutFile| OutgoingFile {
        name: file.name,
        media_type: file.media_type,
        bytes: file.bytes,
    };
    let html = outgoing.letterhead.as_ref().and_then(|head| html(head, &outgoing));
    let unsubscribe = outgoing.letterhead.and_then(|head| head.unsubscribe);
    OutgoingMail {
        html,
        unsubscribe,
        message_id: format!("<{}@{domain}>", outgoing.key),
        to: outgoing.to,
        subject: outgoing.subject,
        text: outgoing.text,
        date: outgoing.at,
        in_reply_to: outgoing.reply_to,
        attachments: outgoing.files.into_iter().map(file).collect(),
        auto_submitted,
        ..OutgoingMail::default()
    }
}

/// A letter as HTML: the words of the text, under the agency's name. No picture, no font and no
/// script, so that nothing is fetched and nobody is watched.
#[derive(Template)]
#[template(path = "letter.html")]
struct LetterPage<'a> {
    head: &'a Letterhead,
    subject: &'a str,
    paragraphs: Vec<Vec<Vec<Piece<'a>>>>,
    stop: String,
}

struct Piece<'a> {
    text: &'a str,
    is_link: bool,
}

fn html(head: &Letterhead, outgoing: &Outgoing) -> Option<String> {
    let locale = Locale::parse(&head.language).unwrap_or_default();
    let paragraphs = outgoing.text.trim().split("\n\n").filter(|text| !text.trim().is_empty());
    let page = LetterPage {
        head,
        subject: &outgoing.subject,
        paragraphs: paragraphs.map(|text| text.trim().lines().map(pieces).collect()).collect(),
        stop: t(locale, "app-mail-stop").into_owned(),
    };
    page.render().ok()
}

/// A line, its addresses of the web apart.
fn pieces(line: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("https://").or_else(|| rest.find("http://")) {
        let (before, link) = rest.split_at(at);
        let end = link.find(|c: char| c.is_whitespace() || "<>\"".contains(c));
        let end = end.unwrap_or(link.len());
        let end = link[..end].trim_end_matches(['.', ',', ';', ')']).len();
        pieces.push(Piece { text: before, is_link: false });
        pieces.push(Piece { text: &link[..end], is_link: true });
        rest = &link[end..];
    }
    pieces.push(Piece { text: rest, is_link: false });
    pieces
}

/// The Message-ID of a row of the ledger.
#[must_use]
pub fn message_id(id: OutboundId, domain: &str) -> String {
    format!("<{id}@{domain}>")
}

/// The row of the ledger that a Message-ID of ours names.
#[must_use]
pub fn row_of_message_id(text: &str) -> Option<OutboundId> {
    let (id, _) = text.trim().strip_prefix('<')?.strip_suffix('>')?.split_once('@')?;
    OutboundId::parse(id)
}

/// Where answers to a message go: our address with the message's id and a signature behind a `+`.
#[must_use]
pub fn reply_address(secrets: &Secrets, ours: &str, key: &str) -> Option<String> {
    let id = OutboundId::parse(key)?;
    let (local, domain) = ours.rsplit_once('@')?;
    Some(format!("{local}+{id}-{}@{domain}", signature(secrets, id)))
}

/// The row of the ledger that a signed reply address of ours names.
#[must_use]
pub fn row_of_reply_address(secrets: &Secrets, address: &str) -> Option<OutboundId> {
    let (local, _) = address.rsplit_once('@')?;
    let (_, tag) = local.rsplit_once('+')?;
    // Mail programs may write addresses in capitals.
    let tag = tag.to_ascii_lowercase();
    let (id, signed) = tag.split_once('-')?;
    let id = OutboundId::parse(id)?;
    let right: bool = signature(secrets, id).as_bytes().ct_eq(signed.as_bytes()).into();
    right.then_some(id)
}

/// Before the id in the address of an inquiry: what begins so is never a message's own address.
const INQUIRY: &str = "p-";

/// Where somebody outside answers: an address of another kind than a citizen's, by which nobody
/// speaks for the citizen.
#[must_use]
pub fn inquiry_address(secrets: &Secrets, ours: &str, inquiry: &str) -> Option<String> {
    let id = InquiryId::parse(inquiry)?;
    let (local, domain) = ours.rsplit_once('@')?;
    Some(format!("{local}+{INQUIRY}{id}-{}@{domain}", inquiry_signature(secrets, id)))
}

/// The inquiry that a signed address of ours names.
#[must_use]
pub fn inquiry_of_address(secrets: &Secrets, address: &str) -> Option<InquiryId> {
    let (local, _) = address.rsplit_once('@')?;
    let (_, tag) = local.rsplit_once('+')?;
    let tag = tag.to_ascii_lowercase();
    let (id, signed) = tag.strip_prefix(INQUIRY)?.split_once('-')?;
    let id = InquiryId::parse(id)?;
    let right: bool = inquiry_signature(secrets, id).as_bytes().ct_eq(signed.as_bytes()).into();
    right.then_some(id)
}

fn inquiry_signature(secrets: &Secrets, id: InquiryId) -> String {
    hex::encode(&secrets.mac("mail-inquiry-address", &[&id.0.to_be_bytes()])[..8])
}

/// 64 bits: short enough for an address, far too many to be tried by mail.
fn signature(secrets: &Secrets, id: OutboundId) -> String {
    hex::encode(&secrets.mac("mail-reply-address", &[&id.0.to_be_bytes()])[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_reply_addresses_name_a_message() {
        let (secrets, other) = (Secrets::new([1; 32]), Secrets::new([2; 32]));
        let id = OutboundId(4_611_686_018_427_387_905);
        let address = reply_address(&secrets, "lapor@contoh.go.id", &id.to_string()).unwrap();
        assert!(address.starts_with("lapor+") && address.ends_with("@contoh.go.id"), "{address}");
        assert!(address.len() - "@contoh.go.id".len() <= 64, "RFC 5321 4.5.3.1.1");
        assert_eq!(row_of_reply_address(&secrets, &address), Some(id));
        assert_eq!(row_of_reply_address(&secrets, &address.to_uppercase()), Some(id));
        assert_eq!(row_of_reply_address(&other, &address), None);
        for strange in ["lapor@contoh.go.id", "lapor+@x", "lapor+a-b@x", "+-@", ""] {
            assert_eq!(row_of_reply_address(&secrets, strange), None);
        }
    }

    #[test]
    fn an_inquirys_address_never_speaks_for_a_citizen_nor_a_citizens_for_an_inquiry() {
        let secrets = Secrets::new([1; 32]);
        let ours = "lapor@contoh.go.id";
        for raw in [1, 255, 4_611_686_018_427_387_905, i64::MAX] {
            // The same number as both: still neither is the other.
            let text = OutboundId(raw).to_string();
            let outside = inquiry_address(&secrets, ours, &text).unwrap();
            let citizens = reply_address(&secrets, ours, &text).unwrap();
            assert!(outside.len() - "@contoh.go.id".len() <= 64, "RFC 5321 4.5.3.1.1");
            for written in [outside.clone(), outside.to_uppercase()] {
                assert_eq!(inquiry_of_address(&secrets, &written), Some(InquiryId(raw)));
                assert_eq!(row_of_reply_address(&secrets, &written), None);
            }
            assert_eq!(inquiry_of_address(&secrets, &citizens), None);
            // Nor by cutting off or putting on what tells them apart, or by the other's signature.
            let bare = outside.replace("+p-", "+");
            assert_eq!(row_of_reply_address(&secrets, &bare), None, "{bare}");
            let dressed = citizens.replace('+', "+p-");
            assert_eq!(inquiry_of_address(&secrets, &dressed), None, "{dressed}");
            assert_eq!(inquiry_of_address(&Secrets::new([2; 32]), &outside), None);
            for at in 0..outside.find('@').unwrap() {
                let mut changed = outside.clone().into_bytes();
                changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
                let changed = String::from_utf8(changed).unwrap();
                assert_eq!(row_of_reply_address(&secrets, &changed), None, "{changed}");
                let named = inquiry_of_address(&secrets, &changed);
                assert!(named.is_none() || at < "lapor".len(), "{changed}");
            }
        }
    }

    #[test]
    fn a_letter_says_the_same_in_html_and_runs_nothing() {
        let outgoing = Outgoing {
            subject: "<script>".into(),
            text: "Yth. <b>Budi</b>,\n\nLihat https://uji.go.id/lacak/A.\nSalam".into(),
            ..Outgoing::default()
        };
        let head = Letterhead {
            agency: "Dinas <PU>".into(),
            open: Some(("Buka laporan".into(), "https://uji.go.id/buka/x".into())),
            ..Letterhead::default()
        };
        let html = html(&head, &outgoing).unwrap();
        assert!(!html.contains("<script") && !html.contains("<b>") && !html.contains("<PU>"));
        assert!(html.contains("<a href=\"https://uji.go.id/lacak/A\">"), "{html}");
        assert!(html.contains("</a>.<br>Salam"), "{html}");
        assert!(html.contains("href=\"https://uji.go.id/buka/x\""), "{html}");
        let read = tanggap_channels::email::parse::html_to_text(&html);
        assert!(read.contains("Dinas <PU>") && read.contains("Buka laporan"), "{read}");
    }

    #[test]
    fn an_answer_to_our_mail_names_its_row() {
        let id = OutboundId(4_611_686_018_427_387_905);
        assert_eq!(row_of_message_id(&message_id(id, "contoh.go.id")), Some(id));
        for other in ["<abc@contoh.id>", "tanpa kurung", "<>", ""] {
            assert_eq!(row_of_message_id(other), None);
        }
    }
}
