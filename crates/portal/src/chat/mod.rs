//! The web chat at the visitor's side: a page that needs no script, the widget's frame, and the
//! doors that both use.
//!
//! Read in this order: this file (who somebody is and what a chat is), [`acts`] (what a visitor
//! does), [`page`] (without scripts), [`api`] (with), [`live`], [`widget`], [`letters`].
//!
//! Invariants: who holds no secret sees nothing and the secret names nobody; what a host
//! application says of its user counts only by its signature; nobody is told an officer's name.

pub mod acts;
pub mod api;
pub mod leave;
pub mod letters;
pub mod live;
pub mod page;
pub mod view;
pub mod widget;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, header};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tanggap_conversations::accounts::{self, Account, AccountId};
use tanggap_conversations::chat::vouch::{Key, SHARED, Vouched, shared_secret, verify};
use tanggap_conversations::chat::{self, CHANNEL, Hours, Settings, Visitor};
use tanggap_kernel::{AgencyId, Error, Locale, Refusal, Result};
use tanggap_org as org;
use tanggap_ui::Ctx;
use tanggap_ui::ctx::{Secrets, random};
use tanggap_ui::prefs::cookie;

use crate::door::Door;

const COOKIE: &str = "obrolan";
/// The length of a browser's secret: 32 random bytes in Base64.
const SECRET_LEN: usize = 43;
/// How long a browser holds its talk, in seconds.
const AGE_S: i64 = 60 * 24 * 60 * 60;

/// The routes of the chat, below an agency's own address.
pub(crate) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/obrolan", get(page::show).post(page::say))
        .route("/obrolan/isi", get(page::thread))
        .route("/obrolan/{act}", post(page::act))
        .route("/obrolan/bingkai", get(widget::frame))
        .route("/obrolan.js", get(widget::script))
        .route("/obrolan/berkas/{sealed}", get(view::file))
        .route("/obrolan/berkas/{sealed}/kecil", get(view::small_file))
        .nest("/obrolan/api", api::routes())
}

/// A chat account with what it is set to.
#[derive(Clone)]
pub struct Chat {
    /// The account.
    pub account: Account,
    /// Its settings.
    pub settings: Settings,
    /// Whether somebody is there now.
    pub open: bool,
}

impl Chat {
    /// The first words, in a language; empty: the catalogue's.
    fn greeting(&self, locale: Locale) -> &str {
        org::pick(locale, &self.settings.greeting, &self.settings.greeting_en)
    }

    fn away(&self, locale: Locale) -> &str {
        org::pick(locale, &self.settings.away, &self.settings.away_en)
    }
}

/// The chat that is asked for by its account's id, else the agency's first.
///
/// # Errors
/// A fault.
pub async fn chat_of(door: &Door, asked: &str) -> Result<Option<Chat>> {
    let (access, asked) = (door.access(), AccountId::parse(asked));
    door.ctx
        .db
        .read(move |tx| {
            let all = tx.kept(access.agency_id, "chat-accounts", 0, |tx| {
                let mut all = accounts::all(tx, &access)?;
                all.retain(|account| account.channel == CHANNEL && account.active);
                Ok(all)
            })?;
            let wanted = |account: &&Account| asked.is_none_or(|id| account.id == id);
            let Some(account) = all.iter().find(wanted).cloned() else { return Ok(None) };
            let settings = Settings::read(&account.settings);
            let open = match settings.hours {
                Hours::Always => true,
                Hours::Office => {
                    let now = tx.now().as_micros();
                    org::store::calendar_for(tx, &access, None)?.is_open(now)
                }
            };
            Ok(Some(Chat { account, settings, open }))
        })
        .await
}

/// The secret that a browser holds, and by which way it came.
#[derive(Clone)]
pub struct Holder {
    secret: String,
    /// By the page's cookie, which other sites could make a browser send.
    pub by_cookie: bool,
}

impl Holder {
    /// By the widget's own storage, else by the page's cookie.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(bearer) = bearer {
            let secret = bearer.strip_prefix("Bearer ").filter(|secret| is_secret(secret))?;
            return Some(Self { secret: secret.to_owned(), by_cookie: false });
        }
        Self::by_cookie(headers)
    }

    /// By the page's cookie.
    #[must_use]
    pub fn by_cookie(headers: &HeaderMap) -> Option<Self> {
        let secret = cookie(headers, COOKIE).filter(|secret| is_secret(secret))?;
        Some(Self { secret: secret.to_owned(), by_cookie: true })
    }

    /// A new one, for the page's cookie.
    ///
    /// # Errors
    /// A fault where the system has no random bytes to give.
    pub fn draw() -> Result<Self> {
        let secret = URL_SAFE_NO_PAD.encode(random::<32>()?);
        Ok(Self { secret, by_cookie: true })
    }

    /// What the secret is kept as.
    #[must_use]
    pub fn token(&self, secrets: &Secrets, agency: AgencyId) -> String {
        let parts = [&agency.0.to_be_bytes()[..], self.secret.as_bytes()];
        hex::encode(secrets.mac("chat-visitor", &parts))
    }

    fn keep(&self, door: &Door, response: &mut axum::response::Response) {
        door.set_cookie(response, COOKIE, &self.secret, AGE_S);
    }
}

fn is_secret(text: &str) -> bool {
    let sound = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() == SECRET_LEN && text.bytes().all(sound)
}

/// The newest talk of a browser.
///
/// # Errors
/// A fault.
pub async fn held(door: &Door, holder: Option<&Holder>) -> Result<Option<Visitor>> {
    let Some(holder) = holder else { return Ok(None) };
    let (access, token) = (door.access(), holder.token(&door.ctx.secrets, door.agency.id));
    door.ctx.db.read(move |tx| Ok(chat::by_token(tx, &access, &token)?)).await
}

/// The same where there must be one.
///
/// # Errors
/// [`Refusal::NotFound`], or a fault.
pub async fn held_for_sure(door: &Door, holder: Option<&Holder>) -> Result<Visitor> {
    held(door, holder).await?.ok_or(Error::Refused(Refusal::NotFound))
}

/// Whom the host application vouches for; nobody where the token is not its own.
#[must_use]
pub fn vouched(door: &Door, chat: &Chat, token: &str) -> Option<Vouched> {
    if token.is_empty() {
        return None;
    }
    let settings = &chat.settings;
    let key = if settings.public_key.is_empty() {
        if settings.key_number == 0 {
            return None;
        }
        let account = &chat.account;
        let key = door.ctx.secrets.key(SHARED);
        let secret = shared_secret(&key, account.agency_id, account.id, settings.key_number);
        Key::Hs256(secret.into_bytes())
    } else {
        Key::EdDsa(hex::decode(&settings.public_key).ok()?.try_into().ok()?)
    };
    verify(token, &key, &chat.account.id.to_string(), door.ctx.now())
}

/// Has the limits of the chat, beside those of reports.
pub(crate) fn limits() -> Arc<acts::Flood> {
    Arc::new(acts::Flood::default())
}
