//! What a mail system or a reader tells of a message of ours: the ledger learns it, and an address
//! that does not exist, or whose reader complained, is not written to again.
//!
//! **Invariant: a report is believed only where it names both a message of ours and the address
//! that it went to.** Anybody can write one.

use tanggap_channels::email::parse::{DeliveryFailure, DeliveryKind, DeliveryReport};
use tanggap_channels::exchange::{InReceipt, ReceiptState};
use tanggap_conversations::outbound::suppressions::{self, Reason, folded};
use tanggap_conversations::outbound::{self, Outbound};
use tanggap_kernel::{Access, Error, Locale, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::{Arg, t_args};

use super::CHANNEL;
use crate::work::mail::row_of_message_id;
use crate::work::outbound::receipts;

/// Takes note of a report; gives the message that it is about, and why.
///
/// # Errors
/// A fault of the engine.
pub(super) fn note<'a>(
    tx: &mut Tx<'_>,
    access: &Access,
    report: &'a DeliveryReport,
) -> Result<Option<(Outbound, &'a DeliveryFailure)>> {
    let Some(sent) = message(tx, access, report)? else { return Ok(None) };
    let recipient = folded(&sent.recipient);
    let failure = report.failures.iter().find(|failure| failure.address == recipient);
    let Some(failure) = failure else { return Ok(None) };
    match report.kind {
        DeliveryKind::Failed => {
            let receipt = InReceipt {
                external_id: String::new(),
                key: Some(sent.id.to_string()),
                state: ReceiptState::Failed { code: None, why: failure.why.clone() },
                at: None,
            };
            receipts::take_in(tx, access.agency_id, sent.account_id, &receipt)?;
            if failure.reason.is_of_address() {
                suppressions::add(tx, access, CHANNEL, &recipient, Reason::Bounce, &failure.why)?;
            }
        }
        DeliveryKind::Complaint => {
            let why = &failure.why;
            suppressions::add(tx, access, CHANNEL, &recipient, Reason::Complaint, why)?;
        }
        DeliveryKind::Delayed | DeliveryKind::Delivered => {}
    }
    Ok(Some((sent, failure)))
}

fn message(tx: &mut Tx<'_>, access: &Access, report: &DeliveryReport) -> Result<Option<Outbound>> {
    let Some(id) = report.original_id.as_deref().and_then(row_of_message_id) else {
        return Ok(None);
    };
    match outbound::get(tx, access, id) {
        Ok(sent) => Ok((sent.channel == CHANNEL).then_some(sent)),
        Err(Error::Refused(Refusal::NotFound)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// What the case's history says of it.
pub(super) fn in_words(kind: DeliveryKind, failure: &DeliveryFailure) -> String {
    let key = match kind {
        DeliveryKind::Failed => "app-mail-failed",
        DeliveryKind::Delayed => "app-mail-delayed",
        DeliveryKind::Delivered => "app-mail-delivered",
        DeliveryKind::Complaint => "app-mail-complaint",
    };
    let address = Arg::from(failure.address.as_str());
    t_args(Locale::Id, key, &[("address", address)]).into_owned()
}
