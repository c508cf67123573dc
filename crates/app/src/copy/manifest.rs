//! What a backup says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tanggap_kernel::Timestamp;

/// The layout of backups that this program writes and reads.
pub(super) const FORMAT: u32 = 1;
/// The manifest's place in the archive.
pub(super) const PATH: &str = "manifest.json";
/// Where the files are.
pub(super) const FILES: &str = "files/";

/// What a backup says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout.
    pub format: u32,
    /// The moment whose rows these are, microseconds UTC.
    pub at: Timestamp,
    /// The version of the schema.
    pub schema: i64,
    /// The tables.
    pub tables: BTreeMap<String, Rows>,
    /// The parts that hold rows, in their order.
    pub parts: Vec<Part>,
    /// How many files.
    pub files: u64,
    /// SHA-256 over the names of the files, in their order.
    pub files_sha256: String,
    /// Files that rows name and that were not there.
    pub missing: Vec<String>,
    /// Files that rows name and whose content was no longer theirs: they are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// The mark of the master key with which the database was used, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_mark: Option<String>,
}

/// The rows of a table.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rows {
    /// Their columns, in the order of the values.
    pub columns: Vec<String>,
    /// How many.
    pub rows: u64,
}

/// A part of the archive that holds rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Its place.
    pub path: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// How many rows there are in all.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }
}

/// Hashes names one after the other.
#[derive(Default)]
pub(super) struct Names(Sha256);

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        self.0.update(name.as_bytes());
        self.0.update(b"\n");
    }

    pub(super) fn done(self) -> String {
        hex::encode(self.0.finalize())
    }
}
