//! Takes in what a mailbox yields: each message becomes what [`letter`] makes of it, in the commit
//! that notes the place reached in the mailbox.
//!
//! **Invariant: one case for each message, whatever dies in the middle.** The place may fall
//! behind what was taken in, never the other way round, and a message that comes again is known
//! by its Message-ID or its hash. One that cannot be taken in is set aside with its bytes, and the
//! ones behind it go on.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tanggap_channels::email::imap::{self, Batch, Cursor, MailboxConfig, MailboxState, RawMessage};
use tanggap_conversations::accounts::{self, AccountId};
use tanggap_conversations::files::Scanner;
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_conversations::states;
use tanggap_kernel::{Access, AgencyId, Error, Refusal, Result};
use tanggap_store::Tx;
use tanggap_ui::Ctx;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::letter::{self, Letter};

/// A mailbox that fails for so long is shown as troubled; shorter failures mend themselves.
const PATIENCE: Duration = Duration::from_secs(120);
/// Messages of one commit: few enough that nobody waits long for the writer.
const COMMIT_MAX: usize = 16;
/// Messages that are read at the same time.
const READ_AT_ONCE: usize = 4;
/// Tries of a message before it is set aside …
const TRIES: u32 = 6;
/// … the first pause between them, and each next one twice as long.
const PAUSE: Duration = Duration::from_millis(50);

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

impl Mailbox {
    fn access(&self) -> Access {
        Access::system(self.agency)
    }

    fn door(&self) -> letter::Door<'_> {
        letter::Door { scanner: self.scanner.as_ref(), authserv: self.authserv.as_deref() }
    }
}

/// The place reached, as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    uid_validity: u32,
    uid: u32,
    modseq: u64,
    #[serde(default)]
    dated_below: u32,
}

/// Follows a mailbox until `closing` says so, or its sender is gone.
///
/// # Errors
/// A fault of the engine: what was not noted comes again when this runs again.
pub async fn follow(ctx: Ctx, mailbox: Mailbox, mut closing: watch::Receiver<bool>) -> Result<()> {
    let cursor = place(&ctx, &mailbox).await?;
    let (out, mut batches) = mpsc::channel(1);
    let (tell, state) = watch::channel(MailboxState::default());
    let _reader = Ends(tokio::spawn(imap::run(mailbox.config.clone(), cursor, out, tell)));
    let telling = tell_state(ctx.clone(), mailbox.access(), mailbox.account, state);
    let teller = Ends(tokio::spawn(telling));
    let ended = async move { closing.wait_for(|closing| *closing).await.map(drop) };
    let mut ended = std::pin::pin!(ended);
    loop {
        tokio::select! {
            batch = batches.recv() => match batch {
                Some(batch) => take_in(&ctx, &mailbox, batch).await?,
                None => break,
            },
            _ = &mut ended => break,
        }
    }
    drop(teller);
    let (access, id) = (mailbox.access(), mailbox.account);
    ctx.db.write(move |tx| Ok(states::note(tx, &access, id, "ended", None)?)).await
}

async fn place(ctx: &Ctx, mailbox: &Mailbox) -> Result<Option<Cursor>> {
    let (access, id, folder) = (mailbox.access(), mailbox.account, mailbox.config.folder.clone());
    let read = ctx.db.read(move |tx| Ok(accounts::cursor(tx, &access, id, &folder)?));
    let kept: Option<Kept> = read.await?.and_then(|text| serde_json::from_str(&text).ok());
    Ok(kept.map(|Kept { uid_validity, uid, modseq, dated_below }| Cursor {
        uid_validity,
        uid,
        dated_below,
        modseq,
    }))
}

/// Ends a task with whoever needs it.
struct Ends(JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Shows how the connection goes, and calls it trouble where somebody has to look.
async fn tell_state(
    ctx: Ctx,
    access: Access,
    account: AccountId,
    mut state: watch::Receiver<MailboxState>,
) {
    let mut failing: Option<Instant> = None;
    let mut shown = None;
    loop {
        let now = state.borrow_and_update().clone();
        failing = match now {
            MailboxState::Waiting | MailboxState::Refused { .. } => None,
            _ => failing.or(Some(Instant::now() + PATIENCE)),
        };
        let late = failing.is_some_and(|at| at <= Instant::now());
        let told = (now, late);
        if shown.as_ref() != Some(&told) {
            let (state, access) = (told.clone(), access.clone());
            let noted = ctx.db.write(move |tx| note_state(tx, &access, account, &state)).await;
            match noted {
                Ok(()) => shown = Some(told),
                Err(error) => tracing::warn!(%error, "the state of a mailbox is not shown"),
            }
        }
        let alone = Instant::now() + Duration::from_secs(3600);
        let look = failing.filter(|_| !late).unwrap_or(alone);
        if let Ok(Err(_)) = timeout_at(look, state.changed()).await {
            return;
        }
    }
}

fn note_state(
    tx: &mut Tx<'_>,
    access: &Access,
    account: AccountId,
    (state, late): &(MailboxState, bool),
) -> Result<()> {
    let (word, why, trouble) = match state {
        MailboxState::Connecting => ("connecting", None, None),
        MailboxState::Fetching => ("fetching", None, Some(None)),
        MailboxState::Waiting => ("waiting", None, Some(None)),
        MailboxState::Failing { why } => ("failing", Some(why), late.then_some(Some(why))),
        MailboxState::Refused { why } => ("refused", Some(why), Some(Some(why))),
    };
    states::note(tx, access, account, word, why.map(String::as_str))?;
    match trouble {
        Some(trouble) => accounts::note_trouble(tx, access, account, trouble.map(String::as_str)),
        None => Ok(()),
    }
}

/// Takes in a batch in its order, since an answer may follow what it answers.
async fn take_in(ctx: &Ctx, mailbox: &Mailbox, batch: Batch) -> Result<()> {
    let count = batch.messages.len();
    let last = count.div_ceil(COMMIT_MAX).saturating_sub(1);
    for (at, messages) in batch.messages.chunks(COMMIT_MAX).enumerate() {
        let reached = messages.last().map_or(batch.cursor.uid, |message| message.uid);
        let cursor = match at == last {
            true => batch.cursor,
            false => Cursor { uid: reached, modseq: 0, ..batch.cursor },
        };
        if together(ctx, mailbox, messages, cursor).await.is_err() {
            for message in messages {
                alone(ctx, mailbox, message).await?;
            }
            let (own, count) = (mailbox.clone(), messages.len());
            ctx.db.write(move |tx| note(tx, &own, cursor, count)).await?;
        }
    }
    metrics::counter!("tanggap_mails_fetched_total").increment(count as u64);
    batch.durable();
    Ok(())
}

/// Messages and the place behind them in one commit: all or none.
async fn together(
    ctx: &Ctx,
    mailbox: &Mailbox,
    messages: &[RawMessage],
    cursor: Cursor,
) -> Result<()> {
    let raw: Vec<Vec<u8>> = messages.iter().map(|message| message.bytes.clone()).collect();
    let read = raw.into_iter().map(|raw| letter::read(ctx, raw, mailbox.door()));
    let letters: Vec<Letter> =
        futures_util::stream::iter(read).buffered(READ_AT_ONCE).try_collect().await?;
    let own = mailbox.clone();
    let store = ctx.db.write(move |tx| {
        for letter in &letters {
            letter::store(tx, own.agency, letter)?;
        }
        note(tx, &own, cursor, letters.len())
    });
    store.await
}

fn note(tx: &mut Tx<'_>, mailbox: &Mailbox, cursor: Cursor, count: usize) -> Result<()> {
    let Cursor { uid_validity, uid, dated_below, modseq } = cursor;
    let place = serde_json::to_string(&Kept { uid_validity, uid, modseq, dated_below })?;
    let (access, account) = (mailbox.access(), mailbox.account);
    states::note_taken(tx, &access, account, count)?;
    Ok(accounts::set_cursor(tx, &access, account, &mailbox.config.folder, &place)?)
}

/// One message by itself. What passes is tried again; what does not is set aside.
async fn alone(ctx: &Ctx, mailbox: &Mailbox, message: &RawMessage) -> Result<()> {
    let mut pause = PAUSE;
    let mut tried = 1;
    loop {
        let taken =
            letter::take_in(ctx, mailbox.agency, message.bytes.clone(), mailbox.door()).await;
        match taken {
            Ok(_) => return Ok(()),
            Err(Error::Fault(_) | Error::Refused(Refusal::Stale)) if tried < TRIES => {
                sleep(pause).await;
                (tried, pause) = (tried + 1, pause * 2);
            }
            Err(error) => return set_aside(ctx, mailbox, message, &error.to_string()).await,
        }
    }
}

/// Keeps a message that could not be taken in, with the reason, for somebody to look at. Where
/// not even that is possible, the engine is away, and the batch comes again.
async fn set_aside(ctx: &Ctx, mailbox: &Mailbox, message: &RawMessage, why: &str) -> Result<()> {
    tracing::warn!(why, account = %mailbox.account, uid = message.uid, "a mail is set aside");
    let blob = ctx.blobs.put(Bytes::from(message.bytes.clone())).await?;
    let (access, account, why) = (mailbox.access(), mailbox.account, why.to_owned());
    let external_id = hex::encode(Sha256::digest(&message.bytes));
    let kept = ctx.db.write(move |tx| {
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
