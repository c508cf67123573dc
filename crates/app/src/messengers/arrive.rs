//! What a messenger's provider told, understood: messages reach their talk with their files,
//! receipts reach what went out. The call itself is kept beside it in any case.
//!
//! An application at Meta or X has one webhook for all of its pages and numbers: what names
//! another active account of the agency goes to that one, where it is of the same application.
//! Whoever has the secret of one speaks for no other.

use tanggap_channels::exchange::{FileSource, InKind, InMessage, Incoming};
use tanggap_channels::messenger::{Client, Kind};
use tanggap_channels::signed;
use tanggap_channels::web::NotFetched;
use tanggap_conversations::accounts::Account;
use tanggap_conversations::files::Scanner;
use tanggap_conversations::inbound::Inbound;
use tanggap_kernel::{Fault, Refusal, Result};
use tanggap_ui::Ctx;

use super::Messengers;
use crate::intake;

/// A receipt for a message that nobody knows is tried again so often: the provider may be quicker
/// than our own note of having sent it.
const RECEIPT_TRIES: i64 = 3;
/// A file that the provider does not give is waited for in so many tries; then the message comes
/// without it.
const FILE_TRIES: i64 = 8;

/// Puts what a delivery to `own` says where it belongs. Run again it does nothing twice: each
/// message and receipt is known by the provider's id.
///
/// # Errors
/// A fault where it is to be tried again.
pub async fn tell(
    ctx: &Ctx,
    messengers: &Messengers,
    scanner: Option<&Scanner>,
    delivery: &Inbound,
    (own, all): (&Account, &[Account]),
    attempt: i64,
) -> Result<()> {
    let kind = Kind::parse(&own.channel).ok_or(Refusal::NotFound)?;
    for arrived in kind.read(delivery.payload.as_deref().unwrap_or_default()) {
        let named = all.iter().find(|account| {
            let same = arrived.address.as_deref() == Some(account.address.as_str());
            same && account.active && account.channel == own.channel
        });
        let account = match named {
            Some(other) if other.id != own.id => match is_same_application(ctx, own, other)? {
                true => other,
                false => continue,
            },
            _ => own,
        };
        match arrived.what {
            Incoming::Message(mut message) => {
                if !message.files.is_empty() {
                    let client = messengers.client_of(&ctx.secrets, account)?;
                    bring(ctx, &client, &mut message, attempt).await?;
                }
                let pressed = matches!(message.kind, InKind::Choice { .. });
                let id = message.external_id.clone();
                intake::take_in(ctx, account, *message, None, scanner).await?;
                if pressed && kind == Kind::Telegram {
                    answer_press(ctx, messengers, account, &id).await?;
                }
            }
            Incoming::Receipt(receipt) => {
                let known = intake::note_receipt(ctx, account, receipt).await?;
                if !known && attempt < RECEIPT_TRIES {
                    return Err(Fault::new("a receipt for a message not yet known").into());
                }
            }
            Incoming::Other { .. } => {}
        }
    }
    Ok(())
}

/// Whether two accounts are of one application, whose secret vouched for the call.
fn is_same_application(ctx: &Ctx, own: &Account, other: &Account) -> Result<bool> {
    let ((_, _, ours), (_, _, theirs)) =
        (super::open(&ctx.secrets, own)?, super::open(&ctx.secrets, other)?);
    let same = signed::same(&ours.app_secret, &theirs.app_secret);
    if !same {
        tracing::warn!(account = %own.name, "a call names an account of another application");
    }
    Ok(same)
}

/// Tells Telegram that a press on a button is here. It waits for that for a short time only, so
/// it is not tried twice.
async fn answer_press(
    ctx: &Ctx,
    messengers: &Messengers,
    account: &Account,
    id: &str,
) -> Result<()> {
    if let Client::Telegram(bot) = messengers.client_of(&ctx.secrets, account)?
        && let Err(error) = bot.answer_press(id).await
    {
        tracing::debug!(%error, "a press on a button was not answered");
    }
    Ok(())
}

/// Brings the files of a message; one that cannot be had stays named, and its words tell so.
async fn bring(ctx: &Ctx, client: &Client, message: &mut InMessage, attempt: i64) -> Result<()> {
    let max = ctx.site.upload_bytes_max.max(intake::FILE_BYTES_MAX);
    for file in &mut message.files {
        let FileSource::Provider(reference) = &file.source else { continue };
        match client.fetch(reference, max).await {
            Ok(fetched) => file.source = FileSource::Bytes(fetched.bytes),
            Err(NotFetched::Later(why)) if attempt < FILE_TRIES => {
                return Err(Fault::new(format!("a file is to be had later: {why}")).into());
            }
            Err(why) => tracing::warn!(%why, "a file that came with a message cannot be had"),
        }
    }
    Ok(())
}
