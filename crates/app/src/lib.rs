//! The binary `tanggap`: configuration, wiring, router, job runner, command line.
//!
//! The only crate that names all others. What it holds is how a node is put together and run,
//! never what an agency does: that is in the slices. Read in this order: [`config`], [`node`]
//! (opening the database, the files and the keys), [`router`] (all routes with the layers around
//! them), [`work`] (jobs), [`serve`] (listening and going down), [`command`] (the other commands).

pub mod account;
pub mod backlog;
pub mod command;
pub mod config;
pub mod copy;
pub mod files;
pub mod intake;
pub mod key;
pub mod letter;
pub mod mailbox;
pub mod messengers;
pub mod node;
mod observe;
pub mod router;
pub mod serve;
pub mod sms;
pub mod work;

pub use router::{Front, router};

/// Every statement of the program, for the test that reads every plan.
#[must_use]
pub fn statements() -> Vec<&'static tanggap_store::Sql> {
    let mut all = tanggap_store::statements();
    all.extend(tanggap_org::statements());
    all.extend(tanggap_contacts::statements());
    all.extend(tanggap_conversations::statements());
    all.extend(tanggap_routing::statements());
    all.extend(tanggap_cases::statements());
    all.extend(tanggap_hooks::statements());
    all.extend(tanggap_portal::statements());
    all.extend(tanggap_desk::statements());
    all.extend(router::STATEMENTS);
    all.extend(backlog::STATEMENTS);
    all.extend(work::statements());
    all.extend(key::STATEMENTS);
    all.extend(mailbox::statements());
    all.extend(sms::worker::STATEMENTS);
    all
}
