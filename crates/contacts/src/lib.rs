//! People and bodies that turn to us, by whatever number or address they have.
//!
//! A contact is found again by an e-mail address, or by a telephone number together with the
//! name: one telephone often serves a family, so a number alone proves nobody. Whoever gives a
//! known name and number with another address is a contact by themself that *says* to be the
//! known one; only at the counter is something added to a known contact ([`Met`]). Reading an
//! unmasked identity is the use case's business and leaves an event there.

pub mod identity;
mod model;
mod names;
mod store;

pub use model::{Contact, ContactId, IdentityKind, Met, NewContact};
pub use names::{masked, named, names_of, register};
pub use store::{adopt, erase, find_or_create, get, perhaps_same, update, with_identity};

/// The statements of this crate, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    [store::STATEMENTS, names::STATEMENTS].concat()
}
