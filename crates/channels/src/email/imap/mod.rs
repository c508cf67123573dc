//! Mailboxes at an IMAP server: every message once, in order, for as long as the node runs.
//!
//! **Invariant: a message is passed only after whoever takes them says that the ones before it
//! are durable.** The place reached is a UID under a UIDVALIDITY and lies with the consumer, in
//! the same commit as the messages; what other programs read, mark or delete in the mailbox does
//! not matter. The mailbox is opened read-only and nothing in it is changed.
//!
//! `session` speaks to the server; here is what repeats: connect, catch up, wait, and after a
//! failure all of it again, ever more rarely.

mod session;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::login::{Logins, NoLogin};
use super::wire::TlsMode;
use crate::reach::Reach;
use session::Session;

/// After the first failure the next try comes after so long, then after twice that …
const RETRY_MIN: Duration = Duration::from_secs(1);
/// … and at most after so long.
const RETRY_MAX: Duration = Duration::from_secs(300);
/// A refused password is tried again only after so long: servers lock accounts.
const REFUSED_WAIT: Duration = Duration::from_secs(300);
/// Messages of one batch.
const BATCH_MESSAGES_MAX: usize = 50;
/// Bytes of one batch, unless a single message is longer.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// One mailbox, as configured.
#[derive(Clone)]
pub struct MailboxConfig {
    /// Host name or address.
    pub host: String,
    /// Port: 993 with TLS, 143 with STARTTLS.
    pub port: u16,
    /// Where it may be.
    pub reach: Reach,
    /// Protection.
    pub tls: TlsMode,
    /// PEM of a certificate authority to trust beside the system's own.
    pub ca_pem: Option<String>,
    /// User name.
    pub user: String,
    /// What proves the user, asked anew at each connection: tokens run out.
    pub login: Arc<dyn Logins>,
    /// The folder that is read, `INBOX` as a rule.
    pub folder: String,
    /// What is done with what lies in the mailbox before it is connected for the first time.
    pub start: Start,
    /// How long the server may take for one answer.
    pub timeout: Duration,
    /// How long the server is listened to before listening is asked for anew; servers may end it
    /// after 30 minutes.
    pub idle: Duration,
}

impl fmt::Debug for MailboxConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailboxConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("user", &self.user)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// What is done with a mailbox's old messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// They are taken in like new ones.
    #[default]
    All,
    /// Only what comes from now on is taken in. Where the server numbers the mailbox anew, what
    /// it received before this moment (seconds since 1970) is old.
    New {
        /// The moment.
        since: i64,
    },
}

/// The place reached in a mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The mailbox's UIDVALIDITY; where it changes, all UIDs mean something else and the mailbox
    /// is read from its beginning.
    pub uid_validity: u32,
    /// The last UID that was passed.
    pub uid: u32,
    /// Below this UID old messages lie between new ones, to be told apart by their dates; 0 where
    /// there are none or old ones count too.
    pub dated_below: u32,
    /// The mailbox's highest mod-sequence when nothing was left to fetch (CONDSTORE); 0 where
    /// not known.
    pub modseq: u64,
}

/// A message as it lies on the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawMessage {
    /// Its UID.
    pub uid: u32,
    /// Its bytes, up to [`super::parse::RAW_BYTES_MAX`].
    pub bytes: Vec<u8>,
    /// It is longer than that.
    pub cut: bool,
}

/// Messages that are to be kept together with the place that they reach.
#[derive(Debug)]
pub struct Batch {
    /// In the order of their UIDs.
    pub messages: Vec<RawMessage>,
    /// The place after them.
    pub cursor: Cursor,
    durable: oneshot::Sender<()>,
}

impl Batch {
    /// Says that messages and place are durable. A batch that is dropped without it is fetched
    /// again.
    pub fn durable(self) {
        // The worker may have ended meanwhile, which loses nothing.
        let _ = self.durable.send(());
    }
}

/// How a mailbox is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MailboxState {
    /// Not connected yet.
    #[default]
    Connecting,
    /// Messages are being fetched.
    Fetching,
    /// Everything is fetched; the server tells what is new.
    Waiting,
    /// Trying again after a failure.
    Failing {
        /// What happened.
        why: String,
    },
    /// The server does not let us in: somebody has to look at it.
    Refused {
        /// The server's words.
        why: String,
    },
}

/// What went wrong with a connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum ImapError {
    /// The login.
    #[error("{0}")]
    Refused(String),
    /// Anything else: network, TLS, protocol.
    #[error("{0}")]
    Failed(String),
    /// The consumer is gone: the end.
    #[error("nobody takes the messages")]
    Closed,
}

impl From<NoLogin> for ImapError {
    fn from(error: NoLogin) -> Self {
        match error {
            NoLogin::Refused(why) => Self::Refused(why),
            NoLogin::Failed(why) => Self::Failed(why),
        }
    }
}

/// Tries whether a mailbox can be opened; gives the number of messages in it.
///
/// # Errors
/// The server's words.
pub async fn check(config: &MailboxConfig) -> Result<u32, String> {
    let session = Session::open(config).await.map_err(|error| error.to_string())?;
    Ok(session.exists())
}

/// Reads a mailbox until nobody takes its messages any more.
///
/// Batches go to `out`, which must be bounded; one more is fetched while the last is being kept.
pub async fn run(
    config: MailboxConfig,
    cursor: Option<Cursor>,
    out: mpsc::Sender<Batch>,
    state: watch::Sender<MailboxState>,
) {
    let mut place = cursor;
    let mut wait = RETRY_MIN;
    while !out.is_closed() {
        let reached = place;
        let ended = follow(&config, &mut place, &out, &state).await;
        let pause = match ended {
            Err(ImapError::Closed) => return,
            Err(ImapError::Refused(why)) => {
                state.send_replace(MailboxState::Refused { why });
                REFUSED_WAIT
            }
            Err(ImapError::Failed(why)) => {
                state.send_replace(MailboxState::Failing { why });
                if place != reached {
                    wait = RETRY_MIN;
                }
                let pause = wait;
                wait = (wait * 2).min(RETRY_MAX);
                pause
            }
            Ok(()) => RETRY_MIN,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = out.closed() => return,
        }
    }
}

/// One connection, until it fails.
async fn follow(
    config: &MailboxConfig,
    place: &mut Option<Cursor>,
    out: &mpsc::Sender<Batch>,
    state: &watch::Sender<MailboxState>,
) -> Result<(), ImapError> {
    let mut session = Session::open(config).await?;
    loop {
        let cursor = begin(config, &session, *place);
        *place = Some(cursor);
        if session.has_news(cursor) {
            state.send_replace(MailboxState::Fetching);
            catch_up(config, &mut session, place, out).await?;
        }
        state.send_replace(MailboxState::Waiting);
        session = tokio::select! {
            waited = session.wait(config.idle) => waited?,
            () = out.closed() => return Err(ImapError::Closed),
        };
    }
}

/// Where reading goes on: at the place reached, if the mailbox is still the same one.
fn begin(config: &MailboxConfig, session: &Session, place: Option<Cursor>) -> Cursor {
    let uid_validity = session.uid_validity();
    match place {
        Some(cursor) if cursor.uid_validity == uid_validity => cursor,
        None if matches!(config.start, Start::New { .. }) => {
            let uid = session.uid_next().saturating_sub(1);
            Cursor { uid_validity, uid, ..Cursor::default() }
        }
        // The server numbered everything anew: what was passed comes again and is known, what was
        // old before the first connection stays so.
        Some(_) if matches!(config.start, Start::New { .. }) => {
            Cursor { uid_validity, dated_below: session.uid_next(), ..Cursor::default() }
        }
        _ => Cursor { uid_validity, ..Cursor::default() },
    }
}

/// A batch that was passed, and the word that it is durable.
type UnderWay = Option<(Cursor, oneshot::Receiver<()>)>;

/// Fetches everything behind the place reached. The place moves when the consumer says so.
async fn catch_up(
    config: &MailboxConfig,
    session: &mut Session,
    place: &mut Option<Cursor>,
    out: &mpsc::Sender<Batch>,
) -> Result<(), ImapError> {
    let mut cursor = place.unwrap_or_default();
    let old = match config.start {
        Start::New { since } if cursor.dated_below > 0 => Some((cursor.dated_below, since)),
        _ => None,
    };
    let mut under_way: UnderWay = None;
    loop {
        let bounds = (BATCH_MESSAGES_MAX, BATCH_BYTES_MAX);
        let found = session.next_batch(cursor.uid, old, bounds).await;
        // Also behind a failure: what is being kept shall not come again.
        settle(under_way.take(), place, out).await?;
        let found = found?;
        cursor.uid = found.reached.max(cursor.uid);
        if found.end {
            cursor.modseq = session.modseq();
        }
        if !found.messages.is_empty() {
            let (durable, kept) = oneshot::channel();
            let batch = Batch { messages: found.messages, cursor, durable };
            out.send(batch).await.map_err(|_| ImapError::Closed)?;
            under_way = Some((cursor, kept));
        }
        if found.end {
            settle(under_way, place, out).await?;
            *place = Some(cursor);
            return Ok(());
        }
    }
}

async fn settle(
    under_way: UnderWay,
    place: &mut Option<Cursor>,
    out: &mpsc::Sender<Batch>,
) -> Result<(), ImapError> {
    if let Some((reached, kept)) = under_way {
        kept.await.map_err(|_| lost(out))?;
        *place = Some(reached);
    }
    Ok(())
}

fn lost(out: &mpsc::Sender<Batch>) -> ImapError {
    match out.is_closed() {
        true => ImapError::Closed,
        false => ImapError::Failed("the messages could not be kept".to_owned()),
    }
}
