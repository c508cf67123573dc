//! X: direct messages and mentions, by the Account Activity and X Activity webhooks in and the v2
//! API out.

mod oauth;
pub mod parse;
pub mod wire;

/// The thread of a post that mentions us, which anybody can read: `post:{post}:{author}`.
pub const POST: &str = "post:";
