//! The chat as a page that needs no script: what was said stands in a frame of its own that asks
//! again every few seconds, so that nobody loses what they are typing. A script takes the place
//! of both.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tanggap_conversations::files::Scanner;
use tanggap_kernel::error::Invalid;
use tanggap_kernel::{Error, Refusal, Result};
use tanggap_ui::ctx::random;
use tanggap_ui::{Answer, Choice, FormState, Page, Text, respond};

use super::acts::{self, Flood, Tools};
use super::api::ActPath;
use super::view::{self, MessageView, TalkView};
use super::{Holder, chat_of, held, held_for_sure, leave};
use crate::door::Door;
use crate::limits::Limits;
use crate::sent::{Sent, file_max_words};

/// The texts that the script shows, by the end of their keys. What it fills in stands in braces.
const WORDS: [&str; 60] = [
    "title",
    "open",
    "close",
    "new-count",
    "log",
    "you",
    "officer",
    "machine",
    "greeting",
    "away",
    "text",
    "send",
    "attach",
    "detach",
    "emoji",
    "typing",
    "sending",
    "unsent",
    "unsent-volatile",
    "unsent-files",
    "refused",
    "retry",
    "drop",
    "sent",
    "seen",
    "offline",
    "offline-short",
    "busy",
    "failed",
    "big",
    "many",
    "who",
    "who-note",
    "name",
    "email",
    "phone",
    "menu",
    "reach",
    "reached",
    "transcript",
    "transcribed",
    "end",
    "ended",
    "again",
    "rate",
    "rate-1",
    "rate-2",
    "rate-3",
    "rate-4",
    "rate-5",
    "comment",
    "rated",
    "leave",
    "kind",
    "kind-question",
    "kind-complaint",
    "left",
    "code",
    "pin",
    "track",
];

/// The texts that the script shows, as JSON.
#[must_use]
pub fn texts(text: Text, door: &Door) -> String {
    let gaps = ["n", "name", "max", "at", "size"];
    let gaps = gaps.map(|gap| (gap, tanggap_ui::Arg::from(format!("{{{gap}}}"))));
    let mut all: serde_json::Map<String, serde_json::Value> = WORDS
        .iter()
        .map(|word| ((*word).to_owned(), text.ta(&format!("chat-w-{word}"), &gaps).into()))
        .collect();
    all.insert("agency".into(), door.agency.name_in(text.locale).into());
    all.insert("max".into(), crate::sent::file_bytes_max(&door.ctx).into());
    // Inside an element of the page: no end tag may stand in it.
    serde_json::Value::Object(all).to_string().replace('<', "\\u003c")
}

#[derive(Template)]
#[template(path = "chat/page.html")]
struct ChatPage {
    page: Page,
    base: String,
    account: String,
    texts: String,
    greeting: String,
    away: String,
    open: bool,
    talk: Option<TalkView>,
    form: FormState,
    step: String,
    key: String,
    file_hint: String,
    kinds: Vec<Choice>,
    ratings: Vec<Choice>,
    left: Option<leave::Left>,
    done: String,
}

#[derive(Template)]
#[template(path = "chat/closed.html")]
struct ClosedPage {
    page: Page,
    base: String,
}

#[derive(Template)]
#[template(path = "chat/thread.html")]
struct ThreadPage {
    page: Page,
    base: String,
    messages: Vec<MessageView>,
    ended: bool,
}

/// What the page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    akun: String,
    selesai: String,
}

/// Something that a form was refused, or gave.
#[derive(Default)]
struct Shown {
    step: String,
    form: Option<FormState>,
    left: Option<leave::Left>,
    done: String,
}

/// `GET /obrolan`.
pub async fn show(door: Door, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    let done = match asked.selesai.as_str() {
        "alamat" => "chat-done-reach",
        "salinan" => "chat-done-transcript",
        "nilai" => "chat-done-rated",
        _ => "",
    };
    let shown = Shown { done: done.to_owned(), ..Shown::default() };
    Ok(page(&door, &headers, &asked.akun, StatusCode::OK, shown).await?)
}

async fn page(
    door: &Door,
    headers: &HeaderMap,
    account: &str,
    status: StatusCode,
    shown: Shown,
) -> Result<Response> {
    let text = door.text();
    let Some(chat) = chat_of(door, account).await? else {
        let page = door.page("chat-title");
        return Ok(door.html(ClosedPage { page, base: door.base.clone() }));
    };
    let holder = Holder::by_cookie(headers);
    let talk = held(door, holder.as_ref()).await?;
    let words = |own: &str, key: &str| match own {
        "" => text.t1(key, "agency", door.agency.name_in(text.locale)).into_owned(),
        own => own.to_owned(),
    };
    let view = ChatPage {
        base: door.base.clone(),
        account: chat.account.id.to_string(),
        texts: texts(text, door),
        greeting: words(chat.greeting(text.locale), "chat-greeting"),
        away: words(chat.away(text.locale), "chat-away"),
        open: chat.open,
        talk: talk.as_ref().map(TalkView::from),
        form: shown.form.unwrap_or_else(|| FormState::new(text.locale)),
        step: shown.step,
        key: URL_SAFE_NO_PAD.encode(random::<12>()?),
        file_hint: text.t1("portal-files-hint", "max", file_max_words(&door.ctx)).into_owned(),
        kinds: ["information_request", "complaint"]
            .map(|kind| Choice::new(kind, text.t(format!("chat-kind-{}", kind.replace('_', "-")))))
            .into(),
        ratings: (1..=5)
            .rev()
            .map(|n| Choice::new(n.to_string(), text.t(format!("portal-rate-{n}"))))
            .collect(),
        left: shown.left,
        done: match shown.done.as_str() {
            "" => String::new(),
            key => text.t(key).into_owned(),
        },
        page: door.page("chat-title"),
    };
    let mut response = door.html_status(status, view);
    match holder {
        Some(holder) => holder.keep(door, &mut response),
        None => Holder::draw()?.keep(door, &mut response),
    }
    Ok(response)
}

/// `GET /obrolan/isi`: what was said, asking again by itself.
pub async fn thread(door: Door, headers: HeaderMap) -> Answer {
    let visitor = held_for_sure(&door, Holder::by_cookie(&headers).as_ref()).await?;
    let (access, secrets, id) = (door.access(), door.ctx.secrets.clone(), visitor.id);
    let (messages, newest) = door
        .ctx
        .db
        .write(move |tx| {
            let from = tanggap_conversations::MessageId(0);
            let messages = view::messages(tx, &access, &secrets, id, from)?;
            let newest = messages.last().map(|message| message.number);
            if let Some(newest) = newest {
                tanggap_conversations::chat::read_by_visitor(tx, &access, id, newest)?;
            }
            Ok((messages, newest))
        })
        .await?;
    if let Some(newest) = newest {
        super::live::tell_staff(&door.ctx, door.agency.id, id, &format!("read-{newest}"));
    }
    let page = door.page("chat-title");
    let view = ThreadPage { page, base: door.base.clone(), messages, ended: visitor.ended };
    let mut response = respond::html_status(StatusCode::OK, view).into_response();
    let policy = "default-src 'self'; img-src 'self'; object-src 'none'; base-uri 'none'; \
        form-action 'none'; frame-ancestors 'self'";
    response
        .headers_mut()
        .insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    Ok(response)
}

/// `POST /obrolan`: one message.
pub async fn say(
    Extension(limits): Extension<Arc<Limits>>,
    Extension(flood): Extension<Arc<Flood>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let tools = Tools { limits, flood, scanner: scanner.map(|Extension(scanner)| scanner) };
    let values = sent.values.clone();
    let account = values.get("akun").to_owned();
    let run = async {
        door.visitor.check_csrf(values.get("csrf"))?;
        let chat = chat_of(&door, &account).await?.ok_or(Refusal::NotFound)?;
        let holder = Holder::by_cookie(&headers).ok_or(Refusal::Forbidden)?;
        acts::say(&tools, &door, &chat, &holder, sent).await
    };
    match run.await {
        Ok(_) => Ok(respond::see_other(&door.link("/obrolan#akhir"))),
        Err(error) => again(&door, &headers, &account, "pesan", values, error).await,
    }
}

/// `POST /obrolan/{act}`: everything else.
pub async fn act(
    Extension(limits): Extension<Arc<Limits>>,
    Extension(flood): Extension<Arc<Flood>>,
    scanner: Option<Extension<Scanner>>,
    door: Door,
    headers: HeaderMap,
    Path(path): Path<ActPath>,
    sent: Sent,
) -> Answer {
    let tools = Tools { limits, flood, scanner: scanner.map(|Extension(scanner)| scanner) };
    let values = sent.values.clone();
    let account = values.get("akun").to_owned();
    let step = path.act.clone();
    if let Err(error) = door.visitor.check_csrf(values.get("csrf")) {
        return again(&door, &headers, &account, &step, values, error).await;
    }
    if step == "titip" {
        return match leave::leave(&tools, &door, sent).await {
            Ok(left) => {
                let shown = Shown { left: Some(left), ..Shown::default() };
                Ok(page(&door, &headers, &account, StatusCode::OK, shown).await?)
            }
            Err(error) => again(&door, &headers, &account, "titip", values, error).await,
        };
    }
    let run = async {
        let holder = Holder::by_cookie(&headers);
        let visitor = held_for_sure(&door, holder.as_ref()).await?;
        acts::small(&tools, &door, &visitor, &step, &values).await
    };
    match run.await {
        Ok(()) => {
            let place = format!("/obrolan?selesai={step}#akhir");
            Ok(respond::see_other(&door.link(&place)))
        }
        Err(error) => again(&door, &headers, &account, &step, values, error).await,
    }
}

/// The page again, with what was typed and what is wrong with it.
async fn again(
    door: &Door,
    headers: &HeaderMap,
    account: &str,
    step: &str,
    values: crate::sent::Values,
    error: Error,
) -> Answer {
    let errors = match &error {
        Error::Refused(Refusal::Invalid(wrong)) => wrong.clone(),
        Error::Refused(Refusal::Illegal(key)) => vec![Invalid::new("", key)],
        Error::Refused(Refusal::TooMany { .. }) => vec![Invalid::new("", "chat-too-many")],
        _ => return Err(error.into()),
    };
    let status = respond::status_of(&error);
    let kept =
        values.0.into_iter().filter(|(name, _)| name != "csrf" && name != "altcha").collect();
    let form = FormState::refused(door.text().locale, kept, errors).labelled(&[
        ("text", "chat-text"),
        ("email", "chat-email"),
        ("phone", "chat-phone"),
    ]);
    let shown = Shown { step: step.to_owned(), form: Some(form), ..Shown::default() };
    Ok(page(door, headers, account, status, shown).await?)
}

impl ChatPage {
    /// Whether there is a talk that is not over.
    fn is_going_on(&self) -> bool {
        self.talk.as_ref().is_some_and(|talk| !talk.ended)
    }

    /// The form of a step: with what was typed and refused, where it was this one.
    fn form_of(&self, step: &str) -> FormState {
        if self.step == step { self.form.clone() } else { FormState::new(self.page.locale) }
    }
}
