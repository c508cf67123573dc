//! Interactions, messages and files as plain data.

use serde::{Deserialize, Serialize};
use tanggap_contacts::ContactId;
use tanggap_kernel::{Timestamp, id};

id!(
    /// One exchange on one channel.
    InteractionId
);
id!(
    /// One utterance.
    MessageId
);
id!(
    /// One file that came with a message.
    AttachmentId
);

/// One exchange on one channel: a web form, a mail thread, a call, a visit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interaction {
    /// Its id.
    pub id: InteractionId,
    /// With whom.
    pub contact_id: Option<ContactId>,
    /// `web`, `email`, `phone`, `counter`, `letter`, `api` ...
    pub channel: String,
    /// When it began.
    pub started_at: Timestamp,
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the citizen.
    In,
    /// To the citizen.
    Out,
    /// Between colleagues; the citizen never sees it.
    Internal,
}

impl Direction {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Internal => "internal",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "in" => Self::In,
            "out" => Self::Out,
            _ => Self::Internal,
        }
    }
}

/// One utterance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// The exchange it belongs to.
    pub interaction_id: InteractionId,
    /// The exchange's channel.
    pub channel: String,
    /// When.
    pub at: Timestamp,
    /// Which way.
    pub direction: Direction,
    /// Who, as text of an actor.
    pub actor: String,
    /// What, plain text.
    pub body: String,
    /// What it says beside, where it is a letter.
    pub beside: Option<Beside>,
}

/// What a letter says beside its words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Beside {
    /// What it quotes and how it is signed: folded away, never lost.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub folded: String,
    /// What our mail system found out about its sender, a word for each check that it made:
    /// `spf`, `dkim` or `dmarc`, and whether it holds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<(String, bool)>,
    /// It was laid out (HTML), which can be looked at.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_layout: bool,
    /// Pictures that its layout shows: the Content-ID of each, and the blob that is kept of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<(String, String)>,
    /// What tells it from another letter that bears the same Message-ID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Who wrote it, where somebody outside was asked and it is not their address.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub other_sender: String,
    /// A machine of theirs wrote it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub automatic: bool,
    /// Staff registered it: it came on paper, at the counter or on a telephone that is not ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paper: Option<Paper>,
}

/// From whom something came that staff registered, and how a letter is filed; empty where that is
/// not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Paper {
    /// Who sent it or came.
    pub sender: String,
    /// The date on the letter, `YYYY-MM-DD`.
    pub date: String,
    /// Its number.
    pub number: String,
    /// Under which it stands in the agency's register of letters.
    pub agenda: String,
}

/// A message to be stored.
#[derive(Clone, Debug, Default)]
pub struct NewMessage<'a> {
    /// Which way; `None` counts as internal.
    pub direction: Option<Direction>,
    /// What, plain text.
    pub body: &'a str,
    /// More words by which it is found: the subject of what it opens.
    pub found_by: &'a str,
    /// The Message-ID or the provider's id.
    pub external_id: Option<&'a str>,
    /// The raw payload's blob.
    pub raw: Option<&'a str>,
    /// When it was said, where that was before now.
    pub at: Option<Timestamp>,
}

/// What a scanner said of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// No scanner is configured.
    Unscanned,
    /// Nothing found.
    Clean,
    /// Something found; never served.
    Infected,
}

impl Scan {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unscanned => "unscanned",
            Self::Clean => "clean",
            Self::Infected => "infected",
        }
    }

    /// Reads the word; anything unknown is infected, so that it is not served.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "unscanned" => Self::Unscanned,
            "clean" => Self::Clean,
            _ => Self::Infected,
        }
    }
}

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its id.
    pub id: AttachmentId,
    /// The message it came with.
    pub message_id: MessageId,
    /// The exchange of that message.
    pub interaction_id: InteractionId,
    /// Its name as given.
    pub name: String,
    /// Its type as found by its content, never as claimed.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// The file.
    pub blob: String,
    /// A small picture of it.
    pub thumbnail: Option<String>,
    /// What a scanner said.
    pub scan: Scan,
}

/// A file to be attached; its bytes are already kept.
#[derive(Clone, Debug)]
pub struct NewAttachment {
    /// Its name as given.
    pub name: String,
    /// Its type.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// The file.
    pub blob: String,
    /// A small picture of it.
    pub thumbnail: Option<String>,
    /// What a scanner said.
    pub scan: Scan,
}
