//! A copy of everything, on whichever engine: rows as lines of JSON, files by their content, and
//! a manifest with the count of each table and the SHA-256 of each part, in one tar+gzip.
//!
//! The rows are those of one moment, read in one transaction while the node runs. The manifest
//! comes last, so that a file that was cut off is found to be one. The master key is not in it:
//! whoever finds a backup can read what is in it but forge nothing.

mod backup;
mod manifest;
mod restore;
mod table;

pub use backup::backup;
pub use manifest::Manifest;
pub use restore::{restore, verify};
pub use table::{Column, Kind, Table};
