//! All routes of a node with the layers around them.
//!
//! From the outside in: request id, log and metrics; security headers; compression; an answer
//! for whatever failed without words; panics; a limit of time and of size; the reader's language
//! for errors; the routes of the slices. Server-sent events are neither compressed nor timed.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use futures_util::StreamExt as _;
use metrics_exporter_prometheus::PrometheusHandle;
use subtle::ConstantTimeEq as _;
use tanggap_conversations::files::Scanner;
use tanggap_kernel::{Refusal, params};
use tanggap_store::sql;
use tanggap_ui::prefs::{self, Prefs};
use tanggap_ui::{Ctx, Failed, Page, Text, answer, assets, respond};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use crate::backlog::Backlog;
use crate::mailbox;
use crate::messengers::{self, Messengers};
use crate::observe;

/// How long the database may take to say that it is there.
const READY_MAX: Duration = Duration::from_secs(2);
/// Of a body that is too large, so many times the limit are read and thrown away, so that the
/// browser gets to hear the answer.
const DRAIN_TIMES: usize = 4;

sql! {
    ALIVE = "select 1";
}

/// What the front door needs beside the node's parts.
#[derive(Clone)]
pub struct Front {
    /// Renders what was counted; `None`: there is no `/metrics`.
    pub metrics: Option<PrometheusHandle>,
    /// Opens `/metrics` from elsewhere; empty: from this machine only.
    pub metrics_token: String,
    /// After so long a request is given up.
    pub request_max: Duration,
    /// The largest body of a request, in bytes.
    pub body_bytes_max: usize,
    /// The way to messengers' providers; `None`: no account of a messenger can be set up.
    pub messengers: Option<Messengers>,
    /// Looks into files that come in; `None`: they are kept unscanned.
    pub scanner: Option<Scanner>,
    /// Turns true when the node goes down, which ends all live streams.
    pub closing: watch::Receiver<bool>,
}

impl Default for Front {
    fn default() -> Self {
        Self {
            metrics: None,
            metrics_token: String::new(),
            request_max: Duration::from_secs(120),
            body_bytes_max: 64 << 20,
            messengers: None,
            scanner: None,
            closing: watch::channel(false).1,
        }
    }
}

/// The whole of a node's routes.
pub fn router(ctx: Ctx, front: Front) -> Router {
    let mut slices = slices();
    if let Some(messengers) = front.messengers.clone() {
        let mailboxes = mailbox::pages::routes(messengers.http().clone());
        slices = slices.merge(mailboxes).merge(messengers::routes(messengers));
    }
    let mut pages = slices
        .fallback(unknown)
        .layer(middleware::from_fn_with_state(ctx.clone(), tanggap_org::door::tell_once))
        .layer(middleware::from_fn(answer::tell_failures));
    if let Some(scanner) = front.scanner.clone() {
        pages = pages.layer(Extension(scanner));
    }
    let limited = pages
        .layer(RequestBodyLimitLayer::new(front.body_bytes_max))
        .layer(middleware::from_fn_with_state(front.body_bytes_max, drain_what_is_too_large))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, front.request_max))
        .layer(CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()))
        .layer(middleware::from_fn(give_words))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(front.closing.clone(), end_streams))
        .layer(middleware::map_response(respond::security_headers))
        .layer(middleware::from_fn(observe::requests));
    let secure = ctx.site.secure_cookies;
    let all = limited.merge(probes(front)).with_state(ctx);
    if secure { all.layer(middleware::map_response(stay_on_tls)) } else { all }
}

/// The routes of all slices.
fn slices() -> Router<Ctx> {
    Router::new()
        .merge(assets::routes())
        .merge(prefs::routes())
        .merge(tanggap_org::routes())
        .merge(tanggap_hooks::routes())
        .merge(tanggap_portal::routes())
        .merge(tanggap_desk::routes())
        .merge(crate::sms::pages::routes())
        .merge(mailbox::original::routes())
}

async fn unknown(uri: Uri) -> Response {
    match is_api(&uri) {
        true => StatusCode::NOT_FOUND.into_response(),
        false => Failed::from(Refusal::NotFound).into_response(),
    }
}

fn is_api(uri: &Uri) -> bool {
    uri.path().starts_with("/api/")
}

/// Where people reach us over TLS, their browsers stay there for a year.
async fn stay_on_tls(mut response: Response) -> Response {
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

/// What machines ask: outside the layers, so that they answer when all else is busy.
fn probes(front: Front) -> Router<Ctx> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(move |State(ctx), peer, headers| metrics(ctx, front, peer, headers)))
        .layer(middleware::map_response(respond::security_headers))
}

async fn ready(State(ctx): State<Ctx>) -> Response {
    let alive = ctx.db.read(|tx| Ok(tx.one(&ALIVE, params![], |row| row.int::<i64>())?));
    match tokio::time::timeout(READY_MAX, alive).await {
        Ok(Ok(_)) => "ready\n".into_response(),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "database\n").into_response(),
    }
}

async fn metrics(
    ctx: Ctx,
    front: Front,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
) -> Response {
    let forwarded = headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
    let here =
        !forwarded && peer.is_some_and(|Extension(ConnectInfo(peer))| peer.ip().is_loopback());
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = bearer.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or("");
    let known = !front.metrics_token.is_empty()
        && bool::from(token.as_bytes().ct_eq(front.metrics_token.as_bytes()));
    match front.metrics {
        Some(handle) if here || known => {
            // Where the database is away, what this node counted itself still shows.
            let backlog = ctx.db.read(|tx| Ok(Backlog::read(tx)?));
            if let Ok(Ok(backlog)) = tokio::time::timeout(READY_MAX, backlog).await {
                backlog.show();
            }
            handle.render().into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A body that says it is too large is read a little and refused; one that does not say so is cut
/// off by the layer further in.
async fn drain_what_is_too_large(
    State(max): State<usize>,
    request: Request,
    next: Next,
) -> Response {
    let said = request.headers().get(header::CONTENT_LENGTH);
    let size = said.and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<usize>().ok());
    if size.is_none_or(|size| size <= max) {
        return next.run(request).await;
    }
    let mut left = max.saturating_mul(DRAIN_TIMES);
    let mut body = request.into_body().into_data_stream();
    while let Some(Ok(chunk)) = body.next().await {
        left = left.saturating_sub(chunk.len());
        if left == 0 {
            break;
        }
    }
    StatusCode::PAYLOAD_TOO_LARGE.into_response()
}

/// Ends live streams when the node goes down, so that browsers look for another node at once.
async fn end_streams(
    State(mut closing): State<watch::Receiver<bool>>,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let is_stream = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
    if !is_stream {
        return response;
    }
    response.map(|body| {
        let closed = async move {
            // Where the other end is gone, nobody closes the node: the stream goes on.
            if closing.wait_for(|closing| *closing).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        Body::from_stream(body.into_data_stream().take_until(Box::pin(closed)))
    })
}

/// Gives words to errors that come without: a page for people, problem details (RFC 9457) for
/// programs.
async fn give_words(uri: Uri, request: Request, next: Next) -> Response {
    let prefs = Prefs::from_headers(request.headers());
    let response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let wordless = kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(status.is_client_error() || status.is_server_error()) || !wordless {
        return response;
    }
    let mut worded = match is_api(&uri) {
        true => problem_details(status),
        false => problem_page(status, &uri, prefs),
    };
    *worded.status_mut() = status;
    for name in [header::ALLOW, header::RETRY_AFTER, header::WWW_AUTHENTICATE] {
        if let Some(value) = response.headers().get(&name) {
            worded.headers_mut().insert(name, value.clone());
        }
    }
    worded
}

fn problem_details(status: StatusCode) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = serde_json::json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
    });
    let kind = [(header::CONTENT_TYPE, "application/problem+json")];
    (kind, Json(body)).into_response()
}

fn problem_page(status: StatusCode, uri: &Uri, prefs: Prefs) -> Response {
    let text = Text { locale: prefs.locale, ..Text::default() };
    let mut page = Page::new(text, "");
    page.theme = prefs.theme;
    page.path = uri.path().to_owned();
    // The nearest of the statuses that have words of their own.
    let told = match status.as_u16() {
        400 | 411 | 415 | 422 => StatusCode::UNPROCESSABLE_ENTITY,
        404 | 405 | 410 => StatusCode::NOT_FOUND,
        408 | 502 | 503 | 504 => StatusCode::SERVICE_UNAVAILABLE,
        _ => status,
    };
    respond::problem(page, told)
}
