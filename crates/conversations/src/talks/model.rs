//! Talks as plain data.

use tanggap_contacts::ContactId;
use tanggap_kernel::Timestamp;
use tanggap_kernel::id::UserId;

use crate::accounts::AccountId;
use crate::model::InteractionId;
use crate::reply::Reply;
use crate::window::{self, MayWrite};

/// How a talk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TalkState {
    /// It goes on.
    Open,
    /// Laid aside until a moment, or until the citizen writes.
    Snoozed,
    /// Over.
    Ended,
}

impl TalkState {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Ended => "ended",
        }
    }

    pub(super) fn parse(word: &str) -> Self {
        match word {
            "open" => Self::Open,
            "snoozed" => Self::Snoozed,
            _ => Self::Ended,
        }
    }
}

/// An exchange that goes on, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// Its interaction.
    pub id: InteractionId,
    /// The case that it belongs to.
    pub case_id: Option<i64>,
    /// Its subject, where its channel has such a thing.
    pub subject: String,
    /// By which account of ours.
    pub account_id: Option<AccountId>,
    /// `email`, `sms`, `whatsapp` ...
    pub channel: String,
    /// Where an answer goes.
    pub thread: String,
    /// With whom.
    pub contact_id: Option<ContactId>,
    /// How it is.
    pub state: TalkState,
    /// The citizen wrote last and nobody has answered.
    pub awaiting: bool,
    /// How the last message begins.
    pub preview: String,
    /// Who is at it.
    pub owner_id: Option<UserId>,
    /// In which queue it waits or came.
    pub queue_id: Option<i64>,
    /// In which language, where somebody or something has noted it.
    pub language: Option<String>,
    /// It was only recognised by its words.
    pub language_guessed: bool,
    /// What it was about.
    pub topic: Option<String>,
    /// Why they wrote: a code, see `cases::wrap_up`.
    pub reason: Option<String>,
    /// When that was noted last, and by whom.
    pub noted: Option<(Timestamp, UserId)>,
    /// Whoever was at it when it ended is still to note that.
    pub note_due: bool,
    /// When the citizen wrote last.
    pub last_in_at: Option<Timestamp>,
    /// When we did.
    pub last_out_at: Option<Timestamp>,
    /// The end of the time in which the channel lets us write freely.
    pub window_until: Option<Timestamp>,
    /// Until when it is laid aside.
    pub snoozed_until: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// How often it did.
    pub version: i64,
    /// By when the citizen's message is answered, while they wait.
    pub reply: Option<Reply>,
    /// Its place in lists of talks that go on.
    pub sort_at: Timestamp,
}

impl Talk {
    /// Whether the channel lets us write freely at `now`.
    #[must_use]
    pub fn is_window_open(&self, now: Timestamp) -> bool {
        self.window_until.is_none_or(|until| now <= until)
    }

    /// What a member of staff may write at `now`.
    #[must_use]
    pub fn may_write(&self, now: Timestamp) -> MayWrite {
        if self.is_window_open(now) {
            return self.window_until.map_or(MayWrite::Always, MayWrite::Until);
        }
        match window::may_write(&self.channel, self.last_in_at, now) {
            // The provider's clock is another, or what was heard last was a comment.
            MayWrite::Always | MayWrite::Until(_) => window::may_write(&self.channel, None, now),
            less => less,
        }
    }
}

/// With whom, and by which way.
#[derive(Clone, Debug, Default)]
pub struct NewTalk<'a> {
    /// By which account of ours.
    pub account_id: Option<AccountId>,
    /// `email`, `sms`, `whatsapp` ...
    pub channel: &'a str,
    /// Where an answer goes.
    pub thread: &'a str,
    /// With whom.
    pub contact_id: Option<ContactId>,
    /// Its subject, where the channel has one.
    pub subject: &'a str,
    /// The case that it belongs to from the start.
    pub case_id: Option<i64>,
}

/// Which talks a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Nobody is at them; what is due first comes first.
    Unowned,
    /// One's own.
    Of(UserId),
    /// All that go on; what is due first comes first.
    Open,
    /// Laid aside; the next to come back first.
    Snoozed,
    /// Over; the newest first.
    Ended,
    /// Over, and somebody's to note what they were about; the newest first.
    Unnoted(UserId),
}
