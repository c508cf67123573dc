//! Tokens of a mailbox: asked for before the one at hand runs out, once for all who need one. A
//! refresh token that the provider changes is kept at once, since the old one may be worthless.

use std::time::Duration;

use tanggap_channels::email::login::{Grant, Login, LoginFuture, Logins, NoLogin, ask};
use tanggap_channels::web::Http;
use tanggap_conversations::accounts::{self, Account, AccountId};
use tanggap_kernel::{Access, AgencyId, Result};
use tanggap_ui::Ctx;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::Secrets;
use crate::account;

/// A token that runs out so soon is not used any more.
const MARGIN: Duration = Duration::from_secs(120);

/// The tokens of one account, as it is at one version.
pub(super) struct Tokens {
    ctx: Ctx,
    http: Http,
    agency: AgencyId,
    account: AccountId,
    version: i64,
    known: Mutex<Known>,
}

struct Known {
    grant: Grant,
    secrets: Secrets,
    token: Option<(String, Instant)>,
}

impl Tokens {
    pub fn new(ctx: Ctx, http: Http, account: &Account, secrets: Secrets, grant: Grant) -> Self {
        Self {
            ctx,
            http,
            agency: account.agency_id,
            account: account.id,
            version: account.version,
            known: Mutex::new(Known { grant, secrets, token: None }),
        }
    }

    async fn keep(&self, secrets: &Secrets) -> Result<()> {
        let sealed = account::seal(&self.ctx.secrets, self.agency, secrets)?;
        let (access, id, version) = (Access::system(self.agency), self.account, self.version);
        let keep = self
            .ctx
            .db
            .write(move |tx| Ok(accounts::renew_secrets(tx, &access, id, version, &sealed)?));
        keep.await
    }

    async fn token(&self) -> Result<String, NoLogin> {
        let mut known = self.known.lock().await;
        if let Some((token, until)) = &known.token
            && Instant::now() < *until
        {
            return Ok(token.clone());
        }
        let token = ask(&self.http, &known.grant).await?;
        if let Some(refresh) = token.refresh.filter(|new| *new != known.grant.refresh_token) {
            known.grant.refresh_token.clone_from(&refresh);
            known.secrets.refresh_token = refresh;
            let kept = self.keep(&known.secrets).await;
            kept.map_err(|error| NoLogin::Failed(error.to_string()))?;
        }
        let holds = Duration::from_secs(token.seconds).saturating_sub(MARGIN);
        known.token = Some((token.access.clone(), Instant::now() + holds));
        Ok(token.access)
    }
}

impl Logins for Tokens {
    fn login(&self) -> LoginFuture<'_> {
        Box::pin(async move { Ok(Login::Token(self.token().await?)) })
    }
}
