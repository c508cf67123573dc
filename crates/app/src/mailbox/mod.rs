//! Mailboxes of agencies: their settings, the pages on which they are set up, the workers that
//! read them, and the way out by their own mail servers.
//!
//! One node reads all mailboxes of an installation at a time (`tend`); what each message becomes
//! is [`crate::letter`]'s.

pub mod follow;
mod form;
pub mod original;
pub mod pages;
pub mod tend;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tanggap_channels::email::imap::{MailboxConfig, Start};
use tanggap_channels::email::login::{Grant, Login, Logins};
use tanggap_channels::email::wire::{Relay, RelayConfig, TlsMode};
use tanggap_channels::web::Http;
use tanggap_conversations::accounts::Account;
use tanggap_conversations::files::Scanner;
use tanggap_conversations::inbound::Inbound;
use tanggap_kernel::{Fault, Refusal, Result, Timestamp, id};
use tanggap_ui::Ctx;

use crate::{account, letter};

/// The channel's name.
pub const CHANNEL: &str = "email";
/// How long a server may take for one answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Listening is asked for anew after so long: servers end it after 30 minutes, and networks that
/// forget silent connections do so earlier.
const LISTEN_FOR: Duration = Duration::from_secs(9 * 60);
/// Connections to an agency's own way out at the same time.
const CONNECTIONS: usize = 4;

/// A server of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: TlsMode,
}

/// What an account is set to, beside its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The server that is read by IMAP.
    pub imap: Server,
    /// The server by which the agency's mail goes out; none: the installation's relay.
    pub smtp: Option<Server>,
    /// User name at both.
    pub user: String,
    /// The folder that is read.
    pub folder: String,
    /// What lay in the mailbox before it was connected is left there.
    pub only_new: bool,
    /// PEM of a certificate authority to trust beside the system's own.
    pub authority: String,
    /// The mail system whose word on senders counts (see [`crate::letter::Door`]).
    pub authserv: String,
    /// Mail to our address with `+anything` reaches the mailbox.
    pub reply_tags: bool,
    /// Where the public half of the key is published by which our mail is signed (DKIM).
    pub dkim_selector: String,
    /// Tokens in place of a password.
    pub oauth: Option<Oauth>,
}

/// Where tokens come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Oauth {
    /// The provider's token endpoint.
    pub token_url: String,
    /// Our application's id there.
    pub client_id: String,
    /// What is asked for.
    pub scope: String,
}

/// What is kept sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Secrets {
    /// The password at the servers.
    pub password: String,
    /// Our application's secret.
    pub client_secret: String,
    /// What the mailbox's owner gave.
    pub refresh_token: String,
    /// PEM of the key by which our mail is signed; empty: the server signs it, or nobody.
    pub dkim_key: String,
}

pub(crate) fn statements() -> Vec<&'static tanggap_store::Sql> {
    tend::STATEMENTS.to_vec()
}

/// Takes in a message of a mailbox that was set aside.
///
/// # Errors
/// [`Refusal::NotFound`] where its bytes are gone, or as [`letter::take_in`].
pub async fn take_in(
    ctx: &Ctx,
    scanner: Option<&Scanner>,
    account: &Account,
    kept: &Inbound,
) -> Result<()> {
    let (settings, _): (Settings, Secrets) = account::open(&ctx.secrets, account)?;
    let raw = kept.raw.as_deref().ok_or(Refusal::NotFound)?;
    let raw = ctx.blobs.get(raw).await?;
    let authserv = Some(settings.authserv.as_str()).filter(|name| !name.is_empty());
    let door = letter::Door { scanner, authserv };
    letter::take_in(ctx, account.agency_id, raw.to_vec(), door).await.map(drop)
}

/// What proves us at the servers of an account.
///
/// # Errors
/// A fault where its secrets cannot be read.
pub fn logins(ctx: &Ctx, http: &Http, account: &Account) -> Result<Arc<dyn Logins>, Fault> {
    let (settings, secrets): (Settings, Secrets) = account::open(&ctx.secrets, account)?;
    let Some(oauth) = settings.oauth else {
        return Ok(Arc::new(Login::Password(secrets.password)));
    };
    let grant = Grant {
        token_url: oauth.token_url,
        client_id: oauth.client_id,
        client_secret: secrets.client_secret.clone(),
        refresh_token: secrets.refresh_token.clone(),
        scope: oauth.scope,
    };
    Ok(Arc::new(tokens::Tokens::new(ctx.clone(), http.clone(), account, secrets, grant)))
}

/// How the mailbox of an account is reached.
#[must_use]
pub fn mailbox(
    account: &Account,
    settings: &Settings,
    login: Arc<dyn Logins>,
    http: &Http,
) -> MailboxConfig {
    let since = id::made_at(account.id.0).as_micros() / Timestamp::SECOND;
    MailboxConfig {
        host: settings.imap.host.clone(),
        port: settings.imap.port,
        reach: http.reach().clone(),
        tls: settings.imap.tls,
        ca_pem: some(&settings.authority),
        user: settings.user.clone(),
        login,
        folder: settings.folder.clone(),
        start: if settings.only_new { Start::New { since } } else { Start::All },
        timeout: ANSWER_WITHIN,
        idle: LISTEN_FOR,
    }
}

/// The way out of an account, where it has one of its own.
///
/// # Errors
/// A fault where its settings cannot be used.
pub fn relay(
    account: &Account,
    (settings, secrets): (&Settings, &Secrets),
    login: Arc<dyn Logins>,
    http: &Http,
) -> Result<Option<Relay>, Fault> {
    let Some(server) = &settings.smtp else { return Ok(None) };
    let domain = account.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain);
    let config = RelayConfig {
        host: server.host.clone(),
        port: server.port,
        reach: http.reach().clone(),
        tls: server.tls,
        ca_pem: some(&settings.authority),
        user: None,
        password: None,
        from_address: account.address.clone(),
        from_name: Some(account.name.clone()),
        reply_tags: settings.reply_tags,
        dkim_selector: some(&settings.dkim_selector).filter(|_| !secrets.dkim_key.is_empty()),
        dkim_key: some(&secrets.dkim_key).filter(|_| !settings.dkim_selector.is_empty()),
        hello_name: domain.to_owned(),
        timeout_seconds: crate::work::SENDS_END_WITHIN.as_secs(),
        pool_size: CONNECTIONS,
    };
    let login = Some((settings.user.clone(), login));
    let relay = Relay::with_login(config, login);
    relay.map(Some).map_err(|e| Fault::new(format!("account {}: {e}", account.name)))
}

fn some(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| text.to_owned())
}
