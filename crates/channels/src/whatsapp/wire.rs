//! Speaking to the WhatsApp Cloud API: sending, files, marks of reading, approved templates.

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exchange::{Accepted, NotSent, OutFile, Outgoing, Template};
use crate::graph::Graph;
use crate::json::{id, list, number, text};
use crate::messenger::Secrets;
use crate::parts::{Sent, split};
use crate::web::{FILE_WITHIN, Fetched, Http, NotFetched};

/// Characters of a text message.
const TEXT_MAX: usize = 4096;
/// Characters below a picture, a film or a document.
const CAPTION_MAX: usize = 1024;
/// Bytes of a document, the largest kind.
const DOCUMENT_BYTES_MAX: usize = 100 << 20;
/// Pages of templates that are read.
const TEMPLATE_PAGES_MAX: usize = 20;

/// The client of one number.
#[derive(Clone)]
pub struct WhatsApp {
    graph: Graph,
    number: String,
    business: String,
}

/// A template that Meta approved, as far as we can fill it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Approved {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// `UTILITY`, `MARKETING` or `AUTHENTICATION`.
    pub category: String,
    /// Its words, with `{{1}}`, `{{2}}` … where values go.
    pub body: String,
    /// How many values it wants.
    pub gaps: usize,
}

/// One message of the several that an [`Outgoing`] may become.
enum Piece {
    Text(String),
    File { kind: &'static str, media_id: String, caption: String, name: String },
    Template(Template),
}

impl WhatsApp {
    /// The client of a number; `base` is where the Graph API is.
    ///
    /// # Errors
    /// What is wrong with the settings.
    pub fn new(
        http: &Http,
        base: &str,
        phone_number_id: &str,
        business_account_id: &str,
        secrets: &Secrets,
    ) -> Result<WhatsApp, String> {
        Ok(WhatsApp {
            graph: Graph::new(http, base, &secrets.token, &secrets.app_secret)?,
            number: phone_number_id.trim().to_owned(),
            business: business_account_id.trim().to_owned(),
        })
    }

    /// Sends a message: files are brought up first, so that nothing is out where one fails; then
    /// `over` is awaited, right before the step that cannot be taken back.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn send(
        &self,
        message: &Outgoing,
        over: impl Future<Output = Result<(), NotSent>>,
    ) -> Result<Accepted, NotSent> {
        let pieces = self.pieces(message).await?;
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

    async fn pieces(&self, message: &Outgoing) -> Result<Vec<Piece>, NotSent> {
        if let Some(template) = &message.template {
            return Ok(vec![Piece::Template(template.clone())]);
        }
        let mut pieces = Vec::new();
        let mut caption = String::new();
        let below = message.files.first().is_some_and(|file| kind_of(file) != "audio");
        if below && message.text.chars().count() <= CAPTION_MAX {
            caption = message.text.trim().to_owned();
        } else {
            pieces.extend(split(&message.text, TEXT_MAX, |_| 1).into_iter().map(Piece::Text));
        }
        for file in &message.files {
            pieces.push(Piece::File {
                kind: kind_of(file),
                media_id: self.upload(file).await?,
                caption: std::mem::take(&mut caption),
                name: file.name.clone(),
            });
        }
        if pieces.is_empty() {
            return Err(NotSent::Never { code: None, why: "nothing to send".to_owned() });
        }
        Ok(pieces)
    }

    /// Brings a file to Meta, which keeps it for 30 days.
    async fn upload(&self, file: &OutFile) -> Result<String, NotSent> {
        if file.bytes.len() > DOCUMENT_BYTES_MAX {
            let why = format!("{}: larger than WhatsApp takes", file.name);
            return Err(NotSent::Never { code: None, why });
        }
        let part = Part::bytes(file.bytes.clone()).file_name(file.name.clone());
        let part = part
            .mime_str(&file.media_type)
            .map_err(|e| NotSent::Never { code: None, why: e.to_string() })?;
        let form = Form::new()
            .text("messaging_product", "whatsapp")
            .text("type", file.media_type.clone())
            .part("file", part);
        let call = self.graph.call(Method::POST, &[&self.number, "media"]);
        let answer = self.graph.ask(call.timeout(FILE_WITHIN).multipart(form)).await?;
        id(&answer, "/id")
            .ok_or_else(|| NotSent::Later { after: None, why: "the upload has no id".to_owned() })
    }

    async fn post(&self, to: &Outgoing, piece: &Piece, first: bool) -> Result<String, NotSent> {
        let mut body = json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "biz_opaque_callback_data": to.key,
        });
        // People who hide their number are written to by their id.
        let number = to.to.trim_start_matches('+');
        if number.chars().all(|c| c.is_ascii_digit()) && !number.is_empty() {
            body["to"] = json!(number);
        } else {
            body["recipient"] = json!(to.to);
        }
        if let (Some(id), true) = (&to.reply_to, first) {
            body["context"] = json!({ "message_id": id });
        }
        let (kind, content) = content(piece);
        body["type"] = json!(kind);
        body[kind] = content;
        let answer = self.graph.post(&[&self.number, "messages"], &body).await?;
        id(&answer, "/messages/0/id")
            .ok_or_else(|| NotSent::Unsure { why: "the answer names no message".to_owned() })
    }

    /// Tells the person that their message was read.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn mark_read(&self, external_id: &str) -> Result<(), NotSent> {
        let body = json!({
            "messaging_product": "whatsapp", "status": "read", "message_id": external_id,
        });
        self.graph.post(&[&self.number, "messages"], &body).await?;
        Ok(())
    }

    /// A file that somebody sent: first its address, which holds for five minutes, then itself.
    ///
    /// # Errors
    /// See [`NotFetched`].
    pub async fn fetch(&self, reference: &str, max: usize) -> Result<Fetched, NotFetched> {
        if reference.is_empty() || !reference.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(NotFetched::Gone("no id of a file".to_owned()));
        }
        let fetched = self.fetch_once(reference, max).await;
        // An address that ran out meanwhile is asked for once more.
        match fetched {
            Err(NotFetched::Gone(_)) => self.fetch_once(reference, max).await,
            other => other,
        }
    }

    async fn fetch_once(&self, reference: &str, max: usize) -> Result<Fetched, NotFetched> {
        let call = self.graph.call(Method::GET, &[reference]);
        let call = call.query(&[("phone_number_id", &self.number)]);
        let answer = self.graph.ask(call).await.map_err(|error| match error.means {
            NotSent::Never { why, .. } => NotFetched::Gone(why),
            other => NotFetched::Later(other.to_string()),
        })?;
        if number(&answer, "/file_size").is_some_and(|size| size > max as i64) {
            return Err(NotFetched::TooLarge);
        }
        let address = text(&answer, "/url")
            .ok_or_else(|| NotFetched::Later("the file has no address".to_owned()))?;
        let mut fetched = self.graph.file(&address, max, true).await?;
        fetched.media_type = text(&answer, "/mime_type").or(fetched.media_type);
        Ok(fetched)
    }

    /// The templates that were approved and that we can fill: words with numbered gaps.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn templates(&self) -> Result<Vec<Approved>, NotSent> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        for _ in 0..TEMPLATE_PAGES_MAX {
            let call = self.graph.call(Method::GET, &[&self.business, "message_templates"]);
            let call = call.query(&[
                ("status", "APPROVED"),
                ("fields", "name,language,category,components,parameter_format"),
                ("limit", "100"),
            ]);
            let call = match &after {
                Some(cursor) => call.query(&[("after", cursor)]),
                None => call,
            };
            let page = self.graph.ask(call).await?;
            found.extend(list(&page, "/data").iter().filter_map(approved));
            after = text(&page, "/paging/cursors/after");
            if after.is_none() || text(&page, "/paging/next").is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Asks for our own number: what it looks like, and whether we are let in.
    ///
    /// # Errors
    /// See [`NotSent`].
    pub async fn check(&self) -> Result<String, NotSent> {
        let call = self.graph.call(Method::GET, &[&self.number]);
        let fields = [("fields", "display_phone_number,verified_name")];
        let answer = self.graph.ask(call.query(&fields)).await?;
        let words = ["/verified_name", "/display_phone_number"];
        let words: Vec<String> = words.iter().filter_map(|key| text(&answer, key)).collect();
        Ok(words.join(" "))
    }
}

/// As what WhatsApp takes a file; what it shows nowhere else goes as a document.
fn kind_of(file: &OutFile) -> &'static str {
    let size = file.bytes.len();
    match file.media_type.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" | "image/png" if size <= 5 << 20 => "image",
        "video/mp4" | "video/3gpp" if size <= 16 << 20 => "video",
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg"
            if size <= 16 << 20 =>
        {
            "audio"
        }
        _ => "document",
    }
}

fn content(piece: &Piece) -> (&'static str, Value) {
    match piece {
        Piece::Text(text) => ("text", json!({ "body": text, "preview_url": false })),
        Piece::File { kind, media_id, caption, name } => {
            let mut file = json!({ "id": media_id });
            if !caption.is_empty() {
                file["caption"] = json!(caption);
            }
            if *kind == "document" {
                file["filename"] = json!(name);
            }
            (kind, file)
        }
        Piece::Template(template) => {
            let values: Vec<Value> = template
                .values
                .iter()
                .map(|value| json!({ "type": "text", "text": value }))
                .collect();
            let mut content = json!({
                "name": template.name, "language": { "code": template.language },
            });
            if !values.is_empty() {
                content["components"] = json!([{ "type": "body", "parameters": values }]);
            }
            ("template", content)
        }
    }
}

/// A template as far as we can fill it: gaps in its words only, and numbered.
fn approved(template: &Value) -> Option<Approved> {
    let part = |kind: &str| {
        list(template, "/components")
            .iter()
            .find(|part| text(part, "/type").is_some_and(|t| t.eq_ignore_ascii_case(kind)))
    };
    let header = part("HEADER").is_none_or(|header| {
        text(header, "/format").is_some_and(|format| format == "TEXT")
            && !text(header, "/text").unwrap_or_default().contains("{{")
    });
    let buttons = part("BUTTONS").is_none_or(|buttons| !buttons.to_string().contains("{{"));
    let named = text(template, "/parameter_format").is_some_and(|format| format == "NAMED");
    let body = text(part("BODY")?, "/text")?;
    let gaps = (1..=100).take_while(|n| body.contains(&format!("{{{{{n}}}}}"))).count();
    let usable = header && buttons && !(named && body.contains("{{"));
    usable.then_some(Approved {
        name: text(template, "/name")?,
        language: text(template, "/language")?,
        category: text(template, "/category").unwrap_or_default(),
        body,
        gaps,
    })
}
