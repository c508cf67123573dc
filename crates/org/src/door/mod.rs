//! The doors: who stands before a handler, and whether they may speak.
//!
//! [`Staff`] is a person who signed in, [`Visitor`] anybody else with a form in hand. Each is an
//! extractor, so that a handler without one serves the public and says so by its signature.

mod address;
mod cookies;
mod signed;
mod staff;
mod visitor;

pub use address::client_address;
pub use cookies::{flash, flash_undoable, session_cookie, tell_once, without_session};
pub use signed::{Fields, SignedFields, SignedForm, VisitorFields, encode};
pub(crate) use staff::CHOOSE_PASSWORD;
pub use staff::{House, Person, Staff, home_of, until_session_ends};
pub use visitor::Visitor;
