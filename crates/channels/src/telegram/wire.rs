//! Speaking to the Telegram Bot API: sending, files, the webhook, and long polling where there is
//! no public address.

use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::exchange::{Accepted, NotSent, OutFile, Outgoing};
use crate::json::{id, number, text};
use crate::parts::{Sent, split};
use crate::web::{
    self, Answer, FILE_WITHIN, Fetched, Http, NoAnswer, NotFetched, Provider, retry_after,
    unanswered, unanswered_question, words,
};

use super::parse::update_id;

/// Where the Bot API is.
pub const API: &str = "https://api.telegram.org";
/// UTF-16 units of a text message.
const TEXT_MAX: usize = 4096;
/// UTF-16 units below a file.
const CAPTION_MAX: usize = 1024;
/// Bytes of a photo.
const PHOTO_BYTES_MAX: usize = 10 << 20;
/// Bytes of any other file.
const FILE_BYTES_MAX: usize = 50 << 20;
/// Bytes of a file that a bot can bring down.
const FETCH_BYTES_MAX: usize = 20 << 20;
/// What we want to hear of.
const UPDATES: [&str; 7] = [
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "message_reaction",
    "my_chat_member",
];

/// The client of one bot.
#[derive(Clone)]
pub struct Telegram {
    provider: Provider,
    token: String,
}

/// What a poll brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Polled {
    /// The updates as they came, each with its number.
    pub updates: Vec<(i64, Vec<u8>)>,
    /// Where the next poll goes on.
    pub next: i64,
}

enum Piece<'a> {
    Text(String),
    File(&'a OutFile, String),
}

impl Telegram {
    /// The client of a bot; `base` is where the Bot API is.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(http: &Http, base: &str, token: &str) -> Result<Telegram, String> {
        let token = token.trim();
        let sound = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
        if token.is_empty() || !token.chars().all(sound) {
            return Err("the token is not of a bot".to_owned());
        }
        let provider = Provider::new(http, base, &[])?;
        Ok(Telegram { provider, token: token.to_owned() })
    }

    fn call(&self, method: &str) -> RequestBuilder {
        self.provider.call(Method::POST, &[&format!("bot{}", self.token), method])
    }

    async fn ask(&self, method: &str, body: &Value) -> Result<Value, NotSent> {
        let answer = web::send(self.call(method).json(body)).await;
        understood(answer, unanswered_question)
    }

    /// Sends a message, in parts where it is long or has several files; `over` is awaited right
    /// before the step that cannot be taken back.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(
        &self,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let pieces = pieces(message)?;
        over.await?;
        let mut sent = Sent::default();
        for piece in &pieces {
            let first = sent.ids.is_empty();
            loop {
                match self.post(message, piece, first).await {
                    Ok(id) => {
                        sent.took(id);
                        break;
                    }
                    Err(error) => {
                        tokio::time::sleep(sent.failed(pieces.len(), error)?).await;
                    }
                }
            }
        }
        Ok(Accepted { external_ids: sent.ids })
    }

    async fn post(&self, to: &Outgoing, piece: &Piece<'_>, first: bool) -> Result<String, NotSent> {
        let (chat, topic) = match to.to.split_once('/') {
            Some((chat, topic)) => (chat, Some(topic)),
            None => (to.to.as_str(), None),
        };
        // `{chat}:{message}`; an answer to a message of another chat is not one.
        let reply = to.reply_to.as_deref().and_then(|id| id.rsplit_once(':'));
        let reply = reply.filter(|(of, _)| first && *of == chat);
        let reply = reply.and_then(|(_, message)| message.parse::<i64>().ok());
        let reply = reply
            .map(|message| json!({ "message_id": message, "allow_sending_without_reply": true }));
        let call = match piece {
            Piece::Text(text) => {
                let mut body = json!({ "chat_id": chat, "text": text });
                if let Some(topic) = topic {
                    body["message_thread_id"] = json!(topic);
                }
                if let Some(reply) = reply {
                    body["reply_parameters"] = reply;
                }
                self.call("sendMessage").json(&body)
            }
            Piece::File(file, caption) => {
                let (method, field) = kind_of(file);
                let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
                let part = part
                    .mime_str(&file.media_type)
                    .map_err(|e| NotSent::Never { code: None, why: e.to_string() })?;
                let mut form = Form::new().text("chat_id", chat.to_owned()).part(field, part);
                if !caption.is_empty() {
                    form = form.text("caption", caption.clone());
                }
                if let Some(topic) = topic {
                    form = form.text("message_thread_id", topic.to_owned());
                }
                if let Some(reply) = reply {
                    form = form.text("reply_parameters", reply.to_string());
                }
                self.call(method).timeout(FILE_WITHIN).multipart(form)
            }
        };
        let result = understood(web::send(call).await, unanswered)?;
        match id(&result, "/message_id") {
            Some(message) => {
                let chat = id(&result, "/chat/id").unwrap_or_else(|| chat.to_owned());
                Ok(format!("{chat}:{message}"))
            }
            None => Err(NotSent::Unsure { why: "the answer names no message".to_owned() }),
        }
    }

    /// Waits for updates from `offset` on, which also tells Telegram that all before are ours.
    ///
    /// # Errors
    /// See [`NotSent`]; [`NotSent::Account`] also where a webhook is set.
    pub async fn poll(&self, offset: i64, wait: Duration) -> Result<Polled, NotSent> {
        let body = json!({
            "offset": offset, "timeout": wait.as_secs(), "allowed_updates": UPDATES,
        });
        let call = self.call("getUpdates").timeout(wait + Duration::from_secs(10));
        let result = understood(web::send(call.json(&body)).await, unanswered_question)?;
        let mut updates = Vec::new();
        let mut next = offset;
        for update in result.as_array().into_iter().flatten() {
            // Without a number it could never be told apart; Telegram always gives one.
            let Some(number) = update_id(update) else { continue };
            next = next.max(number.saturating_add(1));
            updates.push((number, update.to_string().into_bytes()));
        }
        Ok(Polled { updates, next })
    }

    /// Tells Telegram where to call us, and what to say so that we know it.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn set_webhook(&self, url: &str, secret_token: &str) -> Result<(), NotSent> {
        let body = json!({
            "url": url, "secret_token": secret_token, "allowed_updates": UPDATES,
            "drop_pending_updates": false,
        });
        self.ask("setWebhook", &body).await.map(drop)
    }

    /// Tells Telegram to call us no more; what waits stays for polling.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn delete_webhook(&self) -> Result<(), NotSent> {
        self.ask("deleteWebhook", &json!({ "drop_pending_updates": false })).await.map(drop)
    }

    /// Tells Telegram that a press on a button was heard, so that the person sees no hourglass.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn answer_press(&self, external_id: &str) -> Result<(), NotSent> {
        let query = external_id.strip_prefix("callback:").unwrap_or(external_id);
        self.ask("answerCallbackQuery", &json!({ "callback_query_id": query })).await.map(drop)
    }

    /// A file that somebody sent: first its path, which holds for an hour, then itself.
    ///
    /// # Errors
    /// See [`NotFetched`].
    pub async fn fetch(&self, reference: &str, max: usize) -> Result<Fetched, NotFetched> {
        let max = max.min(FETCH_BYTES_MAX);
        let result = self.ask("getFile", &json!({ "file_id": reference })).await;
        let result = result.map_err(|error| match error {
            // Telegram says so of what is larger than a bot may have.
            NotSent::Never { why, .. } if why.contains("file is too big") => NotFetched::TooLarge,
            NotSent::Never { why, .. } => NotFetched::Gone(why),
            other => NotFetched::Later(other.to_string()),
        })?;
        if number(&result, "/file_size").is_some_and(|size| size > max as i64) {
            return Err(NotFetched::TooLarge);
        }
        let path = text(&result, "/file_path")
            .ok_or_else(|| NotFetched::Later("the file has no path".to_owned()))?;
        if path.split('/').any(|piece| matches!(piece, "" | "." | "..")) {
            return Err(NotFetched::Gone("the file's path leads elsewhere".to_owned()));
        }
        let bot = format!("bot{}", self.token);
        let pieces: Vec<&str> = ["file", &bot].into_iter().chain(path.split('/')).collect();
        let call = self.provider.call(Method::GET, &pieces);
        let address = call.build().map(|call| call.url().to_string()).unwrap_or_default();
        let mut fetched = self.provider.file(&address, max, |_, call| call).await?;
        // Telegram calls every file a stream of bytes.
        fetched.media_type = None;
        Ok(fetched)
    }

    /// Asks for the bot itself: its name, and whether we are let in.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn check(&self) -> Result<String, NotSent> {
        let me = self.ask("getMe", &json!({})).await?;
        Ok(format!("@{}", text(&me, "/username").unwrap_or_default()))
    }
}

fn pieces(message: &Outgoing) -> Result<Vec<Piece<'_>>, NotSent> {
    let mut found = Vec::new();
    let mut caption = String::new();
    if !message.files.is_empty() && message.text.encode_utf16().count() <= CAPTION_MAX {
        caption = message.text.trim().to_owned();
    } else {
        let parts = split(&message.text, TEXT_MAX, char::len_utf16);
        found.extend(parts.into_iter().map(Piece::Text));
    }
    for file in &message.files {
        if file.bytes.len() > FILE_BYTES_MAX {
            let why = format!("{}: larger than Telegram takes", file.name);
            return Err(NotSent::Never { code: None, why });
        }
        found.push(Piece::File(file, std::mem::take(&mut caption)));
    }
    if found.is_empty() {
        return Err(NotSent::Never { code: None, why: "nothing to send".to_owned() });
    }
    Ok(found)
}

/// By which method a file goes, and the field that holds it.
fn kind_of(file: &OutFile) -> (&'static str, &'static str) {
    match file.media_type.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" | "image/png" | "image/webp" if file.bytes.len() <= PHOTO_BYTES_MAX => {
            ("sendPhoto", "photo")
        }
        "video/mp4" => ("sendVideo", "video"),
        "audio/ogg" => ("sendVoice", "voice"),
        "audio/mpeg" | "audio/mp4" => ("sendAudio", "audio"),
        _ => ("sendDocument", "document"),
    }
}

/// The result of a call, or what its error means.
fn understood(
    answer: Result<Answer, NoAnswer>,
    unanswered: fn(NoAnswer) -> NotSent,
) -> Result<Value, NotSent> {
    let answer = answer.map_err(unanswered)?;
    let mut body = serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null);
    match body["ok"].as_bool() {
        Some(true) => Ok(body["result"].take()),
        Some(false) => Err(refused(&answer, &body)),
        None if (200..=299).contains(&answer.status) => {
            Err(unanswered(NoAnswer::Lost("the answer is not of the Bot API".to_owned())))
        }
        None => Err(web::strange(answer.status, &answer.headers)),
    }
}

fn refused(answer: &Answer, body: &Value) -> NotSent {
    let code = number(body, "/error_code").unwrap_or_else(|| i64::from(answer.status));
    let why = words(&text(body, "/description").unwrap_or_default());
    match code {
        429 => {
            let asked = number(body, "/parameters/retry_after").and_then(|s| u64::try_from(s).ok());
            let after = asked.map(Duration::from_secs).or_else(|| retry_after(&answer.headers));
            NotSent::Later { after, why }
        }
        // A wrong token is not found; a second poller or a set webhook is a conflict.
        401 | 404 | 409 => NotSent::Account { why: format!("({code}) {why}") },
        500..=599 => NotSent::Unsure { why: format!("({code}) {why}") },
        _ => NotSent::Never { code: Some(code.to_string()), why },
    }
}
