//! WhatsApp by Meta's Cloud API: webhooks in, the Graph API out.

pub mod parse;
pub mod wire;
