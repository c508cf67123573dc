//! The messengers behind one face, for whoever holds their accounts: what an account of each
//! needs, whether a call of its provider is genuine, what it says, and a client to speak with.

use serde::{Deserialize, Serialize};

use crate::exchange::{Accepted, Incoming, NotSent, Outgoing};
use crate::meta::{self, Platform};
use crate::web::{Fetched, Http, NotFetched};
use crate::{graph, signed, telegram, whatsapp, x};

/// One thing that a provider told, and which of our addresses there it was told to. An
/// application at Meta or X has one webhook for all of its pages and numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// Our number, page or account there, where the provider says so.
    pub address: Option<String>,
    /// What it told.
    pub what: Incoming,
}

/// A body that holds nothing that we know: kept as it came.
pub(crate) fn unreadable() -> Vec<Arrived> {
    let what = Incoming::Other { kind: "unreadable".to_owned(), external_id: None };
    vec![Arrived { address: None, what }]
}

/// Which messenger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// WhatsApp Cloud API.
    WhatsApp,
    /// Telegram Bot API.
    Telegram,
    /// A page on Facebook.
    Messenger,
    /// A professional account on Instagram.
    Instagram,
    /// X.
    X,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 5] =
        [Kind::WhatsApp, Kind::Telegram, Kind::Messenger, Kind::Instagram, Kind::X];

    /// The word that the database and addresses use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::WhatsApp => "whatsapp",
            Kind::Telegram => "telegram",
            Kind::Messenger => "messenger",
            Kind::Instagram => "instagram",
            Kind::X => "x",
        }
    }

    /// The messenger of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Everything that a call of the provider tells.
    #[must_use]
    pub fn read(self, raw: &[u8]) -> Vec<Arrived> {
        match self {
            Kind::WhatsApp => whatsapp::parse::parse(raw),
            Kind::Telegram => telegram::parse::parse(raw),
            Kind::Messenger | Kind::Instagram => meta::parse::parse(raw),
            Kind::X => x::parse::parse(raw),
        }
    }

    /// The header by which a call proves where it comes from.
    #[must_use]
    pub const fn proof_header(self) -> &'static str {
        match self {
            Kind::WhatsApp | Kind::Messenger | Kind::Instagram => "x-hub-signature-256",
            Kind::Telegram => "x-telegram-bot-api-secret-token",
            Kind::X => "x-twitter-webhooks-signature",
        }
    }
}

/// An account as it is kept: what anybody may see of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Settings {
    /// WhatsApp: the business account, which owns the templates.
    pub business_account_id: String,
    /// Messenger and Instagram: the page.
    pub page_id: String,
    /// Telegram: asks for updates instead of waiting to be called.
    pub polling: bool,
}

/// An account as it is kept: what nobody else may know. Each messenger uses some of it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Secrets {
    /// The access token; of X, the account's.
    pub token: String,
    /// X: the secret of the account's token.
    pub token_secret: String,
    /// X: the application's key.
    pub app_key: String,
    /// The application's secret, which signs webhooks.
    pub app_secret: String,
    /// What the provider says so that we know it: Meta's verify token, Telegram's secret token.
    pub verify_token: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl Secrets {
    /// Whether a call with this body and this proof comes from the provider.
    #[must_use]
    pub fn vouch(&self, kind: Kind, body: &[u8], proof: &str) -> bool {
        match kind {
            Kind::WhatsApp | Kind::Messenger | Kind::Instagram => {
                signed::hub(&self.app_secret, body, proof)
            }
            Kind::Telegram => signed::same(&self.verify_token, proof),
            Kind::X => signed::x(&self.app_secret, body, proof),
        }
    }
}

/// Where the providers are; another place is a proxy, or a test.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Places {
    /// The Graph API, with its version.
    pub graph: String,
    /// The Telegram Bot API.
    pub telegram: String,
    /// X.
    pub x: String,
}

impl Default for Places {
    fn default() -> Self {
        Places {
            graph: graph::GRAPH.to_owned(),
            telegram: telegram::wire::API.to_owned(),
            x: x::wire::API.to_owned(),
        }
    }
}

/// A client of one account.
#[derive(Clone)]
pub enum Client {
    /// WhatsApp.
    WhatsApp(whatsapp::wire::WhatsApp),
    /// Telegram.
    Telegram(telegram::wire::Telegram),
    /// Messenger or Instagram.
    Meta(meta::wire::Meta),
    /// X.
    X(x::wire::X),
}

impl Client {
    /// The client of an account with `address` there.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(
        http: &Http,
        places: &Places,
        kind: Kind,
        address: &str,
        settings: &Settings,
        secrets: &Secrets,
        now: x::wire::Clock,
    ) -> Result<Client, String> {
        Ok(match kind {
            Kind::WhatsApp => Client::WhatsApp(whatsapp::wire::WhatsApp::new(
                http,
                &places.graph,
                address,
                &settings.business_account_id,
                secrets,
            )?),
            Kind::Telegram => Client::Telegram(telegram::wire::Telegram::new(
                http,
                &places.telegram,
                &secrets.token,
            )?),
            Kind::Messenger => Client::Meta(meta::wire::Meta::new(
                http,
                &places.graph,
                Platform::Messenger,
                &settings.page_id,
                secrets,
            )?),
            Kind::Instagram => Client::Meta(meta::wire::Meta::new(
                http,
                &places.graph,
                Platform::Instagram,
                &settings.page_id,
                secrets,
            )?),
            Kind::X => Client::X(x::wire::X::new(http, &places.x, secrets, now)?),
        })
    }

    /// Sends a message; `over` is awaited once, right before the step that cannot be taken back.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(
        &self,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        match self {
            Client::WhatsApp(client) => client.send(message, over).await,
            Client::Telegram(client) => client.send(message, over).await,
            Client::Meta(client) => client.send(message, over).await,
            Client::X(client) => client.send(message, over).await,
        }
    }

    /// A file of at most `max` bytes that somebody sent.
    ///
    /// # Errors
    /// See [`NotFetched`].
    pub async fn fetch(&self, reference: &str, max: usize) -> Result<Fetched, NotFetched> {
        match self {
            Client::WhatsApp(client) => client.fetch(reference, max).await,
            Client::Telegram(client) => client.fetch(reference, max).await,
            Client::Meta(client) => client.fetch(reference, max).await,
            Client::X(client) => client.fetch(reference, max).await,
        }
    }

    /// Whether we are let in, and as whom.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn check(&self) -> Result<String, NotSent> {
        match self {
            Client::WhatsApp(client) => client.check().await,
            Client::Telegram(client) => client.check().await,
            Client::Meta(client) => client.check().await,
            Client::X(client) => client.check().await,
        }
    }
}
