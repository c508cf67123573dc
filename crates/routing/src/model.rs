//! Plain data of routing. Times are instants, lengths are whole seconds, room is in percent of a
//! person.

use serde::{Deserialize, Serialize};
use tanggap_calendar::Week;
use tanggap_kernel::id::{UnitId, UserId};
use tanggap_kernel::{Timestamp, id};

id!(
    /// A queue.
    QueueId
);
id!(
    /// A skill: a topic or a language.
    SkillId
);
id!(
    /// Something that waits for somebody, or that somebody is at.
    ItemId
);

id!(
    /// One time that an item rang at somebody.
    OfferId
);

/// What a skill is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SkillKind {
    /// A subject that one knows.
    Topic,
    /// A language that one speaks, a regional one too.
    Language,
}

impl SkillKind {
    /// Its word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Language => "language",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Topic, Self::Language].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A skill that people have and items ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Its id.
    pub id: SkillId,
    /// What it is about.
    pub kind: SkillKind,
    /// A category's word, or a language's (ISO 639).
    pub code: String,
    /// What people call it.
    pub name: String,
    /// Grows with each change.
    pub version: i64,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An exchange in writing that goes on.
    Talk,
    /// A case.
    Case,
    /// A call.
    Call,
}

impl Kind {
    /// Its word in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Case => "case",
            Self::Call => "call",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Talk, Self::Case, Self::Call].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What somebody is doing, as they say or as it follows from their work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Takes what comes, is at nothing.
    Ready,
    /// Is at something; takes more while there is room.
    Busy,
    /// Writes down what the last one was about.
    WrapUp,
    /// Has a break.
    Break,
    /// Prays.
    Prayer,
    /// Is being trained, or in a meeting.
    Training,
    /// Is not at the desk, as it turned out.
    Away,
    /// Does not work now.
    Offline,
}

impl Presence {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ready,
        Self::Busy,
        Self::WrapUp,
        Self::Break,
        Self::Prayer,
        Self::Training,
        Self::Away,
        Self::Offline,
    ];
    /// Those that one chooses oneself; the others follow from what happens.
    pub const CHOSEN: [Self; 6] =
        [Self::Ready, Self::Break, Self::Prayer, Self::Training, Self::Away, Self::Offline];

    /// Its word in the database and in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Busy => "busy",
            Self::WrapUp => "wrap_up",
            Self::Break => "break",
            Self::Prayer => "prayer",
            Self::Training => "training",
            Self::Away => "away",
            Self::Offline => "offline",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|presence| presence.as_str() == word)
    }

    /// Whether one in it is offered work.
    #[must_use]
    pub const fn takes(self) -> bool {
        matches!(self, Self::Ready | Self::Busy)
    }

    /// Whether one in it will soon take work again: worth waiting for.
    #[must_use]
    pub const fn at_work(self) -> bool {
        matches!(self, Self::Ready | Self::Busy | Self::WrapUp)
    }
}

/// A skill that an item asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Need {
    /// Which.
    pub skill: SkillId,
    /// At least so well, 1 to 5.
    pub level: i64,
    /// Never given up, however long it waits.
    pub firm: bool,
}

/// After some waiting, less skill will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// After so many seconds of waiting.
    pub after_s: i64,
    /// Levels are lowered by so much in all; what falls to nothing is no longer asked for.
    pub lower: i64,
}

/// Where to after some waiting, or where this queue is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overflow {
    /// Which queue helps.
    pub queue: QueueId,
    /// After so many seconds of waiting.
    pub after_s: i64,
}

/// When a queue is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hours {
    /// Round the clock, on holidays too.
    Always,
    /// At these hours, on the days that the agency's calendar works.
    Week(Week),
}

/// A queue and its rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its id.
    pub id: QueueId,
    /// What people call it.
    pub name: String,
    /// The unit whose people serve it, where it is one unit's.
    pub unit: Option<UnitId>,
    /// Whether it takes anything in.
    pub active: bool,
    /// When it is open.
    pub hours: Hours,
    /// Within so many seconds somebody should be at it.
    pub target_s: i64,
    /// The same for priority groups.
    pub priority_target_s: i64,
    /// So long an offer rings.
    pub offer_s: i64,
    /// So long one may write down what it was about; 0: not at all.
    pub wrap_up_s: i64,
    /// So long it waits for the one who knows the person; 0: not at all.
    pub affinity_s: i64,
    /// Where it goes when it waits too long or comes out of hours.
    pub overflow: Option<Overflow>,
    /// How skills are relaxed, by rising time.
    pub relax: Vec<Step>,
    /// Somebody waits at the other end: what an agent held goes back when they are lost.
    pub live: bool,
    /// Its people may take what waits by themselves, not only what rings at them.
    pub may_pick: bool,
    /// Grows with each change.
    pub version: i64,
}

/// Somebody for whom an item waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Who.
    pub agent: UserId,
    /// So long; then anybody will do.
    pub until: Timestamp,
}

/// Somebody who did not want an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Who.
    pub agent: UserId,
    /// Is not asked again until then.
    pub until: Timestamp,
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemState {
    /// Waits for somebody.
    Waiting,
    /// Rings at one agent.
    Offered {
        /// At whom.
        agent: UserId,
        /// Until when.
        until: Timestamp,
    },
    /// Somebody is at it.
    Accepted {
        /// Who.
        agent: UserId,
    },
    /// Nothing is left to do.
    Ended,
}

impl ItemState {
    /// Whose room it takes.
    #[must_use]
    pub const fn agent(self) -> Option<UserId> {
        match self {
            Self::Offered { agent, .. } | Self::Accepted { agent } => Some(agent),
            Self::Waiting | Self::Ended => None,
        }
    }
}

/// Something that waits for somebody, or that somebody is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: Kind,
    /// Which one of that kind.
    pub subject: i64,
    /// Where it waits.
    pub queue: QueueId,
    /// How much of a person it takes, in percent.
    pub weight: i64,
    /// What it asks for.
    pub needs: Vec<Need>,
    /// Whether a priority group waits.
    pub priority: bool,
    /// Since when it has waited; never changed until it ends.
    pub entered_at: Timestamp,
    /// When its waiting began to count: the opening, where it came before.
    pub starts_at: Timestamp,
    /// When somebody should be at it: what waits goes in this order.
    pub due: Timestamp,
    /// For whom it waits.
    pub wanted: Option<Wanted>,
    /// Who did not want it.
    pub refused: Vec<Refused>,
    /// Where it stands.
    pub state: ItemState,
    /// Grows with each change.
    pub version: i64,
}

/// Somebody who takes work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Who.
    pub id: UserId,
    /// What they are doing.
    pub presence: Presence,
    /// Since when.
    pub since: Timestamp,
    /// The queues they serve.
    pub queues: Vec<QueueId>,
    /// What they can do, and how well.
    pub skills: Vec<(SkillId, i64)>,
    /// How much they carry at once, in percent of a person.
    pub capacity: i64,
    /// How much they carry now, offers included.
    pub load: i64,
    /// How many things they are at, without offers.
    pub held: i64,
    /// Since when they have been given nothing.
    pub idle_since: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

impl Agent {
    /// How much more they can carry.
    #[must_use]
    pub const fn room(&self) -> i64 {
        self.capacity - self.load
    }

    /// How full they are, in percent of what they carry at most.
    #[must_use]
    pub const fn share(&self) -> i64 {
        if self.capacity > 0 { self.load * 100 / self.capacity } else { 100 }
    }
}
