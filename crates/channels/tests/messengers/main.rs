//! The messengers: what their providers publish, what nobody would send, and servers on loopback
//! that speak the documented protocols, their errors included.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

mod emulator;
mod hostile;
mod instagram;
mod payloads;
mod server;
mod telegram;
mod whatsapp;
mod x;
