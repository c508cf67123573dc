//! Issuing and revoking API tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use tanggap_kernel::access::Permission;
use tanggap_kernel::error::Check;
use tanggap_kernel::{Access, Refusal, Result, Timestamp, id::TokenId, params};
use tanggap_store::Tx;

use super::{event, text};
use crate::rules::TokenScope;
use crate::store::tokens as token_rows;

/// What a token's secret begins with, so that scanners of leaked secrets know it.
pub const PREFIX: &str = "tgp_";

/// A token that is to be issued.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<TokenScope>,
    /// The hash of its secret: [`token_hash`].
    pub secret_hash: [u8; 32],
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// The secret of a token made from random bytes; shown once and never kept.
#[must_use]
pub fn token_secret(random: [u8; 32]) -> String {
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of a secret.
#[must_use]
pub fn token_hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Issues a token.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::Invalid`].
pub fn create_token(tx: &mut Tx<'_>, access: &Access, input: &NewToken) -> Result<TokenId> {
    access.require(Permission::TokensManage, None)?;
    let now = tx.now();
    let mut check = Check::new();
    text(&mut check, "name", &input.name, 120);
    check.require(!input.scopes.is_empty(), "scopes", "ui-invalid-required");
    let ahead = input.expires_at.is_none_or(|at| at > now);
    check.require(ahead, "expires", "org-invalid-expires");
    let may = input.scopes.iter().all(|scope| scope.may_be_given_by(access));
    check.require(may, "scopes", "org-invalid-scope");
    check.done()?;
    let id: TokenId = tx.id();
    let words: Vec<&str> = input.scopes.iter().map(|scope| scope.as_str()).collect();
    tx.put(
        &token_rows::INSERT,
        params![
            access.agency_id,
            id,
            input.name.trim(),
            &input.secret_hash[..],
            words.join(" "),
            now,
            input.expires_at
        ],
    )?;
    let body = json!({ "name": input.name.trim(), "scopes": words });
    tx.announce(event(access, "token.created", "token", id.0).with(body));
    Ok(id)
}

/// Ends a token at once.
///
/// # Errors
/// [`Refusal::Forbidden`], or [`Refusal::NotFound`] where it is none or was revoked before.
pub fn revoke_token(tx: &mut Tx<'_>, access: &Access, id: TokenId) -> Result<()> {
    access.require(Permission::TokensManage, None)?;
    let now = tx.now();
    if tx.exec(&token_rows::REVOKE, params![access.agency_id, id, now])? == 0 {
        return Err(Refusal::NotFound.into());
    }
    tx.announce(event(access, "token.revoked", "token", id.0));
    Ok(())
}
