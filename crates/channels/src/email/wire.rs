//! Sending mail through one SMTP relay.
//!
//! Connections are kept and used again, but only one that answered its last message cleanly: a
//! send that fails, times out or is cancelled takes its connection down with it, so that half a
//! message can never be continued by the next one. Every step is bounded by the configured time.
//!
//! **Invariant: no text from outside reaches a header unfiltered.** Control characters are taken
//! out, identifiers must look like identifiers, addresses are parsed.
//!
//! Where the relay goes away between the end of a message and its answer, nobody can know whether
//! it was accepted; the error is temporary, and the retry carries the same `Message-ID`.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::login::{Login, Logins, NoLogin};
use crate::reach::Reach;

mod compose;
mod dkim;
mod hand;

pub use compose::{AutoSubmitted, OutgoingFile, OutgoingMail};
pub use dkim::Signer;

/// An idle connection older than this is not used again; relays close theirs after 30 to 300 s.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Messages sent over one connection; many relays stop at 100.
const MESSAGES_PER_CONNECTION_MAX: u32 = 50;
/// Characters of a relay's answer that are kept.
const ANSWER_CHARS_MAX: usize = 500;

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsMode {
    /// Plain text: for a relay on the same machine or a trusted network only.
    None,
    /// Plain text upgraded by STARTTLS, without which nothing is sent (usual on port 587).
    #[default]
    StartTls,
    /// TLS from the first byte (usual on port 465).
    Tls,
}

/// The relay, as configured.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Where it may be: anywhere, if the operator's configuration names it.
    #[serde(skip, default = "Reach::everywhere")]
    pub reach: Reach,
    /// Protection.
    #[serde(default)]
    pub tls: TlsMode,
    /// PEM of a certificate authority to trust beside the system's own.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// User name, where the relay wants one.
    #[serde(default)]
    pub user: Option<String>,
    /// Password of `user`.
    #[serde(default)]
    pub password: Option<String>,
    /// Our address, envelope sender included.
    pub from_address: String,
    /// The name beside our address.
    #[serde(default)]
    pub from_name: Option<String>,
    /// Mail to our address with `+anything` before its `@` reaches the same mailbox: answers then
    /// go to an address that names the message and is signed, and find their case whatever the
    /// sender's program does to the thread.
    #[serde(default)]
    pub reply_tags: bool,
    /// Where the public half of `dkim_key` is published: `{selector}._domainkey.{our domain}`.
    #[serde(default)]
    pub dkim_selector: Option<String>,
    /// PEM of the key by which our mail is signed (DKIM); none: the relay signs it or nobody.
    #[serde(default)]
    pub dkim_key: Option<String>,
    /// The name in EHLO, our host's.
    pub hello_name: String,
    /// Seconds that connecting, and then sending one message, may take.
    #[serde(default = "timeout_default")]
    pub timeout_seconds: u64,
    /// Connections at the same time.
    #[serde(default = "pool_default")]
    pub pool_size: usize,
}

fn timeout_default() -> u64 {
    60
}

fn pool_default() -> usize {
    4
}

impl fmt::Debug for RelayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from_address", &self.from_address)
            .finish_non_exhaustive()
    }
}

/// The relay took the message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// SMTP answer code, 250 as a rule.
    pub code: u16,
    /// The relay's words, often with its queue number.
    pub text: String,
}

/// Whether trying again later can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Try again later: no connection, a 4xx answer, a timeout, a wrong password of ours.
    Temporary,
    /// This message will never go out as it is: a 5xx answer to it, an impossible address.
    Permanent,
}

/// A message that was not sent, or not provably.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mail not sent ({severity:?}, code {code:?}): {text}")]
pub struct SendError {
    /// Whether a retry makes sense.
    pub severity: Severity,
    /// SMTP answer code where there was an answer.
    pub code: Option<u16>,
    /// What happened, in the relay's or our words; one line.
    pub text: String,
}

impl SendError {
    fn temporary(text: impl fmt::Display) -> SendError {
        SendError { severity: Severity::Temporary, code: None, text: one_line(&text.to_string()) }
    }

    fn permanent(text: impl fmt::Display) -> SendError {
        SendError { severity: Severity::Permanent, code: None, text: one_line(&text.to_string()) }
    }

    /// An error while a message was under way: a 5xx is about the message.
    fn of_message(error: &lettre::transport::smtp::Error) -> SendError {
        let never = error.is_permanent() || error.is_client();
        let severity = if never { Severity::Permanent } else { Severity::Temporary };
        SendError { severity, code: error.status().map(u16::from), text: words_of(error) }
    }

    /// An error before any message: whatever its code, it is about the relay or our settings.
    fn of_connection(error: &lettre::transport::smtp::Error) -> SendError {
        let code = error.status().map(u16::from);
        SendError { severity: Severity::Temporary, code, text: words_of(error) }
    }
}

impl From<NoLogin> for SendError {
    fn from(error: NoLogin) -> SendError {
        SendError::temporary(error)
    }
}

/// One SMTP relay with its open connections. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Relay {
    inner: Arc<Inner>,
}

struct Inner {
    config: RelayConfig,
    from: Mailbox,
    tls: Option<TlsParameters>,
    signer: Option<Signer>,
    /// Whom we are at the relay, where it wants to know.
    login: Option<(String, Arc<dyn Logins>)>,
    idle: Mutex<Vec<Idle>>,
    places: Semaphore,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
    sent: u32,
}

impl Relay {
    /// Prepares a relay; opens no connection.
    ///
    /// # Errors
    /// Where our address, the hello name or the certificate authority cannot be used.
    pub fn new(config: RelayConfig) -> Result<Relay, SendError> {
        let login = config.user.clone().zip(config.password.clone());
        let password = |password| Arc::new(Login::Password(password)) as Arc<dyn Logins>;
        Relay::with_login(config, login.map(|(user, known)| (user, password(known))))
    }

    /// Prepares a relay that is told who we are by `login`: a user and what proves it.
    ///
    /// # Errors
    /// As [`Relay::new`].
    pub fn with_login(
        config: RelayConfig,
        login: Option<(String, Arc<dyn Logins>)>,
    ) -> Result<Relay, SendError> {
        let address = config.from_address.parse().map_err(SendError::permanent)?;
        let from = Mailbox::new(config.from_name.as_deref().map(one_line), address);
        let plain = |c: char| c.is_ascii_graphic();
        if config.hello_name.is_empty() || !config.hello_name.chars().all(plain) {
            return Err(SendError::permanent("hello name is no host name"));
        }
        let tls = match config.tls {
            TlsMode::None => None,
            TlsMode::StartTls | TlsMode::Tls => Some(tls_parameters(&config)?),
        };
        let signer = match (&config.dkim_selector, &config.dkim_key) {
            (Some(selector), Some(key)) => {
                let signer = Signer::new(from.email.domain(), selector, key);
                Some(signer.map_err(|why| SendError::permanent(format!("DKIM: {why}")))?)
            }
            (None, None) => None,
            _ => return Err(SendError::permanent("DKIM: a selector and a key, or neither")),
        };
        let places = Semaphore::new(config.pool_size.clamp(1, 64));
        let idle = Mutex::default();
        Ok(Relay { inner: Arc::new(Inner { config, from, tls, signer, login, idle, places }) })
    }

    /// The domain of our address: what our identifiers end with.
    #[must_use]
    pub fn domain(&self) -> String {
        self.inner.from.email.domain().to_owned()
    }

    /// Our address, where answers may carry a tag in it (see [`RelayConfig::reply_tags`]).
    #[must_use]
    pub fn tagged_address(&self) -> Option<String> {
        self.inner.config.reply_tags.then(|| self.inner.from.email.to_string())
    }

    /// Sends one message and waits for the relay's answer.
    ///
    /// # Errors
    /// See [`Severity`]; a cancelled or timed-out send may still have gone out.
    pub async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, SendError> {
        let inner = &self.inner;
        let message = compose::message(&inner.from, mail)?;
        let bytes = inner.signed(message.formatted(), mail.date)?;
        let _place = inner.places.acquire().await.map_err(SendError::temporary)?;
        let limit = Duration::from_secs(inner.config.timeout_seconds.clamp(1, 3600));

        let mut open = tokio::time::timeout(limit, inner.connection())
            .await
            .map_err(|_| SendError::temporary("no connection within the time allowed"))??;
        let sending = open.connection.send(message.envelope(), &bytes);
        let answer = tokio::time::timeout(limit, sending)
            .await
            .map_err(|_| SendError::temporary("no answer within the time allowed"))?
            .map_err(|error| SendError::of_message(&error))?;

        let text = one_line(&answer.message().collect::<Vec<_>>().join(" "));
        let receipt = Receipt { code: u16::from(answer.code()), text };
        inner.keep(open);
        Ok(receipt)
    }

    /// Connects and greets without sending anything, for a health check.
    ///
    /// # Errors
    /// Where the relay cannot be reached or refuses us.
    pub async fn check(&self) -> Result<(), SendError> {
        let limit = Duration::from_secs(self.inner.config.timeout_seconds.clamp(1, 3600));
        let open = tokio::time::timeout(limit, self.inner.connection())
            .await
            .map_err(|_| SendError::temporary("no connection within the time allowed"))??;
        self.inner.keep(open);
        Ok(())
    }
}

impl Inner {
    fn signed(&self, bytes: Vec<u8>, date: i64) -> Result<Vec<u8>, SendError> {
        match &self.signer {
            Some(signer) => signer.sign(&bytes, date / 1_000_000).map_err(SendError::temporary),
            None => Ok(bytes),
        }
    }

    /// An open connection that still answers, or a new one.
    async fn connection(&self) -> Result<Idle, SendError> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match idle {
                Some(mut idle) if idle.since.elapsed() < IDLE_MAX => {
                    if idle.connection.test_connected().await {
                        return Ok(idle);
                    }
                }
                Some(_) => {}
                None => {
                    let connection = self.open().await?;
                    return Ok(Idle { connection, since: Instant::now(), sent: 0 });
                }
            }
        }
    }

    async fn open(&self) -> Result<AsyncSmtpConnection, SendError> {
        let login = match &self.login {
            Some((user, login)) => Some((user, login.login().await?)),
            None => None,
        };
        let by_token = matches!(login, Some((_, Login::Token(_))));
        let config = &self.config;
        let server = config.reach.resolve(&config.host, config.port).await;
        let server = server.map_err(SendError::temporary)?;
        let opened = self.connect(&server, login).await;
        opened.map_err(|error| match by_token && error.is_client() {
            // It answers with why in JSON, which the client takes for a question.
            true => SendError::temporary("the server refuses the token"),
            false => SendError::of_connection(&error),
        })
    }

    async fn connect(
        &self,
        server: &[SocketAddr],
        login: Option<(&String, Login)>,
    ) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let config = &self.config;
        let hello = ClientId::Domain(config.hello_name.clone());
        let wrapped = self.tls.clone().filter(|_| config.tls == TlsMode::Tls);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &hello, wrapped, None).await?;
        if config.tls == TlsMode::StartTls
            && let Some(tls) = self.tls.clone()
        {
            connection.starttls(tls, &hello).await?;
        }
        if let Some((user, login)) = login {
            let (mechanisms, secret): (&[Mechanism], String) = match login {
                Login::Password(password) => (&[Mechanism::Plain, Mechanism::Login], password),
                Login::Token(token) => (&[Mechanism::Xoauth2], token),
            };
            connection.auth(mechanisms, &Credentials::new(user.clone(), secret)).await?;
        }
        Ok(connection)
    }

    fn keep(&self, mut open: Idle) {
        open.sent += 1;
        open.since = Instant::now();
        if open.sent < MESSAGES_PER_CONNECTION_MAX && !open.connection.has_broken() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
        }
    }
}

fn tls_parameters(config: &RelayConfig) -> Result<TlsParameters, SendError> {
    let mut builder: TlsParametersBuilder = TlsParameters::builder(config.host.clone());
    if let Some(pem) = &config.ca_pem {
        let authority = Certificate::from_pem(pem.as_bytes()).map_err(SendError::permanent)?;
        builder = builder.add_root_certificate(authority);
    }
    builder.build().map_err(SendError::permanent)
}

/// The error with its causes, since the outermost layer only says "network error".
fn words_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    one_line(&text)
}

/// Without control characters, white space folded, bounded: fit for a header or a log line.
fn one_line(text: &str) -> String {
    let spaced = text.replace(|c: char| c.is_control(), " ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").chars().take(ANSWER_CHARS_MAX).collect()
}
