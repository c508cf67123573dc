//! The clock of an answer that a citizen waits for, as plain data; what sets it is
//! `tanggap_routing::replies`.

use tanggap_kernel::{Fault, Timestamp};
use tanggap_store::Row;

/// Which answer of a talk somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The first.
    First,
    /// A further one.
    Next,
}

impl Turn {
    /// The word that the database uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Next => "next",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::First, Self::Next].into_iter().find(|turn| turn.as_str() == word)
    }
}

/// The clock of an answer that somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Which answer.
    pub turn: Turn,
    /// Since when they wait.
    pub from: Timestamp,
    /// When most of the time is used up.
    pub warn_at: Timestamp,
    /// By when it is due.
    pub due_at: Timestamp,
}

impl Reply {
    /// Reads its four columns; `None` where no clock runs.
    pub(crate) fn read(row: &mut Row<'_>) -> Result<Option<Self>, Fault> {
        let turn = row.opt_text()?.as_deref().and_then(Turn::parse);
        let times: [Option<Timestamp>; 3] = [row.opt_int()?, row.opt_int()?, row.opt_int()?];
        Ok(match (turn, times) {
            (Some(turn), [Some(from), Some(warn_at), Some(due_at)]) => {
                Some(Self { turn, from, warn_at, due_at })
            }
            _ => None,
        })
    }
}
