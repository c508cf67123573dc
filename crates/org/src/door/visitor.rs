//! Somebody who has not signed in, with a form in hand: a random cookie stands in for the session
//! to which forms are bound.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;
use tanggap_kernel::{Refusal, Result, Timestamp};
use tanggap_ui::ctx::{Ctx, random};
use tanggap_ui::prefs::{Prefs, cookie};
use tanggap_ui::{Failed, Page, Text, csrf};

use super::cookies;
use crate::sessions;

/// A visitor.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Language and theme.
    pub prefs: Prefs,
    /// The token that their forms carry.
    pub csrf: String,
    /// The path and query they asked for.
    pub path: String,
    /// Where they come from, where that is known.
    pub address: Option<IpAddr>,
    /// Their browser, in its own words.
    pub agent: String,
    secret: String,
    is_new: bool,
    key: [u8; 32],
}

impl FromRequestParts<Ctx> for Visitor {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, ctx: &Ctx) -> Result<Self, Failed> {
        if let Some(known) = parts.extensions.get::<Self>() {
            return Ok(known.clone());
        }
        let held = cookie(&parts.headers, cookies::VISITOR).filter(|value| value.len() == 43);
        let (secret, is_new) = match held {
            Some(secret) => (secret.to_owned(), false),
            None => (sessions::secret(random()?), true),
        };
        let key = ctx.secrets.key("csrf");
        let visitor = Self {
            prefs: Prefs::from_headers(&parts.headers),
            csrf: csrf::mint(&key, &secret, random()?),
            path: path_of(parts),
            address: super::client_address(parts, &ctx.site),
            agent: agent(&parts.headers),
            secret,
            is_new,
            key,
        };
        parts.extensions.insert(visitor.clone());
        Ok(visitor)
    }
}

/// The path and query that were asked for.
pub(super) fn path_of(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string)
}

/// The browser, in its own words.
pub(super) fn agent(headers: &HeaderMap) -> String {
    let value = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

impl Visitor {
    /// Refuses a form that was not served to this visitor.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for the field `csrf`.
    pub fn check_csrf(&self, token: &str) -> Result<()> {
        if csrf::verify(&self.key, &self.secret, token) {
            Ok(())
        } else {
            Err(Refusal::field("csrf", "ui-invalid-csrf").into())
        }
    }

    /// A page for them: no user, no navigation.
    #[must_use]
    pub fn page(&self, title_key: &str, agency: &str) -> Page {
        let text = Text { locale: self.prefs.locale, ..Text::default() };
        let mut page = Page::new(text, text.t(title_key));
        page.theme = self.prefs.theme;
        page.agency = agency.to_owned();
        page.csrf.clone_from(&self.csrf);
        page.path.clone_from(&self.path);
        page
    }

    /// Gives the browser the visitor's cookie where it has none yet. Every answer with a form needs
    /// it.
    #[must_use]
    pub fn keep(&self, ctx: &Ctx, response: Response) -> Response {
        if self.is_new {
            cookies::visitor_cookie(response, &ctx.site, &self.secret)
        } else {
            response
        }
    }

    /// A ticket that proves to this visitor's next request what `facts` (without dots) says, until
    /// `until`.
    #[must_use]
    pub fn ticket(&self, ctx: &Ctx, facts: &str, until: Timestamp) -> String {
        let until = until.as_micros().to_string();
        let parts = [self.secret.as_bytes(), facts.as_bytes(), until.as_bytes()];
        let mac = URL_SAFE_NO_PAD.encode(ctx.secrets.mac("ticket", &parts));
        format!("{facts}.{until}.{mac}")
    }

    /// The facts of a ticket, where it is this visitor's and still good.
    #[must_use]
    pub fn redeem(&self, ctx: &Ctx, ticket: &str) -> Option<String> {
        let (facts, rest) = ticket.split_once('.')?;
        let until = Timestamp::from_micros(rest.split_once('.')?.0.parse().ok()?);
        let ours = self.ticket(ctx, facts, until);
        let same: bool = ours.as_bytes().ct_eq(ticket.as_bytes()).into();
        (same && ctx.now() < until).then(|| facts.to_owned())
    }
}
