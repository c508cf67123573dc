//! Rows of API tokens. The secret is random and long, so that its plain SHA-256 is kept.

use tanggap_kernel::access::{Grant, Permissions};
use tanggap_kernel::{Access, Actor, AgencyId, Fault, Locale, Result, id::TokenId, params};
use tanggap_store::{Row, Tx};

use crate::model::ApiToken;
use crate::rules::TokenScope;

tanggap_store::sql! {
    LIST = "select id, name, scopes, created_at, expires_at, revoked_at from api_tokens
        where agency_id = $1 order by id desc limit 500";
    LIVE = "select agency_id, id, scopes from api_tokens where token_hash = $1
        and revoked_at is null and (expires_at is null or expires_at > $2)";
    INSERT = "insert into api_tokens (agency_id, id, name, token_hash, scopes, created_at,
        expires_at, revoked_at) values ($1, $2, $3, $4, $5, $6, $7, null)";
    REVOKE = "update api_tokens set revoked_at = $3
        where agency_id = $1 and id = $2 and revoked_at is null";
}

/// The tokens of the agency, the newest first.
///
/// # Errors
/// A fault of the engine.
pub fn tokens(tx: &mut Tx<'_>, access: &Access) -> Result<Vec<ApiToken>> {
    Ok(tx.all(&LIST, params![access.agency_id], read)?)
}

/// What the holder of a token may do; `None` where there is no such token, or no longer. The
/// lookup is by the hash of a random secret, so its time tells nothing about one.
///
/// # Errors
/// A fault of the engine.
pub fn token_access(tx: &mut Tx<'_>, secret_hash: &[u8; 32]) -> Result<Option<Access>> {
    let now = tx.now();
    let found = tx.opt(&LIVE, params![&secret_hash[..], now], |row| {
        let (agency_id, id): (AgencyId, TokenId) = (row.int()?, row.int()?);
        Ok((agency_id, id, scopes(&row.text()?)))
    })?;
    Ok(found.map(|(agency_id, id, scopes)| {
        let list: Vec<_> = scopes.iter().flat_map(|scope| scope.permissions()).copied().collect();
        let grant = Grant { permissions: Permissions::of(&list), units: None };
        Access {
            actor: Actor::Token(id),
            grants: vec![grant],
            ..Access::citizen(agency_id, Locale::Id)
        }
    }))
}

fn scopes(text: &str) -> Vec<TokenScope> {
    text.split(' ').filter_map(TokenScope::parse).collect()
}

fn read(row: &mut Row<'_>) -> Result<ApiToken, Fault> {
    Ok(ApiToken {
        id: row.int()?,
        name: row.text()?,
        scopes: scopes(&row.text()?),
        created_at: row.int()?,
        expires_at: row.opt_int()?,
        revoked_at: row.opt_int()?,
    })
}
