//! What providers tell about a message after they took it: delivered, read, failed. Receipts come
//! in any order and more than once; a message never goes back. What went in several parts has
//! arrived when all of them have, and failed when one has.

use tanggap_kernel::{Access, Fault, Result, Timestamp, params};
use tanggap_store::{Tx, sql};

use super::rules::after_receipt;
use super::{Outbound, OutboundId, SendState, columns, lanes, read};
use crate::accounts::AccountId;
use crate::{talks, window};

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
    // A try after an earlier one that was in doubt may give the same ids.
    EXPECT = "insert into outbound_parts (agency_id, outbound_id, account_id, external_id, state)
        values ($1, $2, $3, $4, 'sent') on conflict (agency_id, outbound_id, external_id)
        do nothing";
    BY_PART = concat!("select ", columns!(), " from outbound where agency_id = $1 and id = (
        select max(outbound_id) from outbound_parts where agency_id = $1 and account_id = $2
        and external_id = $3)");
    PART = "select state from outbound_parts where agency_id = $1 and outbound_id = $2
        and external_id = $3";
    NOTE_PART = "update outbound_parts set state = $4 where agency_id = $1 and outbound_id = $2
        and external_id = $3";
    // Of two receipts at once each would take the other's part for missing.
    ALONE = "select 1 from outbound where agency_id = $1 and id = $2 for update",
        sqlite: "select 1 from outbound where agency_id = $1 and id = $2";
    NOT_THERE = "select count(*) from outbound_parts where agency_id = $1 and outbound_id = $2
        and state in ('sent', 'failed')";
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
    let told = of_whole(tx, access, row.id, receipt)?;
    let Some(next) = told.and_then(|told| after_receipt(row.state, told)) else {
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
    if error.as_deref().is_some_and(|why| window::is_refusal(&row.channel, why)) {
        window::close(tx, access, &row)?;
    }
    row.state = next;
    row.error = error;
    row.sent_at = row.sent_at.or(sent);
    row.delivered_at = row.delivered_at.or(arrived);
    row.read_at = row.read_at.or(has(SendState::Read));
    Ok(Some((row, true)))
}

/// A provider's clock and ours differ by so much at most (microseconds).
const CLOCKS_DIFFER: i64 = 10 * Timestamp::SECOND;

/// Notes that everything written to a thread up to a moment arrived or was read. Gives the
/// messages as they stand now that were changed by it.
///
/// # Errors
/// A fault of the engine.
pub fn note_until(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    thread: &str,
    (state, until): (SendState, Timestamp),
) -> Result<Vec<Outbound>, Fault> {
    let Some(talk) = talks::of_thread(tx, access, account, thread)? else { return Ok(Vec::new()) };
    let mut changed = Vec::new();
    for row in super::of_exchange(tx, access, talk.id)? {
        let sent = row.sent_at.is_some_and(|at| at <= until.plus(CLOCKS_DIFFER));
        if !sent || row.created_at > until || row.state == SendState::Failed {
            continue;
        }
        let key = Some(row.id.to_string());
        let receipt =
            Receipt { external_id: String::new(), key, state, at: Some(until), why: None };
        changed.extend(
            note(tx, access, account.0, &receipt)?.filter(|(_, news)| *news).map(|(row, _)| row),
        );
    }
    Ok(changed)
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
    let named = params![access.agency_id, account_id, &receipt.external_id];
    let whole = tx.opt(&BY_EXTERNAL, named, read)?;
    let part = tx.opt(&BY_PART, named, read)?;
    // Centres number from the beginning again after some time: the newest is meant.
    Ok(whole.into_iter().chain(part).max_by_key(|row: &Outbound| row.id))
}

/// Notes the parts of a message for which receipts will come.
pub(super) fn expect(
    tx: &mut Tx<'_>,
    lane: &lanes::Lane,
    id: OutboundId,
    external_ids: &[String],
) -> Result<(), Fault> {
    for external_id in external_ids {
        tx.put(&EXPECT, params![lane.agency_id, id, lane.account_id, external_id])?;
    }
    Ok(())
}

/// What a receipt says about the whole message; `None` where it says nothing new about it.
fn of_whole(
    tx: &mut Tx<'_>,
    access: &Access,
    id: OutboundId,
    receipt: &Receipt,
) -> Result<Option<SendState>, Fault> {
    let part = params![access.agency_id, id, &receipt.external_id];
    let known: Option<String> = tx.opt(&PART, part, |row| row.text())?;
    let Some(known) = known.and_then(|state| SendState::parse(&state)) else {
        return Ok(Some(receipt.state));
    };
    let Some(next) = after_receipt(known, receipt.state) else { return Ok(None) };
    tx.opt(&ALONE, params![access.agency_id, id], |_| Ok(()))?;
    let noted = params![access.agency_id, id, &receipt.external_id, next.as_str()];
    tx.put(&NOTE_PART, noted)?;
    if !matches!(next, SendState::Delivered | SendState::Read) {
        return Ok(Some(next));
    }
    let missing: i64 = tx.one(&NOT_THERE, params![access.agency_id, id], |row| row.int())?;
    Ok((missing == 0).then_some(next))
}
