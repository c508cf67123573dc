//! The widget: the script that a host page names, and the frame that it opens.
//!
//! The frame is a page of ours, so that the host can neither read nor style what is said in it;
//! which pages may frame it stands in the account.

use askama::Template;
use axum::extract::Query;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tanggap_kernel::{Locale, Refusal};
use tanggap_ui::{Answer, Page, assets, respond};

use super::page::texts;
use super::{Chat, chat_of};
use crate::door::Door;

/// `GET /obrolan.js`: short-lived, since host pages name it for years; what it opens is kept long.
pub async fn script(headers: HeaderMap) -> Response {
    let mut response = assets::serve_named("obrolan.js", &headers);
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    out.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    response
}

/// What the frame is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    akun: String,
    bahasa: String,
}

#[derive(Template)]
#[template(path = "chat/frame.html")]
struct FramePage {
    page: Page,
    base: String,
    account: String,
    origins: String,
    texts: String,
}

/// `GET /obrolan/bingkai?akun=&bahasa=`.
pub async fn frame(mut door: Door, Query(asked): Query<Asked>) -> Answer {
    if let Some(locale) = Locale::parse(&asked.bahasa) {
        door.visitor.prefs.locale = locale;
    }
    let chat = chat_of(&door, &asked.akun).await?.ok_or(Refusal::NotFound)?;
    let text = door.text();
    let mut page = Page::new(text, text.t("chat-title"));
    page.agency = door.agency.name_in(text.locale).to_owned();
    let view = FramePage {
        base: door.base.clone(),
        account: chat.account.id.to_string(),
        origins: chat.settings.origins.join(" "),
        texts: texts(text, &door),
        page,
    };
    let mut response = respond::html_status(StatusCode::OK, view);
    let policy = frame_policy(&chat);
    let out = response.headers_mut();
    out.insert(header::CONTENT_SECURITY_POLICY, policy.ok_or(Refusal::NotFound)?);
    out.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
    Ok(response.into_response())
}

/// Who may frame it: ourselves, and where the account says.
fn frame_policy(chat: &Chat) -> Option<HeaderValue> {
    let origins = chat.settings.origins.join(" ");
    let policy = format!(
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'self' {origins}"
    );
    HeaderValue::from_str(policy.trim_end()).ok()
}
