//! A letter as it was laid out: its HTML, made safe, in a frame of its own that runs nothing.
//! Pictures that lie elsewhere are fetched only when asked for, since each tells its sender who
//! reads the letter, where and when.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;
use serde::Deserialize;
use tanggap_cases::{actions, rules};
use tanggap_channels::email::parse::{self, Safe, safe_html};
use tanggap_conversations::{self as talk, MessageId};
use tanggap_kernel::{Fault, Refusal, Result};
use tanggap_org::Staff;
use tanggap_ui::{Answer, Ctx, Page, respond};

/// The pages.
pub fn routes() -> Router<Ctx> {
    Router::new().route("/surat/{message}", get(page)).route("/surat/{message}/isi", get(content))
}

/// Whether pictures from elsewhere are asked for.
#[derive(Deserialize)]
struct Asked {
    gambar: Option<String>,
}

#[derive(Template)]
#[template(path = "original.html")]
struct OriginalPage {
    page: Page,
    code: String,
    message: String,
    pictures: usize,
    with_pictures: bool,
}

#[derive(Template)]
#[template(path = "original_content.html")]
struct Content {
    /// Made by [`safe_html`].
    safe: String,
}

/// The letter's HTML and its case's code, for somebody who may know who wrote it.
async fn load(ctx: &Ctx, staff: &Staff, message: &str, remote: bool) -> Result<(Safe, String)> {
    let id = MessageId::parse(message).ok_or(Refusal::NotFound)?;
    let access = staff.access.clone();
    let read = ctx.db.read(move |tx| {
        let (case, raw) = talk::letter_of(tx, &access, id)?.ok_or(Refusal::NotFound)?;
        let case = actions::load(tx, &access, case.into())?;
        match rules::may_recognise(&case, &access) {
            true => Ok((case.code, raw)),
            false => Err(Refusal::NotFound.into()),
        }
    });
    let (code, raw) = read.await?;
    let raw = ctx.blobs.get(&raw).await?;
    let reading = tokio::task::spawn_blocking(move || {
        parse::parse(&raw).html.map(|html| safe_html(&html, remote))
    });
    let safe = reading.await.map_err(|e| Fault::new(format!("reading a mail: {e}")))?;
    Ok((safe.ok_or(Refusal::NotFound)?, code))
}

async fn page(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(message): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let with_pictures = asked.gambar.is_some();
    let (safe, code) = load(&ctx, &staff, &message, with_pictures).await?;
    let (page, pictures) = (staff.page(&ctx, "mailbox-original"), safe.remote_pictures);
    Ok(respond::html(OriginalPage { page, code, message, pictures, with_pictures }))
}

async fn content(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(message): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let remote = asked.gambar.is_some();
    let (safe, _) = load(&ctx, &staff, &message, remote).await?;
    let pictures = if remote { "http: https:" } else { "'none'" };
    let policy = format!(
        "default-src 'none'; img-src {pictures}; style-src 'unsafe-inline'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self'; \
         sandbox allow-popups allow-popups-to-escape-sandbox"
    );
    let mut response = respond::html(Content { safe: safe.html }).into_response();
    let headers = response.headers_mut();
    let value = policy.parse().map_err(|_| Fault::new("the policy is no header"))?;
    headers.insert(header::CONTENT_SECURITY_POLICY, value);
    headers.insert(header::REFERRER_POLICY, header::HeaderValue::from_static("no-referrer"));
    Ok(response)
}
