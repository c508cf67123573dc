//! What a visitor is shown of a talk: messages and files, as JSON for scripts and as lines for the
//! page. Files are reached by addresses that we signed, since pictures cannot carry a secret.

use axum::extract::Path;
use serde::{Deserialize, Serialize};
use tanggap_conversations::chat::{self, Said, Visitor};
use tanggap_conversations::files::fetch;
use tanggap_conversations::{self as talk, AttachmentId, InteractionId, MessageId, Scan};
use tanggap_kernel::{Access, Actor, Fault, Refusal, Result, Timestamp};
use tanggap_store::Tx;
use tanggap_ui::Answer;
use tanggap_ui::ctx::Secrets;

use crate::door::Door;
use crate::sealed::{seal, unseal};

const FILE: &str = "chat-file";
/// How long the address of a file is good.
const FILE_AGE: i64 = 7 * Timestamp::DAY;

/// A file of a message.
#[derive(Clone, Debug, Serialize)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Its address below the agency's.
    pub url: String,
    /// Whether there is a small picture of it.
    pub small: bool,
}

/// A message as its visitor sees it.
#[derive(Clone, Debug, Serialize)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// When, milliseconds since 1970.
    pub at: i64,
    /// Whether the visitor wrote it.
    pub mine: bool,
    /// Whether a machine wrote it.
    pub machine: bool,
    /// What.
    pub text: String,
    /// The key that the browser gave it.
    pub key: Option<String>,
    /// Files.
    pub files: Vec<FileView>,
    #[serde(skip)]
    pub(crate) moment: Timestamp,
    #[serde(skip)]
    pub(crate) number: MessageId,
}

/// The messages of a talk from `from` on.
///
/// # Errors
/// A fault of the engine.
pub fn messages(
    tx: &mut Tx<'_>,
    access: &Access,
    secrets: &Secrets,
    id: InteractionId,
    from: MessageId,
) -> Result<Vec<MessageView>, Fault> {
    let said = chat::said(tx, access, id, from)?;
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let files = talk::attachments_of(tx, access, id)?;
    // To the day, so that an address stays the same and a browser keeps the picture.
    let day = tx.now().as_micros() / Timestamp::DAY * Timestamp::DAY;
    let until = day + FILE_AGE;
    let view = |said: Said| MessageView {
        id: said.id.to_string(),
        at: said.at.as_micros() / 1000,
        mine: said.by_visitor,
        machine: Actor::parse(&said.actor) == Some(Actor::System),
        text: said.body,
        key: said.key.filter(|_| said.by_visitor),
        files: files
            .iter()
            .filter(|file| file.message_id == said.id && file.scan != Scan::Infected)
            .map(|file| {
                let facts = (access.agency_id.0, id.0, file.id.0, until);
                FileView {
                    name: file.name.clone(),
                    size: file.size,
                    url: format!("/obrolan/berkas/{}", seal(secrets, FILE, &facts)),
                    small: file.thumbnail.is_some(),
                }
            })
            .collect(),
        moment: said.at,
        number: said.id,
    };
    Ok(said.into_iter().map(view).collect())
}

/// A talk as its visitor's browser is told of it.
#[derive(Clone, Debug, Serialize)]
pub struct TalkView {
    /// Its id.
    pub id: String,
    /// Whether it is over.
    pub ended: bool,
    /// How it was rated.
    pub rating: Option<i64>,
    /// The newest message that staff have seen.
    pub seen: String,
    /// Whether an answer can follow.
    pub reachable: bool,
}

impl From<&Visitor> for TalkView {
    fn from(visitor: &Visitor) -> Self {
        Self {
            id: visitor.id.to_string(),
            ended: visitor.ended,
            rating: visitor.rating,
            seen: visitor.read_by_staff.to_string(),
            reachable: visitor.email.is_some() || visitor.phone.is_some(),
        }
    }
}

/// The sealed name of a file.
#[derive(Deserialize)]
pub struct FilePath {
    sealed: String,
}

/// `GET /obrolan/berkas/{sealed}`.
pub async fn file(door: Door, Path(path): Path<FilePath>) -> Answer {
    serve(&door, &path.sealed, false).await
}

/// `GET /obrolan/berkas/{sealed}/kecil`.
pub async fn small_file(door: Door, Path(path): Path<FilePath>) -> Answer {
    serve(&door, &path.sealed, true).await
}

async fn serve(door: &Door, sealed: &str, small: bool) -> Answer {
    let facts: Option<(i64, i64, i64, i64)> = unseal(&door.ctx.secrets, FILE, sealed);
    let (agency, interaction, file, until) = facts.ok_or(Refusal::NotFound)?;
    if agency != door.agency.id.0 || until <= door.ctx.now().as_micros() {
        return Err(Refusal::NotFound.into());
    }
    let access = door.access();
    let (found, _) =
        door.ctx.db.read(move |tx| talk::attachment(tx, &access, AttachmentId(file))).await?;
    if found.interaction_id != InteractionId(interaction) {
        return Err(Refusal::NotFound.into());
    }
    let mut response = fetch(&door.ctx.blobs, &found, small).await?;
    // The widget shows pictures from a frame whose origin is nobody's.
    let anybody = axum::http::HeaderValue::from_static("cross-origin");
    response.headers_mut().insert("cross-origin-resource-policy", anybody);
    Ok(response)
}
