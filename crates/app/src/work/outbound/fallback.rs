//! Another channel stands in: for a message that failed, and for one of which no receipt came in
//! time, where the agency's rules say so and the citizen left an address there. One step only: what
//! stands in is not stood in for.

use tanggap_cases::store as case_store;
use tanggap_cases::{addresses, notices};
use tanggap_conversations::outbound::lanes::{Ended, Lane};
use tanggap_conversations::outbound::rules::Fallback;
use tanggap_conversations::outbound::{self, Outbound, OutboundId, settings};
use tanggap_conversations::{NewOutbound, SendState};
use tanggap_kernel::{Access, Error, Locale, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_store::jobs::{Job, Runner};
use tanggap_ui::t_args;

/// The job that looks whether a receipt came; its key is the message's id.
const LOOK: &str = "outbound_fallback";

/// Handles the look for receipts.
pub fn register(runner: Runner) -> Runner {
    runner.on(LOOK, look)
}

/// Does what the rules say of messages whose way out ended.
///
/// # Errors
/// A fault of the engine.
pub fn stand_in(tx: &mut Tx<'_>, lane: &Lane, ended: &[Ended]) -> Result<()> {
    if ended.is_empty() {
        return Ok(());
    }
    let access = Access::system(lane.agency_id);
    let (rules, _) = settings::of(tx, &access, &lane.channel)?;
    let Some(fallback) = rules.fallback else { return Ok(()) };
    for (row, state) in ended.iter().filter(|(row, _)| row.instead_of.is_none()) {
        match (state, fallback.after_minutes) {
            (SendState::Failed | SendState::Suppressed, _) => {
                queue(tx, &access, row, &fallback)?;
            }
            (SendState::Sent, Some(minutes)) => {
                let at = tx.now().plus(minutes.saturating_mul(Timestamp::MINUTE));
                tx.schedule(lane.agency_id, LOOK, &row.id.to_string(), at, "{}")?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The time for a receipt is over.
fn look(tx: &mut Tx<'_>, job: &Job) -> Result<()> {
    let access = Access::system(job.agency_id);
    let Some(id) = OutboundId::parse(&job.key) else { return Ok(()) };
    let row = match outbound::get(tx, &access, id) {
        Ok(row) => row,
        Err(Error::Refused(Refusal::NotFound)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let (rules, _) = settings::of(tx, &access, &row.channel)?;
    match rules.fallback {
        Some(fallback) if row.state == SendState::Sent => queue(tx, &access, &row, &fallback),
        _ => Ok(()),
    }
}

/// Queues what stands in, where the person who reported the case left an address there and the
/// channel has an account. Its key makes a second time harmless.
fn queue(tx: &mut Tx<'_>, access: &Access, row: &Outbound, fallback: &Fallback) -> Result<()> {
    let Some(case) = row.case_id else { return Ok(()) };
    let Some(case) = case_store::find(tx, access, case.into())? else { return Ok(()) };
    let is_sms = fallback.channel == "sms";
    let found = addresses::of(tx, access, &case, &fallback.channel)?;
    let Some((_, recipient)) = found else { return Ok(()) };
    let account_id = match outbound::account_for(tx, access, &fallback.channel)? {
        Some(id) => id,
        None if is_sms => return Ok(()),
        None => 0,
    };
    // A text message holds the news that there is news; it is read where the case is.
    let link = notices::case_link(tx, access, &case.code)?;
    let args = [("code", case.code.as_str().into()), ("link", link.as_str().into())];
    let short = t_args(Locale::Id, "sending-news", &args);
    let subject = match row.subject.as_str() {
        "" => t_args(Locale::Id, "sending-news-subject", &args),
        subject => subject.into(),
    };
    outbound::queue(
        tx,
        access,
        &NewOutbound {
            case_id: row.case_id,
            channel: &fallback.channel,
            account_id,
            recipient: &recipient,
            subject: if is_sms { "" } else { &subject },
            body: if is_sms { &short } else { &row.body },
            key: Some(&format!("instead:{}", row.id)),
            priority: row.priority,
            instead_of: Some(row.id),
            ..NewOutbound::default()
        },
    )?;
    Ok(())
}
