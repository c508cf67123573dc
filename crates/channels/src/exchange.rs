//! What every written channel speaks, whatever its provider: what came in, what is to go out, and
//! what became of it.
//!
//! An adapter turns its provider's words into these and back, and decides nothing: whose message
//! it is, which case it belongs to and whether it may go out now is the slices' business.

use std::time::Duration;

/// One thing that a provider told us.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// Somebody wrote.
    Message(Box<InMessage>),
    /// What became of a message of ours.
    Receipt(InReceipt),
    /// Something that we do not know or do not need; its raw payload is kept all the same.
    Other {
        /// What the provider calls it.
        kind: String,
        /// The provider's id of it, where it has one.
        external_id: Option<String>,
    },
}

/// Somebody's message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InMessage {
    /// The provider's id, unique within the account: what makes a second delivery harmless.
    pub external_id: String,
    /// Where an answer goes: a number, a chat, a conversation.
    pub thread: String,
    /// Who wrote.
    pub from: Peer,
    /// When, microseconds UTC, where the provider says so.
    pub at: Option<i64>,
    /// What, as plain text; for what has no words (a place, a contact card) its description.
    pub text: String,
    /// What sort of message it is.
    pub kind: InKind,
    /// Files that came with it.
    pub files: Vec<InFile>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// Written where anybody can read it (a comment, a mention).
    pub public: bool,
}

/// What sort of message it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum InKind {
    /// Words, perhaps with files.
    #[default]
    Words,
    /// Another version of an earlier message of the same sender.
    Edit,
    /// A sign on an earlier message; `text` is the sign, empty where it was taken back.
    Reaction,
    /// The sender took an earlier message back: `reply_to` names it.
    Deletion,
    /// A choice among the buttons that we offered; `text` is its title.
    Choice {
        /// What we had called it.
        id: String,
    },
    /// A kind that the adapter does not know: kept and shown as such.
    Unknown {
        /// What the provider calls it.
        name: String,
    },
}

/// Who wrote, as the channel knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// What `value` is.
    pub kind: PeerKind,
    /// A number as the provider writes it, an address, or an id within the provider.
    pub value: String,
    /// The name that the person chose to show there.
    pub name: Option<String>,
}

/// What somebody is known by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PeerKind {
    /// A telephone number.
    #[default]
    Phone,
    /// A mail address.
    Email,
    /// An id that only its provider can read, such as a Telegram user or a page-scoped id.
    Handle,
}

/// A file that came with a message.
#[derive(Clone, Debug, PartialEq)]
pub struct InFile {
    /// Its name, where the sender's device gave one.
    pub name: Option<String>,
    /// Its type as claimed.
    pub media_type: Option<String>,
    /// Where its bytes are.
    pub source: FileSource,
}

/// Where the bytes of a file are.
#[derive(Clone, Debug, PartialEq)]
pub enum FileSource {
    /// Here.
    Bytes(Vec<u8>),
    /// At the provider, which gives them for this reference to who holds the account's token.
    Provider(String),
}

/// What became of a message of ours.
#[derive(Clone, Debug, PartialEq)]
pub struct InReceipt {
    /// The provider's id of the message.
    pub external_id: String,
    /// Our key of it ([`Outgoing::key`]), where the provider gives it back.
    pub key: Option<String>,
    /// How far it is.
    pub state: ReceiptState,
    /// When, microseconds UTC, where the provider says so.
    pub at: Option<i64>,
}

/// How far a message of ours is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiptState {
    /// The provider has it.
    Sent,
    /// The device has it.
    Delivered,
    /// The person opened it.
    Read,
    /// It will not arrive.
    Failed {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        why: String,
    },
}

/// A message that is to go out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outgoing {
    /// Ours, the same at each try: given to the provider wherever it takes one.
    pub key: String,
    /// The thread that it goes to ([`InMessage::thread`]), or a number or address.
    pub to: String,
    /// Its subject, where the channel has such a thing.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// When it was written, microseconds UTC.
    pub at: i64,
    /// Files.
    pub files: Vec<OutFile>,
    /// The template that it is, where the channel asks for an approved one; `text` is then what it
    /// says, for our own history.
    pub template: Option<Template>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// Names a correspondence of its own, whose answers are not the citizen's.
    pub correspondence: Option<String>,
    /// In answer to a comment: written to the person alone.
    pub private_reply: bool,
    /// A member of staff wrote it, no machine (what Meta's `HUMAN_AGENT` tag asks).
    pub by_person: bool,
    /// Whose letter it is, for channels that carry letters.
    pub letterhead: Option<Letterhead>,
}

/// What stands around the words of a letter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letterhead {
    /// The language of the letter, `id` or `en`.
    pub language: String,
    /// The agency.
    pub agency: String,
    /// The unit that is in charge, where there is one.
    pub unit: String,
    /// What the letter's link leads to, in words, and the link.
    pub open: Option<(String, String)>,
    /// Where one click ends such letters; none where the law owes them.
    pub unsubscribe: Option<String>,
}

/// A file that goes out.
#[derive(Clone, Debug, PartialEq)]
pub struct OutFile {
    /// Its name.
    pub name: String,
    /// Its type, found by its content.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A text that the provider approved before, with its gaps filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name at the provider.
    pub name: String,
    /// Its language as the provider writes it, such as `id`.
    pub language: String,
    /// What fills its gaps, in their order.
    pub values: Vec<String>,
}

/// The provider took a message over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's ids of it, one for each part.
    pub external_ids: Vec<String>,
}

/// A message that was not taken over, or not provably.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// Try again later; after so long where the provider asks for it.
    #[error("later: {why}")]
    Later {
        /// What the provider asks to wait.
        after: Option<Duration>,
        /// What happened.
        why: String,
    },
    /// This message will never go out as it is.
    #[error("never ({code:?}): {why}")]
    Never {
        /// The provider's code.
        code: Option<String>,
        /// What happened.
        why: String,
    },
    /// The account itself is not let in (token, password, limit of the account): nothing of it
    /// goes out until somebody looks at it.
    #[error("the account is refused: {why}")]
    Account {
        /// What happened.
        why: String,
    },
    /// Handed over, but the answer was lost: nobody knows whether the provider has it.
    #[error("unsure: {why}")]
    Unsure {
        /// What happened.
        why: String,
    },
}
