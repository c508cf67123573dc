//! One connection to an IMAP server with its mailbox open read-only.

use std::sync::Arc;
use std::time::Duration;

use async_imap::extensions::idle::IdleResponse;
use async_imap::types::Mailbox;
use async_imap::{Authenticator, Client, Session as Imap};
use futures_util::TryStreamExt;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::super::login::Login;
use super::super::parse::RAW_BYTES_MAX;
use super::super::wire::TlsMode;
use super::{ImapError, MailboxConfig, RawMessage};

/// UIDs whose sizes are asked for at once; more where many are gone.
const WINDOW: u32 = 500;
const WINDOW_MAX: u32 = 1 << 20;
/// Without IDLE the server is asked so often.
const POLL: Duration = Duration::from_secs(60);

trait Wire: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Wire for T {}

/// An open mailbox.
pub(super) struct Session {
    imap: Imap<Box<dyn Wire>>,
    mailbox: Mailbox,
    folder: String,
    timeout: Duration,
    can_idle: bool,
    /// UIDs with sizes that are known and not fetched yet.
    sizes: Vec<(u32, usize)>,
    /// Up to which UID sizes were asked for.
    asked: u32,
    window: u32,
}

/// Below which UID messages are old that came before which moment (seconds since 1970).
pub(super) type Old = Option<(u32, i64)>;

/// The next messages.
pub(super) struct Found {
    pub messages: Vec<RawMessage>,
    /// The last UID that needs not be asked for again.
    pub reached: u32,
    /// Nothing is behind them.
    pub end: bool,
}

impl Session {
    /// Connects, proves the user and opens the folder.
    pub async fn open(config: &MailboxConfig) -> Result<Session, ImapError> {
        let limit = config.timeout;
        let client = within(limit, connect(config)).await?;
        let login = within(limit, async { Ok(config.login.login().await?) }).await?;
        let logged = async {
            match login {
                Login::Password(password) => client.login(&config.user, password).await,
                Login::Token(token) => {
                    let user = config.user.clone();
                    client.authenticate("XOAUTH2", XOauth2 { user, token, asked: false }).await
                }
            }
            .map_err(|(error, _)| refused(error))
        };
        let mut imap = within(limit, logged).await?;
        let capabilities =
            within(limit, async { imap.capabilities().await.map_err(failed) }).await?;
        if capabilities.has_str("ENABLE") && capabilities.has_str("CONDSTORE") {
            let enabled = imap.run_command_and_check_ok("ENABLE CONDSTORE");
            within(limit, async { enabled.await.map_err(failed) }).await?;
        }
        let mailbox = look(&mut imap, &config.folder, limit).await?;
        Ok(Session {
            imap,
            mailbox,
            folder: config.folder.clone(),
            timeout: limit,
            can_idle: capabilities.has_str("IDLE"),
            sizes: Vec::new(),
            asked: 0,
            window: WINDOW,
        })
    }

    pub fn uid_validity(&self) -> u32 {
        self.mailbox.uid_validity.unwrap_or(0)
    }

    pub fn uid_next(&self) -> u32 {
        self.mailbox.uid_next.unwrap_or(1)
    }

    pub fn exists(&self) -> u32 {
        self.mailbox.exists
    }

    pub fn modseq(&self) -> u64 {
        self.mailbox.highest_modseq.unwrap_or(0)
    }

    /// Whether anything can lie behind a place: what the server says of the mailbox tells it
    /// without looking for messages.
    pub fn has_news(&self, cursor: super::Cursor) -> bool {
        let unchanged = cursor.modseq > 0 && cursor.modseq == self.modseq();
        let at_end = self.mailbox.uid_next.is_some_and(|next| cursor.uid.saturating_add(1) >= next);
        self.mailbox.exists > 0 && !unchanged && !at_end
    }

    /// The next messages behind a UID, bounded in number and bytes.
    pub async fn next_batch(
        &mut self,
        after: u32,
        old: Old,
        (messages_max, bytes_max): (usize, usize),
    ) -> Result<Found, ImapError> {
        if self.sizes.is_empty() {
            self.ask_sizes(after, old).await?;
        }
        let mut bytes = 0;
        let fits = self.sizes.iter().take(messages_max).take_while(|(_, size)| {
            bytes += size;
            bytes <= bytes_max
        });
        let count = fits.count().max(1).min(self.sizes.len());
        let batch: Vec<(u32, usize)> = self.sizes.drain(..count).collect();
        let Some(&(last, _)) = batch.last() else {
            return Ok(Found { messages: Vec::new(), reached: self.asked, end: self.at_end() });
        };
        let messages = self.fetch(&batch).await?;
        let reached = if self.sizes.is_empty() { self.asked } else { last };
        Ok(Found { messages, reached, end: self.sizes.is_empty() && self.at_end() })
    }

    fn at_end(&self) -> bool {
        self.asked.saturating_add(1) >= self.uid_next()
    }

    /// Sizes of the next UIDs; the window grows where a long stretch is empty.
    async fn ask_sizes(&mut self, after: u32, old: Old) -> Result<(), ImapError> {
        let from = after.max(self.asked).saturating_add(1);
        let last = self.uid_next().saturating_sub(1);
        if from > last {
            self.asked = self.asked.max(after);
            return Ok(());
        }
        let to = from.saturating_add(self.window - 1).min(last);
        let limit = self.timeout;
        let listed = async {
            let query = match old {
                Some((below, _)) if from < below => "(UID RFC822.SIZE INTERNALDATE)",
                _ => "(UID RFC822.SIZE)",
            };
            let stream = self.imap.uid_fetch(format!("{from}:{to}"), query).await?;
            stream.try_collect::<Vec<_>>().await
        };
        let listed = within(limit, async { listed.await.map_err(failed) }).await?;
        // One whose date the server does not tell may be new.
        let is_old = |uid: u32, date: Option<i64>| {
            old.zip(date).is_some_and(|((below, since), date)| uid < below && date < since)
        };
        let known = listed.iter().filter_map(|one| {
            let date = one.internal_date().map(|date| date.timestamp());
            let (uid, size) = (one.uid?, one.size? as usize);
            (!is_old(uid, date)).then_some((uid, size))
        });
        self.sizes = known.filter(|(uid, _)| (from..=to).contains(uid)).collect();
        self.sizes.sort_unstable();
        self.sizes.dedup();
        self.asked = to;
        let empty = self.sizes.is_empty();
        self.window = if empty { (self.window * 2).min(WINDOW_MAX) } else { WINDOW };
        Ok(())
    }

    /// The bytes of messages; one that was deleted meanwhile is left out.
    async fn fetch(&mut self, batch: &[(u32, usize)]) -> Result<Vec<RawMessage>, ImapError> {
        let limit = self.timeout;
        let set: Vec<String> = batch.iter().map(|(uid, _)| uid.to_string()).collect();
        let query = format!("(UID BODY.PEEK[]<0.{RAW_BYTES_MAX}>)");
        let mut stream = {
            let begun = self.imap.uid_fetch(set.join(","), query);
            within(limit, async { begun.await.map_err(failed) }).await?
        };
        let mut messages = Vec::with_capacity(batch.len());
        // The time is that of one message, not of all.
        while let Some(one) =
            within(limit, async { stream.try_next().await.map_err(failed) }).await?
        {
            let Some(&(uid, size)) = batch.iter().find(|(uid, _)| one.uid == Some(*uid)) else {
                continue;
            };
            let Some(bytes) = one.body() else { continue };
            messages.push(RawMessage { uid, bytes: bytes.to_vec(), cut: size > bytes.len() + 2 });
        }
        messages.sort_unstable_by_key(|message| message.uid);
        messages.dedup_by_key(|message| message.uid);
        Ok(messages)
    }

    /// Waits until the server says that something changed, or until it is time to ask anew; then
    /// looks at the mailbox again.
    pub async fn wait(self, renew: Duration) -> Result<Session, ImapError> {
        let Session { imap, folder, timeout: limit, can_idle, .. } = self;
        let mut imap = match can_idle {
            true => idle(imap, renew, limit).await?,
            false => {
                tokio::time::sleep(POLL.min(renew)).await;
                imap
            }
        };
        // A fresh look, since the numbers of a mailbox that is open only grow on their own.
        let mailbox = look(&mut imap, &folder, limit).await?;
        // What the server told unasked has been seen by that.
        while imap.unsolicited_responses.try_recv().is_ok() {}
        Ok(Session {
            imap,
            mailbox,
            folder,
            timeout: limit,
            can_idle,
            sizes: Vec::new(),
            asked: 0,
            window: WINDOW,
        })
    }
}

/// How the mailbox is. A server may leave out which UID comes next (RFC 3501 6.3.1); then it is
/// one more than the last message's.
async fn look(
    imap: &mut Imap<Box<dyn Wire>>,
    folder: &str,
    limit: Duration,
) -> Result<Mailbox, ImapError> {
    let mut mailbox = within(limit, async { imap.examine(folder).await.map_err(failed) }).await?;
    if mailbox.uid_next.is_none() && mailbox.exists > 0 {
        let last = async {
            let stream = imap.uid_fetch("*", "(UID)").await?;
            stream.try_collect::<Vec<_>>().await
        };
        let last = within(limit, async { last.await.map_err(failed) }).await?;
        let last = last.iter().filter_map(|one| one.uid).max();
        mailbox.uid_next = last.map(|uid| uid.saturating_add(1));
    }
    Ok(mailbox)
}

async fn idle(
    imap: Imap<Box<dyn Wire>>,
    renew: Duration,
    limit: Duration,
) -> Result<Imap<Box<dyn Wire>>, ImapError> {
    let mut handle = imap.idle();
    within(limit, async { handle.init().await.map_err(failed) }).await?;
    {
        let (waiting, _stop) = handle.wait_with_timeout(renew);
        // The server's signs of life would put off the renewal for ever; this one does not wait.
        match tokio::time::timeout(renew, waiting).await {
            Ok(Ok(IdleResponse::ManualInterrupt)) => {
                return Err(ImapError::Failed("the server ended the connection".to_owned()));
            }
            Ok(Err(error)) => return Err(failed(error)),
            Ok(Ok(IdleResponse::NewData(_) | IdleResponse::Timeout)) | Err(_) => {}
        }
    }
    within(limit, async { handle.done().await.map_err(failed) }).await
}

async fn connect(config: &MailboxConfig) -> Result<Client<Box<dyn Wire>>, ImapError> {
    let tcp =
        config.reach.connect(&config.host, config.port).await.map_err(|e| failed(e.into()))?;
    let wire: Box<dyn Wire> = match config.tls {
        TlsMode::Tls => Box::new(secured(config, tcp).await?),
        TlsMode::None | TlsMode::StartTls => Box::new(tcp),
    };
    let mut client = Client::new(wire);
    client
        .read_response()
        .await
        .map_err(|e| failed(e.into()))?
        .ok_or_else(|| ImapError::Failed("the server ends the connection at once".to_owned()))?;
    if config.tls != TlsMode::StartTls {
        return Ok(client);
    }
    client.run_command_and_check_ok("STARTTLS", None).await.map_err(failed)?;
    // What came before TLS is thrown away with the old client.
    let tcp = client.into_inner();
    Ok(Client::new(Box::new(secured(config, tcp).await?)))
}

async fn secured<S: Wire>(
    config: &MailboxConfig,
    stream: S,
) -> Result<tokio_rustls::client::TlsStream<S>, ImapError> {
    let words = |e: &dyn std::fmt::Display| ImapError::Failed(format!("TLS: {e}"));
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(pem) = &config.ca_pem {
        for authority in rustls::pki_types::CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(authority.map_err(|e| words(&e))?).map_err(|e| words(&e))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| words(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(config.host.clone()).map_err(|e| words(&e))?;
    TlsConnector::from(Arc::new(tls)).connect(name, stream).await.map_err(|e| words(&e))
}

/// SASL XOAUTH2: the token at once; to a refusal in words an empty answer, which ends the try.
struct XOauth2 {
    user: String,
    token: String,
    asked: bool,
}

impl Authenticator for XOauth2 {
    type Response = String;

    fn process(&mut self, _: &[u8]) -> String {
        if std::mem::replace(&mut self.asked, true) {
            return String::new();
        }
        format!("user={}\x01auth=Bearer {}\x01\x01", self.user, self.token)
    }
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, ImapError>>,
) -> Result<T, ImapError> {
    let late = |_| ImapError::Failed("no answer within the time allowed".to_owned());
    tokio::time::timeout(limit, step).await.map_err(late)?
}

fn failed(error: async_imap::error::Error) -> ImapError {
    ImapError::Failed(one_line(&error.to_string()))
}

fn refused(error: async_imap::error::Error) -> ImapError {
    match error {
        async_imap::error::Error::No(words) => ImapError::Refused(one_line(&words)),
        other => failed(other),
    }
}

fn one_line(text: &str) -> String {
    text.replace(|c: char| c.is_control(), " ").chars().take(300).collect()
}
