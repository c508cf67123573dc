//! Webhooks: `/kanal/{channel}/{address}`, called by providers.
//!
//! `POST` is answered with 200 once the call is on disk with the job that understands it; a
//! second delivery of the same is harmless. `GET` is the handshake by which Meta and X make sure
//! that the address is ours.

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sha2::{Digest, Sha256};
use tanggap_channels::messenger::{Kind, Secrets};
use tanggap_channels::signed;
use tanggap_conversations::accounts::{self, Account};
use tanggap_conversations::inbound::{self, NewInbound};
use tanggap_kernel::{Access, Result};
use tanggap_ui::Ctx;

/// The largest call that a provider makes: Meta's are up to 3 MB.
const BODY_BYTES_MAX: usize = 4 << 20;

pub(super) fn routes() -> Router<Ctx> {
    let hook = get(handshake).post(take).layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new().route("/kanal/{channel}/{address}", hook)
}

/// The active account of an address, with its secrets; `None` where there is none.
async fn find(
    ctx: &Ctx,
    channel: &str,
    address: String,
) -> Result<Option<(Kind, Account, Secrets)>> {
    let Some(kind) = Kind::parse(channel) else { return Ok(None) };
    let found =
        ctx.db.read(move |tx| Ok(accounts::by_address(tx, kind.as_str(), &address)?)).await?;
    let Some(account) = found.filter(|account| account.active) else { return Ok(None) };
    let (_, _, secrets) = super::open(&ctx.secrets, &account)?;
    Ok(Some((kind, account, secrets)))
}

async fn handshake(
    State(ctx): State<Ctx>,
    Path((channel, address)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let of = |name: &str| query.get(name).map_or("", String::as_str);
    match find(&ctx, &channel, address).await {
        Ok(Some((Kind::X, _, secrets))) if !of("crc_token").is_empty() => {
            let json = [(header::CONTENT_TYPE, "application/json")];
            match signed::x_challenge(&secrets.app_secret, of("crc_token")) {
                Some(answer) => (json, answer).into_response(),
                None => StatusCode::FORBIDDEN.into_response(),
            }
        }
        Ok(Some((Kind::WhatsApp | Kind::Messenger | Kind::Instagram, _, secrets))) => {
            let (mode, given) = (of("hub.mode"), of("hub.verify_token"));
            match signed::hub_challenge(&secrets.verify_token, mode, given, of("hub.challenge")) {
                Some(challenge) => challenge.to_owned().into_response(),
                None => StatusCode::FORBIDDEN.into_response(),
            }
        }
        Ok(_) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &tanggap_kernel::Error) -> Response {
    tracing::error!(%error, "a provider's call was not taken; it will come again");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

async fn take(
    State(ctx): State<Ctx>,
    Path((channel, address)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (kind, account, secrets) = match find(&ctx, &channel, address).await {
        Ok(Some(found)) => found,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return failed(&error),
    };
    let proof = headers.get(kind.proof_header()).and_then(|value| value.to_str().ok());
    if !secrets.vouch(kind, &body, proof.unwrap_or_default()) {
        metrics::counter!("tanggap_webhooks_refused_total", "channel" => kind.as_str())
            .increment(1);
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match keep(&ctx, kind, &account, body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => failed(&error),
    }
}

async fn keep(ctx: &Ctx, kind: Kind, account: &Account, body: Bytes) -> Result<()> {
    let external_id = delivery(kind, &body);
    let (access, account_id) = (Access::system(account.agency_id), account.id);
    ctx.db
        .write(move |tx| {
            let new = NewInbound {
                account_id,
                external_id: &external_id,
                payload: Some(&body),
                raw: None,
            };
            Ok(inbound::keep(tx, &access, &new)?)
        })
        .await?;
    Ok(())
}

/// What tells one delivery from another: Telegram numbers its updates; the others send the same
/// bytes again.
pub(super) fn delivery(kind: Kind, body: &[u8]) -> String {
    let update = (kind == Kind::Telegram)
        .then(|| serde_json::from_slice::<serde_json::Value>(body).ok())
        .flatten()
        .and_then(|update| tanggap_channels::telegram::parse::update_id(&update));
    match update {
        Some(number) => format!("update:{number}"),
        None => format!("sha256:{}", hex::encode(Sha256::digest(body))),
    }
}
