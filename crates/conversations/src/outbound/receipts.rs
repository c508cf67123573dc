//! What providers tell about a message after they took it: delivered, read, failed. Receipts come
//! in any order and more than once; a message never goes back.

use tanggap_kernel::{Access, Fault, Result, Timestamp, params};
use tanggap_store::{Tx, sql};

use super::rules::after_receipt;
use super::{Outbound, OutboundId, SendState, columns, lanes, read};

/// Characters of a provider's words that are kept.
const WORDS_MAX: usize = 500;

sql! {
    BY_EXTERNAL = concat!("select ", columns!(), " from outbound where agency_id = $1
        and account_id = $2 and external_id = $3 and external_id is not null
        order by id desc limit 1");
    BY_ID = concat!("select ", columns!(), " from outbound where agency_id = $1 and id = $2
        and account_id = $3");
    NOTE = "update outbound set state = $3, error = $4, sent_at = coalesce(sent_at, $5),
        delivered_at = coalesce(delivered_at, $6), read_at = coalesce(read_at, $7),
        external_id = coalesce(external_id, $8), lease_token = 0
        where agency_id = $1 and id = $2";
}

/// What a provider told about a message of ours.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The provider's id of the message.
    pub external_id: String,
    /// What we gave the provider as its key: the row's id, where the provider gives it back.
    pub key: Option<String>,
    /// How far it is: sent, delivered, read or failed.
    pub state: SendState,
    /// When, where the provider says so.
    pub at: Option<Timestamp>,
    /// Why it failed.
    pub why: Option<String>,
}

/// Notes a receipt. Gives the message as it stands now, where the receipt changed it; `None` where
/// no message is known by it yet: a provider may be quicker than our own note of having sent it,
/// so try such a receipt again a little later.
///
/// # Errors
/// A fault of the engine.
pub fn note(
    tx: &mut Tx<'_>,
    access: &Access,
    account_id: i64,
    receipt: &Receipt,
) -> Result<Option<(Outbound, bool)>, Fault> {
    let Some(mut row) = find(tx, access, account_id, receipt)? else { return Ok(None) };
    let Some(next) = after_receipt(row.state, receipt.state) else {
        return Ok(Some((row, false)));
    };
    let at = receipt.at.unwrap_or(tx.now());
    let has = |state: SendState| (next == state).then_some(at);
    let arrived = has(SendState::Delivered).or(has(SendState::Read));
    let error = receipt.why.as_deref().filter(|_| next == SendState::Failed);
    let error: Option<String> = error.map(|why| why.chars().take(WORDS_MAX).collect());
    let sent = arrived.or(has(SendState::Sent));
    let external = Some(receipt.external_id.as_str()).filter(|id| !id.is_empty());
    tx.put(
        &NOTE,
        params![
            access.agency_id,
            row.id,
            next.as_str(),
            error.as_deref(),
            sent,
            arrived,
            has(SendState::Read),
            external,
        ],
    )?;
    lanes::announce(tx, access, &row, next);
    row.state = next;
    row.error = error;
    row.sent_at = row.sent_at.or(sent);
    row.delivered_at = row.delivered_at.or(arrived);
    row.read_at = row.read_at.or(has(SendState::Read));
    Ok(Some((row, true)))
}

fn find(
    tx: &mut Tx<'_>,
    access: &Access,
    account_id: i64,
    receipt: &Receipt,
) -> Result<Option<Outbound>, Fault> {
    let by_key = receipt.key.as_deref().and_then(OutboundId::parse);
    if let Some(id) = by_key {
        return tx.opt(&BY_ID, params![access.agency_id, id, account_id], read);
    }
    tx.opt(&BY_EXTERNAL, params![access.agency_id, account_id, &receipt.external_id], read)
}
