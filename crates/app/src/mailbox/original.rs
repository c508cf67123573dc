//! A letter as it was laid out: its HTML, made safe, in a frame of its own that runs nothing, for
//! those who may know who wrote it; each look is logged as one at the reporter.
//!
//! Its own pictures (`cid:`) are those that we keep as its files, put into the page itself: the
//! frame is a stranger to us, whom no cookie follows. Pictures that lie elsewhere are fetched only
//! when asked for, since each tells its sender who reads the letter, where and when.

use std::collections::HashMap;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tanggap_cases::model::Case;
use tanggap_cases::{actions, rules};
use tanggap_channels::email::parse::{self, Safe, safe_html_with};
use tanggap_conversations::{self as talk, Attachment, MessageId, Scan};
use tanggap_kernel::{Access, Fault, Refusal, Result};
use tanggap_org::Staff;
use tanggap_store::Tx;
use tanggap_ui::{Answer, Ctx, Page, respond};

/// Types of pictures that a browser draws and nothing else.
const DRAWN: [&str; 4] = ["image/png", "image/jpeg", "image/gif", "image/webp"];
/// The most bytes of one picture and of all that are shown in their places; what is more can be
/// opened among the files.
const PICTURE_BYTES_MAX: i64 = 2 << 20;
const SHOWN_BYTES_MAX: usize = 8 << 20;

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

/// A letter that somebody may look at.
struct Shown {
    code: String,
    raw: String,
    /// Its pictures by Content-ID.
    pictures: Vec<(String, Attachment)>,
}

/// The letter, for somebody who may know who wrote it.
fn load(tx: &mut Tx<'_>, access: &Access, id: MessageId) -> Result<(Case, Shown)> {
    let (case, raw, beside) = talk::letter_of(tx, access, id)?.ok_or(Refusal::NotFound)?;
    let case = actions::load(tx, access, case.into())?;
    if !rules::may_identify(&case, access) {
        return Err(Refusal::NotFound.into());
    }
    let files = talk::attachments_of_case(tx, access, case.id.0)?;
    let of = |blob: &str| files.iter().find(|file| file.message_id == id && file.blob == blob);
    let known = beside.pictures.into_iter();
    let pictures = known.filter_map(|(cid, blob)| Some((cid, of(&blob)?.clone()))).collect();
    let code = case.code.clone();
    Ok((case, Shown { code, raw, pictures }))
}

async fn safe(ctx: &Ctx, shown: Shown, remote: bool) -> Result<Safe> {
    let raw = ctx.blobs.get(&shown.raw).await?;
    let mut drawn = HashMap::new();
    let mut left = SHOWN_BYTES_MAX;
    for (cid, file) in shown.pictures {
        let is_drawn = DRAWN.contains(&file.media_type.as_str()) && file.scan != Scan::Infected;
        if !is_drawn || file.size > PICTURE_BYTES_MAX || drawn.contains_key(&cid) {
            continue;
        }
        let bytes = ctx.blobs.get(&file.blob).await?;
        let Some(rest) = left.checked_sub(bytes.len()) else { continue };
        left = rest;
        drawn.insert(cid, format!("data:{};base64,{}", file.media_type, STANDARD.encode(bytes)));
    }
    let reading = tokio::task::spawn_blocking(move || {
        // Each in one place only, so that a page is no larger than what it shows.
        let mut inline = |cid: &str| drawn.remove(cid);
        parse::parse(&raw).html.map(|html| safe_html_with(&html, remote, &mut inline))
    });
    let safe = reading.await.map_err(|e| Fault::new(format!("reading a mail: {e}")))?;
    Ok(safe.ok_or(Refusal::NotFound)?)
}

async fn page(
    State(ctx): State<Ctx>,
    staff: Staff,
    Path(message): Path<String>,
    Query(asked): Query<Asked>,
) -> Answer {
    let with_pictures = asked.gambar.is_some();
    let (access, id) = (staff.access.clone(), MessageId::parse(&message).ok_or(Refusal::NotFound)?);
    let (_, shown) = ctx.db.read(move |tx| load(tx, &access, id)).await?;
    let code = shown.code.clone();
    let safe = safe(&ctx, Shown { pictures: Vec::new(), ..shown }, with_pictures).await?;
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
    let (access, id) = (staff.access.clone(), MessageId::parse(&message).ok_or(Refusal::NotFound)?);
    let look = ctx.db.write(move |tx| {
        let (case, shown) = load(tx, &access, id)?;
        if case.contact_id.is_some() {
            actions::look_at_identity(tx, &access, case.id)?;
        }
        Ok(shown)
    });
    let safe = safe(&ctx, look.await?, remote).await?;
    let pictures = if remote { "data: http: https:" } else { "data:" };
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
