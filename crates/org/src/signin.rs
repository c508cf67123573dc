//! Signing in, step by step: count the try, look at the password, ask the authenticator, begin a
//! session. Whoever fails learns nothing about whether an account exists.

use std::net::IpAddr;

use serde_json::json;
use tanggap_kernel::id::UserId;
use tanggap_kernel::{Access, Actor, AgencyId, Event, Locale, Refusal, Result, Subject, params};
use tanggap_store::Tx;
use tanggap_ui::ctx::{Ctx, Secrets, random};

use crate::store::people::{self, Account};
use crate::{account, password, sessions, store, throttle, totp};

/// Where somebody signs in from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// Their address, where it is known.
    pub address: Option<IpAddr>,
    /// Their browser, in its own words.
    pub agent: String,
}

/// Who has begun to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who {
    /// The agency.
    pub agency_id: AgencyId,
    /// The person.
    pub user_id: UserId,
}

/// How a try ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Not the right name and password, or not the right code.
    Wrong,
    /// The password is right; the authenticator's code is asked for next.
    NeedsCode(Who),
    /// In, with the secret for the cookie and what they may do.
    In(String, Access),
}

fn account_key(secrets: &Secrets, email: &str) -> String {
    format!("masuk:{}", short(secrets, email.trim().to_lowercase().as_bytes()))
}

fn address_key(secrets: &Secrets, address: IpAddr) -> String {
    format!("alamat:{}", short(secrets, throttle::network(address).to_string().as_bytes()))
}

/// A keyed hash of what was tried, short enough for a key.
fn short(secrets: &Secrets, what: &[u8]) -> String {
    let mac = secrets.mac("throttle", &[what]);
    mac[..12].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn count(tx: &mut Tx<'_>, key: &str, address: Option<&str>) -> Result<()> {
    if let Some(address) = address {
        throttle::attempt(tx, address, throttle::ADDRESS)?;
    }
    throttle::attempt(tx, key, throttle::SECRET)
}

/// The right password is no guess: it clears the account's count and gives the address's try back.
fn right_password(tx: &mut Tx<'_>, key: &str, address: Option<&str>) -> Result<()> {
    throttle::clear(tx, key)?;
    address.map_or(Ok(()), |address| throttle::give_back(tx, address))
}

/// The first step: name and password.
///
/// # Errors
/// [`Refusal::TooMany`] after too many tries, or a fault.
pub async fn with_password(
    ctx: &Ctx,
    email: &str,
    password: String,
    from: &Origin,
) -> Result<Outcome> {
    let key = account_key(&ctx.secrets, email);
    let address = from.address.map(|address| address_key(&ctx.secrets, address));
    let (email, counted) = (email.to_owned(), (key.clone(), address.clone()));
    let found = ctx
        .db
        .write(move |tx| {
            count(tx, &counted.0, counted.1.as_deref())?;
            people::account_by_email(tx, &email)
        })
        .await?;
    let account = found.filter(|account| account.active);
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    let right = password::verify(password, hash).await?;
    match account {
        Some(account) if right => {
            ctx.db.write(move |tx| right_password(tx, &key, address.as_deref())).await?;
            if account.totp_salt.is_some() {
                let who = Who { agency_id: account.agency_id, user_id: account.user_id };
                return Ok(Outcome::NeedsCode(who));
            }
            let who = Who { agency_id: account.agency_id, user_id: account.user_id };
            begin(ctx, who, None, None, from).await
        }
        Some(account) => {
            ctx.db.write(move |tx| announce_failure(tx, &account, "password")).await?;
            Ok(Outcome::Wrong)
        }
        None => Ok(Outcome::Wrong),
    }
}

/// The second step: the authenticator's code.
///
/// # Errors
/// [`Refusal::TooMany`] after too many tries, or a fault.
pub async fn with_code(ctx: &Ctx, who: Who, code: &str, from: &Origin) -> Result<Outcome> {
    let access = Access::citizen(who.agency_id, Locale::Id);
    let key = format!("kode:{}", who.user_id);
    let counted = key.clone();
    let found = ctx
        .db
        .write(move |tx| {
            count(tx, &counted, None)?;
            people::account(tx, &access, who.user_id)
        })
        .await?;
    let Some(account) = found.filter(|account| account.active) else { return Ok(Outcome::Wrong) };
    let Some(salt) = account.totp_salt.clone() else { return Ok(Outcome::Wrong) };
    let at = ctx.now();
    match totp::check(&ctx.secrets, who.user_id, &salt, code, at, account.totp_step)? {
        Some(step) => begin(ctx, who, Some(key), Some(step), from).await,
        None => {
            ctx.db.write(move |tx| announce_failure(tx, &account, "code")).await?;
            Ok(Outcome::Wrong)
        }
    }
}

/// Begins a session for somebody who proved who they are.
///
/// # Errors
/// A fault of the engine.
pub async fn begin(
    ctx: &Ctx,
    who: Who,
    cleared: Option<String>,
    step: Option<i64>,
    from: &Origin,
) -> Result<Outcome> {
    let secret = sessions::secret(random()?);
    let hash = sessions::hash(&secret);
    let agent = from.agent.clone();
    let begun = ctx
        .db
        .write(move |tx| {
            let inside = Access::citizen(who.agency_id, Locale::Id);
            let user = store::user(tx, &inside, who.user_id)?.filter(|user| user.active);
            let user = user.ok_or(Refusal::NotFound)?;
            if let Some(step) = step {
                let args = params![who.agency_id, who.user_id, step];
                // Somebody else used the same code in this very moment.
                if tx.exec(&people::USE_TOTP_STEP, args)? == 0 {
                    return Ok(None);
                }
            }
            if let Some(key) = &cleared {
                throttle::clear(tx, key)?;
            }
            let mut access = account::access_of(tx, who.agency_id, &user)?;
            access.actor = Actor::User(user.id);
            sessions::begin(tx, &access, &hash, &agent)?;
            Ok(Some(access))
        })
        .await?;
    Ok(begun.map_or(Outcome::Wrong, |access| Outcome::In(secret, access)))
}

fn announce_failure(tx: &mut Tx<'_>, account: &Account, what: &str) -> Result<()> {
    let subject = Subject { kind: "user", id: account.user_id.0 };
    let event = Event::new(account.agency_id, "user.sign_in_failed", subject, Actor::System);
    tx.announce(event.with(json!({ "what": what })));
    Ok(())
}
