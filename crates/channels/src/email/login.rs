//! What proves us to a mail server: a password, or an OAuth2 token that is asked for anew before
//! it runs out (RFC 6749 sections 4.4 and 6; SASL XOAUTH2 at the server).

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use reqwest::Method;
use serde::Deserialize;

use crate::web::{self, Answer, Http, NoAnswer, Provider};

/// Where a provider says nothing else, its token is taken to hold for so long.
const SECONDS_DEFAULT: u64 = 3_600;

/// What proves a user.
#[derive(Clone)]
pub enum Login {
    /// A password.
    Password(String),
    /// An OAuth2 access token (XOAUTH2).
    Token(String),
}

/// Why there is no login.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoLogin {
    /// Somebody has to look at it.
    #[error("{0}")]
    Refused(String),
    /// It may be there later.
    #[error("{0}")]
    Failed(String),
}

/// A login, or why there is none, once it is known.
pub type LoginFuture<'a> = Pin<Box<dyn Future<Output = Result<Login, NoLogin>> + Send + 'a>>;

/// Where a login comes from, asked anew at each connection: tokens run out.
pub trait Logins: Send + Sync {
    /// The login of now, or why there is none.
    fn login(&self) -> LoginFuture<'_>;
}

impl Logins for Login {
    fn login(&self) -> LoginFuture<'_> {
        let login = self.clone();
        Box::pin(async move { Ok(login) })
    }
}

/// The right to ask for tokens.
#[derive(Clone, Default)]
pub struct Grant {
    /// The provider's token endpoint.
    pub token_url: String,
    /// Our application's id there.
    pub client_id: String,
    /// Our application's secret; empty for a public client.
    pub client_secret: String,
    /// What the mailbox's owner gave; empty where the application itself has the right.
    pub refresh_token: String,
    /// What is asked for; empty: what was granted.
    pub scope: String,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("token_url", &self.token_url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// An access token.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub access: String,
    /// Seconds that it holds.
    pub seconds: u64,
    /// What takes the place of the refresh token, where the provider changed it.
    pub refresh: Option<String>,
}

/// Asks the provider for a token.
///
/// # Errors
/// See [`NoLogin`].
pub async fn ask(http: &Http, grant: &Grant) -> Result<Token, NoLogin> {
    let provider = Provider::typed(http, &grant.token_url).map_err(NoLogin::Refused)?;
    let kind = match grant.refresh_token.is_empty() {
        true => "client_credentials",
        false => "refresh_token",
    };
    let fields = [
        ("grant_type", kind),
        ("client_id", &grant.client_id),
        ("client_secret", &grant.client_secret),
        ("refresh_token", &grant.refresh_token),
        ("scope", &grant.scope),
    ];
    let fields: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let answer = web::send(provider.call(Method::POST, &[]).form(&fields)).await;
    understand(answer.map_err(|error| match error {
        NoAnswer::Unreached(why) | NoAnswer::Lost(why) => NoLogin::Failed(why),
        NoAnswer::TooLarge => NoLogin::Failed("the answer is too large".to_owned()),
    })?)
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<String>,
}

#[derive(Default, Deserialize)]
struct Refused {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

fn understand(answer: Answer) -> Result<Token, NoLogin> {
    if answer.status == 200 {
        let given: Given = serde_json::from_slice(&answer.body)
            .map_err(|_| NoLogin::Failed("the provider's answer is no token".to_owned()))?;
        return Ok(Token {
            access: given.access_token,
            seconds: given.expires_in.unwrap_or(SECONDS_DEFAULT),
            refresh: given.refresh_token.filter(|token| !token.is_empty()),
        });
    }
    let told: Refused = serde_json::from_slice(&answer.body).unwrap_or_default();
    let why = web::words(&format!("{} {}", told.error, told.error_description));
    let why = if why.is_empty() { format!("HTTP {}", answer.status) } else { why };
    match answer.status {
        400..=403 if !told.error.is_empty() => Err(NoLogin::Refused(why)),
        _ => Err(NoLogin::Failed(why)),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn told(status: u16, body: &str) -> Result<Token, NoLogin> {
        understand(Answer { status, headers: HeaderMap::new(), body: body.into() })
    }

    #[test]
    fn tokens_and_refusals_are_told_apart() {
        let token = told(200, r#"{"access_token":"a","expires_in":3599,"token_type":"Bearer"}"#);
        let token = token.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((token.access.as_str(), token.seconds, token.refresh), ("a", 3_599, None));
        let changed = told(200, r#"{"access_token":"a","refresh_token":"r2"}"#);
        assert_eq!(changed.unwrap_or_else(|e| panic!("{e}")).refresh.as_deref(), Some("r2"));
        let refused = r#"{"error":"invalid_grant","error_description":"Token has been revoked."}"#;
        let why = "invalid_grant Token has been revoked.".to_owned();
        assert!(told(400, refused).is_err_and(|error| error == NoLogin::Refused(why)));
        for (status, body) in [(503, ""), (429, "{}"), (200, "<html>"), (404, "")] {
            assert!(matches!(told(status, body), Err(NoLogin::Failed(_))), "{status}");
        }
    }
}
