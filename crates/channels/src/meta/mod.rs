//! Messenger and Instagram, which share Meta's Messenger Platform: one form of webhook, one Send
//! API, and comments beside the private messages.

pub mod parse;
pub mod wire;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A page on Facebook.
    Messenger,
    /// A professional account on Instagram.
    Instagram,
}

/// The thread of a comment, which anybody can read.
pub const COMMENT: &str = "comment:";

/// The id of a receipt that names no message but a moment, followed by the person's id.
pub const UNTIL: &str = "until:";
