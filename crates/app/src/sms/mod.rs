//! SMS: accounts at message centres, and the worker that keeps each of them bound.
//!
//! An account is kept bound by one node at a time, which holds a lease meanwhile; another node
//! takes it over where that one dies.

mod answers;
pub mod pages;
pub mod understand;
pub mod worker;

use serde::{Deserialize, Serialize};
use tanggap_channels::sms::wire::Settings;

/// The channel's name.
pub const CHANNEL: &str = "sms";

/// What is kept sealed.
#[derive(Default, Serialize, Deserialize)]
pub struct Secrets {
    /// The account's password at the centre.
    pub password: String,
}

/// What an account is set to, beside its secrets.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// How to reach the centre.
    pub centre: Settings,
    /// What one part costs, rupiah; shown before sending.
    pub price: i64,
}
