//! E-mail: reading raw messages, reporting them as JSON, and sending through one SMTP relay.
//!
//! `parse` is pure: bytes in, [`parse::ParsedMail`] out, whatever the bytes are. `report` is the
//! shape the command line prints. `wire` sends and `imap` reads mailboxes, and `login` proves us to
//! both: the only parts that talk to the network. `eval` measures `parse` on outside data.

pub mod eval;
pub mod imap;
pub mod login;
pub mod parse;
pub mod report;
pub mod wire;
