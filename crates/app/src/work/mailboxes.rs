//! Takes in what a mailbox yields: each message becomes what [`letter`] makes of it, and the place
//! reached in the mailbox is noted only behind it.
//!
//! **Invariant: one case for each message, whatever dies in the middle.** The place may fall
//! behind what was taken in, never the other way round, and a message that comes again is known
//! by its Message-ID or its hash. One that cannot be taken in is set aside with its bytes, and the
//! ones behind it go on.

use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tanggap_channels::email::imap::{self, Batch, Cursor, MailboxConfig, MailboxState, RawMessage};
use tanggap_conversations::accounts::{self, AccountId};
use tanggap_conversations::files::Scanner;
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_kernel::{Access, AgencyId, Result};
use tanggap_ui::Ctx;
use tokio::sync::{mpsc, watch};

use crate::letter;

/// A mailbox that fails for so long is shown as troubled; shorter failures mend themselves.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whose mailbox it is.
#[derive(Clone)]
pub struct Mailbox {
    /// The agency.
    pub agency: AgencyId,
    /// Its account.
    pub account: AccountId,
    /// How it is reached.
    pub config: MailboxConfig,
    /// What looks at files.
    pub scanner: Option<Scanner>,
    /// The mail system whose word on senders counts (see [`letter::Door`]).
    pub authserv: Option<String>,
}

/// The place reached, as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    uid_validity: u32,
    uid: u32,
    modseq: u64,
}

/// Follows a mailbox until `closing` says so, or its sender is gone.
///
/// # Errors
/// A fault of the engine: what was not noted comes again when this runs again.
pub async fn follow(ctx: Ctx, mailbox: Mailbox, mut closing: watch::Receiver<bool>) -> Result<()> {
    let Mailbox { agency, account, config, .. } = mailbox.clone();
    let folder = config.folder.clone();
    let read = folder.clone();
    let found =
        ctx.db.read(move |tx| Ok(accounts::cursor(tx, &Access::system(agency), account, &read)?));
    let kept: Option<Kept> = found.await?.and_then(|text| serde_json::from_str(&text).ok());
    let cursor = kept.map(|kept| Cursor {
        uid_validity: kept.uid_validity,
        uid: kept.uid,
        modseq: kept.modseq,
    });
    let (out, mut batches) = mpsc::channel(1);
    let (tell, mut state) = watch::channel(MailboxState::default());
    let _reader = Reader(tokio::spawn(imap::run(config, cursor, out, tell)));
    let mut troubled = false;
    loop {
        tokio::select! {
            batch = batches.recv() => match batch {
                Some(batch) => take_in(&ctx, &mailbox, &folder, batch).await?,
                None => return Ok(()),
            },
            changed = trouble(&mut state, troubled) => {
                troubled = changed.is_some();
                ctx.db.write(move |tx| {
                    let access = Access::system(agency);
                    accounts::note_trouble(tx, &access, account, changed.as_deref())
                }).await?;
            }
            () = ended(&mut closing) => return Ok(()),
        }
    }
}

/// Waits until the node goes down.
async fn ended(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// Ends the connection with whoever reads from it.
struct Reader(tokio::task::JoinHandle<()>);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until the mailbox's trouble begins (its words) or ends (nothing).
async fn trouble(state: &mut watch::Receiver<MailboxState>, troubled: bool) -> Option<String> {
    loop {
        let now = state.borrow_and_update().clone();
        let why = match now {
            MailboxState::Refused { why } if !troubled => return Some(why),
            MailboxState::Waiting | MailboxState::Fetching if troubled => return None,
            MailboxState::Failing { why } if !troubled => Some(why),
            _ => None,
        };
        let fine = |state: &MailboxState| {
            matches!(state, MailboxState::Waiting | MailboxState::Refused { .. })
        };
        let Some(why) = why else {
            if state.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            continue;
        };
        let mended = tokio::time::timeout(PATIENCE, state.wait_for(fine)).await;
        let mended = mended.map(|state| state.is_ok());
        match mended {
            Err(_) => return Some(why),
            Ok(true) => {}
            Ok(false) => std::future::pending().await,
        }
    }
}

/// Takes in a batch in its order, since an answer may follow what it answers, and then notes the
/// place behind it.
async fn take_in(ctx: &Ctx, mailbox: &Mailbox, folder: &str, batch: Batch) -> Result<()> {
    for message in &batch.messages {
        let raw = message.bytes.clone();
        let door = letter::Door {
            scanner: mailbox.scanner.as_ref(),
            authserv: mailbox.authserv.as_deref(),
        };
        let taken = letter::take_in(ctx, mailbox.agency, raw, door).await;
        if let Err(error) = taken {
            set_aside(ctx, mailbox, message, &error.to_string()).await?;
        }
    }
    let Cursor { uid_validity, uid, modseq } = batch.cursor;
    let place = serde_json::to_string(&Kept { uid_validity, uid, modseq })?;
    let (agency, account, folder) = (mailbox.agency, mailbox.account, folder.to_owned());
    let noted = ctx.db.write(move |tx| {
        Ok(accounts::set_cursor(tx, &Access::system(agency), account, &folder, &place)?)
    });
    noted.await?;
    metrics::counter!("tanggap_mails_fetched_total").increment(batch.messages.len() as u64);
    batch.durable();
    Ok(())
}

/// Keeps a message that could not be taken in, with the reason, for somebody to look at. Where
/// not even that is possible, the engine is away, and the batch comes again.
async fn set_aside(ctx: &Ctx, mailbox: &Mailbox, message: &RawMessage, why: &str) -> Result<()> {
    let blob = ctx.blobs.put(Bytes::from(message.bytes.clone())).await?;
    let (agency, account, why) = (mailbox.agency, mailbox.account, why.to_owned());
    let external_id = hex::encode(Sha256::digest(&message.bytes));
    let kept = ctx.db.write(move |tx| {
        let access = Access::system(agency);
        let new = NewInbound {
            account_id: account,
            external_id: &external_id,
            payload: None,
            raw: Some(&blob),
        };
        inbound::set_aside(tx, &access, &new, &why)
    });
    kept.await
}
