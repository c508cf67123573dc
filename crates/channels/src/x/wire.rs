//! Speaking to X: direct messages, answers to posts, pictures.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::multipart::{Form, Part};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::{Value, json};

use crate::exchange::{Accepted, NotSent, OutFile, Outgoing};
use crate::json::{id, number, text};
use crate::messenger::Secrets;
use crate::parts::{Sent, split};
use crate::web::{
    self, Answer, FILE_WITHIN, Fetched, Http, NoAnswer, NotFetched, Provider, retry_after,
    unanswered, unanswered_question, words,
};

use super::{POST, oauth};

/// Where the API is.
pub const API: &str = "https://api.x.com";
/// Where X keeps pictures and films.
const FILE_HOSTS: [&str; 3] = ["pbs.twimg.com", "video.twimg.com", "ton.twitter.com"];
/// Characters of a direct message.
const DIRECT_MAX: usize = 10_000;
/// Units of a post: a character beyond Latin counts twice.
const POST_MAX: usize = 280;
/// Bytes of a picture.
const PICTURE_BYTES_MAX: usize = 5 << 20;
/// The longest that a limit lasts.
const LIMIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// The time, as the caller's clock has it, in seconds since 1970.
pub type Clock = fn() -> i64;

/// The client of one account.
#[derive(Clone)]
pub struct X {
    provider: Provider,
    keys: Secrets,
    now: Clock,
}

impl X {
    /// The client of an account; `base` is where the API is.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(http: &Http, base: &str, secrets: &Secrets, now: Clock) -> Result<X, String> {
        let provider = Provider::new(http, base, &FILE_HOSTS)?;
        Ok(X { provider, keys: secrets.clone(), now })
    }

    fn signed(&self, method: &str, url: &Url, call: RequestBuilder) -> RequestBuilder {
        let mut nonce = [0_u8; 24];
        if getrandom::fill(&mut nonce).is_err() {
            // Without chance there is no signature; X refuses the call.
            return call;
        }
        let nonce = URL_SAFE_NO_PAD.encode(nonce).replace(['-', '_'], "0");
        let header = oauth::header(&self.keys, method, url, &[], ((self.now)(), &nonce));
        call.header("authorization", header)
    }

    fn call(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let call = self.provider.call(method.clone(), path);
        let url = call.try_clone().and_then(|call| call.build().ok()).map(|c| c.url().clone());
        match url {
            Some(url) => self.signed(method.as_str(), &url, call),
            None => call,
        }
    }

    fn understood(
        &self,
        answer: Result<Answer, NoAnswer>,
        unanswered: fn(NoAnswer) -> NotSent,
    ) -> Result<Value, NotSent> {
        let answer = answer.map_err(unanswered)?;
        let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null);
        if (200..=299).contains(&answer.status) && body["data"].is_object() {
            return Ok(body);
        }
        Err(refused(&answer, &body, (self.now)()))
    }

    /// Sends a message: a direct one, or in answer to a post (publicly or privately).
    /// `over` is awaited right before the step that cannot be taken back.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(
        &self,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let Some(post) = message.to.strip_prefix(POST) else {
            return self.write(&message.to, message, over).await;
        };
        let (post, author) = post.split_once(':').unwrap_or((post, ""));
        if message.private_reply {
            return self.write(author, message, over).await;
        }
        self.answer(post, message, over).await
    }

    async fn write(
        &self,
        person: &str,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let mut contents: Vec<Value> = Vec::new();
        for piece in split(&message.text, DIRECT_MAX, |_| 1) {
            contents.push(json!({ "text": piece }));
        }
        for file in &message.files {
            let media = self.upload(file, "dm_image").await?;
            contents.push(json!({ "attachments": [{ "media_id": media }] }));
        }
        if contents.is_empty() {
            return Err(NotSent::Never { code: None, why: "nothing to send".to_owned() });
        }
        over.await?;
        let path = ["2", "dm_conversations", "with", person, "messages"];
        let mut sent = Sent::default();
        for content in &contents {
            loop {
                match self.post(&path, content, "/data/dm_event_id").await {
                    Ok(id) => {
                        sent.took(id);
                        break;
                    }
                    Err(error) => {
                        tokio::time::sleep(sent.failed(contents.len(), error)?).await;
                    }
                }
            }
        }
        Ok(Accepted { external_ids: sent.ids })
    }

    /// A post of ours below theirs.
    async fn answer(
        &self,
        post: &str,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let parts = split(&message.text, POST_MAX, |c| if c <= '\u{10ff}' { 1 } else { 2 });
        let ([text], true) = (parts.as_slice(), message.files.len() <= 4) else {
            let why = "an answer to a post is one text of at most 280 characters".to_owned();
            return Err(NotSent::Never { code: None, why });
        };
        let mut media = Vec::new();
        for file in &message.files {
            media.push(self.upload(file, "tweet_image").await?);
        }
        let mut body = json!({ "text": text, "reply": { "in_reply_to_tweet_id": post } });
        if !media.is_empty() {
            body["media"] = json!({ "media_ids": media });
        }
        over.await?;
        let id = self.post(&["2", "tweets"], &body, "/data/id").await?;
        Ok(Accepted { external_ids: vec![id] })
    }

    async fn post(&self, path: &[&str], body: &Value, named: &str) -> Result<String, NotSent> {
        let answer = web::send(self.call(Method::POST, path).json(body)).await;
        let answer = self.understood(answer, unanswered)?;
        id(&answer, named)
            .ok_or_else(|| NotSent::Unsure { why: "the answer names no message".to_owned() })
    }

    /// Brings a picture to X; it takes no documents.
    async fn upload(&self, file: &OutFile, category: &'static str) -> Result<String, NotSent> {
        let picture = ["image/jpeg", "image/png", "image/webp", "image/gif"];
        let known = picture.contains(&file.media_type.as_str());
        if !known || file.bytes.len() > PICTURE_BYTES_MAX {
            let why = format!("{}: X takes pictures of at most 5 MB only", file.name);
            return Err(NotSent::Never { code: None, why });
        }
        let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
        let part = part
            .mime_str(&file.media_type)
            .map_err(|e| NotSent::Never { code: None, why: e.to_string() })?;
        let form = Form::new().text("media_category", category).part("media", part);
        let call = self.call(Method::POST, &["2", "media", "upload"]);
        let answer = web::send(call.timeout(FILE_WITHIN).multipart(form)).await;
        let answer = self.understood(answer, unanswered_question)?;
        id(&answer, "/data/id")
            .ok_or_else(|| NotSent::Later { after: None, why: "the upload has no id".to_owned() })
    }

    /// A file that somebody sent. Those of direct messages are given to the account only.
    ///
    /// # Errors
    /// See [`NotFetched`].
    pub async fn fetch(&self, reference: &str, max: usize) -> Result<Fetched, NotFetched> {
        let sign = |url: &Url, call: RequestBuilder| match url.domain() {
            Some("pbs.twimg.com" | "video.twimg.com") => call,
            _ => self.signed("GET", url, call),
        };
        self.provider.file(reference, max, sign).await
    }

    /// Asks for the account itself: its name, and whether we are let in.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn check(&self) -> Result<String, NotSent> {
        let answer = web::send(self.call(Method::GET, &["2", "users", "me"])).await;
        let answer = self.understood(answer, unanswered_question)?;
        Ok(format!("@{}", text(&answer, "/data/username").unwrap_or_default()))
    }
}

/// What an error of X means: the problem's words, and older codes where there are any.
fn refused(answer: &Answer, body: &Value, now: i64) -> NotSent {
    let said = ["/detail", "/title", "/errors/0/message", "/errors/0/detail"];
    let mut said: Vec<String> = said.iter().filter_map(|pointer| text(body, pointer)).collect();
    said.dedup();
    let code = number(body, "/errors/0/code").unwrap_or(0);
    let why = words(&format!("({}) {}", answer.status, said.join("; ")));
    let kind = text(body, "/type").unwrap_or_default();
    match (answer.status, code) {
        _ if !body.is_object() => match answer.status {
            200..=299 => NotSent::Unsure { why: "the answer is not of the API".to_owned() },
            status => web::strange(status, &answer.headers),
        },
        (200..=299, _) => NotSent::Unsure { why },
        (429, _) | (_, 88 | 130 | 185) => NotSent::Later { after: until_reset(answer, now), why },
        (503, _) => NotSent::Later { after: None, why },
        (500..=599, _) => NotSent::Unsure { why },
        // The person takes nothing from us, or is gone.
        (_, 34 | 50 | 63 | 108 | 149 | 150 | 151 | 349 | 354 | 186 | 187) => {
            NotSent::Never { code: Some(code.to_string()), why }
        }
        (401, _) | (_, 32 | 64 | 87 | 89 | 99 | 215 | 220 | 261 | 326 | 453) => {
            NotSent::Account { why }
        }
        // Only these two problems of 403 are about us: the client, or the plan.
        (403, _) if kind.ends_with("client-forbidden") || kind.ends_with("usage-capped") => {
            NotSent::Account { why }
        }
        (status, _) => NotSent::Never { code: Some(status.to_string()), why },
    }
}

/// How long the limit lasts, by `x-rate-limit-reset` (seconds since 1970).
fn until_reset(answer: &Answer, now: i64) -> Option<Duration> {
    let reset = answer.headers.get("x-rate-limit-reset").and_then(|value| value.to_str().ok());
    let reset = reset.and_then(|text| text.trim().parse::<i64>().ok());
    let wait = reset.map(|reset| Duration::from_secs((reset - now).max(1).unsigned_abs()));
    wait.or_else(|| retry_after(&answer.headers)).map(|wait| wait.min(LIMIT_MAX))
}
