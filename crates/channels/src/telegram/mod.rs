//! Telegram by its Bot API: webhook or long polling in, the same API out.

pub mod parse;
pub mod wire;
