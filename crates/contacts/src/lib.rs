//! contacts

pub mod identity;
