//! What a channel's adapter tells about messages of ours, put into the ledger.

use tanggap_channels::exchange::{InReceipt, ReceiptState};
use tanggap_channels::meta::UNTIL;
use tanggap_conversations::SendState;
use tanggap_conversations::outbound::lanes::Lane;
use tanggap_conversations::outbound::receipts::{self, Receipt};
use tanggap_kernel::{Access, AgencyId, Result, Timestamp};
use tanggap_store::Tx;

use super::fallback;

/// Notes a receipt; another channel stands in where it tells of a failure and the rules say so.
/// False where no message of ours is known by it yet: then try it again a little later, since a
/// provider may be quicker than our own note of having sent it.
///
/// # Errors
/// A fault of the engine.
pub fn take_in(
    tx: &mut Tx<'_>,
    agency: AgencyId,
    account_id: i64,
    told: &InReceipt,
) -> Result<bool> {
    let (state, why) = match &told.state {
        ReceiptState::Sent => (SendState::Sent, None),
        ReceiptState::Delivered => (SendState::Delivered, None),
        ReceiptState::Read => (SendState::Read, None),
        ReceiptState::Failed { code, why } => {
            let code = code.as_deref().map_or_else(String::new, |code| format!("{code} "));
            (SendState::Failed, Some(format!("{code}{why}")))
        }
    };
    // Some providers name no message but a moment: all up to it.
    if let (Some(thread), Some(at)) = (told.external_id.strip_prefix(UNTIL), told.at) {
        let until = (state, Timestamp::from_micros(at));
        let access = Access::system(agency);
        receipts::note_until(tx, &access, account_id.into(), thread, until)?;
        return Ok(true);
    }
    let receipt = Receipt {
        external_id: told.external_id.clone(),
        key: told.key.clone(),
        state,
        at: told.at.map(Timestamp::from_micros),
        why,
    };
    let noted = receipts::note(tx, &Access::system(agency), account_id, &receipt)?;
    let Some((row, changed)) = noted else { return Ok(false) };
    if changed && row.state == SendState::Failed {
        let lane = Lane { agency_id: agency, channel: row.channel.clone(), account_id };
        fallback::stand_in(tx, &lane, &[(row, SendState::Failed)])?;
    }
    Ok(true)
}
