//! The doors of the chat's script: forms in, JSON out, one stream.
//!
//! The widget's frame may have an origin that is nobody's (a sandbox), so any origin may ask; what
//! opens a talk is the secret in the header, which no browser sends by itself. The page's cookie
//! opens it too, but only with a header that other sites cannot have sent.

use std::sync::Arc;

use axum::extract::{Path, Query, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tanggap_conversations::chat;
use tanggap_conversations::files::Scanner;
use tanggap_conversations::{InteractionId, MessageId};
use tanggap_kernel::{Error, Locale, Refusal, Result};
use tanggap_ui::{Ctx, t_args};

use super::acts::{self, Flood, Tools};
use super::view::{self, TalkView};
use super::{Holder, chat_of, held, held_for_sure, leave, live};
use crate::door::Door;
use crate::limits::Limits;
use crate::sent::Sent;

/// Sent by our own script with the page's cookie.
const OWN: HeaderName = HeaderName::from_static("x-obrolan");

pub(super) fn routes() -> Router<Ctx> {
    Router::new()
        .route("/keadaan", get(state))
        .route("/pow", get(crate::pow::challenge))
        .route("/arus", get(stream))
        .route("/pesan", post(say))
        .route("/titip", post(leave_message))
        .route("/mengetik", post(typing))
        .route("/dibaca", post(read))
        .route("/{act}", post(small))
        .layer(middleware::from_fn(for_any_origin))
}

/// Lets scripts of any origin ask, and answers what browsers ask before that.
async fn for_any_origin(request: Request, next: Next) -> Response {
    let mut response = match request.method() {
        &axum::http::Method::OPTIONS => StatusCode::NO_CONTENT.into_response(),
        _ => next.run(request).await,
    };
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, last-event-id, x-obrolan"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_MAX_AGE, "86400"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Which chat, and in which language.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    akun: String,
    bahasa: String,
}

/// Somebody's script before a chat.
struct Caller {
    door: Door,
    holder: Option<Holder>,
}

fn caller(mut door: Door, headers: &HeaderMap, asked: &Asked) -> Result<Caller> {
    if let Some(locale) = Locale::parse(&asked.bahasa) {
        door.visitor.prefs.locale = locale;
    }
    let holder = Holder::of(headers);
    if holder.as_ref().is_some_and(|holder| holder.by_cookie) && !headers.contains_key(OWN) {
        return Err(Refusal::Forbidden.into());
    }
    Ok(Caller { door, holder })
}

/// The refusal as the script understands it, with words for people.
fn refused(locale: Locale, error: Error) -> Response {
    let status = tanggap_ui::respond::status_of(&error);
    let (what, text, wait) = match &error {
        Error::Refused(Refusal::Invalid(wrong)) => {
            let one = |invalid: &tanggap_kernel::Invalid| {
                let args: Vec<_> = invalid
                    .args
                    .iter()
                    .map(|(name, value)| (*name, value.as_str().into()))
                    .collect();
                t_args(locale, invalid.message, &args).into_owned()
            };
            ("invalid", wrong.iter().map(one).collect::<Vec<_>>().join(" "), None)
        }
        Error::Refused(Refusal::Illegal(key)) => {
            let what = if *key == "chat-illegal-closed" { "closed" } else { "illegal" };
            (what, t_args(locale, key, &[]).into_owned(), None)
        }
        Error::Refused(Refusal::TooMany { retry_after_s }) => {
            let text = t_args(locale, "chat-too-many", &[]).into_owned();
            ("busy", text, Some(*retry_after_s))
        }
        Error::Refused(Refusal::Stale) => ("busy", String::new(), None),
        Error::Refused(_) => ("gone", String::new(), None),
        Error::Fault(fault) => {
            tracing::error!(%fault, "chat failed");
            ("failed", String::new(), None)
        }
    };
    (status, Json(json!({ "error": what, "text": text, "wait": wait }))).into_response()
}

fn answer(locale: Locale, result: Result<Response>) -> Response {
    result.unwrap_or_else(|error| refused(locale, error))
}

/// `GET /obrolan/api/keadaan?akun=&bahasa=`: whether somebody is there, and the talk so far.
async fn state(door: Door, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let locale = door.text().locale;
    answer(locale, tell_state(door, &headers, &asked).await)
}

async fn tell_state(door: Door, headers: &HeaderMap, asked: &Asked) -> Result<Response> {
    let Caller { door, holder } = caller(door, headers, asked)?;
    let chat = chat_of(&door, &asked.akun).await?.ok_or(Refusal::NotFound)?;
    let locale = door.text().locale;
    let known = held(&door, holder.as_ref()).await?;
    let (mut talk, mut messages) = (Value::Null, Vec::new());
    if let Some(visitor) = known {
        talk = serde_json::to_value(TalkView::from(&visitor))?;
        messages = read_all(&door, visitor.id).await?;
    }
    let body = json!({
        "open": chat.open,
        "greeting": chat.greeting(locale),
        "away": chat.away(locale),
        "talk": talk,
        "messages": messages,
    });
    Ok(Json(body).into_response())
}

async fn read_all(door: &Door, id: InteractionId) -> Result<Vec<view::MessageView>> {
    let (access, secrets) = (door.access(), door.ctx.secrets.clone());
    door.ctx.db.read(move |tx| Ok(view::messages(tx, &access, &secrets, id, MessageId(0))?)).await
}

/// `GET /obrolan/api/arus`, with the last message that is known as `Last-Event-ID`.
async fn stream(door: Door, headers: HeaderMap, Query(asked): Query<Asked>) -> Response {
    let locale = door.text().locale;
    let run = async {
        let Caller { door, holder } = caller(door, &headers, &asked)?;
        let visitor = held_for_sure(&door, holder.as_ref()).await?;
        live::stream(&door, &headers, &visitor).await
    };
    answer(locale, run.await)
}

/// `POST /obrolan/api/pesan`: one message with its files.
async fn say(
    Extension(limits): Extension<Arc<Limits>>,
    Extension(flood): Extension<Arc<Flood>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    sent: Sent,
) -> Response {
    let locale = door.text().locale;
    let tools = Tools { limits, flood, scanner: scanner.map(|Extension(scanner)| scanner) };
    let run = async {
        let Caller { door, holder } = caller(door, &headers, &asked)?;
        let chat = chat_of(&door, &asked.akun).await?.ok_or(Refusal::NotFound)?;
        let holder = holder.ok_or(Refusal::Forbidden)?;
        let spoken = acts::say(&tools, &door, &chat, &holder, sent).await?;
        let body = json!({
            "talk": spoken.talk.to_string(),
            "id": spoken.message.to_string(),
            "number": spoken.message.0.to_string(),
            "vouched": spoken.vouched,
        });
        Ok(Json(body).into_response())
    };
    answer(locale, run.await)
}

/// `POST /obrolan/api/titip`: a message for when somebody is there again; it becomes a case.
async fn leave_message(
    Extension(limits): Extension<Arc<Limits>>,
    Extension(flood): Extension<Arc<Flood>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    sent: Sent,
) -> Response {
    let locale = door.text().locale;
    let tools = Tools { limits, flood, scanner: scanner.map(|Extension(scanner)| scanner) };
    let run = async {
        let Caller { door, .. } = caller(door, &headers, &asked)?;
        let left = leave::leave(&tools, &door, sent).await?;
        let link = door.outside_link(&format!("/lacak?kode={}", left.code));
        let body = json!({ "code": left.code, "pin": left.pin, "link": link });
        Ok(Json(body).into_response())
    };
    answer(locale, run.await)
}

/// `POST /obrolan/api/mengetik`.
async fn typing(
    Extension(flood): Extension<Arc<Flood>>,
    door: Door,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    let locale = door.text().locale;
    let run = async {
        let Caller { door, holder } = caller(door, &headers, &asked)?;
        let visitor = held_for_sure(&door, holder.as_ref()).await?;
        let talk = visitor.id.to_string();
        live::typing(&door.ctx, door.agency.id, visitor.id, &flood, &talk);
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answer(locale, run.await)
}

/// `POST /obrolan/api/dibaca` with `id`: the visitor has seen everything up to that message.
async fn read(
    Extension(flood): Extension<Arc<Flood>>,
    door: Door,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
    sent: Sent,
) -> Response {
    let locale = door.text().locale;
    let run = async {
        let Caller { door, holder } = caller(door, &headers, &asked)?;
        let visitor = held_for_sure(&door, holder.as_ref()).await?;
        let message = MessageId::parse(sent.values.get("id")).ok_or(Refusal::NotFound)?;
        let (talk, now) = (visitor.id.to_string(), door.ctx.now());
        flood.signs.pass(talk, now).map_err(|retry_after_s| Refusal::TooMany { retry_after_s })?;
        let (access, id) = (door.access(), visitor.id);
        // An id from the future would hide answers that are still to come.
        let newest = MessageId(tanggap_kernel::id::floor_at(now.plus(1_000_000)));
        let message = message.min(newest);
        let changed =
            door.ctx.db.write(move |tx| Ok(chat::read_by_visitor(tx, &access, id, message)?));
        if changed.await? {
            live::tell_staff(&door.ctx, door.agency.id, id, &format!("read-{message}"));
        }
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answer(locale, run.await)
}

/// `POST /obrolan/api/{act}`: `alamat`, `salinan`, `akhiri`, `nilai`.
async fn small(
    Extension(limits): Extension<Arc<Limits>>,
    Extension(flood): Extension<Arc<Flood>>,
    door: Door,
    headers: HeaderMap,
    Path(path): Path<ActPath>,
    Query(asked): Query<Asked>,
    sent: Sent,
) -> Response {
    let locale = door.text().locale;
    let run = async {
        let Caller { door, holder } = caller(door, &headers, &asked)?;
        let visitor = held_for_sure(&door, holder.as_ref()).await?;
        let tools = Tools { limits, flood, scanner: None };
        acts::small(&tools, &door, &visitor, &path.act, &sent.values).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    };
    answer(locale, run.await)
}

/// What is done.
#[derive(Deserialize)]
pub struct ActPath {
    /// Its name.
    pub act: String,
}
