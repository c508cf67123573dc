//! The gateway of the mail relay that the installation is configured with.
//!
//! The message's id is its Message-ID: where nobody can know whether the relay took a message, a
//! second try carries the same one, so that mailboxes show it once.

use futures_util::future::BoxFuture;
use tanggap_channels::email::wire::{AutoSubmitted, OutgoingFile, OutgoingMail, Relay};
use tanggap_channels::exchange::{Accepted, NotSent, Outgoing};
use tanggap_conversations::outbound::OutboundId;
use tanggap_conversations::outbound::rules::Assurance;

use super::gateways::{Gateway, Handing};

/// The relay as a gateway.
pub struct RelayGateway {
    relay: Relay,
    window: usize,
}

impl RelayGateway {
    /// Sends through `relay`, at most `window` messages at the same time.
    #[must_use]
    pub fn new(relay: Relay, window: usize) -> Self {
        Self { relay, window }
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
        Box::pin(async move {
            let mail = letter(outgoing, &relay.domain());
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
    OutgoingMail {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_our_mail_names_its_row() {
        let id = OutboundId(4_611_686_018_427_387_905);
        assert_eq!(row_of_message_id(&message_id(id, "contoh.go.id")), Some(id));
        for other in ["<abc@contoh.id>", "tanpa kurung", "<>", ""] {
            assert_eq!(row_of_message_id(other), None);
        }
    }
}
