//! Accounts at messengers: their settings, the webhooks by which providers call, the worker that
//! asks Telegram where it cannot call, and the ways out.
//!
//! A provider is answered once its call is durable and never before; what it told is understood
//! by a job afterwards. A call whose proof is wrong leaves nothing behind.

pub mod arrive;
pub mod gateway;
pub mod hook;
pub mod pages;
pub mod poll;

use std::sync::Arc;

use axum::Extension;
use axum::Router;
use tanggap_channels::messenger::{Client, Kind, Places, Secrets, Settings};
use tanggap_channels::reach::Reach;
use tanggap_channels::web::{CALL_WITHIN, Http};
use tanggap_conversations::accounts::Account;
use tanggap_kernel::{Clock, Fault, Result, Timestamp};
use tanggap_ui::Ctx;
use tanggap_ui::ctx::Secrets as Keys;

use crate::account;

/// The way to the messengers' providers; cloned freely.
#[derive(Clone, Debug)]
pub struct Messengers {
    http: Http,
    places: Arc<Places>,
}

impl Messengers {
    /// The way, as configured; servers that accounts name are called within `reach` only.
    ///
    /// # Errors
    /// A fault where TLS cannot be used.
    pub fn new(places: Places, reach: Reach) -> Result<Messengers, Fault> {
        let http =
            Http::new(CALL_WITHIN, reach).map_err(|e| Fault::new(format!("messengers: {e}")))?;
        Ok(Messengers { http, places: Arc::new(places) })
    }

    /// The client that calls providers.
    #[must_use]
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// A client of an account with these settings.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn client(
        &self,
        kind: Kind,
        address: &str,
        settings: &Settings,
        secrets: &Secrets,
    ) -> Result<Client, String> {
        Client::new(&self.http, &self.places, kind, address, settings, secrets, seconds)
    }

    /// A client of an account that is kept.
    ///
    /// # Errors
    /// A fault where its secrets cannot be read or its settings not be used.
    pub fn client_of(&self, keys: &Keys, account: &Account) -> Result<Client, Fault> {
        let (kind, settings, secrets) = open(keys, account)?;
        self.client(kind, &account.address, &settings, &secrets)
            .map_err(|e| Fault::new(format!("account {}: {e}", account.name)))
    }
}

/// The present, in seconds since 1970.
fn seconds() -> i64 {
    Clock::System.now().as_micros() / Timestamp::SECOND
}

/// What is kept of an account, its secrets opened.
///
/// # Errors
/// A fault where they cannot be read.
pub fn open(keys: &Keys, account: &Account) -> Result<(Kind, Settings, Secrets), Fault> {
    let kind = Kind::parse(&account.channel)
        .ok_or_else(|| Fault::new(format!("{} is no messenger", account.channel)))?;
    let (settings, secrets) = account::open(keys, account)?;
    Ok((kind, settings, secrets))
}

/// The webhooks and the pages of settings.
pub fn routes(messengers: Messengers) -> Router<Ctx> {
    Router::new().merge(hook::routes()).merge(pages::routes()).layer(Extension(messengers))
}
