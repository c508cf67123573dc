//! SMS by SMPP: what a short message holds, how a long one is cut and put together again, what a
//! delivery receipt says, the words that people may send, and the client that speaks to a centre.
//!
//! Everything but `wire` is pure. A part of a long message is stored before it is acknowledged,
//! and what is put together ([`assembly`]) is put together from what is stored, so that a restart
//! between two parts loses nothing.

pub mod alphabet;
pub mod assembly;
pub mod compose;
pub mod hear;
pub mod inbox;
pub mod keyword;
pub mod parts;
pub mod pdu;
pub mod receipt;
pub mod repeat;
pub mod udh;
pub mod wire;
