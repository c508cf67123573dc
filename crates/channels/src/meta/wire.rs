//! Speaking to the Messenger Platform: private messages, answers to comments, files.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::exchange::{Accepted, NotSent, OutFile, Outgoing};
use crate::graph::{Graph, GraphError};
use crate::json::{id, text};
use crate::messenger::Secrets;
use crate::parts::{Sent, split};
use crate::web::{FILE_WITHIN, Fetched, Http, NotFetched};

use super::{COMMENT, Platform};

/// Characters of a message on Messenger.
const MESSENGER_TEXT_MAX: usize = 2000;
/// Bytes of a message on Instagram.
const INSTAGRAM_TEXT_BYTES_MAX: usize = 1000;
/// Characters of a comment.
const COMMENT_MAX: usize = 8000;
/// Bytes of a file.
const FILE_BYTES_MAX: usize = 25 << 20;

/// The client of one page or account.
#[derive(Clone)]
pub struct Meta {
    graph: Graph,
    platform: Platform,
    page: String,
}

impl Meta {
    /// The client of a page or account; `base` is where the Graph API is.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(
        http: &Http,
        base: &str,
        platform: Platform,
        page_id: &str,
        secrets: &Secrets,
    ) -> Result<Meta, String> {
        let graph = Graph::new(http, base, &secrets.token, &secrets.app_secret)?;
        Ok(Meta { graph, platform, page: page_id.trim().to_owned() })
    }

    /// Sends a message: to a person, or in answer to a comment (publicly or privately).
    /// `over` is awaited right before the step that cannot be taken back.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(
        &self,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        match message.to.strip_prefix(COMMENT) {
            Some(comment) if message.private_reply => self.reply(message, comment, over).await,
            Some(comment) => self.comment(message, comment, over).await,
            None => self.write(message, over).await,
        }
    }

    /// The pieces of a text as this platform takes them.
    fn texts(&self, text: &str) -> Vec<String> {
        match self.platform {
            Platform::Messenger => split(text, MESSENGER_TEXT_MAX, |_| 1),
            Platform::Instagram => split(text, INSTAGRAM_TEXT_BYTES_MAX, char::len_utf8),
        }
    }

    async fn write(
        &self,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let mut contents: Vec<Value> = Vec::new();
        for piece in self.texts(&message.text) {
            contents.push(json!({ "text": piece }));
        }
        for file in &message.files {
            contents.push(self.upload(file).await?);
        }
        if let (Some(mid), Some(first)) = (&message.reply_to, contents.first_mut()) {
            first["reply_to"] = json!({ "mid": mid });
        }
        if contents.is_empty() {
            return Err(NotSent::Never { code: None, why: "nothing to send".to_owned() });
        }
        let to = json!({ "id": message.to });
        over.await?;
        let mut sent = Sent::default();
        for content in &contents {
            loop {
                match self.post(&to, content, message.by_person).await {
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

    /// One message. Where the 24 hours are over and a person writes, it goes again under the tag
    /// that Meta has for that; the first was refused, so nothing goes out twice.
    async fn post(&self, to: &Value, content: &Value, by_person: bool) -> Result<String, NotSent> {
        let mut body = json!({
            "recipient": to, "messaging_type": "RESPONSE", "message": content,
        });
        let mut answer = self.graph.post(&[&self.page, "messages"], &body).await;
        if by_person && answer.as_ref().is_err_and(GraphError::outside_window) {
            body["messaging_type"] = json!("MESSAGE_TAG");
            body["tag"] = json!("HUMAN_AGENT");
            answer = self.graph.post(&[&self.page, "messages"], &body).await;
        }
        id(&answer?, "/message_id")
            .ok_or_else(|| NotSent::Unsure { why: "the answer names no message".to_owned() })
    }

    /// One private message in answer to a comment; Meta takes exactly one.
    async fn reply(
        &self,
        message: &Outgoing,
        comment: &str,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let texts = self.texts(&message.text);
        let ([text], true) = (texts.as_slice(), message.files.is_empty()) else {
            let why = "a private answer to a comment is one text of limited length".to_owned();
            return Err(NotSent::Never { code: None, why });
        };
        let to = json!({ "comment_id": comment });
        over.await?;
        let id = self.post(&to, &json!({ "text": text }), false).await?;
        Ok(Accepted { external_ids: vec![id] })
    }

    /// A comment of ours below theirs.
    async fn comment(
        &self,
        message: &Outgoing,
        comment: &str,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let text = message.text.trim();
        let fits = !text.is_empty() && text.chars().count() <= COMMENT_MAX;
        if !fits || !message.files.is_empty() {
            let why = "a comment is a text of limited length".to_owned();
            return Err(NotSent::Never { code: None, why });
        }
        let edge = match self.platform {
            Platform::Messenger => "comments",
            Platform::Instagram => "replies",
        };
        over.await?;
        let answer = self.graph.post(&[comment, edge], &json!({ "message": text })).await?;
        let id = id(&answer, "/id")
            .ok_or_else(|| NotSent::Unsure { why: "the answer names no comment".to_owned() })?;
        Ok(Accepted { external_ids: vec![id] })
    }

    /// Brings a file to Meta; gives the message that shows it.
    async fn upload(&self, file: &OutFile) -> Result<Value, NotSent> {
        let kind = match file.media_type.split('/').next().unwrap_or_default() {
            kind @ ("image" | "video" | "audio") => kind,
            _ => "file",
        };
        if file.bytes.len() > FILE_BYTES_MAX {
            let why = format!("{}: larger than Meta takes", file.name);
            return Err(NotSent::Never { code: None, why });
        }
        let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
        let part = part
            .mime_str(&file.media_type)
            .map_err(|e| NotSent::Never { code: None, why: e.to_string() })?;
        let about = json!({ "attachment": { "type": kind, "payload": { "is_reusable": false } } });
        let mut form = Form::new().text("message", about.to_string()).part("filedata", part);
        if self.platform == Platform::Instagram {
            form = form.text("platform", "instagram");
        }
        let call = self.graph.call(Method::POST, &[&self.page, "message_attachments"]);
        let answer = self.graph.ask(call.timeout(FILE_WITHIN).multipart(form)).await?;
        let attachment = id(&answer, "/attachment_id").ok_or_else(|| NotSent::Later {
            after: None,
            why: "the upload has no id".to_owned(),
        })?;
        Ok(json!({ "attachment": { "type": kind, "payload": { "attachment_id": attachment } } }))
    }

    /// A file that somebody sent; its address came with the message and holds for some time.
    ///
    /// # Errors
    /// See [`NotFetched`].
    pub async fn fetch(&self, reference: &str, max: usize) -> Result<Fetched, NotFetched> {
        self.graph.file(reference, max, false).await
    }

    /// The name that somebody shows, where Meta lets us see it.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn name_of(&self, person: &str) -> Result<Option<String>, NotSent> {
        let fields = match self.platform {
            Platform::Messenger => "name,first_name,last_name",
            Platform::Instagram => "name,username",
        };
        let call = self.graph.call(Method::GET, &[person]).query(&[("fields", fields)]);
        let answer = self.graph.ask(call).await?;
        Ok(text(&answer, "/name").or_else(|| text(&answer, "/username")))
    }

    /// Asks for the page itself: its name, and whether we are let in.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn check(&self) -> Result<String, NotSent> {
        let call = self.graph.call(Method::GET, &[&self.page]).query(&[("fields", "name")]);
        let answer = self.graph.ask(call).await?;
        Ok(text(&answer, "/name").unwrap_or_default())
    }
}
